//! Which skill a router takes for which: every skill asked for by its own description. A sparse matrix; its diagonal is
//! the share of skills that their own words find first.

use crate::library::SkillIx;
use crate::model::{ModelError, Stop};

use super::{Pipeline, SearchError, Settings, WhatIf};

/// One skill that its own description does not find first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confused {
    pub skill: SkillIx,
    /// Its stage-1 rank; `None` where it is not in the list.
    pub rank: Option<usize>,
    /// What is found first in its place.
    pub first: SkillIx,
}

/// The whole library under stage 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Confusion {
    /// Skills that were asked for.
    pub asked: usize,
    /// Skills without any description, which nobody can ask for in their own words.
    pub silent: Vec<SkillIx>,
    /// In library order.
    pub confused: Vec<Confused>,
}

impl Confusion {
    /// Who takes the most places, most first, with whom it takes them from.
    pub fn by_winner(&self) -> Vec<(SkillIx, Vec<Confused>)> {
        let mut rows = self.confused.clone();
        rows.sort_by_key(|row| (row.first, row.skill));
        let mut groups: Vec<(SkillIx, Vec<Confused>)> =
            rows.chunk_by(|a, b| a.first == b.first).map(|group| (group[0].first, group.to_vec())).collect();
        groups.sort_by_key(|(first, group)| (std::cmp::Reverse(group.len()), *first));
        groups
    }
}

/// Asks for every skill; `on_skill` is called after each. Copies of one content find each other: the earlier one comes
/// first, which is counted, because a router has the same choice.
pub fn confusion(
    pipeline: &Pipeline,
    settings: Settings,
    stop: Stop,
    on_skill: &mut dyn FnMut(),
) -> Result<Confusion, SearchError> {
    let mut found = Confusion::default();
    for (skill, text) in pipeline.library.iter() {
        if stop() {
            return Err(ModelError::Stopped.into());
        }
        let request = text.description.for_model();
        if request.trim().is_empty() {
            found.silent.push(skill);
        } else {
            let ranking = WhatIf::unchanged(pipeline, settings, skill).stage1(request)?;
            found.asked += 1;
            if let Some(first) = ranking.shortlist.first().map(|found| found.skill).filter(|&first| first != skill) {
                found.confused.push(Confused { skill, rank: ranking.rank, first });
            }
        }
        on_skill();
    }
    Ok(found)
}
