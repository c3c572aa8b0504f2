//! Shares of the fields over the layers: one column per layer, in heat and in digits, so that no colour is needed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::library::Field;
use crate::tui::theme::{Role, Theme};

use super::heat::Scale;
use super::run_text::field_role;
use super::{Symbols, fit};

/// Widest cell of one layer: more would only stretch the picture.
const WIDEST_CELL: usize = 3;
/// Room for the field's name in front.
const LABEL: usize = 12;
/// Rows it needs: layer numbers, marks of the layers in the mean, three fields.
pub const STRIP_ROWS: u16 = 5;

pub struct LayerStrip<'a> {
    /// Field shares of every layer, order of [`Field::ALL`]; `None` for a layer that has none.
    pub layers: &'a [[Option<f32>; 3]],
    pub scale: Scale,
    /// Which layers the other numbers are a mean of, ascending.
    pub mean: &'a [usize],
}

impl LayerStrip<'_> {
    pub fn draw(&self, frame: &mut Frame, area: Rect, theme: &Theme, symbols: &Symbols) {
        let columns = Columns::new(self.layers.len(), self.mean, (area.width as usize).saturating_sub(LABEL));
        let muted = theme.style(Role::Muted);
        let label = |text: &str, style| Span::styled(fit(text, LABEL, symbols.ellipsis), style);
        let mut rows = vec![
            (label("layer", muted), columns.numbers(muted)),
            (label("in the mean", muted), columns.marks(self.mean, theme, symbols)),
        ];
        for field in Field::ALL {
            let share =
                |layer: usize| self.scale.cell(self.layers[layer][field as usize], columns.cell, theme, symbols);
            rows.push((label(field.key(), theme.style(field_role(field))), columns.cells(share)));
        }
        for (y, (label, cells)) in rows.into_iter().take(area.height as usize).enumerate() {
            let line: Line = std::iter::once(label).chain(cells).collect();
            frame.render_widget(line, Rect { y: area.y + y as u16, height: 1, ..area });
        }
    }
}

/// Layers side by side: all, or as many as fit with those in the mean among them.
pub(super) struct Columns {
    /// Columns of one layer.
    pub cell: usize,
    pub shown: std::ops::Range<usize>,
}

impl Columns {
    pub fn new(layers: usize, mean: &[usize], room: usize) -> Self {
        let cell = (room / layers.max(1)).clamp(1, WIDEST_CELL);
        let middle = mean.first().zip(mean.last()).map(|(first, last)| (first + last) / 2);
        Columns { cell, shown: super::window(middle, layers, room / cell) }
    }

    pub fn cells(&self, of: impl Fn(usize) -> (String, Style)) -> Vec<Span<'static>> {
        let cell = self.cell;
        let span = |layer| {
            let (text, style) = of(layer);
            Span::styled(format!("{text:^cell$}"), style)
        };
        self.shown.clone().map(span).collect()
    }

    /// Counted from one; the last digit where there is no room for more.
    pub fn numbers(&self, style: Style) -> Vec<Span<'static>> {
        let number = |layer: usize| if self.cell >= 2 { layer + 1 } else { (layer + 1) % 10 };
        self.cells(|layer| (number(layer).to_string(), style))
    }

    pub fn marks(&self, mean: &[usize], theme: &Theme, symbols: &Symbols) -> Vec<Span<'static>> {
        let mark = |layer| if mean.contains(&layer) { symbols.mark } else { " " };
        self.cells(|layer| (mark(layer).into(), theme.style(Role::Accent)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_in_the_mean_stay_in_sight_when_not_all_fit() {
        assert!(Columns::new(40, &[30], 10).shown.contains(&30));
        assert_eq!((Columns::new(6, &[1, 2], 34).cell, Columns::new(28, &[1], 34).cell), (3, 1));
    }
}
