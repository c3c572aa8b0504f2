//! The modules that can be listed in modules.json.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::place::{Place, map, shown};
use crate::model::weights::Weights;
use crate::model::{ModelError, Pooling};

/// A module behind pooling.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Dense(Dense),
    /// To unit length.
    Normalise,
}

/// `activation(weight · x + bias)`
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Its config.json, for messages.
    pub origin: String,
    /// `[outputs, inputs]`
    pub weight: Vec<f32>,
    /// Zeros if the module has none.
    pub bias: Vec<f32>,
    pub inputs: usize,
    pub activation: Activation,
}

/// The tokens whose logits make a score: `yes − no`, or `yes` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Answer {
    #[serde(rename = "true_token_id")]
    pub yes: u32,
    #[serde(rename = "false_token_id", default)]
    pub no: Option<u32>,
}

/// A function of one number, called by the name of its class in PyTorch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Identity,
    Tanh,
    Relu,
    Sigmoid,
}

impl Activation {
    const ALL: [(&str, Activation); 4] = [
        ("Identity", Activation::Identity),
        ("Tanh", Activation::Tanh),
        ("ReLU", Activation::Relu),
        ("Sigmoid", Activation::Sigmoid),
    ];

    /// Understands `torch.nn.modules.activation.Tanh`.
    pub fn parse(path: &str) -> Result<Self, String> {
        let class = path.strip_prefix("torch.").and_then(|path| path.rsplit('.').next());
        let known = Activation::ALL.into_iter().find(|(name, _)| Some(*name) == class);
        known.map(|(_, activation)| activation).ok_or_else(|| {
            let names = Activation::ALL.map(|(name, _)| name).join(", ");
            format!("asks for the activation {path:?}; known are torch.nn's {names}")
        })
    }

    pub fn label(self) -> &'static str {
        let found = Activation::ALL.into_iter().find(|(_, activation)| *activation == self);
        found.map_or("", |(name, _)| name)
    }

    pub fn apply(self, x: f32) -> f32 {
        match self {
            Activation::Identity => x,
            Activation::Tanh => x.tanh(),
            Activation::Relu => x.max(0.0),
            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        }
    }
}

/// The path of a directory, to put a file's name behind.
pub fn directory(path: &str) -> String {
    if path.is_empty() || path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

/// The one pooling mode of a Pooling module.
pub fn pooling(config: &Map<String, Value>) -> Result<Pooling, String> {
    /// A mode's name since 2026, its key before, and what it is here.
    const MODES: [(&str, &str, Option<Pooling>); 6] = [
        ("cls", "pooling_mode_cls_token", Some(Pooling::Cls)),
        ("max", "pooling_mode_max_tokens", Some(Pooling::Max)),
        ("mean", "pooling_mode_mean_tokens", Some(Pooling::Mean)),
        ("lasttoken", "pooling_mode_lasttoken", Some(Pooling::LastToken)),
        ("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", None),
        ("weightedmean", "pooling_mode_weightedmean_tokens", None),
    ];
    let named: Vec<&str> = match config.get("pooling_mode") {
        Some(Value::String(mode)) => vec![mode],
        Some(Value::Array(modes)) => modes.iter().map(|mode| mode.as_str().unwrap_or("?")).collect(),
        Some(other) => return Err(format!("pooling_mode is {other}")),
        None => {
            let chosen =
                config.iter().filter(|(key, on)| key.starts_with("pooling_mode_") && **on == Value::Bool(true));
            let name = |key: &'_ str| MODES.iter().find(|(_, old, _)| *old == key).map(|(name, ..)| *name);
            chosen.map(|(key, _)| name(key).unwrap_or(key)).collect()
        }
    };
    match named[..] {
        // sentence-transformers' default.
        [] => Ok(Pooling::Mean),
        [mode] => {
            let known = MODES.iter().find(|(name, ..)| *name == mode).and_then(|(.., pooling)| *pooling);
            known.ok_or_else(|| format!("asks for {mode} pooling; mean, cls, lasttoken and max are known"))
        }
        _ => Err(format!("asks for several kinds of pooling ({}); one can be used", named.join(", "))),
    }
}

/// A Dense module: config.json and model.safetensors.
pub fn dense(place: &Place, path: &str) -> Result<Dense, ModelError> {
    #[derive(Deserialize)]
    struct Config {
        in_features: usize,
        out_features: usize,
        #[serde(default = "yes")]
        bias: bool,
        activation_function: Option<String>,
        #[serde(flatten)]
        names: Names,
        #[serde(default)]
        use_residual: bool,
    }
    let file = |name: &str| format!("{}{name}", directory(path));
    let config_file = file("config.json");
    let Some(config) = place.json::<Config>(&config_file)? else {
        return Err(place.wrong(&config_file, "no such file, though modules.json names it"));
    };
    let wrong = |reason: String| place.wrong(&config_file, reason);
    config.names.check().map_err(wrong)?;
    if config.use_residual {
        return Err(wrong("sets use_residual, which is not known here".into()));
    }
    let activation = config.activation_function.as_deref().map_or(Ok(Activation::Tanh), Activation::parse);
    let weights_path = safetensors(place, &directory(path))?;
    let files = [(shown(&weights_path), map(&weights_path)?)];
    let weights = Weights::parse(&files)?;
    let (inputs, outputs) = (config.in_features, config.out_features);
    Ok(Dense {
        origin: place.need(&config_file).map(|path| shown(&path))?,
        weight: weights.matrix("linear.weight", outputs, inputs)?,
        bias: if config.bias { weights.vector("linear.bias", outputs)? } else { vec![0.0; outputs] },
        inputs,
        activation: activation.map_err(wrong)?,
    })
}

fn yes() -> bool {
    true
}

/// Which values a module reads and writes; others than the pooled vector are not known here.
#[derive(Deserialize, Default)]
struct Names {
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

impl Names {
    fn check(&self) -> Result<(), String> {
        let names = [("module_input_name", &self.module_input_name), ("module_output_name", &self.module_output_name)];
        for (key, name) in names {
            if let Some(name) = name.as_deref().filter(|name| *name != "sentence_embedding") {
                return Err(format!("{key} is {name:?}; only \"sentence_embedding\" is known here"));
            }
        }
        Ok(())
    }
}

pub fn normalise(place: &Place, path: &str) -> Result<Step, ModelError> {
    let file = format!("{}config.json", directory(path));
    // Older repositories have no such file, and git keeps no empty directory.
    let names = place.json::<Names>(&file)?.unwrap_or_default();
    names.check().map_err(|reason| place.wrong(&file, reason)).map(|()| Step::Normalise)
}

pub fn answer(place: &Place, path: &str) -> Result<Answer, ModelError> {
    let file = format!("{}config.json", directory(path));
    place.json(&file)?.ok_or_else(|| place.wrong(&file, "no such file, though modules.json names it"))
}

/// The weights in a directory of one file; pickles are not opened.
pub fn safetensors(place: &Place, base: &str) -> Result<PathBuf, ModelError> {
    const PICKLES: [&str; 2] = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
    let file = format!("{base}model.safetensors");
    if let (None, Some(pickle)) = (
        place.find(&file),
        PICKLES.map(|name| format!("{base}{name}")).into_iter().find(|name| place.find(name).is_some()),
    ) {
        let reason = "is not read: a pickle can run code; use a revision that has model.safetensors, or convert it";
        return Err(place.wrong(&pickle, reason));
    }
    place.need(&file)
}
