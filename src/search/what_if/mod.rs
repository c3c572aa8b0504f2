//! What would happen to a skill's rank if it read otherwise: one skill of a live library with another text, or left
//! out, without touching its file or the index.
//!
//! Nothing is held fixed. Word statistics are those of the changed library ([`ChangedLexical`]); the vectors and scores
//! of the other skills do not depend on this one and are used as they are, so that only the changed text is embedded
//! and scored. Vectors are always scanned, never searched through a graph.

pub mod advice;
pub mod coexistence;

use crate::index::{ChangedLexical, Scored, search_changed};
use crate::library::{Field, FieldSet, Skill, SkillIx};
use crate::model::{Embedder, Role, Stop};

use super::caches::asked;
use super::courtesy::politely;
use super::fusion::{FUSION_DEPTH, fuse};
use super::{Pipeline, SearchError, Settings, Stage1};

/// The last rank at which a skill counts as found in an author's tests: published routers hand an agent one to five
/// skills, and SkillRouter reports Recall@3 between them (papers.md 1).
pub const FOUND_WITHIN: usize = 3;

/// The text of a skill while its author works on it, raw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    pub name: String,
    pub description: String,
    pub body: String,
}

impl Draft {
    pub fn of(skill: &Skill) -> Self {
        let [name, description, body] = Field::ALL.map(|field| skill.field(field).for_model().to_owned());
        Draft { name, description, body }
    }

    pub fn parts(&self) -> [&str; 3] {
        [&self.name, &self.description, &self.body]
    }

    pub fn is_of(&self, skill: &Skill) -> bool {
        self.parts() == Field::ALL.map(|field| skill.field(field).for_model())
    }
}

/// Where one skill stands for one request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranking {
    /// What ran: words alone while there are no vectors.
    pub ran: Stage1,
    /// 1-based rank of the skill in the list the shortlist is cut from; `None` if it is not in that list.
    pub rank: Option<usize>,
    /// Its ranks by words and by vectors.
    pub lexical: Option<usize>,
    pub dense: Option<usize>,
    /// Its inner product with the request, where vectors ran.
    pub cosine: Option<f32>,
    /// The shortlist, best first.
    pub shortlist: Vec<Scored>,
    /// The shortlist in the order of stage 2; `None` while that has not run.
    pub reranked: Option<Vec<SkillIx>>,
}

impl Ranking {
    pub fn in_shortlist(&self, skill: SkillIx) -> bool {
        self.shortlist.iter().any(|scored| scored.skill == skill)
    }

    /// 1-based rank after stage 2; `None` where that did not run, or did not see the skill.
    pub fn final_rank(&self, skill: SkillIx) -> Option<usize> {
        self.reranked.as_ref()?.iter().position(|&other| other == skill).map(|at| at + 1)
    }

    /// The first of the last list that was made.
    pub fn winner(&self) -> Option<SkillIx> {
        let stage1 = || self.shortlist.first().map(|scored| scored.skill);
        self.reranked.as_ref().map_or_else(stage1, |reranked| reranked.first().copied())
    }
}

/// What became of the skill.
enum Change<'a> {
    None,
    /// Boxed for its size.
    Text {
        skill: Box<Skill>,
        lexical: ChangedLexical<'a>,
        vector: Option<Vec<f32>>,
    },
    Removed(ChangedLexical<'a>),
}

/// A library with one skill changed. Making one embeds the new text; asking it then costs what a search costs.
pub struct WhatIf<'a> {
    pipeline: &'a Pipeline,
    settings: Settings,
    skill: SkillIx,
    change: Change<'a>,
}

impl<'a> WhatIf<'a> {
    /// The library as it is.
    pub fn unchanged(pipeline: &'a Pipeline, settings: Settings, skill: SkillIx) -> Self {
        WhatIf { pipeline, settings, skill, change: Change::None }
    }

    /// The library with this text in place of the skill's own.
    pub fn edited(
        pipeline: &'a Pipeline,
        settings: Settings,
        skill: SkillIx,
        draft: &Draft,
        stop: Stop,
    ) -> Result<Self, SearchError> {
        if draft.is_of(&pipeline.library[skill]) {
            return Ok(WhatIf::unchanged(pipeline, settings, skill));
        }
        let text = Box::new(pipeline.library[skill].with_text(draft.parts()));
        let lexical = ChangedLexical::new(pipeline.words(settings.stage1), skill, Some(&text));
        let vector = match (pipeline.embedder(), settings.stage1) {
            (_, Stage1::Lexical) | (None, _) => None,
            (Some(embedder), _) => Some(embed(pipeline, embedder, &text, settings.fields, stop)?),
        };
        Ok(WhatIf { pipeline, settings, skill, change: Change::Text { skill: text, lexical, vector } })
    }

    /// The library without the skill.
    pub fn removed(pipeline: &'a Pipeline, settings: Settings, skill: SkillIx) -> Self {
        let lexical = ChangedLexical::new(pipeline.words(settings.stage1), skill, None);
        WhatIf { pipeline, settings, skill, change: Change::Removed(lexical) }
    }

    /// Stage 1, and where the changed skill stands in it.
    pub fn stage1(&self, request: &str) -> Result<Ranking, SearchError> {
        self.stage1_of(request, self.skill)
    }

    /// Stage 1, and where any skill stands in it.
    pub fn stage1_of(&self, request: &str, skill: SkillIx) -> Result<Ranking, SearchError> {
        let Settings { stage1, fields, depth, .. } = self.settings;
        let limit = FUSION_DEPTH.max(depth);
        let index = self.pipeline.dense(fields).filter(|dense| dense.ready() > 0);
        let side = match (self.pipeline.embedder(), index, stage1) {
            (Some(embedder), Some(index), Stage1::Dense | Stage1::Fused) if !request.trim().is_empty() => {
                Some((embedder, index))
            }
            _ => None,
        };
        let ran = if side.is_some() { stage1 } else { Stage1::Lexical };
        let lexical = if ran == Stage1::Dense { Vec::new() } else { self.by_words(request, limit) };
        let dense = match side {
            None => Vec::new(),
            Some((embedder, index)) => {
                let query = self.pipeline.embed_request(embedder, request)?;
                match &self.change {
                    Change::None => index.search(&query, usize::MAX, true),
                    Change::Text { vector, .. } => {
                        search_changed(index, &query, usize::MAX, self.skill, vector.as_deref())
                    }
                    Change::Removed(_) => search_changed(index, &query, usize::MAX, self.skill, None),
                }
            }
        };
        let place = |list: &[Scored]| list.iter().position(|scored| scored.skill == skill);
        let cosine = place(&dense).map(|at| dense[at].score);
        let near = &dense[..dense.len().min(limit)];
        let list = match ran {
            Stage1::Lexical => lexical.clone(),
            Stage1::Dense => near.to_vec(),
            Stage1::Fused => fuse(self.pipeline.fusion(), &lexical, near),
        };
        Ok(Ranking {
            ran,
            rank: place(&list).map(|at| at + 1),
            lexical: place(&lexical).map(|at| at + 1),
            dense: place(&dense).map(|at| at + 1),
            cosine,
            shortlist: list.into_iter().take(depth).collect(),
            reranked: None,
        })
    }

    fn by_words(&self, request: &str, limit: usize) -> Vec<Scored> {
        let fields = self.settings.fields;
        match &self.change {
            Change::None => self.pipeline.words(self.settings.stage1).search(request, fields, limit),
            Change::Text { lexical, .. } | Change::Removed(lexical) => lexical.search(request, fields, limit),
        }
    }

    /// Stage 2 of a ranking of the same request; pairs that were scored before come from the cache. Does nothing
    /// without a reranker, or where the settings leave stage 2 out.
    pub fn stage2(&self, request: &str, ranking: &mut Ranking, stop: Stop) -> Result<(), SearchError> {
        let Some(reranker) = self.pipeline.reranker.as_ref().filter(|_| self.settings.rerank) else { return Ok(()) };
        let skills: Vec<&Skill> = ranking.shortlist.iter().map(|scored| self.text_of(scored.skill)).collect();
        let (scores, _) =
            self.pipeline.score_pairs(reranker, request, self.settings.fields, &skills, stop, &mut |_, _| {})?;
        let fusion = self.pipeline.fusion().filter(|_| ranking.ran == Stage1::Fused);
        let prior = reranker.prior(request, fusion);
        let weigh = |(index, (found, score)): (usize, (&Scored, Option<f32>))| {
            (found.skill, score.map_or(f32::NEG_INFINITY, |score| prior.weigh(score, index + 1, found.score)))
        };
        let mut rows: Vec<(SkillIx, f32)> = ranking.shortlist.iter().zip(scores).enumerate().map(weigh).collect();
        // Stable: equal weights keep stage-1 order, as in a reranking.
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranking.reranked = Some(rows.into_iter().map(|(skill, _)| skill).collect());
        Ok(())
    }

    /// Both stages.
    pub fn rank(&self, request: &str, stop: Stop) -> Result<Ranking, SearchError> {
        let mut ranking = self.stage1(request)?;
        self.stage2(request, &mut ranking, stop)?;
        Ok(ranking)
    }

    fn text_of(&self, skill: SkillIx) -> &Skill {
        match &self.change {
            Change::Text { skill: text, .. } if skill == self.skill => text,
            _ => &self.pipeline.library[skill],
        }
    }
}

/// The vector of a text that may be asked for again after the next keystroke but one.
fn embed(
    pipeline: &Pipeline,
    embedder: &Embedder,
    skill: &Skill,
    fields: FieldSet,
    stop: Stop,
) -> Result<Vec<f32>, SearchError> {
    let content: String = skill.hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let asked = asked(&format!("{} document {}", embedder.id().fingerprint, fields.key()), &content);
    if let Some(vector) = pipeline.caches.vector(&asked) {
        return Ok(vector);
    }
    let encoding = embedder.encode(&embedder.document(skill, fields).text, Role::Document);
    let vectors = politely(&*pipeline.courtesy, stop, |stop| embedder.embed(std::slice::from_ref(&encoding), stop))?;
    let vector = vectors.into_iter().next().unwrap_or_default();
    pipeline.caches.remember_vector(asked, vector.clone());
    Ok(vector)
}

#[cfg(test)]
mod tests;
