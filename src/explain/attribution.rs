//! Field shares of attention as SkillRouter's appendix C defines them (papers.md 5), with the token share and lift
//! beside them, and what was removed before normalising.

use std::ops::Range;

use crate::library::{Field, Text};
use crate::model::{Attention, Capture};
use crate::text::Segment;

use super::heads::Heads;
use super::words::{Unit, share_out, units};

/// Which layers are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Band {
    /// The first quarter of the layers (at least one).
    Early,
    /// The middle half: relevance is bell-shaped over depth (Selective-ICR, arXiv 2602.22591).
    #[default]
    Middle,
    /// The last quarter (at least one).
    Late,
    All,
    One(usize),
}

impl Band {
    /// The layers of this band in a network of `count` layers, never empty unless the network is. For SkillRouter's 28
    /// these are its own groups 0–6, 7–20 and 21–27.
    pub fn layers(self, count: usize) -> Range<usize> {
        let quarter = (count / 4).max(1).min(count);
        match self {
            Band::Early => 0..quarter,
            // One or two layers have no middle.
            Band::Middle if count <= 2 => 0..count,
            Band::Middle => quarter..count - quarter,
            Band::Late => count - quarter..count,
            Band::All => 0..count,
            Band::One(layer) => {
                let layer = layer.min(count.saturating_sub(1));
                layer..(layer + 1).min(count)
            }
        }
    }

    /// The word used in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Band::Early => "early",
            Band::Middle => "middle",
            Band::Late => "late",
            Band::All => "all",
            Band::One(_) => "one",
        }
    }
}

/// What to look at: a band of layers, and all heads or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Lens {
    pub band: Band,
    pub head: Option<usize>,
}

impl Lens {
    /// The same on a network that may be smaller than the one the lens was set for.
    pub(super) fn fit(self, attention: &Attention) -> Lens {
        let band = match self.band {
            Band::One(layer) => Band::One(layer.min(attention.layers.saturating_sub(1))),
            band => band,
        };
        Lens { band, head: self.head.map(|head| head.min(attention.heads.saturating_sub(1))) }
    }

    /// The heads it looks at, of `count`.
    pub fn heads(self, count: usize) -> Range<usize> {
        self.head.map_or(0..count, |head| head..(head + 1).min(count))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FieldShare {
    /// Share of the attention that falls on the three fields; the three sum to one. All are zero if the model saw no
    /// token of any field.
    pub share: f32,
    /// Tokens of this field that the model saw.
    pub tokens: usize,
    /// Share of the fields' tokens; the three sum to one.
    pub token_share: f32,
    /// `share / token_share`: above one, the field gets more than its length alone would give it. `None` if the field
    /// has no token the model saw.
    pub lift: Option<f32>,
}

impl FieldShare {
    /// Share of one token of this field, in the mean.
    pub fn per_token(&self) -> Option<f32> {
        (self.tokens > 0).then(|| self.share / self.tokens as f32)
    }
}

/// Attention that was taken out before normalising; with the fields' mass the parts sum to one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Removed {
    /// [CLS], [SEP], template: where sinks are.
    pub special: f32,
    /// The request itself.
    pub request: f32,
    /// Separators between fields and tokens that straddle a boundary.
    pub separators: f32,
}

impl Removed {
    pub fn total(&self) -> f32 {
        self.special + self.request + self.separators
    }
}

/// A piece of the document's text: a word with the white space after it, so that the texts of all words in order are
/// the document, character for character.
///
/// Words end at white space (code and URLs stay whole) and at the borders of fields; a character of Chinese or
/// Japanese is a word of its own, as those are written without spaces. Where the model's limit falls inside a word,
/// the word is parted there.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub text: Text,
    /// Bytes in [`crate::text::Document::text`].
    pub bytes: Range<usize>,
    /// `None` for separators between fields.
    pub field: Option<Field>,
    /// Share of the fields' attention: the words of a field sum to its share, all words to one. Zero for separators,
    /// `None` for text the model never saw.
    pub weight: Option<f32>,
}

impl Word {
    /// The word without the white space after it, as it may be shown; empty for a piece of white space.
    pub fn ink(&self) -> &str {
        self.text.shown().trim_end()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    pub score: f32,
    pub heads: Heads,
    /// Order of [`Field::ALL`].
    pub fields: [FieldShare; 3],
    /// Field shares of every layer (mean over heads, the chosen head, or the layer's marked heads), order of
    /// [`Field::ALL`]; zeros for a layer that looks at no field or has no marked head.
    pub layers: Vec<[f32; 3]>,
    pub removed: Removed,
    /// Share of the fields' attention of every position of the input, zero outside the fields; sums to one.
    pub tokens: Vec<f32>,
    pub words: Vec<Word>,
    /// Code points after the last of `words`; zero for all but very long documents. Unseen text, unless the model read
    /// everything or the document is made to deceive (hundreds of kilobytes of characters without tokens before
    /// others).
    pub unlisted: usize,
    /// Tokens the model read, template included.
    pub seen_tokens: usize,
    /// Tokens it would have read without its limit.
    pub total_tokens: usize,
    /// Code points that the profile's caps cut before the model, per field.
    pub cut: [usize; 3],
}

/// Reads a capture through a lens, or through marked heads. Pure; well under a millisecond for the built-in model. A
/// layer or head the network does not have is moved to its last one; [`Attribution::heads`] is what was used.
///
/// As SkillRouter's appendix C: in every layer the row is averaged over heads and normalised within the three fields;
/// a band is the plain mean over its layers, so that no layer counts more because it looks at the fields more. Marked
/// heads are averaged in the same two steps, so that marking every head of a band is looking at that band.
pub fn attribute(capture: &Capture, heads: impl Into<Heads>) -> Attribution {
    let attention = &capture.attention;
    let heads = heads.into().fit(attention);
    let places = places(capture);
    let layers: Vec<Layer> = (0..attention.layers)
        .map(|layer| {
            Layer::new(attention.mean(layer..layer + 1, heads.in_layer(layer, attention).into_iter()), &places)
        })
        .collect();
    let band: Vec<&Layer> = heads.layers(attention).into_iter().map(|layer| &layers[layer]).collect();
    let tokens = token_weights(&band, &places);

    let mut shares = [0.0; 3];
    let mut counts = [0usize; 3];
    for (place, weight) in places.iter().zip(&tokens) {
        if let Place::Field(field) = place {
            shares[*field as usize] += weight;
            counts[*field as usize] += 1;
        }
    }
    let encoding = &capture.encoding;
    Attribution {
        score: capture.score,
        heads,
        fields: Field::ALL.map(|field| field_share(field, &shares, &counts)),
        layers: layers.iter().map(Layer::shares).collect(),
        removed: removed(&band),
        words: words(capture, &places, &tokens),
        tokens: tokens.iter().map(|&weight| weight as f32).collect(),
        unlisted: capture.document.text[listed_bytes(capture)..].chars().count(),
        seen_tokens: encoding.ids.len(),
        total_tokens: encoding.total.max(encoding.ids.len()),
        cut: Field::ALL.map(|field| capture.document.cut(field)),
    }
}

/// What a position of the input stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    Field(Field),
    Special,
    Request,
    /// Between fields, or across the border of one.
    Separator,
}

pub(super) fn places(capture: &Capture) -> Vec<Place> {
    let encoding = &capture.encoding;
    let place = |(segment, bytes): (&Segment, &Range<usize>)| match segment {
        Segment::Special => Place::Special,
        Segment::Query => Place::Request,
        Segment::Document => capture.document.field_of(bytes).map_or(Place::Separator, Place::Field),
    };
    encoding.segments.iter().zip(&encoding.offsets).map(place).collect()
}

/// One layer's row, and its mass by place.
struct Layer {
    row: Vec<f32>,
    fields: [f64; 3],
    special: f64,
    request: f64,
    separators: f64,
}

impl Layer {
    fn new(row: Vec<f32>, places: &[Place]) -> Self {
        let mut layer = Layer { row, fields: [0.0; 3], special: 0.0, request: 0.0, separators: 0.0 };
        for (&weight, place) in layer.row.iter().zip(places) {
            let mass = match place {
                Place::Field(field) => &mut layer.fields[*field as usize],
                Place::Special => &mut layer.special,
                Place::Request => &mut layer.request,
                Place::Separator => &mut layer.separators,
            };
            *mass += f64::from(weight);
        }
        layer
    }

    fn fields_mass(&self) -> f64 {
        self.fields.iter().sum()
    }

    fn shares(&self) -> [f32; 3] {
        let mass = self.fields_mass();
        self.fields.map(|share| if mass > 0.0 { (share / mass) as f32 } else { 0.0 })
    }
}

/// Share of the fields' attention per position, zero outside them: the mean over the layers of each layer's own
/// shares. A layer that looks at no field at all has no shares and is left out.
fn token_weights(band: &[&Layer], places: &[Place]) -> Vec<f64> {
    let looking: Vec<&Layer> = band.iter().copied().filter(|layer| layer.fields_mass() > 0.0).collect();
    let mut weights = vec![0.0; places.len()];
    for layer in &looking {
        let scale = 1.0 / (layer.fields_mass() * looking.len() as f64);
        for ((weight, &raw), place) in weights.iter_mut().zip(&layer.row).zip(places) {
            if matches!(place, Place::Field(_)) {
                *weight += f64::from(raw) * scale;
            }
        }
    }
    weights
}

fn field_share(field: Field, shares: &[f64; 3], counts: &[usize; 3]) -> FieldShare {
    let (share, count, all) = (shares[field as usize], counts[field as usize], counts.iter().sum::<usize>());
    let token_share = if all > 0 { count as f64 / all as f64 } else { 0.0 };
    FieldShare {
        share: share as f32,
        tokens: count,
        token_share: token_share as f32,
        lift: (count > 0).then(|| (share / token_share) as f32),
    }
}

/// Mean raw mass outside the fields.
fn removed(band: &[&Layer]) -> Removed {
    let mean =
        |mass: fn(&Layer) -> f64| (band.iter().copied().map(mass).sum::<f64>() / band.len().max(1) as f64) as f32;
    Removed {
        special: mean(|layer| layer.special),
        request: mean(|layer| layer.request),
        separators: mean(|layer| layer.separators),
    }
}

/// How far past the last token words are listed. A body may be 16 MiB, and words are made anew for every lens on the
/// thread that draws: this many bytes take about a millisecond, and fill twenty screens.
const LISTED_PAST_TOKENS: usize = 64 << 10;

/// Where the list of words ends even if tokens follow, as after a megabyte of characters that the tokenizer drops: 512
/// tokens of anything that people write take a few kilobytes, and the interface shows no more than this of a text.
const LISTED_AT_MOST: usize = 256 << 10;

/// Where the list of words ends.
pub(super) fn listed_bytes(capture: &Capture) -> usize {
    let text = &capture.document.text;
    let end = last_token_end(capture).saturating_add(LISTED_PAST_TOKENS).min(LISTED_AT_MOST);
    (0..=end.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Words with the weights of their tokens. A token that covers several words is shared out by bytes.
fn words(capture: &Capture, places: &[Place], tokens: &[f64]) -> Vec<Word> {
    let text = &capture.document.text;
    let units = units(&capture.document, seen_bytes(capture), listed_bytes(capture));
    let mut weights = vec![0.0; units.len()];
    for ((place, bytes), weight) in places.iter().zip(&capture.encoding.offsets).zip(tokens) {
        if matches!(place, Place::Field(_)) {
            share_out(&units, bytes, *weight, &mut weights);
        }
    }
    let word = |(unit, weight): (Unit, f64)| Word {
        text: Text::block(&text[unit.bytes.clone()]),
        weight: unit.seen.then_some(weight as f32),
        bytes: unit.bytes,
        field: unit.field,
    };
    units.into_iter().zip(weights).map(word).collect()
}

/// How far into the document the model read. Trailing text without tokens (white space, characters the tokenizer
/// drops) was not cut off, so it does not count as unseen.
pub(super) fn seen_bytes(capture: &Capture) -> usize {
    let encoding = &capture.encoding;
    let text = &capture.document.text;
    if encoding.total <= encoding.ids.len() {
        return text.len();
    }
    let mut seen = encoding.seen_bytes.max(last_token_end(capture)).min(text.len());
    while !text.is_char_boundary(seen) {
        seen += 1;
    }
    text.len() - text[seen..].trim_start().len()
}

/// Where the last token of the document ends that the model read.
fn last_token_end(capture: &Capture) -> usize {
    let encoding = &capture.encoding;
    let document =
        encoding.segments.iter().zip(&encoding.offsets).filter(|(segment, _)| **segment == Segment::Document);
    document.map(|(_, bytes)| bytes.end).max().unwrap_or(0)
}
