//! A contrast as `skillscope explain --json` prints it.

use serde_json::{Value, json};

use crate::explain::json::{by_field, number};

use super::{Contrast, ContrastTerm, ContrastWord, Side, WordEffect};

impl Contrast {
    /// `{"mine" | "other": {"id", "score", "fields"}, "words": [{"word", "mine" | "other": {"attention", "change"},
    /// "lead"}], "weighing": "BM25", "terms": [{"term", "mine", "other", "lead"}]}`; a side is null for a word it does not have.
    pub fn to_json(&self) -> Value {
        let side = |side: &Side| {
            json!({
                "id": side.id.shown(),
                "score": number(side.score),
                "fields": by_field(&side.fields, |share| share.to_json()),
            })
        };
        let effect = |effect: Option<WordEffect>| {
            effect.map(|effect| json!({ "attention": number(effect.attention), "change": number(effect.change) }))
        };
        let word = |word: &ContrastWord| {
            json!({
                "word": word.word.shown(),
                "mine": effect(word.mine),
                "other": effect(word.other),
                "lead": number(word.lead()),
            })
        };
        let term = |term: &ContrastTerm| {
            json!({
                "term": term.term.shown(),
                "mine": number(term.mine),
                "other": number(term.other),
                "lead": number(term.lead()),
            })
        };
        json!({
            "mine": side(&self.mine),
            "other": side(&self.other),
            "words": self.words.iter().map(word).collect::<Vec<_>>(),
            "weighing": self.weighing.label(),
            "terms": self.terms.iter().map(term).collect::<Vec<_>>(),
        })
    }
}
