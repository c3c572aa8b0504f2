//! A bar per group: what the first stage reached, what the second added or took away, and the most it could reach.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, Symbols, thousands, width, window};

use super::change;

/// One group. All values are parts of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub label: String,
    /// How many requests it is the mean of.
    pub count: usize,
    pub before: f64,
    pub after: f64,
    pub ceiling: Option<f64>,
}

/// Rows of bars with their numbers; the selected one stays in sight.
pub struct Bars<'a> {
    pub rows: &'a [Bar],
    pub selected: Option<usize>,
}

/// " 0.7333 ↑0.0120"
const NUMBERS: usize = 15;
/// A shorter bar says less than its number.
const LEAST_TRACK: usize = 8;

impl Bars<'_> {
    pub fn draw(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        if area.is_empty() {
            return;
        }
        let columns = usize::from(area.width);
        let longest = self.rows.iter().map(|bar| width(&bar.label)).max().unwrap_or(0);
        let counts = self.rows.iter().map(|bar| thousands(bar.count).len()).max().unwrap_or(1).max(3);
        // Mark, label, blank, count, blank, track, numbers.
        let label = longest.min(columns * 2 / 5).min(columns.saturating_sub(counts + NUMBERS + 3));
        let track_columns = columns.saturating_sub(label + counts + NUMBERS + 4);
        let track_columns = if track_columns < LEAST_TRACK { 0 } else { track_columns };
        let shown = window(self.selected, self.rows.len(), area.height.into());
        let rows = shown.map(|at| {
            let (bar, selected) = (&self.rows[at], self.selected == Some(at));
            let mut row = vec![
                pen.span(if selected { pen.symbols.selected } else { " " }, Role::Accent),
                pen.cell(&bar.label, label, Role::Text),
                pen.span(format!(" {:>counts$} ", thousands(bar.count)), Role::Muted),
            ];
            row.extend(track(bar, track_columns, pen));
            let (by, role) = change(bar.after - bar.before, 4, pen.symbols);
            row.push(pen.span(format!(" {:>6.4} ", bar.after), Role::Text));
            row.push(pen.span(by, role));
            pen.selectable(Line::from(row), selected)
        });
        pen.rows(frame, area, rows);
    }
}

/// One bar of exactly `columns` columns.
pub fn track(bar: &Bar, columns: usize, pen: &Pen) -> Vec<Span<'static>> {
    let mut spans: Vec<(String, Role)> = Vec::new();
    for column in 0..columns {
        let (symbol, role) = cell(bar, column, columns, pen.symbols);
        match spans.last_mut() {
            Some((text, last)) if *last == role => text.push_str(symbol),
            _ => spans.push((symbol.to_owned(), role)),
        }
    }
    spans.into_iter().map(|(text, role)| pen.span(text, role)).collect()
}

fn cell(bar: &Bar, column: usize, columns: usize, symbols: &Symbols) -> (&'static str, Role) {
    let end = |value: f64| (value.clamp(0.0, 1.0) * columns as f64).round() as usize;
    let (before, after) = (end(bar.before), end(bar.after));
    // The mark stands on the last cell that could be filled.
    let ceiling = bar.ceiling.map(|ceiling| end(ceiling).saturating_sub(1));
    match column {
        _ if column < before.min(after) => (symbols.bar[symbols.bar.len() - 1], Role::ScoreBar),
        _ if column < after => (symbols.gained, Role::Promoted),
        _ if column < before => (symbols.lost, Role::Demoted),
        _ if ceiling == Some(column) => (symbols.ceiling, Role::Muted),
        _ => (" ", Role::Text),
    }
}
