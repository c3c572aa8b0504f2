//! What every network offers: packed sequences in, hidden states out.
//!
//! `forward(&self, sequences: &[&Encoding], output: Output, capture: bool, stop: Stop) -> Result<Hidden, RunError>`

use std::ops::Range;

use super::Attention;
use crate::text::Encoding;

/// Which positions of the last layer are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// `[tokens, hidden]`: all, sequence after sequence.
    Tokens,
    /// `[sequences, hidden]`: the first of each sequence. Saves most of an encoder's last layer.
    First,
    /// `[sequences, hidden]`: the last of each sequence. Saves most of a decoder's last layer.
    Last,
}

/// What a step gives.
pub struct Hidden {
    /// Row-major, rows as [`Output`] says.
    pub values: Vec<f32>,
    /// Rows of each sequence among the tokens.
    pub spans: Vec<Range<usize>>,
    /// Attention of the scored position (first or last, as [`Output`] says) of the first sequence, if asked for.
    pub attention: Option<Attention>,
}

/// Why a step gave no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("stopped")]
    Stopped,
    #[error("{0}")]
    Input(String),
    #[error("{0}")]
    Tensor(#[from] candle_core::Error),
}

/// Where each sequence's tokens lie when they are packed.
pub fn spans(sequences: &[&Encoding]) -> Vec<Range<usize>> {
    let mut start = 0;
    sequences
        .iter()
        .map(|sequence| {
            let span = start..start + sequence.ids.len();
            start = span.end;
            span
        })
        .collect()
}
