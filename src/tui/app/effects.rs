//! What the loop has to do after an update.

use crate::engine::Request;

/// How soon the screen has to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Redraw {
    #[default]
    No,
    /// With the next frame that is due.
    Soon,
    /// A person is waiting for it.
    Now,
}

/// Why the program ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    Quit,
    /// This signal.
    Signal(i32),
    /// The terminal is gone; a sentence.
    Input(String),
}

/// What the loop has to do after an update.
#[derive(Debug, Default)]
pub struct Effects {
    pub requests: Vec<Request>,
    /// For the clipboard.
    pub copy: Option<String>,
    /// Let the user edit this text with their own editor; [`Event::Edited`](crate::tui::event::Event) brings it back.
    pub edit: Option<String>,
    /// Mouse reports on or off.
    pub mouse: Option<bool>,
    /// Give the terminal back and stop; true if asked for by a key, which also stops the processes around us.
    pub stop: Option<bool>,
    /// Take the terminal again.
    pub resume: bool,
    pub exit: Option<Exit>,
    pub redraw: Redraw,
}

impl Effects {
    pub(super) fn redraw(&mut self, redraw: Redraw) {
        self.redraw = self.redraw.max(redraw);
    }
}
