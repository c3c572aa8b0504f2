//! The definition, one number after another.

use half::bf16;

use super::Then;
use crate::model::kernels::{self, Norm};
use crate::model::packed::tiles::{DEPTH, Pair, SIDE};
use crate::model::packed::{BLOCK, Block};

pub fn round(values: &[f32; DEPTH], out: &mut [u16; DEPTH]) {
    for (value, slot) in values.iter().zip(out) {
        *slot = bf16::from_f32(*value).to_bits();
    }
}

pub fn rows(sums: &Block, bias: &[f32; BLOCK], then: Then, out: &mut Pair) {
    let then = |x: f32| match then {
        Then::Scale(scale) => x * scale,
        Then::Gelu => kernels::gelu(x),
        Then::GeluTanh => kernels::gelu_tanh(x),
        Then::Relu => x.max(0.0),
    };
    for (row, sums) in sums.rows().enumerate() {
        round(&std::array::from_fn(|column| then(sums[column] + bias[column])), out.line_mut(row));
    }
}

pub fn keys(sums: &Block, bias: &[f32; BLOCK], out: &mut Pair) {
    let mut rounded = [0; DEPTH];
    for (column, sums) in sums.rows().enumerate() {
        round(&std::array::from_fn(|k| sums[k] + bias[k]), &mut rounded);
        let (tile, lane) = (column / SIDE, column % SIDE);
        for (pair, values) in rounded.as_chunks::<2>().0.iter().enumerate() {
            out.line_mut(tile * SIDE + pair)[2 * lane..2 * lane + 2].copy_from_slice(values);
        }
    }
}

pub fn values(sums: &Block, bias: &[f32; BLOCK], out: &mut Pair) {
    let mut rounded = [0; DEPTH];
    for (k, sums) in sums.rows().enumerate() {
        round(&std::array::from_fn(|column| sums[column] + bias[column]), &mut rounded);
        for (column, value) in rounded.iter().enumerate() {
            let (tile, lane) = (column / SIDE, column % SIDE);
            out.line_mut(tile * SIDE + k / 2)[2 * lane + k % 2] = *value;
        }
    }
}

pub fn add(sums: &Block, bias: &[f32; BLOCK], x: &mut [f32], width: usize) {
    for (row, sums) in sums.rows().enumerate() {
        let x = &mut x[row * width..][..BLOCK];
        x.iter_mut().zip(sums).zip(bias).for_each(|((x, sum), bias)| *x += sum + bias);
    }
}

pub fn norm(norm: &Norm, x: &mut [f32], out: &mut [Pair]) {
    norm.apply(x);
    for (row, values) in x.chunks_exact(norm.gain.len()).enumerate() {
        for (values, pair) in values.as_chunks().0.iter().zip(out.iter_mut()) {
            round(values, pair.line_mut(row));
        }
    }
}

pub fn exponentials(scores: &[Block], [rows, columns]: [usize; 2], out: &mut [Pair]) -> [f32; BLOCK] {
    let mut totals = [1.0; BLOCK];
    for (row, total) in totals.iter_mut().enumerate().take(rows) {
        let scores = |column: usize| scores[column / BLOCK].row(row)[column % BLOCK];
        let max = (0..columns).map(scores).fold(f32::NEG_INFINITY, f32::max);
        let weight = |column: usize| if column < columns { (scores(column) - max).exp2() } else { 0.0 };
        *total = (0..columns).map(weight).sum();
        for (at, pair) in out.iter_mut().enumerate() {
            round(&std::array::from_fn(|lane| weight(at * DEPTH + lane)), pair.line_mut(row));
        }
    }
    out.iter_mut().for_each(|pair| pair.clear_from(rows));
    totals
}

pub fn divided(sums: &Block, divisors: &[f32; BLOCK], out: &mut Pair) {
    for (row, sums) in sums.rows().enumerate() {
        round(&sums.map(|sum| sum / divisors[row]), out.line_mut(row));
    }
}
