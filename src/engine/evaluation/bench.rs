//! Answers about benchmarks and kept runs: reading files takes time that no interface has.

use std::path::Path;
use std::sync::Arc;

use crate::engine::Shared;
use crate::engine::messages::EngineOptions;
use crate::eval::catalogue::{Entry, Place};
use crate::eval::hub::Remote;
use crate::eval::store::RunStore;
use crate::eval::{Catalogue, Options};
use crate::library::{self, Text};

use super::compare;
use super::digest::{Builder, Detail, Digest};
use super::messages::{BenchEntry, BenchEvent, BenchRequest, Described};

/// What is said where runs are asked for and none are kept.
const NOT_KEPT: &str = "runs are not kept: there is no data directory";

pub(super) fn answer(shared: &Shared, request: BenchRequest) -> BenchEvent {
    let store = store(&shared.options);
    let kept = || store.clone().ok_or_else(|| NOT_KEPT.to_owned());
    match request {
        BenchRequest::List => BenchEvent::Listed(Arc::new(list(&shared.options))),
        BenchRequest::Open(spec) => {
            let outcome = open(shared, &spec).map(Arc::new);
            BenchEvent::Opened { spec, outcome }
        }
        BenchRequest::Runs => BenchEvent::Runs(kept().and_then(|store| shared.kept.list(&store).map(Arc::new))),
        BenchRequest::Report(id) => {
            let outcome = kept().and_then(|store| report(shared, &store, &id)).map(Arc::new);
            BenchEvent::Report { id, outcome }
        }
        BenchRequest::Compare(ids) => {
            BenchEvent::Compared(kept().and_then(|store| compare::runs(&store, &ids)).map(Arc::new))
        }
    }
}

pub(super) fn store(options: &EngineOptions) -> Option<RunStore> {
    options.runs.as_ref().map(RunStore::new)
}

fn catalogue(options: &EngineOptions) -> Catalogue {
    Catalogue::find(&options.benchmarks, options.hub.as_deref())
}

fn list(options: &EngineOptions) -> Vec<BenchEntry> {
    let entry = |entry: &Entry| {
        let (spec, about) = match &entry.place {
            Place::BuiltIn => (entry.name.clone(), "inside the program, over the demo library".to_owned()),
            Place::Folder(path) => (path.to_string_lossy().into_owned(), path.to_string_lossy().into_owned()),
            Place::Hub(_) => (entry.name.clone(), format!("{}, fetched from the hub", entry.layout)),
        };
        BenchEntry { spec, name: Text::line(&entry.name), about: Text::line(about), missing: None }
    };
    let mut entries: Vec<BenchEntry> = catalogue(options).entries().iter().map(entry).collect();
    // The table is part of the program; a test reads it.
    let published = Remote::all().unwrap_or_default();
    let missing = published.into_iter().filter(|remote| entries.iter().all(|here| here.spec != remote.name));
    let missing: Vec<BenchEntry> = missing
        .map(|remote| BenchEntry {
            spec: remote.name.clone(),
            name: Text::line(&remote.name),
            about: Text::line(&remote.about),
            missing: Some(Text::line(remote.how())),
        })
        .collect();
    entries.extend(missing);
    entries
}

/// Reads it, and its pool to see whether they fit.
fn open(shared: &Shared, spec: &str) -> Result<Described, String> {
    let benchmark =
        catalogue(&shared.options).open(Path::new(spec), Options::default()).map_err(|error| error.to_string())?;
    let pool = match &benchmark.pool {
        Some(pool) => Some(Arc::new(library::load(pool).map_err(|error| error.to_string())?)),
        None => shared.snapshot().map(|live| live.library.clone()),
    };
    let about = benchmark.describe(pool.as_deref()).lines();
    Ok(Described { about, benchmark: Arc::new(benchmark) })
}

fn report(shared: &Shared, store: &RunStore, id: &str) -> Result<Digest, String> {
    let stored = store.read(id).map_err(|error| error.to_string())?;
    let mut report = stored.report;
    report.problems.extend(stored.damage.iter().map(Text::line));
    let beside = shared.kept.beside(Some(store), &report);
    Ok(Builder::new(beside).digest(&report, Detail::Final))
}
