//! Where a skill stands once the request itself is edited: the others' scores are of the whole request and say nothing
//! any more, so both stages run again, as [`crate::search`] does for any request.

use std::sync::Arc;

use crate::library::SkillIx;
use crate::model::Stop;
use crate::search::{Pipeline, QueryId, SearchError, Settings};

/// 1-based ranks of a skill for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// In the list that stage 1 cuts the shortlist from; `None` if it is not in that list.
    pub stage1: Option<usize>,
    /// In the shortlist as it is at the end of the way; `None` if it is not in the shortlist.
    pub rank: Option<usize>,
}

/// What the ranks of an erased request cost, and where they start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lists {
    /// Skills that stage 1 goes through for each edited request.
    pub skills: usize,
    /// Candidates that stage 2 scores for each of them, at most: zero without stage 2.
    pub depth: usize,
    /// Pairs scored so far for the lists of edited requests.
    pub pairs: usize,
    /// Where the skill stands for the whole request; `None` before that list is made.
    pub whole: Option<Standing>,
}

impl Lists {
    /// What is done for `units` edited requests, and what it costs, in words.
    pub fn sentence(&self, units: usize) -> String {
        let Lists { skills, depth, pairs, .. } = *self;
        if depth == 0 {
            return format!("ranks: stage 1 again over {skills} skills");
        }
        let of =
            if pairs < units * depth { format!("{pairs} of at most {}", units * depth) } else { pairs.to_string() };
        format!("ranks: both stages again over {skills} skills: {of} pairs scored")
    }
}

/// Makes those lists.
pub struct Relist {
    pipeline: Pipeline,
    settings: Settings,
    skill: SkillIx,
    exact: bool,
}

impl Relist {
    /// `skill` is one of the pipeline's library; `exact` as in [`Pipeline::stage1`].
    pub fn new(pipeline: Pipeline, settings: Settings, skill: SkillIx, exact: bool) -> Self {
        Relist { pipeline, settings, skill, exact }
    }

    pub(super) fn cost(&self) -> Lists {
        let reranks = self.settings.rerank && self.pipeline.reranker.is_some();
        let skills = self.pipeline.library.len();
        let depth = if reranks { self.settings.depth.min(skills) } else { 0 };
        Lists { skills, depth, pairs: 0, whole: None }
    }

    /// Ranks of the skill for a request, and the pairs that took. Stage 2 is left out where stage 1 has lost the skill.
    pub(super) fn stand(&self, request: &str, stop: Stop) -> Result<(Standing, usize), SearchError> {
        let request: Arc<str> = request.into();
        let id = QueryId::default();
        let shortlist = self.pipeline.stage1(id, &request, self.settings, Some(self.skill), self.exact)?;
        let stage1 = shortlist.pinned.and_then(|pinned| pinned.rank);
        let listed = shortlist.hit(self.skill).map(|hit| hit.rank);
        if listed.is_none() || self.cost().depth == 0 {
            return Ok((Standing { stage1, rank: listed }, 0));
        }
        // What is scored when `stop` says so stays in the pipeline's cache, so that the same list goes on from there.
        let reranking = self.pipeline.rerank(&Arc::new(shortlist), stop, &mut |_| {})?;
        let rank = reranking.row(self.skill).map(|row| row.after);
        Ok((Standing { stage1, rank }, reranking.rows.len()))
    }
}
