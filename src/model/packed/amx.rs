//! Intel AMX: `tdpbf16ps` on 16 × 32 tiles, in stable Rust through `asm!` (the intrinsics are not stable yet).

pub(super) use imp::{Configured, available};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod imp {
    use std::arch::asm;
    use std::arch::x86_64::__cpuid_count;
    use std::sync::OnceLock;

    use crate::model::packed::tiles::Pair;
    use crate::model::packed::{BLOCK, Block, Right};

    /// `arch_prctl`: ask for a state component (Linux 5.16; Documentation/arch/x86/xstate.rst).
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    /// The component that holds tile data.
    const XFEATURE_XTILEDATA: libc::c_long = 18;

    /// Asked once; a process that was refused stays refused.
    pub fn available() -> bool {
        static GRANTED: OnceLock<bool> = OnceLock::new();
        *GRANTED.get_or_init(|| {
            if cfg!(miri) {
                // Miri runs no assembly.
                return false;
            }
            // Leaf 7, EDX: bit 22 AMX-BF16, bit 24 AMX-TILE (SDM volume 2, CPUID).
            let features = __cpuid_count(7, 0).edx;
            let has = features & (1 << 22) != 0 && features & (1 << 24) != 0;
            // SAFETY: a system call with two integers; it changes what this process may use and nothing else.
            has && unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) } == 0
        })
    }

    /// Palette 1: all eight tiles 16 rows of 64 bytes (SDM volume 1, 18.3).
    #[repr(C, align(64))]
    struct Config {
        palette: u8,
        start_row: u8,
        reserved: [u8; 14],
        row_bytes: [u16; 16],
        rows: [u8; 16],
    }

    static CONFIG: Config = {
        let (mut row_bytes, mut rows) = ([0; 16], [0; 16]);
        let mut tile = 0;
        while tile < 8 {
            row_bytes[tile] = 64;
            rows[tile] = 16;
            tile += 1;
        }
        Config { palette: 1, start_row: 0, reserved: [0; 14], row_bytes, rows }
    };

    /// A thread whose tiles are configured. Not to be sent elsewhere: the configuration is the thread's.
    pub struct Configured(std::marker::PhantomData<*const ()>);

    impl Configured {
        /// Runs `work` on this thread with tiles configured, and gives their state back afterwards, also after a panic.
        pub fn run<R>(work: impl FnOnce(&Configured) -> R) -> R {
            assert!(available(), "AMX was asked for where there is none");
            // SAFETY: the state was granted (above), and CONFIG is a valid configuration of 64 bytes.
            unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const CONFIG, options(nostack, readonly)) };
            let configured = Configured(std::marker::PhantomData);
            work(&configured)
        }

        /// `c = a·b` of one block.
        pub fn multiply(&self, a: &[Pair], b: Right, c: &mut Block) {
            let depth = b.check(a);
            // SAFETY: tiles are configured (self). `check` has seen that `a` is `depth` pairs of 1 KB tiles, that `b`
            // has as many at its steps; `c` is 32 rows of 128 bytes, which four tiles of 16 rows and 64 bytes cover
            // exactly. Both operands are only read.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "2:",
                    "tileloadd tmm4, [{a} + {line}]",
                    "tileloadd tmm6, [{b} + {line}]",
                    "tileloadd tmm7, [{b} + {line} + 1024]",
                    "tileloadd tmm5, [{a} + {line} + 1024]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7",
                    "add {a}, 2048",
                    "add {b}, {step}",
                    "dec {depth}",
                    "jnz 2b",
                    "tilestored [{c} + {row}], tmm0",
                    "tilestored [{c} + {row} + 64], tmm1",
                    "tilestored [{c} + {row} + 2048], tmm2",
                    "tilestored [{c} + {row} + 2112], tmm3",
                    a = inout(reg) a.as_ptr() => _,
                    b = inout(reg) b.pairs.as_ptr() => _,
                    step = in(reg) b.step * size_of::<Pair>(),
                    depth = inout(reg) depth => _,
                    c = in(reg) c.0.as_mut_ptr(),
                    line = in(reg) 64usize,
                    row = in(reg) BLOCK * size_of::<f32>(),
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    }

    impl Drop for Configured {
        fn drop(&mut self) {
            // SAFETY: puts the tiles of this thread back to their first state; nothing reads them afterwards.
            unsafe { asm!("tilerelease", options(nostack, nomem)) };
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod imp {
    use crate::model::packed::{Block, Pair, Right};

    pub fn available() -> bool {
        false
    }

    /// Never made here.
    pub enum Configured {}

    impl Configured {
        pub fn run<R>(_: impl FnOnce(&Configured) -> R) -> R {
            unreachable!("AMX was asked for where there is none")
        }

        pub fn multiply(&self, _: &[Pair], _: Right, _: &mut Block) {
            match *self {}
        }
    }
}
