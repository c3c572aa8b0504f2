//! What every part of a tab draws with: state to read, looks by role, and the symbols a terminal can show.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::session::Session;
use crate::tui::theme::{Role, Theme};

use super::{Symbols, fit};

/// Borrowed for one frame.
#[derive(Debug, Clone, Copy)]
pub struct Pen<'a> {
    pub session: &'a Session,
    pub theme: &'a Theme,
    pub symbols: &'static Symbols,
}

impl<'a> Pen<'a> {
    pub fn new(session: &'a Session, theme: &'a Theme) -> Self {
        Pen { session, theme, symbols: Symbols::of(session.ascii) }
    }

    pub fn span<'s>(&self, text: impl Into<Cow<'s, str>>, role: Role) -> Span<'s> {
        Span::styled(text, self.theme.style(role))
    }

    /// Exactly `columns` columns of `text`, cut or padded on the right.
    pub fn cell(&self, text: &str, columns: usize, role: Role) -> Span<'static> {
        self.span(fit(text, columns, self.symbols.ellipsis), role)
    }

    /// One line per row from the top of `area`; what does not fit is left off.
    pub fn rows<'l>(&self, frame: &mut Frame, area: Rect, rows: impl IntoIterator<Item = Line<'l>>) {
        for (y, row) in rows.into_iter().take(area.height.into()).enumerate() {
            frame.render_widget(row, Rect { y: area.y + y as u16, height: 1, ..area });
        }
    }

    /// The row's own styles, or that of the selection: colours on a reversed row would be backgrounds of every colour.
    pub fn selectable<'l>(&self, mut row: Line<'l>, selected: bool) -> Line<'l> {
        if selected {
            row.spans.iter_mut().for_each(|span| span.style = self.theme.style(Role::Selection));
        }
        row
    }
}
