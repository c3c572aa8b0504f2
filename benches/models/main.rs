//! Qwen3 of the 0.6B shape with random weights: what reranking costs here and in transformers, on the same machine in
//! the same run.
//!
//! ```sh
//! SKILLSCOPE_PYTHON=/path/to/python cargo bench --bench models                  # with torch: half an hour
//! SKILLSCOPE_PYTHON=/path/to/python cargo bench --bench models -- --layers 4    # a seventh of the network
//! cargo bench --bench models --features cuda                                    # and on a GPU, where there is one
//! ```
//!
//! Layers are alike, so fewer of them change the ratios little; the output says how many there were.

mod checkpoint;
mod gpu;
mod reference;
mod work;

use std::time::Instant;

use skillscope::model::qwen3::Setup;
use skillscope::model::{Device, Placement, Precision};

use work::{Model, Work};

/// Runs of each measurement; the best is printed, because everything else on the machine only ever adds to it.
const REPEATS: usize = 2;

/// What a run took: on the clock, and of all processors together, which says more where others use them too.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub wall: f64,
    pub processors: f64,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} s ({:.2})", self.wall, self.processors)
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| arguments.iter().position(|word| word == flag).and_then(|at| arguments.get(at + 1));
    let layers: usize = after("--layers").map_or(Ok(28), |count| count.parse())?;
    let directory = checkpoint::write(layers)?;
    let model = Model::open(&directory)?;
    let work = Work::new();
    println!("Qwen3 of the 0.6B shape, random weights, {layers} of its 28 layers, vocabulary cut to 20,000.");
    println!("Reranking {}. In brackets: time of all processors together.", work.describe());
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
    let timed = |share_prefix: bool| -> anyhow::Result<(Cost, Vec<Vec<f32>>)> {
        let network = model.load(Setup { share_prefix, ..setup })?;
        best(|| pool.install(|| work.run(&network)))
    };
    let (shared, states) = timed(true)?;
    let (apart, _) = timed(false)?;
    let theirs = reference::measure(model, work, precision, threads, &states)?;
    let ratio = |ours: Cost| match &theirs {
        Some(theirs) => {
            let Cost { wall, processors } = theirs.best;
            format!("{:.2} ({:.2})", wall / ours.wall, processors / ours.processors)
        }
        None => "not measured".into(),
    };
    println!(
        "| {} on the processor, {threads} threads | {} | {} | {} | {} | {} |",
        precision.label(),
        shared,
        apart,
        theirs.as_ref().map_or("not measured".into(), |theirs| format!("{}; {}", theirs.best, theirs.note)),
        ratio(shared),
        ratio(apart),
    );
    Ok(())
}

/// The least of [`REPEATS`], and what the last gave.
fn best<R>(mut work: impl FnMut() -> anyhow::Result<R>) -> anyhow::Result<(Cost, R)> {
    let mut timed = || -> anyhow::Result<(Cost, R)> {
        let (start, processors) = (Instant::now(), processor_seconds());
        let result = work()?;
        Ok((Cost { wall: start.elapsed().as_secs_f64(), processors: processor_seconds() - processors }, result))
    };
    let (mut best, mut result) = timed()?;
    for _ in 1..REPEATS {
        let (next, last) = timed()?;
        best = Cost { wall: best.wall.min(next.wall), processors: best.processors.min(next.processors) };
        result = last;
    }
    Ok((best, result))
}

/// Processor time of this process so far, in seconds.
fn processor_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec, which is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
