//! One run, from its pool to its last digest.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::Shared;
use crate::engine::messages::Response;
use crate::eval::{Benchmark, blank_report, evaluate};
use crate::library;
use crate::model::ModelError;
use crate::search::vectorise::Event;
use crate::search::{Courtesy, Models, Pipeline, SearchError, Settings, assemble};

use super::control::{BehindSearch, Control};
use super::digest::Builder;
use super::messages::{EvalEvent, EvalRequest};
use super::pace::Pace;

pub(super) fn run(shared: &Arc<Shared>, request: EvalRequest, control: Arc<Control>) {
    let EvalRequest { run, benchmark, settings, .. } = request;
    let tell = |event: EvalEvent| shared.publish(Response::Eval(event));
    let courtesy = Arc::new(BehindSearch { shared: shared.clone(), control: control.clone() });
    let mut pipeline = match prepare(shared, &benchmark, settings, &*courtesy) {
        Ok(pipeline) => pipeline,
        Err(SearchError::Model(ModelError::Stopped)) => {
            return tell(EvalEvent::Cancelled { run, done: 0, of: benchmark.tasks.len(), digest: None });
        }
        Err(error) => return tell(EvalEvent::Failed { run, message: error.to_string() }),
    };
    pipeline.courtesy = courtesy.clone();
    let start = Instant::now();
    let mut report = blank_report(&pipeline, &benchmark, settings);
    let of = report.header.planned;
    tell(EvalEvent::Started { run, done: 0, of });
    let (mut builder, mut pace) = (Builder::default(), Pace::new(start));
    let mut done = 0;
    let outcome = evaluate(&pipeline, &benchmark, settings, &HashSet::new(), &mut |record| {
        report.push(record);
        report.elapsed = start.elapsed();
        done += 1;
        pace.request_done(Instant::now());
        let digest = pace.digest_is_due(Instant::now()).then(|| {
            let from = Instant::now();
            let digest = Arc::new(builder.digest(&report));
            pace.digest_made(from, Instant::now());
            digest
        });
        tell(EvalEvent::Progress { run, done, of, speed: pace.speed(), digest });
        if control.is_paused() {
            pace.paused();
            courtesy.wait();
        }
        if courtesy.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let digest = Arc::new(builder.digest(&report));
    tell(match outcome {
        _ if courtesy.is_stopped() => EvalEvent::Cancelled { run, done, of, digest: Some(digest) },
        Ok(()) => EvalEvent::Finished { run, digest },
        Err(error) => EvalEvent::Failed { run, message: error.to_string() },
    });
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
        .map(|live| Models { embedder: live.embedder.clone(), reranker: live.reranker.clone() })
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
