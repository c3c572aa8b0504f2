//! The interface: how long a frame takes, how long a key waits for its frame while the engine is at full load, and how
//! soon the real program can be used.

mod frames;
mod load;
mod program;

use crossbeam_channel::{Receiver, unbounded};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use skillscope::config::ThemeChoice;
use skillscope::engine::ModelChoice;
use skillscope::search::Settings;
use skillscope::tui::app::{App, AppOptions};
use skillscope::tui::event::Event;
use skillscope::tui::keymap::{KeyLayer, Keymap};
use skillscope::tui::theme::{ColorDepth, Themes};

pub use frames::frames;
pub use load::key_to_frame;
pub use program::start;

/// The largest screen the aims speak of.
const SIZE: (u16, u16) = (200, 60);

/// The real app on a screen in memory.
struct Headless {
    app: App,
    screen: Terminal<TestBackend>,
    /// What the tabs' own workers report.
    notified: Receiver<Event>,
}

impl Headless {
    fn new() -> anyhow::Result<Self> {
        let (themes, _) = Themes::load(ColorDepth::True, None);
        let (theme, _) = themes.choose(&ThemeChoice::named("harbor-dark"), None);
        let keymap = Keymap::load("emacs", None, &KeyLayer::default())?;
        let (notify, notified) = unbounded();
        let settings = Settings::default();
        let app = App::new(
            AppOptions {
                settings,
                choice: ModelChoice::default(),
                keymap,
                themes,
                theme,
                ascii: false,
                mouse: false,
                size: SIZE,
            },
            &notify,
        );
        let screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1))?;
        Ok(Headless { app, screen, notified })
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        self.screen.draw(|frame| self.app.draw(frame))?;
        Ok(())
    }
}
