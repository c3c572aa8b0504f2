//! The request line: an editor for what people type, a store for what they paste.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use tui_textarea::{CursorMove, TextArea, WrapMode};

use crate::library::Text;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{bounded, wrap};
use crate::tui::widgets::thousands;

/// Rows the line grows to before it scrolls.
pub const MOST_ROWS: u16 = 4;
/// Longest request that is edited in place. The editor wraps all of its text again at every keystroke (under 1 ms
/// at this size, and in proportion above), and it counts rows in 16 bits.
pub const EDITABLE_BYTES: usize = 32 * 1024;
/// Longest request that is kept at all; the model reads far less.
pub const LONGEST_BYTES: usize = 1024 * 1024;
/// What of a long request is drawn.
const PEEK_BYTES: usize = 2 * 1024;

pub struct Query {
    editor: TextArea<'static>,
    /// A request too long to edit in place: searched as it is.
    long: Option<Text>,
    /// What the model reads where it differs from what is shown: a request from a benchmark with control characters.
    /// Gone at the first edit.
    raw: Option<Arc<str>>,
}

/// What a paste became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pasted {
    pub kept: usize,
    pub cut: usize,
}

impl Default for Query {
    fn default() -> Self {
        Query { editor: editor(Vec::new()), long: None, raw: None }
    }
}

fn editor(lines: Vec<String>) -> TextArea<'static> {
    let mut editor = TextArea::new(lines);
    editor.set_wrap_mode(WrapMode::WordOrGlyph);
    editor.set_cursor_line_style(Style::new());
    // The terminal's own cursor stands here (screen readers follow it), so none is painted.
    editor.set_cursor_style(Style::new());
    editor.move_cursor(CursorMove::Bottom);
    editor.move_cursor(CursorMove::End);
    editor
}

impl Query {
    pub fn is_empty(&self) -> bool {
        self.long.is_none() && self.editor.lines().iter().all(|line| line.trim().is_empty())
    }

    pub fn is_long(&self) -> bool {
        self.long.is_some()
    }

    /// What the models are asked.
    pub fn text(&self) -> Arc<str> {
        match (&self.raw, &self.long) {
            (Some(raw), _) => raw.clone(),
            (None, Some(long)) => long.for_model().into(),
            (None, None) => self.editor.lines().join("\n").into(),
        }
    }

    pub fn clear(&mut self) {
        *self = Query::default();
    }

    /// Replaces everything; models read `raw` as it is, a person sees the harmless form.
    pub fn set(&mut self, raw: &str) -> Pasted {
        self.clear();
        let (kept, cut) = bounded(raw, LONGEST_BYTES);
        let text = Text::block(kept);
        if text.shown().len() > EDITABLE_BYTES {
            self.long = Some(text);
        } else {
            self.raw = (text.shown() != kept).then(|| kept.into());
            self.editor = editor(text.shown().split('\n').map(str::to_owned).collect());
        }
        Pasted { kept: kept.len(), cut }
    }

    /// Inserts at the cursor.
    pub fn paste(&mut self, pasted: &str) -> Pasted {
        let own: usize = self.editor.lines().iter().map(|line| line.len() + 1).sum();
        if self.is_empty() || self.long.is_some() || own + pasted.len() > EDITABLE_BYTES {
            let before = if self.is_empty() { String::new() } else { self.text().to_string() };
            return self.set(&(before + pasted));
        }
        self.raw = None;
        self.editor.insert_str(Text::block(pasted).shown());
        Pasted { kept: pasted.len(), cut: 0 }
    }

    /// One key that no binding took. False if it means nothing here.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        if self.long.is_some() {
            return false;
        }
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let changed = match key.code {
            KeyCode::Enter if alt => {
                self.editor.insert_newline();
                true
            }
            // Enter searches, tab changes the pane: neither is text here.
            KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab | KeyCode::Esc => false,
            KeyCode::Char('m' | 'j') if control => false,
            KeyCode::Char(c) if !alt && !control => {
                let text = Text::line(c.encode_utf8(&mut [0; 4]));
                self.editor.insert_str(text.shown())
            }
            _ => self.editor.input(key),
        };
        if changed {
            self.raw = None;
            if self.editor.lines().iter().map(|line| line.len() + 1).sum::<usize>() > EDITABLE_BYTES {
                let text = self.text();
                self.set(&text);
            }
        }
        changed
    }

    /// To the head or the end of the line.
    pub fn move_to(&mut self, end: bool) {
        self.editor.move_cursor(if end { CursorMove::End } else { CursorMove::Head });
    }

    /// Puts the cursor where the mouse was, `row` and `column` counted from the text's corner on screen.
    pub fn click(&mut self, row: u16, column: u16) {
        let row = row.saturating_add(self.editor.scroll_offset().0);
        let to = self.editor.screen_to_data(row.into(), column.into());
        self.editor.move_cursor(CursorMove::Jump(to.0 as u16, to.1 as u16));
    }

    /// Rows it wants at this width, 1 to [`MOST_ROWS`].
    pub fn rows(&self, width: u16) -> u16 {
        if self.long.is_some() {
            return MOST_ROWS;
        }
        let mut rows = 0;
        for line in self.editor.lines() {
            // Four full rows are enough to know.
            let most = usize::from(width.max(1)) * usize::from(MOST_ROWS);
            let (line, _) = bounded(line, most * 4);
            // The cursor stands behind the last character, so a full row needs one more.
            rows += wrap(&format!("{line}_"), width.into()).len() as u16;
            if rows >= MOST_ROWS {
                return MOST_ROWS;
            }
        }
        rows.max(1)
    }

    pub fn draw(&self, frame: &mut Frame, area: Rect, focused: bool, theme: &Theme) {
        if area.is_empty() {
            return;
        }
        if let Some(long) = &self.long {
            return draw_long(frame, area, long, theme);
        }
        frame.render_widget(&self.editor, area);
        if focused {
            let cursor = self.editor.screen_cursor();
            let row = cursor.row.saturating_sub(self.editor.scroll_offset().0.into()) as u16;
            let position = Position::new(area.x + (cursor.col as u16).min(area.width - 1), area.y + row);
            if area.contains(position) {
                frame.set_cursor_position(position);
            }
        }
    }
}

fn draw_long(frame: &mut Frame, area: Rect, long: &Text, theme: &Theme) {
    let note = format!(
        "{} bytes: searched as is, too long to edit here; clear it to type again",
        thousands(long.for_model().len())
    );
    frame.render_widget(Line::styled(note, theme.style(Role::Warning)), Rect { height: 1, ..area });
    let (peek, _) = bounded(long.shown(), PEEK_BYTES);
    let rows = wrap(peek, area.width.into());
    for (y, row) in rows.into_iter().enumerate().take(usize::from(area.height) - 1) {
        let row = Line::styled(&peek[row], theme.style(Role::Muted));
        frame.render_widget(row, Rect { y: area.y + 1 + y as u16, height: 1, ..area });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Query {
        let mut query = Query::default();
        for c in text.chars() {
            query.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
        query
    }

    #[test]
    fn only_alt_enter_and_paste_make_lines() {
        let mut query = typed("a");
        assert!(!query.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
        assert!(query.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT)));
        query.paste("b\nc");
        assert_eq!(&*query.text(), "a\nb\nc");
    }

    #[test]
    fn a_pasted_escape_sequence_is_shown_not_kept() {
        let mut query = typed("x");
        query.paste("\u{1b}[31mred");
        assert!(!query.text().contains('\u{1b}'), "{:?}", query.text());
        query.set("\u{1b}[31mred");
        assert!(query.text().contains('\u{1b}'), "the model reads a benchmark's request as it is");
        assert!(query.editor.lines().iter().all(|line| !line.contains('\u{1b}')));
        query.key(KeyEvent::new(KeyCode::Char('y'), KeyModifiers::NONE));
        assert!(!query.text().contains('\u{1b}'), "an edited request is what is shown");
    }

    #[test]
    fn it_grows_to_four_rows() {
        assert_eq!(typed("").rows(20), 1);
        assert_eq!(typed("a request of forty characters, or nearly.").rows(20), 3);
        let mut query = Query::default();
        query.paste(&"word ".repeat(1000));
        assert_eq!(query.rows(80), MOST_ROWS);
        assert_eq!(query.text().len(), 5000);
    }

    #[test]
    fn a_megabyte_is_kept_and_more_is_cut_with_a_count() {
        let mut query = Query::default();
        let pasted = query.paste(&"é".repeat(LONGEST_BYTES));
        assert_eq!(pasted, Pasted { kept: LONGEST_BYTES, cut: LONGEST_BYTES });
        assert!(query.is_long() && query.text().len() == LONGEST_BYTES);
        assert!(!query.key(KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE)));
        query.clear();
        assert!(query.is_empty() && query.key(KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE)));
    }
}
