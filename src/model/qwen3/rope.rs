//! Rotary positions (Su et al., arXiv 2104.09864).

use super::config::Config;

/// Cosines and sines for rows of tokens, each `[rows, head_dim / 2]`.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub cos: Vec<f32>,
    pub sin: Vec<f32>,
    /// Half a head.
    pub half: usize,
}

impl Rotation {
    /// Angles are made in f32, as the reference makes them: at position 10,000 its rounding is larger than what a head
    /// can tell apart, and the network was trained with it.
    pub fn new(config: &Config, positions: impl Iterator<Item = usize>) -> Self {
        let half = config.head_dim / 2;
        let frequency = |index: usize| {
            let exponent = (2 * index) as f32 / config.head_dim as f32;
            1.0 / config.rope_theta.powf(f64::from(exponent)) as f32
        };
        let frequencies: Vec<f32> = (0..half).map(frequency).collect();
        let angles =
            positions.flat_map(|position| frequencies.iter().map(move |frequency| position as f32 * frequency));
        let (cos, sin) = angles.map(|angle| (angle.cos(), angle.sin())).unzip();
        Rotation { cos, sin, half }
    }

    /// Of one row.
    pub fn row(&self, row: usize) -> (&[f32], &[f32]) {
        let part = row * self.half..(row + 1) * self.half;
        (&self.cos[part.clone()], &self.sin[part])
    }
}
