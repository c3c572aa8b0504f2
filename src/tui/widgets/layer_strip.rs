//! Shares of the fields over the layers: one column per layer, in heat and in digits, so that no colour is needed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::library::Field;
use crate::tui::theme::{HEAT_STEPS, Role, Theme};

use super::run_text::field_role;
use super::{Symbols, fit};

/// Widest cell of one layer: more would only stretch the picture.
const WIDEST_CELL: usize = 3;
/// Room for the field's name in front.
const LABEL: usize = 12;
/// Rows it needs: layer numbers, marks of the band, three fields.
pub const STRIP_ROWS: u16 = 5;

pub struct LayerStrip<'a> {
    /// Field shares of every layer, order of [`Field::ALL`].
    pub layers: &'a [[f32; 3]],
    /// Which layers the other numbers are a mean of.
    pub band: std::ops::Range<usize>,
}

impl LayerStrip<'_> {
    pub fn draw(&self, frame: &mut Frame, area: Rect, theme: &Theme, symbols: &Symbols) {
        let room = (area.width as usize).saturating_sub(LABEL);
        let cell = (room / self.layers.len().max(1)).clamp(1, WIDEST_CELL);
        let shown = self.first_shown(room / cell);
        let cells = |of: &dyn Fn(usize) -> (String, ratatui::style::Style)| {
            shown
                .clone()
                .map(|layer| {
                    let (text, style) = of(layer);
                    Span::styled(format!("{text:^cell$}"), style)
                })
                .collect::<Vec<_>>()
        };
        let muted = theme.style(Role::Muted);
        let label = |text: &str, style| Span::styled(fit(text, LABEL, symbols.ellipsis), style);
        let number = |layer: usize| if cell >= 2 { (layer + 1).to_string() } else { ((layer + 1) % 10).to_string() };
        let mark = |layer| if self.band.contains(&layer) { symbols.mark } else { " " };

        let mut rows = vec![
            (label("layer", muted), cells(&|layer| (number(layer), muted))),
            (label("in the mean", muted), cells(&|layer| (mark(layer).into(), theme.style(Role::Accent)))),
        ];
        for field in Field::ALL {
            let share = |layer: usize| self.layers[layer][field as usize];
            rows.push((
                label(field.key(), theme.style(field_role(field))),
                cells(&|layer| (digit(share(layer)).to_string(), theme.heat(step(share(layer))))),
            ));
        }
        for (y, (label, cells)) in rows.into_iter().take(area.height as usize).enumerate() {
            let line: Line = std::iter::once(label).chain(cells).collect();
            frame.render_widget(line, Rect { y: area.y + y as u16, height: 1, ..area });
        }
    }

    /// All layers, or as many as fit with the band among them.
    fn first_shown(&self, fitting: usize) -> std::ops::Range<usize> {
        super::window(Some((self.band.start + self.band.end) / 2), self.layers.len(), fitting)
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

    #[test]
    fn steps_and_digits_cover_their_range() {
        assert_eq!([0.0, 0.12, 0.5, 0.99, 1.0, f32::NAN].map(step), [0, 0, 4, 7, 7, 0]);
        assert_eq!([0.0, 0.19, 0.5, 1.0, -1.0].map(digit), [0, 1, 5, 9, 0]);
    }

    #[test]
    fn the_band_stays_in_sight_when_layers_do_not_fit() {
        let layers = [[0.3; 3]; 40];
        let strip = LayerStrip { layers: &layers, band: 30..31 };
        assert!(strip.first_shown(10).contains(&30));
    }
}
