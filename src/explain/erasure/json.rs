//! An erasure as `skillscope explain --json` prints it.

use serde_json::{Value, json};

use crate::explain::json::number;

use super::{Agreement, Effect, Erased, NEUTRAL, Unit};

impl Erased {
    /// `{"grain", "title", "manner", "neutral", "score", "rank", "unseen", "units": [{"field", "text", "bytes":
    /// [from, to], "attention", "score", "change", "rank", "rank_change", "cosine_change"}]}`.
    ///
    /// `field` is `request` for its sentences; `bytes` are those of the raw field; `attention` is the unit's share, null
    /// without `shares`; ranks are null where there is no shortlist to rank in; `neutral` is what a word was replaced
    /// by, null for a deletion.
    pub fn to_json(&self, shares: Option<&[f32]>) -> Value {
        let units = self.units.iter().zip(&self.effects).enumerate();
        let rows = units.map(|(at, (unit, effect))| row(unit, *effect, shares.map(|shares| shares[at])));
        json!({
            "grain": self.grain.key(),
            "title": self.grain.title(),
            "manner": self.manner.key(),
            "neutral": (self.manner == super::Manner::Neutral).then_some(NEUTRAL),
            "score": self.base.map(number),
            "rank": self.rank,
            "unseen": self.unseen,
            "units": rows.collect::<Vec<_>>(),
        })
    }
}

fn row(unit: &Unit, effect: Option<Effect>, share: Option<f32>) -> Value {
    json!({
        "field": unit.place.key(),
        "text": unit.label.shown(),
        "bytes": [unit.bytes.start, unit.bytes.end],
        "attention": share.map(number),
        "score": effect.map(|effect| number(effect.score)),
        "change": effect.map(|effect| number(effect.change)),
        "rank": effect.and_then(|effect| effect.rank),
        "rank_change": effect.and_then(|effect| effect.rank_change),
        "cosine_change": effect.and_then(|effect| effect.cosine_change).map(number),
    })
}

impl Agreement {
    /// `{"verdict", "rho", "units"}`.
    pub fn to_json(&self) -> Value {
        json!({ "verdict": self.verdict.key(), "rho": self.rho, "units": self.units })
    }
}
