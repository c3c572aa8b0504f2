//! One matrix product, by each of our kernels and by PyTorch, bf16 in and out: as layers of a network hand activations
//! on, which for us is in tiles.

use skillscope::model::packed::{BLOCK, Level, PackedLinear, Pair, left_operand};

use crate::{reference, repeat};

/// (rows, inputs, outputs): MiniLM's up-projection of 512 tokens, Qwen3-0.6B's gate of 2,048.
const SHAPES: [(usize, usize, usize); 2] = [(512, 384, 1536), (2048, 1024, 3072)];

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
            let tiles = left_operand(&x, input);
            let mut out = vec![Pair::ZERO; rows / BLOCK * output / BLOCK];
            let times = repeat(2, || pool.install(|| linear.forward_tiles(&tiles, &mut out)));
            let ours = speeds(times.map(|time| time.as_secs_f64()));
            let beside = theirs.map_or("not measured | -".into(), |theirs| {
                format!("{:.0} ({:.0}) | {:.2}", theirs[0], theirs[1], ours[0] / theirs[0])
            });
            println!("| {rows}×{input}×{output}, {} | {:.0} ({:.0}) | {beside} |", level.label(), ours[0], ours[1]);
        }
    }
    Ok(())
}
