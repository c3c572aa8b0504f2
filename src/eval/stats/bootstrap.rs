//! Percentile bootstrap of a mean (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).

use super::{SEED, mean};

/// Resamples behind one interval: twice the thousand that Efron and Tibshirani ask for percentiles.
pub const RESAMPLES: usize = 2000;

/// The share of resampled means that an interval holds.
const COVERAGE: f64 = 0.95;

/// A 95 % interval of a mean.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    pub fn holds(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The interval of the mean of these values; `None` for fewer than two, whose spread is unknown.
pub fn mean_interval(values: &[f64]) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    if values.iter().all(|value| *value == values[0]) {
        return Some(Interval { low: mean(values), high: mean(values) });
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    let resample =
        || (0..values.len()).map(|_| values[random.usize(..values.len())]).sum::<f64>() / values.len() as f64;
    let mut means: Vec<f64> = std::iter::repeat_with(resample).take(RESAMPLES).collect();
    means.sort_by(f64::total_cmp);
    let tail = (1.0 - COVERAGE) / 2.0;
    Some(Interval { low: quantile(&means, tail), high: quantile(&means, 1.0 - tail) })
}

/// Linear between the neighbours, as numpy's default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scipys_interval_of_sixty_values() {
        // scipy.stats.bootstrap, method percentile, 200,000 resamples.
        let values: Vec<f64> = (0..60).map(|i| f64::from((i * 37) % 101) / 100.0 - 0.45).collect();
        let interval = mean_interval(&values).unwrap();
        assert!((interval.low - -0.028_333).abs() < 0.006, "{interval:?}");
        assert!((interval.high - 0.119_167).abs() < 0.006, "{interval:?}");
        assert_eq!(mean_interval(&values), Some(interval), "seeded");
    }

    #[test]
    fn ones_and_zeros_follow_the_binomial_distribution() {
        // scipy.stats.binom.ppf([.025, .975], 50, .4) / 50 is [0.26, 0.54]; one count is 0.02.
        let values: Vec<f64> = (0..50).map(|i| f64::from(u8::from(i < 20))).collect();
        let interval = mean_interval(&values).unwrap();
        assert!((interval.low - 0.26).abs() < 0.021 && (interval.high - 0.54).abs() < 0.021, "{interval:?}");
    }

    #[test]
    fn what_has_no_spread_has_no_width() {
        assert_eq!(mean_interval(&[0.5]), None);
        assert_eq!(mean_interval(&[0.25; 9]), Some(Interval { low: 0.25, high: 0.25 }));
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0, 4.0], 0.3), 1.2);
    }
}
