//! One run, from its pool to its last digest.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::Shared;
use crate::engine::messages::Response;
use crate::eval::store::{RunWriter, StoreError};
use crate::eval::{Benchmark, EvalReport, QueryRecord, blank_report, evaluate};
use crate::library;
use crate::model::ModelError;
use crate::search::vectorise::Event;
use crate::search::{Courtesy, Models, Pipeline, SearchError, Settings, assemble};

use super::bench;
use super::control::{BehindSearch, Control};
use super::digest::{Builder, Detail, Digest};
use super::messages::{EvalEvent, EvalRequest, RunId};
use super::pace::Pace;

pub(super) fn run(shared: &Arc<Shared>, request: EvalRequest, control: Arc<Control>) {
    let (run, of) = (request.run, request.benchmark.tasks.len());
    let courtesy = Arc::new(BehindSearch { shared: shared.clone(), control });
    let event = match evaluate_all(shared, &request, &courtesy) {
        Ok(event) => event,
        Err(Failed::Stopped) => EvalEvent::Cancelled { run, done: 0, of, digest: None },
        Err(Failed::With(message)) => EvalEvent::Failed { run, message },
    };
    shared.publish(Response::Eval(event));
}

/// Why there are no numbers at all.
enum Failed {
    Stopped,
    With(String),
}

impl From<SearchError> for Failed {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Model(ModelError::Stopped) => Failed::Stopped,
            error => Failed::With(error.to_string()),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed::With(error.to_string())
    }
}

fn evaluate_all(shared: &Shared, request: &EvalRequest, courtesy: &Arc<BehindSearch>) -> Result<EvalEvent, Failed> {
    let EvalRequest { run, benchmark, settings, resume } = request;
    let (run, settings) = (*run, *settings);
    let mut pipeline = prepare(shared, benchmark, settings, &**courtesy)?;
    pipeline.courtesy = courtesy.clone();
    let mut report = blank_report(&pipeline, benchmark, settings);
    report.header.profile = pipeline.profile_json(settings, shared.options.placement.device).into();
    let store = bench::store(&shared.options);
    let (file, earlier) = match (&store, resume) {
        (Some(store), Some(id)) => store.resume_run(id, &mut report).map(|(file, done)| (Some(file), done))?,
        (Some(store), None) => (Some(store.create(&mut report)?), HashSet::new()),
        (None, _) => (None, HashSet::new()),
    };
    let beside = shared.kept.beside(store.as_ref(), &report);
    let mut under_way = UnderWay {
        shared,
        run,
        courtesy,
        builder: Builder::new(beside),
        pace: Pace::new(Instant::now()),
        begun: report.elapsed,
        clock: Instant::now(),
        done: earlier.len(),
        report,
        file,
        broken: None,
    };
    let of = under_way.report.header.planned;
    shared.publish(Response::Eval(EvalEvent::Started { run, done: under_way.done, of }));
    evaluate(&pipeline, benchmark, settings, &earlier, &mut |record| under_way.take(record))?;
    under_way.end()
}

/// A run between its first request and its last.
struct UnderWay<'a> {
    shared: &'a Shared,
    run: RunId,
    courtesy: &'a BehindSearch,
    report: EvalReport,
    builder: Builder,
    pace: Pace,
    /// What an earlier part took, and when the clock was started again; pauses do not count.
    begun: Duration,
    clock: Instant,
    done: usize,
    file: Option<RunWriter>,
    /// Why it could not be kept.
    broken: Option<StoreError>,
}

impl UnderWay<'_> {
    fn take(&mut self, record: QueryRecord) -> ControlFlow<()> {
        if let Some(Err(error)) = self.file.as_mut().map(|file| file.append(&record)) {
            self.broken = Some(error);
            return ControlFlow::Break(());
        }
        self.report.push(record);
        self.report.elapsed = self.begun + self.clock.elapsed();
        self.done += 1;
        let now = Instant::now();
        self.pace.request_done(now);
        let digest = self.pace.digest_is_due(now).then(|| self.digest(Detail::Passing));
        let of = self.report.header.planned;
        let (run, done, speed) = (self.run, self.done, self.pace.speed());
        self.shared.publish(Response::Eval(EvalEvent::Progress { run, done, of, speed, digest }));
        if self.courtesy.control.is_paused() {
            self.pace.paused();
            self.begun = self.report.elapsed;
            self.courtesy.wait();
            self.clock = Instant::now();
        }
        if self.courtesy.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn digest(&mut self, detail: Detail) -> Arc<Digest> {
        let from = Instant::now();
        let digest = Arc::new(self.builder.digest(&self.report, detail));
        self.pace.digest_made(from, Instant::now());
        digest
    }

    fn end(mut self) -> Result<EvalEvent, Failed> {
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        let digest = self.digest(Detail::Final);
        let (run, done, of) = (self.run, self.done, self.report.header.planned);
        if self.courtesy.is_stopped() {
            return Ok(EvalEvent::Cancelled { run, done, of, digest: Some(digest) });
        }
        if let Some(file) = self.file {
            file.finish(self.report.elapsed)?;
        }
        Ok(EvalEvent::Finished { run, digest })
    }
}

/// The benchmark's own pool with the models and cache of live search.
fn prepare(
    shared: &Shared,
    benchmark: &Benchmark,
    settings: Settings,
    courtesy: &dyn Courtesy,
) -> Result<Pipeline, SearchError> {
    let live = shared.snapshot();
    let models = live
        .as_ref()
        .map(|live| Models { embedder: live.embedder().cloned(), reranker: live.reranker.clone() })
        .unwrap_or_default();
    // A benchmark that brings no pool is run over what is open.
    let library = match (&benchmark.pool, live.as_ref()) {
        (Some(pool), _) => Arc::new(library::load(pool)?),
        (None, Some(live)) => live.library.clone(),
        (None, None) => Arc::default(),
    };
    let cache = shared.options.cache.as_deref();
    let (pipeline, _) = assemble(library, models, settings, cache, courtesy, &mut |event| {
        if let Event::Notice(notice) = event {
            shared.notice(notice.0);
        }
    })?;
    Ok(pipeline)
}
