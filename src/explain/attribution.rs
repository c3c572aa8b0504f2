//! Field shares of attention as SkillRouter's appendix C defines them (papers.md 5), with the token share and lift
//! beside them, and what was removed before normalising.

use std::ops::Range;

use crate::library::{Field, Text};
use crate::model::Capture;

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

/// What to look at: a band of layers, and all heads or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Lens {
    pub band: Band,
    pub head: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FieldShare {
    /// Share of the attention that falls on the three fields; the three sum to one.
    pub share: f32,
    /// Share of the fields' tokens; the three sum to one.
    pub token_share: f32,
    /// `share / token_share`: above one, the field gets more than its length alone would give it. `None` if the field
    /// has no token the model saw.
    pub lift: Option<f32>,
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

/// A word of the document: subword tokens merged at white space, never across fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub text: Text,
    /// Bytes in [`crate::text::Document::text`].
    pub bytes: Range<usize>,
    pub field: Option<Field>,
    /// Share of the fields' attention (all words of fields sum to one); `None` for text the model never saw.
    pub weight: Option<f32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    pub score: f32,
    pub lens: Lens,
    /// Order of [`Field::ALL`].
    pub fields: [FieldShare; 3],
    /// Field shares of every layer (mean over heads, or the chosen head), order of [`Field::ALL`].
    pub layers: Vec<[f32; 3]>,
    pub removed: Removed,
    pub words: Vec<Word>,
    /// Tokens the model read, template included.
    pub seen_tokens: usize,
    /// Tokens it would have read without its limit.
    pub total_tokens: usize,
    /// Code points that the profile's caps cut before the model, per field.
    pub cut: [usize; 3],
}

/// Reads a capture through a lens. Pure; well under a millisecond for the built-in model.
pub fn attribute(capture: &Capture, lens: Lens) -> Attribution {
    let _ = (capture, lens);
    todo!()
}
