//! From hidden states to one unit vector per text: pooling and the modules behind it.

use super::forward::{Hidden, Output};
use super::modules::{Dense, Modules, Step};
use super::{ModelError, Pooling};
use crate::text::{Encoding, Segment, TextTokenizer};

pub struct Pooler {
    pooling: Pooling,
    include_prompt: bool,
    steps: Vec<Step>,
    /// Width of a hidden state.
    hidden: usize,
    /// Tokens that the tokenizer puts before and behind every text.
    added: [usize; 2],
}

impl Pooler {
    /// # Errors
    /// If the modules behind pooling do not fit the network or each other.
    pub fn new(
        pooling: Pooling,
        modules: &Modules,
        hidden: usize,
        tokenizer: &TextTokenizer,
    ) -> Result<Self, ModelError> {
        let mut width = hidden;
        for step in &modules.steps {
            if let Step::Dense(dense) = step {
                if dense.inputs != width {
                    let (origin, inputs) = (&dense.origin, dense.inputs);
                    let reason = format!("in_features is {inputs}, but it is given vectors of {width}");
                    return Err(ModelError::File { path: origin.clone(), reason });
                }
                width = dense.bias.len();
            }
        }
        let segments = tokenizer.encode("a", usize::MAX).segments;
        let added = [leading(segments.iter()), leading(segments.iter().rev())];
        Ok(Pooler { pooling, include_prompt: modules.include_prompt, steps: modules.steps.clone(), hidden, added })
    }

    /// Width of the vectors.
    pub fn dimensions(&self) -> usize {
        let last = self.steps.iter().rev().find_map(|step| match step {
            Step::Dense(dense) => Some(dense.bias.len()),
            Step::Normalise => None,
        });
        last.unwrap_or(self.hidden)
    }

    /// What the network has to give.
    pub fn output(&self) -> Output {
        match self.pooling {
            // The first token behind the prompt is another one.
            Pooling::Cls if !self.include_prompt => Output::Tokens,
            Pooling::Mean | Pooling::Max => Output::Tokens,
            Pooling::Cls => Output::First,
            Pooling::LastToken => Output::Last,
        }
    }

    /// One unit vector per sequence of a step.
    pub fn pool<'a>(
        &'a self,
        hidden: &'a Hidden,
        texts: impl Iterator<Item = &'a Encoding> + 'a,
    ) -> impl Iterator<Item = Vec<f32>> + 'a {
        let width = self.hidden;
        hidden.spans.iter().zip(texts).enumerate().map(move |(index, (span, text))| {
            let pooled = if self.output() == Output::Tokens {
                let start = span.start + self.prompt(text).min(span.len() - 1);
                let rows = &hidden.values[start * width..span.end * width];
                match self.pooling {
                    Pooling::Max => maximum(rows, width),
                    Pooling::Mean => mean(rows, width),
                    Pooling::Cls | Pooling::LastToken => rows[..width].to_vec(),
                }
            } else {
                hidden.values[index * width..(index + 1) * width].to_vec()
            };
            unit(self.steps.iter().fold(pooled, apply))
        })
    }

    /// Tokens at the beginning that are left out: the prompt's and those before it, if there is a prompt.
    fn prompt(&self, text: &Encoding) -> usize {
        let [before, behind] = self.added;
        let special = match leading(text.segments.iter()) {
            all if all == text.segments.len() => all.saturating_sub(behind),
            some => some,
        };
        if self.include_prompt || special <= before { 0 } else { special }
    }
}

fn leading<'a>(segments: impl Iterator<Item = &'a Segment>) -> usize {
    segments.take_while(|segment| **segment == Segment::Special).count()
}

fn apply(x: Vec<f32>, step: &Step) -> Vec<f32> {
    match step {
        Step::Normalise => unit(x),
        Step::Dense(Dense { weight, bias, activation, .. }) => {
            let rows = weight.chunks_exact(x.len()).zip(bias);
            let dot = |row: &[f32]| row.iter().zip(&x).map(|(a, b)| a * b).sum::<f32>();
            rows.map(|(row, bias)| activation.apply(dot(row) + bias)).collect()
        }
    }
}

fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let count = (rows.len() / width) as f32;
    mean.iter_mut().for_each(|sum| *sum /= count);
    mean
}

fn maximum(rows: &[f32], width: usize) -> Vec<f32> {
    let mut maximum = vec![f32::NEG_INFINITY; width];
    for row in rows.chunks_exact(width) {
        maximum.iter_mut().zip(row).for_each(|(most, x)| *most = most.max(*x));
    }
    maximum
}

pub(super) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    // sentence-transformers' guard against a zero vector.
    let scale = 1.0 / length.max(1e-12);
    vector.iter_mut().for_each(|x| *x *= scale);
    vector
}
