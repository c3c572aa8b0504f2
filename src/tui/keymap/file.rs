//! Keymap files: `[section]`, then `"key" = "action"`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::config::Position;
use crate::library::Text;

use super::super::action::Tab;
use super::{Binding, Chord, Keymap, Section, table};

/// Takes a key out of a set.
const UNBOUND: &str = "none";

const SHIPPED: [(&str, &str); 2] = [
    ("emacs", include_str!("../../../assets/keymaps/emacs.toml")),
    ("vim", include_str!("../../../assets/keymaps/vim.toml")),
];

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error("{origin}:{position}: {reason}")]
    Wrong { origin: String, position: Position, reason: String },
    #[error("no keymap called {name:?}: there are emacs and vim, and any NAME.toml in {dir}")]
    Unknown { name: String, dir: String },
    #[error("{path}: {reason}")]
    Unreadable { path: String, reason: String },
}

type Keys = BTreeMap<Spanned<String>, Spanned<String>>;

/// The content of a keymap file, and of `[keys]` in config.toml.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct KeyFile {
    /// One line for people.
    about: String,
    /// The shipped set that this one changes; without it a file starts from nothing.
    inherits: Option<Spanned<String>>,
    modal: Option<bool>,
    global: Keys,
    typing: Keys,
    explore: Keys,
    evaluate: Keys,
    author: Keys,
    library: Keys,
}

impl KeyFile {
    fn section(&self, section: Section) -> &Keys {
        match section {
            Section::Global => &self.global,
            Section::Typing => &self.typing,
            Section::Tab(Tab::Explore) => &self.explore,
            Section::Tab(Tab::Evaluate) => &self.evaluate,
            Section::Tab(Tab::Author) => &self.author,
            Section::Tab(Tab::Library) => &self.library,
        }
    }
}

/// Bindings checked and ready to be laid over a set; `None` takes the key out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyLayer {
    inherits: Option<String>,
    modal: Option<bool>,
    bindings: Vec<(Section, Vec<Chord>, Option<super::Action>)>,
}

impl KeyLayer {
    /// Reads a whole file.
    pub fn parse(origin: &str, source: &str) -> Result<Self, KeymapError> {
        let file: KeyFile = toml::from_str(source)
            .map_err(|error| wrong(origin, source, error.span().map_or(0, |span| span.start), error.message()))?;
        Self::check(origin, source, &file)
    }

    /// Reads `[keys]` out of a larger file whose other parts someone else has checked.
    pub fn parse_keys_of(origin: &str, source: &str) -> Result<Self, KeymapError> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Outer {
            keys: KeyFile,
        }
        let outer: Outer = toml::from_str(source)
            .map_err(|error| wrong(origin, source, error.span().map_or(0, |span| span.start), error.message()))?;
        Self::check(origin, source, &outer.keys)
    }

    fn check(origin: &str, source: &str, file: &KeyFile) -> Result<Self, KeymapError> {
        let mut found = Vec::new();
        for section in Section::ALL {
            for (key, action) in file.section(section) {
                let keys = Chord::sequence(key.get_ref())
                    .map_err(|reason| wrong(origin, source, key.span().start, &reason))?;
                let name = action.get_ref();
                let action = match table::by_name(name) {
                    None if name != UNBOUND => {
                        let reason = format!("no action {name:?}{}", nearest(name));
                        return Err(wrong(origin, source, action.span().start, &reason));
                    }
                    action => action,
                };
                if let Some((_, other, ..)) = found.iter().find(|(_, _, s, k, _)| *s == section && *k == keys) {
                    let reason =
                        format!("{:?} is bound twice in [{}], here and as {other:?}", key.get_ref(), section.key());
                    return Err(wrong(origin, source, key.span().start, &reason));
                }
                found.push((key.span().start, key.get_ref().clone(), section, keys, action));
            }
        }
        // Back into file order: the first key of an action is the one to show.
        found.sort_by_key(|(at, ..)| *at);
        Ok(KeyLayer {
            inherits: file.inherits.as_ref().map(|name| name.get_ref().clone()),
            modal: file.modal,
            bindings: found.into_iter().map(|(_, _, section, keys, action)| (section, keys, action)).collect(),
        })
    }
}

impl Keymap {
    /// The set called `name` with the user's changes. A file of that name in `user_dir` comes before a shipped set.
    pub fn load(name: &str, user_dir: Option<&Path>, changes: &KeyLayer) -> Result<Self, KeymapError> {
        let mut keymap = Keymap { name: name.into(), modal: false, bindings: Vec::new() };
        let path = user_dir.map(|dir| dir.join(format!("{name}.toml"))).filter(|path| path.is_file());
        // A name is a name, not a path out of the directory.
        let path = path.filter(|_| !name.contains(['/', '\\']));
        match (path, shipped(name)) {
            (Some(path), _) => {
                let shown = Text::line(path.display().to_string()).shown().to_string();
                let source = std::fs::read_to_string(&path)
                    .map_err(|error| KeymapError::Unreadable { path: shown.clone(), reason: error.to_string() })?;
                let layer = KeyLayer::parse(&shown, &source)?;
                if let Some(base) = &layer.inherits {
                    let source = shipped(base).ok_or_else(|| unknown(base, user_dir))?;
                    keymap.lay_over(&KeyLayer::parse(base, source)?);
                }
                keymap.lay_over(&layer);
            }
            (None, Some(source)) => keymap.lay_over(&KeyLayer::parse(name, source)?),
            (None, None) => return Err(unknown(name, user_dir)),
        }
        keymap.lay_over(changes);
        Ok(keymap)
    }

    fn lay_over(&mut self, layer: &KeyLayer) {
        self.modal = layer.modal.unwrap_or(self.modal);
        for (section, keys, action) in &layer.bindings {
            self.bindings.retain(|binding| binding.section != *section || binding.keys != *keys);
            if let Some(action) = *action {
                self.bindings.push(Binding { section: *section, keys: keys.clone(), action });
            }
        }
    }
}

fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, source)| *source)
}

fn unknown(name: &str, user_dir: Option<&Path>) -> KeymapError {
    let dir = user_dir.map_or_else(|| "~/.config/skillscope/keymaps".into(), |dir| dir.display().to_string());
    KeymapError::Unknown { name: Text::line(name).shown().into(), dir: Text::line(dir).shown().into() }
}

fn wrong(origin: &str, source: &str, offset: usize, reason: &str) -> KeymapError {
    KeymapError::Wrong {
        origin: origin.into(),
        position: Position::of(source, offset),
        reason: Text::line(reason).shown().to_string(),
    }
}

/// "; did you mean …?" for a name that shares its longest word with an action.
fn nearest(name: &str) -> String {
    let shared = |other: &str| other.split('-').filter(|word| name.split('-').any(|mine| mine == *word)).count();
    let best = table::ALL.iter().map(|&action| table::name(action)).max_by_key(|other| shared(other));
    match best.filter(|best| shared(best) > 0) {
        Some(best) => format!("; did you mean {best:?}?"),
        None => "; the help (f1) names them all".into(),
    }
}
