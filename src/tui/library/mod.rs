//! The Library tab: what is in the library, what could not be loaded, and why.
//!
//! Filtering and sorting run on a thread of their own ([`listing`]), since 80,000 skills take longer than a frame;
//! drawing builds only the rows that are visible.

mod detail;
mod groups;
mod headings;
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

use groups::{Grouped, Row, Rows};
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
    grouped: Grouped,
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
            grouped: Grouped::default(),
            filtering: false,
            focus: Pane::default(),
            selected: 0,
            report: Vec::new(),
            report_selected: 0,
            detail_top: Cell::new(0),
            page: Cell::new(10),
        }
    }

    /// Takes what the worker has made. The same skill or group stays selected if it is still there.
    pub fn listed(&mut self, listing: Listing) {
        let skill = self.selected_skill().map(|(_, skill)| skill.id.clone());
        let heading = self.selected_section().and_then(|at| Some(self.listing.as_ref()?.heading(at).to_owned()));
        self.listing = Some(listing);
        let Some(rows) = self.visible() else { return };
        let again = match (skill, heading) {
            (Some(id), _) => rows.listing.library.find(id.shown()).and_then(|ix| rows.position(ix)),
            (None, Some(name)) => rows.find(&name),
            (None, None) => None,
        };
        self.selected = again.unwrap_or_else(|| self.selected.min(rows.len().saturating_sub(1)));
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

    /// The rows on screen, headings and skills.
    fn visible(&self) -> Option<Rows<'_>> {
        self.listing.as_ref().map(|listing| Rows::new(listing, &self.grouped))
    }

    fn selected_row(&self) -> Option<Row> {
        self.visible()?.get(self.selected)
    }

    fn selected_skill(&self) -> Option<(SkillIx, &Skill)> {
        match self.selected_row()? {
            Row::Skill(ix) => Some((ix, &self.listing.as_ref()?.library[ix])),
            Row::Heading(_) => None,
        }
    }

    /// The section whose heading is selected.
    fn selected_section(&self) -> Option<usize> {
        match self.selected_row()? {
            Row::Heading(section) => Some(section),
            Row::Skill(_) => None,
        }
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
            Action::CycleGroup => self.cycle_group(session, out),
            Action::CloseGroup => self.close_group(),
            Action::OpenGroup => self.open_group(true),
            Action::Back => self.back(session),
            Action::Open if self.is_on_heading() => self.open_group(!self.is_selected_open()),
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
                let rows = self.visible().map_or(0, |rows| rows.len());
                self.selected = to(self.selected).min(rows.saturating_sub(1));
                self.detail_top.set(0);
            }
            Pane::Report => {
                self.report_selected = to(self.report_selected).min(self.report.len().saturating_sub(1));
                self.detail_top.set(0);
            }
        }
    }

    /// The next grouping; the title of the list says which, a skill that is selected leads to its group.
    fn cycle_group(&mut self, session: &Session, out: &mut Outbox) {
        self.grouped.cycle();
        out.requests.extend(self.grouped.request(session.settings.fields));
        self.ask(session);
    }

    fn is_on_heading(&self) -> bool {
        !self.filtering && self.focus != Pane::Report && self.selected_section().is_some()
    }

    fn is_selected_open(&self) -> bool {
        self.visible().zip(self.selected_section()).is_some_and(|(rows, section)| rows.is_open(section))
    }

    fn open_group(&mut self, open: bool) {
        let Some((listing, section)) = self.listing.as_ref().zip(self.selected_section()) else { return };
        self.grouped.set_open(listing.heading(section), listing.is_filtered(), open);
        self.detail_top.set(0);
    }

    /// Of a skill its group, of a group that is closed already all groups.
    fn close_group(&mut self) {
        let (Some(rows), Some(row)) = (self.visible(), self.selected_row()) else { return };
        let section = match row {
            Row::Heading(section) => Some(section),
            Row::Skill(ix) => rows.section_of(ix),
        };
        let Some(section) = section else { return };
        let listing = rows.listing;
        let (name, filtered) = (listing.heading(section).to_owned(), listing.is_filtered());
        let all = row == Row::Heading(section) && !rows.is_open(section);
        let names: Vec<String> = (0..listing.sections.len()).map(|at| listing.heading(at).to_owned()).collect();
        match all {
            true => self.grouped.close_all(names.into_iter(), filtered),
            false => self.grouped.set_open(&name, filtered, false),
        }
        self.selected = self.visible().and_then(|rows| rows.find(&name)).unwrap_or_default();
        self.detail_top.set(0);
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
            if filter.trim().is_empty() {
                self.grouped.forget_filter();
            }
            self.wish.filter = filter;
            self.selected = 0;
            self.ask(session);
        }
    }

    fn ask(&mut self, session: &Session) {
        if let Some(library) = &session.library {
            let (marks, groups) = (self.marks_of(library).cloned(), self.grouped.of(library).cloned());
            self.lister.ask(library.clone(), marks, groups, self.wish.clone());
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
                    Pane::Skills => (self.selected, self.visible().map_or(0, |rows| rows.len())),
                    Pane::Report => (self.report_selected, self.report.len()),
                    Pane::Detail => return,
                };
                if let Some(row) = layout::row_at(place, event.row, (pane, self.is_grouped()), selected, rows) {
                    if pane == Pane::Skills && row == selected {
                        // A second click on a row is what Enter is.
                        match self.is_on_heading() {
                            true => self.open_group(!self.is_selected_open()),
                            false => self.open(out),
                        }
                    }
                    self.step(session, |_| row);
                }
            }
            _ => {}
        }
    }

    pub fn response(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        self.keep_grouped(response, session, out);
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

    /// Asks again when what decides has changed: the library, its vectors, the embedder, the fields that are read.
    fn keep_grouped(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        if let Response::Grouped(groups) = response {
            let of_this = session.library.as_ref().is_some_and(|library| Arc::ptr_eq(library, &groups.library));
            if of_this && self.grouped.take(groups) {
                self.ask(session);
            }
        }
        let changed = match response {
            Response::Library(_) | Response::Models(_) => true,
            // Not at every step: groups that change while one reads them help nobody.
            Response::Indexing(indexing) => indexing.finished,
            _ => false,
        };
        if changed || self.grouped.is_outdated(session.settings.fields) {
            out.requests.extend(self.grouped.request(session.settings.fields));
        }
    }

    pub fn tick(&mut self, _: Instant, _: &Session, _: &mut Outbox) -> Option<Instant> {
        None
    }

    pub fn available(&self, action: Action, session: &Session) -> bool {
        match action {
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => true,
            Action::FocusNext | Action::FocusPrevious | Action::Filter | Action::CycleSort | Action::CycleGroup => {
                session.library.is_some()
            }
            Action::CloseGroup => self.focus == Pane::Skills && self.is_grouped() && self.selected_row().is_some(),
            Action::OpenGroup => self.focus == Pane::Skills && self.selected_section().is_some(),
            Action::Open => self.filtering || self.is_on_heading() || self.selected_id().is_some(),
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

    /// Whether the list has headings now.
    fn is_grouped(&self) -> bool {
        self.listing.as_ref().is_some_and(|listing| listing.groups.is_some())
    }
}
