//! A random Qwen3 of the 0.6B shape on disk, so that both sides read the same weights.

use std::fs;
use std::path::{Path, PathBuf};

use half::bf16;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::json;

pub const HIDDEN: usize = 1024;
const INNER: usize = 3072;
const QUERIES: usize = 16 * 128;
const KEYS: usize = 8 * 128;
/// Cut from 151,669: the table is only looked up in, and would be a quarter of the file.
pub const VOCABULARY: usize = 20_000;

/// Writes it unless an earlier run did.
pub fn write(layers: usize) -> anyhow::Result<PathBuf> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("qwen3-0.6b-random-{layers}"));
    if directory.join("config.json").exists() {
        return Ok(directory);
    }
    eprintln!("writing {}", directory.display());
    fs::create_dir_all(&directory)?;
    let mut shapes = vec![("embed_tokens".to_owned(), vec![VOCABULARY, HIDDEN]), ("norm".to_owned(), vec![HIDDEN])];
    for layer in 0..layers {
        let parts: [(&str, &[usize]); 11] = [
            ("input_layernorm", &[HIDDEN]),
            ("self_attn.q_proj", &[QUERIES, HIDDEN]),
            ("self_attn.k_proj", &[KEYS, HIDDEN]),
            ("self_attn.v_proj", &[KEYS, HIDDEN]),
            ("self_attn.q_norm", &[128]),
            ("self_attn.k_norm", &[128]),
            ("self_attn.o_proj", &[HIDDEN, QUERIES]),
            ("post_attention_layernorm", &[HIDDEN]),
            ("mlp.gate_proj", &[INNER, HIDDEN]),
            ("mlp.up_proj", &[INNER, HIDDEN]),
            ("mlp.down_proj", &[HIDDEN, INNER]),
        ];
        shapes.extend(parts.map(|(part, shape)| (format!("layers.{layer}.{part}"), shape.to_vec())));
    }
    let mut random = Random(layers as u64);
    let data: Vec<Vec<u8>> = shapes.iter().map(|(_, shape)| values(shape, &mut random)).collect();
    let names: Vec<String> = shapes.iter().map(|(name, _)| format!("model.{name}.weight")).collect();
    let views = names.iter().zip(&shapes).zip(&data);
    let views: Vec<_> = views
        .map(|((name, (_, shape)), data)| Ok((name, TensorView::new(Dtype::BF16, shape.clone(), data)?)))
        .collect::<Result<_, safetensors::SafeTensorError>>()?;
    serialize_to_file(views, None, &directory.join("model.safetensors"))?;
    fs::write(directory.join("config.json"), config(layers).to_string())?;
    Ok(directory)
}

fn config(layers: usize) -> serde_json::Value {
    json!({
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": VOCABULARY, "hidden_size": HIDDEN,
        "intermediate_size": INNER, "num_hidden_layers": layers, "num_attention_heads": 16, "num_key_value_heads": 8,
        "head_dim": 128, "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000, "tie_word_embeddings": true, "attention_bias": false, "torch_dtype": "bfloat16",
    })
}

/// Norms near one, weights as networks are initialised.
fn values(shape: &[usize], random: &mut Random) -> Vec<u8> {
    let (middle, width) = if shape.len() == 1 { (1.0, 0.1) } else { (0.0, 0.06) };
    let count = shape.iter().product();
    (0..count).flat_map(|_| bf16::from_f32(middle + width * (random.unit() - 0.5)).to_le_bytes()).collect()
}

/// xorshift64* (Vigna, arXiv 1402.6246).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// In [0, 1).
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    pub fn ids(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| (self.next() % VOCABULARY as u64) as u32).collect()
    }
}
