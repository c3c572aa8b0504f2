//! From keys, pastes and the mouse to actions, and from actions to changes.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::{App, Effects, Exit, Redraw};
use crate::engine::Request;
use crate::tui::action::{Action, Tab};
use crate::tui::chrome;
use crate::tui::help::{Help, HelpOutcome};
use crate::tui::keymap::{Chord, Found, Place, shown};
use crate::tui::theme::ColorDepth;

impl App {
    /// Whether characters go to a text field.
    pub(super) fn typing(&self) -> bool {
        self.tabs.get(self.tab).text_input() && (self.inserting || !self.keymap.modal)
    }

    pub(super) fn place(&self) -> Place {
        Place { tab: self.tab, typing: self.typing() }
    }

    pub(super) fn key(&mut self, key: KeyEvent, effects: &mut Effects) {
        if let Some(help) = &mut self.help {
            let place = Place { tab: self.tab, typing: true };
            match help.key(key, self.keymap.find(place, &[Chord::from(key)])) {
                HelpOutcome::Stay => self.clamp_help(),
                HelpOutcome::Close => self.help = None,
                HelpOutcome::Quit => effects.exit = Some(Exit::Quit),
                HelpOutcome::Run => self.run_from_help(effects),
            }
            return;
        }
        self.pending.push(Chord::from(key));
        match self.keymap.find(self.place(), &self.pending) {
            Found::Action(action) => {
                self.pending.clear();
                self.run(action, effects);
            }
            Found::Prefix => {}
            Found::Nothing => {
                let keys = std::mem::take(&mut self.pending);
                if keys.len() > 1 {
                    if !keys.last().is_some_and(Chord::is_escape) {
                        self.notice(format!("no action on {}", shown(&keys)));
                    }
                } else if self.typing() {
                    self.with_tab(effects, |tab, session, out| tab.key(key, session, out));
                }
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str, effects: &mut Effects) {
        match &mut self.help {
            Some(help) => help.paste(text),
            // Whoever pastes means to write, whatever the mode.
            None => self.with_tab(effects, |tab, session, out| tab.paste(text, session, out)),
        }
    }

    pub(super) fn pointer(&mut self, mouse: MouseEvent, effects: &mut Effects) {
        let areas = self.areas();
        if areas.too_small {
            return;
        }
        effects.redraw(Redraw::Now);
        let pressed = matches!(mouse.kind, MouseEventKind::Down(MouseButton::Left));
        if let Some(help) = &mut self.help {
            match help.mouse(mouse, areas.body) {
                HelpOutcome::Close => self.help = None,
                _ => self.clamp_help(),
            }
        } else if mouse.row == areas.header.y {
            if let Some(tab) = chrome::tab_at(areas.header, mouse.column).filter(|_| pressed) {
                self.tab = tab;
            }
        } else {
            self.with_tab(effects, |tab, session, out| tab.mouse(mouse, areas.body, session, out));
        }
    }

    fn clamp_help(&mut self) {
        let rows = self.help.as_ref().map_or(0, |help| self.help_rows(help.filter()).len());
        if let Some(help) = &mut self.help {
            help.clamp(rows);
        }
    }

    fn run_from_help(&mut self, effects: &mut Effects) {
        let chosen = self.help.take().and_then(|help| help.chosen(&self.help_rows(help.filter())));
        if let Some(action) = chosen {
            self.run(action, effects);
        }
    }

    /// Carries out an action.
    pub fn run(&mut self, action: Action, effects: &mut Effects) {
        effects.redraw(Redraw::Now);
        match action {
            Action::Quit => effects.exit = Some(Exit::Quit),
            Action::Help => self.help = Some(Help::default()),
            Action::NextTab => self.tab = neighbour(self.tab, 1),
            Action::PreviousTab => self.tab = neighbour(self.tab, Tab::ALL.len() - 1),
            Action::GoTo(tab) => self.tab = tab,
            Action::NextTheme => self.next_theme(),
            Action::ToggleMouse => {
                self.mouse = !self.mouse;
                effects.mouse = Some(self.mouse);
                self.notice(match self.mouse {
                    true => "the mouse works here; most terminals select text with shift held down",
                    false => "the mouse is the terminal's, which selects text",
                });
            }
            Action::OwnLibrary if self.session.visiting => {
                effects.requests.push(Request::Open(None));
            }
            Action::Reload => {
                effects.requests.push(Request::Reload);
                self.notice("reading the library again");
            }
            Action::Suspend => effects.stop = Some(true),
            Action::InsertMode => self.inserting = true,
            Action::NormalMode => self.inserting = false,
            _ => {
                if matches!(action, Action::FocusQuery | Action::Filter) {
                    self.inserting = true;
                }
                self.with_tab(effects, |tab, session, out| tab.update(action, session, out));
            }
        }
    }

    fn next_theme(&mut self) {
        if self.themes.depth() == ColorDepth::None {
            self.notice("no colours here (NO_COLOR, or --color none), so all themes look like mono");
            return;
        }
        self.theme = self.themes.after(&self.theme.name);
        let about = self.themes.about(&self.theme.name).unwrap_or_default();
        // At once: whoever goes round the themes wants to see the name of this one.
        self.notices.clear();
        self.notice(format!("theme {}: {about}", self.theme.name));
    }

    /// Whether an action would do something now.
    pub(super) fn available(&self, action: Action) -> bool {
        match action {
            Action::Quit | Action::Help | Action::NextTab | Action::PreviousTab | Action::Suspend => true,
            Action::OwnLibrary => self.session.visiting,
            Action::ToggleMouse | Action::Reload => true,
            Action::NextTheme => self.themes.depth() != ColorDepth::None,
            Action::GoTo(tab) => tab != self.tab,
            Action::InsertMode => self.keymap.modal && !self.inserting && self.tabs.get(self.tab).text_input(),
            Action::NormalMode => self.keymap.modal && self.typing(),
            _ => self.tabs.get(self.tab).available(action, &self.session),
        }
    }
}

/// The tab `steps` to the right, around the end.
fn neighbour(tab: Tab, steps: usize) -> Tab {
    let at = Tab::ALL.iter().position(|&other| other == tab).unwrap_or(0);
    Tab::ALL[(at + steps) % Tab::ALL.len()]
}
