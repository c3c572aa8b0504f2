//! The 8-bit networks inside the program against what transformers computes in f32 with the f16 weights they were made
//! from (`training/expected.py`).

use std::path::PathBuf;

use serde::Deserialize;
use skillscope::model::embedder::{Embedder, Role};
use skillscope::model::{Placement, Prior, Reranker, never};

use super::reference::cosine_distance;

#[derive(Deserialize)]
struct Expected {
    embedder: Vec<Embedded>,
    /// Requests of several parts.
    long: Vec<Embedded>,
    reranker: Vec<Scored>,
}

#[derive(Deserialize)]
struct Embedded {
    text: String,
    vector: Vec<f32>,
}

#[derive(Deserialize)]
struct Scored {
    query: String,
    document: String,
    score: f32,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("../fixtures/builtin/expected.json")).unwrap()
}

fn load_embedder(name: &str) -> Embedder {
    Embedder::load(name, Placement::REFERENCE).unwrap()
}

fn load_reranker(name: &str) -> Reranker {
    Reranker::load(name, Placement::REFERENCE).unwrap()
}

#[test]
fn vectors_stay_within_8_bit_error_of_the_reference() {
    let embedder = load_embedder("builtin");
    for (index, text) in expected().embedder.iter().enumerate() {
        let encoding = embedder.encode(&text.text, Role::Document);
        let vector = &embedder.embed(&[encoding], &never).unwrap()[0];
        let distance = cosine_distance(vector, &text.vector);
        println!("text {index}: cosine distance {distance:.2e}");
        assert!(distance <= 1e-3, "text {index}: cosine distance {distance:.2e}");
    }
}

#[test]
fn a_long_request_is_the_mean_of_its_parts() {
    let embedder = load_embedder("builtin");
    let parts: Vec<_> = expected().long.iter().map(|text| embedder.encode_query(&text.text).len()).collect();
    assert_eq!(parts, [3, 8]);
    for text in expected().long {
        let vector = &embedder.embed_queries(&["x", &text.text], &never).unwrap()[1];
        let distance = cosine_distance(vector, &text.vector);
        println!("{} bytes: cosine distance {distance:.2e}", text.text.len());
        assert!(distance <= 1e-3, "cosine distance {distance:.2e}");
    }
}

#[test]
fn scores_stay_within_8_bit_error_of_the_reference() {
    let (reranker, expected) = (load_reranker("builtin"), expected());
    for pair in &expected.reranker {
        let encoding = reranker.encode(&pair.query, &pair.document);
        let score = reranker.score(&[encoding], &never).unwrap()[0];
        println!("8-bit {score:.4}, f32 {:.4}, change {:+.4}", pair.score, score - pair.score);
        assert!((score - pair.score).abs() <= 0.2, "8-bit {score}, f32 {}", pair.score);
    }
}

/// Two words are two tokens, and a request that is cut counts as long as it is read.
#[test]
fn stage_1_has_more_to_say_of_a_long_request() {
    let (embedder, reranker) = (load_embedder("builtin"), load_reranker("builtin"));
    let profile = reranker.profile();
    let weight = |request: &str| match reranker.prior(request, embedder.profile().fusion) {
        Prior::Scores(weight) => f32::from(weight),
        Prior::Ranks(_) => panic!("the shortlist is fused by scores"),
    };
    let (base, each) = (f32::from(profile.score_prior), f32::from(profile.score_prior_per_token));
    assert!(each > 0.0 && (weight("merge files") - (base + 2.0 * each)).abs() < 1e-4);
    let longest = weight(&"word ".repeat(5000)) - base;
    assert!(
        longest <= profile.max_tokens as f32 * each && longest > 0.9 * profile.max_tokens as f32 * each,
        "{longest}"
    );
    assert_eq!(reranker.prior("merge files", None), Prior::Ranks(profile.rank_prior));
}

/// What 8 bits change on real requests and skills: printed for assets/models/README.md, judged only where it would be
/// plainly broken. The f16 files are those that `training/quantise.py` was given:
/// `SKILLSCOPE_F16=work cargo test --release --test models what_8_bits -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn what_8_bits_change() {
    const DOCUMENTS: usize = 20;
    let models = PathBuf::from(std::env::var("SKILLSCOPE_F16").expect("SKILLSCOPE_F16 names the folder of both"));
    let benchmark = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/benchmarks/skillrouter-dev");
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
