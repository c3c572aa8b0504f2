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

/// To the last bit: each text begins rows of its own in the processor's tiles.
#[test]
fn neighbours_change_no_bit() {
    let Some(placement) = bf16() else { return };
    let (embedder, reranker) =
        (Embedder::load("builtin", placement).unwrap(), Reranker::load("builtin", placement).unwrap());
    // Lengths on both sides of a row of tiles and of two, and more texts than a block has rows.
    let word = |count: usize| vec!["merge"; count].join(" ");
    let texts: Vec<String> = (0..40).map(|index| word([1, 29, 30, 31, 62, 100, 200][index % 7] + index / 7)).collect();
    let documents: Vec<Encoding> = texts.iter().map(|text| embedder.encode(text, Role::Document)).collect();
    let pairs: Vec<Encoding> = texts.iter().map(|text| reranker.encode("split a file", text)).collect();
    let (vectors, scores) = (embedder.embed(&documents, &never).unwrap(), reranker.score(&pairs, &never).unwrap());
    for (index, text) in texts.iter().enumerate() {
        let what = format!("{} words", text.split(' ').count());
        assert_eq!(embedder.embed(&documents[index..=index], &never).unwrap()[0], vectors[index], "{what}");
        assert_eq!(reranker.score(&pairs[index..=index], &never).unwrap()[0], scores[index], "{what}");
    }
}

/// The rows that are shown are those of the products in bf16, and near those in f32.
#[test]
fn attention_moves_little_and_changes_no_score() {
    let Some(placement) = bf16() else { return };
    let (exact, fast) = [Placement::REFERENCE, placement].map(|at| Reranker::load("builtin", at).unwrap()).into();
    let library = load(&Source::Demo).unwrap();
    for skill in library.skills().iter().take(4) {
        let encoding = exact.encode("which commit broke the build", &exact.document(skill, FieldSet::Full).text);
        let capture = |reranker: &Reranker| {
            reranker.capture(exact.document(skill, FieldSet::Full), encoding.clone(), &never).unwrap()
        };
        let (a, b) = (capture(&exact), capture(&fast));
        assert_eq!(b.score, fast.score(std::slice::from_ref(&encoding), &never).unwrap()[0]);
        assert_eq!((a.attention.layers, a.attention.heads), (b.attention.layers, b.attention.heads));
        let worst = a.attention.weights.iter().zip(&b.attention.weights).map(|(a, b)| (a - b).abs());
        let worst = worst.fold(0.0, f32::max);
        println!("worst change of a weight {worst:.4}");
        // A token's attention is at most 1; confusing heads, layers or tokens changes it by tenths.
        assert!(worst < 0.05, "{worst}");
        let of_request = |reranker: &Reranker, capture| reranker.from_request(capture, &never).unwrap().unwrap();
        let (a, b) = (of_request(&exact, &a), of_request(&fast, &b));
        let worst = a.attention.weights.iter().zip(&b.attention.weights).map(|(a, b)| (a - b).abs());
        assert!(worst.fold(0.0, f32::max) < 0.05, "from the request");
    }
}
