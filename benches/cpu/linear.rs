//! One matrix product, by each of our kernels and by PyTorch, bf16 in and out: as layers of a network hand activations
//! on, which for us is in tiles.

use rayon::prelude::*;
use skillscope::model::packed::{BLOCK, Lanes, Level, PackedLinear, Pair, Then, round_rows};

use crate::{reference, repeat};

/// (rows, inputs, outputs): MiniLM's up-projection of 512 tokens, Qwen3-0.6B's gate of 2,048.
const SHAPES: [(usize, usize, usize); 2] = [(512, 384, 1536), (2048, 1024, 3072)];

/// Panels of rows of a task, at most: 512 rows of k = 1,024 are 1 MB, half of a second cache of 2 MB.
const PANELS: usize = 16;

pub fn measure(threads: usize) -> anyhow::Result<()> {
    println!("| linear, GFLOP/s best (median) | ours | torch bf16 | ratio of the best |\n|---|---|---|---|");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    for (rows, input, output) in SHAPES {
        let flops = 2.0 * (rows * input * output) as f64;
        let speeds = |times: [f64; 2]| times.map(|seconds| flops / seconds / 1e9);
        let theirs = reference::linear([rows, input, output], threads)?.map(speeds);
        for level in Level::ALL.into_iter().filter(|level| level.available() && *level != Level::Portable) {
            let weight: Vec<f32> = (0..output * input).map(|i| (i % 17) as f32 / 17.0 - 0.5).collect();
            let linear = PackedLinear::new(level, &weight, output, input);
            let x: Vec<f32> = (0..rows * input).map(|i| (i % 13) as f32 / 13.0 - 0.5).collect();
            let mut tiles = vec![Pair::ZERO; rows / BLOCK * input / BLOCK];
            for (rows, panel) in x.chunks(BLOCK * input).zip(tiles.chunks_mut(input / BLOCK)) {
                round_rows(Lanes::best(), rows, input, panel);
            }
            let mut out = vec![Pair::ZERO; rows / BLOCK * output / BLOCK];
            let times = repeat(2, || pool.install(|| product(level, &linear, &tiles, &mut out, input)));
            let ours = speeds(times.map(|time| time.as_secs_f64()));
            let beside = theirs.map_or("not measured | -".into(), |theirs| {
                format!("{:.0} ({:.0}) | {:.2}", theirs[0], theirs[1], ours[0] / theirs[0])
            });
            println!("| {rows}×{input}×{output}, {} | {:.0} ({:.0}) | {beside} |", level.label(), ours[0], ours[1]);
        }
    }
    Ok(())
}

fn product(level: Level, linear: &PackedLinear, x: &[Pair], y: &mut [Pair], input: usize) {
    let (input, width, lanes) = (input / BLOCK, linear.output() / BLOCK, Lanes::best());
    let panels = (x.len() / input).div_ceil(rayon::current_num_threads()).min(PANELS);
    let tasks = x.par_chunks(panels * input).zip(y.par_chunks_mut(panels * width));
    tasks.for_each(|(x, y)| {
        level.with_multiply(|multiply| {
            linear.blocks(multiply, x, 0..width, |panel, column, sums| {
                lanes.rows(sums, &[0.0; BLOCK], Then::Scale(1.0), &mut y[panel * width + column]);
            });
        });
    });
}
