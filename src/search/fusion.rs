//! Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): ranks are comparable where scores are not.

use std::collections::HashMap;

use crate::index::Scored;
use crate::library::SkillIx;

/// The constant of the original paper, and of Skill-Usage's search server (papers.md 6).
pub const RRF_K: f32 = 60.0;

/// How deep each list is read. A skill below rank 1,000 could add at most 1/1,060 to its sum, less than the step
/// between the first two ranks of one list tells apart at rank 200.
pub const FUSION_DEPTH: usize = 1_000;

/// Fuses ranked lists: each gives `1 / (60 + rank)`, rank from 1. Best first, ties by position in the library.
pub fn reciprocal_rank(lists: &[&[Scored]]) -> Vec<Scored> {
    let mut sums: HashMap<SkillIx, f32> = HashMap::new();
    for list in lists {
        for (index, scored) in list.iter().take(FUSION_DEPTH).enumerate() {
            *sums.entry(scored.skill).or_default() += 1.0 / (RRF_K + (index + 1) as f32);
        }
    }
    let mut fused: Vec<Scored> = sums.into_iter().map(|(skill, score)| Scored { skill, score }).collect();
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.skill.cmp(&b.skill)));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(skills: &[u32]) -> Vec<Scored> {
        skills.iter().map(|&skill| Scored { skill: SkillIx(skill), score: 0.0 }).collect()
    }

    #[test]
    fn sums_reciprocal_ranks_counted_from_one() {
        let fused = reciprocal_rank(&[&list(&[7, 3]), &list(&[3, 9])]);
        let order: Vec<u32> = fused.iter().map(|scored| scored.skill.0).collect();
        assert_eq!(order, [3, 7, 9]);
        assert!((fused[0].score - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-7);
        assert!((fused[1].score - 1.0 / 61.0).abs() < 1e-7);
    }

    #[test]
    fn equal_sums_keep_library_order() {
        let fused = reciprocal_rank(&[&list(&[5, 2]), &list(&[2, 5])]);
        assert_eq!(fused.iter().map(|scored| scored.skill.0).collect::<Vec<_>>(), [2, 5]);
    }
}
