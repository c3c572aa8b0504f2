//! Runs of the same benchmark beside each other: the first is what the others are compared with.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::stats::{Paired, RBO_PERSISTENCE, holm, jaccard, kendall_tau, mean, rbo};
use super::{EvalReport, Metric, Protocol, QueryOutcome};

/// Results of a list that are compared with another's.
const LIST: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    #[error("a comparison needs two runs or more")]
    One,
    #[error("{other} is a run of {theirs} and {first} one of {ours}: their numbers cannot be compared")]
    Benchmarks { first: String, other: String, ours: String, theirs: String },
    #[error("{other} follows the {theirs} protocol and {first} the {ours} one: their numbers cannot be compared")]
    Protocols { first: String, other: String, ours: &'static str, theirs: &'static str },
    #[error("{other} and {first} have no request in common")]
    NothingInCommon { first: String, other: String },
    #[error("the {protocol} protocol has no {metric}; it has {known}")]
    NoMetric { protocol: &'static str, metric: String, known: String },
}

/// One metric of one run beside the first's.
#[derive(Debug, Clone)]
pub struct Compared {
    pub metric: Metric,
    /// Means over the requests that both have.
    pub first: f64,
    pub other: f64,
    pub paired: Paired,
    /// p after Holm's correction over everything in this comparison.
    pub corrected: f64,
}

/// How much the final lists of two runs agree in their first ten, mean over requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    pub kendall_tau: Option<f64>,
    pub rbo: Option<f64>,
    pub jaccard: Option<f64>,
}

/// A request at which two runs differ.
#[derive(Debug, Clone)]
pub struct Change {
    pub first: Arc<QueryOutcome>,
    pub other: Arc<QueryOutcome>,
    /// Values of the first compared metric.
    pub values: (f64, f64),
}

/// One run beside the first.
#[derive(Debug, Clone)]
pub struct Against {
    pub id: String,
    pub system: String,
    pub metrics: Vec<Compared>,
    pub agreement: Agreement,
    /// Requests that both have, and those only one has.
    pub common: usize,
    pub only_first: usize,
    pub only_other: usize,
    /// Every request that got worse, the worst first, then those that got better, the most last.
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone)]
pub struct Comparison {
    pub protocol: Protocol,
    pub benchmark: String,
    pub first: String,
    pub first_system: String,
    pub others: Vec<Against>,
}

impl Comparison {
    /// Compares every other run with the first on these metrics, the protocol's headline if there are none.
    ///
    /// # Errors
    /// If the numbers are not of the same kind, or there is nothing to compare.
    pub fn of(runs: &[EvalReport], metrics: &[Metric]) -> Result<Self, CompareError> {
        let [first, others @ ..] = runs else { return Err(CompareError::One) };
        if others.is_empty() {
            return Err(CompareError::One);
        }
        let protocol = first.protocol();
        let headline = [protocol.headline()];
        let metrics = if metrics.is_empty() { &headline[..] } else { metrics };
        if let Some(metric) = metrics.iter().find(|metric| !protocol.metrics().contains(metric)) {
            let known: Vec<String> = protocol.metrics().iter().map(|&metric| protocol.spell(metric)).collect();
            let (protocol, metric) = (protocol.label(), metric.to_string());
            return Err(CompareError::NoMetric { protocol, metric, known: known.join(", ") });
        }
        let mut others = others.iter().map(|other| against(first, other, metrics)).collect::<Result<Vec<_>, _>>()?;
        let p: Vec<f64> = others.iter().flat_map(|other| &other.metrics).map(|compared| compared.paired.p).collect();
        let compared = others.iter_mut().flat_map(|other| &mut other.metrics);
        compared.zip(holm(&p)).for_each(|(compared, corrected)| compared.corrected = corrected);
        Ok(Comparison {
            protocol,
            benchmark: first.header.benchmark.clone(),
            first: first.header.id.clone(),
            first_system: first.header.system.clone(),
            others,
        })
    }

    /// `{"benchmark", "protocol", "first": {"run", "system"}, "others": [{"run", "system", "common", "only_first",
    /// "only_other", "metrics": {name: {"first", "other", "difference", "interval", "wins", "ties", "losses", "p",
    /// "p_holm", "verdict"}}, "lists": {"kendall_tau", "rbo", "jaccard", …}, "changes": [{"task_id", "first", "other"}]}]}`
    pub fn to_json(&self) -> Value {
        let others = self.others.iter().map(|other| self.against_json(other)).collect::<Vec<_>>();
        json!({
            "benchmark": self.benchmark,
            "protocol": self.protocol.key(),
            "first": { "run": self.first, "system": self.first_system },
            "others": others,
        })
    }

    fn against_json(&self, other: &Against) -> Value {
        let metric = |compared: &Compared| {
            let paired = &compared.paired;
            let value = json!({
                "first": compared.first,
                "other": compared.other,
                "difference": paired.difference,
                "interval": paired.interval.map(|interval| [interval.low, interval.high]),
                "queries": paired.queries,
                "wins": paired.wins,
                "ties": paired.ties,
                "losses": paired.losses,
                "p": paired.p,
                "p_holm": compared.corrected,
                "verdict": paired.verdict(compared.corrected),
            });
            (self.protocol.spell(compared.metric), value)
        };
        let change = |change: &Change| json!({ "task_id": change.first.record.task_id, "first": change.values.0, "other": change.values.1 });
        json!({
            "run": other.id,
            "system": other.system,
            "common": other.common,
            "only_first": other.only_first,
            "only_other": other.only_other,
            "metrics": other.metrics.iter().map(metric).collect::<serde_json::Map<_, _>>(),
            "lists": {
                "depth": LIST,
                "kendall_tau": other.agreement.kendall_tau,
                "rbo": other.agreement.rbo,
                "rbo_persistence": RBO_PERSISTENCE,
                "jaccard": other.agreement.jaccard,
            },
            "changes": other.changes.iter().map(change).collect::<Vec<_>>(),
        })
    }
}

fn against(first: &EvalReport, other: &EvalReport, metrics: &[Metric]) -> Result<Against, CompareError> {
    let name = |report: &EvalReport| report.header.id.clone();
    if first.header.benchmark_fingerprint != other.header.benchmark_fingerprint {
        let about = |report: &EvalReport| {
            let fingerprint: String = report.header.benchmark_fingerprint.chars().take(8).collect();
            format!("{} ({fingerprint})", report.header.benchmark)
        };
        let (ours, theirs) = (about(first), about(other));
        return Err(CompareError::Benchmarks { first: name(first), other: name(other), ours, theirs });
    }
    if first.protocol() != other.protocol() {
        let (ours, theirs) = (first.protocol().label(), other.protocol().label());
        return Err(CompareError::Protocols { first: name(first), other: name(other), ours, theirs });
    }
    let theirs: HashMap<&str, &Arc<QueryOutcome>> =
        other.outcomes.iter().map(|outcome| (outcome.record.task_id.as_str(), outcome)).collect();
    let both: Vec<(&Arc<QueryOutcome>, &Arc<QueryOutcome>)> = first
        .outcomes
        .iter()
        .filter_map(|outcome| Some((outcome, *theirs.get(outcome.record.task_id.as_str())?)))
        .collect();
    if both.is_empty() {
        return Err(CompareError::NothingInCommon { first: name(first), other: name(other) });
    }
    Ok(Against {
        id: name(other),
        system: other.header.system.clone(),
        metrics: metrics.iter().map(|&metric| compared(&both, metric)).collect(),
        agreement: agreement(first.protocol(), &both),
        common: both.len(),
        only_first: first.outcomes.len() - both.len(),
        only_other: other.outcomes.len() - both.len(),
        changes: changes(&both, metrics[0]),
    })
}

/// Requests for which the metric is not defined in either run are left out.
fn compared(both: &[(&Arc<QueryOutcome>, &Arc<QueryOutcome>)], metric: Metric) -> Compared {
    let pairs: Vec<(f64, f64)> =
        both.iter().filter_map(|(a, b)| Some((a.after.get(metric)?, b.after.get(metric)?))).collect();
    let (first, other): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let paired = Paired::of(&pairs);
    Compared { metric, first: mean(&first), other: mean(&other), corrected: paired.p, paired }
}

fn agreement(protocol: Protocol, both: &[(&Arc<QueryOutcome>, &Arc<QueryOutcome>)]) -> Agreement {
    fn top(protocol: Protocol, outcome: &QueryOutcome) -> Vec<&str> {
        protocol.ordered(outcome.record.last()).into_iter().take(LIST).map(|scored| scored.id.as_str()).collect()
    }
    let lists: Vec<(Vec<&str>, Vec<&str>)> = both.iter().map(|(a, b)| (top(protocol, a), top(protocol, b))).collect();
    let over = |measure: fn(&[&str], &[&str]) -> Option<f64>| {
        let values: Vec<f64> = lists.iter().filter_map(|(a, b)| measure(a, b)).collect();
        (!values.is_empty()).then(|| mean(&values))
    };
    Agreement { kendall_tau: over(kendall_tau), rbo: over(rbo), jaccard: over(jaccard) }
}

fn changes(both: &[(&Arc<QueryOutcome>, &Arc<QueryOutcome>)], metric: Metric) -> Vec<Change> {
    let mut changes: Vec<Change> = both
        .iter()
        .map(|(first, other)| {
            let values = (first.after.value(metric), other.after.value(metric));
            Change { first: (*first).clone(), other: (*other).clone(), values }
        })
        .filter(|change| change.values.0 != change.values.1)
        .collect();
    let by = |change: &Change| change.values.1 - change.values.0;
    changes.sort_by(|a, b| by(a).total_cmp(&by(b)).then_with(|| a.first.record.task_id.cmp(&b.first.record.task_id)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{QueryRecord, RunHeader, Scored};

    fn report(id: &str, rankings: &[(&str, &[&str])]) -> EvalReport {
        let header = RunHeader { id: id.into(), benchmark: "b".into(), ..RunHeader::default() };
        let record = |(task, ids): &(&str, &[&str])| QueryRecord {
            task_id: task.to_string(),
            gold: vec!["gold".into()],
            shortlist: ids.iter().map(|id| Scored { id: id.to_string(), score: 0.0 }).collect(),
            ..QueryRecord::default()
        };
        EvalReport::from_records(header, rankings.iter().map(record))
    }

    #[test]
    fn common_requests_are_compared_and_the_worst_comes_first() {
        let first = report("one", &[("a", &["gold", "x"]), ("b", &["x", "gold"]), ("c", &["gold"])]);
        let other = report("two", &[("a", &["x", "y"]), ("b", &["gold", "x"]), ("d", &["gold"])]);
        let comparison = Comparison::of(&[first, other], &[Metric::MRR_10]).unwrap();
        let other = &comparison.others[0];
        assert_eq!((other.common, other.only_first, other.only_other), (2, 1, 1));
        let compared = &other.metrics[0];
        assert_eq!((compared.first, compared.other, compared.paired.difference), (0.75, 0.5, -0.25));
        assert_eq!((compared.paired.wins, compared.paired.losses), (1, 1));
        let changed: Vec<&str> = other.changes.iter().map(|change| change.first.record.task_id.as_str()).collect();
        assert_eq!(changed, ["a", "b"]);
        // a shares x of three skills, b both.
        assert!((other.agreement.jaccard.unwrap() - (1.0 / 3.0 + 1.0) / 2.0).abs() < 1e-12);
        assert_eq!(other.agreement.kendall_tau, Some(-1.0), "only b has two skills in common");
        let json = comparison.to_json();
        assert_eq!(json["others"][0]["metrics"]["MRR@10"]["verdict"], "too few queries to tell");
    }

    #[test]
    fn p_is_corrected_over_everything_that_is_compared() {
        let rankings = |good: usize| -> Vec<(String, &[&str])> {
            (0..100).map(|i| (format!("{i:03}"), if i < good { &["gold"][..] } else { &["x", "gold"][..] })).collect()
        };
        let run = |id: &str, good: usize| {
            let rankings = rankings(good);
            let rankings: Vec<(&str, &[&str])> = rankings.iter().map(|(task, ids)| (task.as_str(), *ids)).collect();
            report(id, &rankings)
        };
        let comparison = Comparison::of(&[run("a", 40), run("b", 46), run("c", 90)], &[]).unwrap();
        let p = |index: usize| {
            (comparison.others[index].metrics[0].paired.p, comparison.others[index].metrics[0].corrected)
        };
        // Six differences of one sign: 2 / 2^6, the larger of the two, is left as it is; the smaller is doubled.
        assert_eq!(p(0), (0.03125, 0.03125));
        assert_eq!(p(1).1, p(1).0 * 2.0);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let first = report("one", &[("a", &["gold"])]);
        let mut other = report("two", &[("a", &["gold"])]);
        other.header.benchmark_fingerprint = "another".into();
        assert!(matches!(Comparison::of(&[first.clone(), other], &[]), Err(CompareError::Benchmarks { .. })));
        let mut other = report("two", &[("a", &["gold"])]);
        other.header.protocol = Protocol::R3;
        assert!(matches!(Comparison::of(&[first.clone(), other], &[]), Err(CompareError::Protocols { .. })));
        let other = report("two", &[("b", &["gold"])]);
        assert!(matches!(Comparison::of(&[first.clone(), other], &[]), Err(CompareError::NothingInCommon { .. })));
        assert!(matches!(Comparison::of(&[first.clone()], &[]), Err(CompareError::One)));
        let error = Comparison::of(&[first.clone(), first], &[Metric::SET_COMPAT]).unwrap_err().to_string();
        assert!(error.contains("nDCG@10"), "{error}");
    }
}
