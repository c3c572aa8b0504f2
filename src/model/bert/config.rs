//! What `config.json` says about a BERT or one of its plain relatives, and which of them we can run.

use serde::Deserialize;

use crate::model::ModelError;
use crate::model::packed::Heads;

/// Networks that compute what BERT computes, under other names and with other position numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Bert,
    /// RoBERTa (Liu et al., arXiv 1907.11692) and XLM-RoBERTa: positions count from the one behind padding's.
    Roberta,
    /// DistilBERT (Sanh et al., arXiv 1910.01108): no segments.
    DistilBert,
}

/// `model_type` of a config.json, and what it is run as.
const FAMILIES: [(&str, Family); 5] = [
    ("bert", Family::Bert),
    ("roberta", Family::Roberta),
    ("xlm-roberta", Family::Roberta),
    ("camembert", Family::Roberta),
    ("distilbert", Family::DistilBert),
];

impl Family {
    /// What a `model_type` is run as, if it can be.
    pub fn of(model_type: &str) -> Option<Self> {
        FAMILIES.iter().find(|(name, _)| *name == model_type).map(|(_, family)| *family)
    }

    /// The `model_type`s that can be run.
    pub fn model_types() -> impl Iterator<Item = &'static str> {
        FAMILIES.iter().map(|(name, _)| *name)
    }
}

/// What stands between the two linear layers of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Activation {
    /// The exact one (erf).
    Gelu,
    /// The tanh approximation.
    GeluTanh,
    Relu,
}

impl TryFrom<String> for Activation {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        match word.as_str() {
            "gelu" | "gelu_python" => Ok(Activation::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
            "relu" => Ok(Activation::Relu),
            _ => Err(format!("hidden_act is {word:?}; gelu, gelu_new and relu can be run")),
        }
    }
}

/// The keys of a Hugging Face `config.json` that change the arithmetic; all others are ignored.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    #[serde(skip, default = "bert")]
    pub family: Family,
    pub vocab_size: usize,
    #[serde(alias = "dim")]
    pub hidden_size: usize,
    #[serde(alias = "n_layers")]
    pub num_hidden_layers: usize,
    #[serde(alias = "n_heads")]
    pub num_attention_heads: usize,
    #[serde(alias = "hidden_dim")]
    pub intermediate_size: usize,
    #[serde(alias = "activation", default = "gelu")]
    pub hidden_act: Activation,
    pub max_position_embeddings: usize,
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    #[serde(default = "epsilon")]
    pub layer_norm_eps: f32,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    pad_token_id: Option<u32>,
    #[serde(default)]
    is_decoder: bool,
    pruned_heads: Option<serde_json::Map<String, serde_json::Value>>,
    quantization_config: Option<serde_json::Value>,
    num_labels: Option<usize>,
    id2label: Option<serde_json::Map<String, serde_json::Value>>,
}

// The defaults of transformers' BertConfig.
fn bert() -> Family {
    Family::Bert
}
fn gelu() -> Activation {
    Activation::Gelu
}
fn two() -> usize {
    2
}
fn epsilon() -> f32 {
    1e-12
}
fn absolute() -> String {
    "absolute".into()
}

impl Config {
    /// `origin` is the file named in errors.
    ///
    /// # Errors
    /// If it describes a network this program cannot run exactly: the message names the key.
    pub fn parse(family: Family, json: &[u8], origin: &str) -> Result<Self, ModelError> {
        let fail = |reason| ModelError::File { path: origin.to_owned(), reason };
        let mut config: Config = serde_json::from_slice(json).map_err(|error| fail(error.to_string()))?;
        config.family = family;
        if family == Family::DistilBert {
            config.type_vocab_size = 0;
        }
        config.check().map_err(fail)?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
        ];
        if let Some((key, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("{key} is 0"));
        }
        if self.type_vocab_size == 0 && self.family != Family::DistilBert {
            return Err("type_vocab_size is 0".into());
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let (hidden, heads) = (self.hidden_size, self.num_attention_heads);
            return Err(format!("hidden_size {hidden} cannot be divided into {heads} num_attention_heads"));
        }
        if self.position_embedding_type != "absolute" {
            let kind = &self.position_embedding_type;
            return Err(format!("position_embedding_type is {kind:?}; only \"absolute\" can be run"));
        }
        let unsupported = [
            ("is_decoder", self.is_decoder),
            ("pruned_heads", self.pruned_heads.as_ref().is_some_and(|heads| !heads.is_empty())),
            ("quantization_config", self.quantization_config.is_some()),
        ];
        if let Some((key, _)) = unsupported.iter().find(|(_, present)| *present) {
            return Err(format!("{key} is set, and such a network cannot be run"));
        }
        if self.first_position() >= self.max_position_embeddings {
            let (pad, positions) = (self.padding(), self.max_position_embeddings);
            return Err(format!("pad_token_id {pad} leaves none of {positions} max_position_embeddings"));
        }
        Ok(())
    }

    pub fn heads(&self) -> Heads {
        Heads { count: self.num_attention_heads, size: self.hidden_size / self.num_attention_heads }
    }

    /// The id of padding; RoBERTa's positions depend on it.
    pub fn padding(&self) -> u32 {
        self.pad_token_id.unwrap_or(u32::from(self.family == Family::Roberta))
    }

    /// The row of the position table that the first token has.
    pub fn first_position(&self) -> usize {
        if self.family == Family::Roberta { self.padding() as usize + 1 } else { 0 }
    }

    /// The longest sequence in tokens.
    pub fn longest(&self) -> usize {
        self.max_position_embeddings - self.first_position()
    }

    /// Outputs of the classification head, where the file says.
    pub fn outputs(&self) -> Option<usize> {
        self.id2label.as_ref().map(serde_json::Map::len).or(self.num_labels)
    }
}
