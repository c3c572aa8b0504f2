//! What the tensors of BERT's relatives are called.

use super::config::{Config, Family};
use crate::model::ModelError;
use crate::model::kernels::Norm;
use crate::model::weights::Weights;

/// Names below the network's prefix; those of a layer below `layer` and its number.
pub struct Names {
    /// What a network inside a task model is called.
    prefix: &'static str,
    layer: &'static str,
    query_key_value: [&'static str; 3],
    mixed: &'static str,
    mixed_norm: &'static str,
    up: &'static str,
    down: &'static str,
    down_norm: &'static str,
}

const BERT: Names = Names {
    prefix: "bert",
    layer: "encoder.layer",
    query_key_value: ["attention.self.query", "attention.self.key", "attention.self.value"],
    mixed: "attention.output.dense",
    mixed_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    down_norm: "output.LayerNorm",
};

const ROBERTA: Names = Names { prefix: "roberta", ..BERT };

const DISTILBERT: Names = Names {
    prefix: "distilbert",
    layer: "transformer.layer",
    query_key_value: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    mixed: "attention.out_lin",
    mixed_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    down_norm: "output_layer_norm",
};

impl Family {
    fn names(self) -> &'static Names {
        match self {
            Family::Bert => &BERT,
            Family::Roberta => &ROBERTA,
            Family::DistilBert => &DISTILBERT,
        }
    }
}

/// The tensors of one network, by what they are for.
pub struct Tensors<'a> {
    weights: &'a Weights<'a>,
    config: &'a Config,
    names: &'static Names,
}

/// A linear layer as files hold it, or several of the same input, stacked.
pub struct Linear {
    /// `[outputs, inputs]`
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    pub inputs: usize,
}

/// The tensors of one layer.
pub struct LayerTensors {
    /// Queries, keys and values: `[3 · hidden, hidden]`.
    pub qkv: Linear,
    pub mixed: Linear,
    pub mixed_norm: Norm,
    pub up: Linear,
    pub down: Linear,
    pub down_norm: Norm,
}

impl<'a> Tensors<'a> {
    pub fn new(weights: &'a Weights<'a>, config: &'a Config) -> Self {
        Tensors { weights, config, names: config.family.names() }
    }

    /// # Errors
    /// If a tensor is missing or has another shape than the config says.
    pub fn layer(&self, index: usize) -> Result<LayerTensors, ModelError> {
        let (names, hidden, inner) = (self.names, self.config.hidden_size, self.config.intermediate_size);
        let name = |part: &str| format!("{}.{index}.{part}", names.layer);
        Ok(LayerTensors {
            qkv: self.linear(&names.query_key_value.map(name), hidden, hidden)?,
            mixed: self.linear(&[name(names.mixed)], hidden, hidden)?,
            mixed_norm: self.norm(&name(names.mixed_norm))?,
            up: self.linear(&[name(names.up)], hidden, inner)?,
            down: self.linear(&[name(names.down)], inner, hidden)?,
            down_norm: self.norm(&name(names.down_norm))?,
        })
    }

    /// Linear layers of the same input, stacked.
    pub fn linear(&self, names: &[String], inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weight.append(&mut self.matrix(&format!("{name}.weight"), outputs, inputs)?);
            bias.append(&mut self.weights.vector(&self.find(&format!("{name}.bias")), outputs)?);
        }
        Ok(Linear { weight, bias, inputs })
    }

    pub fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, ModelError> {
        self.weights.matrix(&self.find(name), rows, columns)
    }

    pub fn table(&self, name: &str, rows: usize, columns: usize) -> Result<crate::model::weights::Table, ModelError> {
        self.weights.table(&self.find(name), rows, columns)
    }

    /// A LayerNorm; `gamma` and `beta` are what gain and shift were called in 2018.
    pub fn norm(&self, name: &str) -> Result<Norm, ModelError> {
        let either = |new: &str, old: &str| {
            let old = self.find(&format!("{name}.{old}"));
            let name = if self.weights.contains(&old) { old } else { self.find(&format!("{name}.{new}")) };
            self.weights.vector(&name, self.config.hidden_size)
        };
        let (gain, shift) = (either("weight", "gamma")?, either("bias", "beta")?);
        Ok(Norm { gain, shift, epsilon: self.config.layer_norm_eps })
    }

    /// The name with the network's prefix where the file has that one.
    fn find(&self, name: &str) -> String {
        let prefixed = format!("{}.{name}", self.names.prefix);
        if self.weights.contains(&prefixed) { prefixed } else { name.to_owned() }
    }
}
