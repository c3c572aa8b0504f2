//! Every level that this machine has against our loops in f32, on a random network whose weights are stored in bf16
//! (`tests/fixtures/qwen3/blocks`); `tests/models/qwen3.rs` compares both with transformers.

use std::path::Path;
use std::sync::Mutex;

use super::*;
use crate::model::forward::Output;
use crate::model::never;
use crate::model::ops::linear::Format;
use crate::model::qwen3::compute::run;
use crate::model::qwen3::fused::Fused;
use crate::model::weights::Bytes;
use crate::text::{Encoding, Segment};

/// Cosine distance that eight bits of every activation make, and a weight of attention.
const WITHIN: f64 = 2e-4;
const WEIGHT: f32 = 5e-3;

fn fixture() -> (Config, Vec<(String, Bytes)>) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3/blocks");
    let config = Config::parse(&std::fs::read(directory.join("config.json")).unwrap(), "config.json").unwrap();
    let bytes = std::fs::read(directory.join("model.safetensors")).unwrap().leak();
    (config, vec![("model.safetensors".into(), Bytes::Resident(bytes))])
}

/// Sequences that begin alike and end after, in and at the end of a panel.
fn sequences() -> Vec<Encoding> {
    let request: Vec<u32> = (0..41).map(|at| at * 37 % 1600).collect();
    let sequence = |length: u32| {
        let document = (0..length).map(|at| (at * 91 + length) % 1600);
        let ids: Vec<u32> = request.iter().copied().chain(document).collect();
        let segment = |at| if at < request.len() { Segment::Query } else { Segment::Document };
        Encoding { segments: (0..ids.len()).map(segment).collect(), ids, ..Encoding::default() }
    };
    [1, 23, 55, 100].map(sequence).into()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn every_level_is_the_same_network() {
    let (config, files) = fixture();
    let weights = Weights::parse(&files).unwrap();
    let loops = Fused::load(&weights, &config, Format::F32).unwrap();
    let sequences = sequences();
    let all: Vec<&Encoding> = sequences.iter().collect();
    for level in Level::ALL.into_iter().filter(|level| level.available()) {
        let tiled = Tiled::load(&weights, &config, level).unwrap();
        let prefix = Mutex::default();
        // Apart with all rows, sharing, and once more with what was kept; captured each time.
        let ways = [
            (Output::Tokens, None),
            (Output::Last, None),
            (Output::Last, Some(&prefix)),
            (Output::Last, Some(&prefix)),
        ];
        for (way, (output, prefix)) in ways.into_iter().enumerate() {
            let (expected, attention) = run(&loops, None, &all, output, true, &never).unwrap();
            let (found, weights) = run(&tiled, prefix, &all, output, true, &never).unwrap();
            assert_eq!(found.len(), expected.len());
            for (row, (found, expected)) in
                found.chunks_exact(config.hidden_size).zip(expected.chunks_exact(config.hidden_size)).enumerate()
            {
                let apart = distance(found, expected);
                assert!(apart < WITHIN, "{}, way {way}, row {row}: {apart}", level.label());
            }
            let (found, expected) = (weights.unwrap(), attention.unwrap());
            assert_eq!(found.len(), expected.len());
            let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < WEIGHT, "{}, way {way}: {worst}", level.label());
        }
    }
}

/// A text beside others has the bits it has alone.
#[test]
fn neighbours_change_no_bit() {
    let (config, files) = fixture();
    let tiled = Tiled::load(&Weights::parse(&files).unwrap(), &config, Level::Portable).unwrap();
    let sequences = sequences();
    let of = |sequences: &[&Encoding]| run(&tiled, None, sequences, Output::Last, false, &never).unwrap().0;
    let together = of(&sequences.iter().collect::<Vec<_>>());
    for (sequence, together) in sequences.iter().zip(together.chunks_exact(config.hidden_size)) {
        assert_eq!(of(&[sequence]), together);
    }
}
