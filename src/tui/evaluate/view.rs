//! Draws the Evaluate tab: progress, the metrics of both stages, the requests that failed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::eval::{EvalReport, Failure, QueryOutcome, StratumRow};
use crate::library::Text;
use crate::tui::session::Session;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::{Symbols, fit, pane, score_bar, sentence, thousands, width, window};

use super::list::failure_label;
use super::{Evaluate, Phase};

/// Progress, header, five metrics, protocol, unscored.
const NUMBERS_ROWS: u16 = 9;
/// Rows below which only the list is drawn, and above it the progress.
const LOW: u16 = 14;
/// Columns below which single and multi are left out.
const SPLIT_FROM: u16 = 76;
/// "FullCoverage@10".
const METRIC: usize = 16;
const VALUE: usize = 9;
/// Columns below which the failure's name is cut.
const NARROW: u16 = 60;
/// Unscored requests that are named in the one line there is.
const MOST_NAMED: usize = 20;

/// Where the list of requests is; the mouse asks it too.
pub fn list_area(area: Rect) -> Rect {
    let above = if area.height < LOW { 1 } else { NUMBERS_ROWS }.min(area.height);
    Rect { y: area.y + above, height: area.height - above, ..area }
}

struct Ink<'a> {
    theme: &'a Theme,
    symbols: &'static Symbols,
}

impl Ink<'_> {
    fn span<'s>(&self, text: impl Into<std::borrow::Cow<'s, str>>, role: Role) -> Span<'s> {
        Span::styled(text, self.theme.style(role))
    }
}

impl Evaluate {
    pub fn draw(&self, frame: &mut Frame, area: Rect, session: &Session, theme: &Theme) {
        let area = area.intersection(frame.area());
        let ink = Ink { theme, symbols: Symbols::of(session.ascii) };
        if area.is_empty() {
            return;
        }
        let list = list_area(area);
        let above = Rect { height: list.y - area.y, ..area };
        match &self.report {
            None => sentence(frame, area, &self.before_numbers(session), self.role_before(), theme),
            Some(report) => {
                let rows = self.number_rows(report, area.width, &ink);
                for (y, row) in rows.into_iter().take(above.height.into()).enumerate() {
                    frame.render_widget(row, Rect { y: above.y + y as u16, height: 1, ..above });
                }
                self.draw_list(frame, list, report, &ink);
            }
        }
    }

    fn role_before(&self) -> Role {
        if self.failed.is_some() { Role::Error } else { Role::Muted }
    }

    fn before_numbers(&self, session: &Session) -> String {
        if let Some(failed) = &self.failed {
            return format!("The evaluation failed: {failed}");
        }
        match self.phase {
            Phase::Running => format!("Running: the first of {} requests is under way.", self.done.1),
            _ => format!(
                "The demo benchmark asks its requests through the same two stages as live search and compares what is \
                 found with what should be: Hit@1, MRR@10, nDCG@10, Recall@10 and FullCoverage@10, before and after \
                 reranking.\n\nIt will run with stage 1 {}, fields {}, depth {}, reranking {}. It runs over the \
                 demo library, whatever is open in Explore; requests that no skill is meant to answer are counted and \
                 named, not scored.\n\nThe line at the bottom names the key that starts it.",
                session.settings.stage1.key(),
                session.settings.fields.key(),
                session.settings.depth,
                if session.settings.rerank { "on" } else { "off" },
            ),
        }
    }

    fn number_rows(&self, report: &EvalReport, columns: u16, ink: &Ink) -> Vec<Line<'static>> {
        let mut rows = vec![self.progress(report, ink)];
        rows.extend(metric_rows(report, columns, ink));
        let rules = format!("{} {} {}", report.header.system, ink.symbols.dot, report.protocol().describe());
        rows.push(Line::from(ink.span(rules, Role::Muted)));
        rows.push(unscored(report, ink));
        rows
    }

    /// Bar, count, speed and what is left.
    fn progress(&self, report: &EvalReport, ink: &Ink) -> Line<'static> {
        let (done, of) = self.done;
        let part = if of > 0 { done as f32 / of as f32 } else { 0.0 };
        let seconds = report.elapsed.as_secs_f64();
        let speed = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
        let state = match self.phase {
            Phase::Running if speed > 0.0 => format!("{} left", clock((of - done.min(of)) as f64 / speed)),
            Phase::Running => "running".into(),
            Phase::Cancelled => "stopped".into(),
            Phase::Idle | Phase::Finished => format!("done in {}", clock(seconds)),
        };
        let count = format!(" {}/{}  {speed:.1} requests/s  {state}", thousands(done), thousands(of));
        Line::from(vec![ink.span(score_bar(part, 20, ink.symbols), Role::ScoreBar), ink.span(count, Role::Text)])
    }

    fn draw_list(&self, frame: &mut Frame, area: Rect, report: &EvalReport, ink: &Ink) {
        let count = self.list.rows.len();
        let dot = ink.symbols.dot;
        let what =
            format!(" {} of {} {dot} {} {dot} {}", count, report.outcomes.len(), self.show.label(), self.sort.label());
        let title = vec![ink.span("Requests", Role::Title), ink.span(what, Role::Muted)];
        let inner = pane(frame, area, title, true, ink.theme, ink.symbols);
        if count == 0 {
            let words = if self.phase == Phase::Running { "None yet." } else { "No request of this kind." };
            return sentence(frame, inner, words, Role::Muted, ink.theme);
        }
        let shown = window(Some(self.selected), count, inner.height.into());
        for (y, at) in shown.enumerate() {
            let outcome = &report.outcomes[self.list.rows[at]];
            let mut row = outcome_row(outcome, inner.width, at == self.selected, ink);
            if at == self.selected {
                row.iter_mut().for_each(|span| span.style = ink.theme.style(Role::Selection));
            }
            frame.render_widget(Line::from(row), Rect { y: inner.y + y as u16, height: 1, ..inner });
        }
    }
}

fn metric_rows(report: &EvalReport, columns: u16, ink: &Ink) -> Vec<Line<'static>> {
    let split = columns >= SPLIT_FROM;
    let mut header = format!("{:METRIC$}{:>VALUE$}{:>VALUE$}{:>11}", "", "shortlist", "final", "change");
    let strata = ["single", "multi"].map(|name| report.stratum("skills", name));
    let protocol = report.protocol();
    if split {
        let count = |at: usize| strata[at].map_or(0, |row| row.count);
        let (single, multi) = (format!("single ({})", count(0)), format!("multi ({})", count(1)));
        header.push_str(&format!("{single:>14}{multi:>14}"));
    }
    let mut rows = vec![Line::from(ink.span(header, Role::Muted))];
    let (before, after) = (report.all.before(), report.all.after());
    let parts = strata.map(|row| row.map(StratumRow::after));
    for &metric in protocol.main() {
        let (before, after) = (before.get(metric), after.get(metric));
        let (label, role) = change(after.unwrap_or(0.0) - before.unwrap_or(0.0), ink.symbols);
        let mut row = vec![
            ink.span(fit(&protocol.spell(metric), METRIC, ink.symbols.ellipsis), Role::Accent),
            ink.span(number(before, VALUE), Role::Text),
            ink.span(number(after, VALUE), Role::Text),
            ink.span(format!("{:>1$}", "", 11usize.saturating_sub(width(&label))) + &label, role),
        ];
        if split {
            let part = |at: usize| number(parts[at].as_ref().and_then(|row| row.get(metric)), 14);
            row.push(ink.span(part(0) + &part(1), Role::Muted));
        }
        rows.push(Line::from(row));
    }
    rows
}

/// Four digits on the right of a column, or a dash where there is no value.
fn number(value: Option<f64>, columns: usize) -> String {
    value.map_or_else(|| format!("{:>columns$}", "-"), |value| format!("{value:>columns$.4}"))
}

/// A loss has a sign, a symbol and a role, as a gain has.
fn change(by: f64, symbols: &Symbols) -> (String, Role) {
    // Below what four digits show there is no change to speak of.
    match by {
        by if by >= 0.00005 => (format!("{} +{by:.4}", symbols.promoted), Role::Promoted),
        by if by <= -0.00005 => (format!("{} {}{:.4}", symbols.demoted, symbols.minus, -by), Role::Demoted),
        _ => (symbols.same.into(), Role::Muted),
    }
}

fn unscored(report: &EvalReport, ink: &Ink) -> Line<'static> {
    if report.unscored.is_empty() {
        let scored = format!("{} requests scored, none left out", thousands(report.scored()));
        return Line::from(ink.span(scored, Role::Muted));
    }
    let names: Vec<&str> = report.unscored.iter().take(MOST_NAMED).map(|(id, _)| id.shown()).collect();
    let why = report.unscored.first().map_or("", |(_, why)| why.as_str());
    let text = format!(
        "{} scored; {} not scored ({why}): {}",
        thousands(report.scored()),
        thousands(report.unscored.len()),
        names.join(", ")
    );
    Line::from(ink.span(text, Role::Warning))
}

/// Failure, best rank before and after, request.
fn outcome_row(outcome: &QueryOutcome, columns: u16, selected: bool, ink: &Ink) -> Vec<Span<'static>> {
    let rank = |rank: Option<usize>| rank.map_or("-".into(), |rank| rank.to_string());
    let (label, role) = match outcome.failure() {
        Some(failure) => (failure_label(failure), failure_role(failure)),
        None => ("found", Role::Promoted),
    };
    let ranks = format!("{:>3} {} {:<3}", rank(outcome.best_before), ink.symbols.arrow, rank(outcome.best_after));
    let room = if columns < NARROW { 10 } else { 17 };
    let used = 1 + room + width(&ranks) + 2;
    let request = Text::block(&outcome.record.request);
    vec![
        ink.span(if selected { ink.symbols.selected } else { " " }, Role::Accent),
        ink.span(fit(label, room, ink.symbols.ellipsis), role),
        ink.span(ranks, Role::Text),
        ink.span("  ", Role::Text),
        ink.span(fit(request.shown(), usize::from(columns).saturating_sub(used), ink.symbols.ellipsis), Role::Text),
    ]
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

/// "42 s", "3 min 05 s".
fn clock(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 10.0 => format!("{seconds:.1} s"),
        seconds if seconds < 60.0 => format!("{seconds:.0} s"),
        seconds => format!("{} min {:02} s", seconds as u64 / 60, seconds as u64 % 60),
    }
}
