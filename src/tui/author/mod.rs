//! The Author tab: a page that says what will come, and what helps an author today.

use std::time::Instant;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Paragraph, Wrap};

use crate::engine::Response;

use super::action::Action;
use super::session::{Outbox, Session};
use super::theme::{Role, Theme};

const PAGE: &[(Role, &str)] = &[
    (Role::Title, "For people who write skills"),
    (Role::Text, ""),
    (
        Role::Text,
        "This tab is not built yet. It will take one skill, let you edit a copy of it, and show after each change which requests find it, which lose it, and to which other skill.",
    ),
    (Role::Text, ""),
    (Role::Title, "What you can do today"),
    (Role::Text, ""),
    (
        Role::Text,
        "1. Start with your skill in the library: skillscope --library PATH, as often as you have places. A saved file is read again by itself.",
    ),
    (
        Role::Text,
        "2. In Explore, type what a user would ask. Select your skill in either column and pin it: it becomes \"mine\", and from then on every request shows its rank in both stages, or the stage that lost it and what beat it, even when it is far outside the list.",
    ),
    (
        Role::Text,
        "3. Look at the attention view for the words the reranker went by, and at the text that was cut off before the model saw it.",
    ),
    (
        Role::Text,
        "4. In Library, the load report says what had to be put right in your file; enter on a skill tries its own description as a request. A skill that its own description does not find has a rival: the badge \"same name\" or the rows above it say which.",
    ),
    (Role::Text, ""),
    (Role::Muted, "The keys for all of this are in help."),
];

#[derive(Debug, Default)]
pub struct Author {
    /// Paragraphs scrolled away.
    top: usize,
}

impl Author {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn update(&mut self, action: Action, _: &Session, _: &mut Outbox) {
        self.top = match action {
            Action::Up | Action::PageUp => self.top.saturating_sub(1),
            Action::Down | Action::PageDown => self.top + 1,
            Action::First | Action::Back => 0,
            Action::Last => PAGE.len(),
            _ => self.top,
        }
        .min(PAGE.len() - 1);
    }

    pub fn text_input(&self) -> bool {
        false
    }

    pub fn key(&mut self, _: KeyEvent, _: &Session, _: &mut Outbox) {}

    pub fn paste(&mut self, _: &str, _: &Session, out: &mut Outbox) {
        out.status = Some("there is nothing to write here yet; a request goes into Explore".into());
    }

    pub fn mouse(&mut self, _: MouseEvent, _: Rect, _: &Session, _: &mut Outbox) {}

    pub fn response(&mut self, _: &Response, _: &Session, _: &mut Outbox) {}

    pub fn tick(&mut self, _: Instant, _: &Session, _: &mut Outbox) -> Option<Instant> {
        None
    }

    pub fn available(&self, action: Action, _: &Session) -> bool {
        matches!(action, Action::Up | Action::Down | Action::First | Action::Last)
    }

    pub fn draw(&self, frame: &mut Frame, area: Rect, _: &Session, theme: &Theme) {
        let lines = PAGE[self.top..].iter().map(|&(role, text)| Line::styled(text, theme.style(role)));
        let page = Paragraph::new(Text::from_iter(lines)).wrap(Wrap { trim: true });
        // A line longer than this is hard to read.
        let area = area.inner(Margin::new(2, 1));
        frame.render_widget(page, Rect { width: area.width.min(84), ..area });
    }
}
