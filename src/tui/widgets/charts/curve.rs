//! A curve over the unit interval, in Braille dots where the terminal has them and in one mark per cell where not.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::theme::Role;
use crate::tui::widgets::Pen;

/// `x` is a part of one and rises from point to point; `y` is a part of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

pub struct Curve<'a> {
    pub points: &'a [Point],
    /// A point to be told from the others.
    pub marked: Option<Point>,
}

/// Columns of the numbers on the left, axis included.
const LEFT: u16 = 5;
/// The axis below and its numbers.
const BELOW: u16 = 2;
/// Dots of a Braille cell.
const WIDE: usize = 2;
const HIGH: usize = 4;
/// Bits of the dots of a Braille cell, by row and column (Unicode block U+2800).
const DOTS: [[u8; WIDE]; HIGH] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Curve<'_> {
    pub fn draw(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        if area.width <= LEFT + 4 || area.height <= BELOW + 1 || self.points.is_empty() {
            return;
        }
        let (columns, rows) = (usize::from(area.width - LEFT), usize::from(area.height - BELOW));
        let top = self.top();
        let (wide, high) = if pen.symbols.braille { (WIDE, HIGH) } else { (1, 1) };
        let dots = self.dots(columns * wide, rows * high, top);
        let marked = self.marked.map(|mark| {
            let at = |value: f64, of: usize| (value.clamp(0.0, 1.0) * (of - 1) as f64).round() as usize;
            (at(mark.x, columns), rows - 1 - at(mark.y / top, rows))
        });
        let mut lines: Vec<Line> = Vec::with_capacity(rows + 2);
        for y in 0..rows {
            let number = match y {
                0 => format!("{top:>4.2}"),
                _ if y == rows - 1 => format!("{:>4}", 0),
                _ => "    ".into(),
            };
            let mut line = vec![pen.span(number, Role::Muted), pen.span(pen.symbols.vertical, Role::Border)];
            for x in 0..columns {
                line.push(match marked == Some((x, y)) {
                    true => pen.span(pen.symbols.pinned, Role::Pinned),
                    false => pen.span(symbol(&dots, x, y, (wide, high), columns * wide), Role::ScoreBar),
                });
            }
            lines.push(Line::from(line));
        }
        let axis = format!("    {}{}", pen.symbols.corner, pen.symbols.rule.repeat(columns));
        lines.push(Line::from(pen.span(axis, Role::Border)));
        lines.push(Line::from(pen.span(format!("     0{:>1$}", "1", columns - 1), Role::Muted)));
        pen.rows(frame, area, lines);
    }

    /// The end of the vertical axis: the next tenth above the highest point, so that a flat curve still has a shape.
    fn top(&self) -> f64 {
        let highest = self.points.iter().map(|point| point.y).fold(0.0, f64::max);
        ((highest * 10.0).ceil() / 10.0).clamp(0.1, 1.0)
    }

    /// Which dots are painted, row by row from the top: for every column the value there, and what lies between it
    /// and the column before.
    fn dots(&self, columns: usize, rows: usize, top: f64) -> Vec<bool> {
        let mut dots = vec![false; columns * rows];
        let mut before: Option<usize> = None;
        for x in 0..columns {
            let Some(value) = self.at(x as f64 / (columns - 1).max(1) as f64) else {
                before = None;
                continue;
            };
            let row = rows - 1 - ((value / top).clamp(0.0, 1.0) * (rows - 1) as f64).round() as usize;
            let from = before.unwrap_or(row);
            for y in from.min(row)..=from.max(row) {
                // The step itself belongs to this column, its start to the one before.
                if y != from || from == row {
                    dots[y * columns + x] = true;
                }
            }
            before = Some(row);
        }
        dots
    }

    /// The value at `x`, straight between points; `None` outside of them.
    fn at(&self, x: f64) -> Option<f64> {
        let next = self.points.partition_point(|point| point.x < x);
        let right = self.points.get(next)?;
        match next.checked_sub(1).map(|left| self.points[left]) {
            Some(left) if right.x > left.x => Some(left.y + (right.y - left.y) * (x - left.x) / (right.x - left.x)),
            _ if right.x <= x => Some(right.y),
            _ => None,
        }
    }
}

fn symbol(dots: &[bool], x: usize, y: usize, (wide, high): (usize, usize), columns: usize) -> String {
    let painted = |dx: usize, dy: usize| dots[(y * high + dy) * columns + x * wide + dx];
    if (wide, high) == (1, 1) {
        return if painted(0, 0) { "*" } else { " " }.into();
    }
    let bits: u8 = (0..high)
        .flat_map(|dy| (0..wide).map(move |dx| (dx, dy)))
        .fold(0, |bits, (dx, dy)| if painted(dx, dy) { bits | DOTS[dy][dx] } else { bits });
    match char::from_u32(0x2800 + u32::from(bits)) {
        Some(cell) if bits > 0 => cell.into(),
        _ => " ".into(),
    }
}
