//! What bi- and cross-encoders share: a tokenizer and a network, run in steps on the model threads.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::bert::{Bert, Compute};
use super::forward::{Hidden, Output, RunError};
use super::packed::{Arithmetic, Level};
use super::qwen3::{Qwen3, Setup};
use super::source::{Architecture, ModelFiles};
use super::weights::Weights;
use super::{Attention, Device, ModelError, ModelId, Placement, Precision, Stop, memory, pool};
use crate::text::{Encoding, TextTokenizer};

/// Tokens of a forward pass for each thread of a processor. From 512 on, the matrix products gain nothing from more rows;
/// a thread takes about 100 ms for them in f32 and 20 ms in bf16 (docs/performance.md), its activations (3 MB) stay near
/// the caches, and stopping is asked six times in it.
const STEP_TOKENS: usize = 512;

/// The same on a GPU: what text-embeddings-inference settled on (ml.md section 2), a tenth of a second of an 8B.
const GPU_STEP_TOKENS: usize = 16 * 1024;

/// The architectures that can be run.
enum Net {
    Bert(Box<Bert>),
    Qwen3(Box<Qwen3>),
}

impl Net {
    fn load(files: &ModelFiles, weights: &Weights, placement: Placement) -> Result<(Self, Placement), ModelError> {
        let config = match &files.architecture {
            Architecture::Bert(config) => config,
            Architecture::Qwen3(config) => {
                let net = Qwen3::load(weights, config.clone(), Setup::from(placement))?;
                return Ok((Net::Qwen3(Box::new(net)), placement));
            }
        };
        // In bf16 on a processor, the residual stream and every sum are f32.
        let device = placement.device.resolve()?;
        let (compute, precision) = match (placement.precision, Level::fast()) {
            (precision, _) if !device.is_cpu() => (Compute::Candle(&device, precision.dtype()), precision),
            (Precision::Bf16, Some(level)) if Bert::in_blocks(config) => {
                (Compute::Loops(Arithmetic::Bf16(level)), Precision::Bf16)
            }
            _ => (Compute::Loops(Arithmetic::F32), Precision::F32),
        };
        let bert = Bert::load(weights, config.clone(), files.modules.segments, compute)?;
        Ok((Net::Bert(Box::new(bert)), Placement { precision, ..placement }))
    }

    fn hidden_size(&self) -> usize {
        match self {
            Net::Bert(bert) => bert.config().hidden_size,
            Net::Qwen3(net) => net.config().hidden_size,
        }
    }

    fn longest(&self) -> usize {
        match self {
            Net::Bert(bert) => bert.config().longest(),
            Net::Qwen3(net) => net.config().max_position_embeddings,
        }
    }

    fn forward(&self, sequences: &[&Encoding], output: Output, capture: bool, stop: Stop) -> Result<Hidden, RunError> {
        match self {
            Net::Bert(bert) => bert.forward(sequences, output, capture, stop),
            Net::Qwen3(net) => net.forward(sequences, output, capture, stop),
        }
    }

    /// Leading tokens of all texts that are computed once for all of them, and so cost a step nothing.
    fn shared(&self, encodings: &[Encoding], output: Output) -> usize {
        match (self, encodings) {
            (Net::Qwen3(_), [first, rest @ ..]) if output == Output::Last => {
                let alike = |other: &Encoding| first.ids.iter().zip(&other.ids).take_while(|(a, b)| a == b).count();
                rest.iter().map(alike).min().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

pub struct Network {
    pub tokenizer: Arc<TextTokenizer>,
    net: Net,
    placement: Placement,
}

impl Network {
    /// `published` is the precision the model's authors used.
    pub fn load(
        files: &ModelFiles,
        weights: &Weights,
        placement: Placement,
        published: Precision,
    ) -> Result<Self, ModelError> {
        let placement = placement.settled(published);
        let free = memory::free(&placement.device.resolve()?);
        memory::check(&files.directory(), weights.numbers(), placement, free)?;
        let (net, placement) = Net::load(files, weights, placement)?;
        Ok(Network { tokenizer: files.tokenizer.clone(), net, placement })
    }

    /// Where it runs, nothing left to choose.
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// Width of a hidden state.
    pub fn hidden_size(&self) -> usize {
        self.net.hidden_size()
    }

    /// The network's own limit in tokens.
    pub fn longest(&self) -> usize {
        self.net.longest()
    }

    /// Runs all encodings in steps; `each` gets every step's encodings by their number, and its result.
    pub fn run(
        &self,
        id: &ModelId,
        encodings: &[Encoding],
        output: Output,
        stop: Stop,
        mut each: impl FnMut(&[usize], Hidden),
    ) -> Result<(), ModelError> {
        let on_gpu = self.placement.device != Device::Cpu;
        let order = order(encodings, on_gpu);
        let forward = |step: &[usize]| {
            let sequences: Vec<&Encoding> = step.iter().map(|&index| &encodings[index]).collect();
            // The threads are taken anew for every step, so that someone else's short text gets in between.
            pool::run(|| self.net.forward(&sequences, output, false, stop))
        };
        let mut at_once = usize::MAX;
        let budget = if on_gpu { GPU_STEP_TOKENS } else { STEP_TOKENS * pool::width() };
        for step in steps(encodings, &order, self.net.shared(encodings, output), budget) {
            memory::halving(step, &mut at_once, forward, &mut each).map_err(|error| failed(id, error))?;
        }
        Ok(())
    }

    /// The mean attention of some of an encoding's tokens; `None` for a network that reads from left to right, in which
    /// a request in front of the document cannot look at it.
    pub fn attention_of(
        &self,
        id: &ModelId,
        encoding: &Encoding,
        rows: Range<usize>,
        stop: Stop,
    ) -> Result<Option<Attention>, ModelError> {
        match &self.net {
            Net::Bert(bert) => {
                let attention = pool::run(|| bert.attention_of(encoding, rows, stop));
                attention.map(Some).map_err(|error| failed(id, error))
            }
            Net::Qwen3(_) => Ok(None),
        }
    }

    /// One encoding, its scored position only, with attention.
    pub fn capture(&self, id: &ModelId, encoding: &Encoding, output: Output, stop: Stop) -> Result<Hidden, ModelError> {
        pool::run(|| self.net.forward(&[encoding], output, true, stop)).map_err(|error| failed(id, error))
    }
}

fn failed(id: &ModelId, error: RunError) -> ModelError {
    match error {
        RunError::Stopped => ModelError::Stopped,
        error if memory::is_exhaustion(&error) => ModelError::Run {
            model: id.name.clone(),
            reason: format!(
                "the device has no memory left for a single text ({error}); end other programs on it, or use a lower \
                 precision (--dtype bf16), a profile that reads fewer tokens, or --device cpu"
            ),
        },
        other => ModelError::Run { model: id.name.clone(), reason: other.to_string() },
    }
}

/// Shortest first where attention pads the texts of a step to the longest of them, which is on a GPU; on a processor
/// nothing is padded.
fn order(encodings: &[Encoding], sorted: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..encodings.len()).collect();
    if sorted {
        order.sort_by_key(|&index| encodings[index].ids.len());
    }
    order
}

/// Neighbours in this order that together stay within `budget` tokens, `shared` of each left out; a longer one goes
/// alone.
fn steps<'a>(encodings: &[Encoding], order: &'a [usize], shared: usize, budget: usize) -> Vec<&'a [usize]> {
    let length = |index: usize| encodings[index].ids.len().saturating_sub(shared);
    let mut steps = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (at, &index) in order.iter().enumerate() {
        tokens += length(index);
        if tokens > budget && at > start {
            steps.push(&order[start..at]);
            (start, tokens) = (at, length(index));
        }
    }
    if start < order.len() {
        steps.push(&order[start..]);
    }
    steps
}

/// Identifies a model used in a certain way: `settings` is its profile without the name of its source, so that the same
/// model in another place has the same fingerprint. The precision is part of it, because vectors of different ones are
/// not to be mixed in a cache.
pub fn identify(
    name: &str,
    files: &ModelFiles,
    settings: &impl Serialize,
    network: &Network,
) -> Result<ModelId, ModelError> {
    let settings = serde_json::to_vec(settings)
        .map_err(|error| ModelError::Run { model: name.to_owned(), reason: error.to_string() })?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(files.hash.as_bytes());
    hasher.update(&settings);
    hasher.update(network.placement().precision.label().as_bytes());
    // 16 bytes, as for skills' content: enough that no two models meet.
    let fingerprint = hasher.finalize().to_hex()[..32].to_owned();
    Ok(ModelId { name: name.to_owned(), fingerprint })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(all: &[usize]) -> Vec<Encoding> {
        all.iter().map(|&length| Encoding { ids: vec![0; length], ..Encoding::default() }).collect()
    }

    #[test]
    fn steps_hold_every_encoding_once_and_keep_to_the_budget() {
        let encodings = lengths(&[5, 3, 9, 1, 1, 20, 4]);
        let plain = order(&encodings, false);
        assert_eq!(steps(&encodings, &plain, 0, 10), [&[0, 1][..], &[2, 3], &[4], &[5], &[6]]);
        assert_eq!(steps(&encodings, &plain, 1, 10), [&[0, 1][..], &[2, 3, 4], &[5], &[6]]);
        let sorted = order(&encodings, true);
        assert_eq!(steps(&encodings, &sorted, 0, 10), [&[3, 4, 1, 6][..], &[0], &[2], &[5]]);
        assert!(steps(&[], &[], 0, 10).is_empty());
    }
}
