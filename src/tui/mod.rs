//! The interface: the only room that knows ratatui.
//!
//! Keys become [`action::Action`]s, actions change the [`app::App`], drawing only reads. This file is the loop around
//! the app: it waits for an [`event::Event`], takes everything that is there, and draws at most one frame, at once if
//! a person is waiting for it. There is no frame clock; an interface where nothing happens costs nothing.

pub mod action;
pub mod app;
pub mod author;
pub mod chrome;
pub mod clipboard;
pub mod evaluate;
pub mod evaluation;
pub mod event;
pub mod explore;
pub mod found;
pub mod help;
pub mod keymap;
pub mod library;
pub mod models;
pub mod outside;
pub mod session;
pub mod terminal;
pub mod theme;
pub mod view;
pub mod widgets;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never, select, unbounded};

use crate::config::{Config, Dirs};
use crate::engine::{EngineHandle, ModelChoice, Response};

use app::{App, AppOptions, Effects, Exit, Redraw};
use event::{Event, Parking};
use keymap::{KeyLayer, Keymap, KeymapError};
use terminal::{Guard, TerminalError, TerminalOptions};
use theme::{ColorDepth, Themes};

/// The least time between two frames that nobody pressed a key for: a hundred a second is more than an eye follows,
/// and a batch of results then costs one frame instead of twenty.
const FRAME: Duration = Duration::from_millis(10);

/// How long a turn may go on taking events before it draws. Events that keep coming must not keep the screen away.
const TURN: Duration = Duration::from_millis(8);

#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    #[error(transparent)]
    Keymap(#[from] KeymapError),
    #[error("the interface cannot start: {0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Input(String),
}

/// What the interface starts with.
#[derive(Debug, Default)]
pub struct TuiOptions {
    pub config: Config,
    /// Where the user's themes and keymaps are looked for.
    pub dirs: Option<Dirs>,
    /// Where standard error goes while the screen is up.
    pub log: Option<PathBuf>,
    /// Sentences to show first.
    pub notices: Vec<String>,
}

/// Runs the interface until the user or a signal ends it, and returns the exit status: 0, or 128 + the signal. The
/// terminal is as it was before, on every way out. The engine belongs to the caller.
pub fn run(engine: EngineHandle, responses: Receiver<Response>, options: TuiOptions) -> Result<i32, TuiError> {
    let env = |name: &str| std::env::var(name).ok();
    let config = &options.config;
    let keymap = load_keymap(config, options.dirs.as_ref())?;
    let depth = ColorDepth::choose(config.color, &env);
    let (themes, problems) =
        Themes::load(depth, options.dirs.as_ref().map(|dirs| dirs.config.join("themes")).as_deref());
    // Before the input thread, which would take the answer for keys; and only where the answer matters, because a
    // terminal that gives none costs the whole wait.
    let asks = depth != ColorDepth::None && themes.depends_on_background(&config.theme);
    let light = if asks { terminal::probe_light() } else { None };
    let (theme, no_theme) = themes.choose(&config.theme, light);
    let conflicts: Vec<String> = keymap.conflicts().iter().map(ToString::to_string).collect();

    let (notify, notified) = unbounded();
    let panicked = notify.clone();
    terminal::install_panic_hook(move |text| {
        let _ = panicked.send(Event::Panicked(text));
    });
    let guard = Guard::enter(TerminalOptions { mouse: config.mouse, stderr: options.log.clone() })?;
    let parking = Parking::default();
    event::spawn_signals(notify.clone(), parking.clone())?;
    let input = event::spawn_input(parking.clone())?;
    let size = guard.size()?;
    let choice = ModelChoice { embedder: config.embedder.clone(), reranker: config.reranker.clone() };
    let app_options = AppOptions {
        settings: config.settings,
        choice,
        keymap,
        themes,
        theme,
        ascii: config.ascii,
        mouse: config.mouse,
        size,
    };
    let mut app = App::new(app_options, &notify);
    for text in options.notices.into_iter().chain(problems).chain(no_theme).chain(conflicts) {
        app.notice(text);
    }
    let mut panic = TestPanic::asked_for(&env);
    let mut ui = Ui { app, guard, engine, parking, active: true, last_frame: Instant::now(), redraw: Redraw::Now };
    let sources = Sources { input, notified, responses };
    ui.run(sources, &mut panic)
}

fn load_keymap(config: &Config, dirs: Option<&Dirs>) -> Result<Keymap, KeymapError> {
    let changes = match &config.file {
        Some(file) => KeyLayer::parse_keys_of(&file.path, &file.source)?,
        None => KeyLayer::default(),
    };
    Keymap::load(&config.keymap, dirs.map(|dirs| dirs.config.join("keymaps")).as_deref(), &changes)
}

/// Where events come from.
struct Sources {
    input: Receiver<Event>,
    /// The tabs' workers, signals and panics.
    notified: Receiver<Event>,
    responses: Receiver<Response>,
}

impl Sources {
    /// Waits for one event, or until `wake`.
    fn wait(&mut self, wake: Option<Instant>) -> Event {
        let timer = wake.map_or_else(never, at);
        select! {
            recv(self.input) -> event => event.unwrap_or_else(|_| Event::InputFailed("the terminal is no longer read".into())),
            recv(self.notified) -> event => event.unwrap_or(Event::Tick),
            recv(self.responses) -> response => self.engine(response.ok()),
            recv(timer) -> _ => Event::Tick,
        }
    }

    /// An event that is there already, keys first.
    fn take(&mut self) -> Option<Event> {
        let waiting = self.input.try_recv().or_else(|_| self.notified.try_recv()).ok();
        waiting.or_else(|| self.responses.try_recv().ok().map(Event::Engine))
    }

    fn engine(&mut self, response: Option<Response>) -> Event {
        match response {
            Some(response) => Event::Engine(response),
            None => {
                // A closed channel is always ready; without this the loop would spin.
                self.responses = never();
                Event::EngineGone
            }
        }
    }
}

/// The app with its terminal.
struct Ui {
    app: App,
    guard: Guard,
    engine: EngineHandle,
    parking: Parking,
    /// False while the terminal is given back and we are, or were just, stopped.
    active: bool,
    last_frame: Instant,
    redraw: Redraw,
}

impl Ui {
    fn run(&mut self, mut sources: Sources, panic: &mut Option<TestPanic>) -> Result<i32, TuiError> {
        loop {
            let (effects, mut wake) = self.app.tick(Instant::now());
            if let Some(exit) = self.carry_out(effects)? {
                return self.end(exit);
            }
            if let Some(frame_due) = self.draw_if_due()? {
                wake = Some(wake.map_or(frame_due, |wake| wake.min(frame_due)));
            } else if let Some(panic) = panic.take() {
                panic.start()?;
            }
            let mut next = Some(sources.wait(wake));
            let turn = Instant::now();
            while let Some(event) = next {
                let effects = self.app.handle(event);
                if let Some(exit) = self.carry_out(effects)? {
                    return self.end(exit);
                }
                next = if turn.elapsed() < TURN { sources.take() } else { None };
            }
        }
    }

    /// Draws if something changed and its time has come; returns when it will have.
    fn draw_if_due(&mut self) -> io::Result<Option<Instant>> {
        let due = match self.redraw {
            _ if !self.active => return Ok(None),
            Redraw::No => return Ok(None),
            Redraw::Soon => self.last_frame + FRAME,
            Redraw::Now => self.last_frame,
        };
        if due > Instant::now() {
            return Ok(Some(due));
        }
        self.redraw = Redraw::No;
        self.guard.draw(|frame| self.app.draw(frame))?;
        self.last_frame = Instant::now();
        Ok(None)
    }

    /// Does what an update asked for.
    fn carry_out(&mut self, effects: Effects) -> Result<Option<Exit>, TuiError> {
        self.redraw = self.redraw.max(effects.redraw);
        for request in effects.requests {
            if !self.engine.send(request) {
                self.redraw = self.redraw.max(self.app.handle(Event::EngineGone).redraw);
            }
        }
        if let Some(text) = effects.copy {
            let said = match self.guard.copy(&text) {
                Ok(()) => clipboard::sentence(&text, &|name| std::env::var(name).ok()),
                Err(error) => format!("not copied: {error}"),
            };
            self.app.notice(said);
        }
        if let Some(on) = effects.mouse {
            self.guard.set_mouse(on)?;
        }
        if let Some(text) = effects.edit {
            let guard = &mut self.guard;
            let edited = outside::edit(&text, &self.parking, || guard.leave(), &|name| std::env::var(name).ok());
            self.guard.take_again()?;
            let (columns, rows) = self.guard.size()?;
            self.app.handle(Event::Resize(columns, rows));
            let effects = self.app.handle(Event::Edited(edited));
            self.redraw = Redraw::Now;
            // It holds no text to edit, so this ends.
            return self.carry_out(effects);
        }
        if let Some(group) = effects.stop {
            self.guard.leave();
            self.active = false;
            event::stop(group);
            // Running again; SIGCONT is on its way as an event and takes the terminal.
        }
        if effects.resume {
            self.guard.take_again()?;
            self.active = true;
            let (columns, rows) = self.guard.size()?;
            self.app.handle(Event::Resize(columns, rows));
            self.redraw = Redraw::Now;
        }
        Ok(effects.exit)
    }

    fn end(&mut self, exit: Exit) -> Result<i32, TuiError> {
        self.guard.leave();
        match exit {
            Exit::Quit => Ok(0),
            Exit::Signal(number) => Ok(event::exit_code(number)),
            Exit::Input(reason) => Err(TuiError::Input(reason)),
        }
    }
}

/// `SKILLSCOPE_TEST_PANIC=main` or `=worker`: a panic after the first frame, so that a test on a real pseudo-terminal
/// can see what becomes of the terminal. Read once, documented in the guide, and of no other use.
enum TestPanic {
    Main,
    Worker,
}

impl TestPanic {
    fn asked_for(env: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        match env("SKILLSCOPE_TEST_PANIC")?.as_str() {
            "main" => Some(TestPanic::Main),
            "worker" => Some(TestPanic::Worker),
            _ => None,
        }
    }

    fn start(self) -> io::Result<()> {
        // The line before it must not be seen either, as if a library wrote to standard error.
        let fail = || {
            eprintln!("written to standard error");
            panic!("asked for by SKILLSCOPE_TEST_PANIC")
        };
        match self {
            TestPanic::Main => fail(),
            TestPanic::Worker => std::thread::Builder::new().name("worker".into()).spawn(fail).map(drop),
        }
    }
}
