//! How fast evaluation is, and how much memory it takes:
//!
//! ```sh
//! cargo bench --bench eval                                   # prints Markdown
//! SKILLSCOPE_PYTHON=/path/to/python cargo bench --bench eval # with bm25s in the same run
//! ```
//!
//! Works on `../shared/benchmarks/skillrouter-dev` (6,810 skills, 37 requests); says so and stops where it is absent.
//! Each part runs in a process of its own, so that its peak memory is its own.

mod parts;
mod reference;
#[path = "../main_job/report.rs"]
#[allow(dead_code)] // Shared with the other benchmark, which uses all of it.
mod report;
mod synthetic;

use std::path::Path;
use std::process::Command;

use parts::{Part, Result};
use report::Report;

/// Names the part that a child process runs.
const PART: &str = "SKILLSCOPE_BENCH_PART";

fn main() -> anyhow::Result<()> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/benchmarks/skillrouter-dev");
    if !shared.exists() {
        println!("skipped: {} is not here", shared.display());
        return Ok(());
    }
    if let Some(part) = std::env::var(PART).ok().and_then(|name| Part::named(&name)) {
        let result = parts::run(part, &shared)?;
        println!("{}", serde_json::to_string(&result)?);
        return Ok(());
    }
    let mut report = Report::new();
    reference::compare(&shared, &mut report)?;
    for part in Part::ALL {
        let result = in_a_process_of_its_own(part)?;
        report.text(part.label(), sentence(&result), None);
    }
    report.print();
    Ok(())
}

fn in_a_process_of_its_own(part: Part) -> anyhow::Result<Result> {
    let output = Command::new(std::env::current_exe()?).env(PART, part.key()).output()?;
    anyhow::ensure!(output.status.success(), "{}: {}", part.key(), String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn sentence(result: &Result) -> String {
    let steps: Vec<String> = result.steps.iter().map(|(what, seconds)| format!("{what} {seconds:.2} s")).collect();
    format!(
        "{:.2} s in all ({}); {} requests over {} skills, nDCG@10 {:.4}; peak memory {} MB",
        result.steps.iter().map(|(_, seconds)| seconds).sum::<f64>(),
        steps.join(", "),
        result.requests,
        result.skills,
        result.ndcg,
        result.peak_kb / 1000
    )
}
