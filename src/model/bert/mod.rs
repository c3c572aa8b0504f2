//! BERT (Devlin et al., arXiv 1810.04805), post-norm, erf-GELU, over packed sequences.
//!
//! The tokens of all sequences of a step lie one after another in `[tokens, hidden]`; linear layers see them as one
//! matrix (candle), attention runs per sequence ([`attend`]). Nothing is padded, so a text gets the same numbers
//! whatever its neighbours, up to the blocking of the matrix product (1e-6).

mod attend;
mod config;
mod layer;

use std::ops::Range;

use candle_core::{Device, Tensor};
use rayon::prelude::*;

pub use config::Config;

use self::attend::Heads;
use self::layer::Layer;
use super::forward::{Hidden, Output, RunError, spans};
use super::kernels::Norm;
use super::packed::Arithmetic;
use super::weights::{Table, Weights};
use super::{Attention, ModelError, Stop};
use crate::text::Encoding;

/// The encoder, without a head.
pub struct Bert {
    config: Config,
    words: Table,
    /// `[positions, hidden]`
    positions: Vec<f32>,
    /// `[types, hidden]`
    types: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

impl Bert {
    /// # Errors
    /// If a tensor is missing or has another shape than the config says.
    pub fn load(weights: &Weights, config: Config, arithmetic: Arithmetic) -> Result<Self, ModelError> {
        let hidden = config.hidden_size;
        let norm = layer::norm(weights, "embeddings.LayerNorm", &config)?;
        let words = weights.table("embeddings.word_embeddings.weight", config.vocab_size, hidden)?;
        let positions =
            weights.matrix("embeddings.position_embeddings.weight", config.max_position_embeddings, hidden)?;
        let types = weights.matrix("embeddings.token_type_embeddings.weight", config.type_vocab_size, hidden)?;
        let layers = (0..config.num_hidden_layers)
            .into_par_iter()
            .map(|index| Layer::load(weights, index, &config, arithmetic))
            .collect::<Result<_, _>>()?;
        Ok(Bert { config, words, positions, types, norm, layers })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Runs the encoder on at least one sequence; `capture` keeps the attention rows of the first sequence's first token. Capturing changes no
    /// other number: the rows are computed beside the forward pass.
    pub fn forward(
        &self,
        sequences: &[&Encoding],
        output: Output,
        capture: bool,
        stop: Stop,
    ) -> Result<Hidden, RunError> {
        let spans = spans(sequences);
        let tokens = spans.last().map_or(0, |span| span.end);
        let first = spans.first().map_or(0, |span| span.len());
        let mut rows = capture.then(Vec::new);
        let (count, hidden) = (self.config.num_attention_heads, self.config.hidden_size);
        let heads = Heads { count, size: self.config.head_size() };
        let embedded = self.embed(sequences, &spans)?;
        let mut states = Tensor::from_vec(embedded, (tokens, hidden), &Device::Cpu)?;
        for (index, layer) in self.layers.iter().enumerate() {
            if stop() {
                return Err(RunError::Stopped);
            }
            let rows = rows.as_mut();
            let last = index + 1 == self.layers.len();
            states = if last && output == Output::First {
                layer.forward_first(&states, &spans, heads, rows)?
            } else {
                layer.forward(&states, &spans, heads, rows)?
            };
        }
        let layers = self.layers.len();
        let attention = rows.map(|weights| Attention { layers, heads: count, positions: first, weights });
        Ok(Hidden { values: states.flatten_all()?.to_vec1()?, spans, attention })
    }

    /// Word + position + segment embeddings, normalised: `[tokens, hidden]`.
    fn embed(&self, sequences: &[&Encoding], spans: &[Range<usize>]) -> Result<Vec<f32>, RunError> {
        let hidden = self.config.hidden_size;
        let mut out = vec![0.0; spans.last().map_or(0, |span| span.end) * hidden];
        for (sequence, span) in sequences.iter().zip(spans) {
            let limit = self.config.max_position_embeddings;
            if span.is_empty() || span.len() > limit {
                return Err(RunError::Input(format!("{} tokens, the network reads 1 to {limit}", span.len())));
            }
            let rows = out[span.start * hidden..span.end * hidden].chunks_exact_mut(hidden);
            for (((row, &id), &kind), position) in
                rows.zip(&sequence.ids).zip(&sequence.type_ids).zip(self.positions.chunks_exact(hidden))
            {
                let known = || RunError::Input(format!("token {id} of segment {kind} is not in the network's tables"));
                self.words.read(id as usize, row).ok_or_else(known)?;
                let kind = self.types.chunks_exact(hidden).nth(kind as usize).ok_or_else(known)?;
                row.iter_mut().zip(position).zip(kind).for_each(|((x, p), k)| *x += p + k);
            }
        }
        self.norm.apply(&mut out);
        Ok(out)
    }
}
