//! What the files beside a network say about its use: those of sentence-transformers, and the tokenizer's settings.
//!
//! Read as sentence-transformers 6 reads them, the older spellings of its keys included. What is asked for and not
//! known here is refused by name: a number that leaves a module out is another model's number.

mod parts;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::parts::{Activation, Answer, Dense, Step, safetensors};
use self::parts::{answer, dense, directory, normalise, pooling};
use super::place::{Place, is_inside, read};
use super::{ModelError, Pooling};

/// How a model is used, as far as its files say.
#[derive(Debug, Clone, PartialEq)]
pub struct Modules {
    /// Where the network's own files are: "" or a directory with a `/` behind it.
    pub base: String,
    pub pooling: Option<Pooling>,
    /// Whether pooling takes in the tokens of the prompt (and those before them).
    pub include_prompt: bool,
    /// What is done with the pooled vector, in order.
    pub steps: Vec<Step>,
    /// What comes before a query; `None` if nothing is said.
    pub query_prompt: Option<String>,
    pub document_prompt: Option<String>,
    /// What a cross-encoder is told before its pair.
    pub default_prompt: Option<String>,
    /// What the model was trained to read, in tokens.
    pub max_tokens: Option<usize>,
    /// Whether the network is told which segment a token is of.
    pub segments: bool,
    /// Applied to a cross-encoder's logit by its authors. We show the logit: it orders the same, and does not saturate.
    pub activation: Activation,
    /// How a causal cross-encoder's answer is read.
    pub answer: Option<Answer>,
    /// Jinja source.
    pub chat_template: Option<String>,
    /// What chat templates may call special tokens: `eos_token` and its like.
    pub special_tokens: BTreeMap<String, String>,
}

impl Default for Modules {
    /// A model that says nothing.
    fn default() -> Self {
        Modules {
            base: String::new(),
            pooling: None,
            include_prompt: true,
            steps: Vec::new(),
            query_prompt: None,
            document_prompt: None,
            default_prompt: None,
            max_tokens: None,
            segments: true,
            // sentence-transformers' default for one output.
            activation: Activation::Sigmoid,
            answer: None,
            chat_template: None,
            special_tokens: BTreeMap::new(),
        }
    }
}

/// `1_Pooling/config.json` where no modules.json names another place.
const USUAL_POOLING: &str = "1_Pooling";

/// How the whole model is used.
pub const USE: &str = "config_sentence_transformers.json";

/// Settings of the network's module; older versions named the file after the network.
const SETTINGS: [&str; 7] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

impl Modules {
    /// # Errors
    /// If a file is damaged, or asks for something that is not known: the message names the file and what it asks for.
    pub fn read(place: &Place) -> Result<Self, ModelError> {
        let mut modules = Modules::default();
        modules.read_list(place)?;
        modules.read_settings(place)?;
        modules.read_tokenizer(place)?;
        modules.read_use(place)?;
        Ok(modules)
    }

    /// Everything here that changes a number and is not in a profile.
    pub fn feed(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&[u8::from(self.include_prompt), u8::from(self.segments)]);
        for step in &self.steps {
            match step {
                Step::Normalise => {
                    hasher.update(b"normalise");
                }
                Step::Dense(dense) => {
                    hasher.update(dense.activation.label().as_bytes());
                    hasher.update(&(dense.inputs as u64).to_le_bytes());
                    dense.weight.iter().chain(&dense.bias).for_each(|x| {
                        hasher.update(&x.to_le_bytes());
                    });
                }
            }
        }
    }

    /// modules.json: what is done, in order.
    fn read_list(&mut self, place: &Place) -> Result<(), ModelError> {
        const FILE: &str = "modules.json";
        #[derive(Deserialize)]
        struct Entry {
            path: String,
            #[serde(rename = "type")]
            class: String,
        }
        let Some(entries) = place.json::<Vec<Entry>>(FILE)? else {
            return self.read_pooling(place, USUAL_POOLING, false);
        };
        for (index, Entry { path, class }) in entries.iter().enumerate() {
            let fail = |reason: String| Err(place.wrong(FILE, reason));
            if !is_inside(path) {
                return fail(format!("names the directory {path:?}, which is outside the model's own"));
            }
            let Some(known) = class.strip_prefix("sentence_transformers.") else {
                return fail(format!("asks for {class:?}, which needs code of its own, which is never run"));
            };
            match known.rsplit('.').next().unwrap_or(known) {
                "Transformer" if index == 0 => self.base = directory(path),
                "Pooling" if index == 1 => self.read_pooling(place, path, true)?,
                "Dense" if self.pooling.is_some() => self.steps.push(Step::Dense(dense(place, path)?)),
                "Normalize" if self.pooling.is_some() => self.steps.push(normalise(place, path)?),
                "LogitScore" if index == 1 => self.answer = Some(answer(place, path)?),
                // Does nothing outside training.
                "Dropout" => {}
                module => {
                    return fail(format!("asks for the module {module:?} at place {index}, which is not known here"));
                }
            }
        }
        Ok(())
    }

    /// `needed` is whether a list of modules named it.
    fn read_pooling(&mut self, place: &Place, path: &str, needed: bool) -> Result<(), ModelError> {
        let file = format!("{}config.json", directory(path));
        let Some(config) = place.json::<Map<String, Value>>(&file)? else {
            return if needed { place.need(&file).map(|_| ()) } else { Ok(()) };
        };
        self.pooling = Some(pooling(&config).map_err(|reason| place.wrong(&file, reason))?);
        self.include_prompt = config.get("include_prompt").and_then(Value::as_bool).unwrap_or(true);
        Ok(())
    }

    /// sentence_bert_config.json.
    fn read_settings(&mut self, place: &Place) -> Result<(), ModelError> {
        #[derive(Deserialize)]
        struct Settings {
            max_seq_length: Option<usize>,
            #[serde(default)]
            do_lower_case: bool,
            query_length: Option<Value>,
            document_length: Option<Value>,
            query_expansion: Option<Value>,
        }
        for file in SETTINGS.map(|name| format!("{}{name}", self.base)) {
            let Some(settings) = place.json::<Settings>(&file)? else { continue };
            let asked = [
                ("query_length", settings.query_length.is_some()),
                ("document_length", settings.document_length.is_some()),
                ("query_expansion", settings.query_expansion.is_some()),
                // transformers would change the tokenizer; BERT's own lower-case already.
                ("do_lower_case", settings.do_lower_case && !lowers(place, &self.base)?),
            ];
            if let Some((key, _)) = asked.iter().find(|(_, asked)| *asked) {
                return Err(place.wrong(&file, format!("sets {key}, which is not known here")));
            }
            self.max_tokens = settings.max_seq_length;
            break;
        }
        Ok(())
    }

    /// tokenizer_config.json and chat_template.jinja.
    fn read_tokenizer(&mut self, place: &Place) -> Result<(), ModelError> {
        #[derive(Deserialize)]
        struct Settings {
            /// 1e30 stands for no limit.
            model_max_length: Option<f64>,
            model_input_names: Option<Vec<String>>,
            chat_template: Option<Value>,
            #[serde(flatten)]
            others: Map<String, Value>,
        }
        let settings = place.json::<Settings>(&format!("{}tokenizer_config.json", self.base))?;
        if let Some(settings) = settings {
            let limit = settings.model_max_length.filter(|limit| *limit >= 1.0 && *limit < f64::from(u32::MAX));
            self.max_tokens = self.max_tokens.or(limit.map(|limit| limit as usize));
            let inputs = settings.model_input_names;
            self.segments = inputs.is_none_or(|names| names.iter().any(|name| name == "token_type_ids"));
            self.chat_template = settings.chat_template.as_ref().and_then(default_template);
            self.special_tokens = special_tokens(&settings.others);
        }
        if let Some(path) = place.find(&format!("{}chat_template.jinja", self.base)) {
            let text = String::from_utf8(read(&path)?);
            self.chat_template = Some(text.map_err(|error| place.wrong("chat_template.jinja", error.to_string()))?);
        }
        Ok(())
    }

    /// config_sentence_transformers.json, and what config.json says about a cross-encoder.
    fn read_use(&mut self, place: &Place) -> Result<(), ModelError> {
        #[derive(Deserialize, Default)]
        struct Use {
            model_type: Option<String>,
            #[serde(default)]
            prompts: Map<String, Value>,
            default_prompt_name: Option<String>,
            similarity_fn_name: Option<String>,
            activation_fn: Option<String>,
        }
        #[derive(Deserialize, Default)]
        struct Network {
            sentence_transformers: Option<CrossEncoder>,
            sbert_ce_default_activation_function: Option<String>,
        }
        #[derive(Deserialize)]
        struct CrossEncoder {
            activation_fn: Option<String>,
        }
        let usage = place.json::<Use>(USE)?.unwrap_or_default();
        if let Some(kind @ ("SparseEncoder" | "MultiVectorEncoder")) = usage.model_type.as_deref() {
            return Err(place.wrong(USE, format!("model_type is {kind:?}; only bi- and cross-encoders can be run")));
        }
        self.check_similarity(usage.similarity_fn_name.as_deref()).map_err(|reason| place.wrong(USE, reason))?;
        let prompt = |name: &str| usage.prompts.get(name).map(|text| text.as_str().unwrap_or_default().to_owned());
        self.query_prompt = ["query"].into_iter().find_map(prompt);
        // In the order in which `encode_document` looks for them.
        self.document_prompt = ["document", "passage", "corpus"].into_iter().find_map(prompt);
        self.default_prompt = usage.default_prompt_name.as_deref().and_then(prompt);

        let config = format!("{}config.json", self.base);
        let network = place.json::<Network>(&config)?.unwrap_or_default();
        let cross = network.sentence_transformers.and_then(|cross| cross.activation_fn);
        let old = network.sbert_ce_default_activation_function;
        let named = usage.activation_fn.map(|path| (USE, path)).or(cross.or(old).map(|path| (config.as_str(), path)));
        if let Some((file, path)) = named {
            self.activation = Activation::parse(&path).map_err(|reason| place.wrong(file, reason))?;
            if self.activation == Activation::Relu {
                return Err(place.wrong(file, "asks for ReLU on the score, which makes all bad documents equal"));
            }
        }
        Ok(())
    }

    /// Our vectors are of unit length and compared by cosine.
    fn check_similarity(&self, name: Option<&str>) -> Result<(), String> {
        match name {
            None | Some("cosine") => Ok(()),
            // Of unit vectors, the dot product is the cosine, and distance orders as it does.
            Some("dot" | "euclidean") if self.steps.last() == Some(&Step::Normalise) => Ok(()),
            Some(name) => Err(format!(
                "similarity_fn_name is {name:?} of vectors that need not be of unit length; only cosine can be computed"
            )),
        }
    }
}

/// Whether tokenizer.json lower-cases what it is given.
fn lowers(place: &Place, base: &str) -> Result<bool, ModelError> {
    fn of(normaliser: &Value) -> bool {
        match normaliser["type"].as_str() {
            Some("Lowercase") => true,
            Some("BertNormalizer") => normaliser["lowercase"] == true,
            Some("Sequence") => normaliser["normalizers"].as_array().is_some_and(|list| list.iter().any(of)),
            _ => false,
        }
    }
    let tokenizer = place.json::<Value>(&format!("{base}tokenizer.json"))?;
    Ok(tokenizer.is_some_and(|tokenizer| of(&tokenizer["normalizer"])))
}

/// `eos_token` and its like, each a text or an object with the text as its content.
fn special_tokens(settings: &Map<String, Value>) -> BTreeMap<String, String> {
    let named = settings.iter().filter(|(key, _)| key.ends_with("_token"));
    let text = |value: &Value| Some(value.as_str().or_else(|| value.get("content")?.as_str())?.to_owned());
    named.filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
}

/// A chat template is a text, or a list of named ones.
fn default_template(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => {
            let default = list.iter().find(|entry| entry["name"] == "default")?;
            default["template"].as_str().map(str::to_owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
