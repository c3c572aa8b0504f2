//! The evaluation under way, or the last one. It belongs to no tab: Evaluate shows it, and so does the pane in Explore.

use std::sync::Arc;

use crate::engine::evaluation::digest::{Digest, RequestLine};
use crate::engine::{EvalEvent, EvalRequest, Request, RunId};
use crate::library::Text;
use crate::library::load::Source;
use crate::search::Settings;

use super::session::{OpenInExplore, Outbox};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// The pool is being read and its vectors made.
    Preparing,
    Running,
    Paused,
    Finished,
    Cancelled,
    Failed,
}

#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    pub run: RunId,
    pub phase: Phase,
    pub benchmark: String,
    pub settings: Settings,
    /// The skills the benchmark is run over, where it brings its own.
    pub pool: Option<Source>,
    /// Requests done, of how many.
    pub done: usize,
    pub of: usize,
    /// Requests per second.
    pub speed: Option<f64>,
    pub digest: Option<Arc<Digest>>,
    pub failed: Option<Text>,
}

impl Evaluation {
    /// What a request starts.
    pub fn asked_for(request: &EvalRequest) -> Self {
        Evaluation {
            run: request.run,
            phase: Phase::Preparing,
            benchmark: request.benchmark.name.clone(),
            settings: request.settings,
            pool: request.benchmark.pool.clone(),
            of: request.benchmark.tasks.len(),
            ..Evaluation::default()
        }
    }

    /// Whether something is going on that could be stopped.
    pub fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Preparing | Phase::Running | Phase::Paused)
    }

    /// Seconds that are left, if that can be said.
    pub fn seconds_left(&self) -> Option<f64> {
        let speed = self.speed.filter(|speed| *speed > 0.0 && self.phase == Phase::Running)?;
        Some(self.of.saturating_sub(self.done) as f64 / speed)
    }

    /// What the engine says about a run; another run than the newest is not this one.
    pub fn take(&mut self, event: &EvalEvent) {
        let run = match event {
            EvalEvent::Started { run, .. }
            | EvalEvent::Progress { run, .. }
            | EvalEvent::Paused { run, .. }
            | EvalEvent::Finished { run, .. }
            | EvalEvent::Cancelled { run, .. }
            | EvalEvent::Failed { run, .. } => *run,
        };
        if run != self.run || !self.is_active() {
            return;
        }
        match event {
            EvalEvent::Started { done, of, .. } => {
                (self.done, self.of) = (*done, *of);
                if self.phase == Phase::Preparing {
                    self.phase = Phase::Running;
                }
            }
            EvalEvent::Progress { done, of, speed, digest, .. } => {
                (self.done, self.of, self.speed) = (*done, *of, *speed);
                self.digest = digest.clone().or_else(|| self.digest.take());
            }
            EvalEvent::Paused { paused, .. } => {
                self.phase = if *paused { Phase::Paused } else { Phase::Running };
            }
            EvalEvent::Finished { digest, .. } => {
                self.phase = Phase::Finished;
                self.done = self.of;
                self.digest = Some(digest.clone());
            }
            EvalEvent::Cancelled { done, of, digest, .. } => {
                self.phase = Phase::Cancelled;
                (self.done, self.of) = (*done, *of);
                self.digest = digest.clone().or_else(|| self.digest.take());
            }
            EvalEvent::Failed { message, .. } => {
                self.phase = Phase::Failed;
                self.failed = Some(Text::line(message));
            }
        }
    }
}

/// Has Explore search what a benchmark asked, to the letter, with the right skills marked; their library is `pool`
/// where the benchmark brings its own.
pub fn open_in_explore(line: &RequestLine, pool: Option<&Source>, out: &mut Outbox) {
    // The engine does nothing where that is open already.
    if let Some(pool) = pool {
        out.requests.push(Request::Open(Some(pool.clone())));
    }
    let gold = line.gold.iter().map(|id| id.shown().to_owned()).collect();
    out.explore = Some(OpenInExplore { request: line.request.for_model().to_owned(), gold });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Evaluation {
        Evaluation { run: RunId(3), phase: Phase::Running, of: 10, ..Evaluation::default() }
    }

    #[test]
    fn another_run_is_not_this_run() {
        let mut evaluation = running();
        evaluation.take(&EvalEvent::Failed { run: RunId(2), message: "of another run".into() });
        assert_eq!(evaluation.phase, Phase::Running);
        evaluation.take(&EvalEvent::Failed { run: RunId(3), message: "model \u{1b}gone".into() });
        assert_eq!(evaluation.phase, Phase::Failed);
        assert!(evaluation.failed.is_some_and(|failed| !failed.shown().contains('\u{1b}')));
    }

    #[test]
    fn progress_without_numbers_keeps_the_numbers() {
        let mut evaluation = running();
        let progress = |done, digest| EvalEvent::Progress { run: RunId(3), done, of: 10, speed: Some(2.0), digest };
        evaluation.take(&progress(4, Some(Arc::default())));
        evaluation.take(&progress(6, None));
        assert!(evaluation.digest.is_some());
        assert_eq!(evaluation.seconds_left(), Some(2.0));
        evaluation.take(&EvalEvent::Paused { run: RunId(3), paused: true });
        assert_eq!((evaluation.phase, evaluation.seconds_left()), (Phase::Paused, None));
    }
}
