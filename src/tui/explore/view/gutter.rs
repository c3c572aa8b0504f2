//! Between the columns: what becomes of every row of the shortlist, and the way of the selected one.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::search::Reranking;
use crate::tui::explore::Explore;
use crate::tui::explore::layout::{GUTTER, Layout};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, RankChange};

use super::lists::{TITLE_ROWS, change_span};

/// Column of the gutter in which a line runs up or down.
const TURN: u16 = 4;

impl Explore {
    pub(super) fn draw_gutter(&self, frame: &mut Frame, layout: &Layout, pen: &Pen) {
        let Some(reranking) = self.results.reranking().filter(|_| layout.gutter.width >= GUTTER) else {
            return;
        };
        let hits = &reranking.shortlist.hits;
        let left = self.window_of(hits.iter().map(|hit| hit.skill), hits.len(), layout.shortlist);
        let right = self.window_of(reranking.rows.iter().map(|row| row.skill), reranking.rows.len(), layout.reranked);
        let top = layout.gutter.y + TITLE_ROWS;
        for (y, hit) in hits[left.clone()].iter().enumerate() {
            if let Some(row) = reranking.row(hit.skill) {
                let cell = Rect { x: layout.gutter.x + 1, y: top + y as u16, width: TURN - 1, height: 1 };
                frame.render_widget(change_span(row, (TURN - 1).into(), pen), cell);
            }
        }
        let Some((from, to, role)) = self.selected_way(reranking) else {
            return;
        };
        if left.contains(&from) && right.contains(&to) {
            let (from, to) = (top + (from - left.start) as u16, top + (to - right.start) as u16);
            draw_way(frame, layout.gutter.x + TURN, from, to, role, pen);
        }
    }

    /// Rows (0-based) of the selected skill in both columns.
    fn selected_way(&self, reranking: &Reranking) -> Option<(usize, usize, Role)> {
        let row = reranking.row(self.selected()?.skill)?;
        let role = match RankChange::of(row) {
            RankChange::Same | RankChange::Unscored => Role::Accent,
            change => change.role(),
        };
        Some((row.before - 1, row.after - 1, role))
    }
}

fn draw_way(frame: &mut Frame, x: u16, from: u16, to: u16, role: Role, pen: &Pen) {
    let symbols = pen.symbols;
    let mut put = |x: u16, y: u16, symbol: &'static str| {
        frame.render_widget(pen.span(symbol, role), Rect { x, y, width: 1, height: 1 });
    };
    let (turn_out, turn_in) = match from.cmp(&to) {
        std::cmp::Ordering::Less => (symbols.out_down, symbols.in_from_above),
        std::cmp::Ordering::Greater => (symbols.out_up, symbols.in_from_below),
        std::cmp::Ordering::Equal => (symbols.rule, symbols.rule),
    };
    for y in from.min(to) + 1..from.max(to) {
        put(x, y, symbols.vertical);
    }
    put(x, from, turn_out);
    put(x, to, turn_in);
    put(x + 1, to, symbols.rule);
    put(x + 2, to, symbols.head);
}
