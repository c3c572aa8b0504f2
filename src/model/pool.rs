//! The threads that models run on: our own, so that neither the interface nor candle's global pool waits for them.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::Width;

/// Niceness of model threads beside an interface. At 5 the scheduler gives the interface thread three times their
/// weight, which is enough for it to be run at once, and other programs do not starve us as they would at 19.
#[cfg(target_os = "linux")]
const NICENESS: libc::c_int = 5;

static GIVES_WAY: AtomicBool = AtomicBool::new(false);

static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| build(Width::chosen().threads));

/// Threads for models, `None` if the system gives none.
pub(super) fn build(threads: usize) -> Option<ThreadPool> {
    let built = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("model-{index}"))
        .start_handler(|_| {
            if GIVES_WAY.load(Ordering::Relaxed) {
                lower_priority();
            }
        })
        .build();
    built.inspect_err(|error| tracing::warn!(%error, "no threads of our own for models")).ok()
}

/// Model threads that begin after this give way to the thread that draws. A command draws nothing: its models compete as
/// equals with what else runs, for niceness leaves a seventh of a core that another program wants too, and not half.
pub fn give_way() {
    GIVES_WAY.store(true, Ordering::Relaxed);
}

/// How many threads `work` can have.
pub fn width() -> usize {
    POOL.as_ref().map_or(1, ThreadPool::current_num_threads)
}

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
