//! Model directories that are damaged or of another kind: every message names the file, and the tensor if it is one.

use std::fs;
use std::path::Path;

use skillscope::model::embedder::Embedder;
use skillscope::model::{Device, Profiles, Reranker};

use super::fixture::{SMALL, Tensors, write_tensors};

/// What loading the small model says after `damage`.
fn message_after(damage: impl FnOnce(&Path, Tensors)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let tensors = SMALL.tensors(1);
    SMALL.write(directory.path(), &tensors);
    damage(directory.path(), tensors);
    let name = directory.path().to_str().unwrap();
    Reranker::load(name, Device::Cpu).map(|_| ()).expect_err("a damaged model was loaded").to_string()
}

pub fn assert_names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn weights() {
    const QUERY: &str = "encoder.layer.1.attention.self.query.weight";
    let truncated = message_after(|directory, _| {
        let path = directory.join("model.safetensors");
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 100]).unwrap();
    });
    assert_names(&truncated, &["model.safetensors", "not a whole safetensors file"]);

    let empty = message_after(|directory, _| fs::write(directory.join("model.safetensors"), "").unwrap());
    assert_names(&empty, &["model.safetensors", "0 bytes"]);

    let missing = message_after(|directory, mut tensors| {
        tensors.remove(QUERY);
        write_tensors(directory, &tensors);
    });
    assert_names(&missing, &["model.safetensors", QUERY, "is missing"]);

    let shape = message_after(|directory, mut tensors| {
        tensors.get_mut(QUERY).unwrap().0 = vec![12, 48];
        write_tensors(directory, &tensors);
    });
    assert_names(&shape, &["model.safetensors", QUERY, "[12, 48]", "[24, 24]"]);

    let outputs = message_after(|directory, mut tensors| {
        tensors.insert("classifier.weight".into(), (vec![3, 24], vec![0.0; 72]));
        write_tensors(directory, &tensors);
    });
    assert_names(&outputs, &["classifier.weight", "[3, 24]"]);

    let headless = message_after(|directory, mut tensors| {
        tensors.retain(|name, _| !name.starts_with("classifier"));
        write_tensors(directory, &tensors);
    });
    assert_names(&headless, &["model.safetensors", "classifier.weight", "is missing"]);
}

#[test]
fn config() {
    let with = |key: &str, value: serde_json::Value| {
        message_after(|directory, _| {
            let mut config = SMALL.config();
            config[key] = value;
            fs::write(directory.join("config.json"), config.to_string()).unwrap();
        })
    };
    assert_names(&with("model_type", "t5".into()), &["config.json", "t5", "bert"]);
    assert_names(&with("hidden_act", "swish".into()), &["config.json", "hidden_act", "swish"]);
    assert_names(&with("num_attention_heads", 5.into()), &["config.json", "24", "5"]);
    assert_names(&with("num_attention_heads", 0.into()), &["config.json", "num_attention_heads is 0"]);
    assert_names(&with("vocab_size", 39.into()), &["tokenizer.json", "40", "39"]);
    // A number no file can back: refused before anything of that size is allocated.
    assert_names(&with("hidden_size", (3u64 << 40).into()), &["model.safetensors", "classifier.weight"]);
    assert_names(&with("num_hidden_layers", (1u64 << 40).into()), &["model.safetensors", "is missing"]);

    let broken = message_after(|directory, _| fs::write(directory.join("config.json"), "{\n \"a\": 1,\n}").unwrap());
    assert_names(&broken, &["config.json", "line 3"]);
}

#[test]
fn other_files() {
    let tokenizer = message_after(|directory, _| fs::write(directory.join("tokenizer.json"), "{}").unwrap());
    assert_names(&tokenizer, &["tokenizer.json"]);
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        let message = message_after(|directory, _| fs::remove_file(directory.join(file)).unwrap());
        assert_names(&message, &[file, "no such file"]);
    }
    let pooling = message_after(|directory, _| {
        fs::create_dir(directory.join("1_Pooling")).unwrap();
        let json = r#"{"pooling_mode_weightedmean_tokens": true}"#;
        fs::write(directory.join("1_Pooling/config.json"), json).unwrap();
    });
    assert_names(&pooling, &["1_Pooling", "config.json", "pooling"]);
}

#[test]
fn names_that_are_no_model() {
    let unknown = Embedder::load("no-such-model", Device::Cpu).map(|_| ()).unwrap_err().to_string();
    assert_names(&unknown, &["no-such-model", "builtin"]);
    let hub = Reranker::load("nobody-at-all/not-a-model", Device::Cpu).map(|_| ()).unwrap_err().to_string();
    assert_names(
        &hub,
        &["nobody-at-all/not-a-model", "nothing is downloaded", "skillscope models pull nobody-at-all/not-a-model"],
    );
}

#[test]
fn profiles_of_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("model");
    fs::create_dir(&model).unwrap();
    SMALL.write(&model, &SMALL.tensors(1));
    let profile = |name: &str, rest: &str| {
        let source = format!("source = {:?}", model.to_str().unwrap());
        format!(
            "name = {name:?}\nabout = \"a test\"\n[embedder]\n{source}\nmax_tokens = 9\n{rest}\n[reranker]\n{source}\n\
             max_tokens = 90\n"
        )
    };
    fs::write(directory.path().join("mine.toml"), profile("mine", "")).unwrap();
    fs::write(directory.path().join("cls.toml"), profile("cls", "pooling = \"cls\"")).unwrap();
    let profiles = Profiles::builtin().unwrap().with_directory(directory.path()).unwrap();
    let embedder = |name: &str| Embedder::load_from(&profiles, name, Device::Cpu).unwrap();
    let mine = embedder("mine");
    assert_eq!(mine.profile().max_tokens, 9);
    assert_eq!(mine.id().fingerprint.len(), 32);
    assert_eq!(mine.id().fingerprint, embedder("mine").id().fingerprint);
    assert_ne!(mine.id().fingerprint, embedder("cls").id().fingerprint, "a setting that changes numbers");
    let reranker = Reranker::load_from(&profiles, "mine", Device::Cpu).unwrap();
    assert_eq!(reranker.profile().max_tokens, 32, "a profile cannot ask for more than the network has");

    fs::write(directory.path().join("bad.toml"), "name = 'bad'\nabuot = 'x'\n").unwrap();
    let message = Profiles::builtin().unwrap().with_directory(directory.path()).unwrap_err().to_string();
    assert_names(&message, &["bad.toml", "line 2", "abuot"]);
}
