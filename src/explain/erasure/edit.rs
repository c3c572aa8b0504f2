//! The text without one unit.

use std::ops::Range;

use crate::explain::words::split;

use super::units::{Pair, Place, Unit};

/// How a unit is taken out. Neither is what the model was trained on, each in another way, so both are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Manner {
    /// As an author would: what follows moves up, and text that was cut off may come into the model's sight.
    #[default]
    Deletion,
    /// Every word becomes [`NEUTRAL`]; what follows stays where it was, and about as much is cut off as before.
    Neutral,
}

impl Manner {
    pub const ALL: [Manner; 2] = [Manner::Deletion, Manner::Neutral];

    /// The word used in JSON and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Manner::Deletion => "deletion",
            Manner::Neutral => "neutral",
        }
    }

    pub fn next(self) -> Self {
        Manner::ALL[(self as usize + 1) % Manner::ALL.len()]
    }
}

/// What a word is replaced by: the sign for left-out text. It is one token for the tokenizers of BERT and of Qwen, says
/// nothing by itself, and occurs in the text these models were trained on, as a mask token does not in a reranker's.
pub const NEUTRAL: &str = "…";

/// The pair after `unit` was taken out: exactly what is scored.
pub fn without(pair: &Pair, unit: &Unit, manner: Manner) -> Pair {
    let text = pair.text(unit.place);
    let put = match manner {
        Manner::Deletion => String::new(),
        Manner::Neutral => neutral(&text[unit.bytes.clone()]),
    };
    let edited = replaced(text, &unit.bytes, &put);
    let mut pair = pair.clone();
    match unit.place {
        Place::Field(field) => pair.parts[field as usize] = edited,
        Place::Request => pair.request = edited,
    }
    pair
}

fn replaced(text: &str, bytes: &Range<usize>, put: &str) -> String {
    [&text[..bytes.start], put, &text[bytes.end..]].concat()
}

/// Each word as the neutral one, white space as it was.
fn neutral(text: &str) -> String {
    let mut out = String::new();
    split(text, 0..text.len(), |bytes, ink_end| {
        if bytes.start < ink_end {
            out.push_str(NEUTRAL);
        }
        out.push_str(&text[ink_end..bytes.end]);
    });
    out
}
