//! Qwen3 in candle's own operations, on any device and in any of its number formats. Products are in that format; what
//! layers add up, the norms between them, the softmax and what is captured are in f32: in bf16 the sums of 28 layers
//! would keep two digits, and in f16 they overflow. Heads are normalised and turned in f32 too, and rounded once.

use candle_core::{D, DType, Device, Tensor};
use candle_nn::ops::{rms_norm, softmax_last_dim};
use candle_nn::rotary_emb::rope_thd;

use super::compute::{Compute, Rows};
use super::config::Config;
use super::gather::Gather;
use super::names;
use super::plan::Plan;
use super::rope::Rotation;
use crate::model::ModelError;
use crate::model::forward::RunError;
use crate::model::weights::Weights;

type Result<T> = candle_core::Result<T>;

pub struct Portable {
    config: Config,
    device: Device,
    dtype: DType,
    words: Tensor,
    layers: Vec<Layer>,
    norm: Tensor,
}

/// Weights as files hold them, `[output, input]`; the norms of the sums in f32.
struct Layer {
    attention_norm: Tensor,
    /// Queries, keys and values one below the other.
    qkv: Tensor,
    query_norm: Tensor,
    key_norm: Tensor,
    mixed: Tensor,
    feed_norm: Tensor,
    /// Gate and up one below the other.
    gate_up: Tensor,
    down: Tensor,
}

/// Keys and values of one layer, each `[tokens, key width]`.
#[derive(Debug, Clone, Default)]
pub struct Memory(Option<[Tensor; 2]>);

/// What is the same for every layer.
pub struct Step {
    cos: Tensor,
    sin: Tensor,
    all: Gather,
    last: Gather,
    /// The last row of each sequence.
    last_rows: Tensor,
    /// Where the keys of the first sequence are.
    first: Tensor,
}

impl Portable {
    /// # Errors
    /// If a tensor is missing or has another shape than the config says, or the device has no room for it.
    pub fn load(
        weights: &Weights,
        config: &Config,
        device: Device,
        dtype: DType,
    ) -> std::result::Result<Self, ModelError> {
        let tensor = |name: &str, shape: &[usize], dtype| weights.tensor(name, shape, dtype, &device);
        let words = tensor(names::WORDS, &[config.vocab_size, config.hidden_size], dtype)?;
        let norm = tensor(names::NORM, &[config.hidden_size], DType::F32)?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| Layer::load(&tensor, index, config, dtype))
            .collect::<std::result::Result<_, _>>()?;
        Ok(Portable { config: config.clone(), device, dtype, words, layers, norm })
    }

    fn head_dim(&self) -> usize {
        self.config.head_dim
    }

    fn norm_rows(&self, x: &Tensor, gain: &Tensor) -> Result<Tensor> {
        rms_norm(x, gain, self.config.rms_norm_eps)
    }

    /// Normalises each head of `[rows, heads · size]` and turns it to its row's position.
    fn turn(&self, x: &Tensor, gain: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
        let (rows, width) = x.dims2()?;
        let heads = width / self.head_dim();
        let normed =
            self.norm_rows(&x.to_dtype(DType::F32)?.contiguous()?.reshape((rows * heads, self.head_dim()))?, gain)?;
        rope_thd(&normed.reshape((1, rows, heads, self.head_dim()))?, cos, sin)?
            .reshape((rows, width))?
            .to_dtype(self.dtype)
    }

    /// `[queries, width]` of gathered queries over gathered keys and values.
    fn attend(&self, queries: &Tensor, keys: &Tensor, values: &Tensor, gather: &Gather) -> Result<Tensor> {
        let (heads, size, group) = (self.config.num_key_value_heads, self.head_dim(), self.config.group());
        let mut parts = Vec::with_capacity(gather.batches.len());
        for batch in &gather.batches {
            let (count, rows, length) = batch.shape;
            let pick =
                |x: &Tensor| x.index_select(&batch.keys, 0)?.reshape((count, length, heads, size))?.transpose(1, 2);
            let queries = queries.index_select(&batch.queries, 0)?.reshape((count, rows, heads, group, size))?;
            let queries =
                queries.permute((0, 2, 3, 1, 4))?.contiguous()?.reshape((count, heads, group * rows, size))?;
            let scores = queries.matmul(&pick(keys)?.contiguous()?.t()?)?.to_dtype(DType::F32)?;
            let scores = (scores * self.scale())?.reshape((count, heads, group, rows, length))?;
            let weights = softmax_last_dim(&scores.broadcast_add(&batch.mask)?)?.to_dtype(self.dtype)?;
            let weights = weights.reshape((count, heads, group * rows, length))?;
            let mixed = weights.matmul(&pick(values)?.contiguous()?)?;
            let mixed = mixed.reshape((count, heads, group, rows, size))?.permute((0, 3, 1, 2, 4))?;
            parts.push(mixed.contiguous()?.reshape((count * rows, heads * group * size))?);
        }
        let parts = if let [part] = &parts[..] { part.clone() } else { Tensor::cat(&parts, 0)? };
        parts.index_select(&gather.back, 0)
    }

    /// `[heads, positions]` of one query, `[1, width]`.
    fn weights_of(&self, query: &Tensor, keys: &Tensor, first: &Tensor) -> Result<Tensor> {
        let (heads, size, group) = (self.config.num_key_value_heads, self.head_dim(), self.config.group());
        let query = query.to_dtype(DType::F32)?.reshape((heads, group, size))?;
        let keys = keys.index_select(first, 0)?.to_dtype(DType::F32)?;
        let keys = keys.reshape(((), heads, size))?.permute((1, 2, 0))?.contiguous()?;
        softmax_last_dim(&(query.matmul(&keys)? * self.scale())?)?.flatten_all()
    }

    fn scale(&self) -> f64 {
        1.0 / (self.head_dim() as f64).sqrt()
    }

    fn feed(&self, layer: &Layer, x: &Tensor) -> Result<Tensor> {
        let both = self.norm_rows(x, &layer.feed_norm)?.to_dtype(self.dtype)?.matmul(&layer.gate_up.t()?)?;
        let inner = self.config.intermediate_size;
        let product = (both.narrow(1, 0, inner)?.silu()? * both.narrow(1, inner, inner)?)?;
        x + product.matmul(&layer.down.t()?)?.to_dtype(DType::F32)?
    }

    fn layer_of(
        &self,
        index: usize,
        x: &Tensor,
        (plan, step): (&Plan, &Step),
        memory: &Memory,
        wanted: Rows,
        capture: bool,
    ) -> Result<(Tensor, Memory, Option<Tensor>)> {
        let layer = &self.layers[index];
        let (queries, width) = (self.config.query_width(), self.config.key_width());
        let normed = self.norm_rows(x, &layer.attention_norm)?.to_dtype(self.dtype)?;
        let (query, keys, values) = match wanted {
            Rows::All => {
                let qkv = normed.matmul(&layer.qkv.t()?)?;
                let query = self.turn(&qkv.narrow(1, 0, queries)?, &layer.query_norm, &step.cos, &step.sin)?;
                (query, qkv.narrow(1, queries, width)?, qkv.narrow(1, queries + width, width)?)
            }
            Rows::Last => {
                let kv = normed.matmul(&layer.qkv.narrow(0, queries, 2 * width)?.t()?)?;
                let last = normed.index_select(&step.last_rows, 0)?.matmul(&layer.qkv.narrow(0, 0, queries)?.t()?)?;
                let [cos, sin] = [&step.cos, &step.sin].map(|table| table.index_select(&step.last_rows, 0));
                let query = self.turn(&last, &layer.query_norm, &cos?, &sin?)?;
                (query, kv.narrow(1, 0, width)?, kv.narrow(1, width, width)?)
            }
        };
        let keys = self.turn(&keys, &layer.key_norm, &step.cos, &step.sin)?;
        let shared = shared(plan, &keys, &values)?;
        let [keys, values] = joined(memory, plan.kept, [keys, values])?;
        let (gather, x, first) = match wanted {
            Rows::All => (&step.all, x.clone(), plan.last_rows().next().unwrap_or(0)),
            Rows::Last => (&step.last, x.index_select(&step.last_rows, 0)?, 0),
        };
        let weights = match capture {
            true => Some(self.weights_of(&query.narrow(0, first, 1)?, &keys, &step.first)?),
            false => None,
        };
        let attended = self.attend(&query, &keys, &values, gather)?;
        let x = (x + attended.matmul(&layer.mixed.t()?)?.to_dtype(DType::F32)?)?;
        Ok((self.feed(layer, &x)?, shared, weights))
    }
}

impl Layer {
    fn load(
        tensor: &impl Fn(&str, &[usize], DType) -> std::result::Result<Tensor, ModelError>,
        index: usize,
        config: &Config,
        dtype: DType,
    ) -> std::result::Result<Self, ModelError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let (queries, keys) = (config.query_width(), config.key_width());
        let of =
            |part: &str, shape: &[usize], dtype| tensor(&format!("{}.weight", names::layer(index, part)), shape, dtype);
        let part = |part: &str, shape: &[usize]| of(part, shape, dtype);
        let stacked = |parts: &[(&str, usize)]| {
            let tensors = parts.iter().map(|&(name, output)| part(name, &[output, hidden]));
            let tensors: Vec<_> = tensors.collect::<std::result::Result<_, ModelError>>()?;
            let failed = |error: candle_core::Error| ModelError::Run {
                model: names::layer(index, parts[0].0),
                reason: error.to_string(),
            };
            Tensor::cat(&tensors, 0).map_err(failed)
        };
        Ok(Layer {
            attention_norm: of(names::ATTENTION_NORM, &[hidden], DType::F32)?,
            qkv: stacked(&[(names::QUERY, queries), (names::KEY, keys), (names::VALUE, keys)])?,
            query_norm: of(names::QUERY_NORM, &[config.head_dim], DType::F32)?,
            key_norm: of(names::KEY_NORM, &[config.head_dim], DType::F32)?,
            mixed: part(names::MIXED, &[hidden, queries])?,
            feed_norm: of(names::FEED_NORM, &[hidden], DType::F32)?,
            gate_up: stacked(&[(names::GATE, inner), (names::UP, inner)])?,
            down: part(names::DOWN, &[hidden, inner])?,
        })
    }
}

/// Keys and values of the shared rows. Copied, so that they do not keep those of the whole call.
fn shared(plan: &Plan, keys: &Tensor, values: &Tensor) -> Result<Memory> {
    if plan.shared == 0 {
        return Ok(Memory(None));
    }
    Ok(Memory(Some([keys.narrow(0, 0, plan.shared)?.copy()?, values.narrow(0, 0, plan.shared)?.copy()?])))
}

/// What an earlier call left and what this one made, one below the other.
fn joined(memory: &Memory, kept: usize, new: [Tensor; 2]) -> Result<[Tensor; 2]> {
    let [keys, values] = new;
    match &memory.0 {
        Some([old_keys, old_values]) if kept > 0 => Ok([
            Tensor::cat(&[old_keys.narrow(0, 0, kept)?, keys], 0)?,
            Tensor::cat(&[old_values.narrow(0, 0, kept)?, values], 0)?,
        ]),
        _ => Ok([keys, values.contiguous()?]),
    }
}

impl Compute for Portable {
    type State = Tensor;
    type Memory = Memory;
    type Step = Step;
    type Attention = Tensor;

    fn layers(&self) -> usize {
        self.layers.len()
    }

    fn prepare(&self, plan: &Plan) -> std::result::Result<Step, RunError> {
        let Rotation { cos, sin, half } = Rotation::new(&self.config, plan.positions());
        let table = |values: Vec<f32>| Tensor::from_vec(values, (plan.ids.len(), half), &self.device);
        let last_rows: Vec<u32> = plan.last_rows().map(|row| row as u32).collect();
        let heads = self.config.num_attention_heads;
        Ok(Step {
            cos: table(cos)?,
            sin: table(sin)?,
            all: Gather::all(plan, heads, &self.device)?,
            last: Gather::last(plan, heads, &self.device)?,
            last_rows: Tensor::new(last_rows, &self.device)?,
            first: Tensor::new(Gather::keys_of(plan, 0), &self.device)?,
        })
    }

    fn embed(&self, plan: &Plan, _: &Step) -> std::result::Result<Tensor, RunError> {
        let ids = &plan.ids[..];
        // Devices do not look where an index leads.
        if let Some(id) = ids.iter().find(|&&id| id as usize >= self.config.vocab_size) {
            return Err(RunError::Input(format!("token {id} is not in the network's table")));
        }
        Ok(self.words.index_select(&Tensor::new(ids, &self.device)?, 0)?.to_dtype(DType::F32)?)
    }

    fn layer(
        &self,
        index: usize,
        x: Tensor,
        step: (&Plan, &Step),
        memory: &Memory,
        wanted: Rows,
        capture: bool,
    ) -> std::result::Result<(Tensor, Memory, Option<Tensor>), RunError> {
        Ok(self.layer_of(index, &x, step, memory, wanted, capture)?)
    }

    fn remember(memory: &mut Memory, kept: usize, shared: Memory) -> std::result::Result<(), RunError> {
        memory.0 = match (memory.0.take(), shared.0) {
            (Some([keys, values]), None) => {
                Some([keys.narrow(0, 0, kept)?.copy()?, values.narrow(0, 0, kept)?.copy()?])
            }
            (None, new) => new,
            (old, Some(new)) => Some(joined(&Memory(old), kept, new)?),
        };
        Ok(())
    }

    fn finish(&self, x: Tensor) -> std::result::Result<Vec<f32>, RunError> {
        Ok(self.norm_rows(&x, &self.norm)?.flatten_all()?.to_vec1()?)
    }

    fn weights(rows: Vec<Tensor>) -> std::result::Result<Vec<f32>, RunError> {
        Ok(Tensor::cat(&rows, D::Minus1)?.to_vec1()?)
    }
}
