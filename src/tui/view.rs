//! What every tab is to the app.

use std::time::Instant;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::engine::Response;

use super::action::{Action, Tab};
use super::author::Author;
use super::evaluate::Evaluate;
use super::explore::Explore;
use super::library::LibraryTab;
use super::session::{Outbox, Session};
use super::theme::Theme;

/// A tab: state that actions change, and a picture of it.
pub trait TabView {
    fn update(&mut self, action: Action, session: &Session, out: &mut Outbox);
    /// True while plain characters go to a text field of this tab.
    fn text_input(&self) -> bool;
    /// Keys that no binding took, only while [`TabView::text_input`].
    fn key(&mut self, key: KeyEvent, session: &Session, out: &mut Outbox);
    fn paste(&mut self, text: &str, session: &Session, out: &mut Outbox);
    fn mouse(&mut self, event: MouseEvent, area: Rect, session: &Session, out: &mut Outbox);
    /// Every response of the engine is shown to every tab.
    fn response(&mut self, response: &Response, session: &Session, out: &mut Outbox);
    /// Does what is due and says when it wants to be called next.
    fn tick(&mut self, now: Instant, session: &Session, out: &mut Outbox) -> Option<Instant>;
    /// Whether the action would do something now.
    fn available(&self, action: Action, session: &Session) -> bool;
    /// Reads only.
    fn draw(&self, frame: &mut Frame, area: Rect, session: &Session, theme: &Theme);
}

/// The tabs have these as their own methods; this only lets the app hold them alike.
macro_rules! tab_view {
    ($($tab:ty),*) => { $(
        impl TabView for $tab {
            fn update(&mut self, action: Action, session: &Session, out: &mut Outbox) {
                <$tab>::update(self, action, session, out);
            }
            fn text_input(&self) -> bool {
                <$tab>::text_input(self)
            }
            fn key(&mut self, key: KeyEvent, session: &Session, out: &mut Outbox) {
                <$tab>::key(self, key, session, out);
            }
            fn paste(&mut self, text: &str, session: &Session, out: &mut Outbox) {
                <$tab>::paste(self, text, session, out);
            }
            fn mouse(&mut self, event: MouseEvent, area: Rect, session: &Session, out: &mut Outbox) {
                <$tab>::mouse(self, event, area, session, out);
            }
            fn response(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
                <$tab>::response(self, response, session, out);
            }
            fn tick(&mut self, now: Instant, session: &Session, out: &mut Outbox) -> Option<Instant> {
                <$tab>::tick(self, now, session, out)
            }
            fn available(&self, action: Action, session: &Session) -> bool {
                <$tab>::available(self, action, session)
            }
            fn draw(&self, frame: &mut Frame, area: Rect, session: &Session, theme: &Theme) {
                <$tab>::draw(self, frame, area, session, theme);
            }
        }
    )* };
}

tab_view!(Explore, Evaluate, Author, LibraryTab);

/// The four tabs.
pub struct Tabs {
    pub explore: Explore,
    pub evaluate: Evaluate,
    pub author: Author,
    pub library: LibraryTab,
}

impl Tabs {
    pub fn get(&self, tab: Tab) -> &dyn TabView {
        match tab {
            Tab::Explore => &self.explore,
            Tab::Evaluate => &self.evaluate,
            Tab::Author => &self.author,
            Tab::Library => &self.library,
        }
    }

    pub fn get_mut(&mut self, tab: Tab) -> &mut dyn TabView {
        match tab {
            Tab::Explore => &mut self.explore,
            Tab::Evaluate => &mut self.evaluate,
            Tab::Author => &mut self.author,
            Tab::Library => &mut self.library,
        }
    }
}
