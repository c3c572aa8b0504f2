//! Where everything of the Library tab is, as a pure function: drawing and the mouse ask the same one.

use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::super::widgets::window;
use super::Pane;

/// From this width on list and detail stand side by side.
const SIDE_BY_SIDE: u16 = 90;
/// From this height on the load report has a place of its own.
const REPORT_FROM: u16 = 24;
/// Rows of the load report beside the rest, title included: enough to see that there is something.
const REPORT_ROWS: u16 = 8;
/// From this height on there is a row for what the load report amounts to, where its rows have no place.
const REPORT_LINE_FROM: u16 = 16;
/// A place is named in a row of its own as long as the places take no more than one row in so many.
const ROWS_PER_PLACE: u16 = 8;
/// More places than this are a list nobody reads before the skills.
const MOST_PLACES: u16 = 5;

/// What the layout depends on besides the area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    pub focus: Pane,
    pub report_rows: usize,
    /// Rows the summary could fill.
    pub summary_rows: usize,
}

/// Where the panes are; `None` for one that is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub summary: Rect,
    pub skills: Option<Rect>,
    pub detail: Option<Rect>,
    pub report: Option<Rect>,
    /// The title of the report alone, for there is nothing in it, or no room for its rows.
    pub report_line: Option<Rect>,
}

impl Areas {
    /// The pane at a cell of the screen.
    pub fn at(&self, column: u16, row: u16) -> Option<(Pane, Rect)> {
        [(Pane::Skills, self.skills), (Pane::Detail, self.detail), (Pane::Report, self.report)]
            .into_iter()
            .filter_map(|(pane, area)| Some((pane, area?)))
            .find(|(_, area)| area.contains(Position::new(column, row)))
    }
}

/// In tiers: all three panes; without room below, the report takes the list's place while it has the focus; without
/// room beside, only the pane that has the focus.
pub fn areas(area: Rect, wants: Wants) -> Areas {
    let report_below = wants.report_rows > 0 && area.height >= REPORT_FROM;
    let report_in_main = wants.focus == Pane::Report && !report_below;
    let report_line = !report_below && !report_in_main && area.height >= REPORT_LINE_FROM;
    let report_height = match report_below {
        true => REPORT_ROWS.min(u16::try_from(wants.report_rows).unwrap_or(u16::MAX).saturating_add(1)),
        false => report_line.into(),
    };
    let most = (area.height / ROWS_PER_PLACE).clamp(1, MOST_PLACES);
    let summary_height = wants.summary_rows.clamp(1, most.into()) as u16;
    let [summary, main, report] =
        Layout::vertical([Constraint::Length(summary_height), Constraint::Min(0), Constraint::Length(report_height)])
            .areas(area);
    let mut areas = Areas {
        summary,
        skills: None,
        detail: None,
        report: report_below.then_some(report),
        report_line: report_line.then_some(report),
    };
    let list = if area.width >= SIDE_BY_SIDE {
        // A column between the two, as in Explore.
        let [list, _, detail] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(1), Constraint::Fill(1)]).areas(main);
        areas.detail = Some(detail);
        list
    } else if wants.focus == Pane::Detail {
        areas.detail = Some(main);
        return areas;
    } else {
        main
    };
    if report_in_main {
        areas.report = Some(list);
    } else {
        areas.skills = Some(list);
    }
    areas
}

/// Rows of a pane above its list: the title, the heading over the skills, and where their groups come from.
fn rows_above(pane: Pane, grouped: bool) -> u16 {
    match pane {
        Pane::Skills => 2 + u16::from(grouped),
        Pane::Detail | Pane::Report => 1,
    }
}

/// The row of a list at a row of the screen.
pub fn row_at(
    area: Rect,
    screen_row: u16,
    (pane, grouped): (Pane, bool),
    selected: usize,
    rows: usize,
) -> Option<usize> {
    let above = rows_above(pane, grouped);
    let shown = window(Some(selected), rows, area.height.saturating_sub(above).into());
    let offset = screen_row.checked_sub(area.y + above)?;
    Some(shown.start + usize::from(offset)).filter(|row| shown.contains(row))
}
