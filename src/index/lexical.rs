//! BM25 as bm25s computes its "lucene" variant (papers.md 3.2): the reference for published numbers.

use crate::library::{Field, FieldSet, Library, SkillIx};

use super::Scored;

/// An immutable inverted index with one posting list per term and a count per field, so that all three field sets are
/// answered by one index.
#[derive(Debug, Default)]
pub struct LexicalIndex {}

/// What one query term gave a skill, split by the field it was found in.
#[derive(Debug, Clone, PartialEq)]
pub struct TermContribution {
    pub term: String,
    /// Part of the skill's BM25 score.
    pub score: f32,
    /// Occurrences per field, order of [`Field::ALL`].
    pub counts: [u32; 3],
}

impl LexicalIndex {
    pub fn build(library: &Library) -> Self {
        let _ = (library, Field::ALL);
        todo!()
    }

    /// Skills with a score above zero, best first, ties by position in the library; at most `limit`.
    pub fn search(&self, query: &str, fields: FieldSet, limit: usize) -> Vec<Scored> {
        let _ = (query, fields, limit);
        todo!()
    }

    /// 1-based rank and score of one skill among all, or `None` if no query term is in it.
    pub fn rank_of(&self, query: &str, fields: FieldSet, skill: SkillIx) -> Option<(usize, f32)> {
        let _ = (query, fields, skill);
        todo!()
    }

    /// Why a skill has its score.
    pub fn contributions(&self, query: &str, fields: FieldSet, skill: SkillIx) -> Vec<TermContribution> {
        let _ = (query, fields, skill);
        todo!()
    }
}
