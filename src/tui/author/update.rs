//! What changes the Author tab: actions. Text and the engine are beside this file.

use crate::engine::{AuthorRequest, Probe, Request};
use crate::library::Text;
use crate::library::edit::written;
use crate::tui::action::Action;
use crate::tui::session::{OpenInExplore, Outbox, Session};
use crate::tui::widgets::window::step;

use super::bench::Compared;
use super::{Author, Focus, Rest, Side};

impl Author {
    /// Puts a skill on the bench.
    pub fn open(&mut self, id: &str, session: &Session, out: &mut Outbox) {
        if self.bench.as_ref().is_some_and(|bench| bench.id == id) {
            self.choosing = false;
            return;
        }
        if self.bench.as_ref().is_some_and(|bench| bench.is_changed()) {
            self.choosing = false;
            out.status =
                Some("the skill on the bench has changes: save or revert them first, then open another".into());
            return;
        }
        self.reopen(id, session, out);
    }

    pub(super) fn reopen(&mut self, id: &str, _: &Session, out: &mut Outbox) {
        out.requests.push(Request::Author(AuthorRequest::Open { skill: id.to_owned() }));
    }

    /// Takes a request along as a probe that should find the skill.
    pub fn bring(&mut self, request: &str, session: &Session, out: &mut Outbox) {
        let probe = Probe { request: Text::block(request), should: true };
        let new = match &mut self.bench {
            Some(bench) => bench.add(probe),
            None => {
                let new = !self.waiting.iter().any(|other| other.request == probe.request);
                self.waiting.extend(new.then_some(probe));
                new
            }
        };
        out.status = Some(match (new, &self.bench) {
            (true, Some(bench)) => format!("a probe for {} now; in Author it can be marked should not", bench.id),
            (true, None) => "kept as a probe for the skill that Author opens next".into(),
            (false, _) => "this request is a probe already".into(),
        });
        self.rank(session, out);
    }

    pub fn update(&mut self, action: Action, session: &Session, out: &mut Outbox) {
        if self.is_choosing() {
            return self.choose(action, session, out);
        }
        match action {
            Action::FocusNext => self.turn_focus(1),
            Action::FocusPrevious => self.turn_focus(Focus::ALL.len() - 1),
            Action::Back => {
                self.entry.clear();
                self.focus = Focus::Side;
            }
            Action::CycleResults => {
                self.side = self.side.next();
                self.show(self.side);
            }
            Action::ChooseSkill => self.choosing = true,
            Action::SaveSkill => self.save(session, out),
            Action::RevertSkill => self.revert(session, out),
            Action::EditOutside => {
                let draft = self.bench.as_ref().map(|bench| bench.draft());
                out.edit = draft.map(|draft| written(draft.parts()));
            }
            Action::AddProbe => (self.focus, self.side) = (Focus::Probe, Side::Probes),
            Action::Copy => self.copy(out),
            Action::Open => self.enter(session, out),
            Action::ToggleShould | Action::RemoveProbe if self.side == Side::Probes => self.probe(action, session, out),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                self.go(action);
            }
            _ => {}
        }
    }

    pub fn available(&self, action: Action, session: &Session) -> bool {
        let Some(bench) = self.bench.as_ref().filter(|_| !self.choosing) else {
            return match action {
                Action::Back => self.bench.is_some(),
                Action::Open | Action::Up | Action::Down | Action::PageUp | Action::PageDown => {
                    session.library.is_some()
                }
                Action::First | Action::Last => true,
                _ => false,
            };
        };
        match action {
            Action::SaveSkill => bench.is_changed(),
            Action::RevertSkill => bench.is_changed(),
            Action::ToggleShould | Action::RemoveProbe => self.side == Side::Probes && !bench.rows.is_empty(),
            Action::Copy => self.side != Side::Neighbours,
            Action::Back => self.focus != Focus::Side,
            Action::FocusNext
            | Action::FocusPrevious
            | Action::CycleResults
            | Action::ChooseSkill
            | Action::AddProbe
            | Action::EditOutside
            | Action::Open
            | Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last => true,
            _ => false,
        }
    }

    fn choose(&mut self, action: Action, session: &Session, out: &mut Outbox) {
        let (rows, page) = (self.chooser.rows.len(), self.page.get().max(1) as isize);
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::First => isize::MIN + 1,
            Action::Last => isize::MAX,
            Action::Back => {
                self.choosing = false;
                return self.chooser.set_filter(String::new());
            }
            Action::Open => {
                match self.chooser.chosen() {
                    Some(id) => self.open(&id, session, out),
                    None => out.status = Some("no skill is selected".into()),
                }
                return;
            }
            _ => return,
        };
        self.chooser.selected = step(Some(self.chooser.selected), by, rows).unwrap_or(0);
    }

    fn turn_focus(&mut self, by: usize) {
        let at = Focus::ALL.iter().position(|&focus| focus == self.focus).unwrap_or(Focus::ALL.len() - 1);
        self.focus = Focus::ALL[(at + by) % Focus::ALL.len()];
    }

    pub(super) fn show(&mut self, side: Side) {
        self.side = side;
        self.selected = if side == Side::Probes { self.probed } else { 0 };
        self.top.set(0);
        self.rest = Rest::Moved;
    }

    /// Up, down and their kin in whatever has the keys.
    fn go(&mut self, action: Action) {
        let Some(bench) = &mut self.bench else { return };
        if let Some(field) = self.focus.field() {
            bench.fields[field].moved(action);
            return;
        }
        let page = self.page.get().max(1) as isize;
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::First => isize::MIN + 1,
            _ => isize::MAX,
        };
        let rows = match self.side {
            Side::Probes => bench.rows.len(),
            Side::Advice => bench.advice.len(),
            Side::Neighbours => bench.compared.as_ref().map_or(0, Compared::rows),
            Side::Diff => {
                self.top.set(self.top.get().saturating_add_signed(by));
                return;
            }
        };
        let before = self.selected;
        self.selected = step(Some(self.selected), by, rows).unwrap_or(0);
        if self.side == Side::Probes && before != self.selected {
            // Advice is about the selected probe.
            self.probed = self.selected;
            (bench.advised, bench.reach) = (None, Vec::new());
            bench.advice.clear();
        }
    }

    /// Enter: the next field, a line in the body, the request in Explore, the advice taken.
    fn enter(&mut self, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        match (self.focus, self.side) {
            (Focus::Name, _) => self.focus = Focus::Description,
            (Focus::Description, _) => self.focus = Focus::Body,
            (Focus::Body, _) => {
                if bench.fields[2].newline() {
                    self.changed(session, out);
                }
            }
            (Focus::Probe, _) => {
                let request = std::mem::take(&mut self.entry);
                self.focus = Focus::Side;
                if !request.trim().is_empty() {
                    bench.add(Probe { request: Text::block(request.trim()), should: true });
                    self.selected = bench.rows.len() - 1;
                    self.rank(session, out);
                }
            }
            (Focus::Side, Side::Probes) => {
                if let Some(row) = bench.rows.get(self.selected) {
                    let request = row.probe.request.for_model().to_owned();
                    let gold = if row.probe.should { vec![bench.id.clone()] } else { Vec::new() };
                    out.explore = Some(OpenInExplore { request, gold });
                }
            }
            (Focus::Side, Side::Advice) => match bench.advice.get(self.selected).and_then(|row| row.draft.clone()) {
                Some(draft) => {
                    bench.set(&draft);
                    out.status = Some("taken into the draft; revert takes everything back".into());
                    self.changed(session, out);
                }
                None => out.status = Some("this row is a measurement, not a text to take over".into()),
            },
            (Focus::Side, Side::Neighbours | Side::Diff) => {}
        }
    }

    fn probe(&mut self, action: Action, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        let Some(row) = bench.rows.get_mut(self.selected) else { return };
        if action == Action::ToggleShould {
            row.probe.should = !row.probe.should;
            return;
        }
        bench.rows.remove(self.selected);
        self.selected = self.selected.min(bench.rows.len().saturating_sub(1));
        // Answers under way count positions of the list as it was.
        self.rank(session, out);
    }
}
