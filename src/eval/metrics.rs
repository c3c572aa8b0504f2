//! Metrics under the names SkillRouter's protocol gives them (papers.md 2.2).

use std::collections::HashSet;

use crate::eval::Qrels;

/// Every metric but Hit@1 looks at this many results.
const CUTOFF: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    HitAt1,
    MrrAt10,
    /// Linear gain, log2(rank + 1) discount, ideal from the grades that are in the pool.
    NdcgAt10,
    RecallAt10,
    FullCoverageAt10,
}

impl Metric {
    pub const ALL: [Metric; 5] =
        [Metric::HitAt1, Metric::MrrAt10, Metric::NdcgAt10, Metric::RecallAt10, Metric::FullCoverageAt10];

    /// Its name in tables and JSON, e.g. "nDCG@10".
    pub fn name(self) -> &'static str {
        match self {
            Metric::HitAt1 => "Hit@1",
            Metric::MrrAt10 => "MRR@10",
            Metric::NdcgAt10 => "nDCG@10",
            Metric::RecallAt10 => "Recall@10",
            Metric::FullCoverageAt10 => "FullCoverage@10",
        }
    }
}

/// One value per metric, order of [`Metric::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MetricRow(pub [f64; 5]);

impl MetricRow {
    /// `ranking` best first; `qrels` already restricted to the pool. An id that stands twice in the ranking is found
    /// once, but gains twice in nDCG, as in SkillRouter's code; our own rankings have no such ids.
    pub fn of(ranking: &[&str], qrels: &Qrels) -> Self {
        let top = &ranking[..ranking.len().min(CUTOFF)];
        let gold: HashSet<&str> = qrels.gold.iter().map(String::as_str).collect();
        let first = top.iter().position(|id| gold.contains(id));
        let found = top.iter().filter(|id| gold.contains(*id)).collect::<HashSet<_>>().len();
        MetricRow([
            indicator(first == Some(0)),
            first.map_or(0.0, |index| 1.0 / (index + 1) as f64),
            ndcg(top, qrels),
            if gold.is_empty() { 0.0 } else { found as f64 / gold.len() as f64 },
            indicator(found == gold.len()),
        ])
    }

    pub fn get(&self, metric: Metric) -> f64 {
        self.0[metric as usize]
    }

    pub fn mean<'a>(rows: impl IntoIterator<Item = &'a MetricRow>) -> Self {
        let mut sum = [0.0; 5];
        let mut count = 0.0;
        for row in rows {
            count += 1.0;
            sum.iter_mut().zip(row.0).for_each(|(sum, value)| *sum += value);
        }
        MetricRow(sum.map(|sum| if count > 0.0 { sum / count } else { 0.0 }))
    }
}

fn indicator(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Grades count wherever they are given, ground truth or not. Without any in the pool, each gold id gains one.
fn ndcg(top: &[&str], qrels: &Qrels) -> f64 {
    let binary = || qrels.gold.iter().map(|id| (id.clone(), 1)).collect();
    let grades = if qrels.grades.is_empty() { &binary() } else { &qrels.grades };
    let mut ideal: Vec<u32> = grades.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = dcg(ideal);
    if best > 0.0 { dcg(top.iter().map(|&id| grades.get(id).copied().unwrap_or(0))) / best } else { 0.0 }
}

/// Discounted cumulative gain of the first ten grades.
fn dcg(grades: impl IntoIterator<Item = u32>) -> f64 {
    let gains = grades.into_iter().take(CUTOFF).enumerate();
    gains.map(|(index, grade)| f64::from(grade) / ((index + 2) as f64).log2()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn qrels(gold: &[&str], grades: &[(&str, u32)]) -> Qrels {
        Qrels {
            gold: gold.iter().map(|id| id.to_string()).collect(),
            grades: grades.iter().map(|(id, grade)| (id.to_string(), *grade)).collect(),
        }
    }

    #[test]
    fn values_worked_out_by_hand() {
        let qrels = qrels(&["a", "b"], &[("a", 3), ("b", 3), ("c", 1)]);
        let row = MetricRow::of(&["x", "a", "c"], &qrels);
        let ideal = 3.0 + 3.0 / 3f64.log2() + 1.0 / 2.0;
        let expected = [0.0, 0.5, (3.0 / 3f64.log2() + 0.5) / ideal, 0.5, 0.0];
        row.0.iter().zip(expected).for_each(|(got, want)| assert!((got - want).abs() < 1e-12, "{got} {want}"));
    }

    #[test]
    fn a_perfect_ranking_is_one_everywhere() {
        let qrels = qrels(&["a", "b"], &[("a", 3), ("b", 3)]);
        assert_eq!(MetricRow::of(&["b", "a", "x"], &qrels).0, [1.0; 5]);
    }

    #[test]
    fn rank_eleven_is_out() {
        let ranking: Vec<String> = (0..11).map(|i| i.to_string()).collect();
        let ranking: Vec<&str> = ranking.iter().map(String::as_str).collect();
        assert_eq!(MetricRow::of(&ranking, &qrels(&["10"], &[("10", 3)])).0, [0.0; 5]);
        assert_eq!(MetricRow::of(&ranking, &qrels(&["9"], &[("9", 3)])).get(Metric::MrrAt10), 0.1);
    }

    #[test]
    fn without_grades_ndcg_is_binary() {
        assert_eq!(MetricRow::of(&["a"], &qrels(&["a"], &[])).get(Metric::NdcgAt10), 1.0);
    }

    #[test]
    fn an_empty_ranking_scores_zero() {
        assert_eq!(MetricRow::of(&[], &qrels(&["a"], &[("a", 3)])).0, [0.0; 5]);
    }

    /// Each metric straight from its definition, one rank at a time.
    fn slowly(ranking: &[&str], qrels: &Qrels) -> [f64; 5] {
        let at = |rank: usize| ranking.get(rank - 1).copied().unwrap_or("");
        let is_gold = |id: &str| qrels.gold.iter().any(|gold| gold == id);
        let grade = |id: &str| {
            if qrels.grades.is_empty() { u32::from(is_gold(id)) } else { qrels.grades.get(id).copied().unwrap_or(0) }
        };
        let mrr = (1..=10).filter(|&rank| is_gold(at(rank))).map(|rank| 1.0 / rank as f64).fold(0.0, f64::max);
        let found = qrels.gold.iter().filter(|gold| (1..=10).any(|rank| at(rank) == gold.as_str())).count();
        let gain = |rank: usize, grade: u32| f64::from(grade) * 2f64.ln() / ((rank + 1) as f64).ln();
        let dcg: f64 = (1..=10).map(|rank| gain(rank, grade(at(rank)))).sum();
        // The ideal: take the highest grade left, ten times.
        let mut left: Vec<u32> =
            if qrels.grades.is_empty() { vec![1; qrels.gold.len()] } else { qrels.grades.values().copied().collect() };
        let mut best = 0.0;
        for rank in 1..=10 {
            let Some(top) = (0..left.len()).max_by_key(|&i| left[i]) else { break };
            best += gain(rank, left.swap_remove(top));
        }
        [
            if is_gold(at(1)) { 1.0 } else { 0.0 },
            mrr,
            if best > 0.0 { dcg / best } else { 0.0 },
            found as f64 / qrels.gold.len() as f64,
            if found == qrels.gold.len() { 1.0 } else { 0.0 },
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_the_definitions(
            ranking in Just((0..30).map(|i| format!("s{i}")).collect::<Vec<_>>()).prop_shuffle(),
            length in 0usize..30,
            gold in prop::collection::btree_set(0usize..40, 1..6),
            grades in prop::collection::btree_map(0usize..40, 0u32..4, 0..15),
        ) {
            let ranking: Vec<&str> = ranking[..length].iter().map(String::as_str).collect();
            let qrels = Qrels {
                gold: gold.iter().map(|i| format!("s{i}")).collect(),
                grades: grades.iter().map(|(i, grade)| (format!("s{i}"), *grade)).collect(),
            };
            let row = MetricRow::of(&ranking, &qrels);
            for (got, want) in row.0.into_iter().zip(slowly(&ranking, &qrels)) {
                prop_assert!((got - want).abs() < 1e-12, "{:?}", row);
                prop_assert!((0.0..=1.0 + 1e-12).contains(&got));
            }
        }
    }
}
