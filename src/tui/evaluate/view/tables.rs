//! All metrics beside the numbers of others, and the strata.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::evaluation::digest::{BesideLine, Digest, Whose};
use crate::tui::evaluate::Evaluate;
use crate::tui::theme::Role;
use crate::tui::widgets::charts::{Bar, Bars};
use crate::tui::widgets::{Pen, width};

use super::numbers::metric_rows;

/// Metrics that others are shown in, where there is room.
const MOST_BESIDE: usize = 6;
/// Columns of a name beside ours.
const NAME: usize = 30;

impl Evaluate {
    pub(super) fn draw_strata(&self, frame: &mut Frame, area: Rect, digest: &Digest, pen: &Pen) {
        let metric = self.metric.min(digest.metrics.len().saturating_sub(1));
        Bars { rows: &bars(digest, metric), selected: Some(self.stratum) }.draw(frame, area, pen);
    }
}

/// A bar per stratum in one metric.
pub fn bars(digest: &Digest, metric: usize) -> Vec<Bar> {
    let of = |values: &[f64]| values.get(metric).copied().unwrap_or(0.0);
    let rows = digest.strata.iter().map(|stratum| Bar {
        label: if stratum.group.is_empty() {
            stratum.name.clone()
        } else {
            format!("{} {}", stratum.group, stratum.name)
        },
        count: stratum.count,
        before: of(&stratum.before),
        after: of(&stratum.after),
        ceiling: Some(of(&stratum.ceiling)),
    });
    rows.collect()
}

pub fn draw_metrics(frame: &mut Frame, area: Rect, digest: &Digest, pen: &Pen) {
    let mut rows = beside_rows(digest, area.width, pen);
    // Others first: ours are above already, as far as there is room.
    rows.push(Line::default());
    rows.extend(metric_rows(&digest.metrics, area.width, pen));
    pen.rows(frame, area, rows);
}

/// Ours, then those of others, each marked as what it is.
fn beside_rows(digest: &Digest, columns: u16, pen: &Pen) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    let cell = |name: &str| width(name).max(7) + 1;
    let mut room = columns.saturating_sub(NAME);
    let names: Vec<&str> = digest
        .metrics
        .iter()
        .take(MOST_BESIDE)
        .map(|metric| metric.name.as_str())
        .take_while(|name| {
            let fits = cell(name) <= room;
            room = room.saturating_sub(cell(name));
            fits
        })
        .collect();
    let head: String = names.iter().map(|name| format!("{name:>0$}", cell(name))).collect();
    let mut rows = vec![Line::from(pen.span(format!("{:NAME$}{head}", ""), Role::Muted))];
    let values = |of: &dyn Fn(usize) -> Option<f64>| -> String {
        let value = |(at, name): (usize, &&str)| match of(at) {
            Some(value) => format!("{value:>0$.4}", cell(name)),
            None => format!("{:>1$}", "", cell(name)),
        };
        names.iter().enumerate().map(value).collect()
    };
    type Of<'a> = &'a dyn Fn(usize) -> Option<f64>;
    let metric = |at: usize| &digest.metrics[at];
    let own: [(&str, Role, Of); 3] = [
        ("this run", Role::Title, &|at| Some(metric(at).after)),
        ("  stage 1 alone", Role::Text, &|at| Some(metric(at).before)),
        ("  ceiling of its shortlist", Role::Muted, &|at| Some(metric(at).ceiling)),
    ];
    for (name, role, of) in own {
        rows.push(Line::from(vec![pen.cell(name, NAME, role), pen.span(values(of), role)]));
    }
    for line in &digest.beside {
        let of = |at: usize| line.values.get(at).copied().flatten();
        rows.push(Line::from(vec![
            pen.cell(&line.name, NAME, Role::Accent),
            pen.span(values(&of), Role::Text),
            pen.span(format!("  {}", whose(line)), Role::Muted),
        ]));
    }
    rows
}

/// Nobody should take a printed number for one that was computed here.
fn whose(line: &BesideLine) -> String {
    match &line.whose {
        Whose::Published { label, same_data: true } => label.clone(),
        Whose::Published { label, same_data: false } => format!("other data; {label}"),
        Whose::Earlier { started } => format!("earlier run of {started}"),
    }
}
