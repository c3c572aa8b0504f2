//! `skillscope models` and `skillscope bench` as a user runs them.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::server::{COMMIT, NAME, Server, weights};

/// Exit code, standard output, standard error.
fn run(server: &Server, home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_skillscope"))
        .args(arguments)
        .envs(server.environment(home))
        .env_remove("HF_HUB_OFFLINE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

#[test]
fn a_model_is_pulled_listed_verified_and_removed() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let run = |arguments: &[&str]| run(&server, home.path(), arguments);

    let (code, out, error) = run(&["models", "pull", NAME]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("--yes") && out.contains("model.safetensors") && out.contains("300.1 kB"), "{out}{error}");
    assert!(!home.path().join("hf").exists());

    let (code, out, error) = run(&["models", "pull", NAME, "--yes"]);
    assert_eq!(code, 0, "{error}");
    let path = home.path().join("hf/hub/models--owner--name/snapshots").join(COMMIT);
    assert_eq!(out.lines().last(), path.to_str());
    assert_eq!(std::fs::read(path.join("model.safetensors")).unwrap(), weights(300_000));

    assert_eq!(run(&["models", "path", NAME]).1.trim(), path.to_str().unwrap());
    let list = json(&run(&["models", "list", "--json"]).1);
    assert_eq!(list["models"][0]["name"], NAME);
    assert_eq!(list["models"][0]["commit"], COMMIT);
    assert_eq!(list["models"][0]["files"], 4);
    let is_builtin = |row: &&Value| row["profile"] == "builtin" && row["role"] == "embedder";
    assert!(list["profiles"].as_array().unwrap().iter().any(|row| is_builtin(&row)));

    assert_eq!(run(&["models", "verify", NAME]).0, 0);
    std::fs::write(path.join("config.json").canonicalize().unwrap(), "{}").unwrap();
    let (code, out, _) = run(&["models", "verify", "--json"]);
    let verdicts = json(&out);
    assert_eq!((code, verdicts["wrong"].as_u64()), (1, Some(1)));

    let (code, _, error) = run(&["models", "remove", NAME]);
    assert!(code == 2 && error.contains("--yes") && path.exists(), "{error}");
    assert_eq!(run(&["models", "remove", NAME, "--yes"]).0, 0);
    let (code, _, error) = run(&["models", "path", NAME]);
    assert!(code == 2 && error.contains("skillscope models pull owner/name"), "{error}");
}

#[test]
fn a_profile_stands_for_its_models() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let profiles = home.path().join("config/skillscope/profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    let profile = format!("name = \"mine\"\nabout = \"Mine\"\n[embedder]\nsource = \"{NAME}\"\nmax_tokens = 64\n");
    std::fs::write(profiles.join("mine.toml"), profile).unwrap();
    let run = |arguments: &[&str]| run(&server, home.path(), arguments);

    // What is not here is not fetched by using it.
    let (code, _, error) = run(&["search", "--embedder", "mine", "--stage1", "dense", "anything"]);
    assert!(code == 2 && error.contains("skillscope models pull owner/name"), "{error}");
    assert_eq!(server.seen(), []);

    let (code, out, error) = run(&["models", "pull", "mine", "--yes"]);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("owner/name@main at commit 0123456789ab"), "{out}");
    assert!(run(&["models", "list"]).1.lines().any(|line| line.starts_with("mine ") && line.ends_with(" here")));

    let (code, _, error) = run(&["models", "pull", "mine", "--revision", "main"]);
    assert!(code == 2 && error.contains("--revision belongs to a repository"), "{error}");
    let (code, _, error) = run(&["models", "pull", "builtin"]);
    assert!(code == 2 && error.contains("no models of the hub"), "{error}");
    let (code, _, error) = run(&["models", "pull", "nonsense"]);
    assert!(code == 2 && error.contains("profiles are: ") && error.contains("mine"), "{error}");
}

#[test]
fn benchmarks_have_names() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let run = |arguments: &[&str]| run(&server, home.path(), arguments);
    let list = json(&run(&["bench", "list", "--json"]).1);
    let skillret = list["benchmarks"].as_array().unwrap().iter().find(|row| row["name"] == "skillret").unwrap();
    assert_eq!(skillret["repository"], "datasets/ThakiCloud/SKILLRET@a050ad233a50");
    assert_eq!(skillret["path"], Value::Null);
    let (code, _, error) = run(&["eval", "skillret"]);
    assert!(code == 2 && error.contains("skillscope bench pull skillret"), "{error}");
    let (code, _, error) = run(&["bench", "pull", "r3"]);
    assert!(code == 2 && error.contains("git clone"), "{error}");
    let (code, _, error) = run(&["bench", "pull", "nonsense"]);
    assert!(code == 2 && error.contains("skillret-1.0"), "{error}");
    assert_eq!(server.seen(), []);
    // This hub does not have it.
    let (code, _, error) = run(&["bench", "pull", "skillret", "--yes"]);
    assert!(code == 2 && error.contains("not on the hub (404)"), "{error}");
}
