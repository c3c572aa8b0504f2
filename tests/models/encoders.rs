//! BERT and its relatives as published, module files included, against transformers and sentence-transformers:
//! `tests/fixtures/encoders/make.py` made random checkpoints and what those two compute with them.

use std::path::PathBuf;

use serde::Deserialize;
use skillscope::model::embedder::{Embedder, Role};
use skillscope::model::{Placement, Pooling, Reranker, never};
use skillscope::text::{Document, Encoding};

/// How far an element of a unit vector may be off: f32 rounding is near 1e-6, GELU's tanh approximation for the exact
/// one is 1e-4 off.
const VECTOR: f32 = 2e-5;

pub fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders")
}

#[derive(Deserialize)]
struct Expected {
    embedders: std::collections::BTreeMap<String, Vec<Vector>>,
    rerankers: std::collections::BTreeMap<String, Vec<Pair>>,
}

#[derive(Deserialize)]
struct Vector {
    role: String,
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
}

#[derive(Deserialize)]
struct Pair {
    query: String,
    document: String,
    ids: Vec<u32>,
    logit: f32,
    /// Layer, head, position.
    attention: Vec<Vec<Vec<f32>>>,
    /// The same, as the mean over the query's tokens instead of the first.
    request_attention: Vec<Vec<Vec<f32>>>,
}

fn expected() -> Expected {
    serde_json::from_slice(&std::fs::read(fixtures().join("expected.json")).unwrap()).unwrap()
}

fn load_embedder(name: &str) -> Embedder {
    Embedder::load(fixtures().join(name).to_str().unwrap(), Placement::REFERENCE).unwrap()
}

fn load_reranker(name: &str) -> Reranker {
    Reranker::load(fixtures().join(name).to_str().unwrap(), Placement::REFERENCE).unwrap()
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn vectors_are_those_of_sentence_transformers() {
    for (name, cases) in expected().embedders {
        let embedder = load_embedder(&name);
        let encodings: Vec<Encoding> = cases
            .iter()
            .map(|case| {
                let encoding = match case.role.as_str() {
                    "query" => embedder.encode_query(&case.text).remove(0),
                    _ => embedder.encode(&case.text, Role::Document),
                };
                assert_eq!(encoding.ids, case.ids, "{name}: {:?} as {}", case.text, case.role);
                encoding
            })
            .collect();
        // Together, and each alone.
        let together = embedder.embed(&encodings, &never).unwrap();
        for ((encoding, together), case) in encodings.iter().zip(&together).zip(&cases) {
            let alone = embedder.embed(std::slice::from_ref(encoding), &never).unwrap();
            assert_eq!(together.len(), embedder.dimensions());
            let off = worst(together, &case.vector).max(worst(&alone[0], &case.vector));
            assert!(off <= VECTOR, "{name}: {:?} as {} is off by {off}", case.text, case.role);
        }
    }
}

#[test]
fn logits_and_attention_are_those_of_transformers() {
    for (name, pairs) in expected().rerankers {
        let reranker = load_reranker(&name);
        let encodings: Vec<Encoding> = pairs
            .iter()
            .map(|pair| {
                let encoding = reranker.encode(&pair.query, &pair.document);
                assert_eq!(encoding.ids, pair.ids, "{name}: {:?}, {:?}", pair.query, pair.document);
                encoding
            })
            .collect();
        let scores = reranker.score(&encodings, &never).unwrap();
        for ((pair, encoding), score) in pairs.iter().zip(encodings).zip(scores) {
            assert!((score - pair.logit).abs() <= 1e-4, "{name}: {score}, transformers says {}", pair.logit);
            let document = Document::plain(pair.document.as_str());
            let capture = reranker.capture(document, encoding, &never).unwrap();
            assert!((capture.score - score).abs() <= 1e-5, "{name}: capturing changes the score");
            let request = reranker.from_request(&capture, &never).unwrap().expect("every query here has tokens");
            for (capture, wanted) in [(&capture, &pair.attention), (&request, &pair.request_attention)] {
                assert_eq!(capture.attention.layers, wanted.len());
                for (layer, heads) in wanted.iter().enumerate() {
                    for (head, row) in heads.iter().enumerate() {
                        let off = worst(capture.attention.row(layer, head), row);
                        assert!(off <= 1e-4, "{name}: attention of layer {layer}, head {head} is off by {off}");
                    }
                }
            }
        }
    }
}

/// What a directory says about its use becomes the profile.
#[test]
fn module_files_are_honoured() {
    let mean = load_embedder("bert-mean");
    let profile = mean.profile();
    assert_eq!((profile.pooling, profile.max_tokens), (Pooling::Mean, 20));
    assert_eq!((profile.query_prefix.as_str(), profile.document_prefix.as_str()), ("query: ", "passage: "));
    let dense = load_embedder("bert-dense");
    assert_eq!((dense.dimensions(), dense.profile().query_prefix.as_str()), (10, "tune the query: "));
    let long = load_embedder("xlmr-long");
    assert_eq!((long.profile().pooling, long.profile().max_tokens), (Pooling::Max, 700));
    // 66 rows of the table of positions, of which RoBERTa does not use the first two.
    assert_eq!(load_reranker("xlmr-cross").profile().max_tokens, 64);
}

/// Everything that changes a vector changes the fingerprint, and the place of the files does not.
#[test]
fn fingerprints() {
    let copy = tempfile::tempdir().unwrap();
    copy_model("bert-dense", copy.path());
    let fingerprint = || {
        let embedder = Embedder::load(copy.path().to_str().unwrap(), Placement::REFERENCE).unwrap();
        embedder.id().fingerprint.clone()
    };
    let original = load_embedder("bert-dense").id().fingerprint.clone();
    assert_eq!(fingerprint(), original);
    let dense = copy.path().join("3_Dense/config.json");
    let json = std::fs::read_to_string(&dense).unwrap();
    std::fs::write(&dense, json.replace("torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Tanh"))
        .unwrap();
    assert_ne!(fingerprint(), original);
    std::fs::write(&dense, json).unwrap();
    assert_eq!(fingerprint(), original);
    let weights = copy.path().join("2_Dense/model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    assert_ne!(fingerprint(), original);
}

/// Copies a fixture, to be damaged.
pub fn copy_model(name: &str, to: &std::path::Path) {
    let from = fixtures().join(name);
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        std::fs::create_dir_all(to.join(&directory)).unwrap();
        for entry in std::fs::read_dir(from.join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = directory.join(entry.file_name());
            if entry.path().is_dir() {
                directories.push(path);
            } else {
                std::fs::copy(entry.path(), to.join(path)).unwrap();
            }
        }
    }
}
