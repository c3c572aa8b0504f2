//! Models in the local hub cache, wherever Hugging Face's variables say it is.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::{Program, stderr};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A bi-encoder as `owner/tiny`, whose branch is main.
fn fill(cache: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders/bert-last");
    let root = cache.join("models--owner--tiny");
    for directory in ["", "1_Pooling"] {
        let to = root.join("snapshots").join(COMMIT).join(directory);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    fs::create_dir_all(root.join("refs")).unwrap();
    fs::write(root.join("refs/main"), COMMIT).unwrap();
}

fn embed(program: &Program, variable: &str, value: &Path, name: &str) -> std::process::Output {
    let mut command = program.command();
    command.env(variable, value).args(["embed", "--embedder", name]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that ends early closes its input.
    let _ = child.stdin.take().unwrap().write_all(b"{\"text\": \"merge two files\"}\n");
    child.wait_with_output().unwrap()
}

#[test]
fn a_repository_is_found_where_the_variables_say() {
    let program = Program::default();
    let home = program.home.path();
    fill(&home.join("somewhere"));
    fill(&home.join("hf/hub"));
    for (variable, value) in [("HF_HUB_CACHE", "somewhere"), ("HF_HOME", "hf")] {
        let output = embed(&program, variable, &home.join(value), "owner/tiny");
        assert!(output.status.success(), "{variable}: {}", stderr(&output));
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        let vector = line.as_object().unwrap().values().find_map(Value::as_array).unwrap();
        assert_eq!(vector.len(), 24);
    }
}

#[test]
fn what_is_not_there_is_not_downloaded() {
    let program = Program::default();
    let cache = program.home.path().join("somewhere");
    fill(&cache);
    let output = embed(&program, "HF_HUB_CACHE", &cache, "owner/other");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("owner/other") && stderr(&output).contains("nothing is downloaded"));

    fs::remove_file(cache.join("models--owner--tiny/snapshots").join(COMMIT).join("tokenizer.json")).unwrap();
    let output = embed(&program, "HF_HUB_CACHE", &cache, "owner/tiny");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("tokenizer.json of revision main"), "{}", stderr(&output));
}
