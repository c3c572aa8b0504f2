//! Dense search over a library's vectors: an exact scan of the f16 rows, or usearch's graph for very large libraries,
//! whose measured recall is always stated.

use std::sync::Arc;

use half::f16;
use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;

use crate::library::{ContentHash, SkillIx};

use super::graph::Graph;
use super::segment::Segment;
use super::store::{Rounding, RowRef};
use super::{Scored, VectorStore, best, dot, rank_among};

/// Up to here a scan is fast enough and exact. At 100,000 vectors of 384 it takes 2 ms on two cores with AVX2, and up
/// to 25 ms on slower machines (ml.md section 1).
pub const EXACT_UP_TO: usize = 100_000;

/// From this many rows a scan is shared among threads. Below it takes about a millisecond, and waiting for a pool that
/// is busy with a model may take longer.
const PARALLEL_FROM: usize = 32_768;

/// Rows per thread at least.
const ROWS_PER_TASK: usize = 4_096;

/// Vectors whose neighbours are compared to measure the recall of the graph.
const RECALL_SAMPLE: usize = 200;

/// Recall is stated at this depth.
const RECALL_AT: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SearchKind {
    Exact,
    /// Recall@10 against the exact scan, measured on a sample of the library's own vectors.
    Approximate {
        recall_at_10: f32,
    },
}

/// The vectors of one library at one moment; skills whose vector is not there yet are [`DenseIndex::missing`].
///
/// Skills with equal content share a row.
#[derive(Debug)]
pub struct DenseIndex {
    dimensions: usize,
    rounding: Rounding,
    segments: Vec<Arc<Segment>>,
    /// Each distinct row once, in the order of memory.
    rows: Vec<RowRef>,
    /// For each skill a position in `rows`, in library order.
    row_of: Vec<Option<u32>>,
    dot: fn(&[f16], &[f32]) -> f32,
    approximate: Option<Approximate>,
}

/// The graph with what belongs to it.
#[derive(Debug)]
struct Approximate {
    graph: Graph,
    /// For each row the skills that share it.
    skills: Vec<Vec<SkillIx>>,
    recall_at_10: f32,
}

impl DenseIndex {
    /// `hashes` in library order. Cheap: it shares the store's segments.
    pub fn new(store: &VectorStore, hashes: impl ExactSizeIterator<Item = ContentHash>) -> Self {
        let located: Vec<Option<RowRef>> = hashes.map(|hash| store.locate(&hash)).collect();
        let mut rows: Vec<RowRef> = located.iter().flatten().copied().collect();
        rows.sort_unstable();
        rows.dedup();
        let number = |row: RowRef| rows.binary_search(&row).ok().map(|number| number as u32);
        DenseIndex {
            dimensions: store.key().dimensions,
            rounding: store.key().rounding,
            segments: store.segments().to_vec(),
            row_of: located.into_iter().map(|row| number(row?)).collect(),
            rows,
            dot: dot::kernel(),
            approximate: None,
        }
    }

    /// Builds usearch's graph over what is there and measures its recall. Slow (0.2 to 0.7 ms per vector).
    ///
    /// The error is a sentence; the index stays exact.
    pub fn build_graph(&mut self) -> Result<(), String> {
        self.approximate = None;
        let graph = Graph::build(self.dimensions, self.rows.len(), |row| self.row(row))?;
        let recall_at_10 = self.measured_recall(&graph)?;
        let mut skills = vec![Vec::new(); self.rows.len()];
        for (skill, row) in self.row_of.iter().enumerate() {
            if let Some(row) = row {
                skills[*row as usize].push(SkillIx(skill as u32));
            }
        }
        self.approximate = Some(Approximate { graph, skills, recall_at_10 });
        Ok(())
    }

    pub fn kind(&self) -> SearchKind {
        match &self.approximate {
            None => SearchKind::Exact,
            Some(approximate) => SearchKind::Approximate { recall_at_10: approximate.recall_at_10 },
        }
    }

    /// Skills in the library.
    pub fn len(&self) -> usize {
        self.row_of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Skills that have a vector.
    pub fn ready(&self) -> usize {
        self.row_of.iter().flatten().count()
    }

    pub fn missing(&self) -> Vec<SkillIx> {
        let without = self.row_of.iter().enumerate().filter(|(_, row)| row.is_none());
        without.map(|(skill, _)| SkillIx(skill as u32)).collect()
    }

    /// Best first by inner product, ties by position in the library; at most `limit`. `exact` forces the scan; without
    /// it the graph is searched, if it has been built. Nothing is found by a query of the wrong length, or one with a
    /// number that is not finite; the log says so.
    pub fn search(&self, query: &[f32], limit: usize, exact: bool) -> Vec<Scored> {
        if !self.fits(query) {
            return Vec::new();
        }
        if let Some(approximate) = self.approximate.as_ref().filter(|_| !exact) {
            match approximate.graph.nearest(query, limit.min(self.rows.len())) {
                Ok(rows) => {
                    let hits = rows.into_iter().flat_map(|row| {
                        let score = self.product(row, query);
                        approximate.skills[row].iter().map(move |&skill| Scored { skill, score })
                    });
                    return best(hits.collect(), limit);
                }
                Err(reason) => tracing::warn!(reason, "scanning instead"),
            }
        }
        let scores = self.scan(query);
        best(self.by_skill(&scores).collect(), limit)
    }

    /// 1-based exact rank and score of one skill, or `None` while it has no vector.
    pub fn rank_of(&self, query: &[f32], skill: SkillIx) -> Option<(usize, f32)> {
        let row = (*self.row_of.get(skill.index())?)? as usize;
        if !self.fits(query) {
            return None;
        }
        let scores = self.scan(query);
        let one = Scored { skill, score: scores[row] };
        Some((rank_among(self.by_skill(&scores), one), one.score))
    }

    /// The inner product with every skill that has a vector, in library order; none where the query does not fit.
    pub fn scores(&self, query: &[f32]) -> Vec<Scored> {
        if !self.fits(query) {
            return Vec::new();
        }
        let scores = self.scan(query);
        self.by_skill(&scores).collect()
    }

    /// The inner product with a row that is not in the index, rounded as if it were.
    pub(super) fn product_of(&self, row: &[f16], query: &[f32]) -> f32 {
        self.rounding.of((self.dot)(row, query))
    }

    /// The vector of a skill as it is stored, or `None` while it has none.
    pub fn vector(&self, skill: SkillIx) -> Option<Vec<f32>> {
        let row = (*self.row_of.get(skill.index())?)?;
        Some(self.row(row as usize).to_f32_vec())
    }

    /// All pairs of skills whose inner product is above `least`, the first of each pair earlier in the library. On all
    /// threads: half of all products of the library, about a second for 7,000 skills of 384 numbers on two cores.
    pub fn pairs_above(&self, least: f32) -> Vec<(SkillIx, SkillIx, f32)> {
        let skills: Vec<SkillIx> = (0..self.len() as u32).map(SkillIx).collect();
        let of = |&first: &SkillIx| {
            let later = self.vector(first).into_iter().flat_map(move |vector| {
                let scored = self.row_of.iter().enumerate().skip(first.index() + 1).filter_map(move |(skill, row)| {
                    let score = self.product((*row)? as usize, &vector);
                    (score > least).then_some((first, SkillIx(skill as u32), score))
                });
                scored.collect::<Vec<_>>()
            });
            later.collect::<Vec<_>>()
        };
        skills.par_iter().flat_map_iter(of).collect()
    }

    fn fits(&self, query: &[f32]) -> bool {
        let fits = query.len() == self.dimensions && query.iter().all(|number| number.is_finite());
        if !fits {
            tracing::error!(
                length = query.len(),
                self.dimensions,
                "a query does not fit the vectors, or is not finite"
            );
        }
        fits
    }

    fn row(&self, row: usize) -> &[f16] {
        let RowRef { segment, row } = self.rows[row];
        self.segments[segment as usize].row(row as usize)
    }

    fn product(&self, row: usize, query: &[f32]) -> f32 {
        self.rounding.of((self.dot)(self.row(row), query))
    }

    /// The inner product with every row, in the order of rows.
    fn scan(&self, query: &[f32]) -> Vec<f32> {
        let score = |row| self.product(row, query);
        if self.rows.len() < PARALLEL_FROM {
            (0..self.rows.len()).map(score).collect()
        } else {
            (0..self.rows.len()).into_par_iter().with_min_len(ROWS_PER_TASK).map(score).collect()
        }
    }

    /// Scores of rows as scores of skills, in library order.
    fn by_skill(&self, scores: &[f32]) -> impl Iterator<Item = Scored> {
        let skills = self.row_of.iter().enumerate();
        skills.filter_map(|(skill, row)| Some(Scored { skill: SkillIx(skill as u32), score: scores[(*row)? as usize] }))
    }

    /// Share of the ten best rows that the graph finds, mean over the sample. A row whose score equals that of the
    /// tenth counts as one of the ten.
    fn measured_recall(&self, graph: &Graph) -> Result<f32, String> {
        let depth = RECALL_AT.min(self.rows.len());
        let sample = sample(self.rows.len(), RECALL_SAMPLE);
        let (mut found, mut wanted) = (0, 0);
        for row in &sample {
            let query = self.row(*row).to_f32_vec();
            let mut scores = self.scan(&query);
            let (_, &mut worst, _) = scores.select_nth_unstable_by(depth - 1, |a, b| b.total_cmp(a));
            let nearest = graph.nearest(&query, depth)?;
            found += nearest.into_iter().filter(|&row| self.product(row, &query) >= worst).count();
            wanted += depth;
        }
        Ok(if wanted == 0 { 1.0 } else { found as f32 / wanted as f32 })
    }
}

/// At most `wanted` different numbers below `total`, one from each of as many equal parts; always the same.
fn sample(total: usize, wanted: usize) -> Vec<usize> {
    let parts = wanted.min(total);
    // SplitMix64 (Steele, Lea, Flood 2014) with a fixed seed: the stated recall must not change from run to run.
    let mut state: u64 = 0x5eed;
    let mut random = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize
    };
    (0..parts)
        .map(|part| {
            let (start, end) = (part * total / parts, (part + 1) * total / parts);
            start + random() % (end - start)
        })
        .collect()
}

#[cfg(test)]
#[path = "vectors_tests.rs"]
mod tests;
