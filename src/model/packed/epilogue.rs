//! What happens to sums on their way out, while they are in the nearest cache.

use std::marker::PhantomData;

use super::{BLOCK, Block};

/// Applied to every element of `x·Wᵀ`.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    /// As it is.
    None,
    /// `+ residual`, of the shape of the product.
    Residual(&'a [f32]),
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
    pub(super) fn check(&self, length: usize) {
        assert!(
            matches!(self, Epilogue::None) || matches!(self, Epilogue::Residual(residual) if residual.len() == length)
        );
    }

    /// For the rows from `row` on.
    pub(super) fn starting_at(self, row: usize, output: usize) -> Self {
        match self {
            Epilogue::Residual(residual) => Epilogue::Residual(&residual[row * output..]),
            Epilogue::None => self,
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
                        Epilogue::None => part.copy_from_slice(&sums[..part.len()]),
                        Epilogue::Residual(residual) => {
                            let rest = &residual[at..][..part.len()];
                            part.iter_mut().zip(sums).zip(rest).for_each(|((out, sum), rest)| *out = sum + rest);
                        }
                    }
                }
            },
        );
    }
}
