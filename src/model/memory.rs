//! How much memory a device has left, whether a model fits into it, and what to do when it runs out after all.

use candle_core::Device as Opened;

use super::forward::RunError;
use super::hub::size;
use super::packed::Level;
use super::{Device, ModelError, Placement, Precision};

/// Bytes that can still be had on a device without swapping; `None` where it cannot be told.
pub fn free(device: &Opened) -> Option<u64> {
    match device {
        Opened::Cpu => main_memory(),
        Opened::Cuda(_) => on_cuda(device),
        // Shared with the processor, and paged by the system.
        Opened::Metal(_) => None,
    }
}

#[cfg(feature = "cuda")]
fn on_cuda(device: &Opened) -> Option<u64> {
    let (free, _) = device.as_cuda_device().ok()?.cuda_stream().context().mem_get_info().ok()?;
    Some(free as u64)
}

#[cfg(not(feature = "cuda"))]
fn on_cuda(_: &Opened) -> Option<u64> {
    None
}

/// What the kernel would give us, within the limit of our control group.
fn main_memory() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let available = available(&read("/proc/meminfo")?)?;
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let limit = number("/sys/fs/cgroup/memory.max");
    let left = limit.map(|limit| limit.saturating_sub(number("/sys/fs/cgroup/memory.current").unwrap_or(0)));
    Some(left.map_or(available, |left| left.min(available)))
}

/// `MemAvailable` of /proc/meminfo, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Bytes of one weight. A processor keeps 16 bits only of what it has units for, and f32 of all else.
fn width(placement: Placement) -> u64 {
    match (placement.device, placement.precision) {
        (Device::Cpu, Precision::Bf16) if Level::fast().is_some() => 2,
        (Device::Cpu, _) | (_, Precision::Auto | Precision::F32) => 4,
        (_, Precision::Bf16 | Precision::F16) => 2,
    }
}

/// Refuses a model whose weights alone are larger than what is free; activations are small beside them, and steps
/// shrink where they are not ([`halving`]). `numbers` is how many weights it has; `placement` is settled.
///
/// # Errors
/// What is needed, what is free, and what would fit.
pub fn check(model: &str, numbers: u64, placement: Placement, free: Option<u64>) -> Result<(), ModelError> {
    let needed = numbers * width(placement);
    match free {
        Some(free) if needed > free => Err(ModelError::Memory {
            model: model.to_owned(),
            placement,
            needed: size(needed),
            free: size(free),
            advice: advice(numbers, placement, free),
        }),
        _ => Ok(()),
    }
}

/// What would fit.
fn advice(numbers: u64, placement: Placement, free: u64) -> String {
    let halved = Placement { precision: Precision::Bf16, ..placement };
    let half = numbers * width(halved);
    if width(halved) < width(placement) && half <= free {
        return format!("in bf16 it needs {} and fits: --dtype bf16", size(half));
    }
    let most = (free / width(halved)) as f64 / 1e9;
    let cpu = if placement.device == Device::Cpu { "" } else { ", or --device cpu" };
    format!("it does not fit in any precision; choose a model of at most {most:.1} billion weights{cpu}")
}

/// Runs the elements of a step at once, or where memory runs out half as many at a time, down to one. `at_once` is how
/// many are tried; it stays smaller for the steps that follow.
///
/// # Errors
/// As `forward`; out of memory only with a single element.
pub fn halving<T, R>(
    step: &[T],
    at_once: &mut usize,
    mut forward: impl FnMut(&[T]) -> Result<R, RunError>,
    mut each: impl FnMut(&[T], R),
) -> Result<(), RunError> {
    let mut rest = step;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(*at_once));
        match forward(now) {
            Ok(result) => {
                each(now, result);
                rest = later;
            }
            Err(error) if is_exhaustion(&error) && now.len() > 1 => {
                *at_once = now.len() / 2;
                tracing::warn!(at_once, "out of memory, going on with smaller steps");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a device ran out of memory. candle has no kind for it; these are the drivers' words: CUDA's, cuBLAS's, and
/// candle's own for a Metal buffer that was not given.
pub fn is_exhaustion(error: &RunError) -> bool {
    const WORDS: [&str; 4] = [
        "CUDA_ERROR_OUT_OF_MEMORY",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "out of memory",
        "Failed to create metal resource: Buffer",
    ];
    let RunError::Tensor(error) = error else { return false };
    let text = error.to_string();
    WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exhausted() -> RunError {
        RunError::Tensor(candle_core::Error::Msg("DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")".into()))
    }

    /// A device on which more than `room` elements at once are too many.
    fn run(step: &[usize], at_once: &mut usize, room: usize) -> (Vec<Vec<usize>>, usize, Result<(), RunError>) {
        let (mut done, mut calls) = (Vec::new(), 0);
        let forward = |now: &[usize]| {
            calls += 1;
            if now.len() > room { Err(exhausted()) } else { Ok(()) }
        };
        let result = halving(step, at_once, forward, |now, ()| done.push(now.to_vec()));
        (done, calls, result)
    }

    #[test]
    fn a_step_that_is_too_large_is_halved_until_it_fits() {
        let mut at_once = usize::MAX;
        let (done, calls, result) = run(&[7, 1, 4, 2, 9, 3, 8], &mut at_once, 2);
        assert!(result.is_ok());
        assert_eq!(done.concat(), [7, 1, 4, 2, 9, 3, 8]);
        // 7 at once, then 3, then 1 each.
        assert_eq!((done.len(), calls, at_once), (7, 9, 1));
        // The next step begins with what worked.
        let (done, calls, result) = run(&[5, 6], &mut at_once, 2);
        assert_eq!((done.len(), calls, result.is_ok()), (2, 2, true));
    }

    #[test]
    fn what_fits_goes_at_once_and_one_that_does_not_is_an_error() {
        let (done, calls, _) = run(&[1, 2, 3], &mut usize::MAX.clone(), 3);
        assert_eq!((done, calls), (vec![vec![1, 2, 3]], 1));
        let (done, _, result) = run(&[1, 2], &mut usize::MAX.clone(), 0);
        assert!(done.is_empty() && is_exhaustion(&result.unwrap_err()));
    }

    #[test]
    fn other_errors_are_not_tried_again() {
        let mut calls = 0;
        let forward = |_: &[usize]| {
            calls += 1;
            Err::<(), _>(RunError::Stopped)
        };
        let result = halving(&[1, 2, 3], &mut usize::MAX.clone(), forward, |_, ()| {});
        assert!(matches!(result, Err(RunError::Stopped)) && calls == 1);
    }

    #[test]
    fn meminfo_is_read_in_bytes() {
        let text = "MemTotal:       24689764 kB\nMemFree:         1 kB\nMemAvailable:   23068672 kB\n";
        assert_eq!(available(text), Some(23_068_672 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn a_refusal_says_what_would_fit() {
        let gpu = |precision| Placement { device: Device::Cuda(0), precision };
        let said = |numbers, precision, free| check("m", numbers, gpu(precision), Some(free)).unwrap_err().to_string();
        // 8 billion weights, 24 GB.
        let f32 = said(8_000_000_000, Precision::F32, 24_000_000_000);
        for part in ["m", "cuda f32", "32.0 GB", "24.0 GB", "16.0 GB", "--dtype bf16"] {
            assert!(f32.contains(part), "{part} in: {f32}");
        }
        let bf16 = said(8_000_000_000, Precision::Bf16, 10_000_000_000);
        assert!(bf16.contains("at most 5.0 billion weights, or --device cpu"), "{bf16}");
        assert!(check("m", 600_000_000, gpu(Precision::Bf16), Some(10_000_000_000)).is_ok());
        assert!(check("m", 600_000_000, gpu(Precision::Bf16), None).is_ok());
    }
}
