//! The keymap is data: which keys mean which [`Action`] in which place.
//!
//! A place is a tab, and whether a text field has the keys ("typing"). Footer, help and the configuration parser all
//! read the one table of actions in [`table`] and the effective bindings here, so what they say is what happens.

mod chord;
mod file;
pub mod table;

use std::fmt;

use super::action::{Action, Tab};

pub use chord::Chord;
pub use file::{KeyLayer, KeymapError};
pub use table::Group;

/// A part of a keymap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Only while a text field has the keys; looked at before all others.
    Typing,
    Tab(Tab),
    Global,
}

impl Section {
    pub const ALL: [Section; 6] = [
        Section::Typing,
        Section::Tab(Tab::Explore),
        Section::Tab(Tab::Evaluate),
        Section::Tab(Tab::Author),
        Section::Tab(Tab::Library),
        Section::Global,
    ];

    /// Its name in a keymap file.
    pub fn key(self) -> &'static str {
        match self {
            Section::Typing => "typing",
            Section::Tab(Tab::Explore) => "explore",
            Section::Tab(Tab::Evaluate) => "evaluate",
            Section::Tab(Tab::Author) => "author",
            Section::Tab(Tab::Library) => "library",
            Section::Global => "global",
        }
    }
}

/// Where a key was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub tab: Tab,
    /// A text field has the keys.
    pub typing: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub section: Section,
    /// One chord, or several pressed one after the other.
    pub keys: Vec<Chord>,
    pub action: Action,
}

impl Binding {
    /// The keys as a person writes them, e.g. "ctrl-n" or "g g".
    pub fn shown(&self) -> String {
        shown(&self.keys)
    }
}

/// Chords as a person writes them.
pub fn shown(keys: &[Chord]) -> String {
    keys.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ")
}

/// What the keys pressed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Action(Action),
    /// The start of a longer sequence.
    Prefix,
    Nothing,
}

/// One binding that keeps another from ever being reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub section: Section,
    pub short: (String, Action),
    pub long: (String, Action),
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (short, long) = (&self.short, &self.long);
        write!(
            f,
            "keymap [{}]: \"{}\" ({}) hides \"{}\" ({}); bind one of them elsewhere or to \"none\"",
            self.section.key(),
            short.0,
            table::name(short.1),
            long.0,
            table::name(long.1),
        )
    }
}

/// The effective bindings: a shipped set with the user's changes on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    pub name: String,
    /// With modes, as in vi: in normal mode characters are commands even where a text field has the focus.
    pub modal: bool,
    /// In file order, so that the first key of an action is the one to show.
    bindings: Vec<Binding>,
}

impl Keymap {
    /// Which sections hold in `place`, first match wins. In a modal keymap normal-mode commands do not hold while
    /// typing. In the other, keys that move or change text in any field are left to the field unless `[typing]` takes
    /// them.
    fn sections(&self, place: Place, first: Option<&Chord>) -> &'static [Section] {
        const TYPING: &[Section] = &[Section::Typing];
        match (place.typing, place.tab) {
            (true, _) if self.modal || first.is_some_and(Chord::edits_text) => TYPING,
            (true, Tab::Explore) => &[Section::Typing, Section::Tab(Tab::Explore), Section::Global],
            (true, Tab::Evaluate) => &[Section::Typing, Section::Tab(Tab::Evaluate), Section::Global],
            (true, Tab::Author) => &[Section::Typing, Section::Tab(Tab::Author), Section::Global],
            (true, Tab::Library) => &[Section::Typing, Section::Tab(Tab::Library), Section::Global],
            (false, Tab::Explore) => &[Section::Tab(Tab::Explore), Section::Global],
            (false, Tab::Evaluate) => &[Section::Tab(Tab::Evaluate), Section::Global],
            (false, Tab::Author) => &[Section::Tab(Tab::Author), Section::Global],
            (false, Tab::Library) => &[Section::Tab(Tab::Library), Section::Global],
        }
    }

    /// What `keys` mean in `place`.
    pub fn find(&self, place: Place, keys: &[Chord]) -> Found {
        for &section in self.sections(place, keys.first()) {
            let mut prefix = false;
            for binding in self.bindings.iter().filter(|binding| binding.section == section) {
                if binding.keys == keys {
                    return Found::Action(binding.action);
                }
                prefix |= binding.keys.starts_with(keys);
            }
            if prefix {
                return Found::Prefix;
            }
        }
        Found::Nothing
    }

    /// The bindings that can be reached in `place`, in file order, tab first.
    pub fn reachable(&self, place: Place) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |binding| {
            self.find(place, &binding.keys) == Found::Action(binding.action) && {
                // A shorter binding of an earlier section may swallow the sequence on the way.
                (1..binding.keys.len()).all(|len| self.find(place, &binding.keys[..len]) == Found::Prefix)
            }
        })
    }

    /// The first key that means `action` in `place`.
    pub fn key_for(&self, action: Action, place: Place) -> Option<String> {
        self.reachable(place).find(|binding| binding.action == action).map(Binding::shown)
    }

    /// All keys that mean `action` on a tab, whether or not one is typing.
    pub fn keys_for(&self, action: Action, tab: Tab) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for typing in [false, true] {
            for binding in self.reachable(Place { tab, typing }).filter(|binding| binding.action == action) {
                let key = binding.shown();
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    /// What may follow the keys pressed so far.
    pub fn continuations<'a>(
        &'a self,
        place: Place,
        prefix: &'a [Chord],
    ) -> impl Iterator<Item = (String, Action)> + 'a {
        self.reachable(place)
            .filter(|binding| binding.keys.len() > prefix.len() && binding.keys.starts_with(prefix))
            .map(|binding| (shown(&binding.keys[prefix.len()..]), binding.action))
    }

    /// Sequences that cannot be reached because their beginning is bound in the same section.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        for short in &self.bindings {
            for long in &self.bindings {
                let hides = long.keys.len() > short.keys.len() && long.keys.starts_with(&short.keys);
                if short.section == long.section && hides {
                    conflicts.push(Conflict {
                        section: short.section,
                        short: (short.shown(), short.action),
                        long: (long.shown(), long.action),
                    });
                }
            }
        }
        conflicts
    }

    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }
}
