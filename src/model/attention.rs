//! The attention rows a cross-encoder was seen to use.

/// Post-softmax attention of one position (the one that is scored: [CLS] of an encoder) to every position, for each
/// layer and head. Each row sums to one.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    pub layers: usize,
    pub heads: usize,
    pub positions: usize,
    /// `layers × heads × positions`, row-major.
    pub weights: Vec<f32>,
}

impl Attention {
    /// The row of one layer and head.
    pub fn row(&self, layer: usize, head: usize) -> &[f32] {
        let start = (layer * self.heads + head) * self.positions;
        &self.weights[start..start + self.positions]
    }

    /// Mean over the given layers and heads.
    pub fn mean(
        &self,
        layers: impl Iterator<Item = usize> + Clone,
        heads: impl Iterator<Item = usize> + Clone,
    ) -> Vec<f32> {
        let mut mean = vec![0.0; self.positions];
        let mut rows = 0usize;
        for layer in layers {
            for head in heads.clone() {
                rows += 1;
                for (sum, weight) in mean.iter_mut().zip(self.row(layer, head)) {
                    *sum += weight;
                }
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= rows.max(1) as f32);
        mean
    }
}
