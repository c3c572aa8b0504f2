//! All metrics beside the numbers of others, and the strata.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::evaluation::digest::{BesideLine, Digest, Whose};
use crate::tui::evaluate::Evaluate;
use crate::tui::evaluate::layout::Areas;
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

    /// Our means, those of others below them, and the metrics that are not in sight already.
    pub(super) fn draw_metrics(&self, frame: &mut Frame, areas: Areas, digest: &Digest, pen: &Pen) {
        let area = areas.main;
        let mut rows = own_rows(digest, area.width, pen);
        rows.extend(other_rows(digest, area.width, pen).into_iter().skip(self.table));
        let in_sight = match (areas.wide, areas.numbers.is_empty()) {
            (true, _) => digest.metrics.len(),
            (false, true) => 0,
            (false, false) => usize::from(areas.numbers.height).saturating_sub(2),
        };
        let left = &digest.metrics[in_sight.min(digest.metrics.len())..];
        if !left.is_empty() {
            rows.push(Line::default());
            rows.extend(metric_rows(left, area.width, pen));
        }
        pen.rows(frame, area, rows);
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

/// Metrics that there is room for, with the width of their columns.
fn columns(digest: &Digest, width_of_all: u16) -> Vec<(&str, usize)> {
    let mut room = usize::from(width_of_all).saturating_sub(NAME);
    let names = digest.metrics.iter().take(MOST_BESIDE).map(|metric| metric.name.as_str());
    let cells = names.map(|name| (name, width(name).max(7) + 1));
    cells
        .take_while(|(_, columns)| {
            let fits = *columns <= room;
            room = room.saturating_sub(*columns);
            fits
        })
        .collect()
}

fn values(columns: &[(&str, usize)], of: impl Fn(usize) -> Option<f64>) -> String {
    let value = |(at, &(_, columns)): (usize, &(&str, usize))| match of(at) {
        Some(value) => format!("{value:>columns$.4}"),
        None => " ".repeat(columns),
    };
    columns.iter().enumerate().map(value).collect()
}

fn own_rows(digest: &Digest, width_of_all: u16, pen: &Pen) -> Vec<Line<'static>> {
    type Of<'a> = &'a dyn Fn(usize) -> Option<f64>;
    let columns = columns(digest, width_of_all);
    let head: String = columns.iter().map(|(name, columns)| format!("{name:>columns$}")).collect();
    let mut rows = vec![Line::from(pen.span(format!("{:NAME$}{head}", ""), Role::Muted))];
    let metric = |at: usize| &digest.metrics[at];
    let own: [(&str, Role, Of); 3] = [
        ("this run", Role::Title, &|at| Some(metric(at).after)),
        ("  stage 1 alone", Role::Text, &|at| Some(metric(at).before)),
        ("  ceiling of its shortlist", Role::Muted, &|at| Some(metric(at).ceiling)),
    ];
    rows.extend(
        own.map(|(name, role, of)| Line::from(vec![pen.cell(name, NAME, role), pen.span(values(&columns, of), role)])),
    );
    rows
}

/// Rows of the numbers of others: theirs, and a heading wherever it is somebody else's.
pub fn beside_rows(digest: &Digest) -> usize {
    digest.beside.len() + digest.beside.chunk_by(|a, b| heading(a) == heading(b)).count()
}

/// Every group of rows says in full whose it is: nobody should take a printed number for one that was computed here.
fn other_rows(digest: &Digest, width_of_all: u16, pen: &Pen) -> Vec<Line<'static>> {
    let columns = columns(digest, width_of_all);
    let mut rows = Vec::new();
    for group in digest.beside.chunk_by(|a, b| heading(a) == heading(b)) {
        let same = !matches!(group[0].whose, Whose::Published { same_data: false, .. });
        let role = if same { Role::Title } else { Role::Warning };
        rows.push(Line::from(pen.cell(&heading(&group[0]), width_of_all.into(), role)));
        for line in group {
            let of = |at: usize| line.values.get(at).copied().flatten();
            let name = pen.cell(&format!("  {}", name(line)), NAME, Role::Accent);
            rows.push(Line::from(vec![name, pen.span(values(&columns, of), Role::Text)]));
        }
    }
    rows
}

fn heading(line: &BesideLine) -> String {
    match &line.whose {
        Whose::Published { label, same_data: true } => label.clone(),
        Whose::Published { label, same_data: false } => format!("(other data) {label}"),
        Whose::Earlier { .. } => "earlier runs of this benchmark, on this machine".into(),
    }
}

fn name(line: &BesideLine) -> String {
    match &line.whose {
        Whose::Published { .. } => line.name.clone(),
        Whose::Earlier { started } => {
            format!("{} {}", started.get(..16).unwrap_or(started).replace('T', " "), line.name)
        }
    }
}
