//! How much two rankings of the same request agree.

use std::collections::{HashMap, HashSet};

/// How far down a reader of the list goes: the first ten hold 86 % of the weight (Webber, Moffat and Zobel 2010, 4.1).
pub const RBO_PERSISTENCE: f64 = 0.9;

/// Kendall's tau of the skills that stand in both lists, each once; `None` if fewer than two do.
pub fn kendall_tau(a: &[&str], b: &[&str]) -> Option<f64> {
    let places: HashMap<&str, usize> = b.iter().enumerate().map(|(place, &id)| (id, place)).collect();
    let places: Vec<usize> = a.iter().filter_map(|id| places.get(id).copied()).collect();
    let pairs = places.len() * places.len().saturating_sub(1) / 2;
    let later = |(index, place): (usize, &usize)| places[index + 1..].iter().filter(|other| *other > place).count();
    let agreeing: usize = places.iter().enumerate().map(later).sum();
    (pairs > 0).then(|| 2.0 * agreeing as f64 / pairs as f64 - 1.0)
}

/// Shared skills over all skills of both lists; `None` if both are empty.
pub fn jaccard(a: &[&str], b: &[&str]) -> Option<f64> {
    let (a, b): (HashSet<_>, HashSet<_>) = (a.iter().collect(), b.iter().collect());
    let all = a.union(&b).count();
    (all > 0).then(|| a.intersection(&b).count() as f64 / all as f64)
}

/// Rank-biased overlap, extrapolated from the length of the shorter list (Webber, Moffat and Zobel, "A similarity
/// measure for indefinite rankings", TOIS 28, 2010, equation 30); `None` if one is empty.
pub fn rbo(a: &[&str], b: &[&str]) -> Option<f64> {
    let depth = a.len().min(b.len());
    let (mut seen_a, mut seen_b) = (HashSet::new(), HashSet::new());
    let (mut sum, mut overlap, mut weight) = (0.0, 0usize, 1.0);
    for (index, (x, y)) in a.iter().zip(b).enumerate() {
        seen_a.insert(x);
        seen_b.insert(y);
        overlap += usize::from(seen_b.contains(x)) + usize::from(x != y && seen_a.contains(y));
        weight *= RBO_PERSISTENCE;
        sum += weight * overlap as f64 / (index + 1) as f64;
    }
    let rest = weight * overlap as f64 / depth as f64;
    (depth > 0).then(|| rest + (1.0 - RBO_PERSISTENCE) / RBO_PERSISTENCE * sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scipys_tau() {
        // scipy.stats.kendalltau([1, 2, 3, 4, 5, 6], [3, 1, 2, 6, 5, 4]) is 1/3.
        let tau = kendall_tau(&["a", "b", "c", "d", "e", "f"], &["b", "c", "a", "f", "e", "d"]).unwrap();
        assert!((tau - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(kendall_tau(&["a", "x", "b"], &["b", "y", "a"]), Some(-1.0), "only common skills count");
        assert_eq!(kendall_tau(&["a"], &["a"]), None);
    }

    #[test]
    fn worked_out_by_hand() {
        // Overlaps 0/1, 2/2, 2/3: 0.9³ · 2/3 + 1/9 · (0.9² + 0.9³ · 2/3).
        let want = 0.729 * 2.0 / 3.0 + (0.81 + 0.729 * 2.0 / 3.0) / 9.0;
        assert!((rbo(&["a", "b", "c"], &["b", "a", "d"]).unwrap() - want).abs() < 1e-12);
        assert_eq!(rbo(&[], &["a"]), None);
        assert_eq!(jaccard(&["a", "b", "c"], &["b", "a", "d"]), Some(0.5));
        assert_eq!(jaccard(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn a_list_agrees_with_itself_and_not_with_others(count in 2usize..30) {
            let ids: Vec<String> = (0..2 * count).map(|id| id.to_string()).collect();
            let (a, b): (Vec<&str>, Vec<&str>) =
                (ids[..count].iter().map(String::as_str).collect(), ids[count..].iter().map(String::as_str).collect());
            prop_assert!((rbo(&a, &a).unwrap() - 1.0).abs() < 1e-9);
            prop_assert_eq!(rbo(&a, &b), Some(0.0));
            prop_assert_eq!((kendall_tau(&a, &a), jaccard(&a, &a), jaccard(&a, &b)), (Some(1.0), Some(1.0), Some(0.0)));
            let turned: Vec<&str> = a.iter().rev().copied().collect();
            prop_assert_eq!(kendall_tau(&a, &turned), Some(-1.0));
        }
    }
}
