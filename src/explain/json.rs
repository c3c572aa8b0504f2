//! An attribution as `skillscope explain --json` prints it.

use serde_json::{Map, Value, json};

use crate::library::Field;

use super::{Attribution, FieldShare, Heads, Removed};

impl Attribution {
    /// Stable field names:
    /// `{"score", "fields": {"name" | "description" | "body": {"share", "tokens", "per_token", "token_share", "lift"}}, "layers": [{"name",
    /// "description", "body"}], "removed_share", "removed": {"special", "request", "separators"}, "words": [{"text",
    /// "field", "weight"}], "unlisted", "seen_tokens", "total_tokens", "cut": {"name", "description", "body"}, "lens": {"band",
    /// "layers": [first, last], "head"}}`; of marked heads `{"band": "marked", "heads": [[layer, head]]}`.
    ///
    /// `lift` and `per_token` are null for a field without tokens. The texts of `words` in order are the document as it may be shown;
    /// `field` is null for separators, `weight` for text the model never saw; `head` is null for the mean over heads.
    pub fn to_json(&self) -> Value {
        let words = self.words.iter().map(|word| {
            json!({
                "text": word.text.shown(),
                "field": word.field.map(Field::key),
                "weight": word.weight.map(number),
            })
        });
        json!({
            "score": number(self.score),
            "fields": self.fields_json(),
            "layers": self.layers_json(),
            "removed_share": number(self.removed.total()),
            "removed": self.removed.to_json(),
            "words": words.collect::<Vec<_>>(),
            "unlisted": self.unlisted,
            "seen_tokens": self.seen_tokens,
            "total_tokens": self.total_tokens,
            "cut": by_field(&self.cut, |&cut| cut.into()),
            "lens": self.heads.to_json(self.layers.len()),
        })
    }

    /// The part of it that differs between views of one pair.
    pub(super) fn shares_json(&self) -> Value {
        json!({
            "fields": self.fields_json(),
            "layers": self.layers_json(),
            "removed_share": number(self.removed.total()),
            "removed": self.removed.to_json(),
        })
    }

    fn fields_json(&self) -> Value {
        by_field(&self.fields, |share| share.to_json())
    }

    fn layers_json(&self) -> Vec<Value> {
        self.layers.iter().map(|shares| by_field(shares, |&share| number(share))).collect()
    }
}

impl FieldShare {
    pub(super) fn to_json(self) -> Value {
        json!({
            "share": number(self.share),
            "tokens": self.tokens,
            "per_token": self.per_token().map(number),
            "token_share": number(self.token_share),
            "lift": self.lift.map(number),
        })
    }
}

impl Removed {
    fn to_json(self) -> Value {
        json!({
            "special": number(self.special),
            "request": number(self.request),
            "separators": number(self.separators),
        })
    }
}

impl Heads {
    fn to_json(&self, layers: usize) -> Value {
        match self {
            Heads::Lens(lens) => {
                let range = lens.band.layers(layers);
                let last = range.end.saturating_sub(1);
                json!({ "band": lens.band.key(), "layers": [range.start, last], "head": lens.head })
            }
            Heads::Marked(set) => json!({ "band": "marked", "heads": set.iter().collect::<Vec<_>>() }),
        }
    }
}

pub(super) fn by_field<T>(values: &[T; 3], value: impl Fn(&T) -> Value) -> Value {
    let members = Field::ALL.into_iter().zip(values).map(|(field, item)| (field.key().to_string(), value(item)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// The shortest decimal that is this f32: 0.1, not 0.10000000149011612. Null where it is not finite.
pub(super) fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}
