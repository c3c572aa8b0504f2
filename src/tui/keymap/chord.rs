//! One key with its modifiers: reading, writing, and what a terminal can tell apart.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with ctrl, alt and shift, in one normal form: a shifted letter is the upper-case letter, a letter with ctrl
/// is lower-case, back-tab is shift-tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const NAMED: [(&str, KeyCode); 16] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("backtab", KeyCode::BackTab),
];

/// Control codes that are another key in every terminal without a keyboard protocol.
const SAME_BYTE: [(char, &str); 4] = [('i', "tab"), ('m', "enter"), ('[', "esc"), ('h', "backspace")];

impl Chord {
    fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let mut modifiers = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match code {
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(letter.to_ascii_lowercase())
            }
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::SHIFT) => {
                KeyCode::Char(letter.to_ascii_uppercase())
            }
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            other => other,
        };
        if matches!(code, KeyCode::Char(_)) {
            modifiers -= KeyModifiers::SHIFT;
        }
        Chord { code, modifiers }
    }

    /// Whether every text field has a use for this key: characters, deleting, moving within the line.
    pub fn edits_text(&self) -> bool {
        match self.code {
            KeyCode::Char(_) => self.modifiers.is_empty(),
            KeyCode::Backspace | KeyCode::Delete => true,
            KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End => {
                !self.modifiers.contains(KeyModifiers::ALT)
            }
            _ => false,
        }
    }

    pub fn is_escape(&self) -> bool {
        self.code == KeyCode::Esc && self.modifiers.is_empty()
    }

    /// A sequence such as "g g", chords apart by spaces.
    pub fn sequence(text: &str) -> Result<Vec<Self>, String> {
        let keys: Vec<Self> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err("no key".into()) } else { Ok(keys) }
    }
}

impl From<KeyEvent> for Chord {
    fn from(event: KeyEvent) -> Self {
        Chord::new(event.code, event.modifiers)
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        // The last "-" of "ctrl--" is the key.
        while let Some((word, tail)) = rest.split_once('-').filter(|(word, tail)| !word.is_empty() && !tail.is_empty())
        {
            modifiers |= match word {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return Err(format!("{text:?}: {word:?} is no modifier; they are ctrl, alt and shift")),
            };
            rest = tail;
        }
        let code =
            code(rest).ok_or_else(|| format!("{text:?}: {rest:?} is no key; write n, ?, f1, enter, pageup, …"))?;
        let chord = Chord::new(code, modifiers);
        if let (KeyCode::Char(letter), KeyModifiers::CONTROL) = (chord.code, chord.modifiers)
            && let Some((_, same)) = SAME_BYTE.iter().find(|(other, _)| *other == letter)
        {
            return Err(format!("{text:?} arrives as {same} in a terminal; bind {same}"));
        }
        Ok(chord)
    }
}

fn code(word: &str) -> Option<KeyCode> {
    if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == word) {
        return Some(*code);
    }
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if !letter.is_control() => Some(KeyCode::Char(letter)),
        (Some('f'), Some(_)) => word[1..].parse().ok().filter(|number| (1..=24).contains(number)).map(KeyCode::F),
        _ => None,
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(letter) => write!(f, "{letter}"),
            KeyCode::F(number) => write!(f, "f{number}"),
            other => write!(f, "{other:?}"),
        }
    }
}
