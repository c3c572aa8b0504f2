//! The attention view: numbers first, heat second, the heads where there is room, and always how much was taken out and
//! never seen.

mod heads;
mod numbers;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::ModelState;
use crate::tui::explore::Explore;
use crate::tui::theme::Role;
use crate::tui::widgets::text::wrap;
use crate::tui::widgets::{Pen, sentence};

/// Columns of the numbers where they stand beside something.
const NUMBERS: u16 = 46;
/// Fewest columns of the text beside them.
const TEXT: u16 = 30;
/// Rows from which numbers and text stand one above the other well.
const ABOVE_FROM: u16 = 30;
/// Fewest rows in which a grid of heads that was not asked for says enough.
const GRID_ROWS: u16 = 12;

/// Where the parts are; an empty one is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parts {
    numbers: Rect,
    grid: Rect,
    text: Rect,
}

impl Explore {
    pub(super) fn draw_attention(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        self.grid_shown.set(false);
        let Some(explained) = self.explained() else {
            let (words, role) = self.no_attention(pen);
            return sentence(frame, area, &words, role, pen.theme);
        };
        let (columns, rows) = heads::wanted_size(explained, &self.gaze);
        let parts = parts(area, (columns, rows), self.gaze.grid);
        let used = self.draw_numbers(frame, parts.numbers, explained, pen);
        let mut text = parts.text;
        if parts.numbers.x == text.x && !text.is_empty() {
            // Below numbers that took less than they might, as far as the grid beside them lets it.
            let grid = if parts.grid.is_empty() { 0 } else { parts.grid.height.min(rows) };
            let used = used.max(grid).min(parts.numbers.height);
            text = Rect { y: area.y + used, height: area.height - used, ..text };
        }
        self.grid_shown.set(!parts.grid.is_empty());
        self.draw_heads(frame, parts.grid, explained, pen);
        explained.page.draw(frame, text, pen.theme);
    }

    fn no_attention(&self, pen: &Pen) -> (String, Role) {
        if let Some(refused) = &self.refused {
            return (format!("The attention could not be read: {refused}"), Role::Error);
        }
        match &pen.session.models {
            ModelState::Ready { reranker: None, .. } => ("There is no reranker to look into.".into(), Role::Muted),
            ModelState::Failed(_) => ("There are no models to look into.".into(), Role::Warning),
            ModelState::Loading => ("The models are loading.".into(), Role::Muted),
            ModelState::Ready { .. } => ("Waiting for the reranker's score of this skill.".into(), Role::Muted),
        }
    }
}

/// Numbers, grid and text side by side in a low pane, numbers and grid above the text in a high one. A grid that was
/// asked for (`wish`) takes the place of the text where there is no room for both.
fn parts(area: Rect, (columns, rows): (u16, u16), wish: Option<bool>) -> Parts {
    let none = Rect { width: 0, height: 0, ..area };
    let right_of = |left: u16, width: u16| Rect { x: area.x + left, width, ..area };
    let numbers = Rect { width: NUMBERS.min(area.width), ..area };
    let left = area.width.saturating_sub(NUMBERS + 1);
    if left >= TEXT && area.height < ABOVE_FROM {
        let beside = left > columns + TEXT && area.height >= GRID_ROWS.min(rows);
        return match wish {
            None | Some(true) if beside => {
                let text = NUMBERS + 1 + columns + 1;
                Parts { numbers, grid: right_of(NUMBERS + 1, columns), text: right_of(text, area.width - text) }
            }
            Some(true) => Parts { numbers, grid: right_of(NUMBERS + 1, left), text: none },
            _ => Parts { numbers, grid: none, text: right_of(NUMBERS + 1, left) },
        };
    }
    // The text gets half, or less where the shares of all three fields would not fit.
    let height = (area.height / 2).max(area.height.min(7).saturating_sub(2));
    let text = Rect { y: area.y + height, height: area.height - height, ..area };
    match wish {
        None | Some(true) if left >= columns && area.height >= ABOVE_FROM => {
            let grid = Rect { height, ..right_of(NUMBERS + 1, left) };
            Parts { numbers: Rect { height, ..numbers }, grid, text }
        }
        Some(true) => {
            // A grid of a few heads is no grid: the numbers leave it more than they leave the text.
            let height = area.height / 3;
            let grid = Rect { y: area.y + height, height: area.height - height, ..area };
            Parts { numbers: Rect { height, ..area }, grid, text: none }
        }
        _ => Parts { numbers: Rect { height, ..area }, grid: none, text },
    }
}

pub(super) fn wrapped(text: &str, columns: usize, role: Role, pen: &Pen) -> Vec<Line<'static>> {
    wrap(text, columns).into_iter().map(|row| Line::from(pen.span(text[row].to_owned(), role))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: u16, height: u16, wish: Option<bool>) -> (bool, bool) {
        let parts = parts(Rect::new(3, 5, width, height), (23, 16), wish);
        for part in [parts.numbers, parts.grid, parts.text] {
            assert!(part.right() <= 3 + width && part.bottom() <= 5 + height, "{width}x{height} {wish:?}: {parts:?}");
        }
        assert!(parts.grid.intersection(parts.text).is_empty() && parts.grid.intersection(parts.numbers).is_empty());
        (!parts.grid.is_empty(), !parts.text.is_empty())
    }

    #[test]
    fn the_grid_is_there_where_there_is_room_and_on_demand_elsewhere() {
        assert_eq!(
            [None, Some(true), Some(false)].map(|wish| shown(120, 17, wish)),
            [(true, true), (true, true), (false, true)]
        );
        assert_eq!([None, Some(true)].map(|wish| shown(80, 10, wish)), [(false, true), (true, false)]);
        assert_eq!([None, Some(false)].map(|wish| shown(90, 57, wish)), [(true, true), (false, true)]);
        assert_eq!([None, Some(true)].map(|wish| shown(40, 10, wish)), [(false, true), (true, false)]);
    }
}
