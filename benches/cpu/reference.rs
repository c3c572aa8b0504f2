//! The same work by PyTorch, where `SKILLSCOPE_PYTHON` names a Python that has it.

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

/// `None` where no Python is named. A Python that fails is an error, but for one that a signal ends: oneDNN does that
/// under hypervisors that hide leaf 1DH, which tells the shape of the processor's tiles; that is "not measured".
fn ask(work: &Value) -> anyhow::Result<Option<[f64; 2]>> {
    let Ok(python) = std::env::var("SKILLSCOPE_PYTHON") else { return Ok(None) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/cpu/reference.py");
    let output = Command::new(python).arg(script).arg(work.to_string()).output()?;
    if output.status.code().is_none() {
        eprintln!("torch was ended by a signal: {work}");
        return Ok(None);
    }
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    let seconds = |key: &str| answer[key].as_f64().ok_or_else(|| anyhow::anyhow!("no {key} in {answer}"));
    Ok(Some([seconds("best")?, seconds("median")?]))
}
