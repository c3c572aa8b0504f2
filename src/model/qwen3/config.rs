//! What `config.json` says about a Qwen3, and which Qwen3s can be run exactly.

use serde::Deserialize;
use serde_json::Value;

use crate::model::ModelError;

/// The sizes and constants that change the arithmetic.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    /// Not `hidden_size / num_attention_heads`: the 0.6B has 16 heads of 128 over 1,024.
    pub head_dim: usize,
    pub max_position_embeddings: usize,
    pub rms_norm_eps: f32,
    pub rope_theta: f64,
    /// Whether the head's rows are the word embeddings.
    pub tie_word_embeddings: bool,
}

/// The keys of a Hugging Face `config.json`; those that ask for something we do not have are read to be refused.
#[derive(Deserialize)]
struct Keys {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    #[serde(default = "head_dim")]
    head_dim: usize,
    max_position_embeddings: usize,
    #[serde(default = "epsilon")]
    rms_norm_eps: f32,
    rope_theta: Option<f64>,
    /// Where transformers 5 keeps theta; before it, `rope_scaling` held everything but theta.
    rope_parameters: Option<Rope>,
    rope_scaling: Option<Rope>,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default = "silu")]
    hidden_act: String,
    #[serde(default)]
    layer_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Rope {
    rope_theta: Option<f64>,
    /// `type` in older files.
    #[serde(alias = "type")]
    rope_type: Option<String>,
}

// The defaults of transformers' Qwen3Config.
fn head_dim() -> usize {
    128
}
fn epsilon() -> f32 {
    1e-6
}
fn silu() -> String {
    "silu".into()
}
/// transformers 5 takes this where a file names no theta.
const ROPE_THETA: f64 = 10_000.0;

/// Keys that must be absent, null or this, and what another value would mean.
const SWITCHES: [(&str, Value, &str); 6] = [
    ("use_sliding_window", Value::Bool(false), "attention in a sliding window"),
    ("attention_bias", Value::Bool(false), "projections with a bias"),
    ("is_causal", Value::Bool(true), "attention in both directions"),
    ("use_bidirectional_attention", Value::Bool(false), "attention in both directions"),
    ("quantization_config", Value::Null, "quantised weights"),
    ("auto_map", Value::Null, "code of its own"),
];

/// Networks with this body; the others of the family have heads whose score is made differently.
const ARCHITECTURES: [&str; 2] = ["Qwen3ForCausalLM", "Qwen3Model"];

impl Config {
    /// The `model_type` of the family.
    pub const MODEL_TYPE: &str = "qwen3";

    /// `origin` is the file named in errors.
    ///
    /// # Errors
    /// If it is not such a file, or describes a network this program cannot run exactly.
    pub fn parse(json: &[u8], origin: &str) -> Result<Self, ModelError> {
        let fail = |reason| ModelError::File { path: origin.to_owned(), reason };
        let value: Value = serde_json::from_slice(json).map_err(|error| fail(format!("not a config.json: {error}")))?;
        // What must be refused is asked first: such a file may rightly lack our keys.
        refuse(&value).map_err(fail)?;
        let keys: Keys = serde_json::from_slice(json).map_err(|error| fail(error.to_string()))?;
        keys.settle().map_err(fail)
    }

    /// Query heads that share one key and value head.
    pub fn group(&self) -> usize {
        self.num_attention_heads / self.num_key_value_heads
    }

    /// Columns of all queries.
    pub fn query_width(&self) -> usize {
        self.num_attention_heads * self.head_dim
    }

    /// Columns of all keys, and of all values.
    pub fn key_width(&self) -> usize {
        self.num_key_value_heads * self.head_dim
    }
}

fn refuse(value: &Value) -> Result<(), String> {
    let model_type = value.get("model_type").and_then(Value::as_str).unwrap_or_default();
    if model_type != Config::MODEL_TYPE {
        return Err(format!("model_type is {model_type:?}, not {:?}", Config::MODEL_TYPE));
    }
    for architecture in value.get("architectures").and_then(Value::as_array).into_iter().flatten() {
        if !ARCHITECTURES.iter().any(|known| architecture.as_str() == Some(known)) {
            return Err(format!("architectures has {architecture}; {} can be run", ARCHITECTURES.join(" and ")));
        }
    }
    for (key, allowed, meaning) in SWITCHES {
        match value.get(key) {
            None | Some(Value::Null) => {}
            Some(found) if *found == allowed => {}
            Some(found) if found.is_object() => return Err(format!("{key} asks for {meaning}, which cannot be run")),
            Some(found) => return Err(format!("{key} is {found}: {meaning} cannot be run")),
        }
    }
    Ok(())
}

impl Keys {
    fn settle(self) -> Result<Config, String> {
        let theta = self.theta()?;
        self.check()?;
        Ok(Config {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            num_key_value_heads: self.key_value_heads(),
            head_dim: self.head_dim,
            max_position_embeddings: self.max_position_embeddings,
            rms_norm_eps: self.rms_norm_eps,
            rope_theta: theta,
            tie_word_embeddings: self.tie_word_embeddings,
        })
    }

    fn key_value_heads(&self) -> usize {
        self.num_key_value_heads.unwrap_or(self.num_attention_heads)
    }

    fn theta(&self) -> Result<f64, String> {
        let places = [("rope_parameters", &self.rope_parameters), ("rope_scaling", &self.rope_scaling)];
        let mut theta = self.rope_theta;
        for (key, rope) in places.iter().filter_map(|(key, rope)| Some((key, rope.as_ref()?))) {
            match rope.rope_type.as_deref() {
                None | Some("default") => theta = theta.or(rope.rope_theta),
                Some(other) => {
                    return Err(format!(
                        "{key} asks for {other:?} scaling of rotary positions; only \"default\" can be run"
                    ));
                }
            }
        }
        match theta.unwrap_or(ROPE_THETA) {
            theta if theta.is_finite() && theta > 0.0 => Ok(theta),
            theta => Err(format!("rope_theta is {theta}")),
        }
    }

    fn check(&self) -> Result<(), String> {
        let heads = self.key_value_heads();
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", heads),
            ("head_dim", self.head_dim),
            ("max_position_embeddings", self.max_position_embeddings),
        ];
        if let Some((key, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("{key} is 0"));
        }
        // No tensor of a file has a side like this; the bound keeps products of sizes inside a usize.
        if let Some((key, size)) = sizes.iter().find(|(_, size)| *size > 1 << 28) {
            return Err(format!("{key} is {size}, more than any network has"));
        }
        if !self.num_attention_heads.is_multiple_of(heads) {
            let queries = self.num_attention_heads;
            return Err(format!("{queries} num_attention_heads cannot share {heads} num_key_value_heads evenly"));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(format!("head_dim is {}; rotary positions need pairs", self.head_dim));
        }
        if self.hidden_act != "silu" {
            return Err(format!("hidden_act is {:?}; only \"silu\" can be run", self.hidden_act));
        }
        let other = self.layer_types.iter().flatten().find(|kind| *kind != "full_attention");
        match other {
            Some(kind) => Err(format!("layer_types has {kind:?}; only \"full_attention\" can be run")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
