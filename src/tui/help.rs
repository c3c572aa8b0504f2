//! Help: everything that can be done here with its keys, searchable, and Enter does what is selected.
//!
//! Computed from the effective bindings and from what is available now, so that it cannot say anything that is not so.

use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::action::{Action, Tab};
use super::keymap::{Found, Group, Keymap, table};
use super::session::Session;
use super::theme::{Role, Theme};
use super::widgets::{Symbols, fit, popup, width, window};

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub action: Action,
    pub group: Group,
    /// Empty if it has no key here.
    pub keys: String,
    pub about: &'static str,
    /// Whether it would do something now.
    pub available: bool,
}

/// Rows whose keys, name, description or group contain every word of `filter`.
pub fn rows(keymap: &Keymap, tab: Tab, filter: &str, available: impl Fn(Action) -> bool) -> Vec<Row> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut rows: Vec<Row> = table::ALL
        .iter()
        .map(|&action| Row {
            action,
            group: table::group(action),
            keys: keymap.keys_for(action, tab).join(", "),
            about: table::about(action),
            available: available(action),
        })
        // What cannot be done on this tab at all is noise here.
        .filter(|row| row.available || !row.keys.is_empty())
        .filter(|row| {
            let text = format!("{} {} {} {}", row.keys, table::name(row.action), row.about, row.group.title());
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .collect();
    // What is special about this tab is what one opens help for.
    rows.sort_by_key(|row| (!row.group.is_of(tab), row.group));
    rows
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelpOutcome {
    Stay,
    Close,
    Quit,
    /// Close, and do what is selected.
    Run,
}

#[derive(Debug, Default)]
pub struct Help {
    filter: String,
    /// Index into the rows.
    selected: usize,
}

/// Rows that a page key moves.
const PAGE: usize = 10;

impl Help {
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// The action that Enter does; `None` if it cannot be done now.
    pub fn chosen(&self, rows: &[Row]) -> Option<Action> {
        rows.get(self.selected).filter(|row| row.available).map(|row| row.action)
    }

    /// `found` is what the keymap makes of the key in a text field, so that the user's own keys move here too.
    pub fn key(&mut self, key: KeyEvent, found: Found) -> HelpOutcome {
        match found {
            Found::Action(Action::Up) => self.selected = self.selected.saturating_sub(1),
            Found::Action(Action::Down) => self.selected += 1,
            Found::Action(Action::PageUp) => self.selected = self.selected.saturating_sub(PAGE),
            Found::Action(Action::PageDown) => self.selected += PAGE,
            Found::Action(Action::Back | Action::NormalMode | Action::Help) => return HelpOutcome::Close,
            Found::Action(Action::Quit) => return HelpOutcome::Quit,
            Found::Action(Action::Open) => return HelpOutcome::Run,
            _ => match key.code {
                // Whatever the keymap says, these two get out of here.
                KeyCode::Esc => return HelpOutcome::Close,
                KeyCode::Enter => return HelpOutcome::Run,
                _ if popup::edit(&mut self.filter, key) => self.selected = 0,
                _ => {}
            },
        }
        HelpOutcome::Stay
    }

    /// Keeps the selection on one of `rows` rows.
    pub fn clamp(&mut self, rows: usize) {
        self.selected = self.selected.min(rows.saturating_sub(1));
    }

    pub fn paste(&mut self, text: &str) {
        popup::paste(&mut self.filter, text);
    }

    pub fn mouse(&mut self, mouse: MouseEvent, body: Rect) -> HelpOutcome {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.selected += 1,
            MouseEventKind::ScrollUp => self.selected = self.selected.saturating_sub(1),
            MouseEventKind::Down(_) if !popup::area(body).contains((mouse.column, mouse.row).into()) => {
                return HelpOutcome::Close;
            }
            _ => {}
        }
        HelpOutcome::Stay
    }

    pub fn draw(&self, frame: &mut Frame, body: Rect, rows: &[Row], session: &Session, theme: &Theme) {
        const TITLE: &str = "Help: type to search, enter does it, esc closes";
        let Some(inner) = popup::draw(frame, body, TITLE, &self.filter, session.ascii, theme) else {
            return;
        };
        let lines = self.lines(rows, usize::from(inner.width), usize::from(inner.height), session.ascii, theme);
        frame.render_widget(Paragraph::new(lines), inner);
    }

    fn lines(&self, rows: &[Row], columns: usize, height: usize, ascii: bool, theme: &Theme) -> Vec<Line<'static>> {
        if rows.is_empty() {
            return vec![Line::styled("nothing here is called that", theme.style(Role::Muted))];
        }
        let selected = self.selected.min(rows.len() - 1);
        let longest = rows.iter().map(|row| width(&row.keys)).max().unwrap_or(0);
        let keys_width = longest.min(columns / 2);
        let mut lines = Vec::new();
        let mut selected_line = 0;
        let mut group = None;
        for (index, row) in rows.iter().enumerate() {
            if group != Some(row.group) {
                group = Some(row.group);
                lines.push(Line::styled(row.group.title(), theme.style(Role::Title)));
            }
            let about = if row.available { row.about.to_string() } else { format!("{} (not now)", row.about) };
            let room = columns.saturating_sub(keys_width + 2);
            let ellipsis = Symbols::of(ascii).ellipsis;
            let (keys, about) = (fit(&row.keys, keys_width, ellipsis), fit(&format!("  {about}"), room, ellipsis));
            let mark = if index == selected { "> " } else { "  " };
            let (key_role, about_role) = match (index == selected, row.available) {
                (true, _) => (Role::Selection, Role::Selection),
                (false, true) => (Role::Key, Role::Text),
                (false, false) => (Role::Muted, Role::Muted),
            };
            if index == selected {
                selected_line = lines.len();
            }
            lines.push(Line::from(vec![
                Span::styled(mark, theme.style(key_role)),
                Span::styled(keys, theme.style(key_role)),
                Span::styled(about, theme.style(about_role)),
            ]));
        }
        let shown = window(Some(selected_line), lines.len(), height);
        lines.drain(shown).collect()
    }
}
