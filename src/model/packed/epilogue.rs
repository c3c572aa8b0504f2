//! What happens to sums on their way out, while they are in the nearest cache.

use std::marker::PhantomData;

use super::{BLOCK, Block};
use crate::model::kernels::gelu;

/// Applied to every element of `x·Wᵀ`.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    /// As it is.
    None,
    /// `+ bias`
    Bias(&'a [f32]),
    /// `gelu(· + bias)`
    BiasGelu(&'a [f32]),
    /// `+ residual`, of the shape of the product.
    Residual(&'a [f32]),
    /// `+ bias + residual`
    BiasResidual(&'a [f32], &'a [f32]),
}

/// A matrix that tasks write disjoint columns of.
pub(super) struct Output<'a> {
    start: *mut f32,
    matrix: PhantomData<&'a mut [f32]>,
    rows: usize,
    width: usize,
}

// SAFETY: the pointer is only used through `row`, whose callers hold disjoint columns (invariant 4).
unsafe impl Sync for Output<'_> {}

impl<'a> Output<'a> {
    pub fn new(matrix: &'a mut [f32], width: usize) -> Self {
        Output { start: matrix.as_mut_ptr(), matrix: PhantomData, rows: matrix.len() / width, width }
    }

    /// Part of a row, of at most [`BLOCK`] columns.
    ///
    /// # Safety
    /// Nobody else may hold these columns.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "tasks own disjoint columns, which slices cannot say")]
    unsafe fn row(&self, row: usize, column: usize) -> &mut [f32] {
        assert!(row < self.rows && column < self.width);
        let columns = BLOCK.min(self.width - column);
        // SAFETY: inside the matrix (above); the rest is promised by the caller.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(row * self.width + column), columns) }
    }
}

impl Epilogue<'_> {
    /// # Panics
    /// If an operand has not the product's shape.
    pub(super) fn check(&self, output: usize, length: usize) {
        let (bias, residual) = match self {
            Epilogue::None => (None, None),
            Epilogue::Bias(bias) | Epilogue::BiasGelu(bias) => (Some(bias.len()), None),
            Epilogue::Residual(residual) => (None, Some(residual.len())),
            Epilogue::BiasResidual(bias, residual) => (Some(bias.len()), Some(residual.len())),
        };
        assert!(bias.is_none_or(|bias| bias == output) && residual.is_none_or(|residual| residual == length));
    }

    /// For the rows from `row` on.
    pub(super) fn starting_at(self, row: usize, output: usize) -> Self {
        match self {
            Epilogue::Residual(residual) => Epilogue::Residual(&residual[row * output..]),
            Epilogue::BiasResidual(bias, residual) => Epilogue::BiasResidual(bias, &residual[row * output..]),
            other => other,
        }
    }

    /// Writes the block whose first element is at `row`, `column`.
    ///
    /// # Safety
    /// Nobody else may hold these columns of `out`.
    pub(super) unsafe fn write(&self, block: &Block, out: &Output, row: usize, column: usize) {
        let rows = row..out.rows.min(row + BLOCK);
        // Loops and no iterator adapters: only what is inlined here is compiled for the processor at hand.
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for index in rows {
                    // SAFETY: promised by the caller.
                    let part = unsafe { out.row(index, column) };
                    let sums = &block.0[(index - row) * BLOCK..];
                    let at = index * out.width + column;
                    match *self {
                        Epilogue::None => each(part, sums, [], |sum, []| sum),
                        Epilogue::Bias(bias) => each(part, sums, [&bias[column..]], |sum, [bias]| sum + bias),
                        Epilogue::BiasGelu(bias) => each(part, sums, [&bias[column..]], |sum, [bias]| gelu(sum + bias)),
                        Epilogue::Residual(residual) => each(part, sums, [&residual[at..]], |sum, [rest]| sum + rest),
                        Epilogue::BiasResidual(bias, residual) => {
                            let operands = [&bias[column..], &residual[at..]];
                            each(part, sums, operands, |sum, [bias, rest]| sum + rest + bias);
                        }
                    }
                }
            },
        );
    }
}

/// Values in the widest register we meet.
const LANES: usize = 16;

/// `out[i] = f(sums[i], operands[..][i])`, by registers of copies: slices that might overlap, or an index that might be
/// out of bounds, would keep the loop from being vectorised.
#[inline(always)]
fn each<const N: usize>(out: &mut [f32], sums: &[f32], operands: [&[f32]; N], f: impl Fn(f32, [f32; N]) -> f32) {
    let whole = out.len() - out.len() % LANES;
    for at in (0..whole).step_by(LANES) {
        let mut values = [[0.0; LANES]; N];
        for n in 0..N {
            values[n].copy_from_slice(&operands[n][at..at + LANES]);
        }
        let mut result = [0.0; LANES];
        result.copy_from_slice(&sums[at..at + LANES]);
        for lane in 0..LANES {
            let mut own = [0.0; N];
            for n in 0..N {
                own[n] = values[n][lane];
            }
            result[lane] = f(result[lane], own);
        }
        out[at..at + LANES].copy_from_slice(&result);
    }
    for i in whole..out.len() {
        let mut own = [0.0; N];
        for n in 0..N {
            own[n] = operands[n][i];
        }
        out[i] = f(sums[i], own);
    }
}
