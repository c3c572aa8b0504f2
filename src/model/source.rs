//! A model's files, opened: inside the binary, in a directory, or in the local hub cache. Nothing is downloaded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::bert::{self, Family};
use super::modules::{self, Modules};
use super::place::{Place, is_inside, map, read, shown};
use super::qwen3;
use super::weights::{Bytes, Weights};
use super::{ModelError, ModelSource, Pooling};
use crate::text::TextTokenizer;

/// Which of the two networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Embedder,
    Reranker,
}

impl Kind {
    pub fn key(self) -> &'static str {
        match self {
            Kind::Embedder => "embedder",
            Kind::Reranker => "reranker",
        }
    }
}

/// The networks that can be run, as their config.json describes them.
#[allow(clippy::large_enum_variant, reason = "one of them is held per model")]
#[derive(Debug, Clone, PartialEq)]
pub enum Architecture {
    Bert(bert::Config),
    Qwen3(qwen3::Config),
}

/// The files of one model, opened.
pub struct ModelFiles {
    pub architecture: Architecture,
    pub tokenizer: Arc<TextTokenizer>,
    pub modules: Modules,
    /// Of everything in the files that decides what the network computes.
    pub hash: blake3::Hash,
    weights: Vec<(String, Bytes)>,
}

impl ModelFiles {
    /// Where they are, for messages about several of them.
    pub fn directory(&self) -> String {
        let first = self.weights.first().map(|(path, _)| Path::new(path));
        first.and_then(Path::parent).map(shown).unwrap_or_default()
    }

    /// # Errors
    /// If a file is truncated or not a safetensors file.
    pub fn weights(&self) -> Result<Weights<'_>, ModelError> {
        Weights::parse(&self.weights)
    }
}

impl ModelSource {
    /// Understands the `source` of a profile: "builtin", a directory, or `owner/name` of the hub.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn parse(source: &str, revision: Option<&str>) -> Result<Self, ModelError> {
        if source == "builtin" {
            return Ok(ModelSource::Builtin);
        }
        let path = Path::new(source);
        if path.is_dir() {
            return Ok(ModelSource::Directory(path.to_owned()));
        }
        if is_repository(source) {
            let revision = revision.unwrap_or("main").to_owned();
            return Ok(ModelSource::Hub { repository: source.to_owned(), revision });
        }
        let hint = "it is neither a directory that exists nor a hub repository (owner/name)".to_owned();
        Err(ModelError::Unknown { name: source.to_owned(), hint })
    }

    /// Whether its files seem to be on this machine; [`ModelSource::open`] knows for certain.
    pub fn is_here(&self) -> bool {
        let has_config = |place: Place| place.find("config.json").or_else(|| place.find("modules.json")).is_some();
        match self {
            ModelSource::Builtin => cfg!(feature = "builtin-models"),
            ModelSource::Directory(directory) => has_config(Place::directory(directory)),
            ModelSource::Hub { repository, revision } => Place::hub(repository, revision).is_ok_and(has_config),
        }
    }

    /// # Errors
    /// If a file is missing, damaged, or asks for what cannot be run: the message names it.
    pub fn open(&self, kind: Kind) -> Result<ModelFiles, ModelError> {
        match self {
            ModelSource::Builtin => builtin(kind),
            ModelSource::Directory(directory) => open(&Place::directory(directory), kind),
            ModelSource::Hub { repository, revision } => open(&Place::hub(repository, revision)?, kind),
        }
    }
}

/// `owner/name` in the characters the hub allows.
fn is_repository(name: &str) -> bool {
    let allowed = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    name.split_once('/').is_some_and(|(owner, name)| allowed(owner) && allowed(name))
}

fn open(place: &Place, kind: Kind) -> Result<ModelFiles, ModelError> {
    let modules = Modules::read(place)?;
    let base = &modules.base;
    let (config_path, tokenizer_path) =
        (place.need(&format!("{base}config.json"))?, place.need(&format!("{base}tokenizer.json"))?);
    let (config, tokenizer) = (read(&config_path)?, read(&tokenizer_path)?);
    let architecture = Architecture::parse(&config, &shown(&config_path), kind)?;
    check(&architecture, &modules, kind).map_err(|(file, reason)| place.wrong(file, reason))?;
    let weights = weights(place, base)?;
    let hash = {
        let mut hasher = blake3::Hasher::new();
        feed(&mut hasher, &[&config, &tokenizer]);
        modules.feed(&mut hasher);
        weights.iter().for_each(|(path, bytes)| feed_weights(&mut hasher, Path::new(path), bytes));
        hasher.finalize()
    };
    let tokenizer = Arc::new(parse_tokenizer(&tokenizer, &shown(&tokenizer_path))?);
    let (tokens, entries) = (tokenizer.vocabulary(), architecture.vocabulary());
    if tokens > entries {
        let reason =
            format!("has {tokens} tokens, but the network's vocab_size is {entries}: they do not belong together");
        return Err(ModelError::File { path: shown(&tokenizer_path), reason });
    }
    Ok(ModelFiles { architecture, tokenizer, modules, hash, weights })
}

impl Architecture {
    /// `origin` is the file named in errors.
    ///
    /// # Errors
    /// If it is no config.json, needs remote code, or describes a network that cannot be run: the message names the
    /// key.
    fn parse(json: &[u8], origin: &str, kind: Kind) -> Result<Self, ModelError> {
        #[derive(Deserialize)]
        struct Kinds {
            model_type: Option<String>,
            auto_map: Option<serde_json::Value>,
        }
        let fail = |reason: String| ModelError::File { path: origin.to_owned(), reason };
        // Asked first: another network's config rightly lacks BERT's keys.
        let kinds: Kinds = serde_json::from_slice(json).map_err(|error| fail(format!("not a config.json: {error}")))?;
        if kinds.auto_map.is_some() {
            return Err(fail("has an auto_map: the network needs code of its own, which is never run".into()));
        }
        let model_type = kinds.model_type.as_deref().unwrap_or("bert");
        if model_type == qwen3::Config::MODEL_TYPE {
            return qwen3::Config::parse(json, origin).map(Architecture::Qwen3);
        }
        let Some(family) = Family::of(model_type) else {
            let known: Vec<&str> = Family::model_types().chain([qwen3::Config::MODEL_TYPE]).collect();
            return Err(fail(format!("model_type is {model_type:?}; networks that can be run: {}", known.join(", "))));
        };
        let config = bert::Config::parse(family, json, origin)?;
        match config.outputs() {
            Some(outputs) if kind == Kind::Reranker && outputs != 1 => {
                Err(fail(format!("has {outputs} labels; a reranker has one, its score")))
            }
            _ => Ok(Architecture::Bert(config)),
        }
    }

    /// Rows of the word table.
    pub fn vocabulary(&self) -> usize {
        match self {
            Architecture::Bert(config) => config.vocab_size,
            Architecture::Qwen3(config) => config.vocab_size,
        }
    }
}

/// Whether the network can be used as its module files say; if not, the file that says so and why.
fn check(architecture: &Architecture, modules: &Modules, kind: Kind) -> Result<(), (&'static str, &'static str)> {
    let prompted = modules.default_prompt.as_deref().is_some_and(|prompt| !prompt.is_empty());
    match (architecture, kind) {
        (Architecture::Bert(_), _) | (_, Kind::Embedder) if modules.answer.is_some() => {
            Err(("modules.json", "asks for LogitScore, which reads a causal network's answer"))
        }
        (Architecture::Qwen3(_), Kind::Embedder) if modules.pooling == Some(Pooling::Cls) => {
            Err(("modules.json", "pools the first token, which in a causal network has seen nothing"))
        }
        (Architecture::Bert(_), Kind::Reranker) if prompted => {
            Err((modules::USE, "sets default_prompt_name; BERT's pairs have no place for a prompt"))
        }
        _ => Ok(()),
    }
}

/// model.safetensors, or the shards that model.safetensors.index.json names.
fn weights(place: &Place, base: &str) -> Result<Vec<(String, Bytes)>, ModelError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let one = |path: &Path| Ok((shown(path), map(path)?));
    let (whole, index) = (format!("{base}model.safetensors"), format!("{base}model.safetensors.index.json"));
    if place.find(&whole).is_some() {
        return Ok(vec![one(&place.need(&whole)?)?]);
    }
    let Some(Index { weight_map }) = place.json(&index)? else {
        return Ok(vec![one(&modules::safetensors(place, base)?)?]);
    };
    let shards: BTreeSet<&String> = weight_map.values().collect();
    let shard = |name: &&String| {
        if !is_inside(name) {
            return Err(place.wrong(&index, format!("names the file {name:?}, which is outside the model's directory")));
        }
        match place.find(&format!("{base}{name}")) {
            Some(path) => one(&path),
            None => {
                let reason =
                    format!("no such file, though {index} names it: a part of the weights is missing; get it again");
                Err(place.wrong(&format!("{base}{name}"), reason))
            }
        }
    };
    shards.iter().map(shard).collect()
}

fn parse_tokenizer(json: &[u8], origin: &str) -> Result<TextTokenizer, ModelError> {
    TextTokenizer::from_bytes(json, origin)
        .map_err(|error| ModelError::File { path: error.origin, reason: error.reason })
}

/// Lengths keep the parts apart.
fn feed(hasher: &mut blake3::Hasher, parts: &[&[u8]]) {
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update_rayon(part);
    }
}

/// Weights by their content. A file of the hub cache lies under its SHA-256, so that name, its length and a sample say
/// which it is: 16 GB would cost seconds at every start. The sample is there because the cache is not trusted: a file
/// that was cut, replaced or swapped for another is another model, whatever it is called. Files elsewhere are hashed
/// whole: 0.4 s for 1.2 GB.
fn feed_weights(hasher: &mut blake3::Hasher, path: &Path, bytes: &[u8]) {
    let Some(name) = blob(path) else { return feed(hasher, &[bytes]) };
    feed(hasher, &[name.as_bytes(), &(bytes.len() as u64).to_le_bytes()]);
    for start in (0..bytes.len()).step_by(SAMPLE_EVERY) {
        hasher.update(&bytes[start..bytes.len().min(start + SAMPLE)]);
    }
    hasher.update(&bytes[bytes.len().saturating_sub(SAMPLE)..]);
}

/// Of each [`SAMPLE_EVERY`] bytes this many are hashed: 64 MB of 16 GB, at BLAKE3's 3 GB/s (measured) some 20 ms.
const SAMPLE: usize = 64 << 10;
const SAMPLE_EVERY: usize = 16 << 20;

/// The name of a hub blob that is a SHA-256, if the path leads to one (`snapshots/…` are links to `blobs/<hash>`).
fn blob(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let name = path.file_name()?.to_str()?;
    let is_hash = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && path.parent()?.file_name()? == "blobs").then(|| name.to_owned())
}

#[cfg(not(feature = "builtin-models"))]
fn builtin(_: Kind) -> Result<ModelFiles, ModelError> {
    let hint = "this build carries no models (feature builtin-models is off); name a model directory";
    Err(ModelError::Unknown { name: "builtin".into(), hint: hint.into() })
}

#[cfg(feature = "builtin-models")]
fn builtin(kind: Kind) -> Result<ModelFiles, ModelError> {
    use std::sync::OnceLock;

    macro_rules! asset {
        ($path:literal) => {
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/models/", $path))
        };
    }
    static TOKENIZER: &[u8] = asset!("tokenizer.json");
    let (config, weights): (&[u8], &'static [u8]) = match kind {
        Kind::Embedder => (asset!("embedder/config.json"), asset!("embedder/model.safetensors")),
        Kind::Reranker => (asset!("reranker/config.json"), asset!("reranker/model.safetensors")),
    };
    let origin = |file: &str| format!("built-in {}/{file}", kind.key());
    // Both networks share the tokenizer, and reading its vocabulary is a good part of loading them.
    static SHARED: OnceLock<Result<Arc<TextTokenizer>, (String, String)>> = OnceLock::new();
    let hash = || {
        let mut hasher = blake3::Hasher::new();
        feed(&mut hasher, &[config, TOKENIZER, weights]);
        hasher.finalize()
    };
    let (tokenizer, hash) = rayon::join(
        || {
            SHARED.get_or_init(|| {
                TextTokenizer::from_bytes(TOKENIZER, "built-in tokenizer.json")
                    .map(Arc::new)
                    .map_err(|error| (error.origin, error.reason))
            })
        },
        hash,
    );
    let tokenizer = tokenizer.clone().map_err(|(path, reason)| ModelError::File { path, reason })?;
    Ok(ModelFiles {
        architecture: Architecture::parse(config, &origin("config.json"), kind)?,
        tokenizer,
        modules: Modules::default(),
        hash,
        weights: vec![(origin("model.safetensors"), Bytes::Resident(weights))],
    })
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
