//! How fast the networks are: printed, never judged (machines differ).
//! `cargo test --release --test models speed -- --ignored --nocapture`

use std::time::{Duration, Instant};

use skillscope::model::embedder::{Embedder, Role};
use skillscope::model::{Device, Placement, Reranker, never};
use skillscope::text::Encoding;

fn best_of<R>(runs: usize, mut work: impl FnMut() -> R) -> Duration {
    let time = |_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed()
    };
    (0..runs).map(time).min().unwrap_or_default()
}

/// Prose of about this many tokens, another one for every seed.
fn prose(tokens: usize, seed: usize) -> String {
    let words = ["merge", "pdf", "files", "and", "keep", "bookmarks", "deploy", "a", "kubernetes", "cluster", "with"];
    (0..tokens).map(|i| words[(i * 7 + i / 3 + seed) % words.len()]).collect::<Vec<_>>().join(" ")
}

#[test]
#[ignore = "a measurement"]
fn measure() {
    for placement in [Placement::REFERENCE, Device::Cpu.into()] {
        measure_at(placement);
    }
}

fn measure_at(placement: Placement) {
    let load = || {
        std::thread::scope(|scope| {
            let embedder = scope.spawn(|| Embedder::load("builtin", placement).unwrap());
            let reranker = Reranker::load("builtin", placement).unwrap();
            (embedder.join().unwrap(), reranker)
        })
    };
    println!(
        "load both built-in models, first time: {:.1?}; best of 5 more: {:.1?}",
        best_of(1, load),
        best_of(5, load)
    );

    let embedder = Embedder::load("builtin", placement).unwrap();
    println!("{}", embedder.placement());
    let documents: Vec<Encoding> = (0..32).map(|seed| embedder.encode(&prose(300, seed), Role::Document)).collect();
    let tokens: usize = documents.iter().map(|document| document.ids.len()).sum();
    let time = best_of(5, || embedder.embed(&documents, &never).unwrap());
    println!(
        "embed {} x {}: {time:.0?}, {:.0} tokens/s",
        documents.len(),
        tokens / 32,
        tokens as f64 / time.as_secs_f64()
    );

    let query = embedder.encode_query("merge two PDF files and keep the bookmarks");
    println!(
        "embed one query of {} tokens: {:.1?}",
        query[0].ids.len(),
        best_of(20, || embedder.embed(&query, &never))
    );

    let reranker = Reranker::load("builtin", placement).unwrap();
    let body = prose(4000, 3);
    let encode = || reranker.encode("merge two PDF files and keep the bookmarks", &body);
    println!("encode one pair with a document of {} bytes: {:.1?}", body.len(), best_of(20, encode));
    let whole = || reranker.encode_raw("merge two PDF files and keep the bookmarks", &body);
    println!("the same, read whole: {:.1?}", best_of(20, whole));
    let pairs: Vec<Encoding> = (0..20).map(|seed| reranker.encode("merge two PDF files", &prose(300, seed))).collect();
    println!("rerank 4 x {}: {:.0?}", pairs[0].ids.len(), best_of(8, || reranker.score(&pairs[..4], &never)));
    println!("rerank 20 x {}: {:.0?}", pairs[0].ids.len(), best_of(8, || reranker.score(&pairs, &never)));
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("peak memory: {line}"));
    }
}
