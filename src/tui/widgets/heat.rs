//! Heat in one cell: a look and a digit, so that no colour is needed to read it.

use ratatui::style::Style;

use crate::tui::theme::{HEAT_STEPS, Role, Theme};

use super::Symbols;

/// What a cell's value is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Shares of one.
    Whole,
    /// Shares of the largest there is.
    Most(f32),
    /// Changes with a sign, as parts of the largest there is.
    Change(f32),
}

impl Scale {
    /// Text of at most `columns` columns and a look. Less than nothing has a minus and the look of a fall.
    pub fn cell(self, value: Option<f32>, columns: usize, theme: &Theme, symbols: &Symbols) -> (String, Style) {
        let Some(value) = value else { return (symbols.dot.into(), theme.style(Role::Muted)) };
        let part = match self {
            Scale::Whole => value,
            Scale::Most(most) | Scale::Change(most) if most > 0.0 => value / most,
            Scale::Most(_) | Scale::Change(_) => 0.0,
        };
        match digit(-part) {
            0 => (digit(part).to_string(), theme.heat(step(part))),
            _ if columns < 2 => (symbols.minus.into(), theme.style(Role::Demoted)),
            fall => (format!("{}{fall}", symbols.minus), theme.style(Role::Demoted)),
        }
    }
}

/// Tenths of the whole, 9 for all of it.
pub fn digit(share: f32) -> u8 {
    (share * 10.0).clamp(0.0, 9.0) as u8
}

/// Step of the heat for a share of a maximum of one.
pub fn step(share: f32) -> u8 {
    let top = HEAT_STEPS - 1;
    ((share * f32::from(HEAT_STEPS)) as u8).min(top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{ColorDepth, Themes};
    use crate::tui::widgets::symbols::UNICODE;

    #[test]
    fn steps_and_digits_cover_their_range() {
        assert_eq!([0.0, 0.12, 0.5, 0.99, 1.0, f32::NAN].map(step), [0, 0, 4, 7, 7, 0]);
        assert_eq!([0.0, 0.19, 0.5, 1.0, -1.0].map(digit), [0, 1, 5, 9, 0]);
    }

    #[test]
    fn a_cell_says_sign_and_size_without_colour() {
        let (themes, _) = Themes::load(ColorDepth::None, None);
        let mono = themes.get("mono").expect("a shipped theme");
        let text = |scale: Scale, value, columns| scale.cell(value, columns, &mono, &UNICODE).0;
        assert_eq!(text(Scale::Whole, Some(0.57), 3), "5");
        assert_eq!(text(Scale::Most(0.02), Some(0.02), 3), "9");
        assert_eq!(text(Scale::Change(0.1), Some(-0.05), 3), "−5");
        assert_eq!(text(Scale::Change(0.1), Some(-0.05), 1), "−");
        assert_eq!(text(Scale::Change(0.1), Some(-0.001), 3), "0");
        assert_eq!(text(Scale::Change(0.0), Some(0.0), 3), "0");
        assert_eq!(text(Scale::Whole, None, 3), "·");
    }
}
