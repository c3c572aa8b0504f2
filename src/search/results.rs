//! What a search gives: [`Shortlist`] of [`Hit`]s, then a [`Reranking`].

use std::sync::Arc;
use std::time::Duration;

use crate::index::vectors::EXACT_UP_TO;
use crate::index::{SearchKind, Weighing};
use crate::library::{FieldSet, Library, SkillIx};
use crate::model::{Fusion, Prior, Verdict};

/// Generation of a request: a result whose id is not the newest is dropped by its reader (design invariant 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct QueryId(pub u64);

impl QueryId {
    pub fn next(self) -> Self {
        QueryId(self.0 + 1)
    }
}

/// How the shortlist is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage1 {
    Lexical,
    Dense,
    /// Both, joined as the embedder's profile says ([`super::fusion`]).
    #[default]
    Fused,
}

impl Stage1 {
    pub const ALL: [Stage1; 3] = [Stage1::Lexical, Stage1::Dense, Stage1::Fused];

    pub fn key(self) -> &'static str {
        match self {
            Stage1::Lexical => "lexical",
            Stage1::Dense => "dense",
            Stage1::Fused => "fused",
        }
    }
}

/// The choices that change a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Settings {
    pub stage1: Stage1,
    pub fields: FieldSet,
    /// Length of the shortlist.
    pub depth: usize,
    /// Whether stage 2 runs.
    pub rerank: bool,
    /// Search vectors through usearch's graph even where a scan would do ([`EXACT_UP_TO`]). Evaluation never does.
    pub approximate: bool,
}

impl Settings {
    /// The depths the interface offers (SkillRouter's top-K ablation, papers.md 2.5).
    pub const DEPTHS: [usize; 3] = [10, 20, 50];

    /// Whether a library of this size is searched through a graph.
    pub fn wants_graph(&self, skills: usize) -> bool {
        self.stage1 != Stage1::Lexical && (self.approximate || skills > EXACT_UP_TO)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings { stage1: Stage1::default(), fields: FieldSet::default(), depth: 20, rerank: true, approximate: false }
    }
}

/// 1-based rank and score of a skill in one list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    pub rank: usize,
    pub score: f32,
}

/// One row of the shortlist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    pub skill: SkillIx,
    /// 1-based rank in the shortlist.
    pub rank: usize,
    /// BM25, or BM25F beside vectors; `None` if no term of the request is in the skill or the lexical side did not run.
    pub lexical: Option<Placed>,
    /// Cosine, `None` if the dense side did not run or the vector is not built yet.
    pub dense: Option<Placed>,
    /// Score of the two joined, where both sides ran.
    pub fused: Option<f32>,
}

impl Hit {
    /// The score the shortlist is ordered by.
    pub fn score(&self) -> f32 {
        self.fused.or(self.dense.map(|placed| placed.score)).or(self.lexical.map(|placed| placed.score)).unwrap_or(0.0)
    }
}

/// Where the pinned skill stands in stage 1, wherever that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PinnedStanding {
    pub skill: SkillIx,
    pub lexical: Option<Placed>,
    pub dense: Option<Placed>,
    /// Rank in the list the shortlist was cut from; `None` if it is not in that list at all.
    pub rank: Option<usize>,
    pub in_shortlist: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stage1Timings {
    pub lexical: Duration,
    /// Embedding the request.
    pub embed: Duration,
    pub dense: Duration,
    pub total: Duration,
}

/// Stage 1 of one request over one library.
#[derive(Debug, Clone)]
pub struct Shortlist {
    pub id: QueryId,
    pub request: Arc<str>,
    pub settings: Settings,
    /// The library that every [`SkillIx`] here refers to.
    pub library: Arc<Library>,
    pub hits: Vec<Hit>,
    /// What really ran: `Lexical` while the embedder is loading or no vector is there yet.
    pub ran: Stage1,
    /// How words were weighed.
    pub weighing: Weighing,
    /// How both sides were joined; `None`: by reciprocal ranks, or only one side ran.
    pub fusion: Option<Fusion>,
    /// Vectors that were there, of how many; `ran` may be `Fused` over a part of the library.
    pub vectors: (usize, usize),
    pub kind: SearchKind,
    /// Whether anything in the library fits; `None` where vectors were missing or not searched, or where the embedder's
    /// profile has no calibration for these fields.
    pub verdict: Option<Verdict>,
    pub pinned: Option<PinnedStanding>,
    pub timings: Stage1Timings,
}

impl Shortlist {
    /// True while this list was made with fewer vectors than there are skills, or without them.
    pub fn is_provisional(&self) -> bool {
        self.settings.stage1 != Stage1::Lexical && (self.ran != self.settings.stage1 || self.vectors.0 < self.vectors.1)
    }

    /// What the list is ordered by, at a 1-based rank; below it, what its last row has.
    pub fn score_at(&self, rank: usize) -> f32 {
        self.hits.get(rank.saturating_sub(1)).or(self.hits.last()).map_or(0.0, Hit::score)
    }

    pub fn hit(&self, skill: SkillIx) -> Option<&Hit> {
        self.hits.iter().find(|hit| hit.skill == skill)
    }
}

/// One row of the reranked list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    pub skill: SkillIx,
    /// 1-based rank in the shortlist.
    pub before: usize,
    /// 1-based rank after reranking; unscored skills keep stage-1 order behind the scored ones.
    pub after: usize,
    /// Raw score of the cross-encoder; `None` while it is not scored.
    pub score: Option<f32>,
}

impl Ranked {
    /// Positive for a promotion, negative for a demotion.
    pub fn change(&self) -> i64 {
        self.before as i64 - self.after as i64
    }
}

/// Stage 2 of one request, as far as it has come.
#[derive(Debug, Clone)]
pub struct Reranking {
    pub shortlist: Arc<Shortlist>,
    /// In final order; ties keep stage-1 order (SkillRouter's stable sort, papers.md 1.5).
    pub rows: Vec<Ranked>,
    /// How much of stage 1 is in that order.
    pub prior: Prior,
    pub scored: usize,
    /// How many of the scores came from the cache.
    pub cached: usize,
    pub elapsed: Duration,
}

fn weight(row: &Ranked, prior: Prior, shortlist: &Shortlist) -> Option<f32> {
    row.score.map(|score| prior.weigh(score, row.before, shortlist.score_at(row.before)))
}

impl Reranking {
    /// From scores in shortlist order (`None` where not scored yet), sorted with the share of stage 1 that the profile
    /// names.
    pub fn new(
        shortlist: Arc<Shortlist>,
        scores: &[Option<f32>],
        prior: Prior,
        cached: usize,
        elapsed: Duration,
    ) -> Self {
        let mut rows: Vec<Ranked> = shortlist
            .hits
            .iter()
            .zip(scores)
            .map(|(hit, &score)| Ranked { skill: hit.skill, before: hit.rank, after: 0, score })
            .collect();
        // Stable: equal scores and unscored rows keep stage-1 order.
        let weight = |row: &Ranked| weight(row, prior, &shortlist);
        rows.sort_by(|a, b| match (weight(a), weight(b)) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
        for (index, row) in rows.iter_mut().enumerate() {
            row.after = index + 1;
        }
        let scored = scores.iter().flatten().count();
        Reranking { shortlist, rows, prior, scored, cached, elapsed }
    }

    /// What a row is sorted by: its score, with the profile's share of stage 1.
    pub fn weight(&self, row: &Ranked) -> Option<f32> {
        weight(row, self.prior, &self.shortlist)
    }

    pub fn is_finished(&self) -> bool {
        self.scored == self.rows.len()
    }

    pub fn row(&self, skill: SkillIx) -> Option<&Ranked> {
        self.rows.iter().find(|row| row.skill == skill)
    }
}
