use proptest::prelude::*;

use super::*;

fn qrels(gold: &[&str], grades: &[(&str, u32)]) -> Qrels {
    Qrels {
        gold: gold.iter().map(|id| id.to_string()).collect(),
        grades: grades.iter().map(|(id, grade)| (id.to_string(), *grade)).collect(),
    }
}

fn every(k: usize) -> impl Iterator<Item = Metric> {
    MetricKind::ALL.into_iter().map(move |kind| Metric::at(kind, if kind == MetricKind::SetCompat { 0 } else { k }))
}

#[test]
fn values_worked_out_by_hand() {
    let qrels = qrels(&["a", "b"], &[("a", 3), ("b", 3), ("c", 1)]);
    let ranking = ["x", "a", "c", "b"];
    let ideal = 3.0 + 3.0 / 3f64.log2() + 1.0 / 2.0;
    let expected = [
        ("Hit@1", 0.0),
        ("Hit@2", 1.0),
        ("MRR@10", 0.5),
        ("MRR@1", 0.0),
        ("nDCG@3", (3.0 / 3f64.log2() + 0.5) / ideal),
        ("nDCG@10", (3.0 / 3f64.log2() + 0.5 + 3.0 / 5f64.log2()) / ideal),
        ("Precision@3", 1.0 / 3.0),
        ("Recall@3", 0.5),
        ("Recall@10", 1.0),
        ("MAP@10", (1.0 / 2.0 + 2.0 / 4.0) / 2.0),
        ("MAP@3", 0.25),
        ("FullCoverage@3", 0.0),
        ("FullCoverage@5", 1.0),
        ("Completeness@10", 1.0),
        ("Comp@1", 0.0),
        ("Comp@2", 0.5),
        ("Set-Compat", 0.0),
    ];
    for (name, want) in expected {
        let got = Metric::parse(name).unwrap().of(&ranking, &qrels).unwrap();
        assert!((got - want).abs() < 1e-12, "{name}: {got} {want}");
    }
}

#[test]
fn a_perfect_ranking_is_one_everywhere() {
    let qrels = qrels(&["a", "b"], &[("a", 3), ("b", 3)]);
    for metric in every(2) {
        assert_eq!(metric.of(&["b", "a", "x"], &qrels), Some(1.0), "{metric}");
    }
}

#[test]
fn the_rank_after_the_cut_off_is_out() {
    let ranking: Vec<String> = (0..11).map(|i| i.to_string()).collect();
    let ranking: Vec<&str> = ranking.iter().map(String::as_str).collect();
    for metric in every(10).filter(|metric| metric.k > 0) {
        assert_eq!(metric.of(&ranking, &qrels(&["10"], &[("10", 3)])), Some(0.0), "{metric}");
        assert!(metric.of(&ranking, &qrels(&["9"], &[("9", 3)])) > Some(0.0), "{metric}");
    }
}

#[test]
fn without_grades_ndcg_is_binary() {
    assert_eq!(Metric::NDCG_10.of(&["a"], &qrels(&["a"], &[])), Some(1.0));
}

#[test]
fn an_empty_ranking_or_no_gold_scores_zero() {
    for metric in every(10).filter(|metric| metric.k > 0) {
        assert_eq!(metric.of(&[], &qrels(&["a"], &[("a", 3)])), Some(0.0), "{metric}");
        assert_eq!(metric.of(&["a"], &qrels(&[], &[])), Some(0.0), "{metric}");
    }
}

/// As SkillRouter's code, which counts places for Precision and nDCG, and skills for the others.
#[test]
fn an_id_that_stands_twice() {
    let qrels = qrels(&["a", "b"], &[]);
    for (name, want) in [("Precision@3", 2.0 / 3.0), ("Recall@3", 0.5), ("FullCoverage@3", 0.0), ("MAP@3", 0.5)] {
        assert_eq!(Metric::parse(name).unwrap().of(&["a", "a", "x"], &qrels), Some(want), "{name}");
    }
}

#[test]
fn set_compatibility_is_only_asked_of_sets() {
    assert_eq!(Metric::SET_COMPAT.of(&["a"], &qrels(&["a"], &[])), None);
    assert_eq!(Metric::SET_COMPAT.of(&["b", "a", "c"], &qrels(&["a", "b"], &[])), Some(1.0));
    assert_eq!(Metric::SET_COMPAT.of(&["b"], &qrels(&["a", "b"], &[])), Some(0.0));
}

#[test]
fn names_are_read_in_every_protocols_spelling() {
    for metric in every(15) {
        assert_eq!(Metric::parse(&metric.to_string()), Some(metric));
        assert_eq!(Metric::parse(&metric.to_string().to_uppercase()), Some(metric));
    }
    assert_eq!(Metric::parse("set_compat"), Some(Metric::SET_COMPAT));
    for name in ["ndcg@10", "NDCG@10", "ndcg_cut_10"] {
        assert_eq!(Metric::parse(name), Some(Metric::NDCG_10));
    }
    assert_eq!(Metric::parse("P_5"), Some(Metric::at(MetricKind::Precision, 5)));
    assert_eq!(Metric::parse("map_cut_5"), Some(Metric::at(MetricKind::Map, 5)));
    for wrong in ["nDCG", "nDCG@0", "nDCG@x", "Set-Compat@3", "", "@10", "accuracy@1"] {
        assert_eq!(Metric::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn an_undefined_value_is_in_no_mean() {
    static METRICS: [Metric; 2] = [Metric::HIT_1, Metric::SET_COMPAT];
    let mut mean = MetricMean::default();
    mean.add(&MetricRow::of(&METRICS, &["a", "b"], &qrels(&["a", "b"], &[])));
    mean.add(&MetricRow::of(&METRICS, &["b"], &qrels(&["a"], &[])));
    assert_eq!(mean.mean().get(Metric::HIT_1), Some(0.5));
    assert_eq!(mean.mean().get(Metric::SET_COMPAT), Some(1.0));
}

/// Each metric straight from its definition, one rank at a time.
fn slowly(metric: Metric, ranking: &[&str], qrels: &Qrels) -> Option<f64> {
    let k = metric.k;
    let at = |rank: usize| ranking.get(rank - 1).copied().unwrap_or("");
    let is_gold = |id: &str| qrels.gold.iter().any(|gold| gold == id);
    let found =
        |k: usize| qrels.gold.iter().filter(|gold| (1..=k).any(|rank| at(rank) == gold.as_str())).count() as f64;
    let gold = qrels.gold.len() as f64;
    let yes = |holds: bool| if holds { 1.0 } else { 0.0 };
    Some(match metric.kind {
        MetricKind::Hit => yes(found(k) > 0.0),
        MetricKind::Mrr => (1..=k).filter(|&rank| is_gold(at(rank))).map(|rank| 1.0 / rank as f64).fold(0.0, f64::max),
        MetricKind::Precision => (1..=k).filter(|&rank| is_gold(at(rank))).count() as f64 / k as f64,
        MetricKind::Recall => found(k) / gold,
        MetricKind::Comp => found(k) / gold.min(k as f64),
        MetricKind::FullCoverage | MetricKind::Completeness => yes(found(k) == gold),
        MetricKind::Map => {
            let fresh = |rank: usize| is_gold(at(rank)) && found(rank) > found(rank - 1);
            (1..=k).filter(|&rank| fresh(rank)).map(|rank| found(rank) / rank as f64).sum::<f64>() / gold
        }
        MetricKind::SetCompat if gold < 2.0 => return None,
        MetricKind::SetCompat => yes(found(qrels.gold.len()) == gold),
        MetricKind::Ndcg => {
            let grade = |id: &str| match qrels.grades.is_empty() {
                true => u32::from(is_gold(id)),
                false => qrels.grades.get(id).copied().unwrap_or(0),
            };
            let gain = |rank: usize, grade: u32| f64::from(grade) * 2f64.ln() / ((rank + 1) as f64).ln();
            let dcg: f64 = (1..=k).map(|rank| gain(rank, grade(at(rank)))).sum();
            // The ideal: take the highest grade left, k times.
            let mut left: Vec<u32> = match qrels.grades.is_empty() {
                true => vec![1; qrels.gold.len()],
                false => qrels.grades.values().copied().collect(),
            };
            let mut best = 0.0;
            for rank in 1..=k {
                let Some(top) = (0..left.len()).max_by_key(|&i| left[i]) else { break };
                best += gain(rank, left.swap_remove(top));
            }
            if best > 0.0 { dcg / best } else { 0.0 }
        }
    })
}

proptest! {
    /// Gold outside the ranking and outside the pool, lists shorter and longer than k, ids that stand twice.
    #[test]
    fn every_metric_agrees_with_its_definition(
        ranking in Just((0..30).map(|i| format!("s{i}")).collect::<Vec<_>>()).prop_shuffle(),
        length in 0usize..30,
        again in prop::option::of((0usize..30, 0usize..30)),
        k in 1usize..40,
        gold in prop::collection::btree_set(0usize..40, 1..6),
        grades in prop::collection::btree_map(0usize..40, 0u32..4, 0..15),
    ) {
        let mut ranking: Vec<&str> = ranking[..length].iter().map(String::as_str).collect();
        if let Some((from, to)) = again.filter(|&(from, to)| from.max(to) < length) {
            ranking[to] = ranking[from];
        }
        let qrels = Qrels {
            gold: gold.iter().map(|i| format!("s{i}")).collect(),
            grades: grades.iter().map(|(i, grade)| (format!("s{i}"), *grade)).collect(),
        };
        for metric in every(k) {
            let (got, want) = (metric.of(&ranking, &qrels), slowly(metric, &ranking, &qrels));
            match (got, want) {
                (Some(got), Some(want)) => {
                    prop_assert!((got - want).abs() < 1e-12, "{} {} {}", metric, got, want);
                    prop_assert!((0.0..=1.0 + 1e-12).contains(&got) || again.is_some(), "{} {}", metric, got);
                }
                (got, want) => prop_assert_eq!(got, want),
            }
        }
    }
}
