//! BERT (Devlin et al., arXiv 1810.04805) and its plain relatives, post-norm, over packed sequences.
//!
//! The tokens of all sequences of a step lie one after another in `[tokens, hidden]`; linear layers see them as one
//! matrix, attention runs per sequence. In main memory the layers are our own loops ([`layer`]); anywhere else they are
//! candle's operations ([`portable`]). Nothing is padded in the first and everything
//! is masked in the second, so a text gets the same numbers whatever its neighbours, up to the blocking of the matrix
//! product (1e-6).

mod attend;
mod config;
mod layer;
mod names;
mod portable;
mod tiled;

use std::ops::Range;

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

pub use config::{Config, Family};
pub use names::Tensors;

use self::layer::{Capture, Layer};
use super::forward::{Hidden, Output, RunError, spans};
use super::kernels::Norm;
use super::packed::{Arithmetic, BLOCK, Heads};
use super::weights::{Table, Weights};
use super::{Attention, ModelError, Stop};
use crate::text::Encoding;

/// The encoder, without a head.
pub struct Bert {
    config: Config,
    /// Whether the tokenizer's segments are looked at.
    segments: bool,
    words: Table,
    /// `[positions, hidden]`
    positions: Vec<f32>,
    /// `[types, hidden]`
    types: Vec<f32>,
    norm: Norm,
    layers: Layers,
}

enum Layers {
    Loops(Vec<Layer>),
    Tiled(tiled::Layers),
    Candle(portable::Layers),
}

impl Layers {
    fn load(tensors: &Tensors, config: &Config, compute: Compute) -> Result<Self, ModelError> {
        let (count, activation) = (config.num_hidden_layers, config.hidden_act);
        let failed = |index: usize, error: candle_core::Error| ModelError::Run {
            model: format!("layer {index}"),
            reason: error.to_string(),
        };
        Ok(match compute {
            Compute::Loops(Arithmetic::F32) => {
                let layers = (0..count).into_par_iter().map(|index| {
                    let layer = Layer::new(tensors.layer(index)?, activation);
                    layer.map_err(|error| failed(index, error))
                });
                Layers::Loops(layers.collect::<Result<_, _>>()?)
            }
            Compute::Loops(Arithmetic::Bf16(level)) => {
                let layers = (0..count).into_par_iter();
                let layers = layers.map(|index| Ok(tiled::Layer::new(tensors.layer(index)?, activation, level)));
                Layers::Tiled(tiled::Layers::new(level, config.heads(), layers.collect::<Result<_, ModelError>>()?))
            }
            Compute::Candle(device, dtype) => {
                let mut layers = portable::Layers::new(config.num_attention_heads, device, dtype);
                for index in 0..count {
                    let added = layers.push(tensors.layer(index)?, activation);
                    added.map_err(|error| failed(index, error))?;
                }
                Layers::Candle(layers)
            }
        })
    }
}

/// Where and in which numbers the layers are computed.
#[derive(Debug, Clone, Copy)]
pub enum Compute<'a> {
    /// In main memory, by our own loops; in bf16 only what is [`Bert::in_blocks`].
    Loops(Arithmetic),
    /// On any device, by candle's operations.
    Candle(&'a Device, DType),
}

impl Bert {
    /// `segments` is whether the tokenizer says which segment a token is of; the relatives have no use for it.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape than the config says, or the device has no room for the weights.
    pub fn load(weights: &Weights, config: Config, segments: bool, compute: Compute) -> Result<Self, ModelError> {
        let (hidden, rows) = (config.hidden_size, config.max_position_embeddings);
        let tensors = Tensors::new(weights, &config);
        let norm = tensors.norm("embeddings.LayerNorm")?;
        let words = tensors.table("embeddings.word_embeddings.weight", config.vocab_size, hidden)?;
        let positions = tensors.matrix("embeddings.position_embeddings.weight", rows, hidden)?;
        let types = match config.type_vocab_size {
            0 => vec![0.0; hidden],
            types => tensors.matrix("embeddings.token_type_embeddings.weight", types, hidden)?,
        };
        let layers = Layers::load(&tensors, &config, compute)?;
        let segments = segments && config.family == Family::Bert;
        Ok(Bert { segments, words, positions, types, norm, layers, config })
    }

    /// Whether the layers can be computed in bf16 on a processor: theirs are products of whole blocks.
    pub fn in_blocks(config: &Config) -> bool {
        let Heads { size, .. } = config.heads();
        size.is_multiple_of(BLOCK) && config.intermediate_size.is_multiple_of(BLOCK)
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Runs the encoder on at least one sequence; `capture` keeps the attention rows of the first sequence's scored
    /// token (its first unless `output` is the last). Capturing changes no other number: the rows are computed beside
    /// the forward pass.
    pub fn forward(
        &self,
        sequences: &[&Encoding],
        output: Output,
        capture: bool,
        stop: Stop,
    ) -> Result<Hidden, RunError> {
        let spans = spans(sequences);
        let embedded = self.embed(sequences, &spans)?;
        let heads = self.config.heads();
        let mut weights = capture.then(Vec::new);
        let captured = weights.as_mut().map(|weights| {
            let first = scored(&spans, output)[0] as usize;
            Capture { rows: first..first + 1, weights }
        });
        let values = match &self.layers {
            Layers::Loops(layers) => loops(layers, embedded, &spans, heads, output, captured, stop)?,
            Layers::Tiled(layers) => layers.forward(&embedded, &spans, output, captured, stop)?,
            Layers::Candle(layers) => layers.forward(embedded, &spans, output, captured, stop)?,
        };
        let (layers, positions) = (self.config.num_hidden_layers, spans.first().map_or(0, |span| span.len()));
        let attention = weights.map(|weights| Attention { layers, heads: heads.count, positions, weights });
        Ok(Hidden { values, spans, attention })
    }

    /// The mean attention of some tokens of one sequence: a pass of its own, in which every layer computes all tokens.
    pub fn attention_of(&self, sequence: &Encoding, rows: Range<usize>, stop: Stop) -> Result<Attention, RunError> {
        let spans = spans(&[sequence]);
        let embedded = self.embed(&[sequence], &spans)?;
        let heads = self.config.heads();
        let mut weights = Vec::new();
        let captured = Some(Capture { rows, weights: &mut weights });
        match &self.layers {
            Layers::Loops(layers) => loops(layers, embedded, &spans, heads, Output::Tokens, captured, stop)?,
            Layers::Tiled(layers) => layers.forward(&embedded, &spans, Output::Tokens, captured, stop)?,
            Layers::Candle(layers) => layers.forward(embedded, &spans, Output::Tokens, captured, stop)?,
        };
        Ok(Attention {
            layers: self.config.num_hidden_layers,
            heads: heads.count,
            positions: sequence.ids.len(),
            weights,
        })
    }

    /// Word + position + segment embeddings, normalised: `[tokens, hidden]`. Done in main memory for every device: the
    /// rows of a step are a few megabytes, the word table of a multilingual network is a gigabyte.
    fn embed(&self, sequences: &[&Encoding], spans: &[Range<usize>]) -> Result<Vec<f32>, RunError> {
        let hidden = self.config.hidden_size;
        let mut out = vec![0.0; spans.last().map_or(0, |span| span.end) * hidden];
        let mut rest = &mut out[..];
        let mut tasks = Vec::with_capacity(spans.len());
        for (sequence, span) in sequences.iter().zip(spans) {
            let limit = self.config.longest();
            if span.is_empty() || span.len() > limit {
                return Err(RunError::Input(format!("{} tokens, the network reads 1 to {limit}", span.len())));
            }
            let (rows, others) = rest.split_at_mut(span.len() * hidden);
            tasks.push((*sequence, rows));
            rest = others;
        }
        tasks.into_par_iter().try_for_each(|(sequence, rows)| self.embed_one(sequence, rows))?;
        self.norm.apply_parallel(&mut out);
        Ok(out)
    }

    /// The sum of the three embeddings of each token of a sequence.
    fn embed_one(&self, sequence: &Encoding, rows: &mut [f32]) -> Result<(), RunError> {
        let hidden = self.config.hidden_size;
        let ids = sequence.ids.iter().zip(&sequence.type_ids).zip(self.positions_of(&sequence.ids));
        for (row, ((&id, &kind), position)) in rows.chunks_exact_mut(hidden).zip(ids) {
            let kind = if self.segments { kind } else { 0 };
            let known = || RunError::Input(format!("token {id} of segment {kind} is not in the network's tables"));
            self.words.read(id as usize, row).ok_or_else(known)?;
            let kind = self.types.chunks_exact(hidden).nth(kind as usize).ok_or_else(known)?;
            let position = &self.positions[position * hidden..(position + 1) * hidden];
            row.iter_mut().zip(position).zip(kind).for_each(|((x, p), k)| *x += p + k);
        }
        Ok(())
    }

    /// The row of the position table for each token. RoBERTa gives a padding token that stands in a text padding's own
    /// position, and does not count it.
    fn positions_of(&self, ids: &[u32]) -> impl Iterator<Item = usize> {
        let padding = (self.config.family == Family::Roberta).then(|| self.config.padding());
        let mut next = self.config.first_position();
        ids.iter().map(move |&id| match padding {
            Some(padding) if id == padding => padding as usize,
            _ => {
                next += 1;
                next - 1
            }
        })
    }
}

/// The row each sequence is scored by.
fn scored(spans: &[Range<usize>], output: Output) -> Vec<u32> {
    let row = |span: &Range<usize>| if output == Output::Last { span.end - 1 } else { span.start };
    spans.iter().map(|span| row(span) as u32).collect()
}

/// All layers by our loops: `[tokens, hidden]` to what `output` asks for.
fn loops(
    layers: &[Layer],
    embedded: Vec<f32>,
    spans: &[Range<usize>],
    heads: Heads,
    output: Output,
    mut captured: Option<Capture>,
    stop: Stop,
) -> Result<Vec<f32>, RunError> {
    let width = heads.count * heads.size;
    let mut states = Tensor::from_vec(embedded, (spans.last().map_or(0, |span| span.end), width), &Device::Cpu)?;
    let scored = scored(spans, output);
    for (index, layer) in layers.iter().enumerate() {
        if stop() {
            return Err(RunError::Stopped);
        }
        let capture = captured.as_mut().map(|of| Capture { rows: of.rows.clone(), weights: of.weights });
        states = if index + 1 == layers.len() && output != Output::Tokens {
            layer.forward_scored(&states, spans, heads, &scored, capture)?
        } else {
            layer.forward(&states, spans, heads, capture)?
        };
    }
    Ok(states.flatten_all()?.to_vec1()?)
}

#[cfg(test)]
#[path = "bert_tests.rs"]
mod tests;
