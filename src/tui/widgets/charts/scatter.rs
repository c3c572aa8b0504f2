//! Before against after, a point per request: above the diagonal the second stage helped, below it harmed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::theme::Role;
use crate::tui::widgets::Pen;

/// Points in the unit square.
pub struct Scatter<'a> {
    pub points: &'a [(f64, f64)],
}

/// Columns of the numbers on the left, axis included.
const LEFT: u16 = 4;
/// The axis below, its numbers, and the legend.
const BELOW: u16 = 3;
/// Points from which a cell has the second, third and fourth symbol.
const SOME: [usize; 3] = [2, 5, 10];
/// Differences below this are rounding.
const SAME: f64 = 1e-9;

/// What is in one cell: how many points, and how many more of them were helped than harmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cell {
    points: usize,
    balance: isize,
}

impl Scatter<'_> {
    pub fn draw(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        if area.width <= LEFT + 4 || area.height <= BELOW + 1 {
            return;
        }
        let rows = usize::from(area.height - BELOW);
        // A cell is about twice as high as it is wide; wider than square only makes the diagonal flat.
        let columns = usize::from(area.width - LEFT).min(rows * 3);
        let cells = self.cells(columns, rows);
        let mut lines: Vec<Line> = (0..rows).map(|y| self.row(y, columns, rows, &cells, pen)).collect();
        let axis = format!("{}{}", pen.symbols.corner, pen.symbols.rule.repeat(columns));
        lines.push(Line::from(pen.span(format!("   {axis}"), Role::Border)));
        lines.push(Line::from(pen.span(format!("    0{:>1$}", "1", columns - 1), Role::Muted)));
        let [one, few, some, many] = pen.symbols.density;
        let legend = format!("    {one} 1  {few} 2-4  {some} 5-9  {many} 10 or more");
        lines.push(Line::from(pen.span(legend, Role::Muted)));
        pen.rows(frame, area, lines);
    }

    /// How many points are above, on and below the diagonal.
    pub fn balance(&self) -> (usize, usize, usize) {
        let above = self.points.iter().filter(|(before, after)| after - before > SAME).count();
        let below = self.points.iter().filter(|(before, after)| before - after > SAME).count();
        (above, self.points.len() - above - below, below)
    }

    fn cells(&self, columns: usize, rows: usize) -> Vec<Cell> {
        let mut cells = vec![Cell::default(); columns * rows];
        for &(before, after) in self.points {
            let at = |value: f64, of: usize| (value.clamp(0.0, 1.0) * (of - 1) as f64).round() as usize;
            let cell = &mut cells[(rows - 1 - at(after, rows)) * columns + at(before, columns)];
            cell.points += 1;
            cell.balance += isize::from(after - before > SAME) - isize::from(before - after > SAME);
        }
        cells
    }

    fn row<'l>(&self, y: usize, columns: usize, rows: usize, cells: &[Cell], pen: &Pen) -> Line<'l> {
        let number = match y {
            0 => "  1",
            _ if y == rows - 1 => "  0",
            _ => "   ",
        };
        let mut line = vec![pen.span(number, Role::Muted), pen.span(pen.symbols.vertical, Role::Border)];
        for x in 0..columns {
            let cell = cells[y * columns + x];
            // Where before equals after, to the nearest cell of this row.
            let diagonal = ((rows - 1 - y) as f64 / (rows - 1).max(1) as f64 * (columns - 1) as f64).round() as usize;
            line.push(match cell.points {
                0 if x == diagonal => pen.span("/", Role::Border),
                0 => pen.span(" ", Role::Text),
                points => {
                    pen.span(pen.symbols.density[SOME.iter().filter(|&&from| points >= from).count()], role(cell))
                }
            });
        }
        Line::from(line)
    }
}

fn role(cell: Cell) -> Role {
    match cell.balance.signum() {
        1 => Role::Promoted,
        -1 => Role::Demoted,
        _ => Role::Text,
    }
}
