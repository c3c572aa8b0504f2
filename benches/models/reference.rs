//! The same work by transformers.

use std::path::Path;
use std::process::{Command, Output};

use skillscope::model::Precision;

use crate::work::{BATCH, Model, Work};
use crate::{Cost, REPEATS};

pub struct Theirs {
    pub best: Cost,
    pub note: String,
}

/// What oneDNN is held to where its products with the processor's tiles end in an illegal instruction, as they do under
/// some hypervisors.
const WITHOUT_TILES: &str = "AVX512_CORE_FP16";

/// `None` where no Python is named. `states` are ours; theirs must agree, or the ratio would mean nothing.
pub fn measure(
    model: &Model,
    work: &Work,
    precision: Precision,
    threads: usize,
    states: &[Vec<f32>],
) -> anyhow::Result<Option<Theirs>> {
    let Ok(python) = std::env::var("SKILLSCOPE_PYTHON") else { return Ok(None) };
    let file = tempfile::NamedTempFile::new()?;
    let ids: Vec<&[u32]> = work.candidates.iter().map(|candidate| &candidate.ids[..]).collect();
    let asked = serde_json::json!({
        "model": model.directory, "dtype": precision.label(), "threads": threads, "batch": BATCH, "repeats": REPEATS,
        "ids": ids, "states": states, "device": "cpu",
    });
    serde_json::to_writer(&file, &asked)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/models/reference.py");
    let run = |isa: Option<&str>| -> std::io::Result<Output> {
        let mut command = Command::new(&python);
        command.arg(&script).arg(file.path()).envs(isa.map(|isa| ("ONEDNN_MAX_CPU_ISA", isa))).output()
    };
    let mut output = run(None)?;
    let mut limited = "";
    if output.status.code().is_none() {
        // Ended by a signal.
        output = run(Some(WITHOUT_TILES))?;
        limited = ", without AMX, which ends torch with a signal here";
    }
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let number = |key: &str| answer[key].as_f64().unwrap_or(f64::NAN);
    let best = Cost { wall: number("best"), processors: number("processors") };
    Ok(Some(Theirs { best, note: format!("{}{limited}", answer["version"].as_str().unwrap_or("unknown")) }))
}
