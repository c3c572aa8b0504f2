//! Walks a benchmark's requests through the same pipeline as live search.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use crate::library::Text;
use crate::model::{ModelError, never};
use crate::search::{Pipeline, QueryId, SearchError, Settings};

use super::benchmark::{Benchmark, NO_SKILL, Qrels, Task};
use super::report::{EvalReport, Failure, QueryOutcome, Sums};
use super::{Metric, MetricRow};

/// The first results that a request's needs must be among.
const FIRST: usize = 10;

/// What a router found for one request; ids as shown, best first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Routed {
    pub shortlist: Vec<String>,
    /// The final order; the shortlist's where nothing reranks.
    pub ranking: Vec<String>,
    /// See [`QueryOutcome::provisional`].
    pub provisional: bool,
}

/// What evaluation needs of a search: anything that turns a request into two rankings.
pub trait Router {
    /// Whether a skill id (as shown) can be found at all.
    fn has(&self, id: &str) -> bool;
    /// Skills that can be found.
    fn pool_size(&self) -> usize;
    /// What makes the numbers comparable.
    fn describe(&self, settings: Settings) -> String;
    fn rank(&self, request: &Arc<str>, settings: Settings) -> Result<Routed, SearchError>;
}

impl Router for Pipeline {
    fn has(&self, id: &str) -> bool {
        self.library().find(id).is_some()
    }

    fn pool_size(&self) -> usize {
        self.library().len()
    }

    fn describe(&self, settings: Settings) -> String {
        Pipeline::describe(self, settings)
    }

    fn rank(&self, request: &Arc<str>, settings: Settings) -> Result<Routed, SearchError> {
        const EXACT: bool = true; // Numbers never come from approximate search.
        let library = self.library();
        let id = |skill| library[skill].id.shown().to_string();
        let shortlist = Arc::new(self.stage1(QueryId::default(), request, settings, None, EXACT)?);
        let before: Vec<String> = shortlist.hits.iter().map(|hit| id(hit.skill)).collect();
        let ranking = if settings.rerank {
            // Whoever runs this stops it through the pipeline's courtesy.
            let reranking = self.rerank(&shortlist, &never, &mut |_| {})?;
            reranking.rows.iter().map(|row| id(row.skill)).collect()
        } else {
            before.clone()
        };
        Ok(Routed { shortlist: before, ranking, provisional: shortlist.is_provisional() })
    }
}

/// Runs every task that can be scored; `on_outcome` after each with the means so far, and stops when it returns
/// `Break` or the router says [`ModelError::Stopped`]. A stopped report is not [`EvalReport::is_complete`]. Any other
/// error ends the run without a report: means over the requests that happened to work would be another benchmark's.
pub fn evaluate<R: Router + ?Sized>(
    router: &R,
    benchmark: &Benchmark,
    settings: Settings,
    on_outcome: &mut dyn FnMut(&QueryOutcome, &EvalReport) -> ControlFlow<()>,
) -> Result<EvalReport, SearchError> {
    let start = Instant::now();
    let (scored, unscored) = plan(router, benchmark);
    let mut report = EvalReport {
        benchmark: benchmark.name.clone(),
        fingerprint: benchmark.fingerprint.clone(),
        protocol: format!(
            "{} · SkillRouter metrics (nDCG linear gain, judgements restricted to the pool)",
            router.describe(settings)
        ),
        settings,
        pool: router.pool_size(),
        planned: scored.len(),
        unscored,
        problems: benchmark.problems.clone(),
        ..EvalReport::default()
    };
    let mut sums = Sums::default();
    for (task, judged, qrels) in scored {
        let asked = Instant::now();
        let routed = match router.rank(&Arc::from(task.request.for_model()), settings) {
            Err(SearchError::Model(ModelError::Stopped)) => break,
            routed => routed?,
        };
        let mut outcome = outcome(task, judged, &qrels, routed);
        outcome.elapsed = asked.elapsed();
        let outcome = Arc::new(outcome);
        sums.add(outcome.clone(), &mut report);
        report.elapsed = start.elapsed();
        if on_outcome(&outcome, &report).is_break() {
            break;
        }
    }
    report.elapsed = start.elapsed();
    Ok(report)
}

/// A task to score: with its judgements as written, and as far as the pool has them.
type Planned<'a> = (&'a Task, &'a Qrels, Qrels);

/// Parts the tasks that can be scored from those that cannot, with the reason.
fn plan<'a, R: Router + ?Sized>(router: &R, benchmark: &'a Benchmark) -> (Vec<Planned<'a>>, Vec<(Text, String)>) {
    let mut unscored = benchmark.skipped.clone();
    let mut scored = Vec::new();
    for (task, judged) in &benchmark.tasks {
        let qrels = judged.restrict(|id| router.has(id));
        if qrels.gold.is_empty() {
            unscored.push((task.id.clone(), reason(task, judged)));
        } else {
            scored.push((task, judged, qrels));
        }
    }
    (scored, unscored)
}

/// Why a task without gold in the pool is not scored.
fn reason(task: &Task, judged: &Qrels) -> String {
    match judged.gold.as_slice() {
        [] if task.is_no_skill() => format!("no skill answers it, by design (tag {NO_SKILL})"),
        [] => "it names no gold skill".into(),
        gold => format!("none of its gold skills is in this library: {}", gold.join(", ")),
    }
}

fn outcome(task: &Task, judged: &Qrels, qrels: &Qrels, routed: Routed) -> QueryOutcome {
    let before: Vec<&str> = routed.shortlist.iter().map(String::as_str).collect();
    let after: Vec<&str> = routed.ranking.iter().map(String::as_str).collect();
    let best = |ids: &[&str]| ids.iter().position(|id| qrels.gold.iter().any(|gold| gold == id)).map(|index| index + 1);
    let (found, missing): (Vec<&String>, Vec<&String>) = judged.gold.iter().partition(|id| qrels.gold.contains(id));
    let texts = |ids: Vec<&String>| ids.into_iter().map(Text::line).collect();
    let (row_before, row_after) = (MetricRow::of(&before, qrels), MetricRow::of(&after, qrels));
    QueryOutcome {
        task_id: task.id.clone(),
        request: task.request.clone(),
        gold: texts(found),
        gold_missing: texts(missing),
        best_before: best(&before),
        best_after: best(&after),
        failure: failure(&qrels.gold, &before, &after, &row_before, &row_after),
        before: row_before,
        after: row_after,
        provisional: routed.provisional,
        elapsed: std::time::Duration::ZERO,
        ranking: routed.ranking,
    }
}

fn failure(
    gold: &[String],
    before: &[&str],
    after: &[&str],
    row_before: &MetricRow,
    row_after: &MetricRow,
) -> Option<Failure> {
    let is_first = |ids: &[&str], gold: &str| ids.iter().take(FIRST).any(|&id| id == gold);
    let lost_the_top = row_before.get(Metric::HitAt1) > row_after.get(Metric::HitAt1);
    if !gold.iter().all(|gold| before.contains(&gold.as_str())) {
        Some(Failure::NotInShortlist)
    } else if lost_the_top || gold.iter().any(|gold| is_first(before, gold) && !is_first(after, gold)) {
        Some(Failure::Demoted)
    } else if !gold.iter().all(|gold| is_first(after, gold)) {
        Some(Failure::RankedLow)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
