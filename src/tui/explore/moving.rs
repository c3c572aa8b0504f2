//! Moving through rows and pages, whichever pane has the focus.

use crate::tui::widgets::Page;

use super::layout::Focus;
use super::{Explore, View};

/// Rows a page key moves a selection.
const PAGE: isize = 10;

impl Explore {
    /// The page of the detail pane, if what it shows scrolls.
    pub(super) fn page(&mut self) -> Option<&mut Page> {
        match self.view {
            View::Preview => self.preview.as_mut().map(|(_, page)| page),
            View::Attention => self.explained.as_mut().map(|explained| &mut explained.page),
            View::Erasure => self.erased.as_mut().map(|erased| &mut erased.page),
            View::Contrast => self.contrasted.as_mut().map(|contrasted| &mut contrasted.page),
            View::Retrieval => self.retrieved.as_mut().map(|retrieved| &mut retrieved.page),
            View::Scores => None,
        }
    }

    pub(super) fn go(&mut self, by: isize) {
        match (self.focus, self.page()) {
            (Focus::Side, _) => self.side.go(by),
            (Focus::Detail, Some(page)) => page.scroll_by(by),
            (Focus::Detail, None) => {}
            _ => self.move_selection(by),
        }
    }

    pub(super) fn go_page(&mut self, by: isize) {
        match (self.focus, self.page()) {
            (Focus::Side, _) => self.side.go(by * PAGE),
            (Focus::Detail, Some(page)) => page.scroll_pages(by),
            (Focus::Detail, None) => {}
            _ => self.move_selection(by * PAGE),
        }
    }

    pub(super) fn go_to_end(&mut self, end: bool) {
        match (self.focus, self.page()) {
            (Focus::Query, _) => self.query.move_to(end),
            (Focus::Side, _) => self.side.go(if end { isize::MAX } else { isize::MIN }),
            (Focus::Detail, Some(page)) => page.scroll_to_end(end),
            (Focus::Detail, None) => {}
            _ => self.move_selection(if end { isize::MAX } else { isize::MIN }),
        }
    }
}
