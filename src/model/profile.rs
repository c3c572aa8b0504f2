//! Profiles: everything that makes a number comparable, as data (`assets/profiles/*.toml`).

use serde::{Deserialize, Serialize};

use crate::text::DocumentTemplate;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Mean over all tokens, special ones included (sentence-transformers).
    #[default]
    Mean,
    /// The first token.
    Cls,
}

/// How a bi-encoder is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderProfile {
    /// "builtin", a directory, or a hub repository.
    pub source: String,
    #[serde(default)]
    pub revision: Option<String>,
    #[serde(default)]
    pub pooling: Pooling,
    #[serde(default)]
    pub query_prefix: String,
    #[serde(default)]
    pub document_prefix: String,
    #[serde(default)]
    pub document: DocumentTemplate,
    /// Longest query and document in tokens.
    pub max_tokens: usize,
}

/// How a cross-encoder is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RerankerProfile {
    pub source: String,
    #[serde(default)]
    pub revision: Option<String>,
    #[serde(default)]
    pub document: DocumentTemplate,
    /// Longest pair in tokens.
    pub max_tokens: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub name: String,
    /// One line for people.
    pub about: String,
    pub embedder: EmbedderProfile,
    pub reranker: RerankerProfile,
}
