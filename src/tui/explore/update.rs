//! What changes the Explore tab: actions, keys, the mouse, the engine, and time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::engine::{ModelState, Request, Response};
use crate::explain::Erased;
use crate::explain::erasure::Pair;
use crate::library::{FieldSet, Library, Text};
use crate::search::{Settings, Stage1};
use crate::tui::action::Action;
use crate::tui::session::{OpenInExplore, Outbox, Session};
use crate::tui::widgets::{Page, thousands, window};

use super::attention::{Asked, Explained, next_band, next_head};
use super::erasure::{AskedErasure, ErasedView};
use super::layout::Focus;
use super::preview::compose;
use super::query::{LONGEST_BYTES, Pasted};
use super::results::RERANK_DELAY;
use super::retrieval::RetrievedView;
use super::selection::Choice;
use super::view::lists::TITLE_ROWS;
use super::{Explore, PreviewReady, REST, Rest, View};

/// Rows a page key moves a selection.
const PAGE: isize = 10;
/// Rows one notch of the wheel scrolls.
const WHEEL: isize = 3;

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
            Action::NextBand | Action::PreviousBand | Action::NextHead | Action::PreviousHead => self.turn_lens(action),
            Action::CycleUnits if self.view == View::Erasure => self.grain = self.grain.next(),
            Action::CycleManner if self.view == View::Erasure => self.manner = self.manner.next(),
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
            Action::Pin | Action::Copy | Action::OpenInAuthor => self.selected().is_some(),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                self.focus == Focus::Query || self.selected().is_some()
            }
            Action::NextBand | Action::PreviousBand | Action::NextHead | Action::PreviousHead => {
                self.view == View::Attention && self.explained().is_some()
            }
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

    pub fn mouse(&mut self, event: MouseEvent, area: Rect, _: &Session, _: &mut Outbox) {
        let layout = self.layout(area);
        let clicked = matches!(event.kind, MouseEventKind::Down(MouseButton::Left));
        if clicked && layout.mine.contains((event.column, event.row).into()) {
            self.choice = self.mine.clone().map_or(Choice::Best, Choice::Skill);
            return self.settle();
        }
        let Some(pane) = layout.focus_at(event.column, event.row) else {
            return;
        };
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.focus = pane;
                match pane {
                    Focus::Query => {
                        let column = event.column.saturating_sub(layout.query.x + super::view::PROMPT);
                        self.query.click(event.row - layout.query.y, column);
                    }
                    Focus::Shortlist => self.click_row(layout.shortlist, event.row),
                    Focus::Reranked => self.click_row(layout.reranked, event.row),
                    Focus::Detail => {}
                    Focus::Side => self.click_worst(layout.side, event.row),
                }
            }
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
                let by = if event.kind == MouseEventKind::ScrollUp { -1 } else { 1 };
                match (pane, self.page()) {
                    (Focus::Detail, Some(page)) => page.scroll_by(by * WHEEL),
                    (Focus::Side, _) => self.side.go(by),
                    (Focus::Shortlist | Focus::Reranked, _) => {
                        // The row under the wheel decides whose order is walked.
                        let focus = std::mem::replace(&mut self.focus, pane);
                        self.move_selection(by);
                        self.focus = focus;
                    }
                    _ => {}
                }
            }
            _ => return,
        }
        self.settle();
    }

    fn click_row(&mut self, pane: Rect, row: u16) {
        let order = self.order();
        let listed = self.results.hits().len();
        let at = self.selected().and_then(|at| order[..listed].iter().position(|skill| *skill == at.skill));
        let shown = window(at, listed, usize::from(pane.height.saturating_sub(TITLE_ROWS)));
        let clicked = usize::from(row - pane.y).checked_sub(TITLE_ROWS.into()).map(|row| shown.start + row);
        if let Some(&skill) = clicked.filter(|row| shown.contains(row)).and_then(|row| order.get(row)) {
            self.select(skill);
        }
    }

    /// What the engine says; every tab is shown everything.
    pub fn response(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        self.ascii = session.ascii;
        match response {
            Response::Eval(_) => return self.side.follow(session.evaluation.digest.as_ref()),
            Response::Stage1(shortlist) if self.results.take_shortlist(shortlist) => {}
            Response::Stage2(reranking) if self.results.take_reranking(reranking) => {}
            Response::Explained { id, skill, library, capture } => {
                if self.asked == Some(Asked { id: *id, skill: *skill }) {
                    let (library, capture) = (library.clone(), capture.clone());
                    self.explained = Some(Explained::new(*skill, library, capture, self.lens, self.symbols()));
                    self.lay_out_erasure();
                }
                return;
            }
            Response::Erased { id, skill, library, pair, erased } => {
                let asked = Asked { id: *id, skill: *skill };
                self.take_erasure(asked, library, pair, erased);
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
                let asked = [self.asked, self.asked_erasure.map(|erasure| erasure.asked), self.asked_retrieval];
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

    /// The selection has rested: now the expensive things.
    fn rested(&mut self, out: &mut Outbox) {
        let Some(selected) = self.selected() else {
            return;
        };
        let skill = &selected.library[selected.skill];
        match self.view {
            View::Preview if !self.inks.contains(&skill.hash) => self.worker.highlight(skill),
            View::Attention => self.explain(Asked { id: self.results.newest(), skill: selected.skill }, out),
            View::Erasure => self.erase(Asked { id: self.results.newest(), skill: selected.skill }, out),
            View::Retrieval => self.retrieve(Asked { id: self.results.newest(), skill: selected.skill }, out),
            _ => {}
        }
    }

    /// Asks once, and only when stage 2 is done with this skill: before, it would stand in the way of the scores.
    fn explain(&mut self, asked: Asked, out: &mut Outbox) {
        let waiting = self
            .results
            .reranking()
            .and_then(|reranking| reranking.row(asked.skill))
            .is_some_and(|row| row.score.is_none());
        if self.asked == Some(asked) || waiting || !self.results.is_current() {
            return;
        }
        if let Some(shortlist) = self.results.shortlist() {
            out.requests.push(asked.request(shortlist));
            self.asked = Some(asked);
            self.refused = None;
        }
    }

    /// Asks once the whole list is scored: the skill's rank is one among the others' scores.
    fn erase(&mut self, asked: Asked, out: &mut Outbox) {
        let reranking = self.results.reranking();
        if !self.results.is_current() || reranking.is_some_and(|reranking| !reranking.is_finished()) {
            return;
        }
        // For the badge.
        self.explain(asked, out);
        let wanted = AskedErasure { asked, grain: self.grain, manner: self.manner };
        if self.asked_erasure == Some(wanted) {
            return;
        }
        if let Some(shortlist) = self.results.shortlist() {
            out.requests.push(wanted.request(shortlist, self.results.reranking().map(|list| &**list)));
            self.asked_erasure = Some(wanted);
            self.erased = None;
            self.refused = None;
        }
    }

    fn take_erasure(&mut self, asked: Asked, library: &Arc<Library>, pair: &Arc<Pair>, erased: &Arc<Erased>) {
        let wanted = AskedErasure { asked, grain: erased.grain, manner: erased.manner };
        if self.asked_erasure != Some(wanted) {
            return;
        }
        match &mut self.erased {
            Some(view) => view.take(erased.clone()),
            None => {
                self.erased = Some(ErasedView::new(asked.skill, library.clone(), pair.clone(), erased.clone()));
            }
        }
        self.lay_out_erasure();
    }

    /// The numbers of the erasure, with the attention of the same skill if that is there.
    fn lay_out_erasure(&mut self) {
        let symbols = self.symbols();
        let Some(view) = &mut self.erased else { return };
        let explained = self.explained.as_ref().filter(|explained| {
            explained.skill == view.skill
                && Arc::ptr_eq(&explained.library, &view.library)
                && self.asked == self.asked_erasure.map(|erasure| erasure.asked)
        });
        view.lay_out(explained.map(|explained| (&*explained.capture, &explained.attribution)), symbols);
    }

    fn retrieve(&mut self, asked: Asked, out: &mut Outbox) {
        if self.asked_retrieval == Some(asked) || !self.results.is_current() {
            return;
        }
        if let Some(shortlist) = self.results.shortlist() {
            out.requests.push(Request::ExplainRetrieval(asked.subject(shortlist)));
            self.asked_retrieval = Some(asked);
            self.retrieved = None;
            self.refused = None;
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

    fn turn_lens(&mut self, action: Action) {
        let Some(explained) = &mut self.explained else {
            return;
        };
        let (layers, heads) = (explained.capture.attention.layers, explained.capture.attention.heads);
        match action {
            Action::NextBand => self.lens.band = next_band(self.lens.band, layers, 1),
            Action::PreviousBand => self.lens.band = next_band(self.lens.band, layers, -1),
            Action::NextHead => self.lens.head = next_head(self.lens.head, heads, 1),
            _ => self.lens.head = next_head(self.lens.head, heads, -1),
        }
        explained.look_through(self.lens, crate::tui::widgets::Symbols::of(self.ascii));
        self.lay_out_erasure();
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

    /// The page of the detail pane, if what it shows scrolls.
    fn page(&mut self) -> Option<&mut Page> {
        match self.view {
            View::Preview => self.preview.as_mut().map(|(_, page)| page),
            View::Attention => self.explained.as_mut().map(|explained| &mut explained.page),
            View::Erasure => self.erased.as_mut().map(|erased| &mut erased.page),
            View::Retrieval => self.retrieved.as_mut().map(|retrieved| &mut retrieved.page),
            View::Scores => None,
        }
    }

    fn go(&mut self, by: isize) {
        match (self.focus, self.page()) {
            (Focus::Side, _) => self.side.go(by),
            (Focus::Detail, Some(page)) => page.scroll_by(by),
            (Focus::Detail, None) => {}
            _ => self.move_selection(by),
        }
    }

    fn go_page(&mut self, by: isize) {
        match (self.focus, self.page()) {
            (Focus::Side, _) => self.side.go(by * PAGE),
            (Focus::Detail, Some(page)) => page.scroll_pages(by),
            (Focus::Detail, None) => {}
            _ => self.move_selection(by * PAGE),
        }
    }

    fn go_to_end(&mut self, end: bool) {
        match (self.focus, self.page()) {
            (Focus::Query, _) => self.query.move_to(end),
            (Focus::Side, _) => self.side.go(if end { isize::MAX } else { isize::MIN }),
            (Focus::Detail, Some(page)) => page.scroll_to_end(end),
            (Focus::Detail, None) => {}
            _ => self.move_selection(if end { isize::MAX } else { isize::MIN }),
        }
    }

    /// After every change: the plain preview follows the selection at once, the rest waits until it rests.
    fn settle(&mut self) {
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
