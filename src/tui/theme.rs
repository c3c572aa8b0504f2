//! Looks by role, as data (`themes/*.toml`).

use ratatui::style::Style;

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

/// Steps of the attention heat, 0 (unpainted) to 7.
pub const HEAT_STEPS: u8 = 8;

#[derive(Debug, Clone)]
pub struct Theme {
    pub name: String,
}

impl Theme {
    pub fn style(&self, role: Role) -> Style {
        let _ = role;
        todo!()
    }

    /// `step` below [`HEAT_STEPS`]; differs in lightness as well as hue, and in the colourless theme in modifiers.
    pub fn heat(&self, step: u8) -> Style {
        let _ = step;
        todo!()
    }
}
