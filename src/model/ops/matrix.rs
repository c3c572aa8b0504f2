//! Matrix products of parts of slices.

use gemm::Parallelism;

/// A matrix inside a slice.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub data: &'a [f32],
    /// Distance from one row to the next.
    pub row: usize,
    /// Distance from one column to the next.
    pub column: usize,
}

impl<'a> View<'a> {
    /// Rows of `width` values, from a column on.
    pub fn columns(data: &'a [f32], width: usize, first: usize) -> Self {
        View { data: data.get(first..).unwrap_or_default(), row: width, column: 1 }
    }

    /// From this row on.
    pub fn starting_at(self, row: usize) -> Self {
        View { data: self.data.get(row * self.row..).unwrap_or_default(), ..self }
    }

    pub fn transposed(self) -> Self {
        View { row: self.column, column: self.row, ..self }
    }

    /// Whether a matrix of this size lies within the slice.
    fn holds(self, rows: usize, columns: usize) -> bool {
        (rows - 1) * self.row + (columns - 1) * self.column < self.data.len()
    }
}

/// A matrix to be written, row-major in a slice.
#[derive(Debug)]
pub struct Target<'a> {
    pub data: &'a mut [f32],
    /// Distance from one row to the next.
    pub row: usize,
    /// Whether the product is added to what is there.
    pub add: bool,
}

/// `out = scale · a·b` (or `out += …`): `[rows, inner] · [inner, columns]`.
pub fn multiply(out: Target, [rows, inner, columns]: [usize; 3], a: View, b: View, scale: f32, threads: Parallelism) {
    if rows == 0 || columns == 0 || inner == 0 {
        return;
    }
    let fits = columns <= out.row && (rows - 1) * out.row + columns <= out.data.len();
    assert!(fits && a.holds(rows, inner) && b.holds(inner, columns), "a product beyond its matrices");
    // SAFETY: the assertion keeps every element gemm touches inside the three slices (the target's rows do not overlap,
    // because they are no longer than the distance between them), `out` is borrowed mutably and thus overlaps neither
    // operand, and strides of slices fit an isize.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.data.as_mut_ptr(),
            1,
            out.row as isize,
            out.add,
            a.data.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.data.as_ptr(),
            b.column as isize,
            b.row as isize,
            if out.add { 1.0 } else { 0.0 },
            scale,
            false,
            false,
            false,
            threads,
        );
    }
}

/// All threads of the pool the caller runs in.
pub fn all_threads() -> Parallelism {
    match rayon::current_num_threads() {
        1 => Parallelism::None,
        threads => Parallelism::Rayon(threads),
    }
}
