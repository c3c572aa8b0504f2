//! Live search comes first: background work waits at this gate while a request is being answered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Background work never sleeps longer than this without looking at its own stop flag.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub struct Gate {
    live: AtomicUsize,
    lock: Mutex<()>,
    freed: Condvar,
}

/// Live work under way; background work goes on when the last one is dropped.
pub struct Live<'a>(&'a Gate);

impl Gate {
    pub fn enter(&self) -> Live<'_> {
        self.live.fetch_add(1, Ordering::AcqRel);
        Live(self)
    }

    /// Cheap enough to ask between layers.
    pub fn is_busy(&self) -> bool {
        self.live.load(Ordering::Acquire) > 0
    }

    /// Waits until no live work is under way, or `stop` says so.
    pub fn wait(&self, stop: &dyn Fn() -> bool) {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.is_busy() && !stop() {
            guard = self.freed.wait_timeout(guard, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::AcqRel);
        let _guard = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn background_work_waits_for_the_last_live_request() {
        let gate = Arc::new(Gate::default());
        let (first, second) = (gate.enter(), gate.enter());
        let passed = Arc::new(AtomicBool::new(false));
        let waiter = std::thread::spawn({
            let (gate, passed) = (gate.clone(), passed.clone());
            move || {
                gate.wait(&|| false);
                passed.store(true, Ordering::SeqCst);
            }
        });
        drop(first);
        // The gate is still held by the second, so the waiter cannot have passed whatever the timing.
        assert!(gate.is_busy() && !passed.load(Ordering::SeqCst));
        drop(second);
        waiter.join().unwrap();
        assert!(passed.load(Ordering::SeqCst));
    }

    #[test]
    fn a_stopped_waiter_does_not_wait() {
        let gate = Gate::default();
        let _live = gate.enter();
        gate.wait(&|| true);
    }
}
