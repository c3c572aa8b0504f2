//! AVX-512 BF16: `vdpbf16ps` on the same tiles.

pub(super) use imp::{available, is_amd, multiply};

#[cfg(target_arch = "x86_64")]
mod imp {
    use std::arch::x86_64::{
        __cpuid, __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_ps,
        _mm512_storeu_ps,
    };
    use std::mem::transmute;

    use crate::model::packed::tiles::{DEPTH, Pair, SIDE};
    use crate::model::packed::{BLOCK, Block, Right};

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
    pub fn multiply(a: &[Pair], b: Right, c: &mut Block) {
        assert!(available());
        b.check(a);
        // SAFETY: the processor has the instructions (above).
        unsafe { block(a, b, c) }
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    fn block(a: &[Pair], b: Right, c: &mut Block) {
        for first in (0..BLOCK).step_by(ROWS) {
            let mut sums: [[__m512; 2]; ROWS] = [[_mm512_setzero_ps(); 2]; ROWS];
            for (a, b) in a.iter().zip(b.pairs.iter().step_by(b.step)) {
                for pair in 0..SIDE {
                    let columns = [0, 1].map(|tile| load(b.line(tile * SIDE + pair)));
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let values = &a.line(first + row)[2 * pair..][..2];
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
                    let out = &mut c.0[(first + row) * BLOCK + half * SIDE..][..SIDE];
                    // SAFETY: sixteen f32 values are 64 bytes.
                    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), *sums) };
                }
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    fn load(line: &[u16; DEPTH]) -> __m512bh {
        // SAFETY: a line is 512 bits; both types are 512 bits of any value.
        unsafe { transmute::<__m512i, __m512bh>(_mm512_loadu_si512(line.as_ptr().cast())) }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod imp {
    use crate::model::packed::{Block, Pair, Right};

    pub fn available() -> bool {
        false
    }

    pub fn is_amd() -> bool {
        false
    }

    pub fn multiply(_: &[Pair], _: Right, _: &mut Block) {
        unreachable!("AVX-512 was asked for where there is none")
    }
}
