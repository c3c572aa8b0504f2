//! candle's operations, forced on the processor, against our loops and against transformers.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::model::head::ScoreHead;
use crate::model::source::{Architecture, Kind, ModelFiles};
use crate::model::{ModelSource, never};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders")
}

fn open(name: &str, kind: Kind) -> (ModelFiles, Config) {
    let files = ModelSource::Directory(fixtures().join(name)).open(kind).unwrap();
    let Architecture::Bert(config) = files.architecture.clone() else { panic!("not a BERT") };
    (files, config)
}

fn load(files: &ModelFiles, config: &Config, compute: Compute) -> Bert {
    Bert::load(&files.weights().unwrap(), config.clone(), true, compute).unwrap()
}

fn close(a: &[f32], b: &[f32], within: f32, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= within, "{what} is off by {worst}");
}

/// Pairs of all lengths there are, so that buckets are padded.
fn pairs(files: &ModelFiles) -> Vec<Encoding> {
    let text = "merge two PDF files, tune the query planner <pad> of a database before review ".repeat(3);
    let lengths = [1, 230, 3, 90, 64, 4, 61, 17, 88, 2];
    lengths.map(|length| files.tokenizer.encode_pair(&text[..length.min(40)], &text[..length], 64)).into()
}

#[test]
fn candle_agrees_with_our_loops() {
    let models = ["bert-cross", "xlmr-cross", "distilbert-cross", "bert-gamma", "bert-cls", "bert-last", "xlmr-long"];
    for name in models {
        let (files, config) = open(name, Kind::Embedder);
        let ours = load(&files, &config, Compute::Loops(Arithmetic::F32));
        let candles = load(&files, &config, Compute::Candle(&Device::Cpu, DType::F32));
        let rounded = load(&files, &config, Compute::Candle(&Device::Cpu, DType::BF16));
        let pairs = pairs(&files);
        let pairs: Vec<&Encoding> = pairs.iter().collect();
        for output in [Output::Tokens, Output::First, Output::Last] {
            let what = format!("{name} {output:?}");
            let [ours, candles, rounded] =
                [&ours, &candles, &rounded].map(|bert| bert.forward(&pairs, output, true, &never).unwrap());
            close(&candles.values, &ours.values, 1e-4, &what);
            // Of numbers around 1, through two layers of bf16 (8 bits).
            close(&rounded.values, &ours.values, 0.15, &format!("{what} in bf16"));
            let [ours, candles] = [ours, candles].map(|hidden| hidden.attention.unwrap());
            assert_eq!((ours.layers, ours.heads, ours.positions), (2, 3, pairs[0].ids.len()));
            close(&candles.weights, &ours.weights, 1e-4, &format!("{what}: attention"));
        }
    }
}

/// One row of the last layer is the row of all of them, and so is its attention.
#[test]
fn one_token_alone_is_the_token_among_all() {
    let (files, config) = open("xlmr-cross", Kind::Reranker);
    let pairs = pairs(&files);
    let pairs: Vec<&Encoding> = pairs.iter().collect();
    for compute in [Compute::Loops(Arithmetic::F32), Compute::Candle(&Device::Cpu, DType::F32)] {
        let bert = load(&files, &config, compute);
        let all = bert.forward(&pairs, Output::Tokens, true, &never).unwrap();
        let width = config.hidden_size;
        for output in [Output::First, Output::Last] {
            let one = bert.forward(&pairs, output, true, &never).unwrap();
            for (index, span) in all.spans.iter().enumerate() {
                let row = if output == Output::First { span.start } else { span.end - 1 };
                let (one, all) = (&one.values[index * width..], &all.values[row * width..]);
                close(&one[..width], &all[..width], 1e-5, "a row");
            }
            if output == Output::First {
                close(&one.attention.unwrap().weights, &all.attention.as_ref().unwrap().weights, 1e-6, "its attention");
            }
        }
    }
}

#[test]
fn candle_agrees_with_transformers() {
    let expected: Value = serde_json::from_slice(&std::fs::read(fixtures().join("expected.json")).unwrap()).unwrap();
    for (name, cases) in expected["rerankers"].as_object().unwrap() {
        let (files, config) = open(name, Kind::Reranker);
        let bert = load(&files, &config, Compute::Candle(&Device::Cpu, DType::F32));
        let head = ScoreHead::load(&files.weights().unwrap(), &config).unwrap();
        for case in cases.as_array().unwrap() {
            let text = |key: &str| case[key].as_str().unwrap();
            let encoding = files.tokenizer.encode_pair(text("query"), text("document"), 64);
            let hidden = bert.forward(&[&encoding], Output::First, true, &never).unwrap();
            let logit = case["logit"].as_f64().unwrap() as f32;
            close(&[head.score(&hidden.values)], &[logit], 1e-4, &format!("{name}: logit"));
            let attention: Vec<f32> = flat(&case["attention"]);
            close(&hidden.attention.unwrap().weights, &attention, 1e-4, &format!("{name}: attention"));
        }
    }
}

fn flat(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(list) => list.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap() as f32],
    }
}

#[test]
fn candle_stops_between_layers() {
    let (files, config) = open("bert-cross", Kind::Reranker);
    let bert = load(&files, &config, Compute::Candle(&Device::Cpu, DType::F32));
    let encoding = files.tokenizer.encode_pair("a", "b", 64);
    assert!(matches!(bert.forward(&[&encoding], Output::First, false, &|| true), Err(RunError::Stopped)));
}
