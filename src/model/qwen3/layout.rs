//! Where the rows of a call lie when they are in panels of 32: each piece begins one, so that its tokens are attended
//! to without looking at a neighbour's, and the same text gets the same bits whatever is beside it.

use std::ops::Range;

use super::config::Config;
use super::plan::{Piece, Plan};
use super::rope::Rotation;
use crate::model::packed::BLOCK;

/// A call's rows in panels.
pub struct Layout {
    /// By row of the plan.
    pub rotation: Rotation,
    /// The shared rows first, if there are any.
    pub pieces: Vec<Placed>,
    /// For each row of the plan, the row of the panels that holds it.
    pub rows: Vec<usize>,
    /// For each row of the panels, the plan's; `None` behind the end of a piece.
    pub plan_rows: Vec<Option<usize>>,
}

/// A piece and its panels.
pub struct Placed {
    pub piece: Piece,
    pub panels: Range<usize>,
}

impl Layout {
    pub fn new(config: &Config, plan: &Plan) -> Self {
        let (mut pieces, mut rows, mut plan_rows) = (Vec::new(), Vec::new(), Vec::new());
        // Pieces come in the order of their rows.
        for piece in plan.pieces() {
            let first = plan_rows.len() / BLOCK;
            let panels = first..first + piece.rows.len().div_ceil(BLOCK);
            rows.extend((0..piece.rows.len()).map(|row| first * BLOCK + row));
            plan_rows.extend(piece.rows.clone().map(Some));
            plan_rows.resize(panels.end * BLOCK, None);
            pieces.push(Placed { piece, panels });
        }
        Layout { rotation: Rotation::new(config, plan.positions()), pieces, rows, plan_rows }
    }

    /// The plan's rows of a panel.
    pub fn panel(&self, panel: usize) -> &[Option<usize>] {
        &self.plan_rows[panel * BLOCK..(panel + 1) * BLOCK]
    }

    pub fn panels(&self) -> usize {
        self.plan_rows.len() / BLOCK
    }

    /// The piece of a sequence's own tokens.
    pub fn sequence(&self, plan: &Plan, sequence: usize) -> &Placed {
        &self.pieces[self.pieces.len() - plan.own.len() + sequence]
    }
}
