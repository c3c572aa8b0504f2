//! The other scores of the shortlist.

use crate::library::SkillIx;
use crate::search::Reranking;

/// Scores the edited skill is ranked among. They stay as they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rivals {
    /// Score, and whether the rival stands before the skill where both are equal.
    others: Vec<(f32, bool)>,
}

impl Rivals {
    /// The scored rows of a list but the skill's own. A skill that is not in the list stands behind its last row.
    pub fn of(reranking: &Reranking, skill: SkillIx) -> Self {
        let own = reranking.row(skill).map_or(usize::MAX, |row| row.before);
        let others = reranking.rows.iter().filter(|row| row.skill != skill);
        Rivals { others: others.filter_map(|row| Some((row.score?, row.before < own))).collect() }
    }

    pub fn new(others: Vec<(f32, bool)>) -> Self {
        Rivals { others }
    }

    /// 1-based, by the rule of [`Reranking::new`]: higher first, equal ones in the order of stage 1.
    pub fn rank(&self, score: f32) -> usize {
        let ahead = |&&(other, before): &&(f32, bool)| match other.total_cmp(&score) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => before,
            std::cmp::Ordering::Less => false,
        };
        1 + self.others.iter().filter(ahead).count()
    }
}
