//! The list of requests: which are shown, in which order.

use std::cmp::Ordering;

use crate::eval::{EvalReport, Failure, Metric, QueryOutcome};

/// Which requests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    #[default]
    Failures,
    Only(Failure),
    All,
}

impl Show {
    const ALL: [Show; 8] = [
        Show::Failures,
        Show::Only(Failure::NotInShortlist),
        Show::Only(Failure::Demoted),
        Show::Only(Failure::RankedLow),
        Show::Only(Failure::CutByTruncation),
        Show::Only(Failure::NearDuplicate),
        Show::Only(Failure::UnjudgedWinner),
        Show::All,
    ];

    pub fn next(self) -> Self {
        let at = Show::ALL.iter().position(|show| *show == self).map_or(0, |at| at + 1);
        Show::ALL[at % Show::ALL.len()]
    }

    pub fn label(self) -> &'static str {
        match self {
            Show::Failures => "all failures",
            Show::Only(failure) => failure_label(failure),
            Show::All => "all requests",
        }
    }

    fn takes(self, outcome: &QueryOutcome) -> bool {
        match self {
            Show::Failures => !outcome.failures.is_empty(),
            Show::Only(failure) => outcome.failures.contains(&failure),
            Show::All => true,
        }
    }
}

pub fn failure_label(failure: Failure) -> &'static str {
    match failure {
        Failure::NotInShortlist => "not in shortlist",
        Failure::Demoted => "demoted",
        Failure::RankedLow => "ranked low",
        Failure::CutByTruncation => "gold cut",
        Failure::NearDuplicate => "near-duplicate",
        Failure::UnjudgedWinner => "unjudged winner",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By the protocol's headline metric in the end; among equals, what lies deepest.
    #[default]
    Worst,
    /// By what the reranker took away.
    MostDemoted,
    /// In the benchmark's order.
    Benchmark,
}

impl Sort {
    pub fn next(self) -> Self {
        match self {
            Sort::Worst => Sort::MostDemoted,
            Sort::MostDemoted => Sort::Benchmark,
            Sort::Benchmark => Sort::Worst,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Sort::Worst => "worst first",
            Sort::MostDemoted => "most demoted first",
            Sort::Benchmark => "in the benchmark's order",
        }
    }

    fn compare(self, metric: Metric, a: &QueryOutcome, b: &QueryOutcome) -> Ordering {
        let value = |outcome: &QueryOutcome| outcome.after.value(metric);
        let lost = |outcome: &QueryOutcome| outcome.before.value(metric) - value(outcome);
        // No gold skill at all lies deeper than any rank.
        let depth = |outcome: &QueryOutcome| outcome.best_after.unwrap_or(usize::MAX);
        match self {
            Sort::Worst => value(a).total_cmp(&value(b)).then(depth(b).cmp(&depth(a))),
            Sort::MostDemoted => lost(b).total_cmp(&lost(a)),
            Sort::Benchmark => Ordering::Equal,
        }
    }
}

/// Positions in [`EvalReport::outcomes`], filtered and sorted once per change and not once per frame.
#[derive(Debug, Default)]
pub struct List {
    pub rows: Vec<usize>,
}

impl List {
    pub fn new(report: &EvalReport, show: Show, sort: Sort) -> Self {
        let outcomes = &report.outcomes;
        let mut rows: Vec<usize> = (0..outcomes.len()).filter(|&at| show.takes(&outcomes[at])).collect();
        // Stable: equals keep the benchmark's order.
        let metric = report.protocol().headline();
        rows.sort_by(|&a, &b| sort.compare(metric, &outcomes[a], &outcomes[b]));
        List { rows }
    }
}
