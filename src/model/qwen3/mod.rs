//! Qwen3 (Qwen team, arXiv 2505.09388): a decoder with grouped-query attention, whose queries and keys are normalised
//! before they are turned to their positions.
//!
//! The tokens of all sequences of a call lie one after another in `[rows, hidden]`, without padding. What they begin
//! with is computed once ([`plan`]) and left for the next call ([`prefix`]). Three ways compute the same numbers
//! ([`compute`]): our own loops on the processor, in tiles where it multiplies bf16 ([`tiled`]) and in f32 elsewhere
//! ([`fused`]), and candle's operations on any device ([`portable`]).

mod attend;
mod blocks;
mod compute;
mod config;
mod fused;
mod gather;
mod head;
mod layout;
mod names;
mod plan;
mod portable;
mod prefix;
mod rope;
mod tiled;

use std::sync::Mutex;

pub use config::Config;
pub use head::YesNo;

use self::attend::Memory;
use self::fused::Fused;
use self::portable::Portable;
use self::prefix::Prefix;
use self::tiled::Tiled;
use super::forward::{Hidden, Output, RunError, spans};
use super::ops::linear::Format;
use super::packed::{Kept, Level};
use super::weights::Weights;
use super::{Attention, Device, ModelError, Placement, Precision, Stop};
use crate::text::Encoding;

/// How a network is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Settled: what is [`Device::Auto`] or [`Precision::Auto`] here is the processor in f32.
    pub placement: Placement,
    /// Computes what sequences begin with once. Off for comparison only: the scores are the same to rounding.
    pub share_prefix: bool,
    /// Our own loops on the processor; off, candle's operations are used there too, as on every other device.
    pub own_kernels: bool,
}

impl From<Placement> for Setup {
    fn from(placement: Placement) -> Self {
        Setup { placement, share_prefix: true, own_kernels: true }
    }
}

/// The decoder, without a head.
pub struct Qwen3 {
    config: Config,
    share_prefix: bool,
    body: Body,
}

/// Layers, and what the last call left.
enum Body {
    Tiled(Tiled, Mutex<Prefix<Kept>>),
    Fused(Fused, Mutex<Prefix<Memory>>),
    Portable(Portable, Mutex<Prefix<portable::Memory>>),
}

impl Qwen3 {
    /// # Errors
    /// If a tensor is missing or has another shape than the config says, or the device cannot be opened.
    pub fn load(weights: &Weights, config: Config, setup: Setup) -> Result<Self, ModelError> {
        let Placement { device, precision } = setup.placement;
        let body = match device {
            Device::Auto | Device::Cpu if setup.own_kernels => match (precision, Level::fast()) {
                (Precision::Bf16, Some(level)) if Tiled::fits(&config) => {
                    Body::Tiled(Tiled::load(weights, &config, level)?, Mutex::default())
                }
                _ => Body::Fused(Fused::load(weights, &config, Format::of(precision))?, Mutex::default()),
            },
            Device::Auto => Body::portable(weights, &config, Device::Cpu, precision)?,
            other => Body::portable(weights, &config, other, precision)?,
        };
        Ok(Qwen3 { config, share_prefix: setup.share_prefix, body })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Runs at least one sequence. [`Output::Last`] is what it is made for: the last layer then is computed for the
    /// last positions only, and what sequences share once. `capture` keeps the attention rows of the first sequence's
    /// last token; capturing changes no other number.
    ///
    /// # Errors
    /// [`RunError::Stopped`], a sequence that is empty, too long or not of this network's tokens, or [`Output::First`]:
    /// the first token of a decoder has seen nothing.
    pub fn forward(
        &self,
        sequences: &[&Encoding],
        output: Output,
        capture: bool,
        stop: Stop,
    ) -> Result<Hidden, RunError> {
        self.check(sequences, output)?;
        let share = self.share_prefix;
        let (values, weights) = match &self.body {
            Body::Tiled(layers, prefix) => {
                compute::run(layers, share.then_some(prefix), sequences, output, capture, stop)?
            }
            Body::Fused(layers, prefix) => {
                compute::run(layers, share.then_some(prefix), sequences, output, capture, stop)?
            }
            Body::Portable(layers, prefix) => {
                compute::run(layers, share.then_some(prefix), sequences, output, capture, stop)?
            }
        };
        let attention = weights.map(|weights| Attention {
            layers: self.config.num_hidden_layers,
            heads: self.config.num_attention_heads,
            positions: sequences[0].ids.len(),
            weights,
        });
        Ok(Hidden { values, spans: spans(sequences), attention })
    }

    fn check(&self, sequences: &[&Encoding], output: Output) -> Result<(), RunError> {
        if output == Output::First {
            return Err(RunError::Input(
                "the first token of a decoder has seen nothing: pool the last or the mean".into(),
            ));
        }
        let limit = self.config.max_position_embeddings;
        let wrong = |sequence: &&&Encoding| sequence.ids.is_empty() || sequence.ids.len() > limit;
        match sequences.iter().find(wrong) {
            Some(sequence) => {
                Err(RunError::Input(format!("{} tokens, the network reads 1 to {limit}", sequence.ids.len())))
            }
            None if sequences.is_empty() => Err(RunError::Input("no sequence".into())),
            None => Ok(()),
        }
    }
}

impl Body {
    fn portable(weights: &Weights, config: &Config, device: Device, precision: Precision) -> Result<Self, ModelError> {
        let layers = Portable::load(weights, config, device.resolve()?, precision.dtype())?;
        Ok(Body::Portable(layers, Mutex::default()))
    }
}
