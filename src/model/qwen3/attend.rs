//! Grouped-query attention (Ainslie et al., arXiv 2305.13245) of packed rows, causal, over keys that lie in up to three
//! places: those an earlier call left, those all sequences share, and a sequence's own.

use gemm::Parallelism;
use rayon::prelude::*;

use super::config::Config;
use super::plan::{Piece, Plan};
use crate::model::kernels;
use crate::model::ops::matrix::{Target, View, multiply};
use crate::model::ops::rows;

/// Query rows multiplied at once: their scores over 1,000 tokens are 256 KB, an eighth of a 2 MB L2 cache.
const QUERY_ROWS: usize = 64;

/// Sizes of the heads of one layer.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    pub count: usize,
    /// Query heads per key head.
    pub group: usize,
    pub size: usize,
}

impl Heads {
    pub fn of(config: &Config) -> Self {
        Heads { count: config.num_attention_heads, group: config.group(), size: config.head_dim }
    }

    /// Columns of all queries.
    pub fn width(self) -> usize {
        self.count * self.size
    }

    /// Columns of all keys.
    pub fn key_width(self) -> usize {
        self.width() / self.group
    }

    fn scale(self) -> f32 {
        1.0 / (self.size as f32).sqrt()
    }
}

/// Keys and values of one layer, after norm and rotation, each `[tokens, width]`.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    pub width: usize,
    pub keys: Vec<f32>,
    pub values: Vec<f32>,
}

impl Memory {
    /// The first `kept` tokens, and those of `next`.
    pub fn continue_with(&mut self, kept: usize, next: Memory) {
        self.width = next.width;
        for (old, next) in [(&mut self.keys, next.keys), (&mut self.values, next.values)] {
            old.truncate(kept * self.width);
            old.extend(next);
        }
    }
}

/// Everything the rows of a call may look at in one layer.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub heads: Heads,
    /// What an earlier call left.
    pub memory: &'a Memory,
    /// Tokens of it that are used.
    pub kept: usize,
    /// Keys and values of this call's rows, one after the other in rows of `row` values; values begin at
    /// `key width` columns after the keys.
    pub rows: &'a [f32],
    /// Values per row of `rows`.
    pub row: usize,
    /// Column of the first key.
    pub first: usize,
}

/// Keys and values of consecutive tokens, for one key head.
#[derive(Clone, Copy)]
struct Place<'a> {
    keys: View<'a>,
    values: View<'a>,
    tokens: usize,
}

impl<'a> Context<'a> {
    /// Where the tokens that `count` rows of a piece look at lie, in order; the last place holds the piece's own.
    fn places(&self, piece: &Piece, own: usize, head: usize) -> [Place<'a>; 3] {
        let (width, column) = (self.heads.key_width(), head / self.heads.group * self.heads.size);
        let kept = Place {
            keys: View::columns(&self.memory.keys, width, column),
            values: View::columns(&self.memory.values, width, column),
            tokens: self.kept,
        };
        let rows = |first: usize, tokens: usize| Place {
            keys: View::columns(self.rows, self.row, self.first + column).starting_at(first),
            values: View::columns(self.rows, self.row, self.first + width + column).starting_at(first),
            tokens,
        };
        [kept, rows(0, piece.shared), rows(piece.rows.start, own)]
    }

    /// Attention of `out.len() / size` consecutive rows of a piece, the first of which is its row `first`, for one
    /// head. `weights` receives the weights of each row, undivided; `sums` what they are to be divided by. `out` is
    /// divided.
    fn attend(&self, piece: &Piece, first: usize, head: usize, queries: View, block: &mut Block, out: &mut [f32]) {
        let size = self.heads.size;
        let count = out.len() / size;
        let places = self.places(piece, first + count, head);
        let width: usize = places.iter().map(|place| place.tokens).sum();
        let weights = &mut block.weights[..count * width];
        let sums = &mut block.sums[..count];
        let mut column = 0;
        for place in places {
            let target = Target { data: &mut weights[column..], row: width, add: false };
            let shape = [count, size, place.tokens];
            multiply(target, shape, queries, place.keys.transposed(), self.heads.scale(), Parallelism::None);
            column += place.tokens;
        }
        rows::causal_exp(weights, width, width - count + 1, sums);
        let mut column = 0;
        let mut add = false;
        for place in places.into_iter().filter(|place| place.tokens > 0) {
            let weights = View::columns(weights, width, column);
            let target = Target { data: &mut *out, row: size, add };
            multiply(target, [count, place.tokens, size], weights, place.values, 1.0, Parallelism::None);
            (column, add) = (column + place.tokens, true);
        }
        kernels::divide_rows(out, size, sums);
    }

    /// For all rows of the call: `queries` are the first columns of `rows`. The answer is `[rows, width]`.
    pub fn attend_all(&self, plan: &Plan) -> Vec<f32> {
        let (size, count, pieces) = (self.heads.size, self.heads.count, plan.pieces());
        // One block of `size` columns per piece and head, contiguous so that threads share no row.
        let mut blocks = vec![0.0; plan.ids.len() * self.heads.width()];
        let mut tasks = Vec::new();
        let mut rest = &mut blocks[..];
        for piece in &pieces {
            for head in 0..count {
                let (block, other) = rest.split_at_mut(piece.rows.len() * size);
                tasks.extend(block.chunks_mut(QUERY_ROWS * size).enumerate().map(|task| (piece, head, task)));
                rest = other;
            }
        }
        tasks.into_par_iter().for_each_init(
            || Block::new(QUERY_ROWS, plan.longest()),
            |block, (piece, head, (index, out))| {
                let first = index * QUERY_ROWS;
                let queries = View::columns(self.rows, self.row, head * size).starting_at(piece.rows.start + first);
                self.attend(piece, first, head, queries, block, out);
            },
        );
        interleave(&blocks, &pieces, self.heads)
    }

    /// For the last row of each sequence, whose `queries` are `[sequences, width]`; so is the answer.
    pub fn attend_last(&self, plan: &Plan, queries: &[f32]) -> Vec<f32> {
        let (size, width) = (self.heads.size, self.heads.width());
        let mut out = vec![0.0; queries.len()];
        out.par_chunks_mut(size).enumerate().for_each_init(
            || Block::new(1, plan.longest()),
            |block, (index, out)| {
                let (sequence, head) = (index / self.heads.count, index % self.heads.count);
                let query = View::columns(&queries[sequence * width..], width, head * size);
                let piece = plan.piece(sequence);
                self.attend(&piece, piece.rows.len() - 1, head, query, block, out);
            },
        );
        out
    }

    /// The weights `[heads, positions]` of the last row of the first sequence, from its query of `width` values.
    pub fn last_weights(&self, plan: &Plan, query: &[f32]) -> Vec<f32> {
        let (size, piece) = (self.heads.size, plan.piece(0));
        let positions = plan.kept + plan.shared + piece.rows.len();
        let mut block = Block::new(1, positions);
        let mut ignored = vec![0.0; size];
        let mut all = Vec::with_capacity(self.heads.count * positions);
        for head in 0..self.heads.count {
            let query = View::columns(query, query.len(), head * size);
            self.attend(&piece, piece.rows.len() - 1, head, query, &mut block, &mut ignored);
            kernels::divide_rows(&mut block.weights, positions, &block.sums);
            all.extend(&block.weights);
        }
        all
    }
}

/// What one thread works on.
struct Block {
    weights: Vec<f32>,
    sums: Vec<f32>,
}

impl Block {
    fn new(rows: usize, longest: usize) -> Self {
        Block { weights: vec![0.0; rows * longest], sums: vec![0.0; rows] }
    }
}

/// Blocks `[rows, size]` of each piece and head to `[rows, width]`.
fn interleave(blocks: &[f32], pieces: &[Piece], heads: Heads) -> Vec<f32> {
    let width = heads.width();
    let mut out = vec![0.0; blocks.len()];
    for piece in pieces {
        let start = piece.rows.start * width;
        out[start..piece.rows.end * width].par_chunks_mut(width).enumerate().for_each(|(row, out)| {
            for (head, out) in out.chunks_exact_mut(heads.size).enumerate() {
                let from = start + (head * piece.rows.len() + row) * heads.size;
                out.copy_from_slice(&blocks[from..from + heads.size]);
            }
        });
    }
    out
}
