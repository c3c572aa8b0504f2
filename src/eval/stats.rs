//! What can be said of a difference: intervals, paired tests, agreement of lists.
//!
//! Effect first, then a test (Smucker, Allan and Carterette, CIKM 2007; Urbano, Lima and Hanjalic, SIGIR 2019): the
//! paired randomisation test and the bootstrap, and neither the sign test nor Wilcoxon's.

use std::collections::HashSet;

/// Resamples of a bootstrap: percentile ends of 2,000 vary in the third decimal, which is as much as we print.
pub const RESAMPLES: usize = 2000;
/// Random sign patterns where all are too many: p then has a standard error of 0.002 near 0.05.
const PATTERNS: usize = 10_000;
/// Differing requests up to which all sign patterns are tried (65,536).
const EXACT_UP_TO: usize = 16;
/// The same numbers at every run.
const SEED: u64 = 0x5eed;
/// Requests up to which a difference that no test shows means nothing: SkillRouter's 75 cannot part systems a few
/// points from each other (domain.md 3.3).
pub const FEW: usize = 75;
/// What is called significant.
pub const ALPHA: f64 = 0.05;

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Percentile bootstrap of the mean (Efron 1979); `None` without values.
pub fn bootstrap(values: &[f64]) -> Option<Interval> {
    if values.is_empty() {
        return None;
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut draw = || values[random.usize(..values.len())];
    let mut means: Vec<f64> =
        (0..RESAMPLES).map(|_| (0..values.len()).map(|_| draw()).sum::<f64>() / values.len() as f64).collect();
    means.sort_by(f64::total_cmp);
    let at = |part: f64| means[((RESAMPLES - 1) as f64 * part).round() as usize];
    Some(Interval { low: at(0.025), high: at(0.975) })
}

/// Two-sided paired randomisation test (Fisher): how often a difference of the mean as large comes from random signs.
pub fn randomisation(differences: &[f64]) -> f64 {
    // What is equal stays equal whatever its sign.
    let moved: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    let observed = moved.iter().sum::<f64>().abs();
    // Sums of the same numbers in another order differ in the last places.
    let reached = |sum: f64| sum.abs() >= observed - 1e-12 * moved.len() as f64;
    if moved.len() <= EXACT_UP_TO {
        let patterns = 1u32 << moved.len();
        let signed = |pattern: u32| {
            moved.iter().enumerate().map(|(at, x)| if pattern >> at & 1 == 1 { -x } else { *x }).sum::<f64>()
        };
        let count = (0..patterns).filter(|&pattern| reached(signed(pattern))).count();
        return count as f64 / f64::from(patterns);
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    let count =
        (0..PATTERNS).filter(|_| reached(moved.iter().map(|x| if random.bool() { -x } else { *x }).sum())).count();
    // The observed pattern is one of them (Phipson and Smyth 2010), so p is never 0.
    (count + 1) as f64 / (PATTERNS + 1) as f64
}

/// Holm's correction for several tests, in the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut highest = 0.0f64;
    for (rank, &index) in order.iter().enumerate() {
        highest = highest.max((p[index] * (p.len() - rank) as f64).min(1.0));
        corrected[index] = highest;
    }
    corrected
}

/// Shared over all of the first `depth` of two lists; 1 if both are empty.
pub fn jaccard(a: &[&str], b: &[&str], depth: usize) -> f64 {
    let set = |list: &[&str]| list.iter().take(depth).map(|id| id.to_string()).collect::<HashSet<_>>();
    let (a, b) = (set(a), set(b));
    let all = a.union(&b).count();
    if all == 0 { 1.0 } else { a.intersection(&b).count() as f64 / all as f64 }
}

/// Rank-biased overlap of two lists without ties, extrapolated (Webber, Moffat and Zobel, TOIS 28, 2010, equation 32);
/// with p = 0.9 the first ten ranks carry 86 % of the weight.
pub fn rank_biased_overlap(a: &[&str], b: &[&str], p: f64) -> f64 {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let (s, l) = (short.len(), long.len());
    if s == 0 {
        return if l == 0 { 1.0 } else { 0.0 };
    }
    let overlap = |depth: usize| {
        let seen: HashSet<&str> = long.iter().take(depth).copied().collect();
        short.iter().take(depth).filter(|id| seen.contains(*id)).count() as f64
    };
    let overlaps: Vec<f64> = (1..=l).map(overlap).collect();
    let (x_s, x_l) = (overlaps[s - 1], overlaps[l - 1]);
    let weight = |depth: usize| p.powi(depth as i32);
    let first: f64 = (1..=l).map(|d| overlaps[d - 1] / d as f64 * weight(d)).sum();
    let second: f64 = (s + 1..=l).map(|d| x_s * (d - s) as f64 / (s * d) as f64 * weight(d)).sum();
    (1.0 - p) / p * (first + second) + ((x_l - x_s) / l as f64 + x_s / s as f64) * weight(l)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_sign_patterns_of_three_equal_gains() {
        // Of eight patterns two (all plus, all minus) reach the sum.
        assert_eq!(randomisation(&[1.0, 1.0, 1.0]), 0.25);
        // |1 + 2 - 4| = 1 is reached by every pattern: 7, 5, 3, 1 and their opposites.
        assert_eq!(randomisation(&[1.0, 2.0, -4.0]), 1.0);
        assert_eq!(randomisation(&[1.0, 2.0, 4.0, 0.0]), 0.25, "an equal pair says nothing");
        assert_eq!(randomisation(&[]), 1.0);
    }

    #[test]
    fn random_patterns_come_near_all_of_them() {
        assert_eq!(randomisation(&[0.1, 0.2, 0.3, 0.05, 0.4, 0.25]), 0.03125, "two of 64");
        let d: Vec<f64> = (0..20).map(|i| [0.3, -0.1, 0.2, 0.05, -0.15][i % 5] + 0.01 * i as f64).collect();
        let p = randomisation(&d);
        assert!((p - exact(&d)).abs() < 0.006, "{p} {}", exact(&d));
    }

    /// All 2^20 patterns, by the definition.
    fn exact(d: &[f64]) -> f64 {
        let observed = d.iter().sum::<f64>().abs() - 1e-9;
        let sum =
            |pattern: u32| d.iter().enumerate().map(|(i, x)| if pattern >> i & 1 == 1 { -x } else { *x }).sum::<f64>();
        let patterns = 1u32 << d.len();
        (0..patterns).filter(|&pattern| sum(pattern).abs() >= observed).count() as f64 / f64::from(patterns)
    }

    #[test]
    fn holms_example() {
        // Worked out by hand: 4·0.01, 3·0.02, 2·0.03 raised to 0.06, 1·0.04 raised to 0.06.
        let corrected = holm(&[0.01, 0.04, 0.03, 0.02]);
        let expected = [0.04, 0.06, 0.06, 0.06];
        assert!(corrected.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{corrected:?}");
        assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
    }

    #[test]
    fn an_interval_holds_its_mean_and_narrows_with_more_values() {
        let values = |count: usize| (0..count).map(|i| f64::from(u8::from(i % 4 == 0))).collect::<Vec<_>>();
        let (few, many) = (bootstrap(&values(40)).unwrap(), bootstrap(&values(4000)).unwrap());
        assert!(few.low < 0.25 && 0.25 < few.high && many.low < 0.25 && 0.25 < many.high);
        // The normal interval of a share of 0.25 over 4,000 is ± 0.0134.
        assert!((many.high - many.low - 0.0268).abs() < 0.004, "{many:?}");
        assert!(few.high - few.low > 5.0 * (many.high - many.low));
        assert_eq!(bootstrap(&[]), None);
        assert_eq!(bootstrap(&[0.5]), Some(Interval { low: 0.5, high: 0.5 }));
    }

    #[test]
    fn lists_that_agree_and_lists_that_do_not() {
        let (a, b) = (["a", "b", "c", "d"], ["b", "a", "x", "d"]);
        assert_eq!(jaccard(&a, &b, 2), 1.0);
        assert_eq!(jaccard(&a, &b, 3), 0.5);
        assert!((rank_biased_overlap(&a, &a, 0.9) - 1.0).abs() < 1e-12);
        assert_eq!(rank_biased_overlap(&a, &["x", "y", "z", "w"], 0.9), 0.0);
        // By hand, p 0.5, depth 2: agreements 0 and 1; 1/1·… = (0·0.5 + 1·0.25)·(0.5/0.5) + 1·0.25.
        assert!((rank_biased_overlap(&["a", "b"], &["b", "a"], 0.5) - 0.5).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_and_between_zero_and_one(
            a in Just((0..12).map(|i| i.to_string()).collect::<Vec<_>>()).prop_shuffle(),
            b in Just((4..16).map(|i| i.to_string()).collect::<Vec<_>>()).prop_shuffle(),
            lengths in (0usize..12, 0usize..12),
        ) {
            let a: Vec<&str> = a[..lengths.0].iter().map(String::as_str).collect();
            let b: Vec<&str> = b[..lengths.1].iter().map(String::as_str).collect();
            let (one, other) = (rank_biased_overlap(&a, &b, 0.9), rank_biased_overlap(&b, &a, 0.9));
            prop_assert!((one - other).abs() < 1e-9);
            prop_assert!((-1e-9..=1.0 + 1e-9).contains(&one));
        }
    }
}
