//! Qwen3 of the 0.6B shape with random weights: what reranking costs here and in transformers, on the same machine in
//! the same run.
//!
//! ```sh
//! SKILLSCOPE_PYTHON=/path/to/python cargo bench --bench models              # with torch and transformers; half an hour
//! SKILLSCOPE_PYTHON=/path/to/python cargo bench --bench models -- --layers 4    # a seventh of the network
//! cargo bench --bench models --features cuda                                # and on a GPU, where there is one
//! ```
//!
//! Layers are alike, so fewer of them change the ratios little; the output says how many there were.

mod checkpoint;
mod gpu;
mod reference;
mod work;

use std::time::{Duration, Instant};

use skillscope::model::qwen3::Setup;
use skillscope::model::{Device, Placement, Precision};

use work::{Model, Work};

/// Runs of each measurement; the best is printed, because everything else on the machine only ever adds to it.
const REPEATS: usize = 2;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| arguments.iter().position(|word| word == flag).and_then(|at| arguments.get(at + 1));
    let layers: usize = after("--layers").map_or(Ok(28), |count| count.parse())?;
    let directory = checkpoint::write(layers)?;
    let model = Model::open(&directory)?;
    let work = Work::new();
    println!("Qwen3 of the 0.6B shape, random weights, {layers} of its 28 layers, vocabulary cut to 20,000.");
    println!("Reranking {}.", work.describe());
    if after("--only").is_none_or(|only| only != "gpu") {
        println!(
            "\n| | ours, shared | ours, apart | transformers | ratio shared | ratio apart |\n|---|---|---|---|---|---|"
        );
        for precision in [Precision::F32, Precision::Bf16] {
            for threads in [1, 2] {
                compare(&model, &work, precision, threads)?;
            }
        }
    }
    gpu::measure(&model, &directory)
}

/// One row: both ways of ours, and theirs.
fn compare(model: &Model, work: &Work, precision: Precision, threads: usize) -> anyhow::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let setup = Setup::from(Placement { device: Device::Cpu, precision });
    let timed = |share_prefix: bool| -> anyhow::Result<(Duration, Vec<Vec<f32>>)> {
        let network = model.load(Setup { share_prefix, ..setup })?;
        best(|| pool.install(|| work.run(&network)))
    };
    let (shared, states) = timed(true)?;
    let (apart, _) = timed(false)?;
    let theirs = reference::measure(model, work, precision, threads, &states)?;
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    let ratio = |ours: Duration| match &theirs {
        Some(theirs) => format!("{:.2}", theirs.best.as_secs_f64() / ours.as_secs_f64()),
        None => "not measured".into(),
    };
    println!(
        "| {} on the processor, {threads} threads | {} | {} | {} | {} | {} |",
        precision.label(),
        seconds(shared),
        seconds(apart),
        theirs.as_ref().map_or("not measured".into(), |theirs| format!("{} ({})", seconds(theirs.best), theirs.note)),
        ratio(shared),
        ratio(apart),
    );
    Ok(())
}

/// The shortest of [`REPEATS`], and what it gave.
fn best<R>(mut work: impl FnMut() -> anyhow::Result<R>) -> anyhow::Result<(Duration, R)> {
    let mut timed = || -> anyhow::Result<(Duration, R)> {
        let start = Instant::now();
        let result = work()?;
        Ok((start.elapsed(), result))
    };
    let mut best = timed()?;
    for _ in 1..REPEATS {
        let next = timed()?;
        if next.0 < best.0 {
            best = next;
        }
    }
    Ok(best)
}
