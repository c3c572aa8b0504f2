//! Walks a benchmark's requests through the same pipeline as live search.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crate::library::similarity::{NEAR_DUPLICATE, Trigrams};
use crate::library::{ContentHash, Skill, Text};
use crate::model::{ModelError, never};
use crate::search::{Pipeline, QueryId, SearchError, Settings};

use super::benchmark::{Benchmark, NO_SKILL, Qrels, Task};
use super::failure::FIRST;
use super::machine;
use super::protocol::Protocol;
use super::record::{QueryRecord, Scored, Timing};
use super::report::{EvalReport, RunHeader};
use super::strata::strata;

/// What a router found for one request; ids as shown, best first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Routed {
    pub shortlist: Vec<Scored>,
    /// The final order; empty where nothing reranks.
    pub ranking: Vec<Scored>,
    /// See [`QueryRecord::provisional`].
    pub provisional: bool,
    pub stage1: Duration,
    pub stage2: Duration,
}

/// What evaluation needs of a search: anything that turns a request into two rankings.
pub trait Router {
    /// Whether a skill id (as shown) can be found at all.
    fn has(&self, id: &str) -> bool;
    /// Skills that can be found.
    fn pool_size(&self) -> usize;
    /// What tells this pool from another.
    fn pool_fingerprint(&self) -> String;
    /// What makes the rankings comparable.
    fn describe(&self, settings: Settings) -> String;
    fn rank(&self, task: &Task, settings: Settings) -> Result<Routed, SearchError>;
    /// Whether it says anything about this task, be it that nothing fits.
    fn answers(&self, _: &Task) -> bool {
        true
    }
    /// The skill of this id, if its text is known.
    fn skill(&self, id: &str) -> Option<&Skill>;
    /// Whether the last model did not read this skill to its end for this request.
    fn is_cut(&self, request: &str, id: &str, settings: Settings) -> bool;
}

impl Router for Pipeline {
    fn has(&self, id: &str) -> bool {
        self.library().find(id).is_some()
    }

    fn pool_size(&self) -> usize {
        self.library().len()
    }

    fn pool_fingerprint(&self) -> String {
        self.library().fingerprint()
    }

    fn describe(&self, settings: Settings) -> String {
        Pipeline::describe(self, settings)
    }

    fn rank(&self, task: &Task, settings: Settings) -> Result<Routed, SearchError> {
        const EXACT: bool = true; // Numbers never come from approximate search.
        let request: Arc<str> = Arc::from(task.request.for_model());
        let library = self.library();
        let scored = |skill, score| Scored { id: library[skill].id.shown().to_string(), score };
        let shortlist = Arc::new(self.stage1(QueryId::default(), &request, settings, None, EXACT)?);
        let mut routed = Routed {
            shortlist: shortlist.hits.iter().map(|hit| scored(hit.skill, hit.score())).collect(),
            provisional: shortlist.is_provisional(),
            stage1: shortlist.timings.total,
            ..Routed::default()
        };
        if settings.rerank {
            // Whoever runs this stops it through the pipeline's courtesy.
            let reranking = self.rerank(&shortlist, &never, &mut |_| {})?;
            let rows = reranking.rows.iter();
            routed.ranking =
                rows.map(|row| scored(row.skill, reranking.weight(row).unwrap_or(f32::NEG_INFINITY))).collect();
            routed.stage2 = reranking.elapsed;
        }
        Ok(routed)
    }

    fn skill(&self, id: &str) -> Option<&Skill> {
        self.library().find(id).map(|index| &self.library()[index])
    }

    fn is_cut(&self, request: &str, id: &str, settings: Settings) -> bool {
        Router::skill(self, id).is_some_and(|skill| self.cuts(request, skill, settings))
    }
}

/// Runs every task that can be scored and is not `done` yet; `on_record` after each, and stops when it returns `Break`
/// or the router says [`ModelError::Stopped`]. Any other error ends the run: means over the requests that happened to
/// work would be another benchmark's.
pub fn evaluate<R: Router + ?Sized>(
    router: &R,
    benchmark: &Benchmark,
    settings: Settings,
    done: &HashSet<String>,
    on_record: &mut dyn FnMut(QueryRecord) -> ControlFlow<()>,
) -> Result<(), SearchError> {
    let mut likeness = Likeness::default();
    for planned in plan(router, benchmark).0 {
        if done.contains(planned.task.id.shown()) {
            continue;
        }
        let routed = match router.rank(planned.task, settings) {
            Err(SearchError::Model(ModelError::Stopped)) => break,
            routed => routed?,
        };
        if on_record(record(router, planned, routed, settings, benchmark.protocol, &mut likeness)).is_break() {
            break;
        }
    }
    Ok(())
}

/// A report in which nothing is scored yet, with all that is known before. Who runs it adds what only they know: id,
/// time, profile, machine.
pub fn blank_report<R: Router + ?Sized>(router: &R, benchmark: &Benchmark, settings: Settings) -> EvalReport {
    let (scored, unscored) = plan(router, benchmark);
    let header = RunHeader {
        program: concat!("skillscope ", env!("CARGO_PKG_VERSION")).into(),
        benchmark: benchmark.name.clone(),
        benchmark_fingerprint: benchmark.fingerprint.clone(),
        revision: benchmark.revision.clone(),
        protocol: benchmark.protocol,
        system: router.describe(settings),
        settings,
        pool: router.pool_size(),
        pool_fingerprint: router.pool_fingerprint(),
        machine: machine::describe(),
        planned: scored.len(),
        ..RunHeader::default()
    };
    EvalReport { unscored, problems: benchmark.problems.clone(), ..EvalReport::new(header) }
}

/// A task to run: with its judgements as written, and as far as they count.
struct Planned<'a> {
    task: &'a Task,
    judged: &'a Qrels,
    qrels: Qrels,
}

/// Parts the tasks that can be run from those that cannot, with the reason.
fn plan<'a, R: Router + ?Sized>(router: &R, benchmark: &'a Benchmark) -> (Vec<Planned<'a>>, Vec<(Text, String)>) {
    let mut unscored = benchmark.skipped.clone();
    let mut planned = Vec::new();
    for (task, judged) in &benchmark.tasks {
        let qrels = match benchmark.protocol.restricts_to_pool() {
            true => judged.restrict(|id| router.has(id)),
            false => judged.clone(),
        };
        // Where judgements are not restricted, gold that cannot be found counts against the router, as in trec_eval.
        if qrels.gold.is_empty() && !(task.is_no_skill() && judged.gold.is_empty()) {
            unscored.push((task.id.clone(), reason(judged)));
        } else if benchmark.protocol.leaves_out_unanswered() && !router.answers(task) {
            unscored.push((task.id.clone(), UNANSWERED.to_owned()));
        } else {
            planned.push(Planned { task, judged, qrels });
        }
    }
    (planned, unscored)
}

const UNANSWERED: &str = "has no ranking among the predictions, and this protocol's scorer leaves such requests out";

/// Why a task without gold in the pool is not scored.
fn reason(judged: &Qrels) -> String {
    match judged.gold.as_slice() {
        [] => format!("it names no gold skill, nor says (tag {NO_SKILL}) that there is none"),
        gold => format!("none of its gold skills is in this library: {}", gold.join(", ")),
    }
}

fn record<R: Router + ?Sized>(
    router: &R,
    planned: Planned,
    routed: Routed,
    settings: Settings,
    protocol: Protocol,
    likeness: &mut Likeness,
) -> QueryRecord {
    let Planned { task, judged, qrels } = planned;
    let last = if routed.ranking.is_empty() { &routed.shortlist } else { &routed.ranking };
    let outside: Vec<&String> =
        qrels.gold.iter().filter(|gold| !last.iter().take(FIRST).any(|scored| scored.id == **gold)).collect();
    let in_shortlist = |gold: &str| routed.shortlist.iter().any(|scored| scored.id == gold);
    let cut = outside
        .iter()
        .filter(|gold| in_shortlist(gold) && router.is_cut(task.request.for_model(), gold, settings))
        .map(|gold| gold.to_string())
        .collect();
    let skill = qrels.gold.first().and_then(|id| router.skill(id));
    QueryRecord {
        task_id: task.id.shown().to_owned(),
        request: task.request.for_model().to_owned(),
        gold_missing: judged.gold.iter().filter(|id| !router.has(id)).cloned().collect(),
        no_skill: judged.gold.is_empty(),
        strata: if judged.gold.is_empty() { Vec::new() } else { strata(task, &qrels, protocol, skill) },
        near_duplicates: duplicates(router, last, &qrels, likeness),
        cut,
        shortlist: routed.shortlist,
        ranking: routed.ranking,
        provisional: routed.provisional,
        timing: Timing { stage1_ms: milliseconds(routed.stage1), stage2_ms: milliseconds(routed.stage2) },
        gold: qrels.gold,
        grades: qrels.grades,
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// Skills among the first ten that stand above a gold skill, or are there while it is not, and are nearly the same.
fn duplicates<R: Router + ?Sized>(
    router: &R,
    last: &[Scored],
    qrels: &Qrels,
    likeness: &mut Likeness,
) -> Vec<(String, String)> {
    let is_gold = |id: &str| qrels.gold.iter().any(|gold| gold == id);
    let first = &last[..last.len().min(FIRST)];
    let mut pairs = Vec::new();
    for gold in &qrels.gold {
        let above = first.iter().position(|scored| scored.id == *gold).unwrap_or(first.len());
        for winner in first[..above].iter().filter(|scored| !is_gold(&scored.id)) {
            if let (Some(a), Some(b)) = (router.skill(&winner.id), router.skill(gold))
                && likeness.near_duplicates(a, b)
            {
                pairs.push((winner.id.clone(), gold.clone()));
            }
        }
    }
    pairs
}

/// Trigrams that are remembered: 8 bytes each, about 700 to a body, so some 20 MB.
const MOST_REMEMBERED: usize = 4096;

/// The trigrams of bodies, made once: the same skills lead many lists.
#[derive(Default)]
struct Likeness(HashMap<ContentHash, Arc<Trigrams>>);

impl Likeness {
    /// See [`crate::library::similarity::near_duplicates`].
    fn near_duplicates(&mut self, a: &Skill, b: &Skill) -> bool {
        a.name.for_model() == b.name.for_model() || self.trigrams(a).jaccard(&self.trigrams(b)) > NEAR_DUPLICATE
    }

    fn trigrams(&mut self, skill: &Skill) -> Arc<Trigrams> {
        if self.0.len() >= MOST_REMEMBERED {
            self.0.clear();
        }
        self.0.entry(skill.hash).or_insert_with(|| Arc::new(Trigrams::of(skill.body.for_model()))).clone()
    }
}

#[cfg(test)]
mod tests;
