//! Linear layers without bias on plain f32 rows, with weights in the format they are asked to be kept in.

use std::ops::Range;

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;

use super::matrix::{Target, View, all_threads, multiply};
use crate::model::weights::Weights;
use crate::model::{ModelError, Precision};

/// Outputs widened to f32 at once: 512 × 4,096 inputs are 8 MB, in the caches while they are multiplied.
const WIDENED: usize = 512;
/// Rows of a transposed weight written at once: their sixteen values are one cache line of the original.
const LINE: usize = 16;

/// How weights are kept and multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    F32,
    /// Two bytes in memory, widened to f32 while multiplying.
    F16,
    Bf16,
}

impl Format {
    /// For a (settled) precision.
    pub fn of(precision: Precision) -> Self {
        match precision {
            Precision::Auto | Precision::F32 => Format::F32,
            Precision::Bf16 => Format::Bf16,
            Precision::F16 => Format::F16,
        }
    }
}

#[derive(Debug)]
enum Weight {
    /// `[input, output]`: gemm reads a weight in order then, which doubles the speed of a product with few rows.
    Plain(Vec<f32>),
    /// `[output, input]`
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

/// `y = x·Wᵀ`
#[derive(Debug)]
pub struct Linear {
    weight: Weight,
    input: usize,
    output: usize,
}

impl Linear {
    /// Linear layers of the same input, stacked: each a name and its outputs.
    ///
    /// # Errors
    /// If one is missing or has another shape.
    pub fn load(
        weights: &Weights,
        parts: &[(String, usize)],
        input: usize,
        format: Format,
    ) -> Result<Self, ModelError> {
        let mut stacked = Vec::new();
        for (name, output) in parts {
            let mut part = weights.matrix(&format!("{name}.weight"), *output, input)?;
            match stacked.is_empty() {
                true => stacked = part,
                false => stacked.append(&mut part),
            }
        }
        Ok(Linear::new(stacked, input, format))
    }

    /// From a row-major `[output, input]` weight.
    pub fn new(weight: Vec<f32>, input: usize, format: Format) -> Self {
        let output = weight.len() / input;
        let weight = match format {
            Format::F32 => Weight::Plain(transpose(&weight, output, input)),
            Format::F16 => Weight::F16(weight.par_iter().map(|&x| f16::from_f32(x)).collect()),
            Format::Bf16 => Weight::Bf16(weight.par_iter().map(|&x| bf16::from_f32(x)).collect()),
        };
        Linear { weight, input, output }
    }

    pub fn output(&self) -> usize {
        self.output
    }

    /// `[rows, input]` to `[rows, output]`.
    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        self.forward_part(x, 0..self.output)
    }

    /// The same for some of the outputs.
    pub fn forward_part(&self, x: &[f32], outputs: Range<usize>) -> Vec<f32> {
        let mut y = vec![0.0; x.len() / self.input * outputs.len()];
        self.product(x, outputs, &mut y, false);
        y
    }

    /// `x·Wᵀ + residual`
    pub fn forward_onto(&self, x: &[f32], mut residual: Vec<f32>) -> Vec<f32> {
        self.product(x, 0..self.output, &mut residual, true);
        residual
    }

    /// In f32.
    fn product(&self, x: &[f32], outputs: Range<usize>, y: &mut [f32], add: bool) {
        let (rows, row) = (x.len() / self.input, outputs.len());
        let left = View::columns(x, self.input, 0);
        let mut widened = |widen: &(dyn Fn(&mut [f32], usize) + Sync)| {
            let mut buffer = vec![0.0; WIDENED.min(row) * self.input];
            for first in outputs.clone().step_by(WIDENED) {
                let count = WIDENED.min(outputs.end - first);
                let buffer = &mut buffer[..count * self.input];
                buffer.par_chunks_mut(self.input).enumerate().for_each(|(index, out)| widen(out, first + index));
                let right = View::columns(buffer, self.input, 0).transposed();
                let out = Target { data: &mut y[first - outputs.start..], row, add };
                multiply(out, [rows, self.input, count], left, right, 1.0, all_threads());
            }
        };
        let of = |output: usize| output * self.input..(output + 1) * self.input;
        match &self.weight {
            Weight::F16(weight) => widened(&|out, output| weight[of(output)].convert_to_f32_slice(out)),
            Weight::Bf16(weight) => widened(&|out, output| weight[of(output)].convert_to_f32_slice(out)),
            Weight::Plain(weight) => {
                let right = View::columns(weight, self.output, outputs.start);
                multiply(Target { data: y, row, add }, [rows, self.input, row], left, right, 1.0, all_threads());
            }
        }
    }
}

/// `[output, input]` to `[input, output]`.
fn transpose(weight: &[f32], output: usize, input: usize) -> Vec<f32> {
    let mut out = vec![0.0; weight.len()];
    out.par_chunks_mut(LINE * output).enumerate().for_each(|(block, rows)| {
        for (column, values) in weight.chunks_exact(input).enumerate() {
            for (row, value) in values[block * LINE..].iter().take(LINE).enumerate() {
                rows[row * output + column] = *value;
            }
        }
    });
    out
}

#[cfg(test)]
#[path = "linear_tests.rs"]
mod tests;
