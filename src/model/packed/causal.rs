//! Attention of a decoder in tiles: causal, with fewer key heads than query heads (Ainslie et al., arXiv 2305.13245),
//! over keys that lie in several places.

use super::attention::{Scratch, normalise};
use super::{BLOCK, Block, Heads, Lanes, Multiply, Pair, Right};

/// The score of what a query must not see: below every other, and finite, so that its distance from the largest is too.
const HIDDEN: f32 = f32::MIN / 2.0;

/// Keys and values of consecutive tokens: panels of as many right operands as all key heads are blocks wide.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    pub keys: &'a [Pair],
    pub values: &'a [Pair],
    /// Columns of the last panel behind them are nothing's.
    pub tokens: usize,
}

/// What queries look at.
#[derive(Debug, Clone, Copy)]
pub struct Causal<'a> {
    /// Of the queries.
    pub heads: Heads,
    /// Query heads per key head.
    pub group: usize,
    /// In the order of positions. Everything in the first two is seen; the queries are tokens of the last.
    pub places: [Place<'a>; 3],
}

impl Causal<'_> {
    /// `softmax(Q·Kᵀ)·V` of the first `rows` queries of a panel, all heads, as a left operand; the rows behind them are
    /// zero. The first query is token `first` of the last place, the others follow. Weights are rounded to bf16.
    ///
    /// # Panics
    /// If `queries` or `out` is not a panel of the heads' width, or a place has fewer panels than its tokens need.
    pub fn attend(
        self,
        lanes: Lanes,
        multiply: Multiply,
        queries: &[Pair],
        [first, rows]: [usize; 2],
        scratch: &mut Scratch,
        out: &mut [Pair],
    ) {
        let width = self.heads.width() / BLOCK;
        assert!(queries.len() == width && out.len() == width);
        let Scratch { scores, weights } = scratch;
        let mut block = Block::ZERO;
        for head in 0..self.heads.count {
            self.scores(multiply, head, queries, [first, rows], scores);
            weights.resize(scores.len(), Pair::ZERO);
            let totals = lanes.exponentials(scores, [rows, scores.len() * BLOCK], weights);
            for (out, column) in out[self.heads.of(head)].iter_mut().zip(self.heads.of(head / self.group)) {
                let mut sum = Block::ZERO;
                let mut weights = &weights[..];
                for (place, seen, _) in self.seen(first + rows) {
                    let (here, rest) = weights.split_at(seen.div_ceil(BLOCK));
                    multiply(here, Right { pairs: &place.values[column..], step: self.pairs() }, &mut block);
                    sum.add(&block);
                    weights = rest;
                }
                lanes.divided(&sum, &totals, out);
            }
        }
    }

    /// The attention `[heads, tokens]` of one query, the first of a panel, which is token `at` of the last place;
    /// softmax in f32.
    pub fn weights(self, multiply: Multiply, queries: &[Pair], at: usize) -> Vec<f32> {
        let mut all = Vec::new();
        let mut scores = Vec::new();
        for head in 0..self.heads.count {
            self.scores(multiply, head, queries, [at, 1], &mut scores);
            let start = all.len();
            let mut blocks = &scores[..];
            for (_, seen, _) in self.seen(at + 1) {
                let (here, rest) = blocks.split_at(seen.div_ceil(BLOCK));
                all.extend(here.iter().flat_map(|block| block.row(0)).take(seen));
                blocks = rest;
            }
            normalise(&mut all[start..]);
        }
        all
    }

    /// A block of scores for each panel that is looked at; what a row does not see is [`HIDDEN`].
    fn scores(
        self,
        multiply: Multiply,
        head: usize,
        queries: &[Pair],
        [first, rows]: [usize; 2],
        scores: &mut Vec<Block>,
    ) {
        let (queries, keys) = (&queries[self.heads.of(head)], self.heads.of(head / self.group));
        scores.clear();
        for (place, seen, own) in self.seen(first + rows) {
            for (panel, pairs) in place.keys.chunks_exact(self.pairs()).take(seen.div_ceil(BLOCK)).enumerate() {
                let mut block = Block::ZERO;
                multiply(queries, Right { pairs: &pairs[keys.clone()], step: 1 }, &mut block);
                let before = panel * BLOCK;
                // The first row sees the least.
                for row in 0..rows {
                    let visible = if own { first + row + 1 } else { seen };
                    if visible >= before + BLOCK {
                        break;
                    }
                    block.row_mut(row)[visible.saturating_sub(before)..].fill(HIDDEN);
                }
                scores.push(block);
            }
        }
    }

    /// The places that hold tokens, how many of them are looked at (all, but in the last `own`), and whether it is the
    /// last.
    fn seen(&self, own: usize) -> impl Iterator<Item = (Place<'_>, usize, bool)> {
        let [first, second, last] = self.places;
        let all = [(first, first.tokens, false), (second, second.tokens, false), (last, own, true)];
        all.into_iter().filter(|(_, seen, _)| *seen > 0)
    }

    /// Pairs of a panel of keys.
    fn pairs(&self) -> usize {
        self.heads.width() / self.group / BLOCK
    }
}

/// Keys and values that stay from call to call.
#[derive(Debug, Default)]
pub struct Kept {
    keys: Vec<Pair>,
    values: Vec<Pair>,
    tokens: usize,
}

impl Kept {
    /// A copy.
    pub fn of(place: Place) -> Self {
        Kept { keys: place.keys.to_vec(), values: place.values.to_vec(), tokens: place.tokens }
    }

    /// The first `tokens`.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn place(&self, tokens: usize) -> Place<'_> {
        assert!(tokens <= self.tokens);
        Place { keys: &self.keys, values: &self.values, tokens }
    }

    /// The first `kept` tokens, and those of `next`.
    ///
    /// # Panics
    /// If there are fewer than `kept`.
    pub fn continue_with(&mut self, kept: usize, next: Kept) {
        assert!(kept <= self.tokens);
        if kept == 0 {
            *self = next;
            return;
        }
        let width = self.keys.len() / self.tokens.div_ceil(BLOCK);
        self.tokens = kept + next.tokens;
        let pairs = self.tokens.div_ceil(BLOCK) * width;
        for (mine, new, copy) in [
            (&mut self.keys, &next.keys, Pair::copy_column as fn(&mut Pair, usize, &Pair, usize)),
            (&mut self.values, &next.values, Pair::copy_depth),
        ] {
            mine.resize(pairs, Pair::ZERO);
            for token in 0..next.tokens {
                let (to, from) = (kept + token, token);
                let places = mine[to / BLOCK * width..].iter_mut().zip(&new[from / BLOCK * width..]);
                places.take(width).for_each(|(mine, new)| copy(mine, to % BLOCK, new, from % BLOCK));
            }
        }
    }
}

#[cfg(test)]
#[path = "causal_tests.rs"]
mod tests;
