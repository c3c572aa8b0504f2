//! Two or more kept runs side by side, as plain numbers; made in `comparison/build.rs`.

use std::sync::Arc;

use super::digest::{Interval, RequestLine};

/// Every other run against the first, over the requests that all of them have scored.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Benchmark the runs are of.
    pub benchmark: String,
    pub fingerprint: String,
    /// The run the others are compared with, in words.
    pub base: String,
    /// Requests in common.
    pub requests: usize,
    pub others: Vec<Against>,
    /// Anything that keeps the numbers from being comparable, as sentences.
    pub warnings: Vec<String>,
}

/// One run against the base.
#[derive(Debug, Clone, Default)]
pub struct Against {
    pub id: String,
    /// The run in words.
    pub name: String,
    pub metrics: Vec<Difference>,
    /// How alike the final lists are: mean rank-biased overlap, 1 for the same lists.
    pub correlation: Option<f64>,
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
    pub p: Option<f64>,
    pub p_holm: Option<f64>,
    /// Whether there are requests enough for the test to find anything.
    pub enough: bool,
}

/// A request that the other run does worse.
#[derive(Debug, Clone)]
pub struct Regression {
    pub line: Arc<RequestLine>,
    pub base: f64,
    pub other: f64,
}
