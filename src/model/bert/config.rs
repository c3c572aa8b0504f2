//! What `config.json` says about a BERT, and which BERTs we can run.

use serde::Deserialize;

use crate::model::ModelError;

/// The keys of a Hugging Face `config.json` that change the arithmetic; all others are ignored.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    #[serde(default = "bert")]
    pub model_type: String,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    #[serde(default = "gelu")]
    pub hidden_act: String,
    pub max_position_embeddings: usize,
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    #[serde(default = "epsilon")]
    pub layer_norm_eps: f32,
    #[serde(default = "absolute")]
    pub position_embedding_type: String,
}

// The defaults of transformers' BertConfig.
fn bert() -> String {
    "bert".into()
}
fn gelu() -> String {
    "gelu".into()
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
    /// If it is not such a file, or describes a network this program cannot run exactly.
    pub fn parse(json: &[u8], origin: &str) -> Result<Self, ModelError> {
        let fail = |reason| ModelError::File { path: origin.to_owned(), reason };
        // The architecture is asked first: another network's config rightly lacks BERT's keys.
        let value: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| fail(format!("not a config.json: {error}")))?;
        let model_type = value.get("model_type").and_then(|kind| kind.as_str()).unwrap_or("bert");
        if model_type != "bert" {
            return Err(fail(format!("model_type is {model_type:?}; only \"bert\" networks can be run")));
        }
        let config: Config = serde_json::from_slice(json).map_err(|error| fail(error.to_string()))?;
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
            ("type_vocab_size", self.type_vocab_size),
        ];
        if let Some((key, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("{key} is 0"));
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let (hidden, heads) = (self.hidden_size, self.num_attention_heads);
            return Err(format!("hidden_size {hidden} cannot be divided into {heads} num_attention_heads"));
        }
        let words = [
            ("hidden_act", &self.hidden_act, "gelu"),
            ("position_embedding_type", &self.position_embedding_type, "absolute"),
        ];
        match words.iter().find(|(_, found, known)| found != known) {
            Some((key, found, known)) => Err(format!("{key} is {found:?}; only {known:?} can be run")),
            None => Ok(()),
        }
    }

    pub fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }
}
