//! From paths to a [`Library`].

use std::path::PathBuf;

use super::Library;

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{path}: {reason}")]
    Unreadable { path: String, reason: String },
}

/// Where to load from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Paths the user named: trees, pools, folders of shards.
    Paths(Vec<PathBuf>),
    /// Where agents keep skills, from the working directory up and in the home directory; the demo library if there
    /// is none.
    Discover { cwd: PathBuf, home: Option<PathBuf> },
    /// The library inside the binary.
    Demo,
}

/// Loads everything that can be loaded; what cannot is in the report. Fails only if a path the user named is missing
/// or cannot be opened at all.
pub fn load(source: &Source) -> Result<Library, LoadError> {
    let _ = source;
    todo!()
}
