//! The same work by PyTorch, where `SKILLSCOPE_PYTHON` names a Python that has it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// Best and median seconds of a product of these rows, inputs and outputs in bf16.
pub fn linear(shape: [usize; 3], threads: usize) -> anyhow::Result<Option<[f64; 2]>> {
    ask(&json!({ "work": "linear", "shape": shape, "dtype": "bf16", "threads": threads }))
}

/// Best seconds of a forward pass of `count` texts of `length` tokens.
pub fn forward(length: usize, count: usize, dtype: &str, threads: usize) -> anyhow::Result<Option<f64>> {
    let work = json!({ "work": "forward", "shape": [count, length], "dtype": dtype, "threads": threads });
    Ok(ask(&work)?.map(|[best, _]| best))
}

/// Best seconds of a forward pass of `[texts, tokens]` through the Qwen3 in a directory.
pub fn decoder(directory: &Path, shape: [usize; 2], threads: usize) -> anyhow::Result<Option<f64>> {
    let work = json!({ "work": "decoder", "model": directory, "shape": shape, "dtype": "bf16", "threads": threads });
    Ok(ask(&work)?.map(|[best, _]| best))
}

/// Seconds.
pub struct Whole {
    pub rerank: f64,
    /// `encode` alone.
    pub embed: f64,
    /// With imports, reading, loading and writing.
    pub index: f64,
}

/// What `benches/main_job/reference.py` says of this work, which it describes.
pub fn sentence_transformers(work: &Value) -> anyhow::Result<Option<Whole>> {
    let mut file = tempfile::NamedTempFile::new()?;
    serde_json::to_writer(&mut file, work)?;
    let Some(answer) = run("benches/main_job/reference.py", file.path().as_os_str())? else { return Ok(None) };
    let number = |key: &str| answer[key].as_f64().ok_or_else(|| anyhow::anyhow!("no {key} in {answer}"));
    let [rerank, embed, index] = [number("rerank_ms")? / 1e3, number("embed_seconds")?, number("index_seconds")?];
    Ok(Some(Whole { rerank, embed, index }))
}

fn ask(work: &Value) -> anyhow::Result<Option<[f64; 2]>> {
    let Some(answer) = run("benches/cpu/reference.py", work.to_string().as_ref())? else { return Ok(None) };
    let seconds = |key: &str| answer[key].as_f64().ok_or_else(|| anyhow::anyhow!("no {key} in {answer}"));
    Ok(Some([seconds("best")?, seconds("median")?]))
}

/// `None` where no Python is named. A Python that fails is an error, but for one that a signal ends: oneDNN does that
/// under hypervisors that hide leaf 1DH, which tells the shape of the processor's tiles; that is "not measured".
fn run(script: &str, argument: &OsStr) -> anyhow::Result<Option<Value>> {
    let Ok(python) = std::env::var("SKILLSCOPE_PYTHON") else { return Ok(None) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let output = Command::new(python).arg(&script).arg(argument).output()?;
    if output.status.code().is_none() {
        eprintln!("torch was ended by a signal: {} {}", script.display(), argument.display());
        return Ok(None);
    }
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}
