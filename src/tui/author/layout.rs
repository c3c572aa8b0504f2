//! Where everything of the Author tab is, as a pure function: drawing and the mouse ask the same one.

use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::Focus;

/// From this width on the fields and the results stand side by side.
const SIDE_BY_SIDE: u16 = 100;
/// From this height on they stand one above the other, where there is no room beside.
const STACKED_FROM: u16 = 18;
/// Rows of the results below the fields.
const SIDE_ROWS: u16 = 8;
/// Rows of the description, title included; real ones have 255 characters in the median (domain.md 1.7).
const DESCRIPTION_ROWS: u16 = 6;

/// `None` for what is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Areas {
    /// One row: whose bench it is.
    pub head: Rect,
    /// Panes of name, description and body, titles included.
    pub fields: Option<[Rect; 3]>,
    pub side: Option<Rect>,
}

impl Areas {
    /// The part at a cell of the screen.
    pub fn at(&self, column: u16, row: u16) -> Option<Focus> {
        let place = Position::new(column, row);
        if self.side.is_some_and(|side| side.contains(place)) {
            return Some(Focus::Side);
        }
        let at = self.fields?.iter().position(|field| field.contains(place))?;
        Some(Focus::FIELDS[at])
    }
}

pub fn areas(area: Rect, focus: Focus) -> Areas {
    let [head, main] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let (left, side) = if area.width >= SIDE_BY_SIDE {
        let [left, _, side] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(1), Constraint::Fill(1)]).areas(main);
        (Some(left), Some(side))
    } else if area.height >= STACKED_FROM {
        let [left, side] = match focus {
            // Reading the results needs the rows, writing needs them too.
            Focus::Side | Focus::Probe => Layout::vertical([Constraint::Length(SIDE_ROWS), Constraint::Min(0)]),
            _ => Layout::vertical([Constraint::Min(0), Constraint::Length(SIDE_ROWS)]),
        }
        .areas(main);
        (Some(left), Some(side))
    } else if matches!(focus, Focus::Side | Focus::Probe) {
        (None, Some(main))
    } else {
        (Some(main), None)
    };
    Areas { head, fields: left.map(|left| fields(left, focus)), side }
}

/// Name, description, body; where rows are few, the one that has the focus takes them.
fn fields(area: Rect, focus: Focus) -> [Rect; 3] {
    let description = DESCRIPTION_ROWS.min(area.height / 3).max(1);
    let rows = match focus {
        Focus::Name | Focus::Description if area.height < 10 => {
            [Constraint::Length(2), Constraint::Min(1), Constraint::Length(1)]
        }
        _ if area.height < 10 => [Constraint::Length(2), Constraint::Length(1), Constraint::Min(1)],
        _ => [Constraint::Length(2), Constraint::Length(description), Constraint::Min(2)],
    };
    Layout::vertical(rows).areas(area)
}
