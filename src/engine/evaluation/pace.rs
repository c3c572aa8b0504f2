//! How fast a run goes, and how often it may stop to say so.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Requests the speed is a mean of: enough to be steady, few enough to follow a slower stretch.
const RECENT: usize = 20;
/// The least time between two digests: a person reads no faster.
const SOON: Duration = Duration::from_millis(250);
/// A digest may cost this part of the run's time.
const SHARE: u32 = 20;

/// Measures itself against the clock it is given, so that tests need not wait.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the last requests were done.
    done: VecDeque<Instant>,
    next_digest: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Pace { done: VecDeque::new(), next_digest: now }
    }

    pub fn request_done(&mut self, now: Instant) {
        self.done.push_back(now);
        if self.done.len() > RECENT {
            self.done.pop_front();
        }
    }

    /// Time that was spent waiting for a person is no measure of speed.
    pub fn paused(&mut self) {
        self.done.clear();
    }

    /// Requests per second; `None` until two were done.
    pub fn speed(&self) -> Option<f64> {
        let span = self.done.back()?.duration_since(*self.done.front()?).as_secs_f64();
        (span > 0.0).then(|| (self.done.len() - 1) as f64 / span)
    }

    pub fn digest_is_due(&self, now: Instant) -> bool {
        now >= self.next_digest
    }

    pub fn digest_made(&mut self, from: Instant, to: Instant) {
        self.next_digest = to + SOON.max((to - from) * SHARE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_of_the_last_requests_and_not_of_pauses() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.speed(), None);
        for second in 0..100 {
            pace.request_done(start + Duration::from_secs(second));
        }
        (1..=19).for_each(|tenth| pace.request_done(start + Duration::from_millis(99_000 + tenth * 100)));
        assert!((pace.speed().unwrap() - 10.0).abs() < 1e-9, "{:?}", pace.speed());
        pace.paused();
        pace.request_done(start + Duration::from_secs(4000));
        assert_eq!(pace.speed(), None);
    }

    #[test]
    fn an_expensive_digest_makes_the_next_one_wait() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert!(pace.digest_is_due(start));
        let made = start + Duration::from_millis(100);
        pace.digest_made(start, made);
        assert!(!pace.digest_is_due(made + Duration::from_millis(1999)));
        assert!(pace.digest_is_due(made + Duration::from_secs(2)));
    }
}
