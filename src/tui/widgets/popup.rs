//! What help and the model picker have in common: a frame over the tab with a line to type into.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::{Symbols, clip, width};
use crate::tui::theme::{Role, Theme};

/// Wide enough for two columns of text, never wider than is comfortable to read.
pub fn area(body: Rect) -> Rect {
    let width = body.width.min(92);
    Rect { x: body.x + (body.width - width) / 2, width, ..body }
}

/// Draws frame and prompt and returns what is left below; `None` if that is nothing.
pub fn draw(frame: &mut Frame, body: Rect, title: &str, typed: &str, ascii: bool, theme: &Theme) -> Option<Rect> {
    let area = area(body);
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, theme.style(Role::Text));
    let mut block = Block::bordered()
        .title(Span::styled(format!(" {title} "), theme.style(Role::Title)))
        .border_style(theme.style(Role::BorderFocused));
    if ascii {
        block = block.border_set(ASCII_BORDER);
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if inner.height < 2 {
        return None;
    }
    let room = usize::from(inner.width.saturating_sub(1));
    let prompt = clip(&format!("> {typed}"), room, Symbols::of(ascii).ellipsis);
    frame.set_cursor_position((inner.x + width(&prompt) as u16, inner.y));
    frame.render_widget(Line::styled(prompt, theme.style(Role::Text)), Rect { height: 1, ..inner });
    Some(Rect { y: inner.y + 1, height: inner.height - 1, ..inner })
}

/// Types or deletes a character; false if the key does neither.
pub fn edit(typed: &mut String, key: KeyEvent) -> bool {
    match (key.code, key.modifiers) {
        (KeyCode::Backspace, _) => {
            typed.pop();
        }
        (KeyCode::Char(letter), KeyModifiers::NONE | KeyModifiers::SHIFT) => typed.push(letter),
        _ => return false,
    }
    true
}

/// More than a line of it cannot be meant.
pub fn paste(typed: &mut String, text: &str) {
    const MOST: usize = 200;
    typed.extend(text.chars().filter(|letter| !letter.is_control()).take(MOST));
}

/// Borders for terminals that have no line characters, or count them as two columns.
const ASCII_BORDER: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
