//! The program's state and how it changes. Pure: no terminal, no clock, no thread, so that tests and benches drive
//! exactly what a person does. What has to happen outside comes back as [`Effects`].

mod draw;
mod effects;
mod input;
mod notices;

use std::time::Instant;

use crossbeam_channel::Sender;

use crate::engine::{ModelChoice, ModelState, Request, Response, Switching};
use crate::search::Settings;

use super::action::{Action, Tab};
use super::author::Author;
use super::evaluate::Evaluate;
use super::evaluation::Evaluation;
use super::event::{Event, Signal};
use super::explore::{Explore, PreviewReady};
use super::found;
use super::help::Help;
use super::keymap::{Chord, Keymap};
use super::library::LibraryTab;
use super::models::ModelPicker;
use super::session::{Outbox, Session};
use super::theme::{Theme, Themes};
use super::view::Tabs;

pub use effects::{Effects, Exit, Redraw};
use notices::Notices;

/// What an app starts with.
pub struct AppOptions {
    pub settings: Settings,
    /// What the engine loads first.
    pub choice: ModelChoice,
    pub keymap: Keymap,
    pub themes: Themes,
    pub theme: Theme,
    pub ascii: bool,
    pub mouse: bool,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// What lies over the tab and has all keys.
enum Popup {
    Help(Help),
    Models(ModelPicker),
}

pub struct App {
    session: Session,
    tab: Tab,
    tabs: Tabs,
    popup: Option<Popup>,
    keymap: Keymap,
    /// In a modal keymap: whether characters go to the text field.
    inserting: bool,
    /// Keys of a sequence that is not complete.
    pending: Vec<Chord>,
    themes: Themes,
    theme: Theme,
    mouse: bool,
    notices: Notices,
    size: (u16, u16),
}

/// How the preview worker reports.
fn preview_ready(notify: Sender<Event>) -> Box<dyn Fn(PreviewReady) + Send> {
    Box::new(move |ready| {
        // The loop may have ended already; then there is no screen to show it on.
        let _ = notify.send(Event::Preview(ready));
    })
}

impl App {
    /// `notify` is where the tabs' own workers report.
    pub fn new(options: AppOptions, notify: &Sender<Event>) -> Self {
        App {
            session: Session {
                library: None,
                visiting: false,
                models: ModelState::Loading,
                choice: options.choice,
                switching: None,
                indexing: None,
                settings: options.settings,
                evaluation: Evaluation::default(),
                ascii: options.ascii,
            },
            tab: Tab::Explore,
            tabs: Tabs {
                explore: Explore::new(preview_ready(notify.clone())),
                evaluate: Evaluate::new(),
                author: Author::new(),
                library: LibraryTab::new(notify.clone()),
            },
            popup: None,
            keymap: options.keymap,
            inserting: true,
            pending: Vec::new(),
            themes: options.themes,
            theme: options.theme,
            mouse: options.mouse,
            notices: Notices::default(),
            size: options.size,
        }
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// Shows a sentence in the status line, after those that are still waiting.
    pub fn notice(&mut self, text: impl Into<String>) {
        self.notices.push(text.into());
    }

    /// Takes one event.
    pub fn handle(&mut self, event: Event) -> Effects {
        let mut effects = Effects::default();
        match event {
            Event::Key(key) => {
                effects.redraw(Redraw::Now);
                self.key(key, &mut effects);
            }
            Event::Paste(text) => {
                effects.redraw(Redraw::Now);
                self.paste(&text, &mut effects);
            }
            Event::Mouse(mouse) => self.pointer(mouse, &mut effects),
            Event::Resize(columns, rows) => {
                self.size = (columns, rows);
                effects.redraw(Redraw::Soon);
            }
            Event::Engine(response) => {
                effects.redraw(Redraw::Soon);
                self.response(&response, &mut effects);
            }
            Event::Preview(ready) => {
                effects.redraw(Redraw::Soon);
                self.tabs.explore.preview(ready);
            }
            Event::Marked(marked) => {
                effects.redraw(Redraw::Soon);
                self.tabs.library.marked(marked, &self.session);
            }
            Event::Listing(listing) => {
                effects.redraw(Redraw::Soon);
                self.tabs.library.listed(listing);
            }
            Event::Edited(edited) => {
                effects.redraw(Redraw::Now);
                let mut out = Outbox::default();
                self.tabs.author.edited(edited, &self.session, &mut out);
                self.settle(out, &mut effects);
            }
            Event::EngineGone => {
                self.say("the engine has stopped, so nothing will be found any more; start again", &mut effects)
            }
            Event::Panicked(text) => self.say(text, &mut effects),
            Event::Tick => effects.redraw(Redraw::Soon),
            Event::InputFailed(reason) => effects.exit = Some(Exit::Input(reason)),
            Event::Signal(Signal::End(number)) => effects.exit = Some(Exit::Signal(number)),
            Event::Signal(Signal::Stop) => effects.stop = Some(false),
            Event::Signal(Signal::Continue) => effects.resume = true,
        }
        effects
    }

    /// Does what is due at `now`, and says when it wants to be called again.
    pub fn tick(&mut self, now: Instant) -> (Effects, Option<Instant>) {
        let mut effects = Effects::default();
        let (changed, mut next) = self.notices.tick(now);
        if changed {
            effects.redraw(Redraw::Soon);
        }
        for tab in Tab::ALL {
            let mut out = Outbox::default();
            let due = self.tabs.get_mut(tab).tick(now, &self.session, &mut out);
            self.settle(out, &mut effects);
            next = next.into_iter().chain(due).min();
        }
        (effects, next)
    }

    fn visit(&mut self, visiting: bool) {
        self.session.visiting = visiting;
        if visiting {
            let key = self.keymap.key_for(Action::OwnLibrary, self.place());
            let way_back = key.map_or(String::new(), |key| format!("; {key} comes back to yours"));
            self.notice(format!("the benchmark's own library is open{way_back}"));
        }
    }

    fn say(&mut self, text: impl Into<String>, effects: &mut Effects) {
        self.notice(text);
        effects.redraw(Redraw::Soon);
    }

    fn response(&mut self, response: &Response, effects: &mut Effects) {
        match response {
            Response::Visiting(visiting) => self.visit(*visiting),
            Response::Library(library) => {
                let first = self.session.library.is_none();
                if let Some(sentence) = found::sentence(library).filter(|_| first) {
                    self.notice(sentence);
                }
                self.session.library = Some(library.clone());
                // Its numbers were about the library before.
                self.session.indexing = None;
            }
            Response::Models(models) => {
                self.session.models = models.clone();
                if let Some(choice) = self.session.switching.take() {
                    self.notice(format!("{} serve now", choice.label()));
                    self.session.choice = choice;
                }
                if let ModelState::Failed(reason) = models {
                    self.notice(reason.clone());
                }
            }
            Response::Switching(Switching::Started(choice)) => {
                self.notice(format!("loading {}; what serves goes on", choice.label()));
                self.session.switching = Some(choice.clone());
            }
            Response::Switching(Switching::Failed(reason)) => {
                self.session.switching = None;
                self.notice(format!("{reason}; going on with {}", self.session.choice.label()));
            }
            Response::ModelList(entries) => {
                if let Some(Popup::Models(picker)) = &mut self.popup {
                    picker.listed(entries.clone());
                }
            }
            Response::Eval(event) => self.session.evaluation.take(event),
            Response::Indexing(indexing) => self.session.indexing = Some(*indexing),
            Response::Notice(text) => self.notice(text.clone()),
            _ => {}
        }
        for tab in Tab::ALL {
            let mut out = Outbox::default();
            self.tabs.get_mut(tab).response(response, &self.session, &mut out);
            self.settle(out, effects);
        }
    }

    fn with_tab(
        &mut self,
        effects: &mut Effects,
        change: impl FnOnce(&mut dyn super::view::TabView, &Session, &mut Outbox),
    ) {
        let mut out = Outbox::default();
        change(self.tabs.get_mut(self.tab), &self.session, &mut out);
        self.settle(out, effects);
    }

    /// Does what a tab asked for.
    fn settle(&mut self, out: Outbox, effects: &mut Effects) {
        if let Some(settings) = out.settings {
            self.session.settings = settings;
        }
        for request in &out.requests {
            if let Request::Evaluate(request) = request {
                self.session.evaluation = Evaluation::asked_for(request);
            }
        }
        effects.requests.extend(out.requests);
        if let Some(text) = out.status {
            self.notice(text);
        }
        if out.edit.is_some() {
            effects.edit = out.edit;
        }
        if out.copy.is_some() {
            effects.copy = out.copy;
        }
        if let Some(tab) = out.go_to {
            self.tab = tab;
        }
        if let Some(id) = out.pin {
            let mut out = Outbox::default();
            self.tabs.explore.pin(&id, &self.session, &mut out);
            // As below.
            (out.pin, out.explore) = (None, None);
            self.settle(out, effects);
        }
        if let Some(request) = out.probe {
            let mut out = Outbox::default();
            self.tabs.author.bring(&request, &self.session, &mut out);
            self.settle(out, effects);
        }
        if let Some(id) = out.author {
            let mut out = Outbox::default();
            self.tab = Tab::Author;
            self.tabs.author.open(&id, &self.session, &mut out);
            self.settle(out, effects);
        }
        if let Some(open) = out.explore {
            let mut out = Outbox::default();
            self.tab = Tab::Explore;
            self.tabs.explore.open(open, &self.session, &mut out);
            // Explore does not ask to open something in Explore, so this ends.
            out.explore = None;
            self.settle(out, effects);
        }
    }
}

#[cfg(test)]
mod tests;
