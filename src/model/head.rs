//! The sequence-classification heads with one output: a dense layer, an activation and a linear layer.

use super::ModelError;
use super::bert::{Config, Family, Tensors};
use super::modules::Activation;
use super::weights::Weights;

pub struct ScoreHead {
    /// `[hidden, hidden]`
    dense: Vec<f32>,
    dense_bias: Vec<f32>,
    activation: Activation,
    output: Vec<f32>,
    output_bias: f32,
}

/// What a family calls its two layers, and what stands between them.
fn layers(family: Family) -> (&'static str, Activation, &'static str) {
    match family {
        Family::Bert => ("pooler.dense", Activation::Tanh, "classifier"),
        Family::Roberta => ("classifier.dense", Activation::Tanh, "classifier.out_proj"),
        Family::DistilBert => ("pre_classifier", Activation::Relu, "classifier"),
    }
}

impl ScoreHead {
    /// # Errors
    /// If a tensor is missing (the file is an encoder without a head) or the head has more than one output.
    pub fn load(weights: &Weights, config: &Config) -> Result<Self, ModelError> {
        let (dense, activation, output) = layers(config.family);
        let (tensors, hidden) = (Tensors::new(weights, config), config.hidden_size);
        // The output first: it is what a bi-encoder's file lacks.
        let output = tensors.linear(&[output.to_owned()], hidden, 1)?;
        let dense = tensors.linear(&[dense.to_owned()], hidden, hidden)?;
        let output_bias = output.bias.iter().sum();
        Ok(ScoreHead { dense: dense.weight, dense_bias: dense.bias, activation, output: output.weight, output_bias })
    }

    /// The logit of a first token's hidden state.
    pub fn score(&self, first: &[f32]) -> f32 {
        let rows = self.dense.chunks_exact(first.len()).zip(&self.dense_bias);
        let pooled = rows.map(|(row, bias)| self.activation.apply(dot(row, first) + bias));
        pooled.zip(&self.output).map(|(x, weight)| x * weight).sum::<f32>() + self.output_bias
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
