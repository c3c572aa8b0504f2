//! Qwen3 in bf16 on the processor: activations stay in tiles from one product to the next, only the residual stream is
//! f32, and that lies in blocks of 32 rows and columns.

mod attention;
mod layer;

use std::ops::Range;

use rayon::prelude::*;

use self::layer::Layer;
use super::attend::Heads;
use super::blocks::{gated, norm_rotate, rms_norm};
use super::compute::{Compute, Rows};
use super::config::Config;
use super::layout::Layout;
use super::names;
use super::plan::Plan;
use crate::model::ModelError;
use crate::model::forward::RunError;
use crate::model::ops::rows;
use crate::model::packed::{BLOCK, Block, Kept, Lanes, Level, Multiply, PackedLinear, Pair, row_alone};
use crate::model::weights::{Table, Weights};

/// Panels that are multiplied together: 512 rows of 1,024 values are 1 MB, half of a second cache of 2 MB, so that
/// weights are read from further away once for all of them.
const PANELS: usize = 16;
/// Blocks of outputs of a task: their weights (four of 64 KB in the 0.6B) stay in the second cache for all the panels.
const COLUMNS: usize = 4;

const NO_BIAS: [f32; BLOCK] = [0.0; BLOCK];

pub struct Tiled {
    level: Level,
    lanes: Lanes,
    heads: Heads,
    config: Config,
    words: Table,
    layers: Vec<Layer>,
    norm: Vec<f32>,
}

/// What flows from layer to layer, and room for what a layer makes on the way.
pub struct State {
    /// The residual stream: `hidden / 32` blocks a panel.
    x: Vec<Block>,
    /// The row of the panels of each row that counts, in order.
    rows: Vec<usize>,
    room: Room,
}

/// Left operands and, of keys and values, right ones; a panel is as many as its width has blocks.
#[derive(Default)]
struct Room {
    normed: Vec<Pair>,
    queries: Vec<Pair>,
    keys: Vec<Pair>,
    values: Vec<Pair>,
    attended: Vec<Pair>,
    inner: Vec<Pair>,
}

impl Tiled {
    /// Whether all products are of whole blocks.
    pub fn fits(config: &Config) -> bool {
        [config.hidden_size, config.intermediate_size, config.head_dim].iter().all(|size| size.is_multiple_of(BLOCK))
    }

    /// # Errors
    /// If a tensor is missing or has another shape than the config says.
    ///
    /// # Panics
    /// If the config does not fit.
    pub fn load(weights: &Weights, config: &Config, level: Level) -> Result<Self, ModelError> {
        assert!(Tiled::fits(config), "sizes of whole blocks");
        let words = weights.table(names::WORDS, config.vocab_size, config.hidden_size)?;
        let norm = weights.vector(names::NORM, config.hidden_size)?;
        let layers = (0..config.num_hidden_layers).map(|index| Layer::load(weights, index, config, level));
        let layers = layers.collect::<Result<_, _>>()?;
        let heads = Heads::of(config);
        Ok(Tiled { level, lanes: Lanes::best(), heads, config: config.clone(), words, layers, norm })
    }
}

impl Compute for Tiled {
    type State = State;
    type Memory = Kept;
    type Step = Layout;
    type Attention = Vec<f32>;

    fn layers(&self) -> usize {
        self.layers.len()
    }

    fn prepare(&self, plan: &Plan) -> Result<Layout, RunError> {
        Ok(Layout::new(&self.config, plan))
    }

    fn embed(&self, plan: &Plan, layout: &Layout) -> Result<State, RunError> {
        let width = self.width();
        let mut x = vec![Block::ZERO; layout.panels() * width];
        let mut row = vec![0.0; self.config.hidden_size];
        for (&id, &at) in plan.ids.iter().zip(&layout.rows) {
            let known = || RunError::Input(format!("token {id} is not in the network's table"));
            self.words.read(id as usize, &mut row).ok_or_else(known)?;
            write_row(&mut x[at / BLOCK * width..], at % BLOCK, &row);
        }
        Ok(State { x, rows: layout.rows.clone(), room: Room::default() })
    }

    fn layer(
        &self,
        index: usize,
        mut state: State,
        (plan, layout): (&Plan, &Layout),
        memory: &Kept,
        wanted: Rows,
        capture: bool,
    ) -> Result<(State, Kept, Option<Vec<f32>>), RunError> {
        let layer = &self.layers[index];
        let State { x, room, .. } = &mut state;
        self.norm(x, &layer.attention_norm, &mut room.normed);
        self.keys_and_values(layer, layout, room);
        let weights = match wanted {
            Rows::All => {
                self.queries(layer, &room.normed, layout, &layout.plan_rows, &mut room.queries);
                let weights = capture.then(|| {
                    let last = layout.rows[plan.own[0].end - 1];
                    let query = row_alone(&room.queries, self.heads.width() / BLOCK, last);
                    self.weights_of(&query, self.attending(room, layout.sequence(plan, 0), layout, memory, plan))
                });
                self.attend_all(room, layout, memory, plan);
                weights
            }
            Rows::Last => {
                let picked: Vec<usize> = plan.last_rows().map(|row| layout.rows[row]).collect();
                let weights = self.attend_last(layer, room, &picked, layout, (memory, plan), capture);
                *x = self.pick(x, &picked);
                weights
            }
        };
        let shared = match plan.shared {
            0 => Kept::default(),
            _ => Kept::of(self.place(room, &layout.pieces[0])),
        };
        if wanted == Rows::Last {
            state.rows = (0..plan.own.len()).collect();
        }
        self.add(&layer.mixed, &state.room.attended, &mut state.x);
        self.feed(layer, &mut state);
        Ok((state, shared, weights))
    }

    fn remember(memory: &mut Kept, kept: usize, shared: Kept) -> Result<(), RunError> {
        memory.continue_with(kept, shared);
        Ok(())
    }

    fn finish(&self, state: State) -> Result<Vec<f32>, RunError> {
        let (width, hidden) = (self.width(), self.config.hidden_size);
        let mut out = vec![0.0; state.rows.len() * hidden];
        for (out, &at) in out.chunks_exact_mut(hidden).zip(&state.rows) {
            let row: Vec<f32> =
                state.x[at / BLOCK * width..][..width].iter().flat_map(|block| *block.row(at % BLOCK)).collect();
            rows::rms_norm(&row, &self.norm, self.config.rms_norm_eps, out);
        }
        Ok(out)
    }

    fn weights(rows: Vec<Vec<f32>>) -> Result<Vec<f32>, RunError> {
        Ok(rows.concat())
    }
}

impl Tiled {
    /// Blocks of a row of the residual stream.
    fn width(&self) -> usize {
        self.config.hidden_size / BLOCK
    }

    fn norm(&self, x: &[Block], gain: &[f32], out: &mut Vec<Pair>) {
        let width = self.width();
        out.resize(x.len(), Pair::ZERO);
        let panels = out.par_chunks_mut(width).zip(x.par_chunks(width));
        panels.for_each(|(out, x)| rms_norm(self.lanes, x, gain, self.config.rms_norm_eps, out));
    }

    fn keys_and_values(&self, layer: &Layer, layout: &Layout, room: &mut Room) {
        let (queries, width) = (self.heads.width() / BLOCK, self.heads.key_width() / BLOCK);
        let (keys, values) = (queries..queries + width, queries + width..queries + 2 * width);
        self.heads_of(&layer.qkv, keys, &room.normed, &mut room.keys, |panel, head, out| {
            let rows = layout.panel(panel);
            norm_rotate(head, &layer.key_norm, self.config.rms_norm_eps, &layout.rotation, rows);
            head.iter().zip(out).for_each(|(head, out)| self.lanes.keys(head, &NO_BIAS, out));
        });
        self.heads_of(&layer.qkv, values, &room.normed, &mut room.values, |_, head, out| {
            head.iter().zip(out).for_each(|(head, out)| self.lanes.values(head, &NO_BIAS, out));
        });
    }

    /// Some outputs (in blocks), a head after another: `each(panel, head, out)` makes operands of the sums of one head.
    fn heads_of(
        &self,
        linear: &PackedLinear,
        outputs: Range<usize>,
        x: &[Pair],
        out: &mut Vec<Pair>,
        each: impl Fn(usize, &mut [Block], &mut [Pair]) + Sync,
    ) {
        let (depth, width, size) = (self.width(), outputs.len(), self.heads.size / BLOCK);
        out.resize(x.len() / depth * width, Pair::ZERO);
        let chunks = x.chunks(PANELS * depth).zip(out.chunks_mut(PANELS * width));
        for (chunk, (x, out)) in chunks.enumerate() {
            in_columns(out, width, size).into_par_iter().enumerate().for_each(|(head, out)| {
                let first = outputs.start + head * size;
                self.level.with_multiply(|multiply| {
                    let mut blocks = vec![Block::ZERO; size];
                    for (panel, (x, out)) in x.chunks_exact(depth).zip(out).enumerate() {
                        linear.blocks(multiply, x, first..first + size, |_, at, sums| blocks[at] = *sums);
                        each(chunk * PANELS + panel, &mut blocks, out);
                    }
                });
            });
        }
    }

    /// Some rows of the residual stream, in panels of their own.
    fn pick(&self, x: &[Block], rows: &[usize]) -> Vec<Block> {
        let width = self.width();
        let mut out = vec![Block::ZERO; rows.len().div_ceil(BLOCK) * width];
        for (row, &at) in rows.iter().enumerate() {
            for (out, x) in out[row / BLOCK * width..][..width].iter_mut().zip(&x[at / BLOCK * width..]) {
                *out.row_mut(row % BLOCK) = *x.row(at % BLOCK);
            }
        }
        out
    }

    /// `x += W·tiles`
    fn add(&self, linear: &PackedLinear, tiles: &[Pair], x: &mut [Block]) {
        let width = self.width();
        let depth = tiles.len() / (x.len() / width);
        for (tiles, x) in tiles.chunks(PANELS * depth).zip(x.chunks_mut(PANELS * width)) {
            in_columns(x, width, COLUMNS).into_par_iter().enumerate().for_each(|(task, out)| {
                self.level.with_multiply(|multiply| {
                    for (tiles, out) in tiles.chunks_exact(depth).zip(out) {
                        let first = task * COLUMNS;
                        linear.blocks(multiply, tiles, first..first + out.len(), |_, at, sums| out[at].add(sums));
                    }
                });
            });
        }
    }

    /// What comes after attention, for as many panels at once as stay in the second cache.
    fn feed(&self, layer: &Layer, state: &mut State) {
        let (width, inner) = (self.width(), self.config.intermediate_size / BLOCK);
        let Room { normed, inner: room, .. } = &mut state.room;
        for x in state.x.chunks_mut(PANELS * width) {
            self.norm(x, &layer.feed_norm, normed);
            room.resize(x.len() / width * inner, Pair::ZERO);
            in_columns(room, inner, COLUMNS).into_par_iter().enumerate().for_each(|(task, out)| {
                self.level.with_multiply(|multiply| {
                    for (x, out) in normed.chunks_exact(width).zip(out) {
                        self.gate(multiply, layer, x, task * COLUMNS, out);
                    }
                });
            });
            self.add(&layer.down, room, x);
        }
    }

    /// Some blocks of `silu(gate) · up` of one panel.
    fn gate(&self, multiply: Multiply, layer: &Layer, x: &[Pair], first: usize, out: &mut [Pair]) {
        let mut gate = Block::ZERO;
        layer.gate_up.blocks(multiply, x, 2 * first..2 * (first + out.len()), |_, at, sums| match at % 2 {
            0 => gate = *sums,
            _ => gated(self.lanes, &gate, sums, &mut out[at / 2]),
        });
    }
}

/// A matrix of `width` elements a row, parted into tasks of some columns each: for every task, its part of each row.
fn in_columns<T>(matrix: &mut [T], width: usize, columns: usize) -> Vec<Vec<&mut [T]>> {
    let mut tasks: Vec<Vec<&mut [T]>> = (0..width.div_ceil(columns)).map(|_| Vec::new()).collect();
    for row in matrix.chunks_exact_mut(width) {
        tasks.iter_mut().zip(row.chunks_mut(columns)).for_each(|(task, part)| task.push(part));
    }
    tasks
}

fn write_row(panel: &mut [Block], row: usize, values: &[f32]) {
    for (block, values) in panel.iter_mut().zip(values.as_chunks().0) {
        *block.row_mut(row) = *values;
    }
}

#[cfg(test)]
mod tests;
