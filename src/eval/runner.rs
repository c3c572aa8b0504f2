//! Walks a benchmark's requests through the same pipeline as live search.

use std::time::Duration;

use crate::library::Text;
use crate::search::{Pipeline, SearchError, Settings};

use super::{Benchmark, MetricRow};

/// Why a request did not get what it needs in the first ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// A gold skill is not in the shortlist.
    NotInShortlist,
    /// The reranker pushed a gold skill out of the first ten, or off rank 1 where it was.
    Demoted,
    /// In the shortlist, but never in the first ten.
    RankedLow,
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
    pub elapsed: Duration,
}

/// Means over the requests that have gold in the pool.
#[derive(Debug, Clone, Default)]
pub struct EvalReport {
    pub benchmark: String,
    /// What made the numbers: profile, stage 1, fields, depth, nDCG variant.
    pub protocol: String,
    pub before: MetricRow,
    pub after: MetricRow,
    pub single: (MetricRow, usize),
    pub multi: (MetricRow, usize),
    pub scored: usize,
    /// Requests without gold in the pool: named, never silently dropped.
    pub unscored: Vec<(Text, String)>,
    pub outcomes: Vec<std::sync::Arc<QueryOutcome>>,
    pub elapsed: Duration,
}

/// Runs every task; `on_outcome` after each, and stops when it returns `Break`.
pub fn evaluate(
    pipeline: &Pipeline,
    benchmark: &Benchmark,
    settings: Settings,
    on_outcome: &mut dyn FnMut(&QueryOutcome, &EvalReport) -> std::ops::ControlFlow<()>,
) -> Result<EvalReport, SearchError> {
    let _ = (pipeline, benchmark, settings, on_outcome);
    todo!()
}
