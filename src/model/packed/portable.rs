//! The block product as plain loops: what the other two must equal.

use super::tiles::{Pair, widened};
use super::{BLOCK, Block, Right};

/// `c = a·b` of one block, whatever its depth.
pub(super) fn multiply(a: &[Pair], b: Right, c: &mut Block) {
    let depth = b.check(a);
    for row in 0..BLOCK {
        for column in 0..BLOCK {
            let pairs = (0..depth).map(|at| (&a[at], &b.pairs[at * b.step]));
            let products = pairs.map(|(a, b)| -> f32 {
                a.line(row).iter().zip(b.column(column)).map(|(&left, right)| widened(left) * widened(right)).sum()
            });
            c.0[row * BLOCK + column] = products.sum();
        }
    }
}
