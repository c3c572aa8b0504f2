//! The model picker: which networks serve, and others to load in the background while those go on.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::engine::{ModelChoice, ModelState};
use crate::library::Text;
use crate::model::catalogue::{Entry, Presence};

use super::action::Action;
use super::keymap::Found;
use super::session::Session;
use super::theme::{Role, Theme};
use super::widgets::text::wrap;
use super::widgets::{Symbols, fit, popup, width, window};

/// Rows that a page key moves.
const PAGE: usize = 10;

/// Which of the two networks is being chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Embedder,
    Reranker,
}

impl Part {
    fn other(self) -> Self {
        match self {
            Part::Embedder => Part::Reranker,
            Part::Reranker => Part::Embedder,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Part::Embedder => "embedder",
            Part::Reranker => "reranker",
        }
    }

    fn of(self, entry: &Entry) -> Presence {
        match self {
            Part::Embedder => entry.embedder,
            Part::Reranker => entry.reranker,
        }
    }
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    /// A profile.
    Entry(usize),
    /// No reranker.
    None,
    /// What was typed: a directory, a repository, or a profile with options.
    Typed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickerOutcome {
    Stay,
    Close,
    Quit,
    /// Close, and load these.
    Use(ModelChoice),
}

#[derive(Debug, Default)]
pub struct ModelPicker {
    part: Part,
    typed: String,
    selected: usize,
    /// `None` until the engine has looked.
    entries: Option<Arc<Vec<Entry>>>,
}

impl ModelPicker {
    pub fn listed(&mut self, entries: Arc<Vec<Entry>>) {
        self.entries = Some(entries);
    }

    fn entries(&self) -> &[Entry] {
        self.entries.as_deref().map_or(&[], Vec::as_slice)
    }

    /// What matches the words typed; a name that is no profile is offered as it is.
    fn choices(&self) -> Vec<Choice> {
        let words: Vec<String> = self.typed.split_whitespace().map(str::to_lowercase).collect();
        let matches = |text: &str| {
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let entries = self.entries().iter().enumerate();
        let mut choices: Vec<Choice> = entries
            .filter(|(_, entry)| self.part.of(entry) != Presence::Without)
            .filter(|(_, entry)| matches(&format!("{} {}", entry.name, entry.about)))
            .map(|(index, _)| Choice::Entry(index))
            .collect();
        if self.part == Part::Reranker && matches("none no reranker") {
            choices.push(Choice::None);
        }
        let known = self.entries().iter().any(|entry| entry.name == self.typed.trim());
        if !self.typed.trim().is_empty() && !known {
            choices.push(Choice::Typed);
        }
        choices
    }

    /// `found` is what the keymap makes of the key in a text field.
    pub fn key(&mut self, key: KeyEvent, found: Found, session: &Session) -> PickerOutcome {
        match found {
            Found::Action(Action::Up) => self.selected = self.selected.saturating_sub(1),
            Found::Action(Action::Down) => self.selected += 1,
            Found::Action(Action::PageUp) => self.selected = self.selected.saturating_sub(PAGE),
            Found::Action(Action::PageDown) => self.selected += PAGE,
            Found::Action(Action::FocusNext | Action::FocusPrevious) => {
                self.part = self.part.other();
                self.selected = 0;
            }
            Found::Action(Action::Back | Action::NormalMode | Action::ChooseModels) => return PickerOutcome::Close,
            Found::Action(Action::Quit) => return PickerOutcome::Quit,
            Found::Action(Action::Open) => return self.chosen(session),
            _ => match key.code {
                KeyCode::Esc => return PickerOutcome::Close,
                KeyCode::Enter => return self.chosen(session),
                _ if popup::edit(&mut self.typed, key) => self.selected = 0,
                _ => {}
            },
        }
        self.clamp();
        PickerOutcome::Stay
    }

    pub fn paste(&mut self, text: &str) {
        popup::paste(&mut self.typed, text);
        self.selected = 0;
    }

    pub fn mouse(&mut self, mouse: MouseEvent, body: Rect) -> PickerOutcome {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.selected += 1,
            MouseEventKind::ScrollUp => self.selected = self.selected.saturating_sub(1),
            MouseEventKind::Down(_) if !popup::area(body).contains((mouse.column, mouse.row).into()) => {
                return PickerOutcome::Close;
            }
            _ => {}
        }
        self.clamp();
        PickerOutcome::Stay
    }

    fn clamp(&mut self) {
        self.selected = self.selected.min(self.choices().len().saturating_sub(1));
    }

    /// The chosen network beside the other one that serves.
    fn chosen(&self, session: &Session) -> PickerOutcome {
        let choices = self.choices();
        let Some(choice) = choices.get(self.selected) else {
            return PickerOutcome::Stay;
        };
        let name = match choice {
            Choice::Entry(index) => self.entries().get(*index).map(|entry| entry.name.clone()),
            Choice::Typed => Some(self.typed.trim().to_owned()),
            Choice::None => None,
        };
        let serving = session.choice.clone();
        PickerOutcome::Use(match (self.part, name) {
            (Part::Embedder, Some(embedder)) => ModelChoice { embedder, ..serving },
            (Part::Embedder, None) => serving,
            (Part::Reranker, reranker) => ModelChoice { reranker, ..serving },
        })
    }

    pub fn draw(&self, frame: &mut Frame, body: Rect, session: &Session, theme: &Theme) {
        let title =
            format!("Models: {}; tab for the {}, enter loads, esc closes", self.part.word(), self.part.other().word());
        let Some(inner) = popup::draw(frame, body, &title, &self.typed, session.ascii, theme) else {
            return;
        };
        let mut lines = serving(session, usize::from(inner.width), theme);
        let height = usize::from(inner.height).saturating_sub(lines.len());
        lines.extend(self.lines(usize::from(inner.width), height, session, theme));
        frame.render_widget(Paragraph::new(lines), inner);
    }

    fn lines(&self, columns: usize, height: usize, session: &Session, theme: &Theme) -> Vec<Line<'static>> {
        if self.entries.is_none() {
            return vec![Line::styled("looking what is there", theme.style(Role::Muted))];
        }
        let choices = self.choices();
        let names = self.entries().iter().map(|entry| width(&entry.name)).max().unwrap_or(0).min(columns / 2);
        let shown = window(Some(self.selected), choices.len(), height);
        let lines = choices.iter().enumerate().take(shown.end).skip(shown.start);
        lines.map(|(index, choice)| self.line(choice, index == self.selected, names, columns, session, theme)).collect()
    }

    fn line(
        &self,
        choice: &Choice,
        selected: bool,
        names: usize,
        columns: usize,
        session: &Session,
        theme: &Theme,
    ) -> Line<'static> {
        let ellipsis = Symbols::of(session.ascii).ellipsis;
        let serving = match self.part {
            Part::Embedder => Some(session.choice.embedder.as_str()),
            Part::Reranker => session.choice.reranker.as_deref(),
        };
        let (name, about, here) = match choice {
            Choice::Entry(index) => match self.entries().get(*index) {
                Some(entry) => (entry.name.clone(), entry.about.clone(), self.part.of(entry) == Presence::Here),
                None => (String::new(), String::new(), false),
            },
            Choice::None => ("none".into(), "show the shortlist as it is".into(), true),
            Choice::Typed => {
                let typed = Text::line(self.typed.trim()).shown().to_owned();
                (typed, "a directory, a hub repository, or a profile with options".into(), true)
            }
        };
        let is_serving = match choice {
            Choice::Entry(_) | Choice::Typed => serving == Some(name.as_str()),
            Choice::None => serving.is_none(),
        };
        let state = match (is_serving, here) {
            (true, _) => "serves  ",
            (false, true) => "        ",
            (false, false) => "not here",
        };
        let role = match (selected, here) {
            (true, _) => Role::Selection,
            (false, true) => Role::Text,
            (false, false) => Role::Muted,
        };
        let mark = if selected { "> " } else { "  " };
        let about = if here { about } else { format!("{about} (get it: skillscope models pull {name})") };
        let room = columns.saturating_sub(names + state.len() + 6);
        let text = format!("{mark}{}  {state}  {}", fit(&name, names, ellipsis), fit(&about, room, ellipsis));
        Line::from(Span::styled(text, theme.style(role)))
    }
}

/// What answers now, and what is on its way.
/// What serves now, by its protocol badges, and what is on its way.
fn serving(session: &Session, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let now = match &session.models {
        ModelState::Loading => "the first models are loading".to_owned(),
        ModelState::Failed(_) => "no models serve".to_owned(),
        ModelState::Ready { .. } => format!("serving: {}", session.choice.label()),
    };
    let next = session.switching.as_ref().map_or(String::new(), |choice| format!(", loading: {}", choice.label()));
    let protocol = match &session.models {
        ModelState::Ready { protocol, .. } => protocol.as_slice(),
        _ => &[],
    };
    let head = std::iter::once(format!("{now}{next}"));
    let badges = protocol.iter().flat_map(|badge| {
        let lines = wrap(badge, columns.saturating_sub(2)).into_iter();
        lines.map(move |range| format!("  {}", badge[range].trim_end())).collect::<Vec<_>>()
    });
    head.chain(badges).map(|line| Line::styled(line, theme.style(Role::Muted))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, embedder: Presence, reranker: Presence) -> Entry {
        Entry { name: name.into(), about: format!("about {name}"), embedder, reranker }
    }

    fn picker() -> ModelPicker {
        let entries = vec![
            entry("builtin", Presence::Here, Presence::Here),
            entry("bge-small", Presence::Absent, Presence::Without),
        ];
        ModelPicker { entries: Some(Arc::new(entries)), ..ModelPicker::default() }
    }

    #[test]
    fn each_part_offers_the_profiles_that_have_it() {
        let mut picker = picker();
        assert_eq!(picker.choices(), [Choice::Entry(0), Choice::Entry(1)]);
        picker.part = Part::Reranker;
        assert_eq!(picker.choices(), [Choice::Entry(0), Choice::None]);
    }

    #[test]
    fn a_name_that_is_no_profile_is_offered_as_it_is() {
        let mut picker = picker();
        picker.paste("bge");
        assert_eq!(picker.choices(), [Choice::Entry(1), Choice::Typed]);
        picker.typed = "builtin".into();
        assert_eq!(picker.choices(), [Choice::Entry(0)]);
    }
}
