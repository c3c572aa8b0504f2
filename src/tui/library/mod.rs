//! The Library tab: what is in the library, what could not be loaded, and why.
//!
//! Filtering and sorting run on a thread of their own ([`listing`]), since 80,000 skills take longer than a frame;
//! drawing builds only the rows that are visible.

mod detail;
mod layout;
mod listing;
mod marker;
mod places;
mod view;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Sender;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::engine::Response;
use crate::library::marks::Marks;
use crate::library::{Library, LoadRow, Skill, SkillIx};

use super::action::Action;
use super::event::Event;
use super::session::{OpenInExplore, Outbox, Session};
use super::theme::Theme;

use listing::{Lister, Wish};
pub use listing::{Listing, Sort};
pub use marker::Marked;
use marker::Marker;

/// A part of the tab that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Skills,
    Detail,
    Report,
}

/// Rows that one turn of the wheel moves.
const WHEEL: usize = 3;

pub struct LibraryTab {
    lister: Lister,
    marker: Marker,
    /// Lint, trust and duplicates, once the worker has looked.
    marked: Option<Marked>,
    wish: Wish,
    /// What the worker made of some wish, not always the latest.
    listing: Option<Listing>,
    /// The filter is being typed.
    filtering: bool,
    focus: Pane,
    selected: usize,
    /// Indices of report rows, worst first.
    report: Vec<usize>,
    report_selected: usize,
    /// First row of the detail that is shown; drawing brings it back into the text if it is beyond.
    detail_top: Cell<usize>,
    /// Rows of the focused list on the last screen: what a page key moves.
    page: Cell<usize>,
}

impl LibraryTab {
    /// The worker reports to `notify`.
    pub fn new(notify: Sender<Event>) -> Self {
        LibraryTab {
            lister: Lister::new(notify.clone()),
            marker: Marker::new(notify),
            marked: None,
            wish: Wish::default(),
            listing: None,
            filtering: false,
            focus: Pane::default(),
            selected: 0,
            report: Vec::new(),
            report_selected: 0,
            detail_top: Cell::new(0),
            page: Cell::new(10),
        }
    }

    /// Takes what the worker has made. The same skill stays selected if it is still there.
    pub fn listed(&mut self, listing: Listing) {
        let before = self.selected_skill().map(|(_, skill)| skill.id.clone());
        self.listing = Some(listing);
        let Some(listing) = &self.listing else { return };
        let again = before.and_then(|id| listing.library.find(id.shown())).and_then(|ix| listing.position(ix));
        self.selected = again.unwrap_or_else(|| self.selected.min(listing.rows.len().saturating_sub(1)));
    }

    /// Takes what the other worker has found, unless another library was loaded since.
    pub fn marked(&mut self, marked: Marked, session: &Session) {
        if session.library.as_ref().is_some_and(|library| Arc::ptr_eq(library, &marked.library)) {
            self.marked = Some(marked);
            self.ask(session);
        }
    }

    /// The marks of `library`, once they are there.
    fn marks_of(&self, library: &Arc<Library>) -> Option<&Arc<Marks>> {
        self.marked.as_ref().filter(|marked| Arc::ptr_eq(&marked.library, library)).map(|marked| &marked.marks)
    }

    fn selected_skill(&self) -> Option<(SkillIx, &Skill)> {
        let listing = self.listing.as_ref()?;
        let ix = *listing.rows.get(self.selected)?;
        Some((ix, &listing.library[ix]))
    }

    fn selected_report<'a>(&self, session: &'a Session) -> Option<&'a LoadRow> {
        session.library.as_ref()?.report.rows.get(*self.report.get(self.report_selected)?)
    }

    pub fn update(&mut self, action: Action, session: &Session, out: &mut Outbox) {
        let page = self.page.get().max(1);
        match action {
            Action::Up => self.step(session, |at| at.saturating_sub(1)),
            Action::Down => self.step(session, |at| at + 1),
            Action::PageUp => self.step(session, |at| at.saturating_sub(page)),
            Action::PageDown => self.step(session, |at| at + page),
            Action::First => self.step(session, |_| 0),
            Action::Last => self.step(session, |_| usize::MAX),
            Action::FocusNext => self.focus = self.neighbour(false),
            Action::FocusPrevious => self.focus = self.neighbour(true),
            Action::Filter => (self.filtering, self.focus) = (true, Pane::Skills),
            Action::CycleSort => {
                self.wish.sort = self.wish.sort.next();
                self.ask(session);
                out.status = Some(format!("order: {}", self.wish.sort.about()));
            }
            Action::Back => self.back(session),
            Action::Open if self.filtering => self.filtering = false,
            Action::Open => self.open(out),
            Action::Copy => self.copy(session, out),
            Action::Pin => out.pin = self.selected_id(),
            Action::OpenInAuthor => out.author = self.selected_id(),
            _ => {}
        }
    }

    fn neighbour(&self, backwards: bool) -> Pane {
        match (self.focus, self.report.is_empty(), backwards) {
            (Pane::Skills, _, false) | (Pane::Report, _, true) => Pane::Detail,
            (Pane::Detail, false, false) | (Pane::Skills, false, true) => Pane::Report,
            (Pane::Skills, true, true) => Pane::Detail,
            (Pane::Detail, _, _) | (Pane::Report, _, false) => Pane::Skills,
        }
    }

    /// Moves in the focused pane.
    fn step(&mut self, _: &Session, to: impl Fn(usize) -> usize) {
        match self.focus {
            Pane::Detail => self.detail_top.set(to(self.detail_top.get())),
            Pane::Skills => {
                let rows = self.listing.as_ref().map_or(0, |listing| listing.rows.len());
                self.selected = to(self.selected).min(rows.saturating_sub(1));
                self.detail_top.set(0);
            }
            Pane::Report => {
                self.report_selected = to(self.report_selected).min(self.report.len().saturating_sub(1));
                self.detail_top.set(0);
            }
        }
    }

    /// One step out: of typing, of the filter, of the pane.
    fn back(&mut self, session: &Session) {
        if self.filter().is_some() {
            self.filtering = false;
            self.set_filter(String::new(), session);
        } else {
            self.focus = Pane::Skills;
        }
    }

    /// Asks Explore for the skill's own description, the skill marked as the one that should be found: the first
    /// thing its author wants to know.
    fn open(&mut self, out: &mut Outbox) {
        match self.selected_skill().filter(|_| self.focus != Pane::Report) {
            Some((_, skill)) => {
                let text = if skill.description.shown().trim().is_empty() { &skill.name } else { &skill.description };
                out.explore = Some(OpenInExplore {
                    request: text.shown().trim().to_string(),
                    gold: vec![skill.id.shown().to_string()],
                });
            }
            None => out.status = Some("no skill is selected".into()),
        }
    }

    fn copy(&mut self, session: &Session, out: &mut Outbox) {
        out.copy = match self.focus {
            Pane::Report => self.selected_report(session).map(|row| row.path.shown().to_string()),
            Pane::Skills | Pane::Detail => self.selected_id(),
        };
    }

    fn selected_id(&self) -> Option<String> {
        self.selected_skill().filter(|_| self.focus != Pane::Report).map(|(_, skill)| skill.id.shown().to_string())
    }

    fn set_filter(&mut self, filter: String, session: &Session) {
        if self.wish.filter != filter {
            self.wish.filter = filter;
            self.selected = 0;
            self.ask(session);
        }
    }

    fn ask(&mut self, session: &Session) {
        if let Some(library) = &session.library {
            self.lister.ask(library.clone(), self.marks_of(library).cloned(), self.wish.clone());
        }
    }

    pub fn text_input(&self) -> bool {
        self.filtering
    }

    pub fn key(&mut self, key: KeyEvent, session: &Session, _: &mut Outbox) {
        let mut filter = self.wish.filter.clone();
        match (key.code, key.modifiers) {
            (KeyCode::Char(letter), KeyModifiers::NONE | KeyModifiers::SHIFT) => filter.push(letter),
            (KeyCode::Char('u'), KeyModifiers::CONTROL) => filter.clear(),
            (KeyCode::Char('w'), KeyModifiers::CONTROL) => {
                let end = filter.trim_end().rfind(' ').map_or(0, |space| space + 1);
                filter.truncate(end);
            }
            (KeyCode::Backspace, _) => {
                filter.pop();
            }
            _ => return,
        }
        self.set_filter(filter, session);
    }

    pub fn paste(&mut self, text: &str, session: &Session, _: &mut Outbox) {
        /// Longer than any name one would filter by.
        const LONGEST: usize = 200;
        self.filtering = true;
        self.focus = Pane::Skills;
        let line = text.lines().next().unwrap_or_default();
        let pasted: String = line.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
        self.set_filter(format!("{}{pasted}", self.wish.filter), session);
    }

    pub fn mouse(&mut self, event: MouseEvent, area: Rect, session: &Session, out: &mut Outbox) {
        let areas = layout::areas(area, self.wants(session));
        let Some((pane, place)) = areas.at(event.column, event.row) else { return };
        match event.kind {
            MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
                let focus = std::mem::replace(&mut self.focus, pane);
                match event.kind {
                    MouseEventKind::ScrollDown => self.step(session, |at| at + WHEEL),
                    _ => self.step(session, |at| at.saturating_sub(WHEEL)),
                }
                self.focus = focus;
            }
            MouseEventKind::Down(MouseButton::Left) => {
                self.focus = pane;
                let (selected, rows) = match pane {
                    Pane::Skills => (self.selected, self.listing.as_ref().map_or(0, |listing| listing.rows.len())),
                    Pane::Report => (self.report_selected, self.report.len()),
                    Pane::Detail => return,
                };
                if let Some(row) = layout::row_at(place, event.row, pane, selected, rows) {
                    if pane == Pane::Skills && row == selected {
                        // A second click on a row is what Enter is.
                        self.open(out);
                    }
                    self.step(session, |_| row);
                }
            }
            _ => {}
        }
    }

    pub fn response(&mut self, response: &Response, session: &Session, _: &mut Outbox) {
        if let Response::Library(library) = response {
            let rows = &library.report.rows;
            self.report = (0..rows.len()).collect();
            // Stable: within one severity, the order of the loader.
            self.report.sort_by_key(|&row| std::cmp::Reverse(rows[row].severity));
            self.report_selected = self.report_selected.min(self.report.len().saturating_sub(1));
            if self.report.is_empty() && self.focus == Pane::Report {
                self.focus = Pane::Skills;
            }
            self.marker.ask(library.clone());
            self.ask(session);
        }
    }

    pub fn tick(&mut self, _: Instant, _: &Session, _: &mut Outbox) -> Option<Instant> {
        None
    }

    pub fn available(&self, action: Action, session: &Session) -> bool {
        match action {
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => true,
            Action::FocusNext | Action::FocusPrevious | Action::Filter | Action::CycleSort => session.library.is_some(),
            Action::Open => self.filtering || self.selected_id().is_some(),
            Action::Pin | Action::OpenInAuthor => self.selected_id().is_some(),
            Action::Copy => match self.focus {
                Pane::Report => self.selected_report(session).is_some(),
                _ => self.selected_skill().is_some(),
            },
            Action::Back => self.filter().is_some() || self.focus != Pane::Skills,
            _ => false,
        }
    }

    pub fn draw(&self, frame: &mut Frame, area: Rect, session: &Session, theme: &Theme) {
        view::View { tab: self, session, theme }.draw(frame, area);
    }

    /// The filter, while one is typed or holds.
    fn filter(&self) -> Option<&str> {
        (self.filtering || !self.wish.filter.is_empty()).then_some(&self.wish.filter)
    }

    fn wants(&self, session: &Session) -> layout::Wants {
        let places = || session.library.as_ref().map_or(1, |library| library.roots.len());
        layout::Wants {
            focus: self.focus,
            report_rows: self.report.len(),
            summary_rows: if self.filter().is_some() { 1 } else { places() },
        }
    }

    /// The rows as they are now, for the view.
    fn rows(&self) -> (Option<&Arc<Library>>, &[SkillIx]) {
        match &self.listing {
            Some(listing) => (Some(&listing.library), &listing.rows),
            None => (None, &[]),
        }
    }
}
