//! From keys, pastes and the mouse to actions, and from actions to changes.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::{App, Effects, Exit, Popup, Redraw};
use crate::engine::Request;
use crate::tui::action::{Action, Tab};
use crate::tui::chrome;
use crate::tui::help::{Help, HelpOutcome};
use crate::tui::keymap::{Chord, Found, Place, shown};
use crate::tui::models::{ModelPicker, PickerOutcome};
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
        if let Some(popup) = &mut self.popup {
            let place = Place { tab: self.tab, typing: true };
            let found = self.keymap.find(place, &[Chord::from(key)]);
            match popup {
                Popup::Help(help) => {
                    let outcome = help.key(key, found);
                    self.after_help(outcome, effects);
                }
                Popup::Models(picker) => {
                    let outcome = picker.key(key, found, &self.session);
                    self.after_picking(outcome, effects);
                }
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
        match &mut self.popup {
            Some(Popup::Help(help)) => help.paste(text),
            Some(Popup::Models(picker)) => picker.paste(text),
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
        if let Some(popup) = &mut self.popup {
            match popup {
                Popup::Help(help) => {
                    let outcome = help.mouse(mouse, areas.body);
                    self.after_help(outcome, effects);
                }
                Popup::Models(picker) => {
                    let outcome = picker.mouse(mouse, areas.body);
                    self.after_picking(outcome, effects);
                }
            }
        } else if mouse.row == areas.header.y {
            if let Some(tab) = chrome::tab_at(areas.header, mouse.column).filter(|_| pressed) {
                self.tab = tab;
            }
        } else {
            self.with_tab(effects, |tab, session, out| tab.mouse(mouse, areas.body, session, out));
        }
    }

    fn after_help(&mut self, outcome: HelpOutcome, effects: &mut Effects) {
        let Some(Popup::Help(help)) = &self.popup else {
            return;
        };
        let rows = self.help_rows(help.filter());
        match outcome {
            HelpOutcome::Stay => {
                if let Some(Popup::Help(help)) = &mut self.popup {
                    help.clamp(rows.len());
                }
            }
            HelpOutcome::Close => self.popup = None,
            HelpOutcome::Quit => effects.exit = Some(Exit::Quit),
            HelpOutcome::Run => {
                let chosen = help.chosen(&rows);
                self.popup = None;
                if let Some(action) = chosen {
                    self.run(action, effects);
                }
            }
        }
    }

    fn after_picking(&mut self, outcome: PickerOutcome, effects: &mut Effects) {
        match outcome {
            PickerOutcome::Stay => {}
            PickerOutcome::Close => self.popup = None,
            PickerOutcome::Quit => effects.exit = Some(Exit::Quit),
            PickerOutcome::Use(choice) => {
                self.popup = None;
                effects.requests.push(Request::UseModels(choice));
            }
        }
    }

    /// Carries out an action.
    pub fn run(&mut self, action: Action, effects: &mut Effects) {
        effects.redraw(Redraw::Now);
        match action {
            Action::Quit => effects.exit = Some(Exit::Quit),
            Action::Help => self.popup = Some(Popup::Help(Help::default())),
            Action::ChooseModels => {
                self.popup = Some(Popup::Models(ModelPicker::default()));
                effects.requests.push(Request::ListModels);
            }
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
            Action::ToggleMouse | Action::Reload | Action::ChooseModels => true,
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
