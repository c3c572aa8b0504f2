//! A pane: a title on a rule, and what is below it. No side borders: they cost columns and screen readers read them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::theme::{Role, Theme};

use super::text::wrap;
use super::{Symbols, width};

/// Draws the title line of a pane and returns the area below. The focused pane has another rule and a mark.
pub fn pane(
    frame: &mut Frame,
    area: Rect,
    title: Vec<Span<'_>>,
    focused: bool,
    theme: &Theme,
    symbols: &Symbols,
) -> Rect {
    if area.is_empty() {
        return area;
    }
    let border = theme.style(if focused { Role::BorderFocused } else { Role::Border });
    let mark = if focused { symbols.head } else { symbols.rule };
    let mut spans = vec![Span::styled(format!("{mark} "), border)];
    let used = 3 + title.iter().map(|span| width(&span.content)).sum::<usize>();
    spans.extend(title);
    spans.push(Span::styled(format!(" {}", symbols.rule.repeat((area.width as usize).saturating_sub(used))), border));
    frame.render_widget(Line::from(spans), Rect { height: 1, ..area });
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// Plain words where there is nothing else to show, wrapped.
pub fn sentence(frame: &mut Frame, area: Rect, text: &str, role: Role, theme: &Theme) {
    for (row, range) in wrap(text, area.width as usize).into_iter().take(area.height as usize).enumerate() {
        let line = Line::styled(&text[range], theme.style(role));
        frame.render_widget(line, Rect { y: area.y + row as u16, height: 1, ..area });
    }
}
