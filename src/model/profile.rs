//! Profiles: everything that makes a number comparable, as data (`assets/profiles/*.toml`).

use std::path::Path;

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};

use super::ModelError;
use crate::text::DocumentTemplate;

/// The profile used where none is named.
pub const DEFAULT: &str = "builtin";

static ASSETS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/profiles");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Mean over all tokens, special ones included (sentence-transformers).
    #[default]
    Mean,
    /// The first token.
    Cls,
    /// The largest value of each dimension over all tokens.
    Max,
    /// The last token: the tokenizer's end token where its post-processor adds one (Qwen3-Embedding).
    LastToken,
}

/// How a bi-encoder is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderProfile {
    /// "builtin", a directory (a relative one is looked up from where the program runs), or a hub repository.
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

/// The profiles that can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles {
    list: Vec<Profile>,
}

impl Profiles {
    /// Those that came with the program.
    ///
    /// # Errors
    /// If one of them is not a profile (a fault of the build).
    pub fn builtin() -> Result<Self, ModelError> {
        let mut profiles = Profiles { list: Vec::new() };
        for file in ASSETS.files().filter(|file| is_profile(file.path())) {
            let origin = format!("built-in profile {}", file.path().display());
            profiles.add(file.contents(), &origin)?;
        }
        Ok(profiles)
    }

    /// [`Profiles::builtin`] and the user's own, if that directory exists.
    ///
    /// # Errors
    /// As [`Profiles::with_directory`].
    pub fn with_users(directory: Option<&Path>) -> Result<Self, ModelError> {
        let profiles = Profiles::builtin()?;
        match directory.filter(|directory| directory.is_dir()) {
            Some(directory) => profiles.with_directory(directory),
            None => Ok(profiles),
        }
    }

    /// Adds the `*.toml` of a directory, in the order of their names; one of the same name replaces the earlier.
    ///
    /// # Errors
    /// If the directory or a file cannot be read, or a file is not a profile: the message names it and the line.
    pub fn with_directory(mut self, directory: &Path) -> Result<Self, ModelError> {
        let fail = |path: &Path, reason: String| ModelError::File { path: path.display().to_string(), reason };
        let entries = std::fs::read_dir(directory).map_err(|error| fail(directory, error.to_string()))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| fail(directory, error.to_string()))?;
        paths.retain(|path| is_profile(path));
        paths.sort();
        for path in paths {
            let contents = std::fs::read(&path).map_err(|error| fail(&path, error.to_string()))?;
            self.add(&contents, &path.display().to_string())?;
        }
        Ok(self)
    }

    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.list.iter().find(|profile| profile.name == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.list.iter()
    }

    fn add(&mut self, contents: &[u8], origin: &str) -> Result<(), ModelError> {
        let fail = |reason: String| ModelError::File { path: origin.to_owned(), reason };
        let text = std::str::from_utf8(contents).map_err(|error| fail(error.to_string()))?;
        // toml's message shows the line.
        let profile: Profile = toml::from_str(text).map_err(|error| fail(format!("not a profile: {error}")))?;
        self.list.retain(|known| known.name != profile.name);
        self.list.push(profile);
        Ok(())
    }
}

fn is_profile(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
