//! Self-attention of one head of one sequence, on the same blocks as the linear layers.

use super::tiles::{Part, Tiles};
use super::{BLOCK, Block, Level};

/// Queries, keys and values of one head: the rows of `qkv` are those of one sequence, `[tokens, 3 · width]`.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub qkv: &'a [f32],
    /// Of all heads together.
    pub width: usize,
    /// First column of this head in each third.
    pub from: usize,
    pub size: usize,
}

impl<'a> Head<'a> {
    fn part(self, third: usize) -> Part<'a> {
        Part { data: self.qkv, stride: 3 * self.width, from: third * self.width + self.from, width: self.size }
    }

    /// `out[tokens, size] = softmax(Q·Kᵀ / √size)·V`; operands and weights rounded to bf16, sums in f32.
    ///
    /// # Panics
    /// If `out` has not that shape.
    pub fn attend(self, level: Level, out: &mut [f32]) {
        let tokens = self.part(0).count();
        assert_eq!(out.len(), tokens * self.size, "one row of {} values per token", self.size);
        let queries = Tiles::of_rows(self.part(0), 1.0 / (self.size as f32).sqrt());
        let (keys, values) = (Tiles::of_columns(self.part(1)), Tiles::of_values(self.part(2)));
        // Columns past the last key are never written: they stay without weight.
        let padded = tokens.next_multiple_of(BLOCK);
        let mut scores = vec![f32::NEG_INFINITY; BLOCK * padded];
        let mut weights = Tiles::blank(padded);
        let mut block = Block([0.0; BLOCK * BLOCK]);
        level.with_multiply(|multiply| {
            for (first, out) in out.chunks_mut(BLOCK * self.size).enumerate() {
                for key in 0..keys.panels() {
                    multiply(queries.panel(first), keys.panel(key), &mut block);
                    let real = BLOCK.min(tokens - key * BLOCK);
                    for (row, sums) in block.0.chunks_exact(BLOCK).enumerate() {
                        scores[row * padded + key * BLOCK..][..real].copy_from_slice(&sums[..real]);
                    }
                }
                let sums = weights.exponentials(&mut scores);
                // Exponentials stand where scores will; past the last key nothing may.
                for row in scores.chunks_exact_mut(padded) {
                    row[tokens..].fill(f32::NEG_INFINITY);
                }
                for panel in 0..values.panels() {
                    multiply(weights.panel(0), values.panel(panel), &mut block);
                    let from = panel * BLOCK;
                    let real = BLOCK.min(self.size - from);
                    let rows = out.chunks_exact_mut(self.size).zip(block.0.chunks_exact(BLOCK));
                    for ((out, block), sum) in rows.zip(sums) {
                        let scale = 1.0 / sum;
                        out[from..from + real].iter_mut().zip(block).for_each(|(x, y)| *x = y * scale);
                    }
                }
            }
        });
    }
}
