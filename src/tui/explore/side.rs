//! The evaluation beside the search: the worst requests, each one key away from the query line.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::engine::evaluation::digest::{Digest, RequestLine};
use crate::tui::evaluate::list::Wish;
use crate::tui::evaluation::open_in_explore;
use crate::tui::session::{Outbox, Session};
use crate::tui::widgets::window;
use crate::tui::widgets::window::step;

use super::Explore;
use super::layout::Focus;

/// Rows of the pane above the worst requests: title, benchmark, progress, three metrics, a blank, and a heading.
pub const ABOVE: u16 = 8;

/// What the pane shows besides the session's evaluation.
#[derive(Debug, Default)]
pub struct Side {
    pub open: bool,
    digest: Option<Arc<Digest>>,
    /// Positions in the digest, worst first.
    rows: Vec<usize>,
    pub selected: usize,
}

impl Side {
    /// Newer numbers; the selection stays on its request.
    pub fn follow(&mut self, digest: Option<&Arc<Digest>>) {
        let same = match (&self.digest, digest) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        let before = self.rows.get(self.selected).copied().filter(|_| self.selected > 0);
        self.digest = digest.cloned();
        self.rows = digest.map_or_else(Vec::new, |digest| Wish::default().list(digest));
        let again = before.and_then(|before| self.rows.iter().position(|row| *row == before));
        self.selected = again.unwrap_or(0);
    }

    pub fn go(&mut self, by: isize) {
        self.selected = step(Some(self.selected), by, self.rows.len()).unwrap_or(0);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn line(&self, at: usize) -> Option<&Arc<RequestLine>> {
        self.digest.as_ref()?.requests.get(*self.rows.get(at)?)
    }
}

impl Explore {
    pub(super) fn toggle_side(&mut self, session: &Session) {
        self.side.open = !self.side.open;
        self.side.follow(session.evaluation.digest.as_ref());
        self.focus = match (self.side.open, self.focus) {
            // Where it has no place of its own, only the focus shows it.
            (true, _) => Focus::Side,
            (false, Focus::Side) => Focus::Query,
            (false, focus) => focus,
        };
    }

    /// Loads the selected request into the query line; the keys stay here, for the next one.
    pub(super) fn open_worst(&mut self, session: &Session, out: &mut Outbox) {
        let Some(line) = self.side.line(self.side.selected).cloned() else { return };
        let mut opened = Outbox::default();
        open_in_explore(&line, session.evaluation.pool.as_ref(), &mut opened);
        out.requests.append(&mut opened.requests);
        if let Some(request) = opened.explore {
            self.open(request, session, out);
        }
        self.focus = Focus::Side;
    }

    pub(super) fn click_worst(&mut self, pane: Rect, row: u16) {
        let height = usize::from(pane.height.saturating_sub(ABOVE));
        let shown = window(Some(self.side.selected), self.side.len(), height);
        let clicked = usize::from(row - pane.y).checked_sub(ABOVE.into()).map(|row| shown.start + row);
        self.side.selected = clicked.filter(|row| shown.contains(row)).unwrap_or(self.side.selected);
    }
}
