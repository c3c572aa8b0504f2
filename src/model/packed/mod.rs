//! Matrix products with bf16 operands and f32 sums, on the processor's own units for it. The one folder of this crate
//! with assembly; everything `unsafe` here rests on the invariants below.
//!
//! A [`PackedLinear`] holds a weight in tiles, packed once at load. Tiles of 1 KB are what Intel's AMX multiplies
//! ([`amx`]); AVX-512 BF16 reads the same tiles ([`avx512`]), and plain loops do too ([`portable`]), so there is one
//! packing, one walk over the blocks, and three ways to multiply a block. Activations stay in tiles from layer to layer:
//! [`PackedLinear::blocks`] gives the sums of a block while they are in the nearest cache, and [`Lanes`] makes of them
//! what the next product reads. Attention in tiles is [`Attending`] for encoders and [`Causal`] for decoders.
//!
//! # Invariants
//! 1. A panel is [`BLOCK`] rows (or columns) over all of `k`, padded with zeros to whole pairs of tiles: a block
//!    multiplication reads exactly as many pairs of its right operand as its left one has, and [`Right::check`] has
//!    seen that they are there.
//! 2. Pairs are 64-byte aligned and handed out in slices of whole pairs, so no index can leave a panel.
//! 3. AMX instructions run only after the kernel granted their state to this process ([`Level::available`] says so),
//!    between `ldtilecfg` and `tilerelease` of the same thread ([`amx::Configured`]).
//! 4. AVX-512 runs only where a value says that the processor has it ([`Lanes`]).
//!
//! Without those instructions nothing here is `unsafe`. Under Miri no level but the portable one is found, and tests of
//! more than one block are left out; three minutes:
//!
//! ```sh
//! MIRIFLAGS="-Zmiri-tree-borrows -Zmiri-ignore-leaks -Zmiri-disable-isolation" RAYON_NUM_THREADS=1 \
//!     cargo +nightly miri test --lib -- model::packed
//! ```
//!
//! rayon's own memory needs tree borrows, and its threads outlive the tests.

mod amx;
mod attention;
mod avx512;
mod causal;
mod lanes;
mod level;
mod portable;
mod tiles;

use std::ops::Range;

use rayon::prelude::*;

pub use attention::{Attending, Heads, Scratch};
pub use causal::{Causal, Kept, Place};
pub use lanes::{Lanes, Then};
pub use level::{KERNELS, Level};
use tiles::Tiles;
pub use tiles::{Pair, copy_row, left_operand, round_rows, row_alone};

/// Rows and columns of a block of the product: two tiles of 16 each way.
pub const BLOCK: usize = 32;

/// Rows that are packed and multiplied together: 512 rows of k = 1,024 are 1 MB, half of a 2 MB L2 cache, so that each
/// panel of weights is read from memory once for all of them.
const ROWS: usize = 512;

/// What the matrix products of a network on the processor are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    F32,
    /// Operands rounded to bf16, sums in f32.
    Bf16(Level),
}

/// `y = x·Wᵀ`, W of shape `[output, input]` in bf16.
#[derive(Debug)]
pub struct PackedLinear {
    level: Level,
    tiles: Tiles,
    input: usize,
    output: usize,
}

impl PackedLinear {
    /// From a row-major `[output, input]` weight, rounded to nearest bf16.
    ///
    /// # Panics
    /// If `weight` is not of that length.
    pub fn new(level: Level, weight: &[f32], output: usize, input: usize) -> Self {
        assert_eq!(weight.len(), output * input, "a weight of {output} × {input}");
        PackedLinear { level, tiles: Tiles::columns(weight, input), input, output }
    }

    /// Calls `each(rows, columns, sums)` for every block of the product of `x`, panels of this weight's input, with
    /// some of its panels: both are counted in blocks, `columns` from the first of `panels`.
    ///
    /// # Panics
    /// If `x` is not of whole panels, or there are no such panels.
    pub fn blocks(
        &self,
        multiply: Multiply,
        x: &[Pair],
        panels: Range<usize>,
        mut each: impl FnMut(usize, usize, &Block),
    ) {
        let mut block = Block::ZERO;
        let depth = self.input.div_ceil(BLOCK);
        assert!(x.len().is_multiple_of(depth));
        for (columns, panel) in panels.enumerate() {
            for (rows, x) in x.chunks_exact(depth).enumerate() {
                multiply(x, self.columns(panel), &mut block);
                each(rows, columns, &block);
            }
        }
    }

    /// The whole product in tiles, rounded, on all threads: what a layer of a network costs without what is between
    /// layers. `x` and `y` are panels of this weight's inputs and outputs.
    pub fn forward_tiles(&self, x: &[Pair], y: &mut [Pair]) {
        let (input, output, lanes) = (self.input.div_ceil(BLOCK), self.output.div_ceil(BLOCK), Lanes::best());
        let panels = (x.len() / input).div_ceil(rayon::current_num_threads()).min(ROWS / BLOCK);
        let tasks = x.par_chunks(panels * input).zip(y.par_chunks_mut(panels * output));
        tasks.for_each(|(x, y)| {
            self.level.with_multiply(|multiply| {
                self.blocks(multiply, x, 0..output, |panel, column, sums| {
                    lanes.rows(sums, &[0.0; BLOCK], Then::Scale(1.0), &mut y[panel * output + column]);
                });
            });
        });
    }

    /// A panel of the weight.
    fn columns(&self, panel: usize) -> Right<'_> {
        Right { pairs: self.tiles.panel(panel), step: 1 }
    }
}

/// `c = a·b` of one block, `a` being one panel.
pub type Multiply<'a> = &'a dyn Fn(&[Pair], Right, &mut Block);

/// The right operand of a block: pairs that are `step` apart, one for each of the left operand.
#[derive(Debug, Clone, Copy)]
pub struct Right<'a> {
    pub pairs: &'a [Pair],
    pub step: usize,
}

impl Right<'_> {
    /// How many pairs deep the product is.
    ///
    /// # Panics
    /// If this is none, or the right operand has fewer.
    fn check(self, a: &[Pair]) -> usize {
        assert!(!a.is_empty() && (a.len() - 1) * self.step < self.pairs.len());
        a.len()
    }
}

/// Sums of one block, row-major, on its own cache lines.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Block([f32; BLOCK * BLOCK]);

impl Block {
    pub const ZERO: Block = Block([0.0; BLOCK * BLOCK]);

    pub fn rows(&self) -> std::slice::Iter<'_, [f32; BLOCK]> {
        self.0.as_chunks().0.iter()
    }

    pub fn row(&self, row: usize) -> &[f32; BLOCK] {
        &self.0.as_chunks().0[row]
    }

    pub fn row_mut(&mut self, row: usize) -> &mut [f32; BLOCK] {
        &mut self.0.as_chunks_mut().0[row]
    }

    /// `self += other`
    pub fn add(&mut self, other: &Block) {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || self.0.iter_mut().zip(&other.0).for_each(|(sum, other)| *sum += other),
        );
    }
}

#[cfg(test)]
mod tests;
