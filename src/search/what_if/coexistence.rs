//! What one skill does to the others: where each of its nearest stands for its own description, with it and without it.

use crate::library::SkillIx;
use crate::model::{ModelError, Stop};
use crate::search::{Pipeline, SearchError, Settings};

use super::{Draft, WhatIf};

/// One neighbour.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    pub skill: SkillIx,
    /// Inner product of the two vectors.
    pub cosine: f32,
    /// Its stage-1 rank for its own description while the skill is in the library as it is, as it is drafted, and not
    /// at all. `None` where its own description does not find it.
    pub with: Option<usize>,
    pub drafted: Option<usize>,
    pub without: Option<usize>,
}

impl Neighbour {
    /// Ranks lost to the skill as it is; negative never happens but for ties in other lists of the fusion.
    pub fn lost(&self) -> Option<i64> {
        Some(self.with? as i64 - self.without? as i64)
    }
}

/// The nearest skills by vector, nearest first, at most `most`; empty while there are no vectors.
pub fn nearest(pipeline: &Pipeline, settings: Settings, skill: SkillIx, most: usize) -> Vec<(SkillIx, f32)> {
    let Some(dense) = pipeline.dense(settings.fields) else { return Vec::new() };
    let Some(vector) = dense.vector(skill) else { return Vec::new() };
    let found = dense.search(&vector, most.saturating_add(1), true).into_iter();
    found.filter(|scored| scored.skill != skill).take(most).map(|scored| (scored.skill, scored.score)).collect()
}

/// See [`Neighbour`]; a skill without a description is asked for by its name.
pub fn coexistence(
    pipeline: &Pipeline,
    settings: Settings,
    skill: SkillIx,
    draft: &Draft,
    most: usize,
    stop: Stop,
) -> Result<Vec<Neighbour>, SearchError> {
    let with = WhatIf::unchanged(pipeline, settings, skill);
    let drafted = WhatIf::edited(pipeline, settings, skill, draft, stop)?;
    let without = WhatIf::removed(pipeline, settings, skill);
    let rows = nearest(pipeline, settings, skill, most).into_iter().map(|(other, cosine)| {
        if stop() {
            return Err(ModelError::Stopped.into());
        }
        let text = &pipeline.library[other];
        let description = text.description.for_model();
        let request = if description.trim().is_empty() { text.name.for_model() } else { description };
        Ok(Neighbour {
            skill: other,
            cosine,
            with: with.stage1_of(request, other)?.rank,
            drafted: drafted.stage1_of(request, other)?.rank,
            without: without.stage1_of(request, other)?.rank,
        })
    });
    rows.collect()
}
