//! What changes the Evaluate tab: actions, the engine, and time.

use std::sync::Arc;
use std::time::Instant;

use crate::engine::evaluation::digest::Digest;
use crate::engine::{BenchEvent, BenchRequest, EvalEvent, EvalRequest, Request, Response, RunId};
use crate::library::Text;
use crate::library::load::Source;
use crate::tui::action::Action;
use crate::tui::evaluation::{Phase, open_in_explore};
use crate::tui::explore::changed;
use crate::tui::session::{Outbox, Session};
use crate::tui::widgets::window::step;

use super::setup::Known;
use super::{Evaluate, View};

impl Evaluate {
    pub fn update(&mut self, action: Action, session: &Session, out: &mut Outbox) {
        let page = self.page.get().max(1) as isize;
        match action {
            Action::ChooseBenchmark => self.choose(session),
            Action::StartEvaluation => self.start(None, session, out),
            Action::ResumeEvaluation => {
                let left = self.unfinished(session).map(|line| line.id.clone());
                if left.is_some() {
                    self.start(left, session, out);
                }
            }
            Action::PauseEvaluation => self.pause(session, out),
            Action::CancelEvaluation if session.evaluation.is_active() => {
                out.requests.push(Request::CancelEvaluation(session.evaluation.run));
            }
            Action::CycleStage1 | Action::CycleFields | Action::CycleDepth | Action::ToggleRerank => {
                out.settings = Some(changed(session.settings, action));
            }
            Action::NextView => self.turn_view(1, session, out),
            Action::PreviousView => self.turn_view(View::ALL.len() - 1, session, out),
            Action::Filter => self.filter(session),
            Action::CycleClass => {
                if let Some(digest) = self.digest(session) {
                    self.wish.show = self.wish.show.next(digest);
                    self.relist(session, true);
                }
            }
            Action::CycleSort => self.sort(session),
            Action::Up => self.go(-1, session),
            Action::Down => self.go(1, session),
            Action::PageUp => self.go(-page, session),
            Action::PageDown => self.go(page, session),
            Action::First => self.go(isize::MIN, session),
            Action::Last => self.go(isize::MAX, session),
            Action::Open => self.open(session, out),
            Action::Back => self.back(session),
            Action::MarkRun if self.view == View::Runs => self.runs.mark(),
            Action::CompareRuns if self.view == View::Runs => self.runs.compare(out),
            Action::Copy => out.copy = self.copied(session),
            _ => {}
        }
    }

    pub fn available(&self, action: Action, session: &Session) -> bool {
        let (chooses, active) = (self.chooses(session), session.evaluation.is_active());
        let numbers = self.digest(session).is_some();
        let requests = numbers && !chooses && self.view == View::Requests;
        match action {
            Action::StartEvaluation => !active && session.library.is_some() && self.setup.selected().is_some(),
            Action::ResumeEvaluation => !active && self.unfinished(session).is_some(),
            Action::PauseEvaluation | Action::CancelEvaluation => active,
            Action::ChooseBenchmark => self.has_run(session) || self.view == View::Runs,
            Action::CycleStage1 | Action::CycleFields | Action::CycleDepth | Action::ToggleRerank => !active,
            Action::NextView | Action::PreviousView => !self.text_input(),
            Action::Filter => chooses || requests,
            Action::CycleClass => requests,
            Action::CycleSort => requests || numbers && matches!(self.view, View::Strata | View::Charts),
            Action::MarkRun | Action::CompareRuns => {
                self.view == View::Runs && self.runs.comparison.is_none() && !self.runs.lines().is_empty()
            }
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => true,
            Action::Open => self.text_input() || self.opens(session),
            Action::Copy => self.copied(session).is_some(),
            Action::Back => self.can_go_back(session),
            _ => false,
        }
    }

    fn opens(&self, session: &Session) -> bool {
        match self.view {
            _ if self.chooses(session) => self.setup.selected().is_some(),
            View::Requests => !self.rows.is_empty(),
            View::Strata => self.digest(session).is_some(),
            View::Runs if self.runs.comparison.is_some() => self.runs.request().is_some(),
            View::Runs => self.runs.selected().is_some(),
            View::Metrics | View::Charts | View::Problems => false,
        }
    }

    fn choose(&mut self, session: &Session) {
        self.choosing = !self.chooses(session);
        if self.choosing && self.view == View::Runs {
            self.view = View::Requests;
        }
    }

    /// Runs what is chosen with the settings of live search; one that is not read yet, once it is.
    fn start(&mut self, resume: Option<String>, session: &Session, out: &mut Outbox) {
        if session.evaluation.is_active() {
            out.status = Some("An evaluation is under way; stop it first.".into());
            return;
        }
        let Some(entry) = self.setup.selected() else { return };
        if let Some(how) = &entry.missing {
            out.status = Some(format!("{} is not on this machine: {how}", entry.name));
            return;
        }
        let spec = entry.spec.clone();
        match self.setup.chosen() {
            Some(Known::Read(described)) => {
                let benchmark = described.benchmark.clone();
                if benchmark.tasks.is_empty() {
                    out.status = Some("This benchmark has no requests to ask; its problems say why.".into());
                    return;
                }
                let run = RunId(session.evaluation.run.0 + 1);
                out.requests.push(Request::Evaluate(EvalRequest {
                    run,
                    benchmark,
                    settings: session.settings,
                    resume,
                }));
                self.choosing = false;
                self.opened = None;
                self.listed = None;
                self.rows.clear();
                (self.selected, self.stratum, self.problem) = (0, 0, 0);
                self.wish.stratum = None;
                if self.view == View::Runs {
                    self.view = View::Requests;
                }
            }
            Some(Known::Refused(why)) => out.status = Some(why.shown().to_owned()),
            Some(Known::Reading) => self.setup.start_when_read = true,
            None => {
                self.setup.read(spec, out);
                self.setup.start_when_read = true;
            }
        }
    }

    fn pause(&mut self, session: &Session, out: &mut Outbox) {
        let evaluation = &session.evaluation;
        if evaluation.is_active() {
            let paused = evaluation.phase != Phase::Paused;
            out.requests.push(Request::PauseEvaluation { run: evaluation.run, paused });
        }
    }

    fn turn_view(&mut self, by: usize, session: &Session, out: &mut Outbox) {
        let nothing = !self.has_run(session);
        // Without numbers there are two places: the chooser, and the runs that are kept.
        self.show(
            match (nothing, self.view) {
                (true, View::Runs) => View::Requests,
                (true, _) => View::Runs,
                (false, view) => view.turned(by),
            },
            out,
        );
    }

    pub(super) fn show(&mut self, view: View, out: &mut Outbox) {
        (self.searching, self.choosing) = (false, false);
        self.view = view;
        if view == View::Runs {
            out.requests.push(Request::Bench(BenchRequest::Runs));
        }
    }

    fn filter(&mut self, session: &Session) {
        if self.chooses(session) {
            self.setup.typed.get_or_insert_default();
        } else if self.digest(session).is_some() {
            self.view = View::Requests;
            self.searching = true;
        }
    }

    fn sort(&mut self, session: &Session) {
        match self.view {
            View::Strata | View::Charts => {
                let metrics = self.digest(session).map_or(1, |digest| digest.metrics.len().max(1));
                self.metric = (self.metric + 1) % metrics;
            }
            _ => {
                self.wish.sort = self.wish.sort.next();
                self.relist(session, true);
            }
        }
    }

    pub(super) fn go(&mut self, by: isize, session: &Session) {
        if self.chooses(session) {
            return self.setup.go(by);
        }
        let Some(digest) = self.digest(session).cloned().filter(|_| self.view != View::Runs) else {
            return self.runs.go(by);
        };
        let moved = |at: usize, of: usize| step(Some(at), by, of).unwrap_or(0);
        match self.view {
            View::Requests => self.selected = moved(self.selected, self.rows.len()),
            View::Strata => self.stratum = moved(self.stratum, digest.strata.len()),
            View::Charts => self.chart = moved(self.chart, super::view::CHARTS),
            View::Problems => self.problem = moved(self.problem, digest.unscored.len() + digest.problems.len()),
            View::Metrics => self.table = moved(self.table, super::view::beside_rows(&digest)),
            View::Runs => {}
        }
    }

    pub(super) fn open(&mut self, session: &Session, out: &mut Outbox) {
        if self.setup.typed.is_some() {
            return self.setup.accept(out);
        }
        if self.searching {
            self.searching = false;
            return;
        }
        if self.chooses(session) {
            return self.start(None, session, out);
        }
        match self.view {
            View::Runs if self.runs.comparison.is_some() => {
                let fingerprint = self.runs.comparison.as_ref().map(|comparison| comparison.fingerprint.clone());
                if let Some(line) = self.runs.request().cloned() {
                    let pool = self.pool_of(&fingerprint.unwrap_or_default(), session);
                    open_in_explore(&line, pool.as_ref(), out);
                }
            }
            View::Runs => {
                if let Some(line) = self.runs.selected() {
                    out.requests.push(Request::Bench(BenchRequest::Report(line.id.clone())));
                }
            }
            View::Requests => {
                let Some(digest) = self.digest(session).cloned() else { return };
                if let Some(line) = self.request(&digest) {
                    open_in_explore(line, self.pool_of(&digest.fingerprint, session).as_ref(), out);
                }
            }
            View::Strata => {
                let chosen = self.digest(session).and_then(|digest| digest.strata.get(self.stratum)).cloned();
                let Some(stratum) = chosen else { return };
                self.wish.stratum = (!stratum.group.is_empty()).then_some((stratum.group, stratum.name));
                self.view = View::Requests;
                self.relist(session, true);
            }
            View::Metrics | View::Charts | View::Problems => {}
        }
    }

    /// Where the skills of a benchmark are, if it is one that was run or read in this session.
    fn pool_of(&self, fingerprint: &str, session: &Session) -> Option<Source> {
        let own = session.evaluation.digest.as_ref().is_some_and(|digest| digest.fingerprint == fingerprint);
        match own {
            true => session.evaluation.pool.clone(),
            false => self.setup.by_fingerprint(fingerprint)?.benchmark.pool.clone(),
        }
    }

    fn can_go_back(&self, session: &Session) -> bool {
        let requests = self.view == View::Requests && !self.chooses(session);
        self.text_input()
            || self.chooses(session) && self.has_run(session)
            || requests && (self.wish.stratum.is_some() || !self.wish.text.is_empty())
            || self.view == View::Runs
            || self.opened.is_some()
    }

    /// One step out: of typing, of a filter, of a comparison, of a kept run.
    fn back(&mut self, session: &Session) {
        if self.setup.typed.take().is_some() {
        } else if self.searching || self.view == View::Requests && !self.wish.text.is_empty() {
            self.searching = false;
            self.wish.text.clear();
            self.relist(session, true);
        } else if self.chooses(session) {
            self.choosing = false;
        } else if self.view == View::Requests && self.wish.stratum.take().is_some() {
            self.relist(session, true);
        } else if self.runs.comparison.is_some() && self.view == View::Runs {
            self.runs.comparison = None;
        } else if self.view == View::Runs {
            self.view = View::Requests;
        } else if self.opened.take().is_some() {
            self.relist(session, false);
        }
    }

    fn copied(&self, session: &Session) -> Option<String> {
        match self.view {
            View::Requests => Some(self.request(self.digest(session)?)?.task.shown().to_owned()),
            View::Runs => Some(self.runs.selected()?.id.clone()),
            _ => None,
        }
    }

    pub fn tick(&mut self, now: Instant, _: &Session, out: &mut Outbox) -> Option<Instant> {
        if !std::mem::replace(&mut self.asked, true) {
            out.requests.push(Request::Bench(BenchRequest::List));
            out.requests.push(Request::Bench(BenchRequest::Runs));
        }
        self.setup.tick(now, out)
    }

    pub fn response(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        match response {
            Response::Bench(event) => self.answered(event, session, out),
            Response::Eval(event) => {
                self.told(event, session, out);
                self.follow(session);
            }
            _ => {}
        }
    }

    fn answered(&mut self, event: &BenchEvent, session: &Session, out: &mut Outbox) {
        self.setup.take(event);
        self.runs.take(event, out);
        match event {
            BenchEvent::Opened { .. }
                if self.setup.start_when_read && !matches!(self.setup.chosen(), Some(Known::Reading) | None) =>
            {
                self.setup.start_when_read = false;
                self.start(None, session, out);
            }
            BenchEvent::Report { outcome: Ok(digest), .. } => {
                self.opened = Some(digest.clone());
                (self.view, self.choosing, self.selected) = (View::Requests, false, 0);
                self.follow(session);
            }
            BenchEvent::Report { outcome: Err(message), .. } => {
                out.status = Some(Text::line(message).shown().to_owned());
            }
            _ => {}
        }
    }

    fn told(&mut self, event: &EvalEvent, session: &Session, out: &mut Outbox) {
        match event {
            EvalEvent::Cancelled { run, done, of, .. } if *run == session.evaluation.run => {
                out.status = Some(format!("Evaluation stopped after {done} of {of} requests; what was done stays."));
                out.requests.push(Request::Bench(BenchRequest::Runs));
            }
            EvalEvent::Finished { run, .. } if *run == session.evaluation.run => {
                out.requests.push(Request::Bench(BenchRequest::Runs));
            }
            _ => {}
        }
    }

    /// Newer numbers: the list follows, and the selection stays on its request while rows come in above it.
    fn follow(&mut self, session: &Session) {
        let newer = |listed: &Arc<Digest>, now: &Arc<Digest>| !Arc::ptr_eq(listed, now);
        let changed = match (&self.listed, self.digest(session)) {
            (Some(listed), Some(now)) => newer(listed, now),
            (None, None) => false,
            _ => true,
        };
        if changed {
            self.relist(session, false);
        }
    }

    /// `by_hand` if somebody asked for another order: then what comes first is what they want to see.
    pub(super) fn relist(&mut self, session: &Session, by_hand: bool) {
        let before = self.rows.get(self.selected).copied();
        let keep = before.filter(|_| self.selected > 0 && !by_hand);
        self.listed = self.digest(session).cloned();
        self.rows = self.listed.as_ref().map_or_else(Vec::new, |digest| self.wish.list(digest));
        let kept = keep.and_then(|before| self.rows.iter().position(|row| *row == before));
        self.selected = kept.unwrap_or(0);
    }
}
