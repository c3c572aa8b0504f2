//! The mouse: a click selects, the wheel moves what is under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::tui::session::{Outbox, Session};
use crate::tui::widgets::window;

use super::Explore;
use super::layout::Focus;
use super::selection::Choice;
use super::view::lists::TITLE_ROWS;

/// Rows one notch of the wheel scrolls.
const WHEEL: isize = 3;

impl Explore {
    pub fn mouse(&mut self, event: MouseEvent, area: Rect, _: &Session, _: &mut Outbox) {
        let layout = self.layout(area);
        let clicked = matches!(event.kind, MouseEventKind::Down(MouseButton::Left));
        if clicked && layout.mine.contains((event.column, event.row).into()) {
            self.choice = self.mine.clone().map_or(Choice::Best, Choice::Skill);
            return self.settle();
        }
        let Some(pane) = layout.focus_at(event.column, event.row) else {
            return;
        };
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.focus = pane;
                match pane {
                    Focus::Query => {
                        let column = event.column.saturating_sub(layout.query.x + super::view::PROMPT);
                        self.query.click(event.row - layout.query.y, column);
                    }
                    Focus::Shortlist => self.click_row(layout.shortlist, event.row),
                    Focus::Reranked => self.click_row(layout.reranked, event.row),
                    Focus::Detail => {}
                    Focus::Side => self.click_worst(layout.side, event.row),
                }
            }
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
                let by = if event.kind == MouseEventKind::ScrollUp { -1 } else { 1 };
                match (pane, self.page()) {
                    (Focus::Detail, Some(page)) => page.scroll_by(by * WHEEL),
                    (Focus::Side, _) => self.side.go(by),
                    (Focus::Shortlist | Focus::Reranked, _) => {
                        // The row under the wheel decides whose order is walked.
                        let focus = std::mem::replace(&mut self.focus, pane);
                        self.move_selection(by);
                        self.focus = focus;
                    }
                    _ => {}
                }
            }
            _ => return,
        }
        self.settle();
    }

    fn click_row(&mut self, pane: Rect, row: u16) {
        let order = self.order();
        let listed = self.results.hits().len();
        let at = self.selected().and_then(|at| order[..listed].iter().position(|skill| *skill == at.skill));
        let shown = window(at, listed, usize::from(pane.height.saturating_sub(TITLE_ROWS)));
        let clicked = usize::from(row - pane.y).checked_sub(TITLE_ROWS.into()).map(|row| shown.start + row);
        if let Some(&skill) = clicked.filter(|row| shown.contains(row)).and_then(|row| order.get(row)) {
            self.select(skill);
        }
    }
}
