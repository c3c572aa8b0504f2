//! The block product as plain loops: what the other two must equal.

use half::bf16;

use super::tiles::TILE;
use super::{BLOCK, Block};

/// `c = a·b` of one block, whatever the length of its panels.
pub(super) fn multiply(a: &[u16], b: &[u16], c: &mut Block) {
    c.0.fill(0.0);
    let value = |bits: u16| bf16::from_bits(bits).to_f32();
    for (a, b) in a.chunks_exact(2 * TILE).zip(b.chunks_exact(2 * TILE)) {
        for row in 0..BLOCK {
            // A tile row is 32 values; the second tile's rows follow the first's.
            let left = &a[row * 32..(row + 1) * 32];
            for column in 0..BLOCK {
                let (tile, lane) = (column / 16, column % 16);
                let sum: f32 =
                    (0..32).map(|k| value(left[k]) * value(b[tile * TILE + k / 2 * 32 + lane * 2 + k % 2])).sum();
                c.0[row * BLOCK + column] += sum;
            }
        }
    }
}
