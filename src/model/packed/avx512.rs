//! AVX-512 BF16: `vdpbf16ps` on the same tiles.

use super::Block;

pub(super) use imp::{available, is_amd, multiply, round};

#[cfg(target_arch = "x86_64")]
mod imp {
    use std::arch::x86_64::{
        __cpuid, __m512, __m512bh, __m512i, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_loadu_si512,
        _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps, _mm512_storeu_si512,
    };
    use std::mem::transmute;

    use super::Block;
    use crate::model::packed::BLOCK;
    use crate::model::packed::tiles::TILE;

    /// Rows whose sums stay in registers: 8 × 2 of the 32, and two for the columns.
    const ROWS: usize = 8;

    pub fn available() -> bool {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16")
    }

    pub fn is_amd() -> bool {
        // Leaf 0: the vendor's name in EBX, EDX, ECX.
        let vendor = __cpuid(0);
        [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).concat() == b"AuthenticAMD"
    }

    /// `c = a·b` of one block.
    pub fn multiply(a: &[u16], b: &[u16], c: &mut Block) {
        assert!(available() && a.len() == b.len() && a.len().is_multiple_of(2 * TILE));
        // SAFETY: the processor has the instructions (above).
        unsafe { block(a, b, c) }
    }

    /// 32 values, scaled and rounded to nearest, ties to even.
    pub fn round(values: &[f32; 32], scale: f32, out: &mut [u16; 32]) {
        assert!(available());
        // SAFETY: the processor has the instructions (above).
        unsafe { round_line(values, scale, out) }
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    fn round_line(values: &[f32; 32], scale: f32, out: &mut [u16; 32]) {
        let scale = _mm512_set1_ps(scale);
        // SAFETY: both halves are 16 values.
        let [low, high] = [0, 16].map(|at| unsafe { _mm512_loadu_ps(values.as_ptr().add(at)) });
        let both = _mm512_cvtne2ps_pbh(_mm512_mul_ps(high, scale), _mm512_mul_ps(low, scale));
        // SAFETY: 32 values of 16 bits are 512 bits; both types are 512 bits of any value.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), transmute::<__m512bh, __m512i>(both)) };
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    fn block(a: &[u16], b: &[u16], c: &mut Block) {
        for first in (0..BLOCK).step_by(ROWS) {
            let mut sums: [[__m512; 2]; ROWS] = [[_mm512_setzero_ps(); 2]; ROWS];
            for (a, b) in a.chunks_exact(2 * TILE).zip(b.chunks_exact(2 * TILE)) {
                for pair in 0..16 {
                    // SAFETY: a tile is 16 lines of 32 values, and `b` holds two.
                    let columns = [0, 1].map(|tile| unsafe { load(&b[tile * TILE + pair * 32..]) });
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let values = &a[(first + row) * 32 + 2 * pair..][..2];
                        let both = u32::from(values[0]) | u32::from(values[1]) << 16;
                        // SAFETY: both types are 512 bits of any value.
                        let left: __m512bh =
                            unsafe { transmute::<__m512i, __m512bh>(_mm512_set1_epi32(both.cast_signed())) };
                        sums[0] = _mm512_dpbf16_ps(sums[0], left, columns[0]);
                        sums[1] = _mm512_dpbf16_ps(sums[1], left, columns[1]);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (half, sums) in sums.iter().enumerate() {
                    let out = &mut c.0[(first + row) * BLOCK + half * 16..][..16];
                    // SAFETY: sixteen f32 values are 64 bytes.
                    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), *sums) };
                }
            }
        }
    }

    /// # Safety
    /// `line` must hold 32 values.
    #[target_feature(enable = "avx512f")]
    unsafe fn load(line: &[u16]) -> __m512bh {
        debug_assert!(line.len() >= 32);
        // SAFETY: promised by the caller; both types are 512 bits of any value.
        unsafe { transmute::<__m512i, __m512bh>(_mm512_loadu_si512(line.as_ptr().cast())) }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod imp {
    use super::Block;

    pub fn available() -> bool {
        false
    }

    pub fn is_amd() -> bool {
        false
    }

    pub fn multiply(_: &[u16], _: &[u16], _: &mut Block) {
        unreachable!("AVX-512 was asked for where there is none")
    }

    pub fn round(_: &[f32; 32], _: f32, _: &mut [u16; 32]) {
        unreachable!("AVX-512 was asked for where there is none")
    }
}
