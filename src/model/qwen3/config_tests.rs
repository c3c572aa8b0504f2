use serde_json::{Value, json};

use super::*;

/// Qwen3-Embedding-0.6B's, as transformers 4 wrote it.
fn published() -> Value {
    json!({
        "architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "head_dim": 128, "hidden_act": "silu",
        "hidden_size": 1024, "intermediate_size": 3072, "max_position_embeddings": 32768, "max_window_layers": 28,
        "model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": 8,
        "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000, "sliding_window": null,
        "tie_word_embeddings": true, "torch_dtype": "bfloat16", "use_sliding_window": false, "vocab_size": 151669
    })
}

fn with(changes: Value) -> Result<Config, String> {
    let mut config = published();
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    Config::parse(config.to_string().as_bytes(), "dir/config.json").map_err(|error| error.to_string())
}

#[test]
fn the_published_one_is_read() {
    let config = with(json!({})).unwrap();
    assert_eq!((config.query_width(), config.key_width(), config.group()), (2048, 1024, 2));
    assert_eq!(config.rope_theta, 1e6);
    // A window that is not in use changes nothing.
    assert_eq!(with(json!({"sliding_window": 4096})).unwrap(), config);
    assert_eq!(with(json!({"rope_scaling": {"type": "default"}})).unwrap(), config);
}

#[test]
fn theta_is_found_in_both_places() {
    let new = json!({"rope_theta": null, "rope_parameters": {"rope_theta": 5e6, "rope_type": "default"}});
    assert_eq!(with(new).unwrap().rope_theta, 5e6);
    assert_eq!(with(json!({"rope_theta": null})).unwrap().rope_theta, 10_000.0);
}

#[test]
fn what_cannot_be_run_is_named() {
    let refused = [
        (json!({"model_type": "qwen3_moe"}), "qwen3_moe"),
        (json!({"architectures": ["Qwen3ForSequenceClassification"]}), "Qwen3ForSequenceClassification"),
        (json!({"use_sliding_window": true}), "use_sliding_window is true"),
        (json!({"attention_bias": true}), "attention_bias is true"),
        (json!({"is_causal": false}), "is_causal is false"),
        (json!({"quantization_config": {"bits": 4}}), "quantization_config"),
        (json!({"hidden_act": "gelu"}), "hidden_act is \"gelu\""),
        (json!({"rope_scaling": {"type": "yarn", "factor": 4.0}}), "\"yarn\""),
        (json!({"rope_parameters": {"rope_type": "dynamic"}}), "\"dynamic\""),
        (json!({"rope_theta": -1.0}), "rope_theta is -1"),
        (json!({"layer_types": ["full_attention", "sliding_attention"]}), "\"sliding_attention\""),
        (json!({"num_key_value_heads": 3}), "16 num_attention_heads cannot share 3"),
        (json!({"num_key_value_heads": 0}), "num_key_value_heads is 0"),
        (json!({"head_dim": 127}), "head_dim is 127"),
        (json!({"hidden_size": 1u64 << 40}), "hidden_size"),
        (json!({"hidden_size": "many"}), "invalid type"),
    ];
    for (change, part) in refused {
        let message = with(change).unwrap_err();
        assert!(message.contains(part) && message.contains("dir/config.json"), "{part:?} is not in: {message}");
    }
}
