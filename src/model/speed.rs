//! What matrix products reach on this machine, as `doctor` says.

use std::time::{Duration, Instant};

use super::ops::linear::{Format, Linear};
use super::packed::{BLOCK, Level, PackedLinear, Pair, left_operand};
use super::{Device, Precision, pool};

/// MiniLM's up-projection of a step: rows for each thread, inputs, outputs.
const SHAPE: (usize, usize, usize) = (512, 384, 1536);
/// Long enough for processors to reach the clock they will keep, short enough for a command that is waited for.
const MEASURED: Duration = Duration::from_millis(100);

/// Matrix products on all threads of a pool.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// `amx-bf16`, `avx512-bf16` or `f32`.
    pub kernels: &'static str,
    /// The fastest of all products in the time.
    pub gflops: f64,
}

impl Speed {
    /// On the threads that models run on.
    pub fn measure() -> Self {
        pool::run(|| Speed::here(MEASURED))
    }

    /// Measures for so long, on the threads of the caller's pool, the products that networks on the processor are made of,
    /// in the precision that `auto` means.
    pub(super) fn here(time: Duration) -> Self {
        let precision = Precision::Auto.settled(Precision::Auto, Device::Cpu);
        let level = Level::fast().filter(|_| precision == Precision::Bf16);
        let (rows, input, output) = SHAPE;
        let rows = rows * rayon::current_num_threads();
        let some = |count: usize| (0..count).map(|i| (i % 17) as f32 / 17.0 - 0.5).collect::<Vec<_>>();
        let fastest = match level {
            // As layers multiply: activations come and go in tiles.
            Some(level) => {
                let linear = PackedLinear::new(level, &some(output * input), output, input);
                let x = left_operand(&some(rows * input), input);
                let mut y = vec![Pair::ZERO; rows / BLOCK * output / BLOCK];
                fastest(time, || linear.forward_tiles(&x, &mut y))
            }
            None => {
                let (linear, x) = (Linear::new(some(output * input), input, Format::of(precision)), some(rows * input));
                fastest(time, || drop(std::hint::black_box(linear.forward(&x))))
            }
        };
        let kernels = level.map_or("f32", Level::label);
        Speed { kernels, gflops: 2.0 * (rows * input * output) as f64 / fastest / 1e9 }
    }
}

/// Seconds of the fastest of all that fit the time.
fn fastest(time: Duration, mut product: impl FnMut()) -> f64 {
    let (start, mut fastest) = (Instant::now(), f64::MAX);
    while start.elapsed() < time {
        let start = Instant::now();
        product();
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    fastest
}
