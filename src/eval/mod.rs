//! Benchmarks, metrics and the walk of a file of requests down the same road as live search.

pub mod benchmark;
pub mod metrics;
pub mod report;
pub mod runner;
mod skillrouter;

pub use benchmark::{Benchmark, BenchmarkError, Qrels, Task};
pub use metrics::{Metric, MetricRow};
pub use report::{EvalReport, Failure, QueryOutcome};
pub use runner::{Routed, Router, evaluate};
