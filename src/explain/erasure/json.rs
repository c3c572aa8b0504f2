//! An erasure as `skillscope explain --json` prints it.

use serde_json::{Value, json};

use crate::explain::json::number;

use super::{Agreement, Effect, Erased, NEUTRAL, Unit};

impl Erased {
    /// `{"grain", "title", "manner", "neutral", "score", "rank", "stage1_rank", "lists": {"skills", "depth", "pairs"},
    /// "unseen", "left_out", "units": [{"field", "text", "bytes": [from, to], "attention", "score", "change", "rank", "rank_change",
    /// "stage1_rank", "cosine_change"}]}`.
    ///
    /// `field` is `request` for its sentences; `bytes` are those of the raw field; `attention` is the unit's share, null
    /// without `shares`; ranks are null where there is no shortlist to rank in; `neutral` is what a word was replaced
    /// by, null for a deletion. `lists` and `stage1_rank` are of an erased request only, for which both stages ran
    /// again: there a rank is null where the skill is not in the shortlist. `left_out` counts words that were seen but are
    /// not among the units.
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
            "stage1_rank": self.lists.and_then(|lists| lists.whole?.stage1),
            "lists": self.lists.map(|lists| {
                json!({ "skills": lists.skills, "depth": lists.depth, "pairs": lists.pairs })
            }),
            "unseen": self.unseen,
            "left_out": self.left_out,
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
        "stage1_rank": effect.and_then(|effect| effect.standing?.stage1),
        "cosine_change": effect.and_then(|effect| effect.cosine_change).map(number),
    })
}

impl Agreement {
    /// `{"verdict", "rho", "units"}`.
    pub fn to_json(&self) -> Value {
        json!({ "verdict": self.verdict.key(), "rho": self.rho, "units": self.units })
    }
}
