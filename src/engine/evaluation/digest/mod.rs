//! What an interface shows of an evaluation, as plain numbers and harmless text. It is made on the evaluation's own
//! thread (`build.rs`), so that drawing does no statistics, and it is the same for a run under way, a finished
//! one and one of last month.

mod build;

use std::sync::Arc;
use std::time::Duration;

use crate::eval::stats::Interval;
use crate::eval::{Audit, EvalReport, Failure, Protocol};
use crate::library::Text;
use crate::search::Settings;

pub(super) use build::{Builder, Detail, line, metrics};

/// One run as far as it has come.
#[derive(Debug, Clone, Default)]
pub struct Digest {
    /// Its name among the runs that are kept; empty if it is not kept.
    pub id: String,
    /// When it was started, RFC 3339.
    pub started: String,
    pub benchmark: String,
    /// See [`crate::eval::Benchmark::fingerprint`].
    pub fingerprint: String,
    /// Whose metrics these are, and how they are computed.
    pub protocol: Protocol,
    /// What made the rankings: models, stage 1, fields, depth.
    pub system: String,
    pub settings: Settings,
    /// Skills in the pool.
    pub pool: usize,
    /// Requests to ask.
    pub planned: usize,
    /// Requests that count in the means, and those that no skill answers by design.
    pub scored: usize,
    pub no_skill: usize,
    /// Scored without all vectors: not the protocol's numbers.
    pub provisional: usize,
    pub elapsed: Duration,
    /// Order of the protocol, the headline first.
    pub metrics: Vec<MetricLine>,
    /// "all" first.
    pub strata: Vec<StratumLine>,
    /// How many requests are in each cell of the audit, order of [`Audit::ALL`].
    pub audit: [usize; 4],
    /// Order of [`Failure::ALL`], zeros too.
    pub failures: Vec<(Failure, usize)>,
    /// Skills that win where they should not, most often first.
    pub distractors: Vec<DistractorLine>,
    /// Order of the benchmark.
    pub requests: Vec<Arc<RequestLine>>,
    pub ranks: Vec<RankLine>,
    pub risk: Option<Risk>,
    /// Requests that are not scored, with the reason.
    pub unscored: Vec<(Text, String)>,
    /// Rows of the benchmark that could not be used.
    pub problems: Vec<Text>,
    /// Numbers of others and of earlier runs, to be read beside these.
    pub beside: Vec<BesideLine>,
}

/// Means of one metric over all scored requests.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricLine {
    /// As the protocol spells it.
    pub name: String,
    pub before: f64,
    pub after: f64,
    /// With the shortlist in the best order there is.
    pub ceiling: f64,
    /// Of `after`; `None` until there are requests enough to resample.
    pub interval: Option<Interval>,
    /// Of the change that the second stage makes.
    pub change: Option<Interval>,
}

/// Means over a part of the requests, metrics in the order of [`Digest::metrics`].
#[derive(Debug, Clone, PartialEq)]
pub struct StratumLine {
    /// "difficulty"; empty for all.
    pub group: String,
    pub name: String,
    pub count: usize,
    pub before: Vec<f64>,
    pub after: Vec<f64>,
    pub ceiling: Vec<f64>,
}

/// One scored request.
#[derive(Debug, Clone)]
pub struct RequestLine {
    pub task: Text,
    pub request: Text,
    /// Right skills that are in the pool, and their ranks in the shortlist and in the end.
    pub gold: Vec<Text>,
    pub gold_ranks: Vec<(Option<usize>, Option<usize>)>,
    /// Those that are not.
    pub gold_missing: Vec<Text>,
    /// Group and name of each stratum it is in.
    pub strata: Vec<(String, String)>,
    /// Best rank of a right skill (1-based) in the shortlist and in the end.
    pub best_before: Option<usize>,
    pub best_after: Option<usize>,
    /// The headline metric before and after.
    pub before: f64,
    pub after: f64,
    /// Order of [`Failure::ALL`].
    pub failures: Vec<Failure>,
    pub audit: Audit,
    /// The first ten in the end, whether each is right, and its rank in the shortlist.
    pub top: Vec<(Text, bool, Option<usize>)>,
    /// What a search through the requests looks at, in lower case.
    pub words: String,
}

/// See [`crate::eval::report::Distractor`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistractorLine {
    pub id: Text,
    pub wins: usize,
    pub above: usize,
}

/// Requests whose best right skill is at these ranks in the shortlist and in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankLine {
    pub label: String,
    pub before: usize,
    pub after: usize,
}

/// The price of answering: above each threshold of the final score, the part of requests that are answered and the
/// part of those whose first skill is wrong.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Risk {
    /// Coverage and risk, coverage ascending.
    pub points: Vec<(f64, f64)>,
    /// Area under the curve, and under that of a perfect order of the same answers.
    pub area: f64,
    pub ideal: f64,
}

/// Whose numbers stand beside ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Printed by others: never computed here.
    Published {
        /// Paper, table, data and protocol.
        label: String,
        /// Whether it is of as many requests and skills as this run.
        same_data: bool,
    },
    /// An earlier run of the same benchmark and protocol.
    Earlier { started: String },
}

/// A row of other numbers; `None` where it has none, metrics in the order of [`Digest::metrics`].
#[derive(Debug, Clone, PartialEq)]
pub struct BesideLine {
    pub name: String,
    pub whose: Whose,
    pub values: Vec<Option<f64>>,
}

impl RequestLine {
    /// The first of its failures names it in one word.
    pub fn failure(&self) -> Option<Failure> {
        self.failures.first().copied()
    }
}

impl Digest {
    /// Of a whole report, with nothing beside it.
    pub fn of(report: &EvalReport) -> Self {
        Builder::default().digest(report, Detail::Final)
    }

    pub fn headline(&self) -> Option<&MetricLine> {
        self.metrics.first()
    }

    pub fn count(&self, audit: Audit) -> usize {
        self.audit[audit as usize]
    }
}
