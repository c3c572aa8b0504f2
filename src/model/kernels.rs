//! The element-wise half of a transformer on plain f32 slices: exponential, GELU, softmax, LayerNorm.
//!
//! Written as loops the compiler vectorises, compiled once per instruction set (`pulp` picks at run time): in candle
//! these operations are scalar and cost as much as the matrix products. No fused multiply-add is asked for, so the
//! code is as fast on a processor without it and gives the same bits on all of them.

use pulp::Arch;
use rayon::prelude::*;

/// Lanes of the widest register we meet (AVX-512); reductions keep this many partial results in a fixed order.
const LANES: usize = 16;

/// `e^x` for x ≤ 88, relative error below 3e-7; below -87 it stays at `e^-87` (1.6e-38).
///
/// `x = n·ln 2 + r` with `|r| ≤ ln 2 / 2`; `2^n` is made in the exponent bits, `e^r` is its Taylor series to the sixth
/// power (the rest is below 1.2e-7).
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // 1.5 · 2^23: adding it leaves the nearest integer in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts; the first has trailing zero bits, so that n · HIGH is exact.
    const LN2_HIGH: f32 = 0.693_145_75;
    const LN2_LOW: f32 = 1.428_606_8e-6;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let series = 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r + 1.0;
    let series = series * r + 1.0;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    series * power
}

/// `x · Φ(x)`, the exact (erf) GELU (Hendrycks and Gimpel, arXiv 1606.08415), error below 3e-7 · max(1, |x|).
///
/// The tail `1 − Φ(|x|) = t·p(t)·e^(−x²/2) / 2` with Abramowitz and Stegun's approximation 7.1.26 of erf, whose error
/// is below 1.5e-7.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    const P: f32 = 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2;
    const A: [f32; 5] = [0.254_829_6, -0.284_496_74, 1.421_413_7, -1.453_152, 1.061_405_4];
    let magnitude = x.abs();
    let t = 1.0 / (1.0 + P * magnitude);
    let p = ((((A[4] * t + A[3]) * t + A[2]) * t + A[1]) * t + A[0]) * t;
    let tail = 0.5 * p * exp(-0.5 * x * x);
    // Φ(x) = tail for x < 0 and 1 − tail for x ≥ 0, without a branch.
    x.max(0.0) - magnitude * tail
}

/// The tanh approximation of [`gelu`] (arXiv 1606.08415, section 2): `x/2 · (1 + tanh u) = x / (1 + e^(−2u))`.
#[inline(always)]
pub(super) fn gelu_tanh(x: f32) -> f32 {
    // √(2/π)
    const FACTOR: f32 = 0.797_884_6;
    let u = FACTOR * (x + 0.044_715 * x * x * x);
    x / (1.0 + exp(-2.0 * u))
}

/// `row[i] = f(row[i] + bias[i])` for every row of `bias.len()` values.
#[inline(always)]
fn bias_then(rows: &mut [f32], bias: &[f32], f: impl Fn(f32) -> f32) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for row in rows.chunks_exact_mut(bias.len()) {
                for (x, b) in row.iter_mut().zip(bias) {
                    *x = f(*x + b);
                }
            }
        },
    );
}

/// `row[i] = gelu(row[i] + bias[i])` for every row of `bias.len()` values.
pub fn bias_gelu(rows: &mut [f32], bias: &[f32]) {
    bias_then(rows, bias, gelu);
}

/// The same with GELU's tanh approximation.
pub fn bias_gelu_tanh(rows: &mut [f32], bias: &[f32]) {
    bias_then(rows, bias, gelu_tanh);
}

/// `row[i] = max(0, row[i] + bias[i])` for every row of `bias.len()` values.
pub fn bias_relu(rows: &mut [f32], bias: &[f32]) {
    bias_then(
        rows,
        bias,
        #[inline(always)]
        |x| x.max(0.0),
    );
}

/// `row[i] += bias[i]` for every row of `bias.len()` values.
pub fn add_bias(rows: &mut [f32], bias: &[f32]) {
    bias_then(
        rows,
        bias,
        #[inline(always)]
        |x| x,
    );
}

/// Gain, shift and epsilon of a LayerNorm (Ba et al., arXiv 1607.06450).
#[derive(Debug)]
pub struct Norm {
    pub gain: Vec<f32>,
    pub shift: Vec<f32>,
    pub epsilon: f32,
}

impl Norm {
    /// `row = norm(row + residual + bias)` for every row of `gain.len()` values.
    pub fn apply_residual(&self, rows: &mut [f32], residual: &[f32], bias: &[f32]) {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                let width = self.gain.len();
                for (row, residual) in rows.chunks_exact_mut(width).zip(residual.chunks_exact(width)) {
                    for ((x, r), b) in row.iter_mut().zip(residual).zip(bias) {
                        *x += r + b;
                    }
                    self.normalise(row);
                }
            },
        );
    }

    /// [`Norm::apply`] on all threads.
    pub fn apply_parallel(&self, rows: &mut [f32]) {
        // 32 KB or so of whole rows a piece.
        let chunk = (8192 / self.gain.len()).max(1) * self.gain.len();
        rows.par_chunks_mut(chunk).for_each(|rows| self.apply(rows));
    }

    /// `row = norm(row)`.
    pub fn apply(&self, rows: &mut [f32]) {
        Arch::new().dispatch(
            #[inline(always)]
            || rows.chunks_exact_mut(self.gain.len()).for_each(|row| self.normalise(row)),
        );
    }

    #[inline(always)]
    fn normalise(&self, row: &mut [f32]) {
        let count = row.len() as f32;
        let mean = sum(row, |x| x) / count;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
        let scale = 1.0 / (variance + self.epsilon).sqrt();
        for ((x, gain), shift) in row.iter_mut().zip(&self.gain).zip(&self.shift) {
            *x = (*x - mean) * scale * gain + shift;
        }
    }
}

/// `row[i] = e^(row[i] − max)` for every row of `width` values; `sums` receives each row's sum. Dividing by it is left
/// to the caller, who has fewer numbers to divide once the row has been multiplied with the values.
pub fn exp_rows(rows: &mut [f32], width: usize, sums: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (row, total) in rows.chunks_exact_mut(width).zip(sums) {
                let max = max(row);
                row.iter_mut().for_each(|x| *x = exp(*x - max));
                *total = sum(row, |x| x);
            }
        },
    );
}

/// `row /= sum` for every row of `width` values.
pub fn divide_rows(rows: &mut [f32], width: usize, sums: &[f32]) {
    for (row, sum) in rows.chunks_exact_mut(width).zip(sums) {
        let scale = 1.0 / sum;
        row.iter_mut().for_each(|x| *x *= scale);
    }
}

/// The sum of `f` over a row, in [`LANES`] strands that are added in a fixed order: a row's sum depends on nothing
/// else.
#[inline(always)]
pub(super) fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut strands = [0.0; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (strand, &x) in strands.iter_mut().zip(chunk) {
            *strand += f(x);
        }
    }
    for (strand, &x) in strands.iter_mut().zip(rest) {
        *strand += f(x);
    }
    strands.iter().sum()
}

#[inline(always)]
pub(super) fn max(row: &[f32]) -> f32 {
    let mut strands = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (strand, &x) in strands.iter_mut().zip(chunk) {
            *strand = if x > *strand { x } else { *strand };
        }
    }
    rest.iter().chain(&strands).copied().fold(f32::NEG_INFINITY, f32::max)
}

#[cfg(test)]
#[path = "kernels_tests.rs"]
mod tests;
