//! Where people look rather than read: ranks, before against after, risk against coverage, and the strata.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::engine::evaluation::digest::Digest;
use crate::tui::evaluate::Evaluate;
use crate::tui::theme::Role;
use crate::tui::widgets::charts::{Bars, Curve, Point, RankCount, RankHistogram, Scatter};
use crate::tui::widgets::{Pen, pane, sentence, thousands};

use super::tables::bars;

/// How many charts there are.
pub const CHARTS: usize = 4;
/// What one needs to be worth its place.
const LEAST: (u16, u16) = (38, 11);
/// More than this is only empty space between marks.
const MOST_ROWS: u16 = 24;

impl Evaluate {
    /// As many charts as fit, from the chosen one on.
    pub(super) fn draw_charts(&self, frame: &mut Frame, area: Rect, digest: &Digest, pen: &Pen) {
        let across = (area.width / LEAST.0).clamp(1, 2);
        let down = (area.height / LEAST.1).clamp(1, CHARTS as u16 / across);
        let (columns, rows) = (area.width / across, (area.height / down).min(MOST_ROWS));
        for place in 0..across * down {
            let chart = (self.chart + usize::from(place)) % CHARTS;
            let (x, y) = (place % across, place / across);
            let cell = Rect { x: area.x + x * columns, y: area.y + y * rows, width: columns, height: rows };
            // A blank column keeps neighbours apart.
            let cell = Rect { width: cell.width - u16::from(x + 1 < across), ..cell };
            self.draw_chart(frame, cell, chart, digest, pen);
        }
    }

    pub(super) fn charts_shown(&self) -> String {
        format!("chart {} of {CHARTS} first; up and down for the others", self.chart + 1)
    }

    fn draw_chart(&self, frame: &mut Frame, area: Rect, chart: usize, digest: &Digest, pen: &Pen) {
        let headline = digest.headline().map_or("", |metric| metric.name.as_str());
        let points: Vec<(f64, f64)> = digest.requests.iter().map(|line| (line.before, line.after)).collect();
        let scatter = Scatter { points: &points };
        let (title, about) = match chart {
            0 => ("Ranks", "of the best right skill".to_owned()),
            1 => {
                let (better, same, worse) = scatter.balance();
                let [better, same, worse] = [better, same, worse].map(thousands);
                let symbols = pen.symbols;
                let counts = format!("{}{better} {}{same} {}{worse}", symbols.promoted, symbols.same, symbols.demoted);
                ("Before and after", format!("{headline} {counts}"))
            }
            2 => (
                "Risk",
                match &digest.risk {
                    Some(risk) => format!("wrong answers by coverage, area {:.3}", risk.area),
                    None => "wrong answers by coverage".to_owned(),
                },
            ),
            _ => {
                let metric = digest.metrics.get(self.metric).map_or("", |metric| metric.name.as_str());
                ("Strata", metric.to_owned())
            }
        };
        let title = vec![pen.span(format!("{title} "), Role::Title), pen.span(about, Role::Muted)];
        let inner = pane(frame, area, title, false, pen.theme, pen.symbols);
        match (chart, &digest.risk) {
            (0, _) => {
                let rows: Vec<RankCount> = digest
                    .ranks
                    .iter()
                    .map(|line| RankCount { label: line.label.clone(), before: line.before, after: line.after })
                    .collect();
                RankHistogram { rows: &rows }.draw(frame, inner, pen);
            }
            (1, _) => scatter.draw(frame, inner, pen),
            (2, Some(risk)) => {
                let points: Vec<Point> = risk.points.iter().map(|&(x, y)| Point { x, y }).collect();
                Curve { points: &points, marked: None }.draw(frame, inner, pen);
            }
            (2, None) => {
                sentence(frame, inner, "There are no scores to choose a threshold by.", Role::Muted, pen.theme)
            }
            _ => Bars { rows: &bars(digest, self.metric), selected: None }.draw(frame, inner, pen),
        }
    }
}
