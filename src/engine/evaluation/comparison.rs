//! Two or more kept runs side by side, as an interface shows them.

use std::sync::Arc;

use crate::eval::compare::Verdict;
use crate::eval::stats::Interval;

use super::digest::RequestLine;

/// Every other run against the first, each over the requests that both have scored.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Benchmark the runs are of.
    pub benchmark: String,
    pub fingerprint: String,
    /// The run the others are compared with, in words.
    pub base: String,
    pub others: Vec<Against>,
    /// Anything that keeps the numbers from being comparable, as sentences.
    pub warnings: Vec<String>,
}

/// One run against the base.
#[derive(Debug, Clone)]
pub struct Against {
    pub id: String,
    /// The run in words.
    pub name: String,
    /// Requests in common with the base.
    pub common: usize,
    pub metrics: Vec<Difference>,
    /// How alike the final lists are: means of rank-biased overlap and of Jaccard's index of the first ten; 1 for the
    /// same lists.
    pub overlap: f64,
    pub jaccard: f64,
    /// Requests by what they lost in the first metric, most first; only losses.
    pub regressions: Vec<Regression>,
}

/// One metric of two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub name: String,
    pub base: f64,
    pub other: f64,
    /// Of `other - base`.
    pub interval: Option<Interval>,
    pub wins: usize,
    pub ties: usize,
    pub losses: usize,
    /// Two-sided paired randomisation test, and after Holm's correction for all tests of the comparison.
    pub p: f64,
    pub p_holm: f64,
    pub verdict: Verdict,
}

/// A request that the other run does worse.
#[derive(Debug, Clone)]
pub struct Regression {
    pub line: Arc<RequestLine>,
    pub base: f64,
    pub other: f64,
}
