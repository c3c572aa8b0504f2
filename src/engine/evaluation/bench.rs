//! Answers about benchmarks and kept runs: reading files takes time that no interface has.

use std::path::Path;
use std::sync::Arc;

use crate::engine::Shared;
use crate::eval::Benchmark;
use crate::library::Text;
use crate::library::load::Source;

use super::messages::{BenchEntry, BenchEvent, BenchRequest, Described};

/// The benchmark inside the binary.
pub const DEMO: &str = "demo";

pub(super) fn answer(_shared: &Shared, request: BenchRequest) -> BenchEvent {
    match request {
        BenchRequest::List => BenchEvent::Listed(Arc::new(list())),
        BenchRequest::Open(spec) => {
            let outcome = open(&spec).map(Arc::new);
            BenchEvent::Opened { spec, outcome }
        }
        _ => BenchEvent::Runs(Ok(Arc::default())),
    }
}

fn list() -> Vec<BenchEntry> {
    vec![BenchEntry {
        spec: DEMO.into(),
        name: Text::line("demo"),
        about: Text::line("requests for the demo library, inside the program"),
        here: true,
    }]
}

fn open(spec: &str) -> Result<Described, String> {
    let benchmark = match spec {
        DEMO => Benchmark::demo(),
        path => Benchmark::open(Path::new(path)).map_err(|error| error.to_string())?,
    };
    let path = match &benchmark.pool {
        Some(Source::Paths(paths)) => paths.first().cloned(),
        _ => None,
    };
    Ok(Described { about: Vec::new(), path, benchmark: Arc::new(benchmark) })
}
