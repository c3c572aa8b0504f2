//! What an evaluation says: one [`QueryOutcome`] per request, and the means in an [`EvalReport`]. A live run, a run
//! file and a publisher's predictions all become records first, and this is the only place where records become
//! numbers.

mod json;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::library::Text;
use crate::search::Settings;

use super::abstention::RiskCoverage;
use super::failure::{Audit, FIRST, Failure, failures};
use super::metrics::{Metric, MetricMean, MetricRow};
use super::protocol::Protocol;
use super::record::{QueryRecord, Scored, Stratum};

/// Everything about a run that is known before its first request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunHeader {
    /// Unique among the runs of this machine.
    pub id: String,
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// Program and version.
    pub program: String,
    pub benchmark: String,
    /// See [`super::Benchmark::fingerprint`].
    pub benchmark_fingerprint: String,
    pub revision: Option<String>,
    pub protocol: Protocol,
    /// What made the rankings: models, stage 1, fields, depth.
    pub system: String,
    pub settings: Settings,
    /// Models with their fingerprints, as in `search --json`.
    pub profile: Value,
    /// Skills in the pool, and what tells this pool from another.
    pub pool: usize,
    pub pool_fingerprint: String,
    pub machine: Value,
    /// Requests to score.
    pub planned: usize,
}

/// One request, scored.
#[derive(Debug, Clone)]
pub struct QueryOutcome {
    pub record: Arc<QueryRecord>,
    /// Best rank of a gold skill in stage 1 and in the end (1-based).
    pub best_before: Option<usize>,
    pub best_after: Option<usize>,
    /// Metrics of the shortlist before reranking.
    pub before: MetricRow,
    /// Metrics of the final ranking.
    pub after: MetricRow,
    /// Metrics of the best order the shortlist could be put in: what a perfect reranker would reach.
    pub ceiling: MetricRow,
    pub failures: Vec<Failure>,
    pub audit: Audit,
}

impl QueryOutcome {
    pub fn new(record: Arc<QueryRecord>, protocol: Protocol) -> Self {
        let qrels = record.qrels();
        let (before, after) = (protocol.ordered(&record.shortlist), protocol.ordered(record.last()));
        let is_gold = |scored: &Scored| qrels.gold.contains(&scored.id);
        let mut best = before.clone();
        best.sort_by_key(|scored| Reverse((qrels.grades.get(&scored.id).copied().unwrap_or(0), is_gold(scored))));
        let row = |list: &[&Scored]| {
            let ids: Vec<&str> = list.iter().map(|scored| scored.id.as_str()).collect();
            MetricRow::of(protocol.metrics(), &ids, &qrels)
        };
        let rank = |list: &[&Scored]| list.iter().position(|scored| is_gold(scored)).map(|index| index + 1);
        let (best_before, best_after) = (rank(&before), rank(&after));
        QueryOutcome {
            before: row(&before),
            after: row(&after),
            ceiling: row(&best),
            failures: failures(&record, &before, &after),
            audit: Audit::of(best_before == Some(1), best_after == Some(1)),
            best_before,
            best_after,
            record,
        }
    }

    /// The first of its failures, which names it in one word.
    pub fn failure(&self) -> Option<Failure> {
        self.failures.first().copied()
    }

    /// SkillRouter's strata: by the number of gold skills that count.
    pub fn is_single(&self) -> bool {
        self.record.gold.len() == 1
    }
}

/// Means over one part of the requests.
#[derive(Debug, Clone, Default)]
pub struct StratumRow {
    pub count: usize,
    before: MetricMean,
    after: MetricMean,
    ceiling: MetricMean,
}

impl StratumRow {
    fn add(&mut self, outcome: &QueryOutcome) {
        self.count += 1;
        self.before.add(&outcome.before);
        self.after.add(&outcome.after);
        self.ceiling.add(&outcome.ceiling);
    }

    pub fn before(&self) -> MetricRow {
        self.before.mean()
    }

    pub fn after(&self) -> MetricRow {
        self.after.mean()
    }

    /// See [`QueryOutcome::ceiling`].
    pub fn ceiling(&self) -> MetricRow {
        self.ceiling.mean()
    }
}

/// A skill that is not gold and stands above the gold ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distractor {
    pub id: String,
    /// Requests it is first in although it is not gold.
    pub wins: usize,
    /// Requests in whose first ten it stands above the best gold skill.
    pub above: usize,
}

/// Means over the requests that have gold skills that count, and what they are made of.
#[derive(Debug, Clone, Default)]
pub struct EvalReport {
    pub header: RunHeader,
    pub all: StratumRow,
    pub strata: BTreeMap<Stratum, StratumRow>,
    pub outcomes: Vec<Arc<QueryOutcome>>,
    /// Requests that no skill answers, by design; they count for abstention only.
    pub no_skill: Vec<Arc<QueryRecord>>,
    /// Scored requests whose stage 1 was not what the settings ask for.
    pub provisional: usize,
    /// Requests that could not be scored: named, never silently dropped.
    pub unscored: Vec<(Text, String)>,
    /// Rows of the benchmark that could not be used.
    pub problems: Vec<Text>,
    pub elapsed: Duration,
}

impl EvalReport {
    pub fn new(header: RunHeader) -> Self {
        EvalReport { header, ..EvalReport::default() }
    }

    pub fn from_records(header: RunHeader, records: impl IntoIterator<Item = QueryRecord>) -> Self {
        let mut report = EvalReport::new(header);
        records.into_iter().for_each(|record| drop(report.push(record)));
        report
    }

    /// Scores one more request; `None` for one that no skill answers.
    pub fn push(&mut self, record: QueryRecord) -> Option<Arc<QueryOutcome>> {
        let record = Arc::new(record);
        if record.no_skill {
            self.no_skill.push(record);
            return None;
        }
        let outcome = Arc::new(QueryOutcome::new(record, self.header.protocol));
        self.all.add(&outcome);
        for stratum in &outcome.record.strata {
            self.strata.entry(stratum.clone()).or_default().add(&outcome);
        }
        self.provisional += usize::from(outcome.record.provisional);
        self.outcomes.push(outcome.clone());
        Some(outcome)
    }

    pub fn protocol(&self) -> Protocol {
        self.header.protocol
    }

    /// Requests that count in the means.
    pub fn scored(&self) -> usize {
        self.outcomes.len()
    }

    pub fn is_complete(&self) -> bool {
        self.outcomes.len() + self.no_skill.len() == self.header.planned
    }

    /// Whether anything was reranked.
    pub fn reranked(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.record.reranked())
    }

    pub fn count(&self, failure: Failure) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.failures.contains(&failure)).count()
    }

    pub fn audited(&self, audit: Audit) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.audit == audit).count()
    }

    pub fn stratum(&self, group: &str, name: &str) -> Option<&StratumRow> {
        self.strata.get(&Stratum::new(group, name))
    }

    /// Values of one metric, a request each, of the final ranking; requests for which it is not defined are left out.
    pub fn values(&self, metric: Metric) -> Vec<f64> {
        self.outcomes.iter().filter_map(|outcome| outcome.after.get(metric)).collect()
    }

    /// Skills that win where they should not, the most frequent first.
    pub fn distractors(&self) -> Vec<Distractor> {
        let mut found: HashMap<&str, Distractor> = HashMap::new();
        for outcome in &self.outcomes {
            let above = outcome.best_after.map_or(FIRST, |best| best - 1).min(FIRST);
            for (index, scored) in self.protocol().ordered(outcome.record.last()).into_iter().take(above).enumerate() {
                let fresh = || Distractor { id: scored.id.clone(), wins: 0, above: 0 };
                let entry = found.entry(&scored.id).or_insert_with(fresh);
                entry.wins += usize::from(index == 0);
                entry.above += 1;
            }
        }
        let mut found: Vec<Distractor> = found.into_values().collect();
        found.sort_by(|a, b| (b.wins, b.above).cmp(&(a.wins, a.above)).then_with(|| a.id.cmp(&b.id)));
        found
    }

    /// What a threshold on the best score of the last stage would do; right is what has a gold skill first.
    pub fn abstention(&self) -> RiskCoverage {
        let best = |record: &QueryRecord| record.last().first().map_or(f32::NEG_INFINITY, |scored| scored.score);
        let answered = self
            .outcomes
            .iter()
            .map(|outcome| (best(&outcome.record), matches!(outcome.audit, Audit::BothRight | Audit::Fixed)));
        let nothing = self.no_skill.iter().map(|record| (best(record), false));
        RiskCoverage::of(answered.chain(nothing).collect())
    }
}

#[cfg(test)]
mod tests;
