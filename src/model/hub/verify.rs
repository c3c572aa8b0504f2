//! Whether what is in the cache is what the hub gave: by the hashes that name its blobs, and by the form of its weights.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::SafeTensors;

use super::cache::{Cache, files};
use super::{Hash, HubError, Repository};

/// A header is JSON with some 100 bytes per tensor; safetensors itself reads none beyond this.
const LONGEST_HEADER: u64 = 100_000_000;

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

/// Whether the header of a safetensors file can be read and the file is as long as it says.
fn weights(path: &Path) -> Result<(), String> {
    let read = |error: std::io::Error| error.to_string();
    let mut file = File::open(path).map_err(read)?;
    let length = file.metadata().map_err(read)?.len();
    let short = || "it is too short for a safetensors file; pull again".to_owned();
    let mut prefix = [0; 8];
    file.read_exact(&mut prefix).map_err(|_| short())?;
    let header = u64::from_le_bytes(prefix);
    if header > LONGEST_HEADER || header.saturating_add(8) > length {
        return Err(short());
    }
    let mut bytes = prefix.to_vec();
    file.take(header).read_to_end(&mut bytes).map_err(read)?;
    let (_, metadata) =
        SafeTensors::read_metadata(&bytes).map_err(|error| format!("it is not a safetensors file: {error}"))?;
    let expected = 8 + header + metadata.data_len() as u64;
    if expected == length {
        return Ok(());
    }
    Err(format!("it has {length} bytes and its header asks for {expected}; pull again"))
}
