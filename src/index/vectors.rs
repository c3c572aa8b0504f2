//! Dense search over a library's vectors: an exact scan of the mapped f16 rows, or usearch's graph for very large
//! libraries, whose measured recall is always stated.

use crate::library::{ContentHash, SkillIx};

use super::{Scored, VectorStore};

/// Up to here a scan is fast enough (5 to 25 ms at 100,000 vectors of 384, ml.md section 1) and exact.
pub const EXACT_UP_TO: usize = 100_000;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SearchKind {
    Exact,
    /// Recall@10 against the exact scan, measured on a sample of the library's own vectors.
    Approximate {
        recall_at_10: f32,
    },
}

/// The vectors of one library at one moment; skills whose vector is not there yet are [`DenseIndex::missing`].
#[derive(Debug)]
pub struct DenseIndex {}

impl DenseIndex {
    /// `hashes` in library order. Cheap: it shares the store's mapped segments.
    pub fn new(store: &VectorStore, hashes: impl ExactSizeIterator<Item = ContentHash>) -> Self {
        let _ = (store, hashes.len());
        todo!()
    }

    /// Builds usearch's graph over what is there and measures its recall. Slow (0.2 to 0.7 ms per vector).
    pub fn build_graph(&mut self) -> Result<(), String> {
        todo!()
    }

    pub fn kind(&self) -> SearchKind {
        todo!()
    }

    /// Skills in the library.
    pub fn len(&self) -> usize {
        todo!()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Skills that have a vector.
    pub fn ready(&self) -> usize {
        todo!()
    }

    pub fn missing(&self) -> Vec<SkillIx> {
        todo!()
    }

    /// Best first by inner product, ties by position in the library; at most `limit`. `exact` forces the scan.
    pub fn search(&self, query: &[f32], limit: usize, exact: bool) -> Vec<Scored> {
        let _ = (query, limit, exact);
        todo!()
    }

    /// 1-based exact rank and score of one skill, or `None` while it has no vector.
    pub fn rank_of(&self, query: &[f32], skill: SkillIx) -> Option<(usize, f32)> {
        let _ = (query, skill);
        todo!()
    }
}
