//! The threads that models run on: our own, so that neither the interface nor candle's global pool waits for them.

use std::sync::LazyLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Niceness of model threads. At 5 the scheduler gives the interface thread three times their weight, which is enough
/// for it to be run at once, and other programs do not starve us as they would at 19.
#[cfg(target_os = "linux")]
const NICENESS: libc::c_int = 5;

static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let built = ThreadPoolBuilder::new()
        .num_threads(std::thread::available_parallelism().map_or(1, usize::from))
        .thread_name(|index| format!("model-{index}"))
        .start_handler(|_| lower_priority())
        .build();
    built.inspect_err(|error| tracing::warn!(%error, "no threads of our own for models")).ok()
});

/// Runs `work` on the model threads and waits for it; in the caller's place if they could not be made.
pub fn run<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    match POOL.as_ref() {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

#[cfg(target_os = "linux")]
fn lower_priority() {
    // SAFETY: setpriority takes three integers; on Linux 0 means the calling thread, not the process. It can fail only
    // for a bad argument, and running at normal priority then is no harm.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}
