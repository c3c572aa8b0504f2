//! One field of the scratch copy. What the models read is the raw text until the first edit, then what is shown.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use tui_textarea::{CursorMove, TextArea, WrapMode};

use crate::library::Text;
use crate::tui::action::Action;

/// Longest field that is edited in place: the editor wraps all of its text again at every keystroke, about 4 ms at
/// this size. The longest of 16,456 real skills has 294 kB; such a one is edited outside.
pub const EDITABLE_BYTES: usize = 128 * 1024;
/// Rows that a page key moves.
const PAGE: usize = 10;

pub struct FieldEditor {
    editor: TextArea<'static>,
    /// The text as it was set, until the first edit.
    raw: Option<String>,
    /// Too long to edit here.
    long: bool,
}

impl FieldEditor {
    pub fn new(raw: &str) -> Self {
        let shown = Text::block(raw);
        let long = shown.shown().len() > EDITABLE_BYTES;
        let lines = if long { Vec::new() } else { shown.shown().split('\n').map(str::to_owned).collect() };
        let mut editor = TextArea::new(lines);
        editor.set_wrap_mode(WrapMode::WordOrGlyph);
        editor.set_cursor_line_style(Style::new());
        // The terminal's own cursor stands here (screen readers follow it), so none is painted.
        editor.set_cursor_style(Style::new());
        FieldEditor { editor, raw: Some(raw.to_owned()), long }
    }

    pub fn text(&self) -> String {
        self.raw.clone().unwrap_or_else(|| self.editor.lines().join("\n"))
    }

    pub fn is_long(&self) -> bool {
        self.long
    }

    /// One key that no binding took; whether the text changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        if self.long {
            return false;
        }
        let changed = match (key.code, key.modifiers) {
            (KeyCode::Char(c), KeyModifiers::NONE | KeyModifiers::SHIFT) => {
                self.editor.insert_str(Text::block(c.encode_utf8(&mut [0; 4])).shown())
            }
            (KeyCode::Tab | KeyCode::BackTab | KeyCode::Esc | KeyCode::Enter, _) => false,
            _ => self.editor.input(key),
        };
        self.touched(changed)
    }

    pub fn paste(&mut self, pasted: &str) -> bool {
        let own: usize = self.editor.lines().iter().map(|line| line.len() + 1).sum();
        let fits = !self.long && own + pasted.len() <= EDITABLE_BYTES;
        let changed = fits && self.editor.insert_str(Text::block(pasted).shown());
        self.touched(changed)
    }

    pub fn newline(&mut self) -> bool {
        if self.long {
            return false;
        }
        self.editor.insert_newline();
        self.touched(true)
    }

    fn touched(&mut self, changed: bool) -> bool {
        if changed {
            self.raw = None;
        }
        changed
    }

    /// Moves the cursor; false if the action is none that moves, or there is no further row.
    pub fn moved(&mut self, action: Action) -> bool {
        let before = self.editor.cursor();
        let (to, times) = match action {
            Action::Up => (CursorMove::Up, 1),
            Action::Down => (CursorMove::Down, 1),
            Action::PageUp => (CursorMove::Up, PAGE),
            Action::PageDown => (CursorMove::Down, PAGE),
            Action::First => (CursorMove::Top, 1),
            Action::Last => (CursorMove::Bottom, 1),
            _ => return false,
        };
        (0..times).for_each(|_| self.editor.move_cursor(to));
        self.editor.cursor() != before
    }

    pub fn draw(&self, frame: &mut Frame, area: Rect, focused: bool) {
        if area.is_empty() {
            return;
        }
        frame.render_widget(&self.editor, area);
        if focused {
            let cursor = self.editor.screen_cursor();
            let row = cursor.row.saturating_sub(self.editor.scroll_offset().0.into()) as u16;
            let position = Position::new(area.x + (cursor.col as u16).min(area.width - 1), area.y.saturating_add(row));
            if area.contains(position) {
                frame.set_cursor_position(position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_stay_until_the_field_is_edited() {
        let raw = "one\u{202e}\r\ntwo";
        let mut field = FieldEditor::new(raw);
        assert_eq!(field.text(), raw);
        assert!(!field.moved(Action::Up) && field.moved(Action::Down));
        assert_eq!(field.text(), raw, "moving is no edit");
        field.key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE));
        let text = field.text();
        assert!(text.contains('x') && !text.contains('\u{202e}') && !text.contains('\r'), "{text:?}");
        field.paste("\u{1b}[2J");
        assert!(!field.text().contains('\u{1b}'));
    }

    #[test]
    fn a_field_beyond_the_limit_is_shown_as_too_long_and_kept_whole() {
        let raw = "word ".repeat(EDITABLE_BYTES / 4);
        let mut field = FieldEditor::new(&raw);
        assert!(field.is_long() && !field.key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE)));
        assert_eq!(field.text(), raw);
    }
}
