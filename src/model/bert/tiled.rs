//! The layers in bf16: activations stay in tiles from one product to the next, only the residual stream is f32.
//!
//! Each sequence begins a panel of 32 rows of its own, so a text gets the same bits whatever its neighbours; the rows
//! between its last token and its panel's end are computed and looked at by nobody. A task is a few panels through all
//! that is done row by row, between the attention of one layer and the next: what it makes stays in its processor's
//! second cache.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::config::Activation;
use super::layer::Capture;
use super::names::{self, LayerTensors};
use crate::model::Stop;
use crate::model::forward::{Output, RunError};
use crate::model::kernels::Norm;
use crate::model::packed::{
    Attending, BLOCK, Block, Heads, Lanes, Level, Multiply, PackedLinear, Pair, Scratch, Then, copy_row, row_alone,
};

/// Panels of a task, at most: the inner activations of 128 tokens of MiniLM's shape (384 KB) and the weights that made
/// them (1.2 MB) fit a second cache of 2 MB together, and weights are read from further away once for four panels.
const PANELS: usize = 4;

/// A linear layer of whole blocks.
#[derive(Debug)]
struct Linear {
    weight: PackedLinear,
    bias: Vec<f32>,
}

impl Linear {
    fn new(linear: names::Linear, level: Level) -> Self {
        let names::Linear { weight, bias, inputs } = linear;
        Linear { weight: PackedLinear::new(level, &weight, bias.len(), inputs), bias }
    }

    /// Calls `each(rows, columns, sums, bias)` for every block of some of the outputs, which are counted in blocks from
    /// the first of them.
    fn blocks(
        &self,
        multiply: Multiply,
        x: &[Pair],
        outputs: Range<usize>,
        mut each: impl FnMut(usize, usize, &Block, &[f32; BLOCK]),
    ) {
        let bias = &self.bias.as_chunks().0[outputs.clone()];
        self.weight.blocks(multiply, x, outputs, |rows, columns, sums| each(rows, columns, sums, &bias[columns]));
    }

    fn outputs(&self) -> Range<usize> {
        0..self.bias.len() / BLOCK
    }
}

/// The layers of one network.
pub struct Layers {
    level: Level,
    lanes: Lanes,
    heads: Heads,
    layers: Vec<Layer>,
    /// What earlier calls worked in: clearing as much memory for every call is 2 % of it.
    rooms: Mutex<Vec<Attention>>,
}

pub struct Layer {
    /// Queries, keys and values side by side.
    qkv: Linear,
    mixed: Linear,
    mixed_norm: Norm,
    up: Linear,
    activation: Then,
    down: Linear,
    down_norm: Norm,
}

/// Where a sequence lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Its first panel.
    first: usize,
    tokens: usize,
}

impl Place {
    fn panels(self) -> usize {
        self.tokens.div_ceil(BLOCK)
    }
}

/// What flows from layer to layer: rows in panels of 32.
struct States {
    /// `[rows, width]`: the residual stream.
    x: Vec<f32>,
    /// The same rounded, as left operands: `width / 32` pairs a panel.
    tiles: Vec<Pair>,
}

/// Queries, keys and values of all heads, in panels like [`States::tiles`].
#[derive(Default)]
struct Attention {
    queries: Vec<Pair>,
    keys: Vec<Pair>,
    values: Vec<Pair>,
}

thread_local! {
    /// What a task works on, kept by its thread: the inner activations of its panels, and scores.
    static KEPT: RefCell<(Vec<Pair>, Scratch)> = RefCell::default();
}

impl Layer {
    pub fn new(tensors: LayerTensors, activation: Activation, level: Level) -> Self {
        let LayerTensors { qkv, mixed, mixed_norm, up, down, down_norm } = tensors;
        let [qkv, mixed, up, down] = [qkv, mixed, up, down].map(|linear| Linear::new(linear, level));
        let activation = match activation {
            Activation::Gelu => Then::Gelu,
            Activation::GeluTanh => Then::GeluTanh,
            Activation::Relu => Then::Relu,
        };
        Layer { qkv, mixed, mixed_norm, up, activation, down, down_norm }
    }
}

impl Layers {
    pub fn new(level: Level, heads: Heads, layers: Vec<Layer>) -> Self {
        Layers { level, lanes: Lanes::best(), heads, layers, rooms: Mutex::default() }
    }

    /// All layers: `[tokens, width]` to what `output` asks for.
    ///
    /// # Errors
    /// [`RunError::Stopped`] if `stop` says so before a layer.
    pub fn forward(
        &self,
        embedded: &[f32],
        spans: &[Range<usize>],
        output: Output,
        captured: Option<Capture>,
        stop: Stop,
    ) -> Result<Vec<f32>, RunError> {
        let places = places(spans);
        let mut states = self.enter(embedded, spans, &places);
        let mut attention = self.rooms().pop().unwrap_or_default();
        attention.fit(&states);
        let given = self.through(&mut states, &mut attention, (spans, &places), output, captured, stop);
        self.rooms().push(attention);
        given
    }

    fn rooms(&self) -> MutexGuard<'_, Vec<Attention>> {
        // A room holds nothing that a panic could leave half done.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn through(
        &self,
        states: &mut States,
        attention: &mut Attention,
        (spans, places): (&[Range<usize>], &[Place]),
        output: Output,
        mut captured: Option<Capture>,
        stop: Stop,
    ) -> Result<Vec<f32>, RunError> {
        for (index, layer) in self.layers.iter().enumerate() {
            if stop() {
                return Err(RunError::Stopped);
            }
            let capture = captured.as_mut().map(|of| Capture { rows: of.rows.clone(), weights: of.weights });
            if index + 1 == self.layers.len() && output != Output::Tokens {
                let rows: Vec<usize> = places.iter().map(|place| place.scored(output)).collect();
                let states = self.scored(layer, states, attention, places, &rows, capture);
                return Ok(states.x[..rows.len() * self.heads.width()].to_vec());
            }
            self.layer(layer, states, attention, places, capture);
        }
        Ok(self.leave(states, spans, places))
    }

    /// One layer, all tokens.
    fn layer(
        &self,
        layer: &Layer,
        states: &mut States,
        attention: &mut Attention,
        places: &[Place],
        capture: Option<Capture>,
    ) {
        self.project(layer, &states.tiles, attention, true);
        if let Some(Capture { rows, weights }) = capture {
            let queries = &attention.queries[places[0].first * self.pairs()..];
            weights.extend(self.mean_weights(attention, places[0], queries, rows));
        }
        let (width, attention) = (self.pairs(), &*attention);
        let panels: Vec<(Place, usize)> =
            places.iter().flat_map(|&place| (0..place.panels()).map(move |panel| (place, panel))).collect();
        states.tiles.par_chunks_mut(width).zip(panels).for_each(|(out, (place, panel))| {
            let queries = &attention.queries[(place.first + panel) * width..][..width];
            self.attend(attention, place, queries, BLOCK.min(place.tokens - panel * BLOCK), out);
        });
        self.finish(layer, states);
    }

    /// The last layer, one row of each sequence: keys and values are needed of all tokens, the rest only of these.
    fn scored(
        &self,
        layer: &Layer,
        states: &States,
        attention: &mut Attention,
        places: &[Place],
        rows: &[usize],
        capture: Option<Capture>,
    ) -> States {
        self.project(layer, &states.tiles, attention, false);
        let mut scored = self.gather(states, rows);
        let mut queries = vec![Pair::ZERO; scored.tiles.len()];
        let width = self.pairs();
        self.level.with_multiply(|multiply| {
            layer.qkv.blocks(multiply, &scored.tiles, 0..width, |panel, column, sums, bias| {
                self.lanes.rows(
                    sums,
                    bias,
                    Then::Scale(self.heads.query_scale()),
                    &mut queries[panel * width + column],
                );
            });
        });
        let alone: Vec<Vec<Pair>> = (0..rows.len()).map(|row| row_alone(&queries, width, row)).collect();
        if let Some(Capture { weights, .. }) = capture {
            weights.extend(self.mean_weights(attention, places[0], &alone[0], 0..1));
        }
        let attended: Vec<Vec<Pair>> = alone
            .par_iter()
            .zip(places)
            .map(|(queries, place)| {
                let mut out = vec![Pair::ZERO; width];
                self.attend(attention, *place, queries, 1, &mut out);
                out
            })
            .collect();
        for (row, attended) in attended.iter().enumerate() {
            copy_row(&mut scored.tiles[row / BLOCK * width..], row % BLOCK, attended, 0);
        }
        self.finish(layer, &mut scored);
        scored
    }

    /// Keys and values of all rows, and queries if they are wanted.
    fn project(&self, layer: &Layer, x: &[Pair], attention: &mut Attention, queries: bool) {
        let (width, chunk) = (self.pairs(), self.chunk(x.len()));
        let outputs = if queries { 0..3 * width } else { width..3 * width };
        let scale = Then::Scale(self.heads.query_scale());
        let Attention { queries, keys, values } = attention;
        let out = queries.par_chunks_mut(chunk).zip(keys.par_chunks_mut(chunk)).zip(values.par_chunks_mut(chunk));
        x.par_chunks(chunk).zip(out).for_each(|(x, ((queries, keys), values))| {
            self.level.with_multiply(|multiply| {
                layer.qkv.blocks(multiply, x, outputs.clone(), |panel, column, sums, bias| {
                    let column = column + outputs.start;
                    let at = panel * width + column % width;
                    match column / width {
                        0 => self.lanes.rows(sums, bias, scale, &mut queries[at]),
                        1 => self.lanes.keys(sums, bias, &mut keys[at]),
                        _ => self.lanes.values(sums, bias, &mut values[at]),
                    }
                });
            });
        });
    }

    fn attend(&self, attention: &Attention, place: Place, queries: &[Pair], rows: usize, out: &mut [Pair]) {
        let attending = self.attending(attention, place);
        KEPT.with_borrow_mut(|(_, scratch)| {
            self.level.with_multiply(|multiply| attending.attend(self.lanes, multiply, queries, rows, scratch, out));
        });
    }

    /// What comes after attention, row by row; the tiles hold what was attended, `x` the layer's input.
    fn finish(&self, layer: &Layer, states: &mut States) {
        let (width, chunk) = (self.pairs(), self.chunk(states.tiles.len()));
        let tasks =
            states.tiles.par_chunks_mut(chunk).zip(states.x.par_chunks_mut(chunk / width * BLOCK * self.heads.width()));
        tasks.for_each(|(tiles, x)| {
            KEPT.with_borrow_mut(|(inner, _)| {
                self.level.with_multiply(|multiply| {
                    self.add(multiply, &layer.mixed, tiles, x);
                    self.norm(&layer.mixed_norm, x, tiles);
                    let outputs = layer.up.outputs();
                    inner.resize(tiles.len() / width * outputs.len(), Pair::ZERO);
                    layer.up.blocks(multiply, tiles, outputs.clone(), |panel, column, sums, bias| {
                        self.lanes.rows(sums, bias, layer.activation, &mut inner[panel * outputs.len() + column]);
                    });
                    self.add(multiply, &layer.down, inner, x);
                    self.norm(&layer.down_norm, x, tiles);
                });
            });
        });
    }

    /// `x += W·tiles + bias`
    fn add(&self, multiply: Multiply, linear: &Linear, tiles: &[Pair], x: &mut [f32]) {
        let width = self.heads.width();
        linear.blocks(multiply, tiles, linear.outputs(), |panel, column, sums, bias| {
            self.lanes.add(sums, bias, &mut x[panel * BLOCK * width + column * BLOCK..], width);
        });
    }

    /// `x = norm(x)`, and its tiles.
    fn norm(&self, norm: &Norm, x: &mut [f32], tiles: &mut [Pair]) {
        let panels = x.chunks_exact_mut(BLOCK * self.heads.width());
        panels.zip(tiles.chunks_exact_mut(self.pairs())).for_each(|(x, tiles)| self.lanes.norm(norm, x, tiles));
    }

    fn attending<'a>(&self, attention: &'a Attention, place: Place) -> Attending<'a> {
        let pairs = place.first * self.pairs()..(place.first + place.panels()) * self.pairs();
        let (keys, values) = (&attention.keys[pairs.clone()], &attention.values[pairs]);
        Attending { heads: self.heads, keys, values, tokens: place.tokens }
    }

    /// The mean attention `[heads, tokens]` of some rows of `queries`, a head at a time on every thread: who asks for
    /// attention waits for one pair.
    fn mean_weights(&self, attention: &Attention, place: Place, queries: &[Pair], rows: Range<usize>) -> Vec<f32> {
        let attending = self.attending(attention, place);
        let of =
            |head| self.level.with_multiply(|multiply| attending.mean_weights(multiply, head, queries, rows.clone()));
        (0..self.heads.count).into_par_iter().flat_map_iter(of).collect()
    }

    /// Pairs of a panel.
    fn pairs(&self) -> usize {
        self.heads.width() / BLOCK
    }

    /// Pairs of a task, of `pairs` in all.
    fn chunk(&self, pairs: usize) -> usize {
        let panels = pairs / self.pairs();
        panels.div_ceil(rayon::current_num_threads()).clamp(1, PANELS) * self.pairs()
    }

    /// Packed rows into panels.
    fn enter(&self, embedded: &[f32], spans: &[Range<usize>], places: &[Place]) -> States {
        let width = self.heads.width();
        let mut states = States::zeroed(places.last().map_or(0, |place| place.first + place.panels()), width);
        for (span, place) in spans.iter().zip(places) {
            let rows = &embedded[span.start * width..span.end * width];
            states.x[place.first * BLOCK * width..][..rows.len()].copy_from_slice(rows);
        }
        states.round(self.lanes, width);
        states
    }

    /// Panels into packed rows.
    fn leave(&self, states: &States, spans: &[Range<usize>], places: &[Place]) -> Vec<f32> {
        let width = self.heads.width();
        let mut rows = Vec::with_capacity(spans.last().map_or(0, |span| span.end) * width);
        for (span, place) in spans.iter().zip(places) {
            rows.extend_from_slice(&states.x[place.first * BLOCK * width..][..span.len() * width]);
        }
        rows
    }

    /// Some rows, in panels of their own.
    fn gather(&self, states: &States, rows: &[usize]) -> States {
        let width = self.heads.width();
        let mut gathered = States::zeroed(rows.len().div_ceil(BLOCK), width);
        for (row, out) in rows.iter().zip(gathered.x.chunks_exact_mut(width)) {
            out.copy_from_slice(&states.x[row * width..(row + 1) * width]);
        }
        gathered.round(self.lanes, width);
        gathered
    }
}

impl States {
    fn zeroed(panels: usize, width: usize) -> Self {
        States { x: vec![0.0; panels * BLOCK * width], tiles: vec![Pair::ZERO; panels * width / BLOCK] }
    }

    /// The tiles of `x`.
    fn round(&mut self, lanes: Lanes, width: usize) {
        let panels = self.x.par_chunks(BLOCK * width).zip(self.tiles.par_chunks_mut(width / BLOCK));
        panels.for_each(|(x, tiles)| crate::model::packed::round_rows(lanes, x, width, tiles));
    }
}

impl Attention {
    /// Room for as much as the states have; what it holds is nothing's.
    fn fit(&mut self, states: &States) {
        for pairs in [&mut self.queries, &mut self.keys, &mut self.values] {
            pairs.resize(states.tiles.len(), Pair::ZERO);
        }
    }
}

impl Place {
    /// The row that `output` asks for.
    fn scored(self, output: Output) -> usize {
        let row = if output == Output::Last { self.tokens - 1 } else { 0 };
        self.first * BLOCK + row
    }
}

/// Sequences one after another, each at the beginning of a panel.
fn places(spans: &[Range<usize>]) -> Vec<Place> {
    let mut first = 0;
    let place = |span: &Range<usize>| {
        let place = Place { first, tokens: span.len() };
        first += place.panels();
        place
    };
    spans.iter().map(place).collect()
}
