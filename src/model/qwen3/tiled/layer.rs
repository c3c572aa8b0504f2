//! The weights of a layer, in tiles.

use crate::model::ModelError;
use crate::model::packed::{BLOCK, Level, PackedLinear};
use crate::model::qwen3::config::Config;
use crate::model::qwen3::names;
use crate::model::weights::Weights;

pub struct Layer {
    pub attention_norm: Vec<f32>,
    /// Queries, keys and values side by side.
    pub qkv: PackedLinear,
    pub query_norm: Vec<f32>,
    pub key_norm: Vec<f32>,
    pub mixed: PackedLinear,
    pub feed_norm: Vec<f32>,
    /// A block of the gate, one of up, and so on.
    pub gate_up: PackedLinear,
    pub down: PackedLinear,
}

impl Layer {
    /// # Errors
    /// If a tensor is missing or has another shape than the config says.
    pub fn load(weights: &Weights, index: usize, config: &Config, level: Level) -> Result<Self, ModelError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let name = |part: &str| format!("{}.weight", names::layer(index, part));
        let matrix = |part: &str, output, input| weights.matrix(&name(part), output, input);
        let vector = |part: &str, length| weights.vector(&name(part), length);
        let packed = |weight: &[f32], input| PackedLinear::new(level, weight, weight.len() / input, input);
        let (queries, keys) = (config.query_width(), config.key_width());
        let qkv = [
            matrix(names::QUERY, queries, hidden)?,
            matrix(names::KEY, keys, hidden)?,
            matrix(names::VALUE, keys, hidden)?,
        ];
        let (gate, up) = (matrix(names::GATE, inner, hidden)?, matrix(names::UP, inner, hidden)?);
        let blocks = gate.chunks(BLOCK * hidden).zip(up.chunks(BLOCK * hidden));
        let gate_up: Vec<f32> = blocks.flat_map(|(gate, up)| [gate, up]).flatten().copied().collect();
        Ok(Layer {
            attention_norm: vector(names::ATTENTION_NORM, hidden)?,
            qkv: packed(&qkv.concat(), hidden),
            query_norm: vector(names::QUERY_NORM, config.head_dim)?,
            key_norm: vector(names::KEY_NORM, config.head_dim)?,
            mixed: packed(&matrix(names::MIXED, hidden, queries)?, queries),
            feed_norm: vector(names::FEED_NORM, hidden)?,
            gate_up: packed(&gate_up, hidden),
            down: packed(&matrix(names::DOWN, hidden, inner)?, inner),
        })
    }
}
