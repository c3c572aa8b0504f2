//! The list of requests: which are shown, in which order.

use std::cmp::Ordering;

use crate::engine::evaluation::digest::{Digest, RequestLine};
use crate::eval::{Audit, Failure};

/// Which requests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    #[default]
    Failures,
    Cell(Audit),
    Only(Failure),
    All,
}

impl Show {
    /// In the order of going round; both right is what `All` adds.
    const ROUND: [Show; 11] = [
        Show::Failures,
        Show::Cell(Audit::Fixed),
        Show::Cell(Audit::Degraded),
        Show::Cell(Audit::BothMissed),
        Show::Only(Failure::NotInShortlist),
        Show::Only(Failure::Demoted),
        Show::Only(Failure::RankedLow),
        Show::Only(Failure::CutByTruncation),
        Show::Only(Failure::NearDuplicate),
        Show::Only(Failure::UnjudgedWinner),
        Show::All,
    ];

    /// The next one that lists anything; `All` always can be chosen.
    pub fn next(self, digest: &Digest) -> Self {
        let at = Show::ROUND.iter().position(|show| *show == self).map_or(0, |at| at + 1);
        let round = (at..at + Show::ROUND.len()).map(|at| Show::ROUND[at % Show::ROUND.len()]);
        let mut lists_any = round.filter(|show| *show == Show::All || show.count(digest) > 0);
        lists_any.next().unwrap_or(Show::All)
    }

    fn count(self, digest: &Digest) -> usize {
        match self {
            Show::Failures => digest.requests.iter().filter(|line| !line.failures.is_empty()).count(),
            Show::Cell(audit) => digest.count(audit),
            Show::Only(failure) => digest.failures.iter().find(|(kind, _)| *kind == failure).map_or(0, |(_, n)| *n),
            Show::All => digest.requests.len(),
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Show::Failures => "all failures",
            Show::Cell(audit) => audit.label(),
            Show::Only(failure) => failure.label(),
            Show::All => "all requests",
        }
    }

    fn takes(self, line: &RequestLine) -> bool {
        match self {
            Show::Failures => !line.failures.is_empty(),
            Show::Cell(audit) => line.audit == audit,
            Show::Only(failure) => line.failures.contains(&failure),
            Show::All => true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By the headline metric in the end; among equals, what lies deepest.
    #[default]
    Worst,
    /// By what the reranker took away.
    MostDemoted,
    /// By what the reranker added.
    MostPromoted,
    /// In the benchmark's order.
    Benchmark,
}

impl Sort {
    pub fn next(self) -> Self {
        match self {
            Sort::Worst => Sort::MostDemoted,
            Sort::MostDemoted => Sort::MostPromoted,
            Sort::MostPromoted => Sort::Benchmark,
            Sort::Benchmark => Sort::Worst,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Sort::Worst => "worst first",
            Sort::MostDemoted => "most demoted first",
            Sort::MostPromoted => "most promoted first",
            Sort::Benchmark => "in the benchmark's order",
        }
    }

    fn compare(self, a: &RequestLine, b: &RequestLine) -> Ordering {
        let gained = |line: &RequestLine| line.after - line.before;
        // No right skill at all lies deeper than any rank.
        let depth = |line: &RequestLine| line.best_after.unwrap_or(usize::MAX);
        match self {
            Sort::Worst => a.after.total_cmp(&b.after).then(depth(b).cmp(&depth(a))),
            Sort::MostDemoted => gained(a).total_cmp(&gained(b)),
            Sort::MostPromoted => gained(b).total_cmp(&gained(a)),
            Sort::Benchmark => Ordering::Equal,
        }
    }
}

/// What a person wants to see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    pub show: Show,
    pub sort: Sort,
    /// Group and name.
    pub stratum: Option<(String, String)>,
    /// Every word of it is in the request, its number or one of its right skills.
    pub text: String,
}

impl Wish {
    fn takes(&self, line: &RequestLine, words: &[String]) -> bool {
        self.show.takes(line)
            && self.stratum.as_ref().is_none_or(|stratum| line.strata.contains(stratum))
            && words.iter().all(|word| line.words.contains(word))
    }

    /// Positions in [`Digest::requests`], filtered and sorted once per change and not once per frame.
    pub fn list(&self, digest: &Digest) -> Vec<usize> {
        let words: Vec<String> = self.text.split_whitespace().map(str::to_lowercase).collect();
        let lines = &digest.requests;
        let mut rows: Vec<usize> = (0..lines.len()).filter(|&at| self.takes(&lines[at], &words)).collect();
        // Stable: equals keep the benchmark's order.
        rows.sort_by(|&a, &b| self.sort.compare(&lines[a], &lines[b]));
        rows
    }
}
