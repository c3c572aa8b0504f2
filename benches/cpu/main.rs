//! How near the processor's limit the matrix products are: `cargo bench --bench cpu`.
//!
//! With `SKILLSCOPE_PYTHON` naming a Python that has torch, its products are measured in the same run and the ratio is
//! printed; nothing else of these numbers may be compared between runs.

use std::time::{Duration, Instant};

use skillscope::model::packed::{Epilogue, Level, PackedLinear};

/// (rows, inputs, outputs): MiniLM's up-projection of 512 tokens, Qwen3-0.6B's gate of 2,048.
const SHAPES: [(usize, usize, usize); 2] = [(512, 384, 1536), (2048, 1024, 3072)];

fn main() -> Result<(), rayon::ThreadPoolBuildError> {
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        for (rows, input, output) in SHAPES {
            println!("linear {rows}×{input}×{output}, {threads} threads");
            for level in Level::ALL.into_iter().filter(|level| level.available() && *level != Level::Portable) {
                let weight: Vec<f32> = (0..output * input).map(|i| (i % 17) as f32 / 17.0 - 0.5).collect();
                let x: Vec<f32> = (0..rows * input).map(|i| (i % 13) as f32 / 13.0 - 0.5).collect();
                let mut y = vec![0.0; rows * output];
                let linear = PackedLinear::new(level, &weight, output, input);
                let times = repeat(|| pool.install(|| linear.forward(&x, &mut y, Epilogue::None)));
                let flops = 2.0 * (rows * input * output) as f64;
                let [best, median] = times.map(|time| flops / time.as_secs_f64() / 1e9);
                println!("  {:<12} best {best:7.0} median {median:7.0} GFLOP/s", level.label());
            }
        }
    }
    Ok(())
}

/// Best and median of two seconds.
fn repeat(mut work: impl FnMut()) -> [Duration; 2] {
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        let start = Instant::now();
        work();
        times.push(start.elapsed());
    }
    times.sort();
    [times[0], times[times.len() / 2]]
}
