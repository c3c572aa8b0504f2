//! One request: a row of the list, and everything about the selected one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::evaluation::digest::{Digest, RequestLine};
use crate::eval::{Audit, Failure};
use crate::tui::evaluate::Evaluate;
use crate::tui::evaluate::layout::Areas;
use crate::tui::theme::Role;
use crate::tui::widgets::text::wrap;
use crate::tui::widgets::{Pen, fit, pane, sentence, width, window};

/// Columns below which the failure's name is cut and the metric is left out.
const NARROW: u16 = 60;
/// Rows of the request in the detail below the list.
const REQUEST_ROWS: usize = 2;

impl Evaluate {
    pub(super) fn draw_requests(&self, frame: &mut Frame, areas: Areas, digest: &Digest, pen: &Pen) {
        let area = areas.main;
        if self.rows.is_empty() {
            let words = match digest.requests.is_empty() {
                true => "None yet.",
                false => "No request of this kind. Another class, another stratum or another search may list some.",
            };
            return sentence(frame, area, words, Role::Muted, pen.theme);
        }
        let shown = window(Some(self.selected), self.rows.len(), area.height.into());
        let rows = shown.filter_map(|at| {
            let line = digest.requests.get(self.rows[at])?;
            Some(request_row(line, area.width, at == self.selected, pen))
        });
        pen.rows(frame, area, rows);
        if let Some(line) = self.request(digest).filter(|_| !areas.detail.is_empty()) {
            draw_detail(frame, areas.detail, line, digest, pen);
        }
    }
}

/// Failure, best rank before and after, the metric before and after, request.
pub fn request_row(line: &RequestLine, columns: u16, selected: bool, pen: &Pen) -> Line<'static> {
    let (label, role) = verdict(line);
    let narrow = columns < NARROW;
    let (label, label_columns) = if narrow { (short(line), 10) } else { (label, 25) };
    let mut row = vec![
        pen.span(if selected { pen.symbols.selected } else { " " }, Role::Accent),
        pen.cell(label, label_columns, role),
        pen.span(format!(" {}", ranks(line, pen)), Role::Text),
    ];
    if !narrow {
        row.push(pen.span(format!("  {:.2} {} ", line.before, pen.symbols.arrow), Role::Muted));
        row.push(pen.span(format!("{:.2}", line.after), Role::Text));
    }
    let used: usize = row.iter().map(|span| width(&span.content)).sum::<usize>() + 2;
    row.push(pen.span("  ", Role::Text));
    row.push(pen.cell(line.request.shown(), usize::from(columns).saturating_sub(used), Role::Text));
    pen.selectable(Line::from(row), selected)
}

/// The same for a narrow pane: ranks and request.
pub fn worst_row(line: &RequestLine, columns: u16, selected: bool, pen: &Pen) -> Line<'static> {
    let (_, role) = verdict(line);
    let row = vec![
        pen.span(if selected { pen.symbols.selected } else { " " }, Role::Accent),
        pen.span(format!("{} ", ranks(line, pen)), role),
        pen.cell(line.request.shown(), usize::from(columns).saturating_sub(10), Role::Text),
    ];
    pen.selectable(Line::from(row), selected)
}

/// "12 → 3  ", eight columns and more only where ranks have more than three digits.
fn ranks(line: &RequestLine, pen: &Pen) -> String {
    let rank = |rank: Option<usize>| rank.map_or("-".into(), |rank| rank.to_string());
    fit(&format!("{:>3} {} {}", rank(line.best_before), pen.symbols.arrow, rank(line.best_after)), 8, "")
}

/// What became of a request in a few words.
pub fn verdict(line: &RequestLine) -> (&'static str, Role) {
    match (line.failure(), line.audit) {
        (Some(failure), _) => (failure.label(), failure_role(failure)),
        (None, Audit::Fixed) => ("fixed by the reranker", Role::Promoted),
        (None, Audit::BothRight) => ("found, first", Role::Text),
        (None, _) => ("found", Role::Text),
    }
}

/// The same in ten columns.
fn short(line: &RequestLine) -> &'static str {
    match (line.failure(), line.audit) {
        (Some(Failure::NotInShortlist), _) => "not listed",
        (Some(Failure::Demoted), _) => "demoted",
        (Some(Failure::RankedLow), _) => "low",
        (Some(Failure::CutByTruncation), _) => "not read",
        (Some(Failure::NearDuplicate), _) => "duplicate",
        (Some(Failure::UnjudgedWinner), _) => "unjudged",
        (None, Audit::Fixed) => "fixed",
        (None, _) => "found",
    }
}

fn failure_role(failure: Failure) -> Role {
    match failure {
        Failure::NotInShortlist => Role::Error,
        Failure::Demoted => Role::Demoted,
        Failure::RankedLow | Failure::CutByTruncation | Failure::NearDuplicate | Failure::UnjudgedWinner => {
            Role::Warning
        }
    }
}

fn draw_detail(frame: &mut Frame, area: Rect, line: &RequestLine, digest: &Digest, pen: &Pen) {
    let title = vec![pen.span(line.task.shown().to_owned(), Role::Title)];
    let inner = pane(frame, area, title, false, pen.theme, pen.symbols);
    let mut rows: Vec<Line> = Vec::new();
    // Only what can be on the screen is wrapped.
    let request = fit(line.request.shown(), usize::from(inner.width) * (REQUEST_ROWS + 1), pen.symbols.ellipsis);
    let request = request.trim_end();
    for range in wrap(request, inner.width.into()).into_iter().take(REQUEST_ROWS) {
        rows.push(Line::from(pen.span(request[range].to_owned(), Role::Text)));
    }
    let mut about: Vec<Span> = line
        .failures
        .iter()
        .map(|failure| pen.span(format!("{}  ", failure.label()), failure_role(*failure)))
        .collect();
    about.push(pen.span(format!("{}  ", line.audit.label()), Role::Muted));
    about.extend(line.strata.iter().map(|(group, name)| pen.span(format!("{group} {name}  "), Role::Muted)));
    if !line.gold_missing.is_empty() {
        let missing: Vec<&str> = line.gold_missing.iter().map(|id| id.shown()).collect();
        about.push(pen.span(format!("not in the pool: {}", missing.join(", ")), Role::Warning));
    }
    rows.push(Line::from(about));
    let metric = digest.headline().map_or("", |metric| metric.name.as_str());
    let head =
        format!("{:>5} {:>5}  {metric} {:.4} {} {:.4}", "final", "was", line.before, pen.symbols.arrow, line.after);
    rows.push(Line::from(pen.span(head, Role::Muted)));
    rows.extend(
        line.top.iter().enumerate().map(|(at, (id, gold, before))| top_row(at + 1, id.shown(), *gold, *before, pen)),
    );
    let found = |id: &crate::library::Text| line.top.iter().any(|(other, ..)| other == id);
    for (id, ranks) in line.gold.iter().zip(&line.gold_ranks).filter(|(id, _)| !found(id)) {
        rows.push(gold_row(id.shown(), *ranks, pen));
    }
    // Where not all of it fits, the gold that is missing matters more than the last of the ten.
    let lost = rows.len().saturating_sub(inner.height.into());
    let missing = line.gold.iter().filter(|id| !found(id)).count();
    let end = rows.len().saturating_sub(missing);
    rows.drain(end.saturating_sub(lost)..end);
    pen.rows(frame, inner, rows);
}

/// A right skill that is not among the first ten.
fn gold_row(id: &str, (before, after): (Option<usize>, Option<usize>), pen: &Pen) -> Line<'static> {
    let rank = |rank: Option<usize>| rank.map_or("-".into(), |rank| rank.to_string());
    let why = match (before, after) {
        (None, _) => "  not in the shortlist",
        (Some(_), _) => "  not in the first ten",
    };
    Line::from(vec![
        pen.span(format!("{:>5} {:>5}  ", rank(after), rank(before)), Role::Muted),
        pen.span(format!("{} {id}", pen.symbols.gold), Role::Gold),
        pen.span(why, Role::Warning),
    ])
}

fn top_row(rank: usize, id: &str, gold: bool, before: Option<usize>, pen: &Pen) -> Line<'static> {
    let before = before.map_or("-".into(), |rank| rank.to_string());
    let (mark, role) = if gold { (pen.symbols.gold, Role::Gold) } else { (" ", Role::Text) };
    Line::from(vec![pen.span(format!("{rank:>5} {before:>5}  "), Role::Muted), pen.span(format!("{mark} {id}"), role)])
}
