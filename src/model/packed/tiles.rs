//! bf16 panels in the order in which blocks are multiplied.
//!
//! A tile is 1 KB: 16 rows of 64 bytes. Of the left operand a tile row is 32 values of one row; of the right one it is,
//! for 16 columns, the two values of one pair of k (Intel's layout for `tdpbf16ps`; SDM volume 2, TDPBF16PS). A panel is
//! for each 32 of k the two tiles of its 32 rows (or columns).

use half::bf16;
use rayon::prelude::*;

use super::{BLOCK, avx512};
use crate::model::kernels;

/// Values of k in a tile.
const DEPTH: usize = 32;
/// Rows of a tile, and columns of the right operand's.
const SIDE: usize = 16;
/// bf16 values in a tile.
pub(super) const TILE: usize = SIDE * DEPTH;

/// One cache line of bf16 values.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line([u16; DEPTH]);

/// A matrix inside a slice: rows that are `stride` apart, of which `width` columns from `from` on count.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub data: &'a [f32],
    pub stride: usize,
    pub from: usize,
    pub width: usize,
}

impl<'a> Part<'a> {
    pub fn rows(self) -> impl Iterator<Item = &'a [f32]> {
        self.data.chunks_exact(self.stride).map(move |row| &row[self.from..self.from + self.width])
    }

    pub fn count(self) -> usize {
        self.data.len() / self.stride
    }
}

/// Panels of equal length, aligned to cache lines.
#[derive(Debug)]
pub(super) struct Tiles {
    lines: Vec<Line>,
    /// Cache lines of a panel.
    length: usize,
}

impl Tiles {
    fn zeroed(count: usize, input: usize) -> Self {
        let panels = count.div_ceil(BLOCK);
        let length = input.div_ceil(DEPTH) * 2 * SIDE;
        Tiles { lines: vec![Line([0; DEPTH]); panels * length], length }
    }

    /// A left operand of one panel whose values are still to come, for `input` values of k.
    pub fn blank(input: usize) -> Self {
        Tiles::zeroed(BLOCK, input)
    }

    /// The left operand from a part of a matrix, its values multiplied by `scale`.
    pub fn of_rows(part: Part, scale: f32) -> Self {
        let mut tiles = Tiles::zeroed(part.count(), part.width);
        let length = tiles.length;
        for (row, values) in part.rows().enumerate() {
            let panel = &mut tiles.lines[row / BLOCK * length..];
            for (block, values) in values.chunks(DEPTH).enumerate() {
                round_scaled(values, scale, &mut panel[block * 2 * SIDE + row % BLOCK].0);
            }
        }
        tiles
    }

    /// The right operand whose columns are the rows of `part`: keys.
    pub fn of_columns(part: Part) -> Self {
        let mut tiles = Tiles::zeroed(part.count(), part.width);
        let length = tiles.length;
        let mut rounded = [0; DEPTH];
        for (column, values) in part.rows().enumerate() {
            let panel = &mut tiles.lines[column / BLOCK * length..];
            let (tile, lane) = (column % BLOCK / SIDE, column % SIDE);
            for (block, values) in values.chunks(DEPTH).enumerate() {
                rounded.fill(0);
                round_scaled(values, 1.0, &mut rounded);
                let lines = &mut panel[(block * 2 + tile) * SIDE..][..SIDE];
                for (line, pair) in lines.iter_mut().zip(rounded.chunks_exact(2)) {
                    line.0[2 * lane..2 * lane + 2].copy_from_slice(pair);
                }
            }
        }
        tiles
    }

    /// The right operand whose k runs over the rows of `part`: values.
    pub fn of_values(part: Part) -> Self {
        let mut tiles = Tiles::zeroed(part.width, part.count());
        let length = tiles.length;
        let mut rounded = [0; DEPTH];
        for (k, values) in part.rows().enumerate() {
            let (block, line) = (k / DEPTH, k % DEPTH / 2);
            for (panel, values) in values.chunks(BLOCK).enumerate() {
                rounded.fill(0);
                round_scaled(values, 1.0, &mut rounded);
                for (tile, half) in rounded.chunks_exact(SIDE).enumerate() {
                    let line = &mut tiles.lines[panel * length + (block * 2 + tile) * SIDE + line].0;
                    for (pair, &value) in line.chunks_exact_mut(2).zip(half) {
                        pair[k % 2] = value;
                    }
                }
            }
        }
        tiles
    }

    /// `e^(x - max)` of [`BLOCK`] rows of scores becomes the only panel; the sums of the unrounded values are returned.
    /// `scores` has rows of whole tiles, `f32::NEG_INFINITY` where there is nothing, and is left as exponentials.
    pub fn exponentials(&mut self, scores: &mut [f32]) -> [f32; BLOCK] {
        let width = scores.len() / BLOCK;
        let mut sums = [0.0; BLOCK];
        kernels::exp_rows(scores, width, &mut sums);
        for (row, values) in scores.chunks_exact(width).enumerate() {
            for (block, values) in values.chunks_exact(DEPTH).enumerate() {
                round(values, &mut self.lines[block * 2 * SIDE + row].0);
            }
        }
        sums
    }

    /// The left operand: row-major `[rows, input]`.
    pub fn rows(x: &[f32], input: usize) -> Self {
        let mut tiles = Tiles::zeroed(x.len() / input, input);
        let panels = tiles.lines.par_chunks_mut(tiles.length);
        panels.zip(x.par_chunks(BLOCK * input)).for_each(|(panel, rows)| {
            for (row, values) in rows.chunks_exact(input).enumerate() {
                for (block, values) in values.chunks(DEPTH).enumerate() {
                    round(values, &mut panel[block * 2 * SIDE + row].0);
                }
            }
        });
        tiles
    }

    /// The right operand: row-major `[output, input]`, whose rows become the columns of the product.
    pub fn columns(weight: &[f32], input: usize) -> Self {
        let mut tiles = Tiles::zeroed(weight.len() / input, input);
        let panels = tiles.lines.par_chunks_mut(tiles.length);
        panels.zip(weight.par_chunks(BLOCK * input)).for_each(|(panel, rows)| {
            for (column, values) in rows.chunks_exact(input).enumerate() {
                let (tile, lane) = (column / SIDE, column % SIDE);
                for (pair, values) in values.chunks(2).enumerate() {
                    let (block, line) = (pair / SIDE, pair % SIDE);
                    let line = &mut panel[(block * 2 + tile) * SIDE + line].0;
                    for (value, slot) in values.iter().zip(&mut line[2 * lane..]) {
                        *slot = bf16::from_f32(*value).to_bits();
                    }
                }
            }
        });
        tiles
    }

    pub fn panels(&self) -> usize {
        self.lines.len().checked_div(self.length).unwrap_or(0)
    }

    /// One panel: a whole number of pairs of tiles.
    pub fn panel(&self, index: usize) -> &[u16] {
        let lines = &self.lines[index * self.length..(index + 1) * self.length];
        // SAFETY: a Line is exactly DEPTH u16 values without padding, so a slice of them is that many values.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * DEPTH) }
    }
}

/// To nearest, ties to even, without a branch so that it is vectorised; a NaN stays one because its quiet bit is in the
/// upper half (networks have no signalling ones).
fn round(values: &[f32], out: &mut [u16; DEPTH]) {
    round_scaled(values, 1.0, out);
}

fn round_scaled(values: &[f32], scale: f32, out: &mut [u16; DEPTH]) {
    if let Ok(values) = values.try_into()
        && avx512::available()
    {
        return avx512::round(values, scale, out);
    }
    for (value, slot) in values.iter().zip(out) {
        *slot = rounded(value * scale);
    }
}

#[inline(always)]
fn rounded(value: f32) -> u16 {
    let bits = value.to_bits();
    (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}
