//! What can be said of numbers that come from a few requests: intervals, paired tests, agreement of lists.
//! Whatever is random here is seeded: the same run gives the same interval twice.

mod bootstrap;
mod lists;
mod paired;

pub use bootstrap::{Interval, RESAMPLES, mean_interval};
pub use lists::{RBO_PERSISTENCE, jaccard, kendall_tau, rbo};
pub use paired::{ENOUGH_QUERIES, EXACT_UP_TO, FLIPS, Paired, holm};

/// Seed of everything random here; any other would do as well.
const SEED: u64 = 0x5eed;

/// The arithmetic mean; zero of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}
