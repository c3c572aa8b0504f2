//! Which heads are averaged, and what every single one looks at.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::library::Field;
use crate::model::{Attention, Capture};

use super::attribution::{Place, listed_bytes, places, seen_bytes};
use super::words::{parts, units};
use super::{Band, Lens};

/// Marked heads that are named.
const NAMED: usize = 6;

/// Heads that a person marked: pairs of layer and head, counted from zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct HeadSet(BTreeSet<(usize, usize)>);

impl HeadSet {
    /// Marks these heads of these layers, or unmarks them if all are marked already.
    pub fn toggle(&mut self, layers: Range<usize>, heads: Range<usize>) {
        let all: Vec<_> = layers.flat_map(|layer| heads.clone().map(move |head| (layer, head))).collect();
        if all.iter().all(|one| self.0.contains(one)) {
            self.0.retain(|one| !all.contains(one));
        } else {
            self.0.extend(all);
        }
    }

    pub fn contains(&self, layer: usize, head: usize) -> bool {
        self.0.contains(&(layer, head))
    }

    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.0.iter().copied()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that a network has.
    pub fn within(&self, attention: &Attention) -> HeadSet {
        HeadSet(self.iter().filter(|&(layer, head)| layer < attention.layers && head < attention.heads).collect())
    }
}

impl FromIterator<(usize, usize)> for HeadSet {
    fn from_iter<I: IntoIterator<Item = (usize, usize)>>(heads: I) -> Self {
        HeadSet(heads.into_iter().collect())
    }
}

/// Which rows of the attention are averaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heads {
    /// A band of layers, of which all heads or one.
    Lens(Lens),
    /// These and no others ("selected heads").
    Marked(HeadSet),
}

impl From<Lens> for Heads {
    fn from(lens: Lens) -> Self {
        Heads::Lens(lens)
    }
}

impl Heads {
    pub(super) fn fit(self, attention: &Attention) -> Heads {
        match self {
            Heads::Lens(lens) => Heads::Lens(lens.fit(attention)),
            Heads::Marked(set) => Heads::Marked(set.within(attention)),
        }
    }

    /// The heads whose mean is a layer's row, whether or not the layer is in the mean over layers; none where none of
    /// its heads is marked.
    pub fn in_layer(&self, layer: usize, attention: &Attention) -> Vec<usize> {
        match self {
            Heads::Lens(lens) => lens.heads(attention.heads).collect(),
            Heads::Marked(set) => set.iter().filter(|(of, _)| *of == layer).map(|(_, head)| head).collect(),
        }
    }

    /// The layers in the mean, ascending.
    pub fn layers(&self, attention: &Attention) -> Vec<usize> {
        match self {
            Heads::Lens(lens) => lens.band.layers(attention.layers).collect(),
            Heads::Marked(set) => set.iter().map(|(layer, _)| layer).collect::<BTreeSet<_>>().into_iter().collect(),
        }
    }
}

impl Heads {
    /// What is averaged, in words, in a network of so many layers and heads; both are counted from 1 here.
    pub fn label(&self, layers: usize, heads: usize) -> String {
        match self {
            Heads::Lens(lens) => {
                let head =
                    lens.head.map_or(format!("all {heads} heads"), |head| format!("head {} of {heads}", head + 1));
                let band = lens.band.layers(layers);
                let which = if band.len() > 1 { format!(" {}-{}", band.start + 1, band.end) } else { String::new() };
                format!("mean of {}{which} of {layers}, {head}", band_label(lens.band))
            }
            Heads::Marked(set) => {
                let named: Vec<String> =
                    set.iter().take(NAMED).map(|(layer, head)| format!("{}.{}", layer + 1, head + 1)).collect();
                let more = set.len().saturating_sub(named.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let noun = if set.len() == 1 { "the marked head" } else { "marked heads" };
                format!("mean of {noun} (layer.head) {}{more}", named.join(" "))
            }
        }
    }
}

fn band_label(band: Band) -> String {
    match band {
        Band::Early => "early layers".into(),
        Band::Middle => "middle layers".into(),
        Band::Late => "late layers".into(),
        Band::All => "all layers".into(),
        Band::One(layer) => format!("layer {}", layer + 1),
    }
}

/// What a head may be asked how much it looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Field(Field),
    /// Bytes of [`crate::text::Document::text`]: a word, a line, a section.
    Span(Range<usize>),
    /// The three fields together.
    Fields,
}

/// How much of each head's attention falls on a target, `layers × heads`.
///
/// For a field or a span, the share of what the head gives to the three fields, as in [`super::attribute`] but of one
/// row at a time: a head that is nearly all sink still says where the rest of it goes. How much that rest is, is what
/// [`Target::Fields`] gives: the raw mass on the fields, 1 minus what is removed. (Entropy would not tell a head that
/// looks at everything from one that looks at a sink.)
#[derive(Debug, Clone, PartialEq)]
pub struct HeadGrid {
    pub layers: usize,
    pub heads: usize,
    /// Row-major by layer; `None` where a head looks at no field at all.
    cells: Vec<Option<f32>>,
}

impl HeadGrid {
    pub fn new(capture: &Capture, target: &Target) -> Self {
        let attention = &capture.attention;
        let places = places(capture);
        let parts = parts_on(capture, &places, target);
        let is_field = |place: &Place| matches!(place, Place::Field(_));
        let cell = |layer: usize, head: usize| {
            let (mut on, mut fields) = (0.0f64, 0.0f64);
            for ((&weight, place), part) in attention.row(layer, head).iter().zip(&places).zip(&parts) {
                if is_field(place) {
                    fields += f64::from(weight);
                    on += f64::from(weight) * part;
                }
            }
            match target {
                Target::Fields => Some(fields as f32),
                _ => (fields > 0.0).then(|| (on / fields) as f32),
            }
        };
        let cells = (0..attention.layers).flat_map(|layer| (0..attention.heads).map(move |head| (layer, head)));
        let cells = cells.map(|(layer, head)| cell(layer, head)).collect();
        HeadGrid { layers: attention.layers, heads: attention.heads, cells }
    }

    /// What each head gives the target more than in `free`, the same grid for the empty request; each side is
    /// normalised over the words it saw.
    pub fn minus(&self, free: &HeadGrid) -> HeadGrid {
        let change = |(own, free): (&Option<f32>, &Option<f32>)| Some((*own)? - (*free)?);
        HeadGrid { cells: self.cells.iter().zip(&free.cells).map(change).collect(), ..*self }
    }

    pub fn at(&self, layer: usize, head: usize) -> Option<f32> {
        self.cells.get(layer * self.heads + head).copied().flatten()
    }

    /// Layer, head and value of the cell that is farthest from zero.
    pub fn peak(&self) -> Option<(usize, usize, f32)> {
        let values = self.cells.iter().enumerate().filter_map(|(at, cell)| Some((at, (*cell)?)));
        let (at, value) = values.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))?;
        Some((at / self.heads, at % self.heads, value))
    }
}

/// For each position of the input the part of it that is on the target.
fn parts_on(capture: &Capture, places: &[Place], target: &Target) -> Vec<f64> {
    match target {
        Target::Fields => vec![1.0; places.len()],
        Target::Field(field) => {
            places.iter().map(|place| if *place == Place::Field(*field) { 1.0 } else { 0.0 }).collect()
        }
        Target::Span(bytes) => {
            let units = units(&capture.document, seen_bytes(capture), listed_bytes(capture));
            let inside = |at: usize| bytes.start <= units[at].bytes.start && units[at].bytes.end <= bytes.end;
            let on = |token: &Range<usize>| -> f64 {
                let whole = bytes.start <= token.start && token.end <= bytes.end;
                if whole { 1.0 } else { parts(&units, token).filter(|(at, _)| inside(*at)).map(|(_, part)| part).sum() }
            };
            let is_field = |place: &Place| matches!(place, Place::Field(_));
            let both = places.iter().zip(&capture.encoding.offsets);
            both.map(|(place, token)| if is_field(place) { on(token) } else { 0.0 }).collect()
        }
    }
}
