//! Models that cannot be run exactly as their files say are refused in a sentence that names the file and the reason.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use skillscope::model::embedder::Embedder;
use skillscope::model::{Placement, Reranker};

use super::encoders::{copy_model, fixtures};

/// What loading a fixture as an embedder says after `damage`.
fn embedder(name: &str, damage: impl FnOnce(&Path)) -> String {
    let directory = tempfile::tempdir().unwrap();
    copy_model(name, directory.path());
    damage(directory.path());
    let loaded = Embedder::load(directory.path().to_str().unwrap(), Placement::REFERENCE);
    loaded.map(|_| ()).expect_err("was loaded").to_string()
}

fn reranker(name: &str, damage: impl FnOnce(&Path)) -> String {
    let directory = tempfile::tempdir().unwrap();
    copy_model(name, directory.path());
    damage(directory.path());
    let loaded = Reranker::load(directory.path().to_str().unwrap(), Placement::REFERENCE);
    loaded.map(|_| ()).expect_err("was loaded").to_string()
}

fn copy_files(from: &str, to: &Path, files: &[&str]) {
    for file in files {
        fs::create_dir_all(to.join(file).parent().unwrap()).unwrap();
        fs::copy(fixtures().join(from).join(file), to.join(file)).unwrap();
    }
}

/// Sets keys of a JSON file.
fn set(path: &Path, keys: Value) {
    let mut content: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    for (key, value) in keys.as_object().unwrap() {
        content[key] = value.clone();
    }
    fs::write(path, content.to_string()).unwrap();
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn parts_of_the_weights() {
    const SHARD: &str = "model-00002-of-00003.safetensors";
    let missing = reranker("distilbert-cross", |model| fs::remove_file(model.join(SHARD)).unwrap());
    assert_says(&missing, &[SHARD, "model.safetensors.index.json", "a part of the weights is missing"]);

    let truncated = reranker("distilbert-cross", |model| {
        let bytes = fs::read(model.join(SHARD)).unwrap();
        fs::write(model.join(SHARD), &bytes[..bytes.len() - 10]).unwrap();
    });
    assert_says(&truncated, &[SHARD, "not a whole safetensors file"]);

    let elsewhere = reranker("distilbert-cross", |model| {
        let index = json!({"weight_map": {"classifier.weight": "../model.safetensors"}});
        fs::write(model.join("model.safetensors.index.json"), index.to_string()).unwrap();
    });
    assert_says(&elsewhere, &["model.safetensors.index.json", "\"../model.safetensors\"", "outside"]);

    let incomplete = reranker("distilbert-cross", |model| {
        let path = model.join("model.safetensors.index.json");
        let index = fs::read_to_string(&path).unwrap().replace(SHARD, "model-00001-of-00003.safetensors");
        fs::write(path, index).unwrap();
    });
    assert_says(&incomplete, &["model-00001-of-00003.safetensors", "tensor", "is missing"]);
}

#[test]
fn pickles_and_code() {
    for pickle in ["pytorch_model.bin", "pytorch_model.bin.index.json"] {
        let message = embedder("bert-mean", |model| {
            fs::rename(model.join("model.safetensors"), model.join(pickle)).unwrap();
        });
        assert_says(&message, &[pickle, "is not read", "safetensors"]);
    }
    let dense = embedder("bert-dense", |model| {
        fs::rename(model.join("2_Dense/model.safetensors"), model.join("2_Dense/pytorch_model.bin")).unwrap();
    });
    assert_says(&dense, &["2_Dense", "pytorch_model.bin", "is not read"]);

    let auto_map = embedder("bert-mean", |model| {
        set(&model.join("config.json"), json!({"auto_map": {"AutoModel": "modeling.Model"}}));
    });
    assert_says(&auto_map, &["config.json", "auto_map", "code of its own, which is never run"]);

    let module = embedder("bert-mean", |model| {
        let list = json!([{"path": "", "type": "custom_st.Transformer"}]);
        fs::write(model.join("modules.json"), list.to_string()).unwrap();
    });
    assert_says(&module, &["modules.json", "custom_st.Transformer", "code of its own, which is never run"]);
}

#[test]
fn other_networks() {
    let cases = [
        (json!({"model_type": "modernbert"}), "modernbert"),
        (json!({"position_embedding_type": "alibi"}), "position_embedding_type is \"alibi\""),
        (json!({"position_embedding_type": "rotary"}), "position_embedding_type is \"rotary\""),
        (json!({"is_decoder": true}), "is_decoder"),
        (json!({"pruned_heads": {"1": [0]}}), "pruned_heads"),
        (json!({"quantization_config": {"bits": 4}}), "quantization_config"),
        (json!({"hidden_act": "silu"}), "hidden_act is \"silu\""),
    ];
    for (keys, says) in cases {
        let message = embedder("bert-mean", |model| set(&model.join("config.json"), keys.clone()));
        assert_says(&message, &["config.json", says]);
    }
    let padding = embedder("xlmr-long", |model| set(&model.join("config.json"), json!({"pad_token_id": 701})));
    assert_says(&padding, &["config.json", "pad_token_id 701", "702"]);
    let labels = reranker("bert-cross", |model| {
        set(&model.join("config.json"), json!({"id2label": {"0": "a", "1": "b", "2": "c"}}));
    });
    assert_says(&labels, &["config.json", "3 labels"]);
    let bi_encoder = reranker("xlmr-long", |_| ());
    assert_says(&bi_encoder, &["model.safetensors", "classifier.out_proj.weight", "is missing"]);
    let vocabulary = embedder("bert-mean", |model| set(&model.join("config.json"), json!({"vocab_size": 90})));
    assert_says(&vocabulary, &["tokenizer.json", "93 tokens", "vocab_size is 90"]);
}

#[test]
fn modules() {
    let list = |entries: Value| {
        embedder("bert-dense", |model| fs::write(model.join("modules.json"), entries.to_string()).unwrap())
    };
    let module =
        |path: &str, class: &str| json!({"path": path, "type": format!("sentence_transformers.models.{class}")});
    let (network, pooling) = (module("", "Transformer"), module("1_Pooling", "Pooling"));
    assert_says(&list(json!([network, pooling, module("2_CNN", "CNN")])), &["modules.json", "\"CNN\"", "place 2"]);
    assert_says(&list(json!([network, module("2_Dense", "Dense")])), &["modules.json", "\"Dense\"", "place 1"]);
    assert_says(&list(json!([network, module("../1_Pooling", "Pooling")])), &["modules.json", "\"../1_Pooling\""]);
    assert_says(&list(json!([network, module("9_Pooling", "Pooling")])), &["9_Pooling", "config.json", "no such file"]);
    let twice = list(json!([network, pooling, module("2_Dense", "Dense"), module("2_Dense", "Dense")]));
    assert_says(&twice, &["2_Dense", "in_features is 24", "vectors of 30"]);

    let cases = [
        ("1_Pooling/config.json", json!({"pooling_mode": "weightedmean"}), "weightedmean pooling"),
        ("1_Pooling/config.json", json!({"pooling_mode": ["cls", "mean"]}), "several kinds of pooling (cls, mean)"),
        ("2_Dense/config.json", json!({"activation_function": "torch.nn.modules.activation.Mish"}), "Mish"),
        ("2_Dense/config.json", json!({"activation_function": "mine.Tanh"}), "mine.Tanh"),
        ("2_Dense/config.json", json!({"use_residual": true}), "use_residual"),
        ("2_Dense/config.json", json!({"module_input_name": "token_embeddings"}), "token_embeddings"),
        ("4_Normalize/config.json", json!({"module_output_name": "token_embeddings"}), "token_embeddings"),
        ("sentence_bert_config.json", json!({"query_length": 32}), "query_length"),
        ("config_sentence_transformers.json", json!({"similarity_fn_name": "manhattan"}), "manhattan"),
        ("config_sentence_transformers.json", json!({"model_type": "SparseEncoder"}), "SparseEncoder"),
    ];
    for (file, keys, says) in cases {
        let message = embedder("bert-dense", |model| set(&model.join(file), keys.clone()));
        assert_says(&message, &[file.rsplit('/').next().unwrap(), says]);
    }
    let dot = embedder("bert-mean", |model| {
        set(&model.join("config_sentence_transformers.json"), json!({"similarity_fn_name": "dot"}));
    });
    assert_says(&dot, &["config_sentence_transformers.json", "\"dot\"", "only cosine"]);
    // XLM-RoBERTa's tokenizer keeps capitals.
    let capitals = embedder("xlmr-long", |model| {
        set(&model.join("sentence_bert_config.json"), json!({"do_lower_case": true}));
    });
    assert_says(&capitals, &["sentence_bert_config.json", "do_lower_case"]);
    let prompt = reranker("bert-cross", |model| {
        let usage = json!({"prompts": {"query": "Find it."}, "default_prompt_name": "query"});
        fs::write(model.join("config_sentence_transformers.json"), usage.to_string()).unwrap();
    });
    assert_says(&prompt, &["config_sentence_transformers.json", "default_prompt_name"]);
    let answer = reranker("bert-cross", |model| {
        copy_files("causal-cross", model, &["modules.json", "1_LogitScore/config.json"])
    });
    assert_says(&answer, &["modules.json", "LogitScore"]);
    let activation = reranker("bert-cross", |model| {
        let torch = "torch.nn.modules.activation.ReLU";
        set(&model.join("config.json"), json!({"sentence_transformers": {"activation_fn": torch}}));
    });
    assert_says(&activation, &["config.json", "ReLU"]);
}
