//! What both networks share: a tokenizer and an encoder, run in steps on the model threads.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::bert::{Bert, Hidden, Output, RunError};
use super::source::ModelFiles;
use super::{ModelError, ModelId, Stop, pool};
use crate::text::{Encoding, TextTokenizer};

/// Tokens per forward pass. From 512 on, the matrix products gain nothing from more rows; a step of 1,024 takes about
/// 100 ms on two cores, its activations (6 MB) stay near the caches, and stopping is asked six times in it.
const STEP_TOKENS: usize = 1024;

/// Positions beyond this are not used even where a config has them: BERT's were trained to 512.
const LONGEST: usize = 512;

pub struct Network {
    pub tokenizer: Arc<TextTokenizer>,
    pub bert: Bert,
}

impl Network {
    /// The network's own limit in tokens.
    pub fn longest(&self) -> usize {
        self.bert.config().max_position_embeddings.min(LONGEST)
    }

    /// Runs all encodings in steps; `each` gets every step's result, in order.
    pub fn run(
        &self,
        id: &ModelId,
        encodings: &[Encoding],
        output: Output,
        stop: Stop,
        mut each: impl FnMut(Hidden),
    ) -> Result<(), ModelError> {
        for step in steps(encodings) {
            let sequences: Vec<&Encoding> = encodings[step].iter().collect();
            // The threads are taken anew for every step, so that someone else's short text gets in between.
            let hidden = pool::run(|| self.bert.forward(&sequences, output, false, stop));
            each(hidden.map_err(|error| failed(id, error))?);
        }
        Ok(())
    }

    /// One encoding, first token only, with attention.
    pub fn capture(&self, id: &ModelId, encoding: &Encoding, stop: Stop) -> Result<Hidden, ModelError> {
        pool::run(|| self.bert.forward(&[encoding], Output::First, true, stop)).map_err(|error| failed(id, error))
    }
}

fn failed(id: &ModelId, error: RunError) -> ModelError {
    match error {
        RunError::Stopped => ModelError::Stopped,
        other => ModelError::Run { model: id.name.clone(), reason: other.to_string() },
    }
}

/// Neighbours that together stay within [`STEP_TOKENS`]; a longer one goes alone.
fn steps(encodings: &[Encoding]) -> Vec<Range<usize>> {
    let mut steps: Vec<Range<usize>> = Vec::new();
    let mut tokens = 0;
    for (index, encoding) in encodings.iter().enumerate() {
        tokens += encoding.ids.len();
        match steps.last_mut() {
            Some(step) if tokens <= STEP_TOKENS => step.end = index + 1,
            _ => {
                tokens = encoding.ids.len();
                steps.push(index..index + 1);
            }
        }
    }
    steps
}

/// Identifies a model used in a certain way: `settings` is its profile without the name of its source, so that the same
/// model in another place has the same fingerprint.
pub fn identify(name: &str, files: &ModelFiles, settings: &impl Serialize) -> Result<ModelId, ModelError> {
    let settings = serde_json::to_vec(settings)
        .map_err(|error| ModelError::Run { model: name.to_owned(), reason: error.to_string() })?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(files.hash.as_bytes());
    hasher.update(&settings);
    // 16 bytes, as for skills' content: enough that no two models meet.
    let fingerprint = hasher.finalize().to_hex()[..32].to_owned();
    Ok(ModelId { name: name.to_owned(), fingerprint })
}
