//! The Author tab: one skill on the bench, a scratch copy of its text, and where it stands for each request, before and
//! now, in both stages. The file is only written when asked for, after the diff was seen.
//!
//! [`Author`] is the state, [`bench`] what is on the bench; `update.rs` changes them, `view.rs` draws and reads only.

mod asking;
mod bench;
mod chooser;
mod editing;
mod editor;
mod layout;
mod update;
mod view;

use std::cell::Cell;
use std::time::{Duration, Instant};

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::engine::{Probe, Response};
use crate::search::QueryId;

use super::action::Action;
use super::session::{Outbox, Session};
use super::theme::Theme;

use bench::Bench;
use chooser::Chooser;

/// How long the draft rests before what takes longer than a keystroke is measured: advice, neighbours, the diff.
const REST: Duration = Duration::from_millis(300);
/// Rows that one turn of the wheel moves.
const WHEEL: usize = 3;

/// A part of the tab that can have the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    Name,
    #[default]
    Description,
    Body,
    Side,
    /// A new probe is being typed.
    Probe,
}

impl Focus {
    const FIELDS: [Focus; 3] = [Focus::Name, Focus::Description, Focus::Body];
    const ALL: [Focus; 4] = [Focus::Name, Focus::Description, Focus::Body, Focus::Side];

    /// The field it is, by position.
    fn field(self) -> Option<usize> {
        Focus::FIELDS.iter().position(|&field| field == self)
    }
}

/// What stands beside the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Side {
    #[default]
    Probes,
    Advice,
    Neighbours,
    Diff,
}

impl Side {
    const ALL: [Side; 4] = [Side::Probes, Side::Advice, Side::Neighbours, Side::Diff];

    fn next(self) -> Self {
        Side::ALL[(self as usize + 1) % Side::ALL.len()]
    }
}

/// Whether what the side shows has been asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Rest {
    Moved,
    Until(Instant),
    #[default]
    Done,
}

#[derive(Default)]
pub struct Author {
    bench: Option<Box<Bench>>,
    /// The list of skills is shown in place of the bench.
    chooser: Chooser,
    choosing: bool,
    focus: Focus,
    side: Side,
    /// Row of the side that is selected.
    selected: usize,
    /// The probe that advice is about.
    probed: usize,
    /// First row of the diff; drawing brings it back into the text.
    top: Cell<usize>,
    /// Rows of the side on the last screen.
    page: Cell<usize>,
    /// The probe being typed.
    entry: String,
    /// Requests brought along before a skill was chosen.
    waiting: Vec<Probe>,
    newest: QueryId,
    rest: Rest,
}

impl Author {
    pub fn new() -> Self {
        Self::default()
    }

    fn is_choosing(&self) -> bool {
        self.choosing || self.bench.is_none()
    }

    pub fn text_input(&self) -> bool {
        self.is_choosing() || self.focus != Focus::Side
    }

    pub fn key(&mut self, key: KeyEvent, session: &Session, out: &mut Outbox) {
        self.typed(key, session, out);
    }

    pub fn paste(&mut self, text: &str, session: &Session, out: &mut Outbox) {
        self.pasted(text, session, out);
    }

    pub fn mouse(&mut self, event: MouseEvent, area: Rect, session: &Session, out: &mut Outbox) {
        let clicked = matches!(event.kind, MouseEventKind::Down(MouseButton::Left));
        let down = match event.kind {
            MouseEventKind::ScrollDown => true,
            MouseEventKind::ScrollUp => false,
            _ if clicked => false,
            _ => return,
        };
        let turn = if down { Action::Down } else { Action::Up };
        if self.is_choosing() {
            if !clicked {
                (0..WHEEL).for_each(|_| self.update(turn, session, out));
            }
            return;
        }
        let Some(focus) = layout::areas(area, self.focus).at(event.column, event.row) else { return };
        if clicked {
            self.focus = focus;
            return;
        }
        let own = std::mem::replace(&mut self.focus, focus);
        (0..WHEEL).for_each(|_| self.update(turn, session, out));
        self.focus = own;
    }

    pub fn response(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        self.answered(response, session, out);
    }

    pub fn tick(&mut self, now: Instant, session: &Session, out: &mut Outbox) -> Option<Instant> {
        match self.rest {
            Rest::Done => None,
            Rest::Moved => {
                self.rest = Rest::Until(now + REST);
                Some(now + REST)
            }
            Rest::Until(due) if now < due => Some(due),
            Rest::Until(_) => {
                self.rest = Rest::Done;
                self.ask_side(session, out);
                None
            }
        }
    }

    pub fn draw(&self, frame: &mut Frame, area: Rect, session: &Session, theme: &Theme) {
        view::draw(self, frame, area, session, theme);
    }
}
