//! The same with AVX-512 F and BF16, 16 numbers at a time. Nothing here is unsafe but the instructions themselves,
//! which [`Proof`] vouches for, and loads and stores of whole arrays.

use std::arch::x86_64::{
    __m256bh, __m256i, __m512, __m512bh, __m512i, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _mm512_abs_ps,
    _mm512_add_ps, _mm512_cvtepu16_epi32, _mm512_cvtne2ps_pbh, _mm512_cvtneps_pbh, _mm512_div_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_mask_mov_ps, _mm512_maskz_mov_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps,
    _mm512_or_si512, _mm512_reduce_add_ps, _mm512_reduce_max_ps, _mm512_roundscale_ps, _mm512_scalef_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_shuffle_i32x4, _mm512_slli_epi32, _mm512_storeu_ps,
    _mm512_storeu_si512, _mm512_sub_ps, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64,
};
use std::mem::transmute;

use super::Then;
use crate::model::kernels::Norm;
use crate::model::packed::tiles::{DEPTH, Pair, SIDE};
use crate::model::packed::{BLOCK, Block};

/// That this processor has the instructions.
#[derive(Debug, Clone, Copy)]
pub struct Proof(());

impl Proof {
    pub fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16")).then_some(Proof(()))
    }
}

/// Numbers in a register.
const LANES: usize = 16;
type Line = [f32; BLOCK];

#[target_feature(enable = "avx512f,avx512bf16")]
pub fn round(values: &[f32; DEPTH], out: &mut [u16; DEPTH]) {
    store_rounded(halves(values), out);
}

#[target_feature(enable = "avx512f,avx512bf16")]
pub fn rows(sums: &Block, bias: &Line, then: Then, out: &mut Pair) {
    match then {
        Then::Scale(scale) => {
            let scale = _mm512_set1_ps(scale);
            each_row(sums, bias, out, |x| _mm512_mul_ps(x, scale));
        }
        Then::Gelu => each_row(sums, bias, out, |x| gelu(x)),
        Then::GeluTanh => each_row(sums, bias, out, |x| gelu_tanh(x)),
        Then::Relu => each_row(sums, bias, out, |x| _mm512_max_ps(x, _mm512_setzero_ps())),
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
fn each_row(sums: &Block, bias: &Line, out: &mut Pair, then: impl Fn(__m512) -> __m512) {
    let bias = halves(bias);
    for (row, sums) in sums.rows().enumerate() {
        let [low, high] = plus(halves(sums), bias);
        store_rounded([then(low), then(high)], out.line_mut(row));
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
pub fn keys(sums: &Block, bias: &Line, out: &mut Pair) {
    let bias = halves(bias);
    for tile in 0..2 {
        let mut lines = [_mm512_setzero_si512(); SIDE];
        for (line, sums) in lines.iter_mut().zip(sums.rows().skip(tile * SIDE)) {
            *line = rounded(plus(halves(sums), bias));
        }
        for (line, values) in transposed(lines).into_iter().enumerate() {
            store(values, out.line_mut(tile * SIDE + line));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
pub fn values(sums: &Block, bias: &Line, out: &mut Pair) {
    let bias = halves(bias);
    for (pair, [even, odd]) in sums.rows().as_slice().as_chunks::<2>().0.iter().enumerate() {
        let (even, odd) = (plus(halves(even), bias), plus(halves(odd), bias));
        for tile in 0..2 {
            let [even, odd] = [even[tile], odd[tile]].map(|x| widened(x));
            store(_mm512_or_si512(even, _mm512_slli_epi32(odd, 16)), out.line_mut(tile * SIDE + pair));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
pub fn add(sums: &Block, bias: &Line, x: &mut [f32], width: usize) {
    let bias = halves(bias);
    for (row, sums) in sums.rows().enumerate() {
        let x = x[row * width..].first_chunk_mut().expect("room for the row, as asserted");
        let [low, high] = plus(plus(halves(x), halves(sums)), bias);
        let (x, _) = x.as_chunks_mut();
        store_f32(low, &mut x[0]);
        store_f32(high, &mut x[1]);
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
pub fn norm(norm: &Norm, x: &mut [f32], out: &mut [Pair]) {
    let width = norm.gain.len();
    let one_over = _mm512_set1_ps(1.0 / width as f32);
    let (gain, shift) = (norm.gain.as_chunks::<BLOCK>().0, norm.shift.as_chunks::<BLOCK>().0);
    for (row, values) in x.chunks_exact_mut(width).enumerate() {
        let (values, _) = values.as_chunks_mut::<BLOCK>();
        let mut totals = [_mm512_setzero_ps(); 2];
        for values in values.iter() {
            totals = plus(totals, halves(values));
        }
        let mean = _mm512_mul_ps(sum_of(totals), one_over);
        let mut squares = [_mm512_setzero_ps(); 2];
        for values in values.iter() {
            let from_mean = halves(values).map(|x| _mm512_sub_ps(x, mean));
            squares = [0, 1].map(|half| _mm512_fmadd_ps(from_mean[half], from_mean[half], squares[half]));
        }
        let variance = _mm512_reduce_add_ps(_mm512_add_ps(squares[0], squares[1])) / width as f32;
        let scale = _mm512_set1_ps(1.0 / (variance + norm.epsilon).sqrt());
        for (((values, gain), shift), pair) in values.iter_mut().zip(gain).zip(shift).zip(out.iter_mut()) {
            let (gain, shift, old) = (halves(gain), halves(shift), halves(values));
            let new = [0, 1].map(|half| {
                let x = _mm512_mul_ps(_mm512_sub_ps(old[half], mean), scale);
                _mm512_fmadd_ps(x, gain[half], shift[half])
            });
            let (values, _) = values.as_chunks_mut();
            store_f32(new[0], &mut values[0]);
            store_f32(new[1], &mut values[1]);
            store_rounded(new, pair.line_mut(row));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
pub fn exponentials(scores: &[Block], [rows, columns]: [usize; 2], out: &mut [Pair]) -> [f32; BLOCK] {
    let mut totals = [1.0; BLOCK];
    // Blocks that count whole; of the one after them a part may.
    let (whole, rest) = scores.split_at(columns / BLOCK);
    let part = columns % BLOCK;
    let masks = [0, LANES].map(|from| ((1u32 << part.saturating_sub(from).min(LANES)) - 1) as u16);
    for (row, sum) in totals.iter_mut().enumerate().take(rows) {
        let lowest = _mm512_set1_ps(f32::MIN);
        let mut max = [lowest; 2];
        for block in whole {
            let scores = halves(block.row(row));
            max = [0, 1].map(|half| _mm512_max_ps(max[half], scores[half]));
        }
        if part > 0 {
            let scores = halves(rest[0].row(row));
            let counted = [0, 1].map(|half| _mm512_mask_mov_ps(lowest, masks[half], scores[half]));
            max = [0, 1].map(|half| _mm512_max_ps(max[half], counted[half]));
        }
        let max = _mm512_set1_ps(_mm512_reduce_max_ps(_mm512_max_ps(max[0], max[1])));
        let mut total = [_mm512_setzero_ps(); 2];
        let (out, out_rest) = out.split_at_mut(whole.len());
        for (block, pair) in whole.iter().zip(out) {
            let weights = halves(block.row(row)).map(|x| exp2(_mm512_sub_ps(x, max)));
            total = plus(total, weights);
            store_rounded(weights, pair.line_mut(row));
        }
        if part > 0 {
            let weights = halves(rest[0].row(row)).map(|x| exp2(_mm512_sub_ps(x, max)));
            let weights = [0, 1].map(|half| _mm512_maskz_mov_ps(masks[half], weights[half]));
            total = plus(total, weights);
            store_rounded(weights, out_rest[0].line_mut(row));
        }
        for pair in out_rest.iter_mut().skip(usize::from(part > 0)) {
            pair.line_mut(row).fill(0);
        }
        *sum = _mm512_reduce_add_ps(_mm512_add_ps(total[0], total[1]));
    }
    out.iter_mut().for_each(|pair| pair.clear_from(rows));
    totals
}

#[target_feature(enable = "avx512f,avx512bf16")]
pub fn divided(sums: &Block, divisors: &[f32; BLOCK], out: &mut Pair) {
    for (row, (sums, divisor)) in sums.rows().zip(divisors).enumerate() {
        let scale = _mm512_set1_ps(1.0 / divisor);
        store_rounded(halves(sums).map(|x| _mm512_mul_ps(x, scale)), out.line_mut(row));
    }
}

/// `2^x` for x ≤ 0 to 3e-6: whole powers in the exponent, the rest (at most a half) by the polynomial of the fourth
/// degree with the least largest relative error on it (Lawson's algorithm).
#[target_feature(enable = "avx512f")]
#[inline]
fn exp2(x: __m512) -> __m512 {
    const C: [f32; 5] = [0.999_999_3, 0.693_121_8, 0.240_247_44, 0.055_917_863, 0.009_570_102];
    let whole = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x);
    _mm512_scalef_ps(polynomial(_mm512_sub_ps(x, whole), &C), whole)
}

/// `x · Φ(x) = x/2 + |x|·(Φ(|x|) − ½)`; the second factor is `u · p(u²)` of `u = min(|x|, 4.25)`, with the polynomial
/// that is ½ at 4.25 and has the least largest error of `u² · p(u²)` below, 4.6e-5 (Lawson's algorithm).
#[target_feature(enable = "avx512f")]
#[inline]
fn gelu(x: __m512) -> __m512 {
    const END: f32 = 4.25;
    const C: [f32; 9] = [
        0.398_808_87,
        -0.066_175_16,
        0.009_711_201,
        -0.001_077_278_3,
        8.826_252_5e-5,
        -5.132_146_3e-6,
        1.981_035_8e-7,
        -4.509_976_4e-9,
        4.552_638e-11,
    ];
    let magnitude = _mm512_abs_ps(x);
    let u = _mm512_min_ps(magnitude, _mm512_set1_ps(END));
    let above_half = _mm512_mul_ps(u, polynomial(_mm512_mul_ps(u, u), &C));
    _mm512_fmadd_ps(magnitude, above_half, _mm512_mul_ps(x, _mm512_set1_ps(0.5)))
}

/// `x / (1 + e^(−2u))`, `u = √(2/π) · (x + 0.044715 x³)`; the power is that of `−|2u|`, and where u is negative the
/// quotient is turned: `x·e^(−|2u|) / (1 + e^(−|2u|))`.
#[target_feature(enable = "avx512f")]
#[inline]
fn gelu_tanh(x: __m512) -> __m512 {
    // 2 · √(2/π) / ln 2
    const FACTOR: f32 = 2.302_208_2;
    let cubic = _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(0.044_715), _mm512_set1_ps(1.0));
    let u = _mm512_mul_ps(_mm512_mul_ps(x, cubic), _mm512_set1_ps(FACTOR));
    let power = exp2(_mm512_sub_ps(_mm512_setzero_ps(), _mm512_abs_ps(u)));
    // max(x, 0) + min(x, 0)·power
    let numerator =
        _mm512_fmadd_ps(_mm512_min_ps(x, _mm512_setzero_ps()), power, _mm512_max_ps(x, _mm512_setzero_ps()));
    _mm512_div_ps(numerator, _mm512_add_ps(power, _mm512_set1_ps(1.0)))
}

/// `c[0] + c[1]·x + …`
#[target_feature(enable = "avx512f")]
#[inline]
fn polynomial<const N: usize>(x: __m512, c: &[f32; N]) -> __m512 {
    let mut sum = _mm512_set1_ps(c[N - 1]);
    for c in c[..N - 1].iter().rev() {
        sum = _mm512_fmadd_ps(sum, x, _mm512_set1_ps(*c));
    }
    sum
}

#[target_feature(enable = "avx512f")]
#[inline]
fn plus(a: [__m512; 2], b: [__m512; 2]) -> [__m512; 2] {
    [_mm512_add_ps(a[0], b[0]), _mm512_add_ps(a[1], b[1])]
}

/// The sum of all lanes, in each lane.
#[target_feature(enable = "avx512f")]
#[inline]
fn sum_of(halves: [__m512; 2]) -> __m512 {
    _mm512_set1_ps(_mm512_reduce_add_ps(_mm512_add_ps(halves[0], halves[1])))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn halves(line: &Line) -> [__m512; 2] {
    let (parts, _) = line.as_chunks::<LANES>();
    // SAFETY: each part is sixteen f32, 512 bits.
    [0, 1].map(|half| unsafe { _mm512_loadu_ps(parts[half].as_ptr()) })
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store_f32(values: __m512, out: &mut [f32; LANES]) {
    // SAFETY: sixteen f32 are 512 bits.
    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), values) };
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(values: __m512i, out: &mut [u16; DEPTH]) {
    // SAFETY: 32 values of 16 bits are 512 bits.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), values) };
}

#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
fn store_rounded(values: [__m512; 2], out: &mut [u16; DEPTH]) {
    store(rounded(values), out);
}

/// 32 numbers of bf16, the first half in the low lanes.
#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
fn rounded([low, high]: [__m512; 2]) -> __m512i {
    // SAFETY: both types are 512 bits of any value.
    unsafe { transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low)) }
}

/// Sixteen numbers of bf16, each in the low half of its lane.
#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
fn widened(x: __m512) -> __m512i {
    // SAFETY: both types are 256 bits of any value.
    _mm512_cvtepu16_epi32(unsafe { transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(x)) })
}

/// Sixteen lines of sixteen 32-bit lanes, mirrored on the diagonal.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(r: [__m512i; SIDE]) -> [__m512i; SIDE] {
    // Within the four 128-bit parts of registers first: 4 × 4 lanes of four lines each.
    let mut quads = r;
    for four in 0..4 {
        let [a, b, c, d] = [r[4 * four], r[4 * four + 1], r[4 * four + 2], r[4 * four + 3]];
        let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        quads[4 * four] = _mm512_unpacklo_epi64(ab_low, cd_low);
        quads[4 * four + 1] = _mm512_unpackhi_epi64(ab_low, cd_low);
        quads[4 * four + 2] = _mm512_unpacklo_epi64(ab_high, cd_high);
        quads[4 * four + 3] = _mm512_unpackhi_epi64(ab_high, cd_high);
    }
    // Then the 4 × 4 parts themselves: `quads[4·f + j]` holds in its part p column 4·p + j of lines 4·f to 4·f + 3.
    let mut out = quads;
    for j in 0..4 {
        let [a, b, c, d] = [quads[j], quads[4 + j], quads[8 + j], quads[12 + j]];
        let (ab_even, ab_odd) =
            (_mm512_shuffle_i32x4::<0b10_00_10_00>(a, b), _mm512_shuffle_i32x4::<0b11_01_11_01>(a, b));
        let (cd_even, cd_odd) =
            (_mm512_shuffle_i32x4::<0b10_00_10_00>(c, d), _mm512_shuffle_i32x4::<0b11_01_11_01>(c, d));
        out[j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(ab_even, cd_even);
        out[8 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(ab_even, cd_even);
        out[4 + j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(ab_odd, cd_odd);
        out[12 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(ab_odd, cd_odd);
    }
    out
}
