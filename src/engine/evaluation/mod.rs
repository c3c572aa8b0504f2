//! Evaluations run on threads of their own, behind live search.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::eval::{Benchmark, blank_report, evaluate};
use crate::library;
use crate::model::ModelError;
use crate::search::vectorise::Event;
use crate::search::{Courtesy, Models, Pipeline, SearchError, Settings, assemble};

use super::messages::{EvalEvent, EvalRequest, Response, RunId};
use super::{Shared, spawn};

/// The least time between two reports of progress: lexical search alone answers hundreds of requests a second.
const TELL_EVERY: Duration = Duration::from_millis(50);

#[derive(Default)]
pub(super) struct Evaluations {
    running: HashMap<RunId, Arc<AtomicBool>>,
}

impl Evaluations {
    pub fn start(&mut self, shared: &Arc<Shared>, request: EvalRequest) {
        let stop = Arc::new(AtomicBool::new(false));
        self.running.insert(request.run, stop.clone());
        // Its end is seen through the response; nobody waits for the thread.
        drop(spawn("evaluation", shared, move |shared| run(shared, request, stop)));
    }

    pub fn cancel(&mut self, run: RunId) {
        if let Some(stop) = self.running.remove(&run) {
            stop.store(true, Ordering::Release);
        }
    }

    pub fn stop_all(&mut self) {
        self.running.values().for_each(|stop| stop.store(true, Ordering::Release));
    }
}

fn run(shared: &Arc<Shared>, request: EvalRequest, stop: Arc<AtomicBool>) {
    let EvalRequest { run, benchmark, settings } = request;
    let fail = |message: String| shared.publish(Response::Eval(EvalEvent::Failed { run, message }));
    let courtesy = Arc::new(BehindSearch { shared: shared.clone(), stop });
    let mut pipeline = match prepare(shared, &benchmark, settings, &*courtesy) {
        Ok(pipeline) => pipeline,
        Err(SearchError::Model(ModelError::Stopped)) => {
            let cancelled = EvalEvent::Cancelled { run, done: 0, of: benchmark.tasks.len() };
            return shared.publish(Response::Eval(cancelled));
        }
        Err(error) => return fail(error.to_string()),
    };
    pipeline.courtesy = courtesy.clone();
    let start = Instant::now();
    let mut report = blank_report(&pipeline, &benchmark, settings);
    let of = report.header.planned;
    let mut told = start;
    let outcome = evaluate(&pipeline, &benchmark, settings, &HashSet::new(), &mut |record| {
        report.push(record);
        report.elapsed = start.elapsed();
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            shared.publish(Response::Eval(EvalEvent::Progress { run, so_far: Arc::new(report.clone()) }));
        }
        if courtesy.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let done = report.scored() + report.no_skill.len();
    let report = Arc::new(report);
    let event = match outcome {
        _ if courtesy.is_stopped() => {
            shared.publish(Response::Eval(EvalEvent::Progress { run, so_far: report }));
            EvalEvent::Cancelled { run, done, of }
        }
        Ok(()) => EvalEvent::Finished { run, report },
        Err(error) => return fail(error.to_string()),
    };
    shared.publish(Response::Eval(event));
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

struct BehindSearch {
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
}

impl Courtesy for BehindSearch {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire) || self.shared.is_stopping()
    }

    fn is_disturbed(&self) -> bool {
        self.shared.gate.is_busy()
    }

    fn wait(&self) {
        self.shared.gate.wait(&|| self.is_stopped());
    }
}
