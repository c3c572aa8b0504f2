//! What an evaluation says: one [`QueryOutcome`] per request, and the means in an [`EvalReport`].

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::library::Text;
use crate::search::Settings;

use super::{Metric, MetricRow};

/// Why a request did not get what it needs in the first ten. Where several hold, the first of this order is given:
/// what stage 1 lost, no reranker can bring back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// A gold skill is not in the shortlist.
    NotInShortlist,
    /// The reranker pushed a gold skill out of the first ten, or a gold skill off rank 1 in favour of another skill.
    Demoted,
    /// In the shortlist, but never in the first ten.
    RankedLow,
}

impl Failure {
    pub const ALL: [Failure; 3] = [Failure::NotInShortlist, Failure::Demoted, Failure::RankedLow];

    /// The word used in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Failure::NotInShortlist => "not_in_shortlist",
            Failure::Demoted => "demoted",
            Failure::RankedLow => "ranked_low",
        }
    }

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Failure::NotInShortlist => "not in the shortlist",
            Failure::Demoted => "demoted by the reranker",
            Failure::RankedLow => "ranked below ten",
        }
    }
}

/// One request, scored.
#[derive(Debug, Clone)]
pub struct QueryOutcome {
    pub task_id: Text,
    pub request: Text,
    /// Gold ids that are in the pool.
    pub gold: Vec<Text>,
    /// Gold ids that are not.
    pub gold_missing: Vec<Text>,
    /// Final ranking, ids as shown, best first.
    pub ranking: Vec<String>,
    /// Best rank of a gold skill in stage 1 and in the end (1-based).
    pub best_before: Option<usize>,
    pub best_after: Option<usize>,
    /// Metrics of the shortlist before reranking.
    pub before: MetricRow,
    /// Metrics of the final ranking.
    pub after: MetricRow,
    pub failure: Option<Failure>,
    /// Stage 1 was not what the settings ask for: vectors were missing. Its numbers are not the protocol's.
    pub provisional: bool,
    pub elapsed: Duration,
}

impl QueryOutcome {
    /// SkillRouter's strata: by the number of gold skills that are in the pool.
    pub fn is_single(&self) -> bool {
        self.gold.len() == 1
    }

    fn to_json(&self) -> Value {
        json!({
            "gold": shown(&self.gold),
            "gold_missing": shown(&self.gold_missing),
            "ranking": self.ranking,
            "best_before": self.best_before,
            "best_after": self.best_after,
            "before": metrics(&self.before, None),
            "after": metrics(&self.after, None),
            "failure": self.failure.map(Failure::key),
            "provisional": self.provisional,
            "ms": milliseconds(self.elapsed),
        })
    }
}

/// Means over the requests that have gold in the pool.
#[derive(Debug, Clone, Default)]
pub struct EvalReport {
    pub benchmark: String,
    /// See [`super::Benchmark::fingerprint`].
    pub fingerprint: String,
    /// What made the numbers: profile, stage 1, fields, depth, nDCG variant.
    pub protocol: String,
    pub settings: Settings,
    /// Skills in the library.
    pub pool: usize,
    pub before: MetricRow,
    pub after: MetricRow,
    /// Means of the final ranking over requests with one gold skill in the pool, and how many they are.
    pub single: (MetricRow, usize),
    /// The same with two or more.
    pub multi: (MetricRow, usize),
    /// Requests to score; fewer have been while it runs or after it was stopped.
    pub planned: usize,
    pub scored: usize,
    /// Scored requests whose stage 1 was not what the settings ask for.
    pub provisional: usize,
    /// Requests without gold in the pool: named, never silently dropped.
    pub unscored: Vec<(Text, String)>,
    /// Rows of the benchmark that could not be used.
    pub problems: Vec<Text>,
    pub outcomes: Vec<Arc<QueryOutcome>>,
    pub elapsed: Duration,
}

/// The sums behind a report's means.
#[derive(Default)]
pub(super) struct Sums {
    before: Sum,
    after: Sum,
    single: Sum,
    multi: Sum,
}

#[derive(Default)]
struct Sum {
    row: MetricRow,
    count: usize,
}

impl Sum {
    fn add(&mut self, row: &MetricRow) {
        self.row.0.iter_mut().zip(row.0).for_each(|(sum, value)| *sum += value);
        self.count += 1;
    }

    fn mean(&self) -> MetricRow {
        MetricRow(self.row.0.map(|sum| if self.count > 0 { sum / self.count as f64 } else { 0.0 }))
    }
}

impl Sums {
    /// Adds an outcome to a report, whose means are then those of all outcomes so far.
    pub(super) fn add(&mut self, outcome: Arc<QueryOutcome>, report: &mut EvalReport) {
        self.before.add(&outcome.before);
        self.after.add(&outcome.after);
        let stratum = if outcome.is_single() { &mut self.single } else { &mut self.multi };
        stratum.add(&outcome.after);
        report.before = self.before.mean();
        report.after = self.after.mean();
        report.single = (self.single.mean(), self.single.count);
        report.multi = (self.multi.mean(), self.multi.count);
        report.scored += 1;
        report.provisional += usize::from(outcome.provisional);
        report.outcomes.push(outcome);
    }
}

impl EvalReport {
    pub fn is_complete(&self) -> bool {
        self.scored == self.planned
    }

    pub fn count(&self, failure: Failure) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.failure == Some(failure)).count()
    }

    /// Stable field names:
    /// `{"benchmark", "protocol", "complete", "metrics": {"all" | "before" | "single" | "multi": {"Hit@1", "MRR@10",
    /// "nDCG@10", "Recall@10", "FullCoverage@10", "count"}}, "failures": {"not_in_shortlist", "demoted",
    /// "ranked_low"}, "per_query": {task id: {"gold", "gold_missing", "ranking", "best_before", "best_after", "before",
    /// "after", "failure", "provisional", "ms"}}, "unscored": [{"task_id", "reason"}], "problems": […],
    /// "provenance": {…}}`. A stratum without requests is null: it has no mean.
    pub fn to_json(&self) -> Value {
        let per_query: Map<String, Value> =
            self.outcomes.iter().map(|outcome| (outcome.task_id.shown().to_string(), outcome.to_json())).collect();
        let unscored = self.unscored.iter();
        let unscored: Vec<Value> =
            unscored.map(|(id, reason)| json!({ "task_id": id.shown(), "reason": reason })).collect();
        let failures: Map<String, Value> =
            Failure::ALL.into_iter().map(|failure| (failure.key().to_string(), self.count(failure).into())).collect();
        json!({
            "benchmark": self.benchmark,
            "protocol": self.protocol,
            "complete": self.is_complete(),
            "metrics": {
                "all": metrics(&self.after, Some(self.scored)),
                "before": metrics(&self.before, Some(self.scored)),
                "single": metrics(&self.single.0, Some(self.single.1)),
                "multi": metrics(&self.multi.0, Some(self.multi.1)),
            },
            "failures": failures,
            "per_query": per_query,
            "unscored": unscored,
            "problems": shown(&self.problems),
            "provenance": self.provenance(),
        })
    }

    fn provenance(&self) -> Value {
        json!({
            "program": concat!("skillscope ", env!("CARGO_PKG_VERSION")),
            "benchmark": self.benchmark,
            "benchmark_fingerprint": self.fingerprint,
            "pool_skills": self.pool,
            "stage1": self.settings.stage1.key(),
            "fields": self.settings.fields.key(),
            "depth": self.settings.depth,
            "rerank": self.settings.rerank,
            "planned": self.planned,
            "scored": self.scored,
            "provisional": self.provisional,
            "elapsed_ms": milliseconds(self.elapsed),
        })
    }
}

fn metrics(row: &MetricRow, count: Option<usize>) -> Value {
    if count == Some(0) {
        return Value::Null;
    }
    let values = Metric::ALL.into_iter().map(|metric| (metric.name().to_string(), row.get(metric).into()));
    Value::Object(values.chain(count.map(|count| ("count".to_string(), count.into()))).collect())
}

fn shown(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(Text::shown).collect()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
