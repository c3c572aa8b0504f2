//! What changes the Evaluate tab.

use std::sync::Arc;
use std::time::Instant;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::engine::{EvalEvent, EvalRequest, Request, Response, RunId};
use crate::eval::{Benchmark, EvalReport, QueryOutcome};
use crate::library::Text;
use crate::tui::action::{Action, Tab};
use crate::tui::session::{OpenInExplore, Outbox, Session};
use crate::tui::widgets::window;
use crate::tui::widgets::window::step;

use super::list::List;
use super::view::list_area;
use super::{Evaluate, Phase};

const PAGE: isize = 10;

impl Evaluate {
    pub fn update(&mut self, action: Action, session: &Session, out: &mut Outbox) {
        self.ascii = session.ascii;
        match action {
            Action::StartEvaluation if !self.is_running() => self.start(Benchmark::demo(), session, out),
            Action::CancelEvaluation | Action::Back if self.is_running() => {
                out.requests.push(Request::CancelEvaluation(self.run));
            }
            Action::Filter => self.relist(|tab| tab.show = tab.show.next()),
            Action::CycleSort => self.relist(|tab| tab.sort = tab.sort.next()),
            Action::Up => self.go(-1),
            Action::Down => self.go(1),
            Action::PageUp => self.go(-PAGE),
            Action::PageDown => self.go(PAGE),
            Action::First => self.go(isize::MIN),
            Action::Last => self.go(isize::MAX),
            Action::Open => self.open(out),
            Action::Copy => out.copy = self.outcome().map(|outcome| outcome.record.task_id.clone()),
            _ => {}
        }
    }

    pub fn available(&self, action: Action, session: &Session) -> bool {
        match action {
            Action::StartEvaluation => !self.is_running() && session.library.is_some(),
            Action::CancelEvaluation | Action::Back => self.is_running(),
            Action::Filter | Action::CycleSort => self.report.is_some(),
            Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last
            | Action::Open
            | Action::Copy => !self.list.rows.is_empty(),
            _ => false,
        }
    }

    /// Runs a benchmark with the settings of live search.
    pub fn start(&mut self, benchmark: Benchmark, session: &Session, out: &mut Outbox) {
        self.run = RunId(self.run.0 + 1);
        self.phase = Phase::Running;
        self.done = (0, benchmark.tasks.len());
        self.report = None;
        self.pool.clone_from(&benchmark.pool);
        self.failed = None;
        self.list = List::default();
        self.selected = 0;
        if !benchmark.problems.is_empty() {
            let count = benchmark.problems.len();
            out.status = Some(format!("{count} rows of the benchmark were not used; first: {}", benchmark.problems[0]));
        }
        let (run, settings) = (self.run, session.settings);
        out.requests.push(Request::Evaluate(EvalRequest { run, benchmark: Arc::new(benchmark), settings }));
    }

    pub fn key(&mut self, _: KeyEvent, _: &Session, _: &mut Outbox) {}

    pub fn paste(&mut self, _: &str, _: &Session, _: &mut Outbox) {}

    pub fn tick(&mut self, _: Instant, _: &Session, _: &mut Outbox) -> Option<Instant> {
        None
    }

    pub fn mouse(&mut self, event: MouseEvent, area: Rect, _: &Session, _: &mut Outbox) {
        let list = list_area(area);
        if !list.contains((event.column, event.row).into()) {
            return;
        }
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let rows = usize::from(list.height.saturating_sub(1));
                let shown = window(Some(self.selected), self.list.rows.len(), rows);
                let clicked = usize::from(event.row - list.y).checked_sub(1).map(|row| shown.start + row);
                self.selected = clicked.filter(|row| shown.contains(row)).unwrap_or(self.selected);
            }
            MouseEventKind::ScrollUp => self.go(-1),
            MouseEventKind::ScrollDown => self.go(1),
            _ => {}
        }
    }

    pub fn response(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        self.ascii = session.ascii;
        let Response::Eval(event) = response else {
            return;
        };
        match event {
            EvalEvent::Progress { run, so_far } if *run == self.run && self.is_running() => {
                self.done = (so_far.scored() + so_far.no_skill.len(), so_far.header.planned);
                self.take(so_far);
            }
            EvalEvent::Finished { run, report } if *run == self.run => {
                self.phase = Phase::Finished;
                self.done = (report.header.planned, report.header.planned);
                self.take(report);
            }
            EvalEvent::Cancelled { run, done, of } if *run == self.run => {
                self.phase = Phase::Cancelled;
                self.done = (*done, *of);
                out.status = Some(format!("Evaluation stopped after {done} of {of} requests; what was done stays."));
            }
            EvalEvent::Failed { run, message } if *run == self.run => {
                self.phase = Phase::Idle;
                self.failed = Some(Text::line(message));
            }
            _ => {}
        }
    }

    /// Newer numbers; the selection stays on its request while rows come in above it.
    fn take(&mut self, report: &Arc<EvalReport>) {
        self.report = Some(report.clone());
        self.relist(|_| {});
    }

    fn relist(&mut self, change: impl FnOnce(&mut Self)) {
        let before = self.list.rows.get(self.selected).copied();
        // Until somebody moved, the worst row is what they want to see.
        let keep = before.filter(|_| self.selected > 0);
        change(self);
        let Some(report) = &self.report else {
            return;
        };
        self.list = List::new(report, self.show, self.sort);
        let kept = keep.and_then(|before| self.list.rows.iter().position(|row| *row == before));
        self.selected = kept.unwrap_or(0);
    }

    fn go(&mut self, by: isize) {
        self.selected = step(Some(self.selected), by, self.list.rows.len()).unwrap_or(0);
    }

    pub(super) fn outcome(&self) -> Option<&QueryOutcome> {
        let row = *self.list.rows.get(self.selected)?;
        Some(self.report.as_ref()?.outcomes.get(row)?)
    }

    /// Explore searches what the benchmark asked, to the letter, and shows the harmless form.
    fn open(&self, out: &mut Outbox) {
        let Some(outcome) = self.outcome() else {
            return;
        };
        // Its gold skills are in the benchmark's own pool; the engine does nothing where that is open already.
        if let Some(pool) = &self.pool {
            out.requests.push(Request::Open(Some(pool.clone())));
        }
        let record = &outcome.record;
        out.explore = Some(OpenInExplore { request: record.request.clone(), gold: record.gold.clone() });
        out.go_to = Some(Tab::Explore);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
