//! The two networks of a router: a bi-encoder that makes the shortlist and a cross-encoder that orders it.
//!
//! The only room that knows candle. Everything outside speaks of [`Embedder`] and [`Reranker`], each of which is a
//! profile (how texts are made), a tokenizer and a network.

pub mod attention;
pub mod badge;
mod bert;
pub mod catalogue;
mod choice;
pub mod decision;
pub mod device;
pub mod embedder;
pub mod forward;
mod head;
pub mod hub;
mod kernels;
pub mod memory;
mod modules;
mod network;
mod ops;
pub mod packed;
mod place;
pub mod pool;
mod pooling;
pub mod profile;
pub mod profiles;
pub mod qwen3;
pub mod reranker;
mod source;
mod speed;
pub mod weights;
mod width;

use std::path::PathBuf;

pub use attention::Attention;
pub use badge::Badge;
pub use decision::{Evidence, Fit, Fusion, Prior, PriorWeight, Verdict};
pub use device::{Device, Placement, Precision};
pub use embedder::{Embedder, Role};
pub use profile::{EmbedderProfile, Pooling, Profile, PromptProfile, RerankerProfile, Score, Setting, Similarity};
pub use profiles::Profiles;
pub use reranker::{Capture, Reranker};
pub use speed::Speed;
pub use width::Width;

/// Why a model could not be loaded or run. Every message names the file or the model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    #[error("no model called {name:?}: {hint}")]
    Unknown { name: String, hint: String },
    #[error("model {model}: {reason}")]
    Run { model: String, reason: String },
    #[error("device {device}: {reason}")]
    Device { device: String, reason: String },
    #[error("model {model} needs {needed} for its weights on {placement}, where {free} are free; {advice}")]
    Memory { model: String, placement: Placement, needed: String, free: String, advice: String },
    /// The caller asked to stop; nothing was lost.
    #[error("stopped")]
    Stopped,
}

/// What a number's provenance needs of a model, and what cache keys are made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId {
    /// Profile name, directory or repository, as the user would write it.
    pub name: String,
    /// BLAKE3 of weights, tokenizer and everything in the profile that changes a number (first 16 bytes, hex).
    pub fingerprint: String,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// Inside the binary.
    Builtin,
    /// A directory with config.json, model.safetensors and tokenizer.json.
    Directory(PathBuf),
    /// A Hugging Face repository that is already in the local cache ([`hub`] gets it there).
    Hub { repository: String, revision: String },
}

/// Asked between layers and between batches; true means stop.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Never stops.
pub fn never() -> bool {
    false
}
