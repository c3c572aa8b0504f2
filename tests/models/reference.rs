//! `../shared/models`: starter weights in f16 and what Hugging Face computes with them in f32.

use std::path::PathBuf;

use serde::Deserialize;
use skillscope::model::embedder::{Embedder, Role};
use skillscope::model::{Placement, Reranker, never};
use skillscope::text::Document;

#[derive(Deserialize)]
struct Expected {
    embedder: Vec<Embedded>,
    reranker: Vec<Scored>,
}

#[derive(Deserialize)]
struct Embedded {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
}

#[derive(Deserialize)]
struct Scored {
    query: String,
    document: String,
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    score: f32,
    cls_attention: Vec<Vec<Vec<f32>>>,
}

/// The shared models, or `None` with a line that says so where the checkout has none.
fn shared() -> Option<(PathBuf, Expected)> {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    let Ok(json) = std::fs::read(models.join("expected.json")) else {
        println!("skipped: {} is not there", models.display());
        return None;
    };
    Some((models, serde_json::from_slice(&json).unwrap()))
}

fn load_embedder(name: &str) -> Embedder {
    Embedder::load(name, Placement::REFERENCE).unwrap()
}

fn load_reranker(name: &str) -> Reranker {
    Reranker::load(name, Placement::REFERENCE).unwrap()
}

pub fn cosine_distance(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn embeddings_agree(embedder: &Embedder, expected: &Expected, tolerance: f64) {
    for (index, text) in expected.embedder.iter().enumerate() {
        let encoding = embedder.encode(&text.text, Role::Raw);
        assert_eq!(encoding.ids, text.ids, "ids of text {index}");
        let vector = &embedder.embed(&[encoding], &never).unwrap()[0];
        let distance = cosine_distance(vector, &text.vector);
        println!("text {index}: cosine distance {distance:.2e}");
        assert!(distance <= tolerance, "text {index}: cosine distance {distance:.2e}");
    }
}

#[test]
fn f16_embedder_gives_the_reference_vectors() {
    let Some((models, expected)) = shared() else { return };
    let embedder = load_embedder(models.join("embedder").to_str().unwrap());
    embeddings_agree(&embedder, &expected, 1e-5);
}

#[test]
fn f16_reranker_gives_the_reference_scores_and_attention() {
    let Some((models, expected)) = shared() else { return };
    let reranker = load_reranker(models.join("reranker").to_str().unwrap());
    for (index, pair) in expected.reranker.iter().enumerate() {
        let encoding = reranker.encode_raw(&pair.query, &pair.document);
        assert_eq!(encoding.ids, pair.ids, "ids of pair {index}");
        assert_eq!(encoding.type_ids, pair.type_ids, "segments of pair {index}");
        let score = reranker.score(std::slice::from_ref(&encoding), &never).unwrap()[0];
        assert!((score - pair.score).abs() <= 1e-3, "pair {index}: {score} instead of {}", pair.score);
        let capture = reranker.capture(Document::plain(&*pair.document), encoding, &never).unwrap();
        assert!((capture.score - score).abs() <= 1e-5, "capture changed the score of pair {index}");
        let worst = pair.cls_attention.iter().enumerate().flat_map(|(layer, heads)| {
            let attention = &capture.attention;
            heads.iter().enumerate().flat_map(move |(head, row)| {
                assert_eq!(row.len(), attention.positions);
                attention.row(layer, head).iter().zip(row).map(|(a, b)| (a - b).abs())
            })
        });
        let worst = worst.fold(0.0, f32::max);
        println!("pair {index}: score off by {:.1e}, attention by {worst:.1e}", (score - pair.score).abs());
        assert!(worst <= 1e-4, "attention of pair {index} is off by {worst}");
    }
}
