//! Self-attention of packed sequences: every sequence attends to itself only, so there is no padding and no mask.

use std::ops::Range;

use gemm::Parallelism;
use rayon::prelude::*;

use crate::model::kernels;
use crate::model::ops::matrix::{Target, View, multiply};
use crate::model::packed::Heads;

/// Query rows multiplied at once: 64 rows of scores of a 512-token sequence are 128 KB, half of a small L2 cache.
const QUERY_ROWS: usize = 64;

/// `softmax(Q·Kᵀ / √size)·V` for each head and each sequence of `spans` (rows of `qkv`, in order and without gaps).
///
/// `qkv` is `[tokens, 3 · width]` with queries, keys and values side by side; the answer is `[tokens, width]`.
pub fn attend(qkv: &[f32], spans: &[Range<usize>], heads: Heads) -> Vec<f32> {
    let width = heads.width();
    // One block of `size` columns per sequence and head, contiguous so that threads share no row.
    let mut blocks = vec![0.0; qkv.len() / 3];
    split(&mut blocks, spans, heads).into_par_iter().for_each(|(span, head, block)| {
        let qkv = &qkv[span.start * 3 * width..span.end * 3 * width];
        attend_head(qkv, head, heads, block);
    });
    let mut out = vec![0.0; blocks.len()];
    for span in spans {
        let start = span.start * width;
        out[start..span.end * width].par_chunks_mut(width).enumerate().for_each(|(row, out)| {
            for (head, out) in out.chunks_exact_mut(heads.size).enumerate() {
                let from = start + (head * span.len() + row) * heads.size;
                out.copy_from_slice(&blocks[from..from + heads.size]);
            }
        });
    }
    out
}

/// Cuts the output into one piece per sequence and head.
fn split<'a>(
    mut blocks: &'a mut [f32],
    spans: &'a [Range<usize>],
    heads: Heads,
) -> Vec<(&'a Range<usize>, usize, &'a mut [f32])> {
    let mut pieces = Vec::with_capacity(spans.len() * heads.count);
    for span in spans {
        for head in 0..heads.count {
            let (piece, rest) = blocks.split_at_mut(span.len() * heads.size);
            pieces.push((span, head, piece));
            blocks = rest;
        }
    }
    pieces
}

/// One head of one sequence: `qkv` holds the sequence's rows, `out` is `[rows, size]`.
fn attend_head(qkv: &[f32], head: usize, heads: Heads, out: &mut [f32]) {
    let (width, size) = (heads.width(), heads.size);
    let tokens = qkv.len() / (3 * width);
    let column = |part: usize| View::columns(qkv, 3 * width, part * width + head * size);
    let (queries, keys, values) = (column(0), column(1), column(2));
    let mut scores = vec![0.0; QUERY_ROWS.min(tokens) * tokens];
    let mut sums = [0.0; QUERY_ROWS];
    for (block, out) in out.chunks_mut(QUERY_ROWS * size).enumerate() {
        let rows = out.len() / size;
        let scores = &mut scores[..rows * tokens];
        let sums = &mut sums[..rows];
        let queries = queries.starting_at(block * QUERY_ROWS);
        let target = Target { data: &mut *scores, row: tokens, add: false };
        multiply(target, [rows, size, tokens], queries, keys.transposed(), heads.scale(), Parallelism::None);
        kernels::exp_rows(scores, tokens, sums);
        let weights = View::columns(scores, tokens, 0);
        let target = Target { data: &mut *out, row: size, add: false };
        multiply(target, [rows, tokens, size], weights, values, 1.0, Parallelism::None);
        kernels::divide_rows(out, size, sums);
    }
}

/// The attention of single queries, one per sequence: `queries` is `[sequences, width]`, `keys_values` is
/// `[tokens, 2 · width]`. Returns the `[sequences, width]` result, and the weights `[heads, tokens]` of each sequence
/// one after another.
pub fn attend_rows(queries: &[f32], keys_values: &[f32], spans: &[Range<usize>], heads: Heads) -> (Vec<f32>, Vec<f32>) {
    let (width, size) = (heads.width(), heads.size);
    let mut out = vec![0.0; queries.len()];
    let mut weights = Vec::new();
    for ((span, query), out) in spans.iter().zip(queries.chunks_exact(width)).zip(out.chunks_exact_mut(width)) {
        let rows = &keys_values[span.start * 2 * width..span.end * 2 * width];
        for (head, out) in out.chunks_exact_mut(size).enumerate() {
            let columns = head * size..(head + 1) * size;
            let row =
                weights_of(&query[columns.clone()], rows.chunks_exact(2 * width).map(|row| &row[columns.clone()]));
            for (weight, row) in row.iter().zip(rows.chunks_exact(2 * width)) {
                let values = &row[width..][columns.clone()];
                out.iter_mut().zip(values).for_each(|(x, value)| *x += weight * value);
            }
            weights.extend(row);
        }
    }
    (out, weights)
}

/// The attention weights `[heads, tokens]` of the token in `row`, from the `qkv` rows of its sequence.
pub fn token_weights(qkv: &[f32], row: usize, heads: Heads) -> Vec<f32> {
    let (width, size) = (heads.width(), heads.size);
    let mut weights = Vec::with_capacity(heads.count * qkv.len() / (3 * width));
    for head in 0..heads.count {
        let columns = head * size..(head + 1) * size;
        let keys = qkv.chunks_exact(3 * width).map(|row| &row[width..][columns.clone()]);
        weights.extend(weights_of(&qkv[row * 3 * width..][columns.clone()], keys));
    }
    weights
}

/// The mean of [`token_weights`] over some tokens.
pub fn mean_weights(qkv: &[f32], rows: Range<usize>, heads: Heads) -> Vec<f32> {
    let count = rows.len().max(1) as f32;
    let add = |mut sum: Vec<f32>, row: Vec<f32>| {
        sum.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight);
        sum
    };
    let mut sum = rows.map(|row| token_weights(qkv, row, heads)).reduce(add).unwrap_or_default();
    sum.iter_mut().for_each(|sum| *sum /= count);
    sum
}

/// `softmax(query·keysᵀ / √size)`.
fn weights_of<'a>(query: &[f32], keys: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let scale = 1.0 / (query.len() as f32).sqrt();
    let mut row: Vec<f32> = keys.map(|key| scale * query.iter().zip(key).map(|(q, k)| q * k).sum::<f32>()).collect();
    let mut sum = [0.0];
    let width = row.len();
    kernels::exp_rows(&mut row, width, &mut sum);
    kernels::divide_rows(&mut row, width, &sum);
    row
}

#[cfg(test)]
#[path = "attend_tests.rs"]
mod tests;
