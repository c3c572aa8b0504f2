//! What every head looks at: a line that says what was asked, how large a full cell is, and the grid.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::explain::{Heads, Reading};
use crate::tui::explore::Explore;
use crate::tui::explore::attention::{Explained, Gaze};
use crate::tui::theme::Role;
use crate::tui::widgets::head_map::HEADING;
use crate::tui::widgets::heat::Scale;
use crate::tui::widgets::{HeadMap, Pen, fit, percent};

use super::numbers::points;

/// Rows above the grid: what was asked, and the scale.
const ABOVE: usize = 2;
/// Columns in which both can be read.
const READABLE: usize = 32;

/// Columns and rows of the whole grid with its lines.
pub(super) fn wanted_size(explained: &Explained, gaze: &Gaze) -> (u16, u16) {
    let map = map(explained, gaze, &[]);
    (map.columns().max(READABLE) as u16, (ABOVE + HEADING + explained.grid.heads) as u16)
}

impl Explore {
    pub(super) fn draw_heads(&self, frame: &mut Frame, area: Rect, explained: &Explained, pen: &Pen) {
        if area.is_empty() {
            return;
        }
        let mean = explained.numbers().heads.layers(&explained.capture.attention);
        let map = map(explained, &self.gaze, &mean);
        let (columns, height) = (usize::from(area.width), usize::from(area.height).saturating_sub(ABOVE));
        let shown = map.shown(height);
        let heads = match (1..explained.grid.heads).contains(&shown.len()) {
            true => format!("heads {}-{} of {} on: ", shown.start + 1, shown.end, explained.grid.heads),
            false => "heads on: ".into(),
        };
        let line = |text: &str, role| Line::from(pen.span(fit(text, columns, pen.symbols.ellipsis), role));
        let rows = [
            line(&format!("{heads}{}", explained.target_label), Role::Accent),
            line(&full_cell(explained), Role::Muted),
        ];
        pen.rows(frame, area, rows.into_iter().chain(map.rows(columns, height, pen.theme, pen.symbols)));
    }
}

fn map<'a>(explained: &'a Explained, gaze: &'a Gaze, mean: &'a [usize]) -> HeadMap<'a> {
    let most = explained.grid.peak().map_or(0.0, |(_, _, value)| value.abs());
    let scale = if explained.reading() == Reading::Calibrated { Scale::Change(most) } else { Scale::Most(most) };
    let head = match &explained.numbers().heads {
        Heads::Lens(lens) => lens.head,
        Heads::Marked(_) => None,
    };
    HeadMap { grid: &explained.grid, scale, mean, head, marked: &gaze.marked }
}

/// What a 9 stands for, and where the largest is.
fn full_cell(explained: &Explained) -> String {
    let Some((layer, head, value)) = explained.grid.peak() else { return "no head looks at a field".into() };
    let size = match explained.reading() {
        Reading::Calibrated => format!("{} points", points(value)),
        Reading::Scored | Reading::Request => percent(value),
    };
    format!("9: {size}, layer {} head {}", layer + 1, head + 1)
}
