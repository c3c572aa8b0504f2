//! From text to number through a profile: SkillRouter's, over a random checkpoint whose embeddings and log-odds
//! transformers computed from the same texts.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use skillscope::model::{Embedder, Placement, Profiles, Reranker, Role, never};
use skillscope::text::Encoding;

#[derive(Deserialize)]
struct Expected {
    embedding: Vec<Text>,
    reranker: Vec<Pair>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
}

#[derive(Deserialize)]
struct Pair {
    query: String,
    document: String,
    ids: Vec<u32>,
    yes_minus_no: f32,
    attention: Vec<Vec<Vec<f32>>>,
}

/// Profile "random" over a fixture, each network with the tokenizer of its kind.
fn profiles(directory: &Path, name: &str) -> (Profiles, Expected) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3");
    let mut text = "name = 'random'\nabout = ''\nbase = 'skillrouter'\n".to_owned();
    for (network, tokenizer) in [("embedder", "embedding"), ("reranker", "reranker")] {
        let model = directory.join(network);
        fs::create_dir(&model).unwrap();
        for entry in fs::read_dir(fixtures.join(name)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), model.join(entry.file_name())).unwrap();
        }
        fs::copy(fixtures.join(format!("{tokenizer}-tokenizer.json")), model.join("tokenizer.json")).unwrap();
        text += &format!("[{network}]\nsource = {:?}\n", model.to_str().unwrap());
    }
    fs::write(directory.join("random.toml"), text).unwrap();
    let expected = fs::read(fixtures.join(name).join("expected.json")).unwrap();
    (Profiles::with_users(Some(directory)).unwrap(), serde_json::from_slice(&expected).unwrap())
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn texts_give_the_published_codes_numbers() {
    for name in ["plain", "untied-shards"] {
        let directory = tempfile::tempdir().unwrap();
        let (profiles, expected) = profiles(directory.path(), name);
        let embedder = Embedder::load_from(&profiles, "random", Placement::REFERENCE).unwrap();
        let texts: Vec<Encoding> =
            expected.embedding.iter().map(|case| embedder.encode(&case.text, Role::Raw)).collect();
        let vectors = embedder.embed(&texts, &never).unwrap();
        for ((case, text), vector) in expected.embedding.iter().zip(&texts).zip(&vectors) {
            assert_eq!(text.ids, case.ids, "{}", case.text);
            assert!(apart(vector, &case.vector) <= 1e-4, "{}", case.text);
        }

        let reranker = Reranker::load_from(&profiles, "random", Placement::REFERENCE).unwrap();
        let pairs: Vec<Encoding> =
            expected.reranker.iter().map(|case| reranker.encode(&case.query, &case.document)).collect();
        let scores = reranker.score(&pairs, &never).unwrap();
        for ((case, pair), score) in expected.reranker.iter().zip(&pairs).zip(&scores) {
            assert_eq!(pair.ids, case.ids, "{}", case.query);
            assert!((score - case.yes_minus_no).abs() <= 1e-4, "{}: {score}", case.query);
        }

        let parts = [&expected.reranker[0].document[..], "", ""];
        let captured = reranker.capture(reranker.document_of_parts(parts), pairs[0].clone(), &never).unwrap();
        // Design invariant 5.
        assert!((captured.score - scores[0]).abs() <= 1e-5);
        for (layer, heads) in expected.reranker[0].attention.iter().enumerate() {
            for (head, row) in heads.iter().enumerate() {
                assert!(apart(captured.attention.row(layer, head), row) <= 1e-4, "layer {layer}, head {head}");
            }
        }
    }
}

#[test]
fn a_causal_network_is_read_through_a_prompt() {
    let directory = tempfile::tempdir().unwrap();
    let (profiles, _) = profiles(directory.path(), "plain");
    let model = directory.path().join("reranker");
    let bare = Reranker::load_from(&profiles, model.to_str().unwrap(), Placement::REFERENCE);
    let message = bare.map(|_| ()).unwrap_err().to_string();
    assert!(message.contains("no chat template") && message.contains("profile"), "{message}");
}
