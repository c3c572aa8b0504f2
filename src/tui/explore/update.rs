//! What changes the Explore tab: actions, keys, the engine, and time. The mouse, moving about and asking the engine why
//! are beside this file.

use std::time::{Duration, Instant};

use crossterm::event::KeyEvent;

use crate::engine::{ModelState, Response};
use crate::library::{FieldSet, Library, Text};
use crate::search::{Settings, Stage1};
use crate::tui::action::Action;
use crate::tui::session::{OpenInExplore, Outbox, Session};
use crate::tui::widgets::{Page, thousands};

use super::attention::Asked;
use super::contrast::AskedContrast;
use super::layout::Focus;
use super::preview::compose;
use super::query::{LONGEST_BYTES, Pasted};
use super::results::RERANK_DELAY;
use super::retrieval::RetrievedView;
use super::selection::Choice;
use super::{Explore, PreviewReady, REST, Rest, View};

impl Explore {
    pub fn update(&mut self, action: Action, session: &Session, out: &mut Outbox) {
        self.ascii = session.ascii;
        match action {
            Action::FocusQuery => self.focus = Focus::Query,
            Action::FocusNext => self.turn_focus(true),
            Action::FocusPrevious => self.turn_focus(false),
            Action::Back => self.focus = if self.focus == Focus::Detail { self.list_focus() } else { Focus::Query },
            Action::Up => self.go(-1),
            Action::Down => self.go(1),
            Action::PageUp => self.go_page(-1),
            Action::PageDown => self.go_page(1),
            Action::First => self.go_to_end(false),
            Action::Last => self.go_to_end(true),
            Action::Open if self.focus == Focus::Side => self.open_worst(session, out),
            Action::Open => self.open_selected(session, out),
            Action::ClearQuery => self.clear(),
            Action::CycleStage1 | Action::CycleFields | Action::CycleDepth | Action::ToggleRerank => {
                let settings = changed(session.settings, action);
                out.settings = Some(settings);
                self.search(settings, RERANK_DELAY, false, out);
            }
            Action::Pin => self.pin_selected(session, out),
            Action::CycleDetail => self.view = self.view.next(),
            Action::NextBand
            | Action::PreviousBand
            | Action::NextHead
            | Action::PreviousHead
            | Action::CycleReading
            | Action::ToggleHeads
            | Action::CycleTarget
            | Action::MarkHeads
            | Action::ToggleMarked => self.turn_gaze(action, out),
            Action::CycleUnits if self.view == View::Attention => self.turn_gaze(action, out),
            Action::CycleUnits if self.view == View::Erasure => self.grain = self.grain.next(),
            Action::CycleManner if self.view == View::Erasure => self.manner = self.manner.next(),
            Action::Contrast | Action::ChooseOpponent => self.turn_contrast(action, out),
            Action::ToggleEvaluation => self.toggle_side(session),
            Action::OpenInAuthor => out.author = self.selected().map(|at| at.library[at.skill].id.shown().to_owned()),
            Action::AddProbe if !self.query.is_empty() => out.probe = Some(self.query.text().to_string()),
            Action::Copy => out.copy = self.selected().map(|at| at.library[at.skill].id.shown().to_owned()),
            _ => return,
        }
        self.settle();
    }

    /// Whether an action means something now.
    pub fn available(&self, action: Action, _: &Session) -> bool {
        match action {
            Action::ClearQuery => !self.query.is_empty() || self.query.is_long(),
            Action::AddProbe => !self.query.is_empty(),
            Action::Pin | Action::Copy | Action::OpenInAuthor | Action::Contrast | Action::ChooseOpponent => {
                self.selected().is_some()
            }
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                self.focus == Focus::Query || self.selected().is_some()
            }
            Action::CycleUnits if self.view == View::Attention => self.explained().is_some(),
            Action::NextBand
            | Action::PreviousBand
            | Action::NextHead
            | Action::PreviousHead
            | Action::CycleReading
            | Action::ToggleHeads
            | Action::CycleTarget
            | Action::MarkHeads => self.view == View::Attention && self.explained().is_some(),
            Action::ToggleMarked => self.view == View::Attention && !self.gaze.marked.is_empty(),
            Action::CycleUnits | Action::CycleManner => self.view == View::Erasure,
            Action::Back => self.focus != Focus::Query,
            Action::ToggleEvaluation => true,
            Action::FocusNext
            | Action::FocusPrevious
            | Action::FocusQuery
            | Action::Open
            | Action::CycleStage1
            | Action::CycleFields
            | Action::CycleDepth
            | Action::ToggleRerank
            | Action::CycleDetail => true,
            _ => false,
        }
    }

    /// A key that no binding took.
    pub fn key(&mut self, key: KeyEvent, session: &Session, out: &mut Outbox) {
        if self.query.is_long() && matches!(key.code, crossterm::event::KeyCode::Char(_)) {
            out.status = Some("This request is too long to edit here: clear it to type a new one.".into());
        }
        if self.text_input() && self.query.key(key) {
            self.request_changed(RERANK_DELAY, session, out);
        }
    }

    pub fn paste(&mut self, text: &str, session: &Session, out: &mut Outbox) {
        self.focus = Focus::Query;
        let pasted = self.query.paste(text);
        say_what_was_cut(pasted, out);
        self.request_changed(Duration::ZERO, session, out);
    }

    /// Shows a request of a benchmark with its gold skills marked and the first of them pinned.
    pub fn open(&mut self, request: OpenInExplore, session: &Session, out: &mut Outbox) {
        self.ascii = session.ascii;
        say_what_was_cut(self.query.set(&request.request), out);
        self.mine = request.gold.first().cloned().or_else(|| self.mine.take());
        self.gold = request.gold.into_iter().collect();
        self.choice = self.mine.clone().map_or(Choice::Best, Choice::Skill);
        self.focus = self.list_focus();
        self.search(session.settings, Duration::ZERO, true, out);
        self.settle();
    }

    /// What the engine says; every tab is shown everything.
    pub fn response(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        self.ascii = session.ascii;
        match response {
            Response::Eval(_) => return self.side.follow(session.evaluation.digest.as_ref()),
            Response::Stage1(shortlist) if self.results.take_shortlist(shortlist) => {}
            Response::Stage2(reranking) if self.results.take_reranking(reranking) => {}
            Response::Explained { id, skill, library, capture, beside } => {
                self.take_attention(Asked { id: *id, skill: *skill }, library, capture, beside.as_ref(), out);
                // Another reading may have been asked for, or be next.
            }
            Response::Erased { id, skill, library, pair, erased } => {
                let asked = Asked { id: *id, skill: *skill };
                self.take_erasure(asked, library, pair, erased);
                return;
            }
            Response::Contrasted { id, skill, other, library, progress, contrast } => {
                let of = AskedContrast { asked: Asked { id: *id, skill: *skill }, other: *other };
                self.take_contrast(of, library, *progress, contrast.as_ref());
                return;
            }
            Response::Retrieved { id, skill, retrieval, .. } => {
                if self.asked_retrieval == Some(Asked { id: *id, skill: *skill }) {
                    let dense = matches!(session.models, ModelState::Ready { .. });
                    self.retrieved = Some(RetrievedView::new(retrieval, dense, self.symbols()));
                }
                return;
            }
            Response::Failed { id, message } => {
                let attention = self.asked.map(|(asked, _)| asked);
                let erasure = self.asked_erasure.map(|erasure| erasure.asked);
                let contrast = self.asked_contrast.map(|contrast| contrast.asked);
                let asked = [attention, erasure, contrast, self.asked_retrieval];
                if asked.into_iter().flatten().any(|asked| asked.id == *id) {
                    self.refused = Some(Text::line(message));
                } else {
                    self.results.fail(*id, message);
                }
                return;
            }
            // What was found depends on all three, so the same request is asked again.
            Response::Library(_) => self.search(session.settings, RERANK_DELAY, true, out),
            Response::Models(ModelState::Ready { .. }) => self.search(session.settings, RERANK_DELAY, true, out),
            Response::Indexing(indexing) if indexing.finished && self.is_provisional() => {
                self.search(session.settings, RERANK_DELAY, true, out);
            }
            _ => return,
        }
        self.settle();
    }

    /// A highlighted body from the preview's thread.
    pub fn preview(&mut self, ready: PreviewReady) {
        self.inks.put(ready.hash, ready.inks);
        if let Some((selected, page)) = &mut self.preview {
            let skill = &selected.library[selected.skill];
            if skill.hash == ready.hash {
                page.set(compose(&selected.library, selected.skill, self.inks.get(&ready.hash)));
            }
        }
    }

    /// Does what is due at `now` and says when there is more; no clock runs while nothing changes.
    pub fn tick(&mut self, now: Instant, _: &Session, out: &mut Outbox) -> Option<Instant> {
        match self.rest {
            Rest::Moved => self.rest = Rest::Until(now + REST),
            Rest::Until(due) if due <= now => {
                self.rest = Rest::Done;
                self.rested(out);
            }
            _ => {}
        }
        match self.rest {
            Rest::Until(due) => Some(due),
            _ => None,
        }
    }

    fn request_changed(&mut self, delay: Duration, session: &Session, out: &mut Outbox) {
        self.ascii = session.ascii;
        self.choice = Choice::Best;
        self.search(session.settings, delay, false, out);
        self.settle();
    }

    fn search(&mut self, settings: Settings, delay: Duration, again: bool, out: &mut Outbox) {
        if self.query.is_empty() {
            self.results.forget();
            return;
        }
        let request = self.results.ask(self.query.text(), settings, self.mine.clone(), delay, again);
        out.requests.extend(request);
    }

    fn is_provisional(&self) -> bool {
        self.results.shortlist().is_some_and(|shortlist| shortlist.is_provisional())
    }

    /// Enter: in the query, search at once and go to the rows; in the rows, read.
    fn open_selected(&mut self, session: &Session, out: &mut Outbox) {
        if self.focus == Focus::Query {
            let waits = !self.results.is_current() || self.results.scored().is_some_and(|(scored, _)| scored == 0);
            self.search(session.settings, Duration::ZERO, waits && session.settings.rerank, out);
            if !self.query.is_empty() {
                self.focus = self.list_focus();
            }
        } else {
            self.focus = Focus::Detail;
        }
    }

    fn clear(&mut self) {
        self.query.clear();
        self.results.forget();
        self.gold.clear();
        self.choice = Choice::Best;
        self.focus = Focus::Query;
    }

    fn pin_selected(&mut self, session: &Session, out: &mut Outbox) {
        if let Some(selected) = self.selected() {
            self.pin(selected.library[selected.skill].id.shown(), session, out);
        }
    }

    /// Follows a skill of the library as "mine", or stops if it is followed already.
    pub fn pin(&mut self, id: &str, session: &Session, out: &mut Outbox) {
        let named = |library: &Library| Some(library[library.find(id)?].name.shown().to_owned());
        let name = session.library.as_deref().and_then(named).unwrap_or_else(|| id.to_owned());
        if self.mine.as_deref() == Some(id) {
            self.mine = None;
            out.status = Some(format!("{name} is no longer pinned."));
            return self.settle();
        }
        self.mine = Some(id.to_owned());
        out.status = Some(format!("{name} is pinned: its ranks stay in sight for every request."));
        // Where a skill stands that is not in the shortlist is found out only for the one that is pinned.
        let listed = |skill| self.results.hits().iter().any(|hit| hit.skill == skill);
        if !self.results.skill(id).is_some_and(listed) {
            self.search(session.settings, RERANK_DELAY, true, out);
        }
        self.settle();
    }

    /// The list that shows the end of the way.
    fn list_focus(&self) -> Focus {
        if self.results.shortlist().is_some() && self.results.reranking().is_none() {
            Focus::Shortlist
        } else {
            Focus::Reranked
        }
    }

    fn turn_focus(&mut self, forward: bool) {
        let panes = &Focus::ALL[..Focus::ALL.len() - usize::from(!self.side.open)];
        let at = panes.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let by = if forward { 1 } else { panes.len() - 1 };
        self.focus = panes[(at + by) % panes.len()];
    }

    /// After every change: the plain preview follows the selection at once, the rest waits until it rests.
    pub(super) fn settle(&mut self) {
        let selected = self.selected();
        match &selected {
            Some(at) if self.preview.as_ref().is_none_or(|(shown, _)| shown != at) => {
                let inks = self.inks.get(&at.library[at.skill].hash);
                self.preview = Some((at.clone(), Page::new(compose(&at.library, at.skill, inks))));
            }
            Some(_) => {}
            None => self.preview = None,
        }
        self.rest = if selected.is_some() { Rest::Moved } else { Rest::Done };
    }
}

fn say_what_was_cut(pasted: Pasted, out: &mut Outbox) {
    if pasted.cut > 0 {
        let kept = thousands(pasted.kept);
        let cut = thousands(pasted.cut);
        out.status = Some(format!("Kept the first {kept} bytes of the request, cut {cut} (limit {LONGEST_BYTES})."));
    }
}

/// The settings after one of the four actions that change them.
pub(crate) fn changed(mut settings: Settings, action: Action) -> Settings {
    fn next<T: Copy + PartialEq>(all: &[T], now: T) -> T {
        let at = all.iter().position(|one| *one == now).map_or(0, |at| at + 1);
        all[at % all.len()]
    }
    match action {
        Action::CycleStage1 => settings.stage1 = next(&Stage1::ALL, settings.stage1),
        Action::CycleFields => settings.fields = next(&FieldSet::ALL, settings.fields),
        Action::CycleDepth => settings.depth = next(&Settings::DEPTHS, settings.depth),
        _ => settings.rerank = !settings.rerank,
    }
    settings
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
