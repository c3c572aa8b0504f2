//! What a decoder does row by row, on rows that lie in blocks: norm, rotation, gating. Everything is of a whole panel of
//! 32 rows.

use pulp::Arch;

use super::rope::Rotation;
use crate::model::kernels::exp;
use crate::model::ops::rows;
use crate::model::packed::{BLOCK, Block, Lanes, Pair};

/// `x / rms(x) · gain`, as a left operand.
pub fn rms_norm(lanes: Lanes, x: &[Block], gain: &[f32], epsilon: f32, out: &mut [Pair]) {
    let mut scales = [0.0; BLOCK];
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (row, scale) in scales.iter_mut().enumerate() {
                let mut squares = [0.0; BLOCK];
                for block in x {
                    squares.iter_mut().zip(block.row(row)).for_each(|(sum, x)| *sum += x * x);
                }
                *scale = 1.0 / (squares.iter().sum::<f32>() / gain.len() as f32 + epsilon).sqrt();
            }
        },
    );
    for ((block, gain), out) in x.iter().zip(gain.as_chunks::<BLOCK>().0).zip(out) {
        scaled(lanes, block, &scales, gain, out);
    }
}

fn scaled(lanes: Lanes, block: &Block, scales: &[f32; BLOCK], gain: &[f32; BLOCK], out: &mut Pair) {
    let mut product = Block::ZERO;
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (row, scale) in scales.iter().enumerate() {
                let values = product.row_mut(row).iter_mut().zip(block.row(row)).zip(gain);
                values.for_each(|((out, x), gain)| *out = x * scale * gain);
            }
        },
    );
    round(lanes, &product, out);
}

/// Normalises one head of each row and turns it to its position; `rows` are those of the rotation, none for a row that
/// holds no token.
pub fn norm_rotate(head: &mut [Block], gain: &[f32], epsilon: f32, rotation: &Rotation, rows: &[Option<usize>]) {
    let mut values = vec![0.0; gain.len()];
    for (row, at) in rows.iter().enumerate().filter_map(|(row, at)| Some((row, (*at)?))) {
        for (block, values) in head.iter().zip(values.as_chunks_mut::<BLOCK>().0) {
            *values = *block.row(row);
        }
        let (cos, sin) = rotation.row(at);
        rows::norm_rotate(&mut values, gain, epsilon, cos, sin);
        for (block, values) in head.iter_mut().zip(values.as_chunks::<BLOCK>().0) {
            *block.row_mut(row) = *values;
        }
    }
}

/// `silu(gate) · up`, as a left operand (Shazeer, arXiv 2002.05202).
pub fn gated(lanes: Lanes, gate: &Block, up: &Block, out: &mut Pair) {
    let mut product = Block::ZERO;
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for row in 0..BLOCK {
                let values = product.row_mut(row).iter_mut().zip(gate.row(row)).zip(up.row(row));
                values.for_each(|((out, gate), up)| *out = gate / (1.0 + exp(-gate)) * up);
            }
        },
    );
    round(lanes, &product, out);
}

fn round(lanes: Lanes, block: &Block, out: &mut Pair) {
    block.rows().enumerate().for_each(|(row, values)| lanes.round(values, out.line_mut(row)));
}
