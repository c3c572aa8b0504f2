//! Self-attention of one sequence whose queries, keys and values are in tiles.

use std::ops::Range;

use super::{BLOCK, Block, Lanes, Multiply, Pair, Right};
use crate::model::kernels;

/// `log₂ e`: scores are multiplied with it beforehand, so that the softmax needs powers of two only.
const LOG2_E: f32 = std::f32::consts::LOG2_E;

/// Sizes of the heads of one layer.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    pub count: usize,
    pub size: usize,
}

impl Heads {
    /// Columns of all heads together.
    pub fn width(self) -> usize {
        self.count * self.size
    }

    /// `1 / √size`
    pub fn scale(self) -> f32 {
        1.0 / (self.size as f32).sqrt()
    }

    /// What queries in tiles are multiplied with before they are rounded.
    pub fn query_scale(self) -> f32 {
        LOG2_E * self.scale()
    }

    /// Pairs of a row of all heads, in tiles.
    fn pairs(self) -> usize {
        self.width() / BLOCK
    }

    /// Pairs of one head in a row of all.
    pub(super) fn of(self, head: usize) -> Range<usize> {
        let size = self.size / BLOCK;
        head * size..(head + 1) * size
    }
}

/// What queries look at: `keys` and `values` are panels of as many right operands as a row has pairs, of one sequence.
#[derive(Debug, Clone, Copy)]
pub struct Attending<'a> {
    pub heads: Heads,
    pub keys: &'a [Pair],
    pub values: &'a [Pair],
    /// Tokens of the sequence: rows of the last panel behind them are nothing's.
    pub tokens: usize,
}

/// What the attention of a panel works on, kept from one to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    /// A block for each panel of keys.
    pub(super) scores: Vec<Block>,
    pub(super) weights: Vec<Pair>,
}

impl Attending<'_> {
    /// `softmax(Q·Kᵀ)·V` of the first `rows` queries of a panel, all heads, as a left operand; the rows behind them
    /// are zero, so that nothing of an earlier panel flows into the next layer. Weights are rounded to bf16.
    ///
    /// # Panics
    /// If `queries` or `out` is not a panel of the heads' width.
    pub fn attend(
        self,
        lanes: Lanes,
        multiply: Multiply,
        queries: &[Pair],
        rows: usize,
        scratch: &mut Scratch,
        out: &mut [Pair],
    ) {
        let (pairs, panels) = (self.heads.pairs(), self.tokens.div_ceil(BLOCK));
        assert!(queries.len() == pairs && out.len() == pairs);
        let Scratch { scores, weights } = scratch;
        scores.resize(panels, Block::ZERO);
        weights.resize(panels, Pair::ZERO);
        let mut block = Block::ZERO;
        for head in 0..self.heads.count {
            let columns = self.heads.of(head);
            for (keys, scores) in self.keys.chunks_exact(pairs).zip(scores.iter_mut()) {
                let keys = Right { pairs: &keys[columns.clone()], step: 1 };
                multiply(&queries[columns.clone()], keys, scores);
            }
            let totals = lanes.exponentials(scores, [rows, self.tokens], weights);
            for column in columns {
                multiply(weights, Right { pairs: &self.values[column..], step: pairs }, &mut block);
                lanes.divided(&block, &totals, &mut out[column]);
            }
        }
    }

    /// The mean attention `[tokens]` of one head over some rows: the scores that [`Attending::attend`] has, softmax in
    /// f32. `queries` are panels of the heads' width from row 0 on, down to the last of the rows. Zero where there are
    /// no rows.
    pub fn mean_weights(self, multiply: Multiply, head: usize, queries: &[Pair], rows: Range<usize>) -> Vec<f32> {
        let (pairs, columns) = (self.heads.pairs(), self.heads.of(head));
        let count = rows.len() as f32;
        let mut mean = vec![0.0; self.tokens];
        let mut scores = vec![Block::ZERO; self.tokens.div_ceil(BLOCK)];
        let mut weights = Vec::with_capacity(scores.len() * BLOCK);
        for (panel, queries) in queries.chunks_exact(pairs).enumerate().take(rows.end.div_ceil(BLOCK)) {
            let within = rows.start.max(panel * BLOCK)..rows.end.min((panel + 1) * BLOCK);
            if within.is_empty() {
                continue;
            }
            for (keys, scores) in self.keys.chunks_exact(pairs).zip(&mut scores) {
                multiply(&queries[columns.clone()], Right { pairs: &keys[columns.clone()], step: 1 }, scores);
            }
            for row in within {
                weights.clear();
                scores.iter().for_each(|block| weights.extend(block.row(row % BLOCK)));
                weights.truncate(self.tokens);
                normalise(&mut weights);
                mean.iter_mut().zip(&weights).for_each(|(mean, weight)| *mean += weight / count);
            }
        }
        mean
    }
}

/// Scores become powers of two whose sum is one.
pub(super) fn normalise(scores: &mut [f32]) {
    let (width, mut total) = (scores.len(), [0.0]);
    scores.iter_mut().for_each(|score| *score *= std::f32::consts::LN_2);
    kernels::exp_rows(scores, width, &mut total);
    kernels::divide_rows(scores, width, &total);
}
