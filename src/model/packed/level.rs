//! Which units of the processor multiply bf16, and who may choose.

use std::env;
use std::sync::OnceLock;

use super::{Multiply, amx, avx512, portable};

/// The environment variable that names a level, to measure one or to get around a fault: `amx-bf16`, `avx512-bf16`, or
/// `f32` for none.
pub const KERNELS: &str = "SKILLSCOPE_KERNELS";

/// How a block is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Intel AMX, `tdpbf16ps`.
    Amx,
    /// AVX-512 BF16, `vdpbf16ps`.
    Avx512Bf16,
    /// Plain loops, for tests and as the definition of the other two.
    Portable,
}

impl Level {
    /// Best first.
    pub const ALL: [Level; 3] = [Level::Amx, Level::Avx512Bf16, Level::Portable];

    pub fn label(self) -> &'static str {
        match self {
            Level::Amx => "amx-bf16",
            Level::Avx512Bf16 => "avx512-bf16",
            Level::Portable => "portable",
        }
    }

    /// Calls `work` with the multiplication of a block, ready on this thread.
    pub fn with_multiply<R>(self, work: impl FnOnce(Multiply) -> R) -> R {
        match self {
            Level::Amx => amx::Configured::run(|tiles| work(&|a, b, c| tiles.multiply(a, b, c))),
            Level::Avx512Bf16 => work(&avx512::multiply),
            Level::Portable => work(&portable::multiply),
        }
    }

    /// Whether this processor and kernel have it.
    pub fn available(self) -> bool {
        match self {
            Level::Amx => amx::available(),
            Level::Avx512Bf16 => avx512::available(),
            Level::Portable => true,
        }
    }

    /// The level that beats f32 products on this machine, if there is one, or what [`KERNELS`] names. AVX-512 BF16
    /// beats f32 on AMD's processors and is no faster on Intel's (measured on Sapphire Rapids: 69 against 117 GFLOP/s).
    pub fn fast() -> Option<Level> {
        match asked() {
            Ok(Asked::Level(level)) => Some(*level),
            Ok(Asked::F32) => None,
            Ok(Asked::Nothing) | Err(_) => Level::best(),
        }
    }

    fn best() -> Option<Level> {
        match () {
            () if Level::Amx.available() => Some(Level::Amx),
            () if Level::Avx512Bf16.available() && avx512::is_amd() => Some(Level::Avx512Bf16),
            () => None,
        }
    }

    /// # Errors
    /// A sentence, if [`KERNELS`] names no level or one that this machine does not have.
    pub fn check_environment() -> Result<(), String> {
        asked().as_ref().map(|_| ()).map_err(String::clone)
    }
}

/// What [`KERNELS`] asks for.
#[derive(Debug, PartialEq)]
enum Asked {
    Nothing,
    Level(Level),
    F32,
}

fn asked() -> &'static Result<Asked, String> {
    static ASKED: OnceLock<Result<Asked, String>> = OnceLock::new();
    ASKED.get_or_init(|| parse(&env::var(KERNELS).unwrap_or_default()))
}

fn parse(text: &str) -> Result<Asked, String> {
    let units = [Level::Amx, Level::Avx512Bf16];
    match units.into_iter().find(|level| level.label() == text) {
        Some(level) if level.available() => Ok(Asked::Level(level)),
        Some(level) => Err(format!("{KERNELS}: this machine has no {}; f32 works everywhere", level.label())),
        None if text == "f32" => Ok(Asked::F32),
        None if text.is_empty() => Ok(Asked::Nothing),
        None => Err(format!("{KERNELS} is {text:?}; it is one of amx-bf16, avx512-bf16, f32")),
    }
}
