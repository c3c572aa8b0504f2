//! The other scores of the shortlist.

use crate::library::SkillIx;
use crate::model::Prior;
use crate::search::Reranking;

/// Scores the edited skill is ranked among. They stay as they are, and so do its own rank and score in stage 1, of
/// which a profile may mix a share into the final order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rivals {
    /// What each is sorted by, and whether it stands before the skill where both are equal.
    others: Vec<(f32, bool)>,
    prior: Prior,
    /// The skill's own rank and score in stage 1.
    before: usize,
    stage1: f32,
}

impl Rivals {
    /// The scored rows of a list but the skill's own. A skill that is not in the list stands behind its last row.
    pub fn of(reranking: &Reranking, skill: SkillIx) -> Self {
        let before = reranking.row(skill).map_or(reranking.rows.len() + 1, |row| row.before);
        let others = reranking.rows.iter().filter(|row| row.skill != skill);
        let others = others.filter_map(|row| Some((reranking.weight(row)?, row.before < before)));
        Rivals {
            others: others.collect(),
            prior: reranking.prior,
            before,
            stage1: reranking.shortlist.score_at(before),
        }
    }

    /// 1-based, by the rule of [`Reranking::new`]: higher first, equal ones in the order of stage 1.
    pub fn rank(&self, score: f32) -> usize {
        let own = self.prior.weigh(score, self.before, self.stage1);
        let ahead = |&&(other, before): &&(f32, bool)| match other.total_cmp(&own) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => before,
            std::cmp::Ordering::Less => false,
        };
        1 + self.others.iter().filter(ahead).count()
    }

    /// Rivals by hand: what each is sorted by, and whether it wins a tie.
    #[cfg(test)]
    pub(crate) fn new(others: Vec<(f32, bool)>) -> Self {
        Rivals { others, ..Rivals::default() }
    }
}
