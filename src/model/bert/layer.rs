//! One transformer layer in f32: matrix products through candle, everything between them in place on the slices.

use std::ops::Range;

use candle_core::{CpuStorage, Device, InplaceOp1, InplaceOp2, Layout, Storage, Tensor, bail};
use rayon::prelude::*;

use super::attend;
use super::config::Activation;
use super::names::{self, LayerTensors};
use crate::model::kernels::{self, Norm};
use crate::model::packed::Heads;

/// Values a thread works on at a time in element-wise passes: 128 KB, a part of any L2 cache.
const CHUNK: usize = 32 * 1024;

/// `x·Wᵀ` with its bias kept apart, because what follows adds it in the same pass.
#[derive(Debug)]
struct Linear {
    /// `[in, out]`, transposed from what files hold: a product with few rows (one request) then takes half the time,
    /// because gemm reads such weights in order.
    weight: Tensor,
    bias: Vec<f32>,
}

pub struct Layer {
    /// Queries, keys and values side by side: `[hidden, 3 · hidden]`.
    qkv: Linear,
    mixed: Linear,
    mixed_norm: Norm,
    up: Linear,
    activation: Activation,
    down: Linear,
    down_norm: Norm,
}

/// Where the attention of one token goes.
pub struct Capture<'a> {
    /// The mean of these tokens' attention is kept; all are of the first sequence.
    pub rows: Range<usize>,
    pub weights: &'a mut Vec<f32>,
}

impl Linear {
    fn new(linear: names::Linear) -> candle_core::Result<Self> {
        let names::Linear { weight, bias, inputs } = linear;
        let matrix = Tensor::from_vec(weight, (bias.len(), inputs), &Device::Cpu)?;
        Ok(Linear { weight: matrix.t()?.contiguous()?, bias })
    }

    /// `x·Wᵀ`, without the bias.
    fn product(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        x.matmul(&self.weight)
    }

    /// `x·Wᵀ + bias`
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.forward_part(x, 0..self.bias.len())
    }

    /// The same for some of the outputs.
    fn forward_part(&self, x: &Tensor, outputs: Range<usize>) -> candle_core::Result<Tensor> {
        let bias = &self.bias[outputs.clone()];
        let y = match outputs.len() == self.bias.len() {
            true => x.matmul(&self.weight)?,
            false => x.matmul(&self.weight.narrow(1, outputs.start, outputs.len())?)?,
        };
        in_place(&y, |rows| kernels::add_bias(rows, bias), bias.len())?;
        Ok(y)
    }

    /// `activation(x·Wᵀ + bias)`
    fn forward_activated(&self, x: &Tensor, activation: Activation) -> candle_core::Result<Tensor> {
        let activate = match activation {
            Activation::Gelu => kernels::bias_gelu,
            Activation::GeluTanh => kernels::bias_gelu_tanh,
            Activation::Relu => kernels::bias_relu,
        };
        let y = self.product(x)?;
        in_place(&y, |rows| activate(rows, &self.bias), self.bias.len())?;
        Ok(y)
    }
}

impl Layer {
    pub fn new(tensors: LayerTensors, activation: Activation) -> candle_core::Result<Self> {
        let LayerTensors { qkv, mixed, mixed_norm, up, down, down_norm } = tensors;
        let [qkv, mixed, up, down] = [qkv, mixed, up, down].map(Linear::new);
        Ok(Layer { qkv: qkv?, mixed: mixed?, mixed_norm, up: up?, activation, down: down?, down_norm })
    }

    /// All tokens: `[tokens, hidden]` to the same.
    pub fn forward(
        &self,
        x: &Tensor,
        spans: &[Range<usize>],
        heads: Heads,
        capture: Option<Capture>,
    ) -> candle_core::Result<Tensor> {
        let qkv = self.qkv.forward(x)?;
        let attended = with_slice(&qkv, |qkv| {
            if let Some(Capture { rows, weights }) = capture {
                let width = self.qkv.bias.len();
                weights.extend(attend::mean_weights(&qkv[..spans[0].end * width], rows, heads));
            }
            attend::attend(qkv, spans, heads)
        })?;
        self.finish(Tensor::from_vec(attended, x.dims2()?, x.device())?, x)
    }

    /// One token of each sequence, those in `rows`: `[tokens, hidden]` to `[sequences, hidden]`. Keys and values are
    /// still needed of all tokens, the rest of the layer only of these.
    pub fn forward_scored(
        &self,
        x: &Tensor,
        spans: &[Range<usize>],
        heads: Heads,
        rows: &[u32],
        capture: Option<Capture>,
    ) -> candle_core::Result<Tensor> {
        let (_, hidden) = x.dims2()?;
        let scored = x.index_select(&Tensor::new(rows, x.device())?, 0)?;
        let queries = self.qkv.forward_part(&scored, 0..hidden)?;
        let keys_values = self.qkv.forward_part(x, hidden..3 * hidden)?;
        let (attended, weights) = with_slice(&queries, |queries| {
            with_slice(&keys_values, |keys_values| attend::attend_rows(queries, keys_values, spans, heads))
        })??;
        if let Some(capture) = capture {
            capture.weights.extend(&weights[..heads.count * spans[0].len()]);
        }
        self.finish(Tensor::from_vec(attended, scored.dims2()?, x.device())?, &scored)
    }

    /// What comes after attention, row by row; `x` is the layer's input.
    fn finish(&self, attended: Tensor, x: &Tensor) -> candle_core::Result<Tensor> {
        let mixed = self.mixed.product(&attended)?;
        add_norm(&mixed, x, &self.mixed.bias, &self.mixed_norm)?;
        let inner = self.up.forward_activated(&mixed, self.activation)?;
        let out = self.down.product(&inner)?;
        add_norm(&out, &mixed, &self.down.bias, &self.down_norm)?;
        Ok(out)
    }
}

/// Runs `work` on whole rows of a contiguous f32 tensor, in parallel.
fn in_place(x: &Tensor, work: impl Fn(&mut [f32]) + Sync, width: usize) -> candle_core::Result<()> {
    struct Rows<F>(F, usize);
    impl<F: Fn(&mut [f32]) + Sync> InplaceOp1 for Rows<F> {
        fn name(&self) -> &'static str {
            "rows"
        }

        fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
            slice_mut(storage, layout)?.par_chunks_mut(chunk(self.1)).for_each(&self.0);
            Ok(())
        }
    }
    x.inplace_op1(&Rows(work, width))
}

/// `x = norm(x + residual + bias)`
fn add_norm(x: &Tensor, residual: &Tensor, bias: &[f32], norm: &Norm) -> candle_core::Result<()> {
    struct AddNorm<'a>(&'a [f32], &'a Norm);
    impl InplaceOp2 for AddNorm<'_> {
        fn name(&self) -> &'static str {
            "add-norm"
        }

        fn cpu_fwd(&self, s1: &mut CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> candle_core::Result<()> {
            let chunk = chunk(self.0.len());
            let residual = slice(s2, l2)?.par_chunks(chunk);
            let rows = slice_mut(s1, l1)?.par_chunks_mut(chunk);
            rows.zip(residual).for_each(|(rows, residual)| self.1.apply_residual(rows, residual, self.0));
            Ok(())
        }
    }
    x.inplace_op2(residual, &AddNorm(bias, norm))
}

/// Whole rows that together come near [`CHUNK`].
fn chunk(width: usize) -> usize {
    (CHUNK / width).max(1) * width
}

fn with_slice<R>(x: &Tensor, work: impl FnOnce(&[f32]) -> R) -> candle_core::Result<R> {
    let (storage, layout) = x.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(work(slice(storage, layout)?)),
        _ => bail!("a tensor that is not in main memory"),
    }
}

fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match (layout.contiguous_offsets(), storage) {
        (Some((start, end)), CpuStorage::F32(values)) => Ok(&values[start..end]),
        _ => bail!("a tensor that is not contiguous f32"),
    }
}

fn slice_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> candle_core::Result<&'a mut [f32]> {
    match (layout.contiguous_offsets(), storage) {
        (Some((start, end)), CpuStorage::F32(values)) => Ok(&mut values[start..end]),
        _ => bail!("a tensor that is not contiguous f32"),
    }
}
