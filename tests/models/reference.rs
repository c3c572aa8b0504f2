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

fn cosine_distance(a: &[f32], b: &[f32]) -> f64 {
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
#[cfg(feature = "builtin-models")]
fn builtin_embedder_stays_within_8_bit_error_of_the_reference() {
    let Some((_, expected)) = shared() else { return };
    embeddings_agree(&load_embedder("builtin"), &expected, 1e-3);
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

/// States what 8 bits change (printed with `--nocapture`), and holds it to what was seen when the files were made.
#[test]
#[cfg(feature = "builtin-models")]
fn builtin_reranker_keeps_scores_and_their_order() {
    let Some((_, expected)) = shared() else { return };
    let reranker = load_reranker("builtin");
    let encodings: Vec<_> =
        expected.reranker.iter().map(|pair| reranker.encode_raw(&pair.query, &pair.document)).collect();
    let scores = reranker.score(&encodings, &never).unwrap();
    for (score, pair) in scores.iter().zip(&expected.reranker) {
        println!("8-bit {score:.4}, f32 {:.4}, change {:+.4}", pair.score, score - pair.score);
        assert!((score - pair.score).abs() <= 0.2, "8-bit {score}, f32 {}", pair.score);
    }
}

/// What 8 bits change on real requests and skills: printed for assets/models/README.md, judged only where it would be
/// plainly broken. `cargo test --release --test models what_8_bits -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
#[cfg(feature = "builtin-models")]
fn what_8_bits_change() {
    const DOCUMENTS: usize = 20;
    let Some((models, _)) = shared() else { return };
    let benchmark = models.join("../benchmarks/skillrouter-dev");
    let tasks = std::fs::read_to_string(benchmark.join("tasks.jsonl")).unwrap();
    let pool = std::fs::File::open(benchmark.join("easy/part-00000.jsonl.gz")).unwrap();
    let pool = std::io::read_to_string(flate2::read::MultiGzDecoder::new(pool)).unwrap();
    let mut skills = pool.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());

    let exact = (
        load_embedder(models.join("embedder").to_str().unwrap()),
        load_reranker(models.join("reranker").to_str().unwrap()),
    );
    let built = (load_embedder("builtin"), load_reranker("builtin"));
    let (mut changes, mut flips, mut distances) = (Vec::new(), 0, Vec::new());
    for task in tasks.lines() {
        let task: serde_json::Value = serde_json::from_str(task).unwrap();
        let request = task["instruction_text"].as_str().or(task["query"].as_str()).unwrap();
        let documents: Vec<String> = skills
            .by_ref()
            .take(DOCUMENTS)
            .map(|skill| {
                let part = |key: &str| skill[key].as_str().unwrap_or_default().to_owned();
                [part("name"), part("description"), part("body")].join(" | ")
            })
            .collect();
        let pairs: Vec<_> = documents.iter().map(|document| built.1.encode(request, document)).collect();
        let [ours, theirs] = [&built.1, &exact.1].map(|reranker| reranker.score(&pairs, &never).unwrap());
        changes.extend(ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()));
        flips += (0..ours.len())
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .filter(|&(i, j)| (ours[i] > ours[j]) != (theirs[i] > theirs[j]))
            .count();
        let texts: Vec<_> = documents.iter().map(|document| built.0.encode(document, Role::Document)).collect();
        let [ours, theirs] = [&built.0, &exact.0].map(|embedder| embedder.embed(&texts, &never).unwrap());
        distances.extend(ours.iter().zip(&theirs).map(|(a, b)| cosine_distance(a, b)));
    }
    changes.sort_by(f32::total_cmp);
    distances.sort_by(f64::total_cmp);
    let pairs = changes.len() / DOCUMENTS * DOCUMENTS * (DOCUMENTS - 1) / 2;
    println!(
        "{} pairs of request and skill: score changes by {:.4} (median), {:.4} (95 %), {:.4} (most)",
        changes.len(),
        changes[changes.len() / 2],
        changes[changes.len() * 95 / 100],
        changes[changes.len() - 1]
    );
    println!("order of two skills turned: {flips} of {pairs} ({:.2} %)", 100.0 * flips as f64 / pairs as f64);
    println!(
        "documents: cosine distance {:.1e} (median), {:.1e} (most)",
        distances[distances.len() / 2],
        distances[distances.len() - 1]
    );
    assert!(flips * 50 < pairs && distances[distances.len() - 1] < 5e-3);
}
