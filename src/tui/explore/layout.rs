//! Where everything is, as a pure function: drawing and the mouse ask the same one.
//!
//! What does not fit is left out in a fixed order instead of being squeezed: the detail pane first, then the gutter,
//! then one of the two columns. The focus brings back what is left out.

use ratatui::layout::Rect;

/// What the layout depends on besides the area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// Rows of the query line.
    pub query_rows: u16,
    /// Whether a line for "mine" is needed.
    pub mine: bool,
    /// Whether the evaluation stands beside the search.
    pub side: bool,
    pub focus: Focus,
}

/// The panes that keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Focus {
    #[default]
    Query,
    Shortlist,
    Reranked,
    Detail,
    /// The evaluation.
    Side,
}

impl Focus {
    pub const ALL: [Focus; 5] = [Focus::Query, Focus::Shortlist, Focus::Reranked, Focus::Detail, Focus::Side];
}

/// How much fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Not enough for a list: one sentence.
    Sentence,
    /// One column; the focus says which, or the detail pane instead.
    OneColumn,
    /// Two columns.
    NoGutter,
    /// Two columns and the gutter between them; the detail pane instead when it has the focus.
    NoDetail,
    /// The detail pane below the columns.
    Stacked,
    /// The detail pane beside the columns.
    Beside,
}

/// Below this there is one sentence.
const SMALLEST: (u16, u16) = (24, 5);
/// Two columns need two times rank, name and score.
const TWO_COLUMNS: u16 = 56;
const GUTTER_FROM: u16 = 68;
/// Rows for which a detail pane below is worth its place.
const STACKED_ROWS: u16 = 19;
/// Columns for which both lists and 60 columns of text fit.
const BESIDE_COLUMNS: u16 = 140;
pub const GUTTER: u16 = 7;
/// Columns from which the evaluation stands beside everything else; with less it takes the place of the detail pane.
const SIDE_FROM: u16 = 110;
/// Its columns: a rank, an arrow, and enough of a request to know it.
const SIDE: u16 = 40;

/// Hit areas. An empty rectangle is not on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub tier: Tier,
    pub query: Rect,
    pub mine: Rect,
    /// With its title line.
    pub shortlist: Rect,
    pub gutter: Rect,
    /// With its title line.
    pub reranked: Rect,
    /// With its title line.
    pub detail: Rect,
    /// The evaluation, with its title line.
    pub side: Rect,
    pub status: Rect,
}

impl Layout {
    /// The pane under a point.
    pub fn focus_at(&self, column: u16, row: u16) -> Option<Focus> {
        let panes = [self.query, self.shortlist, self.reranked, self.detail, self.side];
        let at = panes.iter().position(|pane| pane.contains((column, row).into()))?;
        Some(Focus::ALL[at])
    }
}

fn tier(area: Rect) -> Tier {
    match (area.width, area.height) {
        (width, height) if width < SMALLEST.0 || height < SMALLEST.1 => Tier::Sentence,
        (width, _) if width < TWO_COLUMNS => Tier::OneColumn,
        (width, _) if width < GUTTER_FROM => Tier::NoGutter,
        (_, height) if height < STACKED_ROWS => Tier::NoDetail,
        (width, _) if width < BESIDE_COLUMNS => Tier::Stacked,
        _ => Tier::Beside,
    }
}

pub fn layout(area: Rect, wants: Wants) -> Layout {
    if wants.side && area.width >= SIDE_FROM && tier(area) > Tier::Sentence {
        let mut rest = area;
        let side = cut_right(&mut rest, SIDE);
        cut_right(&mut rest, 1);
        let narrower = layout(rest, Wants { side: false, ..wants });
        // The status line has the whole width: it says what made the numbers.
        let status = Rect { width: area.width, ..narrower.status };
        return Layout { side: Rect { height: area.height - status.height, ..side }, status, ..narrower };
    }
    let tier = tier(area);
    let empty = Rect { width: 0, height: 0, ..area };
    let mut layout = Layout {
        tier,
        query: empty,
        mine: empty,
        shortlist: empty,
        gutter: empty,
        reranked: empty,
        detail: empty,
        side: empty,
        status: empty,
    };
    if tier == Tier::Sentence {
        return layout;
    }
    let mut rest = area;
    // A third of a low screen is the most a request may take.
    layout.query = cut_top(&mut rest, wants.query_rows.clamp(1, (area.height / 3).max(1)));
    layout.status = cut_bottom(&mut rest, 1);
    if wants.mine {
        layout.mine = cut_bottom(&mut rest, if area.height >= STACKED_ROWS { 2 } else { 1 });
    }
    let has_side = wants.side && tier >= Tier::Stacked;
    match tier {
        Tier::Stacked if has_side => {
            let rows = rest.height / 2;
            layout.side = cut_bottom(&mut rest, rows);
        }
        Tier::Beside => {
            layout.detail = cut_right(&mut rest, area.width * 9 / 20);
            cut_right(&mut rest, 1);
        }
        Tier::Stacked => {
            let rows = rest.height / 2;
            layout.detail = cut_bottom(&mut rest, rows);
        }
        _ if wants.focus == Focus::Detail => {
            layout.detail = rest;
            return layout;
        }
        _ if wants.focus == Focus::Side && wants.side => {
            layout.side = rest;
            return layout;
        }
        _ => {}
    }
    if tier == Tier::OneColumn {
        match wants.focus {
            Focus::Shortlist => layout.shortlist = rest,
            _ => layout.reranked = rest,
        }
        return layout;
    }
    // Without a gutter a blank column keeps the lists apart.
    let gutter = if tier >= Tier::NoDetail { GUTTER } else { 1 };
    let column = (rest.width - gutter) / 2;
    layout.shortlist = Rect { width: column, ..rest };
    layout.reranked = cut_right(&mut rest, column);
    layout.gutter = Rect { x: layout.shortlist.right(), width: layout.reranked.x - layout.shortlist.right(), ..rest };
    layout
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

fn cut_right(rest: &mut Rect, columns: u16) -> Rect {
    let columns = columns.min(rest.width);
    rest.width -= columns;
    Rect { x: rest.right(), width: columns, ..*rest }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(width: u16, height: u16, focus: Focus) -> Layout {
        layout(Rect::new(0, 1, width, height), Wants { query_rows: 1, mine: true, side: false, focus })
    }

    #[test]
    fn the_evaluation_is_beside_or_instead_of_the_detail_or_has_the_focus() {
        let at = |width, height, focus| {
            layout(Rect::new(0, 1, width, height), Wants { query_rows: 1, mine: true, side: true, focus })
        };
        let wide = at(200, 58, Focus::Query);
        assert!(!wide.side.is_empty() && !wide.detail.is_empty() && wide.status.width == 200);
        let middle = at(80, 22, Focus::Query);
        assert!(!middle.side.is_empty() && middle.detail.is_empty() && !middle.reranked.is_empty());
        assert!(at(40, 10, Focus::Query).side.is_empty() && !at(40, 10, Focus::Side).side.is_empty());
    }

    #[test]
    fn panes_leave_in_a_fixed_order() {
        let tiers = [(200, 58), (120, 38), (80, 22), (80, 16), (60, 16), (40, 10), (20, 10), (1, 1)]
            .map(|(width, height)| at(width, height, Focus::Query).tier);
        assert_eq!(
            tiers,
            [
                Tier::Beside,
                Tier::Stacked,
                Tier::Stacked,
                Tier::NoDetail,
                Tier::NoGutter,
                Tier::OneColumn,
                Tier::Sentence,
                Tier::Sentence
            ]
        );
    }

    #[test]
    fn the_focus_brings_back_what_is_left_out() {
        assert!(at(40, 10, Focus::Query).shortlist.is_empty());
        assert!(!at(40, 10, Focus::Shortlist).shortlist.is_empty());
        assert!(!at(40, 10, Focus::Detail).detail.is_empty());
        assert!(at(80, 16, Focus::Query).detail.is_empty());
        assert!(!at(80, 16, Focus::Detail).detail.is_empty());
    }

    proptest! {
        #[test]
        fn panes_are_inside_and_do_not_overlap(
            width in 0u16..250, height in 0u16..90, rows in 0u16..9, mine: bool, side: bool, focus in 0usize..5,
        ) {
            let area = Rect::new(3, 2, width, height);
            let layout = layout(area, Wants { query_rows: rows, mine, side, focus: Focus::ALL[focus] });
            let panes = [
                layout.query, layout.mine, layout.shortlist, layout.gutter, layout.reranked, layout.detail, layout.side,
                layout.status,
            ];
            for (index, pane) in panes.iter().enumerate().filter(|(_, pane)| !pane.is_empty()) {
                prop_assert_eq!(area.intersection(*pane), *pane);
                for other in panes[..index].iter().filter(|pane| !pane.is_empty()) {
                    prop_assert!(!pane.intersects(*other), "{:?} {:?}", pane, other);
                }
            }
        }
    }
}
