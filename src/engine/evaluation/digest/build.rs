//! From a report to its digest.

use std::collections::HashMap;
use std::sync::Arc;

use crate::eval::stats::bootstrap;
use crate::eval::{Audit, EvalReport, Failure, Metric, MetricRow, Protocol, QueryOutcome, Scored, StratumRow};
use crate::library::Text;

use super::{BesideLine, Digest, DistractorLine, MetricLine, RankLine, RequestLine, Risk, StratumLine};

/// Distractors that are shown: the tail wins once each.
const DISTRACTORS: usize = 50;
/// Bytes of a request that a search through requests looks at.
const SEARCHED_BYTES: usize = 2048;
/// Results of a request that are shown.
const TOP: usize = 10;
/// Requests below which resampling them says nothing of others.
const RESAMPLED_FROM: usize = 5;
/// Points of a risk–coverage curve: more than any screen has dots across.
const MOST_POINTS: usize = 500;
/// Last rank of each bucket of the histogram.
const BUCKETS: [(usize, &str); 6] = [(1, "1"), (2, "2"), (3, "3"), (5, "4-5"), (10, "6-10"), (20, "11-20")];
const DEEPER: &str = "deeper";
const MISSING: &str = "missing";

/// What a digest may cost: intervals of 6,000 requests are 12 million draws for each metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// While more requests come: the interval of the headline.
    Passing,
    Final,
}

/// Makes digests of one report as it grows; lines of requests are made once.
#[derive(Default)]
pub struct Builder {
    lines: Vec<Arc<RequestLine>>,
    /// Other numbers, found out before the run.
    beside: Vec<BesideLine>,
}

impl Builder {
    pub fn new(beside: Vec<BesideLine>) -> Self {
        Builder { lines: Vec::new(), beside }
    }

    pub fn digest(&mut self, report: &EvalReport, detail: Detail) -> Digest {
        let metrics = metrics(report.protocol());
        for outcome in &report.outcomes[self.lines.len()..] {
            self.lines.push(Arc::new(line(outcome, report)));
        }
        let header = &report.header;
        let values = |row: MetricRow| metrics.iter().map(|&metric| row.value(metric)).collect::<Vec<f64>>();
        let stratum = |group: &str, name: &str, row: &StratumRow| StratumLine {
            group: group.to_owned(),
            name: Text::line(name).shown().to_owned(),
            count: row.count,
            before: values(row.before()),
            after: values(row.after()),
            ceiling: values(row.ceiling()),
        };
        let mut strata = vec![stratum("", "all", &report.all)];
        strata.extend(report.strata.iter().map(|(key, row)| stratum(&key.group, &key.name, row)));
        Digest {
            id: header.id.clone(),
            started: header.started.clone(),
            benchmark: header.benchmark.clone(),
            fingerprint: header.benchmark_fingerprint.clone(),
            protocol: header.protocol,
            system: header.system.clone(),
            settings: header.settings,
            pool: header.pool,
            planned: header.planned,
            scored: report.scored(),
            no_skill: report.no_skill.len(),
            provisional: report.provisional,
            elapsed: report.elapsed,
            metrics: metrics.iter().map(|&metric| metric_line(report, metric, detail)).collect(),
            strata,
            audit: Audit::ALL.map(|audit| report.audited(audit)),
            failures: Failure::ALL.into_iter().map(|failure| (failure, report.count(failure))).collect(),
            distractors: distractors(report),
            requests: self.lines.clone(),
            ranks: ranks(report),
            risk: risk(report),
            unscored: report.unscored.clone(),
            problems: report.problems.clone(),
            beside: self.beside.clone(),
        }
    }
}

/// The protocol's metrics, its headline first.
pub(in crate::engine::evaluation) fn metrics(protocol: Protocol) -> Vec<Metric> {
    let headline = protocol.headline();
    let others = protocol.metrics().iter().copied().filter(|&metric| metric != headline);
    std::iter::once(headline).chain(others).collect()
}

fn metric_line(report: &EvalReport, metric: Metric, detail: Detail) -> MetricLine {
    let resampled = detail == Detail::Final || metric == report.protocol().headline();
    let pairs = report.outcomes.iter().filter_map(|one| Some((one.before.get(metric)?, one.after.get(metric)?)));
    let (values, changes): (Vec<f64>, Vec<f64>) = pairs.map(|(before, after)| (after, after - before)).unzip();
    let interval = |values: &[f64]| match resampled && values.len() >= RESAMPLED_FROM {
        true => bootstrap(values),
        false => None,
    };
    MetricLine {
        name: report.protocol().spell(metric),
        before: report.all.before().value(metric),
        after: report.all.after().value(metric),
        ceiling: report.all.ceiling().value(metric),
        interval: interval(&values),
        change: interval(&changes),
    }
}

pub(in crate::engine::evaluation) fn line(outcome: &QueryOutcome, report: &EvalReport) -> RequestLine {
    let (record, protocol) = (&outcome.record, report.protocol());
    let headline = protocol.headline();
    let ranks = ranks_in(&protocol.ordered(&record.shortlist));
    let last = protocol.ordered(record.last());
    let last_ranks = ranks_in(&last);
    let shown = |scored: &Scored| {
        (Text::line(&scored.id), record.gold.contains(&scored.id), ranks.get(scored.id.as_str()).copied())
    };
    let ids = record.gold.iter().map(String::as_str).chain([record.task_id.as_str()]);
    let words: Vec<&str> = ids.chain([bounded(&record.request, SEARCHED_BYTES)]).collect();
    RequestLine {
        words: words.join(" ").to_lowercase(),
        task: Text::line(&record.task_id),
        request: Text::block(&record.request),
        gold: record.gold.iter().map(Text::line).collect(),
        gold_ranks: record
            .gold
            .iter()
            .map(|id| (ranks.get(id.as_str()).copied(), last_ranks.get(id.as_str()).copied()))
            .collect(),
        gold_missing: record.gold_missing.iter().map(Text::line).collect(),
        strata: record
            .strata
            .iter()
            .map(|stratum| (stratum.group.clone(), Text::line(&stratum.name).shown().to_owned()))
            .collect(),
        best_before: outcome.best_before,
        best_after: outcome.best_after,
        before: outcome.before.value(headline),
        after: outcome.after.value(headline),
        failures: outcome.failures.clone(),
        audit: outcome.audit,
        top: last.into_iter().take(TOP).map(shown).collect(),
    }
}

fn ranks_in<'a>(list: &[&'a Scored]) -> HashMap<&'a str, usize> {
    list.iter().enumerate().map(|(index, scored)| (scored.id.as_str(), index + 1)).collect()
}

/// The first `most` bytes at most, whole characters only.
fn bounded(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

fn distractors(report: &EvalReport) -> Vec<DistractorLine> {
    let found = report.distractors().into_iter().take(DISTRACTORS);
    found.map(|one| DistractorLine { id: Text::line(&one.id), wins: one.wins, above: one.above }).collect()
}

fn ranks(report: &EvalReport) -> Vec<RankLine> {
    let bucket = |rank: Option<usize>| match rank {
        None => BUCKETS.len() + 1,
        Some(rank) => BUCKETS.iter().position(|(last, _)| rank <= *last).unwrap_or(BUCKETS.len()),
    };
    let labels = BUCKETS.iter().map(|(_, label)| *label).chain([DEEPER, MISSING]);
    let mut lines: Vec<RankLine> = labels.map(|label| RankLine { label: label.into(), before: 0, after: 0 }).collect();
    for outcome in &report.outcomes {
        lines[bucket(outcome.best_before)].before += 1;
        lines[bucket(outcome.best_after)].after += 1;
    }
    lines
}

fn risk(report: &EvalReport) -> Option<Risk> {
    let curve = report.abstention();
    let every = curve.points.len().div_ceil(MOST_POINTS).max(1);
    let kept = curve.points.iter().enumerate().filter(|(at, _)| at % every == 0 || at + 1 == curve.points.len());
    let points: Vec<(f64, f64)> = kept.map(|(_, point)| (point.coverage, point.risk)).collect();
    (!points.is_empty()).then_some(Risk { points, area: curve.aurc, ideal: curve.ideal })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
