//! Where a model's files are: inside the binary, in a directory, or in the local hub cache. Nothing is downloaded.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use serde::Deserialize;

use super::bert::Config;
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

/// The files of one model, opened.
pub struct ModelFiles {
    pub config: Config,
    pub tokenizer: Arc<TextTokenizer>,
    pub pooling: Option<Pooling>,
    /// What sentence-transformers says the model was trained to read, in tokens.
    pub max_tokens: Option<usize>,
    /// BLAKE3 of config, tokenizer and weights.
    pub hash: blake3::Hash,
    weights: (String, Bytes),
}

impl ModelFiles {
    pub fn weights(&self) -> Result<Weights<'_>, ModelError> {
        Weights::parse(std::slice::from_ref(&self.weights))
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
        match self {
            ModelSource::Builtin => cfg!(feature = "builtin-models"),
            ModelSource::Directory(directory) => directory.join("config.json").is_file(),
            ModelSource::Hub { repository, revision } => {
                hub_cache(repository, revision).is_some_and(|cache| cache.get("config.json").is_some())
            }
        }
    }

    pub fn open(&self, kind: Kind) -> Result<ModelFiles, ModelError> {
        match self {
            ModelSource::Builtin => builtin(kind),
            ModelSource::Directory(directory) => open(|file| Some(directory.join(file)), &|file| ModelError::File {
                path: directory.join(file).display().to_string(),
                reason: "no such file; a model directory has config.json, model.safetensors and tokenizer.json".into(),
            }),
            ModelSource::Hub { repository, revision } => open_hub(repository, revision),
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

fn open_hub(repository: &str, revision: &str) -> Result<ModelFiles, ModelError> {
    let missing = |file: &str| ModelError::Unknown {
        name: repository.to_owned(),
        hint: format!(
            "{file} of revision {revision} is not in the local hub cache, and nothing is downloaded; get it with \
             `hf download {repository} --revision {revision}`"
        ),
    };
    let cache = hub_cache(repository, revision).ok_or_else(|| missing("config.json"))?;
    open(|file| cache.get(file), &missing)
}

/// The part of the local hub cache that may hold a repository; `None` if there is no place for a cache.
fn hub_cache(repository: &str, revision: &str) -> Option<hf_hub::CacheRepo> {
    // hf-hub panics where neither HF_HOME nor a home directory is set.
    if std::env::var_os("HF_HOME").is_none() && std::env::home_dir().is_none() {
        return None;
    }
    let repo = hf_hub::Repo::with_revision(repository.to_owned(), hf_hub::RepoType::Model, revision.to_owned());
    Some(hf_hub::Cache::from_env().repo(repo))
}

/// Opens the files of a directory or cache; `locate` says where one is, `missing` what to say of one that must be.
fn open(
    locate: impl Fn(&str) -> Option<PathBuf>,
    missing: &dyn Fn(&str) -> ModelError,
) -> Result<ModelFiles, ModelError> {
    let find = |file: &str| locate(file).filter(|path| path.is_file());
    let need = |file: &str| find(file).ok_or_else(|| missing(file));
    let (config_path, weights_path, tokenizer_path) =
        (need("config.json")?, need("model.safetensors")?, need("tokenizer.json")?);
    let config = read(&config_path)?;
    let tokenizer = read(&tokenizer_path)?;
    let pooling = find("1_Pooling/config.json").map(|path| pooling(&path)).transpose()?;
    let max_tokens = find("sentence_bert_config.json").map(|path| max_tokens(&path)).transpose()?.flatten();
    let weights = (shown(&weights_path), map(&weights_path)?);
    let hash = hash(&config, &tokenizer, &weights.1);
    let config = Config::parse(&config, &shown(&config_path))?;
    let tokenizer = Arc::new(parse_tokenizer(&tokenizer, &shown(&tokenizer_path))?);
    if tokenizer.vocabulary() > config.vocab_size {
        let (tokens, entries) = (tokenizer.vocabulary(), config.vocab_size);
        let reason =
            format!("has {tokens} tokens, but the network's vocab_size is {entries}: they do not belong together");
        return Err(ModelError::File { path: shown(&tokenizer_path), reason });
    }
    Ok(ModelFiles { config, tokenizer, pooling, max_tokens, hash, weights })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    std::fs::read(path).map_err(|error| ModelError::File { path: shown(path), reason: error.to_string() })
}

fn map(path: &Path) -> Result<Bytes, ModelError> {
    let fail = |error: std::io::Error| ModelError::File { path: shown(path), reason: error.to_string() };
    let file = File::open(path).map_err(fail)?;
    // SAFETY: the map is read only while the model loads, and everything that lives longer is copied out of it. Were the
    // file rewritten in that instant, the numbers would be wrong; were it shortened, the process would be killed. Both
    // are what happens to any program whose files are replaced under it; mapping is what every loader of weights does.
    unsafe { Mmap::map(&file) }.map(Bytes::Mapped).map_err(fail)
}

fn parse_tokenizer(json: &[u8], origin: &str) -> Result<TextTokenizer, ModelError> {
    TextTokenizer::from_bytes(json, origin)
        .map_err(|error| ModelError::File { path: error.origin, reason: error.reason })
}

/// Of all that decides what the network computes. Lengths keep the parts apart.
fn hash(config: &[u8], tokenizer: &[u8], weights: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in [config, tokenizer, weights] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

/// sentence-transformers' `1_Pooling/config.json`.
fn pooling(path: &Path) -> Result<Pooling, ModelError> {
    #[derive(Deserialize)]
    struct Modes {
        #[serde(default)]
        pooling_mode_cls_token: bool,
        #[serde(default)]
        pooling_mode_mean_tokens: bool,
    }
    let fail = |reason: String| ModelError::File { path: shown(path), reason };
    let modes: Modes = serde_json::from_slice(&read(path)?).map_err(|error| fail(error.to_string()))?;
    match (modes.pooling_mode_mean_tokens, modes.pooling_mode_cls_token) {
        (true, false) => Ok(Pooling::Mean),
        (false, true) => Ok(Pooling::Cls),
        _ => Err(fail("asks for another pooling than mean alone or cls alone".into())),
    }
}

/// sentence-transformers' `sentence_bert_config.json`.
fn max_tokens(path: &Path) -> Result<Option<usize>, ModelError> {
    #[derive(Deserialize)]
    struct Lengths {
        max_seq_length: Option<usize>,
    }
    let lengths: Lengths = serde_json::from_slice(&read(path)?)
        .map_err(|error| ModelError::File { path: shown(path), reason: error.to_string() })?;
    Ok(lengths.max_seq_length)
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
    let (tokenizer, hash) = rayon::join(
        || {
            SHARED.get_or_init(|| {
                TextTokenizer::from_bytes(TOKENIZER, "built-in tokenizer.json")
                    .map(Arc::new)
                    .map_err(|error| (error.origin, error.reason))
            })
        },
        || hash(config, TOKENIZER, weights),
    );
    let tokenizer = tokenizer.clone().map_err(|(path, reason)| ModelError::File { path, reason })?;
    Ok(ModelFiles {
        config: Config::parse(config, &origin("config.json"))?,
        tokenizer,
        pooling: None,
        max_tokens: None,
        hash,
        weights: (origin("model.safetensors"), Bytes::Resident(weights)),
    })
}
