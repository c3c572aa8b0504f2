//! Runs that are kept: to look at again, and to compare.

use std::sync::Arc;

use crate::engine::evaluation::comparison::Comparison;
use crate::engine::evaluation::digest::RequestLine;
use crate::engine::{BenchEvent, BenchRequest, Request, RunLine};
use crate::library::Text;
use crate::tui::session::Outbox;
use crate::tui::widgets::window::step;

/// What the list of runs shows.
#[derive(Debug, Default)]
pub struct Runs {
    /// `None` until the engine has looked.
    lines: Option<Arc<Vec<RunLine>>>,
    /// Why there are none.
    pub refused: Option<Text>,
    pub selected: usize,
    /// Ids of the runs to compare, in the order of marking: the first is what the others are compared with.
    pub marked: Vec<String>,
    /// Shown instead of the list.
    pub comparison: Option<Arc<Comparison>>,
    pub comparing: bool,
    /// Row of the comparison.
    pub row: usize,
}

/// One row of a comparison on the screen.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// Which run against which; index of the run.
    Title(usize),
    Head,
    /// Indices of the run and of the metric.
    Metric(usize, usize),
    Note(&'a str),
    /// How alike the lists are.
    Lists(usize),
    Loss(usize, usize),
    Blank,
}

impl Runs {
    pub fn lines(&self) -> &[RunLine] {
        self.lines.as_deref().map_or(&[], Vec::as_slice)
    }

    pub fn is_listed(&self) -> bool {
        self.lines.is_some()
    }

    pub fn selected(&self) -> Option<&RunLine> {
        self.lines().get(self.selected)
    }

    pub fn go(&mut self, by: isize) {
        match self.comparison.clone() {
            Some(comparison) => self.row = step(Some(self.row), by, rows(&comparison).len()).unwrap_or(0),
            None => self.selected = step(Some(self.selected), by, self.lines().len()).unwrap_or(0),
        }
    }

    pub fn mark(&mut self) {
        let Some(id) = self.selected().map(|line| line.id.clone()) else { return };
        match self.marked.iter().position(|marked| *marked == id) {
            Some(at) => drop(self.marked.remove(at)),
            None => self.marked.push(id),
        }
    }

    pub fn compare(&mut self, out: &mut Outbox) {
        if self.marked.len() < 2 {
            out.status = Some("Mark two runs or more to compare them; the first that is marked is the base.".into());
            return;
        }
        self.comparing = true;
        out.requests.push(Request::Bench(BenchRequest::Compare(self.marked.clone())));
    }

    pub fn take(&mut self, event: &BenchEvent, out: &mut Outbox) {
        match event {
            BenchEvent::Runs(Ok(lines)) => {
                let before = self.selected().map(|line| line.id.clone());
                self.lines = Some(lines.clone());
                self.refused = None;
                self.marked.retain(|id| lines.iter().any(|line| line.id == *id));
                let again = before.and_then(|id| lines.iter().position(|line| line.id == id));
                self.selected = again.unwrap_or(self.selected.min(lines.len().saturating_sub(1)));
            }
            BenchEvent::Runs(Err(message)) => {
                self.lines = Some(Arc::default());
                self.refused = Some(Text::line(message));
            }
            BenchEvent::Compared(outcome) if std::mem::take(&mut self.comparing) => match outcome {
                Ok(comparison) => {
                    self.comparison = Some(comparison.clone());
                    self.row = 0;
                }
                Err(message) => out.status = Some(Text::line(message).shown().to_owned()),
            },
            _ => {}
        }
    }

    /// The request of the selected row of the comparison.
    pub fn request(&self) -> Option<&Arc<RequestLine>> {
        let comparison = self.comparison.as_ref()?;
        match rows(comparison).get(self.row)? {
            Row::Loss(other, at) => Some(&comparison.others.get(*other)?.regressions.get(*at)?.line),
            _ => None,
        }
    }
}

/// Regressions of each run that are shown.
const LOSSES: usize = 20;

/// A comparison from top to bottom.
pub fn rows(comparison: &Comparison) -> Vec<Row<'_>> {
    let mut rows: Vec<Row> = comparison.warnings.iter().map(|warning| Row::Note(warning)).collect();
    for (index, other) in comparison.others.iter().enumerate() {
        rows.extend([Row::Title(index), Row::Head]);
        rows.extend((0..other.metrics.len()).map(|metric| Row::Metric(index, metric)));
        rows.push(Row::Lists(index));
        rows.push(Row::Note(match other.regressions.is_empty() {
            true => "No request does worse in the first metric.",
            false => "Requests that do worse, most first:",
        }));
        rows.extend((0..other.regressions.len().min(LOSSES)).map(|at| Row::Loss(index, at)));
        rows.push(Row::Blank);
    }
    rows
}
