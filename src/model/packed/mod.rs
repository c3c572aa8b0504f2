//! Matrix products with bf16 operands and f32 sums, on the processor's own units for it. The one folder of this crate
//! with assembly; everything `unsafe` here rests on the invariants below.
//!
//! A [`PackedLinear`] holds a weight in tiles, packed once at load; activations are converted and packed per call.
//! Tiles of 1 KB are what Intel's AMX multiplies ([`amx`]); AVX-512 BF16 reads the same tiles ([`avx512`]), and plain
//! loops do too ([`portable`]), so there is one packing, one walk over the blocks, and three ways to multiply a block.
//!
//! # Invariants
//! 1. A panel is [`BLOCK`] rows (or columns) over all of `k`, padded with zeros to whole tiles: a block multiplication
//!    reads exactly `depth` pairs of tiles from each of its two panels and never looks at sizes.
//! 2. Panels live in [`Tiles`], 64-byte aligned, whose length is a whole number of panels; a panel is handed out as a
//!    slice of that length, so no index can leave it.
//! 3. AMX instructions run only after the kernel granted their state to this process ([`Level::available`] says so),
//!    between `ldtilecfg` and `tilerelease` of the same thread ([`amx::Configured`]).
//! 4. Each output element is written by one task; tasks own disjoint column ranges.

mod amx;
mod attention;
mod avx512;
mod epilogue;
mod level;
mod portable;
mod tiles;

use std::ops::Range;

use rayon::prelude::*;

pub use attention::Head;
pub use epilogue::Epilogue;
use epilogue::Output;
pub use level::{KERNELS, Level};
use tiles::Tiles;

/// Rows and columns of a block of the product: two tiles of 16 each way.
const BLOCK: usize = 32;

/// Rows that are packed and multiplied together: 512 rows of k = 1,024 are 1 MB, half of a 2 MB L2 cache, so that each
/// panel of weights is read from memory once for all of them.
const ROWS: usize = 512;

/// Panels of weights (of 32 outputs) in a task: small enough to be stolen, large enough that configuring tiles for each
/// does not show.
const PANELS: usize = 4;

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

    /// Outputs of a row.
    pub fn output(&self) -> usize {
        self.output
    }

    /// `y[rows, output] = epilogue(x[rows, input]·Wᵀ)`.
    ///
    /// # Panics
    /// If `x` is not of whole rows, or `y` not of as many.
    pub fn forward(&self, x: &[f32], y: &mut [f32], epilogue: Epilogue) {
        self.forward_part(0..self.output, x, y, epilogue);
    }

    /// The same for some of the outputs, which must begin and end where panels do ([`PackedLinear::parts_at`]); `y` and
    /// the epilogue's operands are of these outputs alone.
    ///
    /// # Panics
    /// As [`PackedLinear::forward`], or if the range is not of whole panels.
    pub fn forward_part(&self, outputs: Range<usize>, x: &[f32], y: &mut [f32], epilogue: Epilogue) {
        assert!(outputs.end <= self.output && self.parts_at(outputs.start) && self.parts_at(outputs.end));
        let (input, width) = (self.input, outputs.len());
        assert!(x.len().is_multiple_of(input) && y.len() * input == x.len() * width);
        epilogue.check(width, y.len());
        let panels = outputs.start / BLOCK..outputs.end.div_ceil(BLOCK);
        for (index, (x, y)) in x.chunks(ROWS * input).zip(y.chunks_mut(ROWS * width)).enumerate() {
            let epilogue = epilogue.starting_at(index * ROWS, width);
            self.some_rows(&Tiles::rows(x, input), panels.clone(), Output::new(y, width), epilogue);
        }
    }

    /// Whether the outputs can be parted here.
    pub fn parts_at(&self, output: usize) -> bool {
        output == self.output || output.is_multiple_of(BLOCK)
    }

    /// The product of packed rows: tasks of some columns each.
    fn some_rows(&self, x: &Tiles, panels: Range<usize>, y: Output, epilogue: Epilogue) {
        let origin = panels.start;
        let tasks: Vec<usize> = panels.clone().step_by(PANELS).collect();
        tasks.into_par_iter().for_each(|first| {
            self.multiply(x, first..panels.end.min(first + PANELS), |row, panel, block| {
                // SAFETY: `y` is borrowed for this call, and these columns are of this task's panels (invariant 4).
                unsafe { epilogue.write(block, &y, row, (panel - origin) * BLOCK) };
            });
        });
    }

    /// Calls `each(row, panel, block)` for every block of these panels.
    fn multiply(&self, x: &Tiles, panels: Range<usize>, mut each: impl FnMut(usize, usize, &Block)) {
        self.level.with_multiply(|multiply| {
            let mut block = Block([0.0; BLOCK * BLOCK]);
            for panel in panels.clone() {
                for rows in 0..x.panels() {
                    multiply(x.panel(rows), self.tiles.panel(panel), &mut block);
                    each(rows * BLOCK, panel, &block);
                }
            }
        });
    }
}

/// `c = a·b` of one block.
type Multiply<'a> = &'a dyn Fn(&[u16], &[u16], &mut Block);

/// Sums of one block, row-major, on its own cache lines.
#[repr(align(64))]
struct Block([f32; BLOCK * BLOCK]);

#[cfg(test)]
mod tests;
