//! bf16 operands in the order in which blocks are multiplied.
//!
//! A tile is 1 KB: 16 rows of 64 bytes. Of a left operand a tile row is 32 values of one row; of a right one it is, for
//! 16 columns, the two values of one pair of k (Intel's layout for `tdpbf16ps`; SDM volume 2, TDPBF16PS). Two tiles,
//! for [`BLOCK`] rows or columns, are a [`Pair`]; the pairs of the same rows (or columns) over all of k are a panel.

use half::bf16;
use rayon::prelude::*;

use super::{BLOCK, Lanes};

/// Values of k in a tile.
pub(super) const DEPTH: usize = 32;
/// Rows of a tile, and columns of the right operand's.
pub(super) const SIDE: usize = 16;
/// bf16 values in a tile.
pub(super) const TILE: usize = SIDE * DEPTH;

/// Two tiles, as bits of bf16: 32 lines of 32 values. Line `r` of a left operand is its row `r`; line `16·t + p` of a
/// right one holds the values `2p` and `2p + 1` of k for each of the columns `16·t` to `16·t + 15`.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Pair(pub(super) [u16; 2 * TILE]);

impl Pair {
    pub const ZERO: Pair = Pair([0; 2 * TILE]);

    /// A line of a left operand: 32 values of k of one row.
    pub fn line(&self, row: usize) -> &[u16; DEPTH] {
        &self.0.as_chunks().0[row]
    }

    pub fn line_mut(&mut self, row: usize) -> &mut [u16; DEPTH] {
        &mut self.0.as_chunks_mut().0[row]
    }

    /// Of a left operand: the rows from this one on become zero.
    pub fn clear_from(&mut self, row: usize) {
        self.0[row * DEPTH..].fill(0);
    }

    /// Of a right operand: this column becomes one of another.
    pub fn copy_column(&mut self, column: usize, other: &Pair, from: usize) {
        for pair in 0..SIDE {
            let (to, from) = ([column / SIDE * SIDE + pair, column % SIDE], [from / SIDE * SIDE + pair, from % SIDE]);
            let values = &other.line(from[0])[2 * from[1]..][..2];
            self.line_mut(to[0])[2 * to[1]..][..2].copy_from_slice(values);
        }
    }

    /// Of a right operand: the values of this k become those of one of another.
    pub fn copy_depth(&mut self, k: usize, other: &Pair, from: usize) {
        for column in 0..BLOCK {
            let (line, lane) = (column / SIDE * SIDE, 2 * (column % SIDE));
            self.line_mut(line + k / 2)[lane + k % 2] = other.line(line + from / 2)[lane + from % 2];
        }
    }

    /// Of a right operand: the values of k of one column.
    pub fn column(&self, column: usize) -> impl Iterator<Item = u16> {
        let lines = &self.0.as_chunks::<DEPTH>().0[column / SIDE * SIDE..][..SIDE];
        let lane = column % SIDE;
        lines.iter().flat_map(move |line| [line[2 * lane], line[2 * lane + 1]])
    }
}

/// Panels of equal depth, one after another.
#[derive(Debug)]
pub(super) struct Tiles {
    pairs: Vec<Pair>,
    /// Pairs of a panel.
    depth: usize,
}

impl Tiles {
    fn zeroed(count: usize, input: usize) -> Self {
        let depth = input.div_ceil(DEPTH);
        Tiles { pairs: vec![Pair::ZERO; count.div_ceil(BLOCK) * depth], depth }
    }

    /// The left operand: row-major `[rows, input]`, rounded to nearest.
    pub fn rows(x: &[f32], input: usize) -> Self {
        let mut tiles = Tiles::zeroed(x.len() / input, input);
        let lanes = Lanes::best();
        let panels = tiles.pairs.par_chunks_mut(tiles.depth);
        panels.zip(x.par_chunks(BLOCK * input)).for_each(|(panel, rows)| round_rows(lanes, rows, input, panel));
        tiles
    }

    /// The right operand: row-major `[output, input]`, whose rows become the columns of the product.
    pub fn columns(weight: &[f32], input: usize) -> Self {
        let mut tiles = Tiles::zeroed(weight.len() / input, input);
        let panels = tiles.pairs.par_chunks_mut(tiles.depth);
        panels.zip(weight.par_chunks(BLOCK * input)).for_each(|(panel, rows)| {
            for (column, values) in rows.chunks_exact(input).enumerate() {
                let (tile, lane) = (column / SIDE, column % SIDE);
                for (pair, values) in values.chunks(2).enumerate() {
                    let line = panel[pair / SIDE].line_mut(tile * SIDE + pair % SIDE);
                    for (value, slot) in values.iter().zip(&mut line[2 * lane..]) {
                        *slot = bf16::from_f32(*value).to_bits();
                    }
                }
            }
        });
        tiles
    }

    pub fn panel(&self, index: usize) -> &[Pair] {
        &self.pairs[index * self.depth..(index + 1) * self.depth]
    }
}

/// Row-major `[rows, input]` as panels of left operands.
pub fn left_operand(x: &[f32], input: usize) -> Vec<Pair> {
    Tiles::rows(x, input).pairs
}

/// At most [`BLOCK`] rows of `input` values become the panel of a left operand; where they end, it keeps what it holds.
pub fn round_rows(lanes: Lanes, rows: &[f32], input: usize, panel: &mut [Pair]) {
    for (row, values) in rows.chunks_exact(input).enumerate() {
        let (whole, rest) = values.as_chunks::<DEPTH>();
        for (values, pair) in whole.iter().zip(panel.iter_mut()) {
            lanes.round(values, pair.line_mut(row));
        }
        if let Some(pair) = panel.get_mut(whole.len()) {
            rest.iter().zip(pair.line_mut(row)).for_each(|(value, slot)| *slot = bf16::from_f32(*value).to_bits());
        }
    }
}

/// Of left operands: row `row` of a panel becomes row `from` of another.
pub fn copy_row(panel: &mut [Pair], row: usize, other: &[Pair], from: usize) {
    panel.iter_mut().zip(other).for_each(|(out, pair)| *out.line_mut(row) = *pair.line(from));
}

/// A panel that has row `row` of panels of `width` pairs as its first.
pub fn row_alone(panels: &[Pair], width: usize, row: usize) -> Vec<Pair> {
    let mut alone = vec![Pair::ZERO; width];
    copy_row(&mut alone, 0, &panels[row / BLOCK * width..], row % BLOCK);
    alone
}

/// What bits of bf16 stand for.
pub fn widened(bits: u16) -> f32 {
    bf16::from_bits(bits).to_f32()
}
