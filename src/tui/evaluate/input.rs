//! Typing and the mouse.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::tui::session::{Outbox, Session};
use crate::tui::widgets::popup;

use super::{Evaluate, View, layout};

impl Evaluate {
    pub fn key(&mut self, key: KeyEvent, session: &Session, _: &mut Outbox) {
        if let Some(typed) = &mut self.setup.typed {
            edit(typed, key);
        } else if self.searching && edit(&mut self.wish.text, key) {
            self.relist(session, true);
        }
    }

    pub fn paste(&mut self, text: &str, session: &Session, _: &mut Outbox) {
        if self.chooses(session) {
            popup::paste(self.setup.typed.get_or_insert_default(), text.lines().next().unwrap_or_default());
        } else if self.digest(session).is_some() {
            (self.view, self.searching) = (View::Requests, true);
            popup::paste(&mut self.wish.text, text.lines().next().unwrap_or_default());
            self.relist(session, true);
        }
    }

    pub fn mouse(&mut self, event: MouseEvent, area: Rect, session: &Session, out: &mut Outbox) {
        let at = (event.column, event.row);
        match event.kind {
            MouseEventKind::ScrollUp => self.go(-1, session),
            MouseEventKind::ScrollDown => self.go(1, session),
            MouseEventKind::Down(MouseButton::Left) if self.chooses(session) => {
                let entries = self.setup.entries().len();
                let list = layout::chooser(area, entries).list;
                // Below its title.
                let list = Rect { y: list.y + 1, height: list.height.saturating_sub(1), ..list };
                if list.contains(at.into())
                    && let Some(row) = layout::row_at(list, event.row, self.setup.selected, entries)
                {
                    self.setup.select(row);
                }
            }
            MouseEventKind::Down(MouseButton::Left) => {
                let areas = layout::areas(area, self.view);
                if areas.titles && areas.title.contains(at.into()) {
                    if let Some(view) = layout::view_at(areas.title, event.column) {
                        self.show(view, out);
                    }
                } else if areas.main.contains(at.into()) {
                    self.click(areas.main, event.row, session, out);
                }
            }
            _ => {}
        }
    }

    fn click(&mut self, main: Rect, row: u16, session: &Session, out: &mut Outbox) {
        let runs = self.runs.lines().len();
        let (selected, rows) = match self.view {
            View::Requests => (&mut self.selected, self.rows.len()),
            View::Strata => {
                let strata = self.opened.as_ref().or(session.evaluation.digest.as_ref());
                (&mut self.stratum, strata.map_or(0, |digest| digest.strata.len()))
            }
            View::Runs => match &self.runs.comparison {
                Some(comparison) => (&mut self.runs.row, super::runs::rows(comparison).len()),
                None => (&mut self.runs.selected, runs),
            },
            View::Metrics | View::Charts | View::Problems => return,
        };
        let Some(clicked) = layout::row_at(main, row, *selected, rows) else { return };
        // A second click on a row is what Enter is.
        if std::mem::replace(selected, clicked) == clicked {
            self.open(session, out);
        }
    }
}

/// Types or deletes; false if the key does neither.
fn edit(text: &mut String, key: KeyEvent) -> bool {
    match (key.code, key.modifiers) {
        (KeyCode::Char('u'), KeyModifiers::CONTROL) => {
            text.clear();
            true
        }
        _ => popup::edit(text, key),
    }
}
