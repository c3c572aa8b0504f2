//! What changes the Author tab: actions, keys, the engine.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::engine::{AuthorEvent, AuthorRequest, ModelState, Probe, Request, Response};
use crate::library::edit::{read_back, written};
use crate::library::{Library, Text};
use crate::search::Draft;
use crate::tui::action::Action;
use crate::tui::session::{OpenInExplore, Outbox, Session};
use crate::tui::widgets::window::step;

use super::bench::{Bench, Compared, Diff};
use super::{Author, Focus, Rest, Side};

/// Longest probe that can be typed or pasted here.
const LONGEST_PROBE: usize = 8 * 1024;

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

    fn reopen(&mut self, id: &str, _: &Session, out: &mut Outbox) {
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

    fn show(&mut self, side: Side) {
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

    fn copy(&mut self, out: &mut Outbox) {
        let Some(bench) = &self.bench else { return };
        out.copy = match self.side {
            Side::Probes => Some(exported(bench)),
            Side::Advice => bench.advice.get(self.selected).map(|row| Text::line(&row.what).shown().to_owned()),
            Side::Neighbours => None,
            Side::Diff => bench.diff.as_ref().map(|diff| diff.lines.join("\n") + "\n"),
        };
    }

    /// First the diff, then, while it is what is shown, the file.
    fn save(&mut self, session: &Session, out: &mut Outbox) {
        let Some(bench) = &self.bench else { return };
        let base = match &bench.base {
            Ok(base) => base.clone(),
            Err(reason) => {
                out.status = Some(reason.clone());
                return;
            }
        };
        match bench.diff.as_ref().filter(|diff| self.side == Side::Diff && diff.of == bench.draft_id) {
            Some(diff) if diff.lines.is_empty() => out.status = Some("nothing would change".into()),
            Some(diff) => {
                let text = diff.text.clone();
                out.requests.push(Request::Author(AuthorRequest::Save { base, text }));
            }
            None => {
                self.show(Side::Diff);
                self.rest = Rest::Done;
                self.ask_side(session, out);
                out.status = Some("this would be written: the same key again saves it, copy takes the diff".into());
            }
        }
    }

    fn revert(&mut self, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        bench.set(&Draft::of(&bench.library[bench.skill]));
        out.status = Some("the draft is the file's text again".into());
        // The file may be another one than when it was opened.
        let id = bench.id.clone();
        self.reopen(&id, session, out);
    }

    /// What came back from the user's own editor.
    pub fn edited(&mut self, edited: Result<String, String>, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        let before = bench.draft();
        match edited.and_then(|text| read_back(&text, &before.name)) {
            Ok([name, description, body]) => {
                bench.set(&Draft { name, description, body });
                if bench.draft() != before {
                    self.changed(session, out);
                }
            }
            Err(reason) => out.status = Some(reason),
        }
    }

    pub(super) fn typed(&mut self, key: KeyEvent, session: &Session, out: &mut Outbox) {
        if self.is_choosing() {
            let mut filter = self.chooser.filter().to_owned();
            if edit_line(&mut filter, key) {
                self.chooser.set_filter(filter);
            }
            return;
        }
        match (self.focus.field(), &mut self.bench) {
            (Some(field), Some(bench)) => {
                if bench.fields[field].key(key) {
                    self.changed(session, out);
                } else if bench.fields[field].is_long() && matches!(key.code, KeyCode::Char(_)) {
                    out.status = Some("this text is too long to edit here; edit the file, it is read again".into());
                }
            }
            (None, _) if self.focus == Focus::Probe && self.entry.len() < LONGEST_PROBE => {
                edit_line(&mut self.entry, key);
            }
            _ => {}
        }
    }

    pub(super) fn pasted(&mut self, text: &str, session: &Session, out: &mut Outbox) {
        if self.is_choosing() {
            let line: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
            return self.chooser.set_filter(format!("{}{}", self.chooser.filter(), Text::line(line)));
        }
        match (self.focus.field(), &mut self.bench) {
            (Some(field), Some(bench)) => {
                if bench.fields[field].paste(text) {
                    self.changed(session, out);
                } else {
                    out.status = Some("this text is too long to edit here".into());
                }
            }
            _ => {
                (self.focus, self.side) = (Focus::Probe, Side::Probes);
                let line = text.lines().collect::<Vec<_>>().join(" ");
                let (kept, _) = crate::tui::widgets::text::bounded(&line, LONGEST_PROBE);
                self.entry.push_str(Text::line(kept).shown());
            }
        }
    }

    /// The draft is another one now.
    fn changed(&mut self, session: &Session, out: &mut Outbox) {
        self.rank(session, out);
        if self.side != Side::Probes {
            self.rest = Rest::Moved;
        }
    }

    /// Asks where the draft stands; everything asked before is out of date.
    pub(super) fn rank(&mut self, session: &Session, out: &mut Outbox) {
        self.newest = self.newest.next();
        let Some(bench) = &mut self.bench else { return };
        bench.forget(self.newest);
        if bench.rows.is_empty() {
            return;
        }
        let requests = bench.rows.iter().map(|row| row.probe.request.for_model().into()).collect();
        let drafted = bench.drafted(session.settings);
        out.requests.push(Request::Author(AuthorRequest::WhatIf { drafted, requests }));
    }

    /// Asks for what the side shows, unless it is there.
    pub(super) fn ask_side(&mut self, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        let drafted = bench.drafted(session.settings);
        let request = match self.side {
            Side::Probes => return,
            Side::Advice if bench.advised.is_some() => return,
            Side::Advice => {
                let Some(row) = bench.rows.get(self.probed.min(bench.rows.len().saturating_sub(1))) else { return };
                bench.advised = Some(row.probe.request.clone());
                AuthorRequest::Advise { drafted, request: row.probe.request.for_model().into() }
            }
            Side::Neighbours if bench.compared.is_some() => return,
            Side::Neighbours => AuthorRequest::Collisions { drafted },
            Side::Diff if bench.diff.is_some() => return,
            Side::Diff => match &bench.base {
                Ok(base) => AuthorRequest::Diff { id: drafted.id, base: base.clone(), draft: drafted.draft },
                Err(_) => return,
            },
        };
        // A draft that nobody ranked yet is new to the engine: it must not take this for an older one.
        out.requests.push(Request::Author(request));
    }

    pub(super) fn answered(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        match response {
            Response::Author(event) => self.told(event, session, out),
            Response::Library(library) => {
                self.chooser.set_library(library.clone());
                self.reloaded(library, session, out);
            }
            // Other numbers than those on screen: another model, or vectors that were missing.
            Response::Models(ModelState::Ready { .. }) => self.changed(session, out),
            Response::Indexing(indexing) if indexing.finished => self.changed(session, out),
            _ => {}
        }
    }

    fn told(&mut self, event: &AuthorEvent, session: &Session, out: &mut Outbox) {
        if let AuthorEvent::Opened(opened) = event {
            self.newest = self.newest.next();
            let mut bench = Box::new(Bench::new(opened, self.newest));
            let kept = self.bench.take().filter(|old| old.id == bench.id).map(|old| old.rows);
            let brought = kept.into_iter().flatten().map(|row| row.probe).chain(self.waiting.drain(..));
            brought.for_each(|probe| {
                bench.add(probe);
            });
            if let Some(problem) = bench.problems.first() {
                out.status = Some(problem.shown().to_owned());
            }
            self.bench = Some(bench);
            (self.choosing, self.selected) = (false, 0);
            self.chooser.set_filter(String::new());
            return self.changed(session, out);
        }
        let Some(bench) = &mut self.bench else { return };
        match event {
            AuthorEvent::Opened(_) => {}
            AuthorEvent::Ranked { id, probe, standing, library, .. } => {
                if let Some(row) =
                    bench.rows.get_mut(*probe).filter(|_| *id == bench.draft_id && Arc::ptr_eq(library, &bench.library))
                {
                    row.standing = Some(standing.clone());
                }
            }
            AuthorEvent::Reach { id, request, reach } if *id == bench.draft_id && bench.is_advised(request) => {
                bench.reach.clone_from(reach);
            }
            AuthorEvent::Advice { id, request, at, row } if *id == bench.draft_id && bench.is_advised(request) => {
                bench.advice.truncate(*at);
                bench.advice.push(row.clone());
            }
            AuthorEvent::Collisions { id, library, rows, neighbours } if *id == bench.draft_id => {
                let (library, collisions, neighbours) = (library.clone(), rows.clone(), neighbours.clone());
                bench.compared = Some(Compared { library, collisions, neighbours });
            }
            AuthorEvent::Diff { id, diff, text } if *id == bench.draft_id => {
                let lines = diff.shown().lines().map(str::to_owned).collect();
                bench.diff = Some(Diff { of: *id, lines, text: text.clone() });
            }
            AuthorEvent::Saved(base) => {
                out.status = Some(format!("saved {}", base.shown()));
                (bench.base, bench.diff) = (Ok(base.clone()), None);
                self.side = Side::Probes;
                // The watcher may be off.
                out.requests.push(Request::Reload);
            }
            AuthorEvent::Refused(reason) => out.status = Some(reason.clone()),
            AuthorEvent::Failed { id, message } if *id == bench.draft_id => bench.failed = Some(Text::line(message)),
            _ => {}
        }
    }

    /// The same skill in another library: its own text may be another one.
    fn reloaded(&mut self, library: &Arc<Library>, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        let Some(skill) = library.find(&bench.id) else { return };
        let (was, is) = (bench.library[bench.skill].hash, library[skill].hash);
        let edited = bench.is_changed();
        (bench.library, bench.skill) = (library.clone(), skill);
        if was != is && !edited {
            let id = bench.id.clone();
            return self.reopen(&id, session, out);
        }
        if was != is && bench.is_changed() {
            out.status = Some("the file changed on disk; saving is refused, so revert to open what it says now".into());
        }
        self.changed(session, out);
    }
}

/// One key in a field of one line; whether it meant anything.
fn edit_line(line: &mut String, key: KeyEvent) -> bool {
    match (key.code, key.modifiers) {
        (KeyCode::Char(letter), KeyModifiers::NONE | KeyModifiers::SHIFT) => {
            line.push_str(Text::line(letter.encode_utf8(&mut [0; 4])).shown());
        }
        (KeyCode::Char('u'), KeyModifiers::CONTROL) => line.clear(),
        (KeyCode::Char('w'), KeyModifiers::CONTROL) => {
            let end = line.trim_end().rfind(' ').map_or(0, |space| space + 1);
            line.truncate(end);
        }
        (KeyCode::Backspace, _) => {
            line.pop();
        }
        _ => return false,
    }
    true
}

/// The probes as an `eval_queries.json` (agentskills.io; domain.md 2.3).
fn exported(bench: &Bench) -> String {
    let rows = bench
        .rows
        .iter()
        .map(|row| serde_json::json!({ "query": row.probe.request.shown(), "should_trigger": row.probe.should }));
    serde_json::to_string_pretty(&rows.collect::<Vec<_>>()).unwrap_or_default() + "\n"
}
