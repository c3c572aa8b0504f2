//! What bf16 products change, where this machine has units for them.

use std::path::{Path, PathBuf};

use skillscope::library::FieldSet;
use skillscope::library::load::{Source, load};
use skillscope::model::embedder::{Embedder, Role};
use skillscope::model::{Device, Placement, Precision, Reranker, never};
use skillscope::text::Encoding;

/// The loss that ranking does not see (cosine to f32).
const CLOSE: f64 = 0.9995;

fn bf16() -> Option<Placement> {
    let placement = Placement { device: Device::Cpu, precision: Precision::Bf16 };
    let fast = Embedder::load("builtin", placement).unwrap().placement().precision == Precision::Bf16;
    if !fast {
        eprintln!("this processor has no bf16 units that pay: nothing to compare");
    }
    fast.then_some(placement)
}

/// The demo library, and a thousand real skills where they are at hand.
fn sources() -> Vec<Source> {
    let pool =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/benchmarks/skillrouter-dev/easy/part-00001.jsonl.gz");
    let pool: Option<PathBuf> = pool.is_file().then_some(pool);
    std::iter::once(Source::Demo).chain(pool.map(|pool| Source::Paths(vec![pool]))).collect()
}

#[test]
fn vectors_stay_as_good_as_the_same() {
    let Some(placement) = bf16() else { return };
    let (exact, fast) = [Placement::REFERENCE, placement].map(|at| Embedder::load("builtin", at).unwrap()).into();
    for source in sources() {
        let library = load(&source).unwrap();
        let documents: Vec<Encoding> = library
            .skills()
            .iter()
            .take(1000)
            .map(|skill| exact.encode(&exact.document(skill, FieldSet::Full).text, Role::Document))
            .collect();
        let (a, b) = (exact.embed(&documents, &never).unwrap(), fast.embed(&documents, &never).unwrap());
        let cosines: Vec<f64> =
            a.iter().zip(&b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()).collect();
        let worst = cosines.iter().copied().fold(1.0, f64::min);
        println!(
            "{} skills: worst cosine {worst:.6}, mean {:.6}",
            cosines.len(),
            cosines.iter().sum::<f64>() / cosines.len() as f64
        );
        assert!(worst >= CLOSE, "{worst}");
    }
}

/// Scores of one request move by far less than what tells skills apart.
#[test]
fn scores_move_little() {
    let Some(placement) = bf16() else { return };
    let (exact, fast) = [Placement::REFERENCE, placement].map(|at| Reranker::load("builtin", at).unwrap()).into();
    let library = load(&Source::Demo).unwrap();
    let pairs: Vec<Encoding> = library
        .skills()
        .iter()
        .map(|skill| exact.encode("which commit broke the build", &exact.document(skill, FieldSet::Full).text))
        .collect();
    let (a, b) = (exact.score(&pairs, &never).unwrap(), fast.score(&pairs, &never).unwrap());
    let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let spread = a.iter().copied().fold(f32::MIN, f32::max) - a.iter().copied().fold(f32::MAX, f32::min);
    println!("worst change of a score {worst:.4}, spread of scores {spread:.2}");
    assert!(worst <= spread * 0.02, "{worst} of {spread}");
}
