//! How background work behaves beside live search: it waits, gives up half a batch, and stops when told.

use crate::model::{ModelError, Stop};

use super::SearchError;

/// Asked by long work between batches and between layers.
pub trait Courtesy: Send + Sync {
    /// Give up for good.
    fn is_stopped(&self) -> bool {
        false
    }

    /// Somebody more important wants the processor: drop the batch under way and do it again later.
    fn is_disturbed(&self) -> bool {
        false
    }

    /// Returns when the processor is free, or when stopped.
    fn wait(&self) {}
}

/// Live search and the command line: nobody is more important.
#[derive(Debug, Clone, Copy, Default)]
pub struct Undisturbed;

impl Courtesy for Undisturbed {}

/// Errors of which one means that the work was stopped.
pub trait Stoppable {
    fn is_stop(&self) -> bool;
}

impl Stoppable for ModelError {
    fn is_stop(&self) -> bool {
        matches!(self, ModelError::Stopped)
    }
}

impl Stoppable for SearchError {
    fn is_stop(&self) -> bool {
        matches!(self, SearchError::Model(ModelError::Stopped))
    }
}

/// Runs one batch as courtesy asks. `batch` is run again from its beginning after a disturbance.
pub fn politely<T, E: Stoppable>(
    courtesy: &dyn Courtesy,
    stop: Stop,
    mut batch: impl FnMut(Stop) -> Result<T, E>,
) -> Result<T, E> {
    loop {
        courtesy.wait();
        match batch(&|| stop() || courtesy.is_stopped() || courtesy.is_disturbed()) {
            Err(error) if error.is_stop() && !stop() && !courtesy.is_stopped() => continue,
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct DisturbedTwice(AtomicUsize);

    impl Courtesy for DisturbedTwice {
        fn is_disturbed(&self) -> bool {
            self.0.fetch_add(1, Ordering::SeqCst) < 2
        }
    }

    #[test]
    fn a_disturbed_batch_is_done_again_and_a_stopped_one_is_not() {
        let mut tries = 0;
        let mut work = |stop: Stop| {
            tries += 1;
            if stop() { Err(ModelError::Stopped) } else { Ok(tries) }
        };
        assert_eq!(politely(&DisturbedTwice(AtomicUsize::new(0)), &crate::model::never, &mut work).ok(), Some(3));
        assert!(matches!(politely(&Undisturbed, &|| true, &mut work), Err(ModelError::Stopped)));
        assert_eq!(tries, 4);
    }
}
