//! Whether what is in the cache is what the hub gave: by the hashes that name its blobs, and by the form of its
//! weights.

use std::path::Path;

use safetensors::SafeTensors;

use super::cache::{Cache, files};
use super::{Hash, HubError, Repository};
use crate::model::place::map;

/// One file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Within the repository.
    pub path: String,
    /// Bytes.
    pub size: u64,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its hash is right.
    Right,
    /// The name of its blob is no hash (from a mirror, or a system without links), so only its form was looked at.
    Unknown,
    /// A sentence: it is missing, cut or changed.
    Wrong(String),
}

impl Cache {
    /// Looks at every file of a snapshot. Reads all bytes: seconds per gigabyte.
    ///
    /// # Errors
    /// If the repository is not here, or a directory cannot be read.
    pub fn verify(&self, repository: &Repository) -> Result<Vec<Finding>, HubError> {
        let snapshot = self.need(repository, &format!("models pull {}", repository.name()))?;
        let finding = |path: std::path::PathBuf| Finding {
            path: path.strip_prefix(&snapshot).unwrap_or(&path).to_string_lossy().into_owned(),
            size: path.metadata().map_or(0, |data| data.len()),
            verdict: verdict(&path),
        };
        Ok(files(&snapshot)?.into_iter().map(finding).collect())
    }
}

fn verdict(path: &Path) -> Verdict {
    if !path.is_file() {
        return Verdict::Wrong("its content is missing; pull again".into());
    }
    if path.extension().is_some_and(|extension| extension == "safetensors")
        && let Err(reason) = weights(path)
    {
        return Verdict::Wrong(reason);
    }
    // The first link only: huggingface_hub may keep a blob's bytes in a store further on, under another name.
    let name = std::fs::read_link(path).ok().and_then(|blob| Some(blob.file_name()?.to_str()?.to_owned()));
    let Some(hash) = name.as_deref().and_then(Hash::parse) else { return Verdict::Unknown };
    match hash.of_file(path) {
        Ok(found) if found == hash.digits() => Verdict::Right,
        Ok(found) => Verdict::Wrong(format!(
            "its hash is {found}, not {}: it was changed or is damaged; remove it and pull again",
            hash.digits()
        )),
        Err(error) => Verdict::Wrong(error.to_string()),
    }
}

/// Whether the header of a safetensors file can be read, and its tensors cover the file from end to end.
fn weights(path: &Path) -> Result<(), String> {
    let bytes = map(path).map_err(|error| error.to_string())?;
    let wrong =
        |error| format!("it has {} bytes and is not a whole safetensors file ({error}); pull again", bytes.len());
    SafeTensors::read_metadata(&bytes).map(|_| ()).map_err(wrong)
}
