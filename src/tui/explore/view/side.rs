//! Draws the evaluation beside the search.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::evaluate::{head_words, progress, worst_row};
use crate::tui::evaluation::Phase;
use crate::tui::explore::Explore;
use crate::tui::explore::layout::Focus;
use crate::tui::explore::side::ABOVE;
use crate::tui::theme::Role;
use crate::tui::widgets::charts::change;
use crate::tui::widgets::{Pen, pane, sentence, thousands, window};

/// Metrics that are shown.
const METRICS: usize = 3;

impl Explore {
    pub(super) fn draw_side(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        if area.is_empty() {
            return;
        }
        let evaluation = &pen.session.evaluation;
        let title = vec![pen.span("Evaluation ", Role::Title), pen.span(evaluation.benchmark.clone(), Role::Accent)];
        let inner = pane(frame, area, title, self.focus == Focus::Side, pen.theme, pen.symbols);
        if let Some(failed) = &evaluation.failed {
            return sentence(frame, inner, &format!("It failed: {failed}"), Role::Error, pen.theme);
        }
        if evaluation.phase == Phase::Idle {
            let words = "No evaluation yet. One is started in the tab of that name; its worst requests appear here, \
                         and Enter searches for one.";
            return sentence(frame, inner, words, Role::Muted, pen.theme);
        }
        let mut rows = vec![
            Line::from(pen.span(head_words(evaluation.settings, pen.symbols.dot), Role::Muted)),
            Line::from(progress(evaluation, inner.width, pen)),
        ];
        let digest = evaluation.digest.as_ref();
        for metric in digest.iter().flat_map(|digest| digest.metrics.iter().take(METRICS)) {
            let (by, role) = change(metric.after - metric.before, 4, pen.symbols);
            rows.push(Line::from(vec![
                pen.cell(&metric.name, 16, Role::Accent),
                pen.span(format!(" {:.4} ", metric.after), Role::Text),
                pen.span(by, role),
            ]));
        }
        // Fewer metrics than there is room for leave it blank, so that the list stays where the mouse looks for it.
        rows.resize(usize::from(ABOVE) - 2, Line::default());
        let heading = format!("Worst requests ({})", thousands(self.side.len()));
        rows.push(Line::from(pen.span(heading, Role::Title)));
        let height = inner.height.saturating_sub(ABOVE - 1);
        pen.rows(frame, inner, rows);
        let list = Rect { y: inner.y + inner.height - height, height, ..inner };
        let shown = window(Some(self.side.selected), self.side.len(), height.into());
        let lines = shown.filter_map(|at| {
            let focused = self.focus == Focus::Side && at == self.side.selected;
            Some(worst_row(self.side.line(at)?, list.width, focused, pen))
        });
        pen.rows(frame, list, lines);
    }
}
