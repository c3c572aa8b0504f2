//! What stage 1 searches: words ([`lexical`]), vectors ([`vectors`]) and the cache on disk ([`store`]).

pub mod change;
pub mod checked;
mod dot;
mod graph;
pub mod lexical;
mod postings;
mod segment;
pub mod store;
mod telling;
mod tokenise;
pub mod vectors;
pub mod weighing;

pub use change::{ChangedLexical, search_changed};
pub use lexical::{Coverage, LexicalIndex, TermContribution};
pub use store::{Notice, Rounding, StoreError, VectorKey, VectorStore};
pub use vectors::{DenseIndex, SearchKind};
pub use weighing::{FieldWeights, Weighing};

use std::cmp::Ordering;

use crate::library::SkillIx;

/// The words that BM25 counts in a text, in order, repeats included, in lower case.
pub fn terms(text: &str) -> Vec<String> {
    tokenise::words(&text.to_lowercase()).map(str::to_owned).collect()
}

/// One skill and its score in one index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    pub skill: SkillIx,
    pub score: f32,
}

impl Scored {
    /// Better first; equal scores in library order. A total order, whatever the scores are.
    fn rank_order(&self, other: &Scored) -> Ordering {
        other.score.total_cmp(&self.score).then(self.skill.cmp(&other.skill))
    }
}

/// The best `limit` of all, in order.
fn best(mut all: Vec<Scored>, limit: usize) -> Vec<Scored> {
    if limit == 0 {
        return Vec::new();
    }
    if limit < all.len() {
        // Sorting only what is asked for: a pool has thousands of hits, a screen has fifty.
        all.select_nth_unstable_by(limit - 1, Scored::rank_order);
        all.truncate(limit);
    }
    all.sort_unstable_by(Scored::rank_order);
    all
}

/// 1-based rank of `one` among all scores (`one` itself may be among them).
fn rank_among(all: impl Iterator<Item = Scored>, one: Scored) -> usize {
    1 + all.filter(|other| other.rank_order(&one) == Ordering::Less).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_is_a_sort_cut_short() {
        // 101 scores with many ties, against the obvious way.
        let all: Vec<Scored> =
            (0..101u32).map(|i| Scored { skill: SkillIx(i), score: (i * 37 % 11) as f32 - 4.0 }).collect();
        let mut sorted = all.clone();
        sorted.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap().then(a.skill.0.cmp(&b.skill.0)));
        for limit in [0, 1, 2, 10, 100, 101, 102, usize::MAX] {
            assert_eq!(best(all.clone(), limit), sorted[..limit.min(101)], "limit {limit}");
        }
        for (i, one) in sorted.iter().enumerate() {
            assert_eq!(rank_among(all.iter().copied(), *one), i + 1);
        }
    }
}
