//! bf16 panels in the order in which blocks are multiplied.
//!
//! A tile is 1 KB: 16 rows of 64 bytes. Of the left operand a tile row is 32 values of one row; of the right one it is,
//! for 16 columns, the two values of one pair of k (Intel's layout for `tdpbf16ps`; SDM volume 2, TDPBF16PS). A panel is
//! for each 32 of k the two tiles of its 32 rows (or columns).

use half::bf16;
use rayon::prelude::*;

use super::BLOCK;

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
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (value, slot) in values.iter().zip(out) {
                let bits = value.to_bits();
                *slot = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
            }
        },
    );
}
