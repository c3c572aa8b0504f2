//! What every head of every layer looks at: layers across, heads down, heat and a digit in each cell.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::explain::{HeadGrid, HeadSet};
use crate::tui::theme::{Role, Theme};

use super::heat::Scale;
use super::layer_strip::Columns;
use super::{Symbols, window};

/// Room for the head's number and its mark.
const LABEL: usize = 5;
/// Rows above the heads: layer numbers, marks of the layers in the mean.
pub const HEADING: usize = 2;

pub struct HeadMap<'a> {
    pub grid: &'a HeadGrid,
    pub scale: Scale,
    /// Layers of the mean, ascending.
    pub mean: &'a [usize],
    /// The one head the numbers are of; `None` for several.
    pub head: Option<usize>,
    pub marked: &'a HeadSet,
}

impl HeadMap<'_> {
    /// Columns it is worth having: cells of three, or of one where there are many layers.
    pub fn columns(&self) -> usize {
        LABEL + self.grid.layers * if self.grid.layers <= 12 { 3 } else { 1 }
    }

    /// The heads that fit, with the chosen one (or the first that is marked) among them.
    pub fn shown(&self, height: usize) -> Range<usize> {
        let at = self.head.or_else(|| self.marked.iter().next().map(|(_, head)| head));
        window(at, self.grid.heads, height.saturating_sub(HEADING))
    }

    pub fn rows(&self, width: usize, height: usize, theme: &Theme, symbols: &Symbols) -> Vec<Line<'static>> {
        let columns = Columns::new(self.grid.layers, self.mean, width.saturating_sub(LABEL));
        let muted = theme.style(Role::Muted);
        let row = |label: Span<'static>, cells: Vec<Span<'static>>| std::iter::once(label).chain(cells).collect();
        let mut rows: Vec<Line> = vec![
            row(Span::styled(format!("{:LABEL$}", "layer"), muted), columns.numbers(muted)),
            row(Span::raw(" ".repeat(LABEL)), columns.marks(self.mean, theme, symbols)),
        ];
        for head in self.shown(height) {
            let chosen = self.head == Some(head);
            let mark = if chosen { symbols.selected } else { " " };
            let style = theme.style(if chosen { Role::Accent } else { Role::Muted });
            let label = Span::styled(format!("{mark}{:>3} ", head + 1), style);
            rows.push(row(label, columns.cells(|layer| self.cell(layer, head, columns.cell, theme, symbols))));
        }
        rows
    }

    /// A marked head has its mark behind the digit, or in its place where there is no room.
    fn cell(&self, layer: usize, head: usize, columns: usize, theme: &Theme, symbols: &Symbols) -> (String, Style) {
        let (mut text, style) = self.scale.cell(self.grid.at(layer, head), columns, theme, symbols);
        if self.marked.contains(layer, head) {
            match text.chars().count() < columns {
                true => text.push_str(symbols.pinned),
                false => text = symbols.pinned.into(),
            }
        }
        (text, style)
    }
}
