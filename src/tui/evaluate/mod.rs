//! The Evaluate tab: a benchmark through the same two stages as live search, and the way from its means down to the
//! single request that failed.
//!
//! The run itself is [`crate::tui::evaluation::Evaluation`] in the session; this is how it is looked at. `update.rs`
//! changes the state, `input.rs` takes typing and the mouse, `layout.rs` says where everything is, `view/` draws.

mod input;
pub mod layout;
pub mod list;
mod runs;
mod setup;
mod update;
mod view;

use std::cell::Cell;
use std::sync::Arc;

use crate::engine::RunLine;
use crate::engine::evaluation::digest::{Digest, RequestLine};
use crate::tui::evaluation::Phase;
use crate::tui::session::Session;

use list::Wish;
use runs::Runs;
use setup::Setup;

pub use view::head::{progress, words as head_words};
pub use view::rows::worst_row;

/// How the numbers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    #[default]
    Requests,
    Metrics,
    Strata,
    Charts,
    Runs,
    Problems,
}

impl View {
    pub const ALL: [View; 6] = [View::Requests, View::Metrics, View::Strata, View::Charts, View::Runs, View::Problems];

    pub fn title(self) -> &'static str {
        match self {
            View::Requests => "Requests",
            View::Metrics => "Metrics",
            View::Strata => "Strata",
            View::Charts => "Charts",
            View::Runs => "Runs",
            View::Problems => "Problems",
        }
    }

    fn turned(self, by: usize) -> Self {
        View::ALL[(self as usize + by) % View::ALL.len()]
    }
}

#[derive(Debug, Default)]
pub struct Evaluate {
    /// The chooser instead of numbers; without numbers it is there anyway.
    choosing: bool,
    setup: Setup,
    view: View,
    wish: Wish,
    /// Characters go to the search through requests.
    searching: bool,
    /// Positions of the listed requests in the digest.
    rows: Vec<usize>,
    selected: usize,
    stratum: usize,
    /// Which metric strata are drawn in; position in the digest's.
    metric: usize,
    /// First chart in sight, first row of the table of metrics, selected problem.
    chart: usize,
    table: usize,
    problem: usize,
    runs: Runs,
    /// A kept run that is shown instead of the session's.
    opened: Option<Arc<Digest>>,
    /// What `rows` is a list of.
    listed: Option<Arc<Digest>>,
    /// Whether the engine was asked what there is.
    asked: bool,
    /// Rows of the list in the last frame, for paging.
    page: Cell<usize>,
}

impl Evaluate {
    pub fn new() -> Self {
        Evaluate { page: Cell::new(10), ..Evaluate::default() }
    }

    /// True while a path or a search is typed.
    pub fn text_input(&self) -> bool {
        self.searching || self.setup.typed.is_some()
    }

    /// The numbers that are shown.
    fn digest<'a>(&'a self, session: &'a Session) -> Option<&'a Arc<Digest>> {
        self.opened.as_ref().or(session.evaluation.digest.as_ref())
    }

    /// Whether the chooser is shown.
    fn chooses(&self, session: &Session) -> bool {
        (self.choosing || !self.has_run(session)) && self.view != View::Runs
    }

    /// Whether there is a run to show, be it only how it failed.
    fn has_run(&self, session: &Session) -> bool {
        self.digest(session).is_some() || session.evaluation.phase != Phase::Idle
    }

    fn request<'a>(&self, digest: &'a Digest) -> Option<&'a Arc<RequestLine>> {
        digest.requests.get(*self.rows.get(self.selected)?)
    }

    /// A kept run of the chosen benchmark with these settings that was left before its end.
    fn unfinished(&self, session: &Session) -> Option<&RunLine> {
        let fingerprint = &self.setup.described()?.benchmark.fingerprint;
        if session.evaluation.is_active() {
            return None;
        }
        let same = |line: &&RunLine| {
            !line.finished
                && line.done > 0
                && line.fingerprint == *fingerprint
                && line.settings == Some(session.settings)
        };
        self.runs.lines().iter().find(same)
    }
}

#[cfg(test)]
mod tests;
