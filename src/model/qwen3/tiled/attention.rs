//! Attention of the rows of a call: of all, or of the last of each sequence.

use rayon::prelude::*;

use super::{Layer, NO_BIAS, Room, Tiled};
use crate::model::packed::{self, BLOCK, Causal, Kept, Pair, Place, Scratch, Then, copy_row, row_alone};
use crate::model::qwen3::blocks::norm_rotate;
use crate::model::qwen3::layout::{Layout, Placed};
use crate::model::qwen3::plan::Plan;

impl Tiled {
    /// Queries of all heads; `rows` are the plan's, 32 for each panel.
    pub(super) fn queries(
        &self,
        layer: &Layer,
        normed: &[Pair],
        layout: &Layout,
        rows: &[Option<usize>],
        out: &mut Vec<Pair>,
    ) {
        let scale = Then::Scale(self.packed_heads().query_scale());
        self.heads_of(&layer.qkv, 0..self.heads.width() / BLOCK, normed, out, |panel, head, out| {
            let rows = &rows[panel * BLOCK..(panel + 1) * BLOCK];
            norm_rotate(head, &layer.query_norm, self.config.rms_norm_eps, &layout.rotation, rows);
            head.iter().zip(out).for_each(|(head, out)| self.lanes.rows(head, &NO_BIAS, scale, out));
        });
    }

    pub(super) fn packed_heads(&self) -> packed::Heads {
        packed::Heads { count: self.heads.count, size: self.heads.size }
    }

    /// Keys and values of a piece.
    pub(super) fn place<'a>(&self, room: &'a Room, placed: &Placed) -> Place<'a> {
        let width = self.heads.key_width() / BLOCK;
        let pairs = placed.panels.start * width..placed.panels.end * width;
        Place { keys: &room.keys[pairs.clone()], values: &room.values[pairs], tokens: placed.piece.rows.len() }
    }

    /// What the tokens of a piece look at.
    pub(super) fn attending<'a>(
        &self,
        room: &'a Room,
        placed: &Placed,
        layout: &Layout,
        memory: &'a Kept,
        plan: &Plan,
    ) -> Causal<'a> {
        let shared = match placed.piece.shared {
            0 => Place::default(),
            _ => self.place(room, &layout.pieces[0]),
        };
        let places = [memory.place(plan.kept), shared, self.place(room, placed)];
        Causal { heads: self.packed_heads(), group: self.heads.group, places }
    }

    pub(super) fn attend_all(&self, room: &mut Room, layout: &Layout, memory: &Kept, plan: &Plan) {
        let width = self.heads.width() / BLOCK;
        let mut attended = std::mem::take(&mut room.attended);
        attended.resize(room.queries.len(), Pair::ZERO);
        let room_of = &*room;
        let panels = layout.pieces.iter().flat_map(|placed| placed.panels.clone().map(move |panel| (placed, panel)));
        let panels: Vec<(&Placed, usize)> = panels.collect();
        attended.par_chunks_mut(width).zip(panels).for_each_init(
            Scratch::default,
            |scratch, (out, (placed, panel))| {
                let first = (panel - placed.panels.start) * BLOCK;
                let rows = BLOCK.min(placed.piece.rows.len() - first);
                let attending = self.attending(room_of, placed, layout, memory, plan);
                let queries = &room_of.queries[panel * width..][..width];
                self.level.with_multiply(|multiply| {
                    attending.attend(self.lanes, multiply, queries, [first, rows], scratch, out);
                });
            },
        );
        room.attended = attended;
    }

    /// For the last row of each sequence, which is `picked` of the panels; the answers go into panels of their own.
    pub(super) fn attend_last(
        &self,
        layer: &Layer,
        room: &mut Room,
        picked: &[usize],
        layout: &Layout,
        (memory, plan): (&Kept, &Plan),
        capture: bool,
    ) -> Option<Vec<f32>> {
        let (depth, width) = (self.width(), self.heads.width() / BLOCK);
        let mut normed = vec![Pair::ZERO; picked.len().div_ceil(BLOCK) * depth];
        for (row, &at) in picked.iter().enumerate() {
            copy_row(
                &mut normed[row / BLOCK * depth..][..depth],
                row % BLOCK,
                &room.normed[at / BLOCK * depth..],
                at % BLOCK,
            );
        }
        let mut rows: Vec<Option<usize>> = picked.iter().map(|&at| layout.plan_rows[at]).collect();
        rows.resize(picked.len().next_multiple_of(BLOCK), None);
        let mut queries = std::mem::take(&mut room.queries);
        self.queries(layer, &normed, layout, &rows, &mut queries);
        let room_of = &*room;
        let alone = |row: usize| row_alone(&queries, width, row);
        let attending = |row: usize| self.attending(room_of, layout.sequence(plan, row), layout, memory, plan);
        let weights = capture.then(|| self.weights_of(&alone(0), attending(0)));
        let answers: Vec<Vec<Pair>> = (0..picked.len())
            .into_par_iter()
            .map_init(Scratch::default, |scratch, row| {
                let mut out = vec![Pair::ZERO; width];
                let at = plan.own[row].len() - 1;
                self.level.with_multiply(|multiply| {
                    attending(row).attend(self.lanes, multiply, &alone(row), [at, 1], scratch, &mut out);
                });
                out
            })
            .collect();
        room.attended = vec![Pair::ZERO; picked.len().div_ceil(BLOCK) * width];
        for (row, answer) in answers.iter().enumerate() {
            copy_row(&mut room.attended[row / BLOCK * width..][..width], row % BLOCK, answer, 0);
        }
        weights
    }

    /// The attention `[heads, positions]` of a query in a panel of its own: the last of what `attending` is for.
    pub(super) fn weights_of(&self, query: &[Pair], attending: Causal) -> Vec<f32> {
        let at = attending.places[2].tokens - 1;
        self.level.with_multiply(|multiply| attending.weights(multiply, query, at))
    }
}
