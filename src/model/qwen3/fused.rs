//! Qwen3 on the processor: our own loops over main memory, activations in f32. Where the processor multiplies bf16,
//! [`super::tiled`] is faster.

use rayon::prelude::*;

use super::attend::{Context, Heads, Memory};
use super::compute::{Compute, Rows};
use super::config::Config;
use super::names;
use super::plan::Plan;
use super::rope::Rotation;
use crate::model::ModelError;
use crate::model::forward::RunError;
use crate::model::ops::linear::{Format, Linear};
use crate::model::ops::rows;
use crate::model::weights::{Table, Weights};

/// Rows that go through the feed-forward part together: what lies between its products, 12 KB per row of the 0.6B
/// twice over, stays small beside what a call of twenty documents would need at once, and 512 rows saturate a product.
const FEED_ROWS: usize = 512;

/// Values one task of a row-wise pass works on: a few microseconds, so that taking a task does not show.
const CHUNK: usize = 1 << 14;

pub struct Fused {
    heads: Heads,
    epsilon: f32,
    config: Config,
    words: Table,
    layers: Vec<Layer>,
    norm: Vec<f32>,
}

struct Layer {
    attention_norm: Vec<f32>,
    /// Queries, keys and values side by side.
    qkv: Linear,
    query_norm: Vec<f32>,
    key_norm: Vec<f32>,
    mixed: Linear,
    feed_norm: Vec<f32>,
    /// Gate and up side by side.
    gate_up: Linear,
    down: Linear,
}

impl Fused {
    /// # Errors
    /// If a tensor is missing or has another shape than the config says.
    pub fn load(weights: &Weights, config: &Config, format: Format) -> Result<Self, ModelError> {
        let words = weights.table(names::WORDS, config.vocab_size, config.hidden_size)?;
        let norm = weights.vector(names::NORM, config.hidden_size)?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| Layer::load(weights, index, config, format))
            .collect::<Result<_, _>>()?;
        Ok(Fused {
            heads: Heads::of(config),
            epsilon: config.rms_norm_eps,
            config: config.clone(),
            words,
            layers,
            norm,
        })
    }
}

impl Layer {
    fn load(weights: &Weights, index: usize, config: &Config, format: Format) -> Result<Self, ModelError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let name = |part: &str| names::layer(index, part);
        let linear = |parts: &[(&str, usize)], input: usize| {
            let parts: Vec<_> = parts.iter().map(|&(part, output)| (name(part), output)).collect();
            Linear::load(weights, &parts, input, format)
        };
        let vector = |part: &str, length| weights.vector(&format!("{}.weight", name(part)), length);
        let (queries, keys) = (config.query_width(), config.key_width());
        Ok(Layer {
            attention_norm: vector(names::ATTENTION_NORM, hidden)?,
            qkv: linear(&[(names::QUERY, queries), (names::KEY, keys), (names::VALUE, keys)], hidden)?,
            query_norm: vector(names::QUERY_NORM, config.head_dim)?,
            key_norm: vector(names::KEY_NORM, config.head_dim)?,
            mixed: linear(&[(names::MIXED, hidden)], queries)?,
            feed_norm: vector(names::FEED_NORM, hidden)?,
            gate_up: linear(&[(names::GATE, inner), (names::UP, inner)], hidden)?,
            down: linear(&[(names::DOWN, hidden)], inner)?,
        })
    }
}

impl Compute for Fused {
    type State = Vec<f32>;
    type Memory = Memory;
    /// Where the rows' positions are.
    type Step = Rotation;
    type Attention = Vec<f32>;

    fn layers(&self) -> usize {
        self.layers.len()
    }

    fn prepare(&self, plan: &Plan) -> Result<Rotation, RunError> {
        Ok(Rotation::new(&self.config, plan.positions()))
    }

    fn embed(&self, plan: &Plan, _: &Rotation) -> Result<Vec<f32>, RunError> {
        let hidden = self.config.hidden_size;
        let mut out = vec![0.0; plan.ids.len() * hidden];
        for (&id, row) in plan.ids.iter().zip(out.chunks_exact_mut(hidden)) {
            let known = || RunError::Input(format!("token {id} is not in the network's table"));
            self.words.read(id as usize, row).ok_or_else(known)?;
        }
        Ok(out)
    }

    fn layer(
        &self,
        index: usize,
        x: Vec<f32>,
        (plan, rotation): (&Plan, &Rotation),
        memory: &Memory,
        wanted: Rows,
        capture: bool,
    ) -> Result<(Vec<f32>, Memory, Option<Vec<f32>>), RunError> {
        let layer = &self.layers[index];
        let (queries, hidden) = (self.heads.width(), self.config.hidden_size);
        let normed = self.norm_rows(&x, &layer.attention_norm);
        // Columns of queries in front of the keys.
        let before = if wanted == Rows::All { queries } else { 0 };
        let mut rows = layer.qkv.forward_part(&normed, queries - before..layer.qkv.output());
        let row = rows.len() / plan.ids.len();
        let turn = |row: &mut [f32], at: usize, gain: &[f32]| {
            let (cos, sin) = rotation.row(at);
            rows::norm_rotate(row, gain, self.epsilon, cos, sin);
        };
        rows.par_chunks_mut(row).enumerate().for_each(|(index, row)| {
            let (query, rest) = row.split_at_mut(before);
            turn(query, index, &layer.query_norm);
            turn(&mut rest[..self.config.key_width()], index, &layer.key_norm);
        });
        let context = Context { heads: self.heads, memory, kept: plan.kept, rows: &rows, row, first: before };
        let last = plan.own.first().map_or(0, |own| own.end - 1);
        let (attended, x, weights) = match wanted {
            Rows::All => {
                let query = &rows[last * row..][..queries];
                let weights = capture.then(|| context.last_weights(plan, query));
                (context.attend_all(plan), x, weights)
            }
            Rows::Last => {
                let mut query = layer.qkv.forward_part(&pick(&normed, plan, hidden), 0..queries);
                for (query, at) in query.chunks_exact_mut(queries).zip(plan.last_rows()) {
                    turn(query, at, &layer.query_norm);
                }
                let weights = capture.then(|| context.last_weights(plan, &query[..queries]));
                (context.attend_last(plan, &query), pick(&x, plan, hidden), weights)
            }
        };
        let shared = self.shared(plan, &context);
        let mixed = layer.mixed.forward_onto(&attended, x);
        Ok((self.feed(layer, mixed), shared, weights))
    }

    fn remember(memory: &mut Memory, kept: usize, shared: Memory) -> Result<(), RunError> {
        memory.continue_with(kept, shared);
        Ok(())
    }

    fn finish(&self, x: Vec<f32>) -> Result<Vec<f32>, RunError> {
        Ok(self.norm_rows(&x, &self.norm))
    }

    fn weights(rows: Vec<Vec<f32>>) -> Result<Vec<f32>, RunError> {
        Ok(rows.concat())
    }
}

impl Fused {
    /// What comes after attention.
    fn feed(&self, layer: &Layer, mut x: Vec<f32>) -> Vec<f32> {
        let (hidden, inner) = (self.config.hidden_size, self.config.intermediate_size);
        for part in x.chunks_mut(FEED_ROWS * hidden) {
            let both = layer.gate_up.forward(&self.norm_rows(part, &layer.feed_norm));
            let mut product = vec![0.0; both.len() / 2];
            let chunk = chunk(inner);
            product.par_chunks_mut(chunk).zip(both.par_chunks(2 * chunk)).for_each(|(out, both)| {
                rows::silu_product(both, inner, out);
            });
            let out = layer.down.forward_onto(&product, part.to_vec());
            part.copy_from_slice(&out);
        }
        x
    }

    fn norm_rows(&self, x: &[f32], gain: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len()];
        let chunk = chunk(gain.len());
        out.par_chunks_mut(chunk).zip(x.par_chunks(chunk)).for_each(|(out, x)| {
            rows::rms_norm(x, gain, self.epsilon, out);
        });
        out
    }

    /// Keys and values of the shared rows, for the next call.
    fn shared(&self, plan: &Plan, context: &Context) -> Memory {
        let width = self.config.key_width();
        let rows = || context.rows.chunks_exact(context.row).take(plan.shared).map(|row| &row[context.first..]);
        Memory {
            width,
            keys: rows().flat_map(|row| &row[..width]).copied().collect(),
            values: rows().flat_map(|row| &row[width..]).copied().collect(),
        }
    }
}

/// The last row of each sequence.
fn pick(x: &[f32], plan: &Plan, width: usize) -> Vec<f32> {
    plan.last_rows().flat_map(|row| &x[row * width..(row + 1) * width]).copied().collect()
}

/// Whole rows that together come near [`CHUNK`].
fn chunk(width: usize) -> usize {
    (CHUNK / width).max(1) * width
}
