//! One shortlist of two lists, words and vectors: by rank, or by score where the embedder's profile says how much each
//! is worth.

use std::collections::HashMap;

use crate::index::{FieldWeights, Scored, Weighing};
use crate::library::SkillIx;
use crate::model::Fusion;

/// The constant of the original paper, and of Skill-Usage's search server (papers.md 6).
pub const RRF_K: f32 = 60.0;

/// How deep each list is read. A skill below rank 1,000 could add at most 1/1,060 to its sum of reciprocal ranks, less
/// than the step between the first two ranks of one list tells apart at rank 200.
pub const FUSION_DEPTH: usize = 1_000;

/// How an embedder with this calibration wants words to be weighed.
pub fn weighing(fusion: Option<Fusion>) -> Weighing {
    fusion.map_or(Weighing::Bm25, |fusion| {
        let fields = fusion.fields();
        Weighing::Bm25f(FieldWeights {
            k1: fusion.k1.into(),
            weights: fields.map(|field| field.weight.into()),
            b: fields.map(|field| field.b.into()),
        })
    })
}

/// How two lists become one, in words.
pub fn joined(fusion: Option<Fusion>) -> String {
    fusion.map_or_else(|| format!("RRF k {RRF_K}"), Fusion::describe)
}

/// Both lists, best first, as one. Best first, ties by position in the library.
pub fn fuse(fusion: Option<Fusion>, lexical: &[Scored], dense: &[Scored]) -> Vec<Scored> {
    let scores = match fusion {
        None => reciprocal_ranks(&[lexical, dense]),
        Some(fusion) => combined(fusion.words, lexical, dense),
    };
    let mut fused: Vec<Scored> = scores.into_iter().map(|(skill, score)| Scored { skill, score }).collect();
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.skill.cmp(&b.skill)));
    fused
}

/// Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): ranks are comparable where scores are not. Each list gives
/// `1 / (60 + rank)`, rank from 1.
fn reciprocal_ranks(lists: &[&[Scored]]) -> HashMap<SkillIx, f32> {
    let mut sums = HashMap::new();
    for list in lists {
        for (index, scored) in list.iter().take(FUSION_DEPTH).enumerate() {
            *sums.entry(scored.skill).or_default() += 1.0 / (RRF_K + (index + 1) as f32);
        }
    }
    sums
}

/// `cosine + words · score / best score` ([`Fusion`]). A skill that is in one list only has at most the last cosine of
/// the other, which is taken for its own, or no word of the request.
fn combined(words: f32, lexical: &[Scored], dense: &[Scored]) -> HashMap<SkillIx, f32> {
    let (lexical, dense) = (&lexical[..lexical.len().min(FUSION_DEPTH)], &dense[..dense.len().min(FUSION_DEPTH)]);
    let lowest = dense.last().map_or(0.0, |scored| scored.score);
    let mut sums: HashMap<SkillIx, f32> = dense.iter().map(|scored| (scored.skill, scored.score)).collect();
    if let Some(best) = lexical.first() {
        for scored in lexical {
            *sums.entry(scored.skill).or_insert(lowest) += words * scored.score / best.score;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decision::FieldWeight;

    fn list(skills: &[u32]) -> Vec<Scored> {
        skills.iter().map(|&skill| Scored { skill: SkillIx(skill), score: 0.0 }).collect()
    }

    #[test]
    fn sums_reciprocal_ranks_counted_from_one() {
        let fused = fuse(None, &list(&[7, 3]), &list(&[3, 9]));
        let order: Vec<u32> = fused.iter().map(|scored| scored.skill.0).collect();
        assert_eq!(order, [3, 7, 9]);
        assert!((fused[0].score - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-7);
        assert!((fused[1].score - 1.0 / 61.0).abs() < 1e-7);
    }

    #[test]
    fn equal_sums_keep_library_order() {
        let fused = fuse(None, &list(&[5, 2]), &list(&[2, 5]));
        assert_eq!(fused.iter().map(|scored| scored.skill.0).collect::<Vec<_>>(), [2, 5]);
    }

    #[test]
    fn scores_are_combined_in_units_of_cosine() {
        let field = FieldWeight { weight: 1.0, b: 1.0 };
        let fusion = Fusion { words: 0.5, k1: 4.0, name: field, description: field, body: field };
        let scored = |pairs: &[(u32, f32)]| -> Vec<Scored> {
            pairs.iter().map(|&(skill, score)| Scored { skill: SkillIx(skill), score }).collect()
        };
        let (lexical, dense) = (scored(&[(4, 12.0), (1, 6.0), (8, 3.0)]), scored(&[(1, 0.8), (2, 0.6), (4, 0.25)]));
        let expected = [(1, 0.8 + 0.25), (4, 0.25 + 0.5), (2, 0.6), (8, 0.25 + 0.125)];
        assert_eq!(fuse(Some(fusion), &lexical, &dense), scored(&expected));
        assert_eq!(fuse(Some(fusion), &[], &dense), dense);
        assert_eq!(fuse(Some(fusion), &lexical, &[]), scored(&[(4, 0.5), (1, 0.25), (8, 0.125)]));
    }
}
