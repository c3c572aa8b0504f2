//! Row-wise passes of a decoder on plain f32 slices; the same manner as [`crate::model::kernels`].

use pulp::Arch;

use crate::model::kernels::{exp, max, sum};

/// `out = x / rms(x) · gain` for every row of `gain.len()` values (Zhang and Sennrich, arXiv 1910.07467).
pub fn rms_norm(x: &[f32], gain: &[f32], epsilon: f32, out: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (x, out) in x.chunks_exact(gain.len()).zip(out.chunks_exact_mut(gain.len())) {
                let scale = inverse_rms(x, epsilon);
                for ((out, x), gain) in out.iter_mut().zip(x).zip(gain) {
                    *out = x * scale * gain;
                }
            }
        },
    );
}

#[inline(always)]
fn inverse_rms(x: &[f32], epsilon: f32) -> f32 {
    1.0 / (sum(x, |x| x * x) / x.len() as f32 + epsilon).sqrt()
}

/// Normalises each head of a row, then turns it to its position: `head · cos + (−second half, first half) · sin` (Su et
/// al., arXiv 2104.09864, in the halves of GPT-NeoX). `cos` and `sin` have half a head's size.
pub fn norm_rotate(row: &mut [f32], gain: &[f32], epsilon: f32, cos: &[f32], sin: &[f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let (first_gain, second_gain) = gain.split_at(cos.len());
            for head in row.chunks_exact_mut(gain.len()) {
                let scale = inverse_rms(head, epsilon);
                let (first, second) = head.split_at_mut(cos.len());
                let gains = first_gain.iter().zip(second_gain);
                for (((a, b), (ga, gb)), (cos, sin)) in first.iter_mut().zip(second).zip(gains).zip(cos.iter().zip(sin))
                {
                    let (x, y) = (*a * scale * ga, *b * scale * gb);
                    *a = x * cos - y * sin;
                    *b = y * cos + x * sin;
                }
            }
        },
    );
}

/// `out = silu(gate) · up` for rows of `gate ‖ up`, each of `width` values (Shazeer, arXiv 2002.05202).
pub fn silu_product(gate_up: &[f32], width: usize, out: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (both, out) in gate_up.chunks_exact(2 * width).zip(out.chunks_exact_mut(width)) {
                let (gate, up) = both.split_at(width);
                for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                    *out = gate / (1.0 + exp(-gate)) * up;
                }
            }
        },
    );
}

/// `row[i] = e^(row[i] − max)` over what each row of `width` values sees: `visible` values in the first, one more in
/// each next. The rest becomes 0. `sums` receives each row's sum; dividing by it is left to the caller.
pub fn causal_exp(rows: &mut [f32], width: usize, visible: usize, sums: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (index, (row, total)) in rows.chunks_exact_mut(width).zip(sums).enumerate() {
                let (seen, hidden) = row.split_at_mut(width.min(visible + index));
                let max = max(seen);
                seen.iter_mut().for_each(|x| *x = exp(*x - max));
                *total = sum(seen, |x| x);
                hidden.fill(0.0);
            }
        },
    );
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
