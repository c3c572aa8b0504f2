//! How often the best right skill stood at which rank, in both stages.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, score_bar, thousands, width};

/// Requests whose best right skill is at these ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankCount {
    /// "1", "6-10", "not found".
    pub label: String,
    pub before: usize,
    pub after: usize,
}

/// Two bars per bucket of ranks on one scale.
pub struct RankHistogram<'a> {
    pub rows: &'a [RankCount],
}

impl RankHistogram<'_> {
    pub fn draw(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        if area.is_empty() {
            return;
        }
        let label = self.rows.iter().map(|row| width(&row.label)).max().unwrap_or(0).max(4);
        let most = self.rows.iter().map(|row| row.before.max(row.after)).max().unwrap_or(0);
        let number = thousands(most).len().max(3);
        let half = usize::from(area.width).saturating_sub(label + 2) / 2;
        let bar = half.saturating_sub(number + 2);
        let part = |count: usize| if most == 0 { 0.0 } else { count as f32 / most as f32 };
        let head = Line::from(pen.span(format!("{:>label$}  {:half$}{}", "rank", "shortlist", "final"), Role::Muted));
        let rows = self.rows.iter().map(|row| {
            let mut line = vec![pen.span(format!("{:>label$}  ", row.label), Role::Text)];
            for (count, role) in [(row.before, Role::Muted), (row.after, Role::ScoreBar)] {
                line.push(pen.span(format!("{:>number$} ", thousands(count)), Role::Text));
                line.push(pen.span(score_bar(part(count), bar, pen.symbols), role));
                line.push(pen.span(" ", Role::Text));
            }
            Line::from(line)
        });
        pen.rows(frame, area, std::iter::once(head).chain(rows));
    }
}
