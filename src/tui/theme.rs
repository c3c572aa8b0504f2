//! Looks by role, as data (`themes/*.toml`).
//!
//! A theme gives each [`Role`] a style; a role it leaves out takes the style of its [`Role::parent`], so that an old
//! theme file survives a new role. Colours are brought down here to what the terminal can show, because crossterm
//! does not.

mod file;
pub mod palette;

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

pub use file::{Background, ThemeError, Themes};
pub use palette::ColorDepth;

/// What a piece of text means. A theme gives each role a style; colour is never the only carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Text,
    Muted,
    Border,
    BorderFocused,
    Title,
    /// The selected row.
    Selection,
    Accent,
    Promoted,
    Demoted,
    ScoreBar,
    /// A skill the benchmark says is right.
    Gold,
    /// "Mine".
    Pinned,
    Warning,
    Error,
    FieldName,
    FieldDescription,
    FieldBody,
    /// Text the model never saw.
    Unseen,
    /// "hidden characters", "copy", "same name".
    Badge,
    /// A key in the footer and in help.
    Key,
}

impl Role {
    pub const ALL: [Role; 20] = [
        Role::Text,
        Role::Muted,
        Role::Border,
        Role::BorderFocused,
        Role::Title,
        Role::Selection,
        Role::Accent,
        Role::Promoted,
        Role::Demoted,
        Role::ScoreBar,
        Role::Gold,
        Role::Pinned,
        Role::Warning,
        Role::Error,
        Role::FieldName,
        Role::FieldDescription,
        Role::FieldBody,
        Role::Unseen,
        Role::Badge,
        Role::Key,
    ];

    /// Its key in a theme file.
    pub fn key(self) -> &'static str {
        match self {
            Role::Text => "text",
            Role::Muted => "muted",
            Role::Border => "border",
            Role::BorderFocused => "border-focused",
            Role::Title => "title",
            Role::Selection => "selection",
            Role::Accent => "accent",
            Role::Promoted => "promoted",
            Role::Demoted => "demoted",
            Role::ScoreBar => "score-bar",
            Role::Gold => "gold",
            Role::Pinned => "pinned",
            Role::Warning => "warning",
            Role::Error => "error",
            Role::FieldName => "field-name",
            Role::FieldDescription => "field-description",
            Role::FieldBody => "field-body",
            Role::Unseen => "unseen",
            Role::Badge => "badge",
            Role::Key => "key",
        }
    }

    /// The role whose style a theme falls back to; `None` at the end of the chain.
    pub fn parent(self) -> Option<Role> {
        match self {
            Role::Text | Role::Selection => None,
            Role::Muted | Role::Accent => Some(Role::Text),
            Role::Border | Role::Unseen => Some(Role::Muted),
            Role::BorderFocused
            | Role::Title
            | Role::Promoted
            | Role::ScoreBar
            | Role::Gold
            | Role::Pinned
            | Role::Warning
            | Role::FieldName
            | Role::FieldDescription
            | Role::FieldBody
            | Role::Key => Some(Role::Accent),
            Role::Demoted | Role::Error | Role::Badge => Some(Role::Warning),
        }
    }
}

/// Steps of the attention heat, 0 (unpainted) to 7.
pub const HEAT_STEPS: u8 = 8;

/// Styles for every role and every heat step, ready for one colour depth.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    pub name: String,
    roles: BTreeMap<Role, Style>,
    heat: [Style; HEAT_STEPS as usize],
}

impl Theme {
    /// The style of `role`. Only [`Role::Text`] and [`Role::Selection`] may paint a background; the others are put
    /// on top of what is there.
    pub fn style(&self, role: Role) -> Style {
        let mut next = Some(role);
        while let Some(role) = next {
            if let Some(&style) = self.roles.get(&role) {
                return style;
            }
            next = role.parent();
        }
        // A theme without `selection` still has to show one.
        if role == Role::Selection { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() }
    }

    /// `step` below [`HEAT_STEPS`]; differs in lightness as well as hue, and in the colourless theme in modifiers.
    /// Larger steps are taken as the hottest.
    pub fn heat(&self, step: u8) -> Style {
        self.heat[usize::from(step.min(HEAT_STEPS - 1))]
    }

    fn map_colors(mut self, change: impl Fn(Color) -> Option<Color>) -> Self {
        for style in self.roles.values_mut().chain(&mut self.heat) {
            style.fg = style.fg.and_then(&change);
            style.bg = style.bg.and_then(&change);
        }
        self
    }
}

#[cfg(test)]
mod tests;
