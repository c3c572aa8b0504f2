//! Two or more runs of the same requests, request by request.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::metrics::Metric;
use super::report::{EvalReport, QueryOutcome};
use super::stats::{self, ALPHA, FEW, Interval};

/// Weight that rank-biased overlap gives each next rank.
const PERSISTENCE: f64 = 0.9;

/// Why runs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error("two runs or more are needed")]
    TooFew,
    #[error(
        "run {a} is scored by {protocol_a}'s rules, run {b} by {protocol_b}'s: numbers of different rules do not compare"
    )]
    Protocols { a: String, b: String, protocol_a: &'static str, protocol_b: &'static str },
    #[error("runs {a} and {b} have no request in common")]
    NothingInCommon { a: String, b: String },
}

/// What a difference amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Better,
    Worse,
    /// No test shows a difference, and there are enough requests that a large one would have shown.
    NoneShown,
    /// No test shows a difference, and there are too few requests to say that there is none.
    TooFew,
}

impl Verdict {
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::NoneShown => "no difference shown",
            Verdict::TooFew => "too few requests to tell",
        }
    }
}

/// One metric of one run against the first.
#[derive(Debug, Clone)]
pub struct Difference {
    pub metric: Metric,
    /// Means over the common requests.
    pub base: f64,
    pub other: f64,
    /// Of the mean difference.
    pub interval: Option<Interval>,
    pub wins: usize,
    pub ties: usize,
    pub losses: usize,
    /// Paired randomisation test.
    pub p: f64,
    /// Corrected by Holm over all tests of this comparison.
    pub p_holm: f64,
    pub verdict: Verdict,
}

/// A request that moved.
#[derive(Debug, Clone)]
pub struct Moved {
    pub outcome: Arc<QueryOutcome>,
    pub base: f64,
    pub other: f64,
}

/// One run against the first.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Id of the run.
    pub run: String,
    /// Requests both have.
    pub common: usize,
    /// The benchmark's files are not the same.
    pub other_data: bool,
    pub differences: Vec<Difference>,
    /// How alike the lists are, mean over the common requests.
    pub jaccard_10: f64,
    pub overlap: f64,
    /// Requests whose headline metric fell or rose, the largest falls first.
    pub moved: Vec<Moved>,
}

/// Compares every run with the first.
///
/// # Errors
/// If there are fewer than two, or they share no rules or no request.
pub fn compare(runs: &[EvalReport]) -> Result<Vec<Comparison>, CompareError> {
    let (base, others) = runs.split_first().filter(|(_, others)| !others.is_empty()).ok_or(CompareError::TooFew)?;
    let mut comparisons = others.iter().map(|other| pair(base, other)).collect::<Result<Vec<_>, _>>()?;
    let all = || comparisons.iter().flat_map(|comparison| &comparison.differences);
    let corrected = stats::holm(&all().map(|difference| difference.p).collect::<Vec<_>>());
    let differences = comparisons.iter_mut().flat_map(|comparison| {
        let common = comparison.common;
        comparison.differences.iter_mut().map(move |difference| (difference, common))
    });
    for ((difference, common), p) in differences.zip(corrected) {
        difference.p_holm = p;
        difference.verdict = match p < ALPHA {
            true if difference.other > difference.base => Verdict::Better,
            true => Verdict::Worse,
            false if common <= FEW => Verdict::TooFew,
            false => Verdict::NoneShown,
        };
    }
    Ok(comparisons)
}

fn pair(base: &EvalReport, other: &EvalReport) -> Result<Comparison, CompareError> {
    let (a, b) = (base.header.id.clone(), other.header.id.clone());
    let protocol = base.protocol();
    if protocol != other.protocol() {
        let (protocol_a, protocol_b) = (protocol.label(), other.protocol().label());
        return Err(CompareError::Protocols { a, b, protocol_a, protocol_b });
    }
    let by_id: HashMap<&str, &Arc<QueryOutcome>> =
        base.outcomes.iter().map(|outcome| (outcome.record.task_id.as_str(), outcome)).collect();
    let common: Vec<(&Arc<QueryOutcome>, &Arc<QueryOutcome>)> =
        other.outcomes.iter().filter_map(|o| Some((*by_id.get(o.record.task_id.as_str())?, o))).collect();
    if common.is_empty() {
        return Err(CompareError::NothingInCommon { a, b });
    }
    let ids = |outcome: &'_ QueryOutcome| -> Vec<String> {
        protocol.ordered(outcome.record.last()).into_iter().map(|scored| scored.id.clone()).collect()
    };
    let (mut jaccard, mut overlap) = (0.0, 0.0);
    for (before, after) in &common {
        let (before, after) = (ids(before), ids(after));
        let (before, after): (Vec<&str>, Vec<&str>) =
            (before.iter().map(String::as_str).collect(), after.iter().map(String::as_str).collect());
        jaccard += stats::jaccard(&before, &after, 10);
        overlap += stats::rank_biased_overlap(&before, &after, PERSISTENCE);
    }
    Ok(Comparison {
        run: b,
        common: common.len(),
        other_data: base.header.benchmark_fingerprint != other.header.benchmark_fingerprint,
        differences: protocol.main().iter().map(|&metric| difference(metric, &common)).collect(),
        jaccard_10: jaccard / common.len() as f64,
        overlap: overlap / common.len() as f64,
        moved: moved(protocol.headline(), &common),
    })
}

fn difference(metric: Metric, common: &[(&Arc<QueryOutcome>, &Arc<QueryOutcome>)]) -> Difference {
    let pairs: Vec<(f64, f64)> =
        common.iter().filter_map(|(a, b)| Some((a.after.get(metric)?, b.after.get(metric)?))).collect();
    let (base, other): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let differences: Vec<f64> = pairs.iter().map(|(base, other)| other - base).collect();
    let count = |holds: fn(f64) -> bool| differences.iter().filter(|&&difference| holds(difference)).count();
    Difference {
        metric,
        base: stats::mean(&base),
        other: stats::mean(&other),
        interval: stats::bootstrap(&differences),
        wins: count(|difference| difference > 0.0),
        ties: count(|difference| difference == 0.0),
        losses: count(|difference| difference < 0.0),
        p: stats::randomisation(&differences),
        p_holm: 1.0,
        verdict: Verdict::TooFew,
    }
}

fn moved(metric: Metric, common: &[(&Arc<QueryOutcome>, &Arc<QueryOutcome>)]) -> Vec<Moved> {
    let moved = |(a, b): &(&Arc<QueryOutcome>, &Arc<QueryOutcome>)| {
        let (base, other) = (a.after.get(metric)?, b.after.get(metric)?);
        (base != other).then(|| Moved { outcome: (*b).clone(), base, other })
    };
    let mut moved: Vec<Moved> = common.iter().filter_map(moved).collect();
    moved.sort_by(|a, b| (a.other - a.base).total_cmp(&(b.other - b.base)));
    moved
}

impl Comparison {
    /// `{"run", "common", "other_data", "jaccard@10", "rbo", "metrics": {name: {…}}, "moved": [{…}]}`
    pub fn to_json(&self, spell: impl Fn(Metric) -> String) -> Value {
        let metric = |d: &Difference| {
            let value = json!({
                "base": d.base, "other": d.other, "difference": d.other - d.base,
                "interval_95": d.interval.map(|interval| [interval.low, interval.high]),
                "wins": d.wins, "ties": d.ties, "losses": d.losses,
                "p": d.p, "p_holm": d.p_holm, "verdict": d.verdict.label(),
            });
            (spell(d.metric), value)
        };
        let moved = |moved: &Moved| json!({ "task_id": moved.outcome.record.task_id, "base": moved.base, "other": moved.other });
        json!({
            "run": self.run,
            "common": self.common,
            "other_data": self.other_data,
            "jaccard@10": self.jaccard_10,
            "rbo": self.overlap,
            "metrics": self.differences.iter().map(metric).collect::<serde_json::Map<_, _>>(),
            "moved": self.moved.iter().map(moved).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Protocol, QueryRecord, RunHeader, Scored};

    /// Requests whose gold skill stands at these ranks.
    fn run(id: &str, ranks: &[usize]) -> EvalReport {
        let record = |(at, &rank): (usize, &usize)| QueryRecord {
            task_id: at.to_string(),
            gold: vec!["gold".into()],
            shortlist: (1..=10)
                .map(|place| Scored {
                    id: if place == rank { "gold".into() } else { format!("s{place}") },
                    score: -(place as f32),
                })
                .collect(),
            ..QueryRecord::default()
        };
        let header = RunHeader { id: id.into(), ..RunHeader::default() };
        EvalReport::from_records(header, ranks.iter().enumerate().map(record))
    }

    #[test]
    fn effects_wins_and_verdicts() {
        let many: Vec<usize> = (0..120).map(|at| 1 + at % 3).collect();
        let best = vec![1; 120];
        let comparison = compare(&[run("base", &many), run("best", &best)]).unwrap().remove(0);
        let hit = comparison.differences.iter().find(|d| d.metric == Metric::HIT_1).unwrap();
        assert_eq!((hit.wins, hit.ties, hit.losses, hit.verdict), (80, 40, 0, Verdict::Better));
        assert!((hit.other - hit.base - 2.0 / 3.0).abs() < 1e-12);
        assert!(hit.interval.is_some_and(|interval| interval.low > 0.55 && interval.high < 0.78));
        let recall = comparison.differences.iter().find(|d| d.metric == Metric::RECALL_10).unwrap();
        assert_eq!((recall.p, recall.verdict), (1.0, Verdict::NoneShown));
        assert!(comparison.overlap < 1.0 && comparison.jaccard_10 < 1.0);
    }

    #[test]
    fn few_requests_without_a_shown_difference_say_so() {
        let comparison = compare(&[run("a", &[1, 2, 3, 4]), run("b", &[1, 2, 4, 3])]).unwrap().remove(0);
        assert!(comparison.differences.iter().all(|difference| difference.verdict == Verdict::TooFew));
        let moved: Vec<&str> = comparison.moved.iter().map(|moved| moved.outcome.record.task_id.as_str()).collect();
        assert_eq!(moved, ["2", "3"], "the largest fall first");
    }

    #[test]
    fn what_does_not_compare_is_refused() {
        assert!(matches!(compare(&[run("a", &[1])]), Err(CompareError::TooFew)));
        let mut other = run("b", &[1]);
        other.header.protocol = Protocol::R3;
        assert!(matches!(compare(&[run("a", &[1]), other]), Err(CompareError::Protocols { .. })));
        assert!(matches!(compare(&[run("a", &[1]), run("b", &[])]), Err(CompareError::NothingInCommon { .. })));
    }
}
