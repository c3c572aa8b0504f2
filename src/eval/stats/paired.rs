//! Two systems on the same requests: effect, interval, and Fisher's paired randomisation test, which needs no assumption
//! about the distribution (Smucker, Allan and Carterette, "A comparison of statistical significance tests for information
//! retrieval evaluation", CIKM 2007).

use super::{Interval, SEED, mean, mean_interval};

/// Requests with a difference up to which all sign flips are counted: 2^16 of them.
pub const EXACT_UP_TO: usize = 16;

/// Random sign flips beyond that. The error of p near 0.05 is 0.0015.
pub const FLIPS: usize = 20_000;

/// Requests from which a verdict is given. With fewer, a difference of 0.3 standard deviations, common between two
/// routers, is missed more often than once in five: (1.96 + 0.84)² / 0.3² = 87.2 (5 % two-sided, power 80 %).
pub const ENOUGH_QUERIES: usize = 88;

/// The level of a verdict.
const LEVEL: f64 = 0.05;

/// Sums that differ by less than this share of the whole are equal but for rounding.
const ROUNDING: f64 = 1e-12;

/// The second system minus the first, request by request.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Paired {
    pub queries: usize,
    /// Mean of second minus first.
    pub difference: f64,
    /// 95 % bootstrap interval of the difference.
    pub interval: Option<Interval>,
    /// Requests the second is better at.
    pub wins: usize,
    pub ties: usize,
    pub losses: usize,
    /// Two-sided, of the randomisation test; not corrected.
    pub p: f64,
}

impl Paired {
    /// From the values of both systems for the same requests, in pairs (first, second).
    pub fn of(pairs: &[(f64, f64)]) -> Self {
        let differences: Vec<f64> = pairs.iter().map(|(first, second)| second - first).collect();
        let count = |keep: fn(f64) -> bool| differences.iter().filter(|&&difference| keep(difference)).count();
        Paired {
            queries: pairs.len(),
            difference: mean(&differences),
            interval: mean_interval(&differences),
            wins: count(|difference| difference > 0.0),
            ties: count(|difference| difference == 0.0),
            losses: count(|difference| difference < 0.0),
            p: randomisation(&differences),
        }
    }

    pub fn too_few(&self) -> bool {
        self.queries < ENOUGH_QUERIES
    }

    /// In words, given p after correction.
    pub fn verdict(&self, corrected: f64) -> &'static str {
        match () {
            () if self.too_few() => "too few queries to tell",
            () if corrected >= LEVEL => "no difference shown",
            () if self.difference > 0.0 => "better",
            () => "worse",
        }
    }
}

/// p of the hypothesis that the sign of each difference is chance.
fn randomisation(differences: &[f64]) -> f64 {
    // A difference of zero is zero under either sign.
    let sizes: Vec<f64> = differences.iter().map(|d| d.abs()).filter(|&d| d > 0.0).collect();
    let observed = differences.iter().sum::<f64>().abs();
    let least = observed - ROUNDING * sizes.iter().sum::<f64>();
    if sizes.is_empty() {
        return 1.0;
    }
    if sizes.len() <= EXACT_UP_TO {
        let all = 1u32 << sizes.len();
        let extreme = (0..all).filter(|&signs| signed(&sizes, u64::from(signs)).abs() >= least).count();
        return extreme as f64 / f64::from(all);
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut flip = || sizes.chunks(64).map(|chunk| signed(chunk, random.u64(..))).sum::<f64>().abs() >= least;
    let extreme = (0..FLIPS).filter(|_| flip()).count();
    // The observed signs are one of the possible ones, so that p is never zero.
    (extreme + 1) as f64 / (FLIPS + 1) as f64
}

/// The sum with the signs of these bits; at most 64 sizes.
fn signed(sizes: &[f64], signs: u64) -> f64 {
    sizes.iter().enumerate().map(|(bit, &size)| if signs >> bit & 1 == 1 { size } else { -size }).sum()
}

/// Holm's step-down correction (Scandinavian Journal of Statistics 6, 1979): p values that may be compared with one
/// level although several were looked at, in the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut least: f64 = 0.0;
    for (step, &index) in order.iter().enumerate() {
        least = least.max((p[index] * (p.len() - step) as f64).min(1.0));
        corrected[index] = least;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scipys_exact_test() {
        // scipy.stats.permutation_test, permutation_type samples, all permutations.
        let differences = [0.2, -0.1, 0.35, 0.0, 0.05, 0.4, -0.25, 0.15, 0.1, 0.3];
        assert!((randomisation(&differences) - 0.113_281_25).abs() < 1e-12);
    }

    #[test]
    fn scipys_random_test() {
        // The same with 400,000 permutations: 0.2404.
        let differences: Vec<f64> = (0..60).map(|i| f64::from((i * 37) % 101) / 100.0 - 0.45).collect();
        assert!((randomisation(&differences) - 0.2404).abs() < 0.01);
    }

    #[test]
    fn worked_out_by_hand() {
        assert_eq!(randomisation(&[1.0, 1.0, 1.0]), 2.0 / 8.0, "only all plus and all minus are as far out");
        assert_eq!(randomisation(&[0.0; 5]), 1.0);
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm(&[0.5, 0.9]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn few_queries_get_no_verdict_and_many_do() {
        let better = |count: usize| Paired::of(&vec![(0.0, 1.0); count]);
        assert_eq!(better(75).verdict(0.001), "too few queries to tell");
        assert_eq!(better(88).verdict(0.001), "better");
        assert_eq!(better(88).verdict(0.2), "no difference shown");
        assert_eq!(Paired::of(&[(1.0, 0.0); 88]).verdict(0.001), "worse");
        let mixed = Paired::of(&[(0.0, 1.0), (0.5, 0.5), (1.0, 0.0), (0.0, 0.25)]);
        assert_eq!((mixed.wins, mixed.ties, mixed.losses, mixed.difference), (2, 1, 1, 0.0625));
    }

    proptest! {
        #[test]
        fn exchanging_the_systems_changes_the_sign_only(values in prop::collection::vec((0u8..5, 0u8..5), 1..40)) {
            let pairs: Vec<(f64, f64)> = values.iter().map(|&(a, b)| (f64::from(a), f64::from(b))).collect();
            let turned: Vec<(f64, f64)> = pairs.iter().map(|&(a, b)| (b, a)).collect();
            let (one, other) = (Paired::of(&pairs), Paired::of(&turned));
            prop_assert_eq!(one.p, other.p);
            prop_assert!((0.0..=1.0).contains(&one.p) && one.p > 0.0);
            prop_assert_eq!((one.wins, one.ties, one.losses), (other.losses, other.ties, other.wins));
            prop_assert!((one.difference + other.difference).abs() < 1e-12);
        }

        #[test]
        fn correction_never_lowers_and_keeps_the_order(p in prop::collection::vec(0.0..=1.0f64, 1..12)) {
            let corrected = holm(&p);
            for (index, &before) in p.iter().enumerate() {
                prop_assert!(corrected[index] >= before && corrected[index] <= 1.0);
                for (other, &its) in p.iter().enumerate() {
                    prop_assert!(before > its || corrected[index] <= corrected[other]);
                }
            }
        }
    }
}
