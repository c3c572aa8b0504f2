//! The numbers that are always in sight: the first metrics with interval, change and ceiling, and what became of the
//! requests.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use crate::engine::evaluation::digest::{Digest, MetricLine};
use crate::eval::Audit;
use crate::eval::stats::Interval;
use crate::tui::evaluate::Evaluate;
use crate::tui::evaluate::layout::Areas;
use crate::tui::theme::Role;
use crate::tui::widgets::charts::change;
use crate::tui::widgets::{Pen, percent, thousands, width};

/// "FullCoverage@10".
const NAME: usize = 16;
/// " 0.7333".
const VALUE: usize = 8;
/// " 0.6123-0.7321".
const INTERVAL: usize = 15;
/// " ↑0.1210".
const CHANGE: usize = 9;

impl Evaluate {
    pub(super) fn draw_numbers(&self, frame: &mut Frame, areas: Areas, digest: &Digest, pen: &Pen) {
        let area = areas.numbers;
        if area.is_empty() {
            return;
        }
        let rows = match areas.wide {
            true => column(digest, area.height, pen),
            false => {
                let room = usize::from(area.height).saturating_sub(2);
                let mut rows = metric_rows(&digest.metrics[..digest.metrics.len().min(room)], area.width, pen);
                rows.push(audit(digest, pen));
                rows
            }
        };
        pen.rows(frame, area, rows);
    }
}

/// Header and a row per metric; columns that do not fit are left out from the right.
pub fn metric_rows(metrics: &[MetricLine], columns: u16, pen: &Pen) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    let fits = |used: usize| columns >= NAME + 2 * VALUE + used;
    let (with_change, with_interval, with_ceiling) =
        (fits(CHANGE), fits(CHANGE + INTERVAL), fits(CHANGE + INTERVAL + VALUE + 1));
    let mut head = format!("{:NAME$}{:>VALUE$}{:>VALUE$}", "", "stage 1", "final");
    if with_interval {
        head.push_str(&format!("{:>INTERVAL$}", "95 %"));
    }
    if with_change {
        head.push_str(&format!("{:>CHANGE$}", "change"));
    }
    if with_ceiling {
        head.push_str(&format!("{:>1$}", "ceiling", VALUE + 1));
    }
    let mut rows = vec![Line::from(pen.span(head, Role::Muted))];
    rows.extend(metrics.iter().map(|metric| {
        let mut row = vec![
            pen.cell(&metric.name, NAME, Role::Accent),
            pen.span(format!("{:>VALUE$.4}{:>VALUE$.4}", metric.before, metric.after), Role::Text),
        ];
        if with_interval {
            row.push(pen.span(format!("{:>INTERVAL$}", interval(metric.interval, false)), Role::Muted));
        }
        if with_change {
            row.push(right(change(metric.after - metric.before, 4, pen.symbols), CHANGE, pen));
        }
        if with_ceiling {
            row.push(pen.span(format!("{:>1$.4}", metric.ceiling, VALUE + 1), Role::Muted));
        }
        Line::from(row)
    }));
    rows
}

/// "0.612-0.732", with signs where it is one of a difference.
pub fn interval(interval: Option<Interval>, signed: bool) -> String {
    match interval {
        Some(Interval { low, high }) if signed => format!("{low:+.4} to {high:+.4}"),
        Some(Interval { low, high }) => format!("{low:.4}-{high:.4}"),
        None => String::new(),
    }
}

/// Right-aligned in `columns`.
pub fn right((text, role): (String, Role), columns: usize, pen: &Pen) -> Span<'static> {
    let pad = columns.saturating_sub(width(&text));
    pen.span(" ".repeat(pad) + &text, role)
}

/// The four cells in one line.
fn audit(digest: &Digest, pen: &Pen) -> Line<'static> {
    let mut line = vec![pen.span("first result: ", Role::Muted)];
    for (audit, word, role) in [
        (Audit::BothRight, "right in both", Role::Text),
        (Audit::Fixed, "fixed", Role::Promoted),
        (Audit::Degraded, "degraded", Role::Demoted),
        (Audit::BothMissed, "missed by both", Role::Warning),
    ] {
        line.push(pen.span(thousands(digest.count(audit)), role));
        line.push(pen.span(format!(" {word}  "), Role::Muted));
    }
    Line::from(line)
}

/// All there is room for in a column of its own, most important first.
fn column(digest: &Digest, height: u16, pen: &Pen) -> Vec<Line<'static>> {
    let title = |text: &str| Line::from(pen.span(text.to_owned(), Role::Title));
    // A column of its own has the width for every part of a row.
    let mut rows = metric_rows(&digest.metrics, u16::MAX, pen);
    rows.extend([Line::default(), title("First result of both stages")]);
    let scored = digest.scored.max(1) as f32;
    for audit in Audit::ALL {
        rows.push(counted(audit.label(), digest.count(audit), scored, pen));
    }
    rows.extend([Line::default(), title("What went wrong (a request may be in several)")]);
    let failed = digest.requests.iter().filter(|line| !line.failures.is_empty()).count();
    rows.push(counted("requests with a failure", failed, scored, pen));
    for (failure, count) in &digest.failures {
        rows.push(counted(&format!("  {}", failure.label()), *count, scored, pen));
    }
    rows.extend([Line::default(), title("Skills that win where they should not")]);
    rows.push(Line::from(pen.span(format!("{:>6}{:>7}", "first", "above"), Role::Muted)));
    let room = usize::from(height).saturating_sub(rows.len());
    rows.extend(digest.distractors.iter().take(room).map(|one| {
        Line::from(vec![
            pen.span(format!("{:>6}{:>7}  ", one.wins, one.above), Role::Text),
            pen.cell(one.id.shown(), 50, Role::Accent),
        ])
    }));
    rows
}

fn counted(label: &str, count: usize, of: f32, pen: &Pen) -> Line<'static> {
    Line::from(vec![
        pen.cell(label, 34, Role::Text),
        pen.span(format!("{:>7}", thousands(count)), Role::Text),
        pen.span(format!("{:>9}", percent(count as f32 / of)), Role::Muted),
    ])
}
