//! What the tensors of a Qwen3 are called, without the `model.` prefix.

pub const WORDS: &str = "embed_tokens.weight";
pub const NORM: &str = "norm.weight";
/// Absent where it is tied to the words.
pub const HEAD: &str = "lm_head.weight";

pub const ATTENTION_NORM: &str = "input_layernorm";
pub const QUERY: &str = "self_attn.q_proj";
pub const KEY: &str = "self_attn.k_proj";
pub const VALUE: &str = "self_attn.v_proj";
pub const QUERY_NORM: &str = "self_attn.q_norm";
pub const KEY_NORM: &str = "self_attn.k_norm";
pub const MIXED: &str = "self_attn.o_proj";
pub const FEED_NORM: &str = "post_attention_layernorm";
pub const GATE: &str = "mlp.gate_proj";
pub const UP: &str = "mlp.up_proj";
pub const DOWN: &str = "mlp.down_proj";

/// A part of a layer, without `.weight`.
pub fn layer(index: usize, part: &str) -> String {
    format!("layers.{index}.{part}")
}
