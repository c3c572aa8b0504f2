//! Attention against what it would be for no request at all: a model looks at headings and names whatever it is asked
//! (ICR's calibration, arXiv 2410.02642, which takes "N/A" as the request without content; ours is empty, which leaves
//! no word whose meaning could matter).

use std::ops::Range;

use serde_json::{Value, json};

use crate::library::Field;

use super::json::{by_field, number};
use super::{Attribution, Word};

/// The request without content.
pub const CONTENT_FREE: &str = "";

/// What a request adds to a skill's attention, in shares: positive where the request draws it, negative where it takes
/// it away. Both sides are normalised over the words that the model saw in both, so that all words sum to zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// Order of [`Field::ALL`].
    pub fields: [f32; 3],
    /// One for each of [`Attribution::words`]; `None` for text the model never saw and for separators.
    pub words: Vec<Option<f32>>,
    /// Score of the skill for the empty request: where this one starts from.
    pub score: f32,
}

/// `own` is the attribution for the request, `free` the same skill's for [`CONTENT_FREE`], through the same lens.
pub fn calibrate(own: &Attribution, free: &Attribution) -> Calibrated {
    let seen = |word: &Word| Some((word.bytes.clone(), word.weight.filter(|_| word.field.is_some())?));
    let without: Vec<_> = free.words.iter().map(|word| (word.bytes.clone(), word.weight)).collect();
    let words = changes(&own.words.iter().map(seen).collect::<Vec<_>>(), &without);
    let of_field = |field: Field| {
        let inside = own.words.iter().zip(&words).filter(|(word, _)| word.field == Some(field));
        inside.filter_map(|(_, weight)| *weight).map(f64::from).sum::<f64>() as f32
    };
    Calibrated { fields: Field::ALL.map(of_field), words, score: free.score }
}

/// The change of each piece's share, both sides normalised over the bytes of `own`: pieces (bytes and share) that the
/// model saw with the request, and what it made of the same text without one.
pub(super) fn changes(own: &[Option<(Range<usize>, f32)>], free: &[(Range<usize>, Option<f32>)]) -> Vec<Option<f32>> {
    let pair = |piece: &Option<(Range<usize>, f32)>| {
        let (bytes, weight) = piece.as_ref()?;
        Some((f64::from(*weight), weight_within(bytes, free)))
    };
    let pairs: Vec<Option<(f64, f64)>> = own.iter().map(pair).collect();
    let sum = |side: fn(&(f64, f64)) -> f64| pairs.iter().flatten().map(side).sum::<f64>();
    let (own_sum, free_sum) = (sum(|pair| pair.0), sum(|pair| pair.1));
    let part = |weight: f64, sum: f64| if sum > 0.0 { weight / sum } else { 0.0 };
    let change = |(with, without): (f64, f64)| (part(with, own_sum) - part(without, free_sum)) as f32;
    pairs.into_iter().map(|pair| pair.map(change)).collect()
}

/// What the pieces of another list give to these bytes: the lists differ where the limit parts a word.
fn weight_within(bytes: &Range<usize>, others: &[(Range<usize>, Option<f32>)]) -> f64 {
    let first = others.partition_point(|(other, _)| other.end <= bytes.start);
    let overlap = |(other, weight): &(Range<usize>, Option<f32>)| {
        let shared = other.end.min(bytes.end).saturating_sub(other.start.max(bytes.start));
        f64::from(weight.unwrap_or(0.0)) * shared as f64 / other.len().max(1) as f64
    };
    others[first..].iter().take_while(|(other, _)| other.start < bytes.end).map(overlap).sum()
}

impl Calibrated {
    /// `{"request", "score", "fields": {…}, "words": [difference]}`, words in the order of the attribution's.
    pub fn to_json(&self) -> Value {
        json!({
            "request": CONTENT_FREE,
            "score": number(self.score),
            "fields": by_field(&self.fields, |&share| number(share)),
            "words": self.words.iter().map(|weight| weight.map(number)).collect::<Vec<_>>(),
        })
    }
}
