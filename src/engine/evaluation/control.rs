//! How a run is paused and stopped while it works, and how it stands back for live search.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::Shared;
use crate::search::Courtesy;

/// A paused run never sleeps longer than this without looking whether the engine stops.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the interface wants of one run.
#[derive(Debug, Default)]
pub(super) struct Control {
    stop: AtomicBool,
    paused: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Control {
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
    }

    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
        self.wake();
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    fn wake(&self) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed.notify_all();
    }

    /// Returns when it is not paused, or `stop` says so.
    fn wait(&self, stop: &dyn Fn() -> bool) {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.is_paused() && !stop() {
            guard = self.changed.wait_timeout(guard, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// An evaluation among others: live search goes first, and a pause drops the batch under way, to be done again.
pub(super) struct BehindSearch {
    pub shared: Arc<Shared>,
    pub control: Arc<Control>,
}

impl Courtesy for BehindSearch {
    fn is_stopped(&self) -> bool {
        self.control.stop.load(Ordering::Acquire) || self.shared.is_stopping()
    }

    fn is_disturbed(&self) -> bool {
        self.shared.gate.is_busy() || self.control.is_paused()
    }

    fn wait(&self) {
        self.control.wait(&|| self.is_stopped());
        self.shared.gate.wait(&|| self.is_stopped());
    }
}
