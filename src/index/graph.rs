//! usearch's HNSW graph over the rows of a [`DenseIndex`](super::DenseIndex).

use std::fmt;

use half::f16;
use rayon::prelude::*;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

/// Settings under which ml.md section 1 measured a recall@10 of 1.000 at 20,000 vectors.
const CONNECTIVITY: usize = 16;
const EXPANSION_ADD: usize = 128;
const EXPANSION_SEARCH: usize = 64;

/// Searches that may run at the same time. usearch refuses more, and the caller scans instead.
const SEARCHES: usize = 16;

pub(super) struct Graph {
    index: Index,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("rows", &self.index.size()).finish()
    }
}

impl Graph {
    /// Adds `rows` vectors, numbered from 0, on all threads. The error is a sentence.
    pub(super) fn build<'a>(
        dimensions: usize,
        rows: usize,
        row: impl Fn(usize) -> &'a [f16] + Sync,
    ) -> Result<Graph, String> {
        let sentence = |error| format!("the search graph could not be built: {error}");
        let options = IndexOptions {
            dimensions,
            metric: MetricKind::IP,
            quantization: ScalarKind::F16,
            connectivity: CONNECTIVITY,
            expansion_add: EXPANSION_ADD,
            expansion_search: EXPANSION_SEARCH,
            multi: false,
        };
        let index = Index::new(&options).map_err(sentence)?;
        index.reserve_capacity_and_threads(rows, rayon::current_num_threads().max(SEARCHES)).map_err(sentence)?;
        (0..rows).into_par_iter().try_for_each(|number| {
            let bits: Vec<i16> = row(number).iter().map(|number| number.to_bits() as i16).collect();
            index.add(number as u64, usearch::f16::from_i16s(&bits)).map_err(sentence)
        })?;
        Ok(Graph { index })
    }

    /// Numbers of the rows that are probably nearest, at most `limit`, in no order that matters: usearch rounds the
    /// query to f16, so the caller scores them again.
    pub(super) fn nearest(&self, query: &[f32], limit: usize) -> Result<Vec<usize>, String> {
        let found = self.index.search(query, limit).map_err(|error| format!("the search graph failed: {error}"))?;
        Ok(found.keys.into_iter().map(|key| key as usize).collect())
    }
}
