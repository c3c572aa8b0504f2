//! Runs that are kept, and some of them side by side.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::RunLine;
use crate::engine::evaluation::comparison::{Against, Comparison, Difference};
use crate::eval::compare::Verdict;
use crate::tui::evaluate::Evaluate;
use crate::tui::evaluate::runs::{Row, rows};
use crate::tui::theme::Role;
use crate::tui::widgets::charts::change;
use crate::tui::widgets::{Pen, sentence, thousands, window};

use super::head::words;
use super::numbers::{interval, right};

/// "FullCoverage@10".
const NAME: usize = 16;
/// Names of benchmarks that are longer are cut.
const BENCHMARK: usize = 18;
/// " nDCG@10 0.6100".
const VALUE: usize = 17;
/// "too few requests".
const VERDICT: usize = 16;
/// "2026-11-21 07:47".
const STARTED: usize = 17;

impl Evaluate {
    pub(super) fn about_runs(&self, pen: &Pen) -> Vec<Span<'static>> {
        let words = match (&self.runs.comparison, self.runs.comparing) {
            (_, true) => "comparing".to_owned(),
            (Some(comparison), _) => format!("{}: against {}", comparison.benchmark, comparison.base),
            (None, _) => {
                let (runs, marked) = (self.runs.lines().len(), self.runs.marked.len());
                format!("{} kept, {marked} marked to compare", thousands(runs))
            }
        };
        vec![pen.span(words, Role::Muted)]
    }

    pub(super) fn draw_runs(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        if let Some(comparison) = &self.runs.comparison {
            return self.draw_comparison(frame, area, comparison, pen);
        }
        let lines = self.runs.lines();
        if lines.is_empty() {
            let (words, role) = match (&self.runs.refused, self.runs.is_listed()) {
                (Some(why), _) => (why.shown(), Role::Error),
                (None, true) => ("No run is kept yet. Every run of this tab and of skillscope eval is.", Role::Muted),
                (None, false) => ("Looking what is there.", Role::Muted),
            };
            return sentence(frame, area, words, role, pen.theme);
        }
        let shown = window(Some(self.runs.selected), lines.len(), area.height.into());
        let rows = shown.map(|at| {
            let marked = self.runs.marked.iter().position(|id| *id == lines[at].id);
            pen.selectable(run_row(&lines[at], marked, area.width, pen), at == self.runs.selected)
        });
        pen.rows(frame, area, rows);
    }

    fn draw_comparison(&self, frame: &mut Frame, area: Rect, comparison: &Comparison, pen: &Pen) {
        let rows = rows(comparison);
        let shown = window(Some(self.runs.row), rows.len(), area.height.into());
        let lines = shown.map(|at| {
            let line = comparison_row(rows[at], comparison, area.width, pen);
            pen.selectable(line, at == self.runs.row)
        });
        pen.rows(frame, area, lines.collect::<Vec<_>>());
    }
}

/// Mark, benchmark, headline, how far, time, what ran.
fn run_row(line: &RunLine, marked: Option<usize>, columns: u16, pen: &Pen) -> Line<'static> {
    let mark = marked.map_or(" ".into(), |at| (at + 1).to_string());
    let (value, role) = match line.headline() {
        Some((name, value)) => (format!("{name} {value:.4}"), Role::Text),
        None => ("no numbers".into(), Role::Muted),
    };
    let state = if line.finished { String::new() } else { format!("left at {}/{}  ", line.done, line.planned) };
    // Seconds and the zone are in the run itself.
    let started = line.started.get(..16).unwrap_or(&line.started).replace('T', " ");
    let mut row = vec![
        pen.span(format!("{mark:>2} "), Role::Accent),
        pen.cell(line.benchmark.shown(), BENCHMARK, Role::Text),
        pen.cell(&format!(" {value}"), VALUE, role),
        pen.span(state, Role::Warning),
        pen.cell(&started, STARTED, Role::Muted),
    ];
    if let Some(settings) = line.settings {
        row.push(pen.span(format!("{}  ", words(settings, pen.symbols.dot)), Role::Text));
    }
    let used: usize = row.iter().map(Span::width).sum();
    let (last, role) = match &line.damage {
        Some(damage) => (damage, Role::Error),
        None => (&line.system, Role::Muted),
    };
    row.push(pen.cell(last.shown(), usize::from(columns).saturating_sub(used), role));
    Line::from(row)
}

fn comparison_row(row: Row, comparison: &Comparison, columns: u16, pen: &Pen) -> Line<'static> {
    let other = |at: usize| comparison.others.get(at);
    match row {
        Row::Blank => Line::default(),
        Row::Note(text) => Line::from(pen.span(text.to_owned(), Role::Muted)),
        Row::Lists(at) => other(at).map_or_else(Line::default, |other| {
            let words =
                format!("lists: rank-biased overlap {:.3}, first ten in common {:.3}", other.overlap, other.jaccard);
            Line::from(pen.span(words, Role::Muted))
        }),
        Row::Title(at) => other(at).map_or_else(Line::default, |other| title(other, comparison, pen)),
        Row::Head => Line::from(pen.span(
            format!(
                "{:NAME$}{:>8}{:>8}{:>9}{:>14}{:>8}  {:VERDICT$}{:>20}{:>8}",
                "", "base", "this", "change", "win/tie/loss", "p Holm", "", "95 % of change", "p alone"
            ),
            Role::Muted,
        )),
        Row::Metric(at, metric) => other(at)
            .and_then(|other| other.metrics.get(metric))
            .map_or_else(Line::default, |metric| metric_row(metric, pen)),
        Row::Loss(at, loss) => {
            other(at).and_then(|other| other.regressions.get(loss)).map_or_else(Line::default, |loss| {
                let arrow = pen.symbols.arrow;
                Line::from(vec![
                    pen.span(format!("  {:.3} {arrow} {:.3}  ", loss.base, loss.other), Role::Demoted),
                    pen.cell(loss.line.request.shown(), usize::from(columns).saturating_sub(19), Role::Text),
                ])
            })
        }
    }
}

fn title(other: &Against, comparison: &Comparison, pen: &Pen) -> Line<'static> {
    let mut title = vec![pen.span(other.name.clone(), Role::Title)];
    let common = thousands(other.common);
    title.push(pen.span(format!("  against {}, {common} requests in common", comparison.base), Role::Muted));
    Line::from(title)
}

fn metric_row(metric: &Difference, pen: &Pen) -> Line<'static> {
    let p = |p: f64| if p < 0.0001 { "<.0001".into() } else { format!("{p:.4}") };
    let (verdict, role) = match metric.verdict {
        Verdict::Better => ("better", Role::Promoted),
        Verdict::Worse => ("worse", Role::Demoted),
        Verdict::NoneShown => ("none shown", Role::Muted),
        Verdict::TooFew => ("too few requests", Role::Warning),
    };
    let counts = format!("{}/{}/{}", metric.wins, metric.ties, metric.losses);
    // What a narrow screen cuts off comes last.
    Line::from(vec![
        pen.cell(&metric.name, NAME, Role::Accent),
        pen.span(format!("{:>8.4}{:>8.4}", metric.base, metric.other), Role::Text),
        right(change(metric.other - metric.base, 4, pen.symbols), 9, pen),
        pen.span(format!("{counts:>14}"), Role::Muted),
        pen.span(format!("{:>8}  ", p(metric.p_holm)), Role::Text),
        pen.cell(verdict, VERDICT, role),
        pen.span(format!("{:>20}{:>8}", interval(metric.interval, true), p(metric.p)), Role::Muted),
    ])
}
