//! Benchmarks, metrics and the walk of a file of requests down the same road as live search.

pub mod abstention;
pub mod benchmark;
pub mod catalogue;
pub mod compare;
pub mod describe;
pub mod export;
pub mod failure;
pub mod hub;
mod loaders;
pub mod machine;
pub mod metrics;
pub mod predictions;
pub mod protocol;
pub mod published;
pub mod record;
pub mod report;
pub mod runner;
pub mod stats;
pub mod store;
mod strata;

pub use benchmark::{Benchmark, BenchmarkError, Qrels, Task};
pub use catalogue::Catalogue;
pub use failure::{Audit, Failure};
pub use loaders::{Mode, Options, Tier, author_tests};
pub use metrics::{Metric, MetricKind, MetricRow};
pub use protocol::Protocol;
pub use record::{QueryRecord, Scored, Stratum, Timing};
pub use report::{EvalReport, QueryOutcome, RunHeader, StratumRow};
pub use runner::{Routed, Router, blank_report, evaluate};
