//! Theme files: reading, inheriting, choosing.

use std::collections::BTreeMap;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use crate::config::{Position, ThemeChoice};

use super::{ColorDepth, HEAT_STEPS, Role, Theme};

/// The background a theme is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Background {
    Dark,
    Light,
    /// Brings no colours, so it suits both.
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}:{position}: {reason}")]
pub struct ThemeError {
    pub origin: String,
    pub position: Position,
    pub reason: String,
}

/// The themes inside the binary, in the order in which [`Themes::after`] goes round.
const SHIPPED: [(&str, &str); 7] = [
    ("terminal-dark", include_str!("../../../themes/terminal-dark.toml")),
    ("terminal-light", include_str!("../../../themes/terminal-light.toml")),
    ("harbor-dark", include_str!("../../../themes/harbor-dark.toml")),
    ("harbor-light", include_str!("../../../themes/harbor-light.toml")),
    ("beacon-dark", include_str!("../../../themes/beacon-dark.toml")),
    ("beacon-light", include_str!("../../../themes/beacon-light.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

const COLORLESS: &str = "mono";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    /// One line for people.
    about: String,
    background: Background,
    /// A shipped theme that gives what this file leaves out.
    inherits: Option<Spanned<String>>,
    /// A shipped theme to use instead where there are only 16 colours.
    ansi: Option<Spanned<String>>,
    /// Names for colours in this file.
    #[serde(default)]
    palette: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Styles of the heat steps 0 to 7.
    heat: Option<Spanned<Vec<Spanned<String>>>>,
}

/// One theme in all the colours it was written in.
#[derive(Debug, Clone)]
struct Entry {
    theme: Theme,
    about: String,
    background: Background,
    ansi: Option<String>,
}

/// All themes that can be chosen: those in the binary and those of the user.
#[derive(Debug, Clone)]
pub struct Themes {
    entries: Vec<Entry>,
    depth: ColorDepth,
}

impl Themes {
    /// The shipped themes, then `*.toml` in `user_dir`; one of the same name takes the place of the shipped one. A
    /// file that cannot be used is a sentence in the second part, never a reason to stop.
    pub fn load(depth: ColorDepth, user_dir: Option<&Path>) -> (Self, Vec<String>) {
        let mut themes = Themes { entries: Vec::new(), depth };
        let mut problems = Vec::new();
        for (name, source) in SHIPPED {
            // A test reads every shipped file, so this cannot fail in a released program.
            problems.extend(themes.add(name, name, source).err().map(|error| error.to_string()));
        }
        for path in user_dir.map(theme_files).unwrap_or_default() {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let shown = crate::library::Text::line(path.display().to_string());
            let added = match std::fs::read_to_string(&path) {
                Ok(source) => themes.add(&name, shown.shown(), &source).map_err(|error| error.to_string()),
                Err(error) => Err(format!("{shown}: {error}")),
            };
            problems.extend(added.err().map(|problem| format!("theme not used: {problem}")));
        }
        (themes, problems)
    }

    pub(super) fn add(&mut self, name: &str, origin: &str, source: &str) -> Result<(), ThemeError> {
        let entry = Reader { origin, source, themes: self }.read(name)?;
        match self.entries.iter_mut().find(|old| old.theme.name == name) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
        Ok(())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.theme.name.as_str())
    }

    /// One line about a theme.
    pub fn about(&self, name: &str) -> Option<&str> {
        self.entry(name).map(|entry| entry.about.as_str())
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.theme.name == name)
    }

    /// Whether [`Themes::choose`] needs to know what background the terminal has.
    pub fn depends_on_background(&self, choice: &ThemeChoice) -> bool {
        match choice {
            ThemeChoice::Named(name) => self.get(name).is_none(),
            ThemeChoice::Auto | ThemeChoice::Pair { .. } => true,
        }
    }

    /// The theme to start with, and a sentence if the wish cannot be met. `light` is what the terminal said about its
    /// background, `None` if it said nothing (then dark, as most terminals are).
    pub fn choose(&self, choice: &ThemeChoice, light: Option<bool>) -> (Theme, Option<String>) {
        let light = light.unwrap_or(false);
        let fallback = if light { "terminal-light" } else { "terminal-dark" };
        let wish = match choice {
            ThemeChoice::Auto => fallback,
            ThemeChoice::Named(name) => name,
            ThemeChoice::Pair { dark, light: for_light } => {
                if light {
                    for_light
                } else {
                    dark
                }
            }
        };
        match self.get(wish) {
            Some(theme) => (theme, None),
            None => {
                let known: Vec<&str> = self.names().collect();
                let problem = format!("no theme called {wish:?}; using {fallback}. There are: {}", known.join(", "));
                (self.get(fallback).unwrap_or_else(Theme::plain), Some(problem))
            }
        }
    }

    /// The theme after `name` in the round.
    pub fn after(&self, name: &str) -> Theme {
        let at = self.entries.iter().position(|entry| entry.theme.name == name).map_or(0, |at| at + 1);
        let next = self.entries.get(at).or(self.entries.first()).map(|entry| entry.theme.name.as_str());
        next.and_then(|name| self.get(name)).unwrap_or_else(Theme::plain)
    }

    /// A theme in the colours this terminal has. Without colours every name gives the colourless theme, whose
    /// meanings are carried by modifiers; stripping colours from another would leave some roles looking alike.
    pub fn get(&self, name: &str) -> Option<Theme> {
        let entry = self.entry(name)?;
        let shown = match self.depth {
            ColorDepth::None => self.entry(COLORLESS)?,
            ColorDepth::Ansi16 => entry.ansi.as_deref().and_then(|name| self.entry(name)).unwrap_or(entry),
            ColorDepth::Ansi256 | ColorDepth::True => entry,
        };
        let theme = shown.theme.clone().map_colors(|color| self.depth.reduce(color));
        Some(Theme { name: entry.theme.name.clone(), ..theme })
    }

    /// What a theme was made for.
    pub fn background(&self, name: &str) -> Option<Background> {
        self.entry(name).map(|entry| entry.background)
    }

    pub fn depth(&self) -> ColorDepth {
        self.depth
    }
}

impl Theme {
    /// No colours at all: what is left when even the shipped files cannot be read.
    fn plain() -> Self {
        Theme { name: COLORLESS.into(), roles: BTreeMap::new(), heat: [Style::new(); HEAT_STEPS as usize] }
    }
}

fn theme_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

/// Reads one file; knows where it came from so that errors can say so.
struct Reader<'a> {
    origin: &'a str,
    source: &'a str,
    themes: &'a Themes,
}

impl Reader<'_> {
    fn read(&self, name: &str) -> Result<Entry, ThemeError> {
        let file: ThemeFile = toml::from_str(self.source)
            .map_err(|error| self.error(error.span().map_or(0, |span| span.start), error.message()))?;
        let base = file.inherits.as_ref().map(|wish| self.shipped(wish)).transpose()?;
        let mut roles = base.map(|entry| entry.theme.roles.clone()).unwrap_or_default();
        for (key, style) in &file.roles {
            let role = Role::ALL.into_iter().find(|role| role.key() == key.get_ref()).ok_or_else(|| {
                let known: Vec<&str> = Role::ALL.iter().map(|role| role.key()).collect();
                self.error(key.span().start, format!("no role {:?}; roles are {}", key.get_ref(), known.join(", ")))
            })?;
            roles.insert(role, self.style(&file, style)?);
        }
        let heat = match (&file.heat, base) {
            (Some(steps), _) => self.heat(&file, steps)?,
            (None, Some(base)) => base.theme.heat,
            (None, None) => return Err(self.error(0, "`heat` is missing: eight styles, from cold to hot")),
        };
        let ansi = file.ansi.as_ref().map(|wish| self.shipped(wish)).transpose()?;
        Ok(Entry {
            theme: Theme { name: name.into(), roles, heat },
            background: file.background,
            ansi: ansi.map(|entry| entry.theme.name.clone()),
            about: file.about,
        })
    }

    fn shipped(&self, wish: &Spanned<String>) -> Result<&Entry, ThemeError> {
        let name = wish.get_ref();
        self.themes
            .entry(name)
            .ok_or_else(|| self.error(wish.span().start, format!("no theme {name:?} to build on, or it comes later")))
    }

    fn heat(&self, file: &ThemeFile, steps: &Spanned<Vec<Spanned<String>>>) -> Result<[Style; 8], ThemeError> {
        let styles = steps.get_ref().iter().map(|step| self.style(file, step)).collect::<Result<Vec<_>, _>>()?;
        <[Style; HEAT_STEPS as usize]>::try_from(styles).map_err(|styles| {
            self.error(steps.span().start, format!("`heat` needs {HEAT_STEPS} styles, there are {}", styles.len()))
        })
    }

    /// A style is words: a foreground, `on` and a background, and modifiers, e.g. `"bold cyan on black"`.
    fn style(&self, file: &ThemeFile, words: &Spanned<String>) -> Result<Style, ThemeError> {
        let mut style = Style::new();
        let mut on = false;
        for word in words.get_ref().split_whitespace() {
            if word == "on" {
                on = true;
            } else if let Some(modifier) = modifier(word) {
                style = style.add_modifier(modifier);
            } else {
                let named = file.palette.get(word).map_or(word, |color| color.get_ref());
                let color = color(named).ok_or_else(|| {
                    let help = "a colour of [palette], #rrggbb, an ANSI name such as bright-blue, or a modifier";
                    self.error(words.span().start, format!("{named:?} is not {help}"))
                })?;
                style = if on { style.bg(color) } else { style.fg(color) };
            }
        }
        Ok(style)
    }

    fn error(&self, offset: usize, reason: impl Into<String>) -> ThemeError {
        ThemeError {
            origin: self.origin.into(),
            position: Position::of(self.source, offset),
            reason: crate::library::Text::line(reason.into()).shown().to_string(),
        }
    }
}

fn modifier(word: &str) -> Option<Modifier> {
    Some(match word {
        "bold" => Modifier::BOLD,
        "dim" => Modifier::DIM,
        "italic" => Modifier::ITALIC,
        "underlined" => Modifier::UNDERLINED,
        "reversed" => Modifier::REVERSED,
        "crossed-out" => Modifier::CROSSED_OUT,
        _ => return None,
    })
}

/// `#rrggbb`, or one of the terminal's own colours by the name ECMA-48 and aixterm gave it.
fn color(word: &str) -> Option<Color> {
    if let Some(hex) = word.strip_prefix('#') {
        let all_hex = hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = all_hex.then(|| u32::from_str_radix(hex, 16).ok()).flatten()?;
        let [_, r, g, b] = value.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    Some(match word {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    })
}
