//! What happens between products: sums of a block on their way into the tiles of the next product, softmax and
//! LayerNorm. In AVX-512 where the processor has it, in plain loops elsewhere; the loops are the definition.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod loops;
#[cfg(test)]
mod tests;

use super::tiles::{DEPTH, Pair};
use super::{BLOCK, Block};
use crate::model::kernels::Norm;

/// Who computes it.
#[derive(Debug, Clone, Copy)]
pub enum Lanes {
    /// The processor has AVX-512 F and BF16: made only by [`Lanes::best`].
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Proof),
    Loops,
}

/// What is done to `sum + bias` of a linear layer before it is rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Then {
    Scale(f32),
    /// `x · Φ(x)` (Hendrycks and Gimpel, arXiv 1606.08415); in AVX-512 to 5e-5 + 4e-6 · |x|.
    Gelu,
    /// Its tanh approximation (section 2 there).
    GeluTanh,
    Relu,
}

/// Calls the function of this name of the module that fits.
macro_rules! dispatch {
    ($lanes:expr, $name:ident($($argument:expr),*)) => {
        match $lanes {
            // SAFETY: the proof is only made where the processor has what the functions are compiled for.
            #[cfg(target_arch = "x86_64")]
            Lanes::Avx512(_) => unsafe { avx512::$name($($argument),*) },
            Lanes::Loops => loops::$name($($argument),*),
        }
    };
}

impl Lanes {
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(proof) = avx512::Proof::new() {
            return Lanes::Avx512(proof);
        }
        Lanes::Loops
    }

    /// To bf16, to nearest, ties to even.
    pub fn round(self, values: &[f32; DEPTH], out: &mut [u16; DEPTH]) {
        dispatch!(self, round(values, out));
    }

    /// `then(sum + bias)` as 32 columns of a left operand.
    pub fn rows(self, sums: &Block, bias: &[f32; BLOCK], then: Then, out: &mut Pair) {
        dispatch!(self, rows(sums, bias, then, out));
    }

    /// `sum + bias` as a right operand with a column for each row: keys.
    pub fn keys(self, sums: &Block, bias: &[f32; BLOCK], out: &mut Pair) {
        dispatch!(self, keys(sums, bias, out));
    }

    /// `sum + bias` as a right operand whose k are the rows: values.
    pub fn values(self, sums: &Block, bias: &[f32; BLOCK], out: &mut Pair) {
        dispatch!(self, values(sums, bias, out));
    }

    /// `x += sum + bias`; row `r` of `x` begins at `r · width`.
    ///
    /// # Panics
    /// If `x` has no room for 32 such rows of 32.
    pub fn add(self, sums: &Block, bias: &[f32; BLOCK], x: &mut [f32], width: usize) {
        assert!(x.len() >= (BLOCK - 1) * width + BLOCK);
        dispatch!(self, add(sums, bias, x, width));
    }

    /// `x = norm(x)` of 32 rows, which also become a left operand.
    ///
    /// # Panics
    /// If `x` is not 32 rows of `norm`'s width, or `out` not of as many values, or the width not of whole pairs.
    pub fn norm(self, norm: &Norm, x: &mut [f32], out: &mut [Pair]) {
        let width = norm.gain.len();
        assert!(norm.shift.len() == width && x.len() == BLOCK * width && out.len() * DEPTH == width);
        dispatch!(self, norm(norm, x, out));
    }

    /// `2^(x − max)` of the first `rows` rows of 32, as a left operand: a row goes through all of the blocks; its first
    /// `columns` count, and the rest is without weight, as are the rows behind those. Returns the sums of a row's
    /// unrounded values, 1 for rows that do not count; in AVX-512 to 3e-6.
    ///
    /// # Panics
    /// If there is not a block of scores for each pair, or more rows or columns are asked for than there are.
    pub fn exponentials(self, scores: &[Block], [rows, columns]: [usize; 2], out: &mut [Pair]) -> [f32; BLOCK] {
        assert!(rows <= BLOCK && columns > 0 && columns <= out.len() * DEPTH);
        assert!(scores.len() == out.len());
        dispatch!(self, exponentials(scores, [rows, columns], out))
    }

    /// `sum / divisor` of each row, as 32 columns of a left operand.
    pub fn divided(self, sums: &Block, divisors: &[f32; BLOCK], out: &mut Pair) {
        dispatch!(self, divided(sums, divisors, out));
    }
}
