//! What a run keeps of each request: everything from which its numbers can be computed again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Qrels;

/// A skill (id as shown) with the score it was ranked by; written as `[id, score]`. A score that is not finite is null
/// in JSON, and negative infinity when it is read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "(String, Option<f32>)", into = "(String, f32)")]
pub struct Scored {
    pub id: String,
    pub score: f32,
}

impl From<(String, Option<f32>)> for Scored {
    fn from((id, score): (String, Option<f32>)) -> Self {
        Scored { id, score: score.unwrap_or(f32::NEG_INFINITY) }
    }
}

impl From<Scored> for (String, f32) {
    fn from(scored: Scored) -> Self {
        (scored.id, scored.score)
    }
}

/// A part of the requests that has numbers of its own, such as ("difficulty", "hard").
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stratum {
    pub group: String,
    pub name: String,
}

impl Stratum {
    pub fn new(group: impl Into<String>, name: impl Into<String>) -> Self {
        Stratum { group: group.into(), name: name.into() }
    }
}

/// One request of a run. Ids and strata are as they may be shown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryRecord {
    pub task_id: String,
    /// As its author wrote it, for models. Whoever shows it makes it a [`crate::library::Text`] first.
    pub request: String,
    /// Ids that count as ground truth, restricted to the pool where the protocol does so.
    pub gold: Vec<String>,
    pub grades: BTreeMap<String, u32>,
    /// Gold ids that are not in the pool.
    pub gold_missing: Vec<String>,
    /// Its author says that no skill answers it.
    pub no_skill: bool,
    pub strata: Vec<Stratum>,
    /// Stage 1, best first.
    pub shortlist: Vec<Scored>,
    /// The final order, best first; empty where nothing reranked.
    pub ranking: Vec<Scored>,
    /// Stage 1 was not what the settings ask for: vectors were missing. Its numbers are not the protocol's.
    pub provisional: bool,
    /// Gold skills in the shortlist whose text the last model did not read to its end.
    pub cut: Vec<String>,
    /// (winner, gold): skills among the first ten that stand above a gold skill and are nearly the same: by name or by
    /// the trigrams of their bodies ([`crate::library::similarity::near_duplicates`]).
    pub near_duplicates: Vec<(String, String)>,
    pub timing: Timing,
}

/// Milliseconds of one request, apart from everything that must be the same when a run is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Timing {
    pub stage1_ms: f64,
    pub stage2_ms: f64,
}

impl QueryRecord {
    pub fn qrels(&self) -> Qrels {
        Qrels { grades: self.grades.clone(), gold: self.gold.clone() }
    }

    pub fn reranked(&self) -> bool {
        !self.ranking.is_empty()
    }

    /// The list that counts in the end.
    pub fn last(&self) -> &[Scored] {
        if self.reranked() { &self.ranking } else { &self.shortlist }
    }
}
