//! Inner product of an f16 row with an f32 query: the inside of the exact scan.

use half::f16;
use half::slice::HalfFloatSliceExt;

/// Numbers converted at a time without the special instructions.
const BLOCK: usize = 64;

/// The fastest way this processor has. The same inputs give the same bits on one machine, wherever the row lies.
pub(super) fn kernel() -> fn(&[f16], &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
        return x86::dot;
    }
    portable
}

/// Converts a block with what `half` finds (F16C, NEON, or tables of its own), then multiplies.
fn portable(row: &[f16], query: &[f32]) -> f32 {
    let mut block = [0.0; BLOCK];
    let mut sums = [0.0; 16];
    for (row, query) in row.chunks(BLOCK).zip(query.chunks(BLOCK)) {
        let numbers = &mut block[..row.len()];
        row.convert_to_f32_slice(numbers);
        for (numbers, query) in numbers.chunks(sums.len()).zip(query.chunks(sums.len())) {
            for ((sum, number), query) in sums.iter_mut().zip(numbers).zip(query) {
                *sum += number * query;
            }
        }
    }
    sums.iter().sum()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use half::f16;

    /// Numbers per step: four registers of eight, enough to hide the latency of the multiply-add.
    const STEP: usize = 32;

    pub(super) fn dot(row: &[f16], query: &[f32]) -> f32 {
        // SAFETY: `kernel` hands this function out only where the three features were detected.
        unsafe { dot_f16c(row, query) }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    fn dot_f16c(row: &[f16], query: &[f32]) -> f32 {
        let (row_steps, row_rest) = row.as_chunks::<STEP>();
        let (query_steps, query_rest) = query.as_chunks::<STEP>();
        let mut sums = [_mm256_setzero_ps(); STEP / 8];
        for (row, query) in row_steps.iter().zip(query_steps) {
            for (i, sum) in sums.iter_mut().enumerate() {
                // SAFETY: eight numbers from 8 · i on lie within the 32 of a step; both loads may be unaligned, and
                // `f16` is two bytes without padding.
                let (halves, query) = unsafe {
                    (_mm_loadu_si128(row.as_ptr().add(8 * i).cast()), _mm256_loadu_ps(query.as_ptr().add(8 * i)))
                };
                *sum = _mm256_fmadd_ps(_mm256_cvtph_ps(halves), query, *sum);
            }
        }
        let sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
        let mut lanes = [0.0f32; 8];
        // SAFETY: the array has room for the eight lanes.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), sum) };
        let rest: f32 = row_rest.iter().zip(query_rest).map(|(number, query)| number.to_f32() * query).sum();
        lanes.iter().sum::<f32>() + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths around the steps of both kernels, against the same sum in f64.
    #[test]
    fn kernels_agree_with_f64() {
        for length in [0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 383, 384, 1024] {
            let row: Vec<f16> = (0..length).map(|i| f16::from_f32((i as f32 * 0.7).sin())).collect();
            let query: Vec<f32> = (0..length).map(|i| (i as f32 * 1.3).cos()).collect();
            let exact: f64 = row.iter().zip(&query).map(|(a, b)| a.to_f64() * f64::from(*b)).sum();
            for (name, dot) in [("portable", portable as fn(&[f16], &[f32]) -> f32), ("chosen", kernel())] {
                let score = f64::from(dot(&row, &query));
                assert!((score - exact).abs() < 1e-5 * (length as f64).sqrt().max(1.0), "{name}, {length}: {score}");
            }
        }
    }
}
