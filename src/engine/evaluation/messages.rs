//! What may be asked about evaluation and what is answered.

use std::sync::Arc;

use crate::eval::{Benchmark, Protocol};
use crate::library::Text;
use crate::search::Settings;

use super::comparison::Comparison;
use super::digest::Digest;

/// Number of an evaluation in this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RunId(pub u64);

#[derive(Debug, Clone)]
pub struct EvalRequest {
    pub run: RunId,
    pub benchmark: Arc<Benchmark>,
    pub settings: Settings,
    /// The kept run to go on with.
    pub resume: Option<String>,
}

/// What is asked beside runs. Each is answered on a thread of its own with one [`BenchEvent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BenchRequest {
    /// Benchmarks that can be named.
    List,
    /// Read and check one, named as in [`BenchEntry::spec`] or by a path.
    Open(String),
    /// Runs that are kept.
    Runs,
    /// A kept run.
    Report(String),
    /// Kept runs against the first of them.
    Compare(Vec<String>),
}

/// A benchmark that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchEntry {
    /// What [`BenchRequest::Open`] is given.
    pub spec: String,
    pub name: Text,
    pub about: Text,
    /// How to get it, where it is not on this machine.
    pub missing: Option<Text>,
}

/// A benchmark that was read and checked, and what is in it.
#[derive(Debug, Clone)]
pub struct Described {
    pub benchmark: Arc<Benchmark>,
    /// Sentences for people: counts, and how it fits its pool.
    pub about: Vec<String>,
}

/// A kept run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunLine {
    pub id: String,
    /// RFC 3339.
    pub started: String,
    pub benchmark: Text,
    pub fingerprint: String,
    pub protocol: Protocol,
    /// Models, stage 1, fields and depth, in words.
    pub system: Text,
    pub settings: Option<Settings>,
    pub done: usize,
    pub planned: usize,
    pub finished: bool,
    /// Final means under the protocol's names, the headline first; empty if nothing is scored.
    pub values: Vec<(String, f64)>,
    /// What is wrong with its file, if anything.
    pub damage: Option<Text>,
}

impl RunLine {
    pub fn headline(&self) -> Option<&(String, f64)> {
        self.values.first()
    }
}

/// How a run goes.
#[derive(Debug, Clone)]
pub enum EvalEvent {
    /// The pool is there; requests that an earlier part of the run has done are not asked again.
    Started {
        run: RunId,
        done: usize,
        of: usize,
    },
    Progress {
        run: RunId,
        done: usize,
        of: usize,
        /// Requests per second while it was not paused; `None` until two are done.
        speed: Option<f64>,
        /// Newer numbers, not with every request: they cost time that the run should have.
        digest: Option<Arc<Digest>>,
    },
    Paused {
        run: RunId,
        paused: bool,
    },
    Finished {
        run: RunId,
        digest: Arc<Digest>,
    },
    Cancelled {
        run: RunId,
        done: usize,
        of: usize,
        digest: Option<Arc<Digest>>,
    },
    Failed {
        run: RunId,
        message: String,
    },
}

/// The answer to a [`BenchRequest`]; errors are sentences.
#[derive(Debug, Clone)]
pub enum BenchEvent {
    Listed(Arc<Vec<BenchEntry>>),
    Opened { spec: String, outcome: Result<Arc<Described>, String> },
    Runs(Result<Arc<Vec<RunLine>>, String>),
    Report { id: String, outcome: Result<Arc<Digest>, String> },
    Compared(Result<Arc<Comparison>, String>),
}
