//! Where everything of the Evaluate tab is, as a pure function: drawing and the mouse ask the same one.

use ratatui::layout::Rect;

use crate::tui::widgets::{width, window};

use super::View;

/// From here on the numbers have a column of their own beside the view.
const WIDE: (u16, u16) = (140, 30);
/// Its columns, and a blank one: a table of metrics with interval, change and ceiling.
const NUMBERS_COLUMNS: u16 = 66;
/// Rows from which the numbers are above the view.
const NUMBERS_FROM: u16 = 18;
/// Header, five metrics, audit.
const NUMBERS_ROWS: u16 = 7;
/// Rows from which the benchmark has a row of its own above its progress.
const TWO_HEADS_FROM: u16 = 14;
/// Rows of the view from which its title names all views and what is listed has a row below.
const TITLES_FROM: u16 = 8;
/// Columns that the names of all views take.
const TITLES_COLUMNS: u16 = 60;
/// Rows of the view from which the selected request is shown below the list.
const DETAIL_FROM: u16 = 26;
const DETAIL_ROWS: u16 = 15;
/// Columns from which the description of a benchmark stands beside the list.
const CHOOSER_BESIDE: u16 = 100;

/// What the tab is made of; an empty rectangle is not on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// What runs, and how far it is.
    pub head: Rect,
    pub numbers: Rect,
    /// Title of the view; the names of all views if `titles`.
    pub title: Rect,
    pub titles: bool,
    /// What is listed, where that is not in the title.
    pub about: Rect,
    pub main: Rect,
    pub detail: Rect,
    /// Numbers in a column of their own.
    pub wide: bool,
}

pub fn areas(area: Rect, view: View) -> Areas {
    let none = Rect { width: 0, height: 0, ..area };
    let wide = area.width >= WIDE.0 && area.height >= WIDE.1;
    let mut rest = area;
    let head = cut_top(&mut rest, if area.height >= TWO_HEADS_FROM { 2 } else { 1 });
    let numbers = if wide {
        let numbers = Rect { width: NUMBERS_COLUMNS, ..rest };
        rest = Rect { x: rest.x + NUMBERS_COLUMNS + 1, width: rest.width - NUMBERS_COLUMNS - 1, ..rest };
        numbers
    } else if area.height >= NUMBERS_FROM {
        cut_top(&mut rest, NUMBERS_ROWS)
    } else {
        none
    };
    let titles = rest.height >= TITLES_FROM && rest.width >= TITLES_COLUMNS;
    let has_detail = view == View::Requests && rest.height >= DETAIL_FROM;
    let title = cut_top(&mut rest, 1);
    let about = if titles { cut_top(&mut rest, 1) } else { none };
    let detail = if has_detail { cut_bottom(&mut rest, DETAIL_ROWS) } else { none };
    Areas { head, numbers, title, titles, about, main: rest, detail, wide }
}

/// The chooser: what would run with what, the list, and what is known of the selected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chooser {
    pub pipeline: Rect,
    /// With its title line.
    pub list: Rect,
    /// With its title line.
    pub about: Rect,
}

pub fn chooser(area: Rect, entries: usize) -> Chooser {
    let mut rest = area;
    let pipeline = cut_top(&mut rest, 1);
    if area.width >= CHOOSER_BESIDE {
        let columns = area.width * 2 / 5;
        let list = Rect { width: columns, ..rest };
        let about = Rect { x: rest.x + columns + 1, width: rest.width - columns - 1, ..rest };
        return Chooser { pipeline, list, about };
    }
    let rows = u16::try_from(entries + 1).unwrap_or(u16::MAX).clamp(2, (rest.height / 2).max(2));
    let list = cut_top(&mut rest, rows);
    Chooser { pipeline, list, about: rest }
}

/// First column and name of each view in the title.
pub fn titles(title: Rect) -> impl Iterator<Item = (View, u16)> {
    let mut left = title.x + 2;
    View::ALL.into_iter().map(move |view| {
        let start = left;
        // "[Requests] "
        left += width(view.title()) as u16 + 3;
        (view, start)
    })
}

/// The view whose name is at a column of the title.
pub fn view_at(title: Rect, column: u16) -> Option<View> {
    titles(title)
        .find(|(view, start)| (*start..*start + width(view.title()) as u16 + 2).contains(&column))
        .map(|(view, _)| view)
}

/// The row of a list at a row of the screen.
pub fn row_at(list: Rect, screen_row: u16, selected: usize, rows: usize) -> Option<usize> {
    let shown = window(Some(selected), rows, list.height.into());
    let offset = screen_row.checked_sub(list.y)?;
    Some(shown.start + usize::from(offset)).filter(|row| shown.contains(row))
}

fn cut_top(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    let cut = Rect { height: rows, ..*rest };
    (rest.y, rest.height) = (rest.y + rows, rest.height - rows);
    cut
}

fn cut_bottom(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    rest.height -= rows;
    Rect { y: rest.bottom(), height: rows, ..*rest }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_are_inside_and_do_not_overlap(width in 1u16..250, height in 1u16..90, view in 0usize..6, entries in 0usize..30) {
            let area = Rect::new(3, 2, width, height);
            let Areas { head, numbers, title, about, main, detail, .. } = areas(area, View::ALL[view]);
            let chooser = chooser(area, entries);
            for parts in [vec![head, numbers, title, about, main, detail], vec![chooser.pipeline, chooser.list, chooser.about]] {
                for (index, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
                    prop_assert_eq!(area.intersection(*part), *part);
                    for other in parts[..index].iter().filter(|part| !part.is_empty()) {
                        prop_assert!(!part.intersects(*other), "{:?} {:?}", part, other);
                    }
                }
            }
        }
    }

    #[test]
    fn names_of_views_are_where_the_mouse_finds_them() {
        let title = Rect::new(5, 0, 80, 1);
        for (view, start) in titles(title) {
            assert_eq!(view_at(title, start), Some(view));
        }
        assert_eq!(view_at(title, 5), None);
        assert!(
            titles(title)
                .last()
                .is_some_and(|(view, start)| start + width(view.title()) as u16 + 2 <= 5 + TITLES_COLUMNS)
        );
    }
}
