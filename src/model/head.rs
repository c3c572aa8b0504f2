//! BERT's sequence-classification head with one output: pooler (dense + tanh) and a linear layer.

use super::ModelError;
use super::weights::Weights;

pub struct ScoreHead {
    /// `[hidden, hidden]`
    pooler: Vec<f32>,
    pooler_bias: Vec<f32>,
    classifier: Vec<f32>,
    classifier_bias: f32,
}

impl ScoreHead {
    /// # Errors
    /// If a tensor is missing (the file is an encoder without a head) or the head has more than one output.
    pub fn load(weights: &Weights, hidden: usize) -> Result<Self, ModelError> {
        // The classifier first: it is what a bi-encoder's file lacks.
        let classifier = weights.matrix("classifier.weight", 1, hidden)?;
        let classifier_bias = weights.vector("classifier.bias", 1)?.iter().sum();
        let pooler = weights.matrix("pooler.dense.weight", hidden, hidden)?;
        let pooler_bias = weights.vector("pooler.dense.bias", hidden)?;
        Ok(ScoreHead { pooler, pooler_bias, classifier, classifier_bias })
    }

    /// The logit of a first token's hidden state.
    pub fn score(&self, first: &[f32]) -> f32 {
        let rows = self.pooler.chunks_exact(first.len()).zip(&self.pooler_bias);
        let pooled = rows.map(|(row, bias)| (dot(row, first) + bias).tanh());
        pooled.zip(&self.classifier).map(|(x, weight)| x * weight).sum::<f32>() + self.classifier_bias
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
