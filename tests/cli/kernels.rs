//! `SKILLSCOPE_KERNELS`: every way of multiplying gives the same vectors, and one that is not there is an error.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::{Program, stderr};

const TEXTS: [&str; 2] = ["merge several PDF files into one", "tune a PID controller until it oscillates no more"];

fn embed(kernels: &str) -> Output {
    let program = Program::default();
    let mut command = program.command();
    command.env("SKILLSCOPE_KERNELS", kernels).args(["embed", "--device", "cpu"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines: String = TEXTS.iter().map(|text| format!("{}\n", serde_json::json!({ "text": text }))).collect();
    // A program that refuses its environment reads nothing.
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    child.wait_with_output().unwrap()
}

fn vectors(output: &Output) -> Vec<Vec<f64>> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|row| row["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect())
        .collect()
}

#[test]
fn every_level_agrees_with_f32_or_says_that_it_is_not_there() {
    let plain = embed("f32");
    assert!(plain.status.success(), "{}", stderr(&plain));
    let plain = vectors(&plain);
    assert_eq!(plain.len(), TEXTS.len());
    for level in ["amx-bf16", "avx512-bf16"] {
        let output = embed(level);
        if !output.status.success() {
            assert_eq!(output.status.code(), Some(2));
            assert!(stderr(&output).contains(&format!("this machine has no {level}; f32 works everywhere")));
            println!("{level} is not there");
            continue;
        }
        let rounded = vectors(&output);
        assert_ne!(rounded, plain, "{level}: bf16 is never f32 to the last bit, so this was not it");
        for (rounded, plain) in rounded.iter().zip(&plain) {
            let cosine: f64 = rounded.iter().zip(plain).map(|(a, b)| a * b).sum();
            assert!(cosine >= 0.9995, "{level}: cosine {cosine}");
        }
    }
}

#[test]
fn an_unknown_level_is_refused_before_anything_is_read() {
    let output = embed("sse9");
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("SKILLSCOPE_KERNELS is \"sse9\"; it is one of amx-bf16, avx512-bf16, f32"), "{text}");
    assert!(output.stdout.is_empty());
}
