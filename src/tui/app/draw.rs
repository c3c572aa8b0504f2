//! The whole screen; reads only.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{App, Popup};
use crate::tui::chrome::{self, Areas};
use crate::tui::help;
use crate::tui::keymap::{shown, table};
use crate::tui::theme::Role;

impl App {
    pub(super) fn areas(&self) -> Areas {
        chrome::areas(Rect::new(0, 0, self.size.0, self.size.1), self.tab)
    }

    pub(super) fn help_rows(&self, filter: &str) -> Vec<help::Row> {
        help::rows(&self.keymap, self.tab, filter, |action| self.available(action))
    }

    /// Draws everything; reads only.
    pub fn draw(&self, frame: &mut Frame) {
        let areas = chrome::areas(frame.area(), self.tab);
        let screen = frame.area();
        frame.buffer_mut().set_style(screen, self.theme.style(Role::Text));
        if areas.too_small {
            chrome::draw_too_small(frame, &self.theme);
            return;
        }
        chrome::draw_header(frame, areas.header, self.tab, &self.session, &self.theme);
        self.tabs.get(self.tab).draw(frame, areas.body, &self.session, &self.theme);
        match (areas.status, self.notices.shown()) {
            (Some(status), Some(notice)) => chrome::draw_notice(frame, status, notice, &self.session, &self.theme),
            (Some(status), None) if !areas.status_of_tab => {
                chrome::draw_status(frame, status, &self.session, &self.theme);
            }
            _ => {}
        }
        self.draw_hints(frame, areas);
        match &self.popup {
            Some(Popup::Help(help)) => {
                help.draw(frame, areas.body, &self.help_rows(help.filter()), &self.session, &self.theme);
            }
            Some(Popup::Models(picker)) => picker.draw(frame, areas.body, &self.session, &self.theme),
            None => {}
        }
    }

    /// The last row: the rest of a key sequence, else a sentence if there is no other row for it, else what can be
    /// pressed.
    fn draw_hints(&self, frame: &mut Frame, areas: Areas) {
        let place = self.place();
        let mode = self.keymap.modal.then(|| match (self.typing(), self.tabs.get(self.tab).text_input()) {
            (true, _) => "INSERT",
            (false, _) => "NORMAL",
        });
        let hints: Vec<(String, &str)> = if !self.pending.is_empty() {
            let rest = self.keymap.continuations(place, &self.pending);
            rest.map(|(keys, action)| (keys, table::name(action))).collect()
        } else if let (None, Some(notice)) = (areas.status, self.notices.shown()) {
            chrome::draw_notice(frame, areas.hints, notice, &self.session, &self.theme);
            return;
        } else {
            chrome::hints(self.tab)
                .filter(|(action, _)| self.available(*action))
                .filter_map(|(action, word)| Some((self.keymap.key_for(action, place)?, word)))
                .collect()
        };
        let lead = if self.pending.is_empty() { mode.map(str::to_string) } else { Some(shown(&self.pending)) };
        chrome::draw_hints(frame, areas.hints, lead.as_deref(), &hints, &self.session, &self.theme);
    }
}
