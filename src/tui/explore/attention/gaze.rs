//! How a person looks at attention: the reading, which heads, in which pieces. Kept from skill to skill.

use crate::explain::{Band, HeadSet, Heads, Lens, Reading, SpanKind};
use crate::library::Field;
use crate::model::Attention;

#[derive(Debug, Clone, Default)]
pub struct Gaze {
    pub reading: Reading,
    pub lens: Lens,
    /// Heads picked one by one.
    pub marked: HeadSet,
    /// Whether the numbers are of the marked heads instead of the lens.
    pub by_marks: bool,
    pub kind: SpanKind,
    pub wanted: Wanted,
    /// The grid of heads: always, never, or (`None`) where there is room.
    pub grid: Option<bool>,
}

/// What the heads are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Field(Field),
    /// One of the pieces with the most attention, counted from zero.
    Heaviest(usize),
    Fields,
}

impl Default for Wanted {
    fn default() -> Self {
        Wanted::Field(Field::Body)
    }
}

impl Wanted {
    /// Body, description, name, each of the `named` heaviest pieces, all fields, and round again.
    pub fn next(self, named: usize) -> Self {
        match self {
            Wanted::Field(Field::Body) => Wanted::Field(Field::Description),
            Wanted::Field(Field::Description) => Wanted::Field(Field::Name),
            Wanted::Field(Field::Name) if named > 0 => Wanted::Heaviest(0),
            Wanted::Heaviest(at) if at + 1 < named => Wanted::Heaviest(at + 1),
            Wanted::Field(Field::Name) | Wanted::Heaviest(_) => Wanted::Fields,
            Wanted::Fields => Wanted::default(),
        }
    }
}

impl Gaze {
    /// What is averaged in this network: the marked heads if they are wanted and it has any of them.
    pub fn heads(&self, attention: &Attention) -> Heads {
        let marked = self.marked.within(attention);
        if self.by_marks && !marked.is_empty() { Heads::Marked(marked) } else { Heads::Lens(self.lens) }
    }

    /// Marks what the lens is on, or unmarks it.
    pub fn mark(&mut self, attention: &Attention) {
        self.marked.toggle(self.lens.band.layers(attention.layers), self.lens.heads(attention.heads));
        self.by_marks &= !self.marked.is_empty();
    }
}

/// The next (or previous) band: middle, late, all, each layer, early, and round again.
pub fn next_band(band: Band, layers: usize, by: isize) -> Band {
    let order: Vec<Band> =
        [Band::Early, Band::Middle, Band::Late, Band::All].into_iter().chain((0..layers).map(Band::One)).collect();
    order[round(order.iter().position(|other| *other == band), by, order.len())]
}

/// The next (or previous) head: all, then each.
pub fn next_head(head: Option<usize>, heads: usize, by: isize) -> Option<usize> {
    round(Some(head.map_or(0, |head| head + 1)), by, heads + 1).checked_sub(1)
}

fn round(at: Option<usize>, by: isize, of: usize) -> usize {
    (at.unwrap_or(0) as isize + by).rem_euclid(of as isize) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_go_round() {
        let mut band = Band::default();
        for _ in 0..4 + 6 {
            band = next_band(band, 6, 1);
        }
        assert_eq!(band, Band::default());
        assert_eq!(next_band(Band::Early, 6, -1), Band::One(5));
    }

    #[test]
    fn heads_go_round_through_all() {
        assert_eq!(next_head(None, 12, 1), Some(0));
        assert_eq!(next_head(Some(11), 12, 1), None);
        assert_eq!(next_head(None, 12, -1), Some(11));
        assert_eq!(next_head(None, 0, 1), None);
    }

    #[test]
    fn the_heads_are_asked_about_everything_once() {
        let mut asked = vec![Wanted::default()];
        for _ in 0..6 {
            asked.push(asked.last().expect("one").next(3));
        }
        assert_eq!(asked[3..], [0, 1, 2].map(Wanted::Heaviest).into_iter().chain([Wanted::Fields]).collect::<Vec<_>>());
        assert_eq!((asked[6].next(3), Wanted::Field(Field::Name).next(0)), (Wanted::default(), Wanted::Fields));
    }

    #[test]
    fn a_mark_is_taken_back_by_marking_again_and_nothing_is_no_mean() {
        let attention = Attention { layers: 6, heads: 12, positions: 0, weights: Vec::new() };
        let mut gaze = Gaze { lens: Lens { band: Band::One(2), head: Some(4) }, ..Gaze::default() };
        gaze.mark(&attention);
        gaze.by_marks = true;
        assert_eq!(gaze.heads(&attention).label(6, 12), "mean of the marked head (layer.head) 3.5");
        gaze.mark(&attention);
        assert_eq!((gaze.heads(&attention), gaze.by_marks), (Heads::Lens(gaze.lens), false));
    }
}
