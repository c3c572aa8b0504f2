//! The program's state and how it changes. Pure: no terminal, no clock, no thread, so that tests and benches drive
//! exactly what a person does. What has to happen outside comes back as [`Effects`].

use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::engine::{ModelState, Request, Response};
use crate::search::Settings;

use super::action::{Action, Tab};
use super::author::Author;
use super::chrome::{self, Areas};
use super::evaluate::Evaluate;
use super::event::{Event, Signal};
use super::explore::{Explore, PreviewReady};
use super::found;
use super::help::{Help, HelpOutcome};
use super::keymap::{Chord, Found, Keymap, Place, shown, table};
use super::library::LibraryTab;
use super::session::{Outbox, Session};
use super::theme::{ColorDepth, Role, Theme, Themes};
use super::view::Tabs;

/// How long a sentence stays in the status line: long enough to read one of full width.
const NOTICE: Duration = Duration::from_secs(6);

/// How soon the screen has to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Redraw {
    #[default]
    No,
    /// With the next frame that is due.
    Soon,
    /// A person is waiting for it.
    Now,
}

/// Why the program ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    Quit,
    /// This signal.
    Signal(i32),
    /// The terminal is gone; a sentence.
    Input(String),
}

/// What the loop has to do after an update.
#[derive(Debug, Default)]
pub struct Effects {
    pub requests: Vec<Request>,
    /// For the clipboard.
    pub copy: Option<String>,
    /// Mouse reports on or off.
    pub mouse: Option<bool>,
    /// Give the terminal back and stop; true if asked for by a key, which also stops the processes around us.
    pub stop: Option<bool>,
    /// Take the terminal again.
    pub resume: bool,
    pub exit: Option<Exit>,
    pub redraw: Redraw,
}

impl Effects {
    fn redraw(&mut self, redraw: Redraw) {
        self.redraw = self.redraw.max(redraw);
    }
}

/// What an app starts with.
pub struct AppOptions {
    pub settings: Settings,
    pub keymap: Keymap,
    pub themes: Themes,
    pub theme: Theme,
    pub ascii: bool,
    pub mouse: bool,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// A sentence for the status line.
struct Notice {
    text: String,
    /// `None` until it has been on screen for the first time.
    until: Option<Instant>,
}

pub struct App {
    session: Session,
    tab: Tab,
    tabs: Tabs,
    help: Option<Help>,
    keymap: Keymap,
    /// In a modal keymap: whether characters go to the text field.
    inserting: bool,
    /// Keys of a sequence that is not complete.
    pending: Vec<Chord>,
    themes: Themes,
    theme: Theme,
    mouse: bool,
    notices: std::collections::VecDeque<Notice>,
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
                indexing: None,
                settings: options.settings,
                ascii: options.ascii,
            },
            tab: Tab::Explore,
            tabs: Tabs {
                explore: Explore::new(preview_ready(notify.clone())),
                evaluate: Evaluate::new(),
                author: Author::new(),
                library: LibraryTab::new(notify.clone()),
            },
            help: None,
            keymap: options.keymap,
            inserting: true,
            pending: Vec::new(),
            themes: options.themes,
            theme: options.theme,
            mouse: options.mouse,
            notices: std::collections::VecDeque::new(),
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
        /// A flood of sentences is as good as none: the oldest waiting ones go.
        const MOST: usize = 8;
        let text = text.into();
        tracing::info!(text, "notice");
        if self.notices.back().is_none_or(|last| last.text != text) {
            self.notices.push_back(Notice { text, until: None });
        }
        while self.notices.len() > MOST {
            self.notices.pop_front();
        }
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
            Event::Listing(listing) => {
                effects.redraw(Redraw::Soon);
                self.tabs.library.listed(listing);
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
        let mut next = self.tick_notice(now, &mut effects);
        for tab in Tab::ALL {
            let mut out = Outbox::default();
            let due = self.tabs.get_mut(tab).tick(now, &self.session, &mut out);
            self.settle(out, &mut effects);
            next = next.into_iter().chain(due).min();
        }
        (effects, next)
    }

    fn tick_notice(&mut self, now: Instant, effects: &mut Effects) -> Option<Instant> {
        while let Some(notice) = self.notices.front_mut() {
            let until = *notice.until.get_or_insert(now + NOTICE);
            // With another one waiting, half the time has to do.
            let until = if self.notices.len() > 1 { until - NOTICE / 2 } else { until };
            if now < until {
                return Some(until);
            }
            self.notices.pop_front();
            effects.redraw(Redraw::Soon);
        }
        None
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
                if let ModelState::Failed(reason) = models {
                    self.notice(reason.clone());
                }
            }
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

    /// Whether characters go to a text field.
    fn typing(&self) -> bool {
        self.tabs.get(self.tab).text_input() && (self.inserting || !self.keymap.modal)
    }

    fn place(&self) -> Place {
        Place { tab: self.tab, typing: self.typing() }
    }

    fn key(&mut self, key: KeyEvent, effects: &mut Effects) {
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

    fn paste(&mut self, text: &str, effects: &mut Effects) {
        match &mut self.help {
            Some(help) => help.paste(text),
            // Whoever pastes means to write, whatever the mode.
            None => self.with_tab(effects, |tab, session, out| tab.paste(text, session, out)),
        }
    }

    fn pointer(&mut self, mouse: MouseEvent, effects: &mut Effects) {
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
    fn available(&self, action: Action) -> bool {
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
        effects.requests.extend(out.requests);
        if let Some(text) = out.status {
            self.notice(text);
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
        if let Some(open) = out.explore {
            let mut out = Outbox::default();
            self.tab = Tab::Explore;
            self.tabs.explore.open(open, &self.session, &mut out);
            // Explore does not ask to open something in Explore, so this ends.
            out.explore = None;
            self.settle(out, effects);
        }
    }

    fn areas(&self) -> Areas {
        chrome::areas(Rect::new(0, 0, self.size.0, self.size.1), self.tab)
    }

    fn help_rows(&self, filter: &str) -> Vec<super::help::Row> {
        super::help::rows(&self.keymap, self.tab, filter, |action| self.available(action))
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
        match (areas.status, self.shown_notice()) {
            (Some(status), Some(notice)) => chrome::draw_notice(frame, status, notice, &self.session, &self.theme),
            (Some(status), None) if !areas.status_of_tab => {
                chrome::draw_status(frame, status, &self.session, &self.theme);
            }
            _ => {}
        }
        self.draw_hints(frame, areas);
        if let Some(help) = &self.help {
            help.draw(frame, areas.body, &self.help_rows(help.filter()), &self.session, &self.theme);
        }
    }

    fn shown_notice(&self) -> Option<&str> {
        self.notices.front().map(|notice| notice.text.as_str())
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
        } else if let (None, Some(notice)) = (areas.status, self.shown_notice()) {
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

/// The tab `steps` to the right, around the end.
fn neighbour(tab: Tab, steps: usize) -> Tab {
    let at = Tab::ALL.iter().position(|&other| other == tab).unwrap_or(0);
    Tab::ALL[(at + steps) % Tab::ALL.len()]
}

#[cfg(test)]
mod tests;
