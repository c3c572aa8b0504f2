//! The whole program without a terminal: real engine, real keys, and the screen as text.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use skillscope::config::ThemeChoice;
use skillscope::engine::{Engine, EngineOptions, ModelChoice};
use skillscope::library::load::Source;
use skillscope::model::Device;
use skillscope::search::Settings;
use skillscope::tui::app::{App, AppOptions};
use skillscope::tui::event::Event;
use skillscope::tui::keymap::{KeyLayer, Keymap};
use skillscope::tui::theme::{ColorDepth, Themes};

/// Nothing takes this long even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const SIZE: (u16, u16) = (160, 44);

pub struct Script {
    pub app: App,
    engine: Engine,
    notified: Receiver<Event>,
    pub copied: Vec<String>,
}

impl Script {
    pub fn start(keymap: &str, source: Source) -> Self {
        let engine = Engine::start(EngineOptions {
            source,
            cache: None,
            models: ModelChoice::default(),
            placement: Device::Cpu.into(),
            benchmarks: Vec::new(),
            hub: None,
            runs: None,
            profiles: None,
            watch: false,
            approximate: false,
        });
        let (notify, notified) = unbounded();
        let (themes, _) = Themes::load(ColorDepth::None, None);
        let (theme, _) = themes.choose(&ThemeChoice::Auto, None);
        let options = AppOptions {
            settings: Settings::default(),
            choice: ModelChoice::default(),
            keymap: Keymap::load(keymap, None, &KeyLayer::default()).unwrap(),
            themes,
            theme,
            ascii: false,
            mouse: true,
            size: SIZE,
        };
        let app = App::new(options, &notify);
        Script { app, engine, notified, copied: Vec::new() }
    }

    fn handle(&mut self, event: Event) {
        let effects = self.app.handle(event);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: skillscope::tui::app::Effects) {
        effects.requests.into_iter().for_each(|request| assert!(self.engine.send(request)));
        self.copied.extend(effects.copy);
    }

    pub fn press(&mut self, code: KeyCode, modifiers: KeyModifiers) -> &mut Self {
        self.handle(Event::Key(KeyEvent::new(code, modifiers)));
        self
    }

    pub fn control(&mut self, key: char) -> &mut Self {
        self.press(KeyCode::Char(key), KeyModifiers::CONTROL)
    }

    pub fn alt(&mut self, key: char) -> &mut Self {
        self.press(KeyCode::Char(key), KeyModifiers::ALT)
    }

    pub fn type_text(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            self.press(KeyCode::Char(letter), KeyModifiers::NONE);
        }
        self
    }

    fn screen(&self) -> String {
        let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
        terminal.draw(|frame| self.app.draw(frame)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let row = |y| (0..SIZE.0).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
        (0..SIZE.1).map(|y| row(y).trim_end().to_owned() + "\n").collect()
    }

    /// Runs the loop until the screen is as wanted.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (effects, _) = self.app.tick(Instant::now());
            self.carry_out(effects);
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "never saw {what}:\n{screen}");
            if let Ok(response) = self.engine.responses().recv_timeout(Duration::from_millis(20)) {
                self.handle(Event::Engine(response));
            }
            while let Ok(event) = self.notified.try_recv() {
                self.handle(event);
            }
        }
    }
}

/// The row of the screen that has this text.
pub fn row<'a>(screen: &'a str, text: &str) -> &'a str {
    screen.lines().find(|line| line.contains(text)).unwrap_or_default()
}
