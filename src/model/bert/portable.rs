//! The layers in candle's operations, for any device and number format.
//!
//! Linear layers and norms see the packed `[tokens, hidden]`. For attention, sequences of about the same length are
//! gathered into padded `[sequences, heads, longest, size]`, what is padding is masked, and the results are gathered
//! back. Norms and softmax are computed in f32 whatever the format of the states.

use std::ops::Range;

use candle_core::{D, DType, Device, Result, Tensor};

use super::config::Activation;
use super::layer::Capture;
use super::names::{self, LayerTensors};
use super::scored;
use crate::model::forward::{Output, RunError};
use crate::model::{Stop, kernels};

/// Scores (f32) that attention holds at once: 256 MB. Long sequences are attended in blocks of queries.
const SCORES: usize = 64 << 20;

pub struct Layers {
    layers: Vec<Layer>,
    heads: usize,
    device: Device,
    dtype: DType,
}

struct Layer {
    qkv: Linear,
    mixed: Linear,
    mixed_norm: Norm,
    up: Linear,
    activation: Activation,
    down: Linear,
    down_norm: Norm,
}

struct Linear {
    /// `[outputs, inputs]`
    weight: Tensor,
    bias: Tensor,
}

/// In f32.
struct Norm {
    gain: Tensor,
    shift: Tensor,
    epsilon: f64,
}

impl Layers {
    pub fn new(heads: usize, device: &Device, dtype: DType) -> Self {
        Layers { layers: Vec::new(), heads, device: device.clone(), dtype }
    }

    /// Puts the next layer on the device.
    pub fn push(&mut self, tensors: LayerTensors, activation: Activation) -> Result<()> {
        self.layers.push(Layer::new(tensors, activation, &self.device, self.dtype)?);
        Ok(())
    }

    /// `[tokens, hidden]` to what `output` asks for; `captured` receives the attention it asks for.
    pub fn forward(
        &self,
        embedded: Vec<f32>,
        spans: &[Range<usize>],
        output: Output,
        captured: Option<Capture>,
        stop: Stop,
    ) -> std::result::Result<Vec<f32>, RunError> {
        let tokens = spans.last().map_or(0, |span| span.end);
        let width = embedded.len() / tokens;
        let plan = Plan::new(spans, self.heads, &self.device)?;
        let ends = Tensor::new(scored(spans, output), &self.device)?;
        let first = spans[0].len();
        let mut weights = Vec::new();
        let mut states = Tensor::from_vec(embedded, (tokens, width), &self.device)?.to_dtype(self.dtype)?;
        for (index, layer) in self.layers.iter().enumerate() {
            if stop() {
                return Err(RunError::Stopped);
            }
            let only_scored = index + 1 == self.layers.len() && output != Output::Tokens;
            let x = if only_scored { states.index_select(&ends, 0)? } else { states.clone() };
            let queries = layer.qkv.part(&x, 0..width)?;
            let keys_values = layer.qkv.part(&states, width..3 * width)?;
            if let Some(Capture { rows, .. }) = &captured {
                // Of the scored tokens, the first is the first sequence's.
                let rows = if only_scored { 0..1 } else { rows.clone() };
                let keys = keys_values.narrow(0, 0, first)?.narrow(1, 0, width)?;
                weights.push(plan.weights(&queries.narrow(0, rows.start, rows.len())?, &keys)?);
            }
            let attended = plan.attend(&queries, &keys_values, !only_scored)?;
            states = layer.finish(&attended, &x)?;
        }
        if let Some(captured) = captured {
            // One copy from the device, not one per layer.
            captured.weights.extend(Tensor::cat(&weights, 0)?.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(states.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }
}

impl Layer {
    fn new(tensors: LayerTensors, activation: Activation, device: &Device, dtype: DType) -> Result<Self> {
        let linear = |linear| Linear::new(linear, device, dtype);
        Ok(Layer {
            qkv: linear(tensors.qkv)?,
            mixed: linear(tensors.mixed)?,
            mixed_norm: Norm::new(tensors.mixed_norm, device)?,
            up: linear(tensors.up)?,
            activation,
            down: linear(tensors.down)?,
            down_norm: Norm::new(tensors.down_norm, device)?,
        })
    }

    /// What comes after attention, row by row; `x` is the layer's input.
    fn finish(&self, attended: &Tensor, x: &Tensor) -> Result<Tensor> {
        let mixed = self.mixed_norm.forward(&(self.mixed.forward(attended)? + x)?)?;
        let inner = self.up.forward(&mixed)?;
        let inner = match self.activation {
            Activation::Gelu => inner.gelu_erf()?,
            Activation::GeluTanh => inner.gelu()?,
            Activation::Relu => inner.relu()?,
        };
        self.down_norm.forward(&(self.down.forward(&inner)? + &mixed)?)
    }
}

impl Linear {
    fn new(linear: names::Linear, device: &Device, dtype: DType) -> Result<Self> {
        let names::Linear { weight, bias, inputs } = linear;
        let weight = Tensor::from_vec(weight, (bias.len(), inputs), &Device::Cpu)?.to_dtype(dtype)?;
        let bias = Tensor::new(bias, &Device::Cpu)?.to_dtype(dtype)?;
        Ok(Linear { weight: weight.to_device(device)?, bias: bias.to_device(device)? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }

    /// Some of the outputs.
    fn part(&self, x: &Tensor, outputs: Range<usize>) -> Result<Tensor> {
        let (start, length) = (outputs.start, outputs.len());
        Linear { weight: self.weight.narrow(0, start, length)?, bias: self.bias.narrow(0, start, length)? }.forward(x)
    }
}

impl Norm {
    fn new(norm: kernels::Norm, device: &Device) -> Result<Self> {
        let kernels::Norm { gain, shift, epsilon } = norm;
        Ok(Norm { gain: Tensor::new(gain, device)?, shift: Tensor::new(shift, device)?, epsilon: f64::from(epsilon) })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let rows = x.to_dtype(DType::F32)?;
        let rows = rows.broadcast_sub(&rows.mean_keepdim(D::Minus1)?)?;
        let variance = rows.sqr()?.mean_keepdim(D::Minus1)?;
        let rows = rows.broadcast_div(&(variance + self.epsilon)?.sqrt()?)?;
        rows.broadcast_mul(&self.gain)?.broadcast_add(&self.shift)?.to_dtype(x.dtype())
    }
}

/// How the packed tokens of a step are gathered for attention, the same for all layers.
struct Plan {
    heads: usize,
    buckets: Vec<Bucket>,
    /// `[tokens]`: where each packed token is among the rows of all buckets.
    back: Tensor,
    /// `[sequences]`: where each sequence is among those of all buckets.
    back_sequences: Tensor,
}

/// Sequences of about the same length.
struct Bucket {
    count: usize,
    /// `[count · longest]`: the packed token of each row; padding has the sequence's first.
    rows: Tensor,
    /// `[count]`: the sequences' numbers.
    sequences: Tensor,
    /// `[count, 1, 1, longest]`: 0, and −∞ where a row is padding; none where none is.
    mask: Option<Tensor>,
}

impl Plan {
    fn new(spans: &[Range<usize>], heads: usize, device: &Device) -> Result<Self> {
        let mut order: Vec<usize> = (0..spans.len()).collect();
        order.sort_by_key(|&sequence| std::cmp::Reverse(spans[sequence].len()));
        let mut back = vec![0u32; spans.last().map_or(0, |span| span.end)];
        let mut back_sequences = vec![0u32; spans.len()];
        let (mut made, mut rows_before, mut sequences_before) = (Vec::new(), 0, 0);
        for members in buckets(&order, spans) {
            let longest = spans[members[0]].len();
            for (place, &sequence) in members.iter().enumerate() {
                back_sequences[sequence] = (sequences_before + place) as u32;
                for (offset, token) in spans[sequence].clone().enumerate() {
                    back[token] = (rows_before + place * longest + offset) as u32;
                }
            }
            rows_before += members.len() * longest;
            sequences_before += members.len();
            made.push(Bucket::new(members, longest, spans, device)?);
        }
        let (back, back_sequences) = (Tensor::new(back, device)?, Tensor::new(back_sequences, device)?);
        Ok(Plan { heads, buckets: made, back, back_sequences })
    }

    /// `queries` is `[tokens, width]`, or `[sequences, width]` if not `all`; `keys_values` is `[tokens, 2 · width]`.
    /// The answer has the shape of `queries`.
    fn attend(&self, queries: &Tensor, keys_values: &Tensor, all: bool) -> Result<Tensor> {
        let (_, width) = queries.dims2()?;
        let parts = self.buckets.iter().map(|bucket| {
            let keys_values = keys_values.index_select(&bucket.rows, 0)?;
            let keys = self.split(&keys_values.narrow(1, 0, width)?, bucket.count)?;
            let values = self.split(&keys_values.narrow(1, width, width)?, bucket.count)?;
            let chosen = if all { &bucket.rows } else { &bucket.sequences };
            let queries = self.split(&queries.index_select(chosen, 0)?, bucket.count)?;
            let attended = attend(&queries, &keys, &values, bucket.mask.as_ref())?;
            attended.transpose(1, 2)?.reshape(((), width))
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        Tensor::cat(&parts, 0)?.index_select(if all { &self.back } else { &self.back_sequences }, 0)
    }

    /// `[count · rows, width]` to `[count, heads, rows, size]`.
    fn split(&self, x: &Tensor, count: usize) -> Result<Tensor> {
        let (rows, width) = x.dims2()?;
        x.reshape((count, rows / count, self.heads, width / self.heads))?.transpose(1, 2)?.contiguous()
    }

    /// The mean attention weights `[heads, tokens]`, in f32, of queries `[queries, width]` over the keys
    /// `[tokens, width]` of their sequence.
    fn weights(&self, queries: &Tensor, keys: &Tensor) -> Result<Tensor> {
        let [queries, keys] = [queries, keys].map(|x| self.split(x, 1)?.to_dtype(DType::F32));
        softmax(&scores(&queries?, &keys?)?)?.mean(2)?.squeeze(0)
    }
}

/// Cuts the sequences, longest first, so that at most a quarter of a bucket's rows is padding.
fn buckets<'a>(order: &'a [usize], spans: &[Range<usize>]) -> Vec<&'a [usize]> {
    let (mut buckets, mut rest) = (Vec::new(), order);
    while let [first, ..] = rest {
        let near = |sequence: &usize| spans[*sequence].len() * 4 >= spans[*first].len() * 3;
        let (bucket, others) = rest.split_at(rest.partition_point(near));
        buckets.push(bucket);
        rest = others;
    }
    buckets
}

impl Bucket {
    fn new(members: &[usize], longest: usize, spans: &[Range<usize>], device: &Device) -> Result<Self> {
        let count = members.len();
        let (mut rows, mut mask) = (Vec::with_capacity(count * longest), Vec::with_capacity(count * longest));
        for &sequence in members {
            let Range { start, end } = spans[sequence];
            for offset in 0..longest {
                let real = start + offset < end;
                rows.push(if real { start + offset } else { start } as u32);
                mask.push(if real { 0.0 } else { f32::NEG_INFINITY });
            }
        }
        let padded = mask.iter().any(|x| *x != 0.0);
        let mask = padded.then(|| Tensor::from_vec(mask, (count, 1, 1, longest), device)).transpose()?;
        let sequences: Vec<u32> = members.iter().map(|&sequence| sequence as u32).collect();
        Ok(Bucket { count, rows: Tensor::new(rows, device)?, sequences: Tensor::new(sequences, device)?, mask })
    }
}

/// `softmax(Q·Kᵀ / √size + mask)·V`; all are `[count, heads, rows, size]`.
fn attend(queries: &Tensor, keys: &Tensor, values: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let (count, heads, rows, _) = queries.dims4()?;
    let block = (SCORES / (count * heads * keys.dim(2)?)).clamp(1, rows);
    let parts = (0..rows).step_by(block).map(|start| {
        let queries = queries.narrow(2, start, block.min(rows - start))?.contiguous()?;
        let scores = scores(&queries, keys)?;
        let scores = mask.map_or(Ok(scores.clone()), |mask| scores.broadcast_add(mask))?;
        softmax(&scores)?.to_dtype(values.dtype())?.matmul(values)
    });
    Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, 2)
}

/// `Q·Kᵀ / √size`, in f32.
fn scores(queries: &Tensor, keys: &Tensor) -> Result<Tensor> {
    let scale = 1.0 / (queries.dim(D::Minus1)? as f64).sqrt();
    queries.matmul(&keys.t()?)?.to_dtype(DType::F32)? * scale
}

fn softmax(scores: &Tensor) -> Result<Tensor> {
    let powers = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)
}
