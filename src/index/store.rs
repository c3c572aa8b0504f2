//! The cache of vectors on disk: never trusted, never torn (design invariant 8).

use std::path::{Path, PathBuf};

use crate::library::ContentHash;

/// What the vectors of one file have in common. Another model, template or field set is another directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VectorKey {
    /// [`crate::model::ModelId::fingerprint`] with the field set's key.
    pub fingerprint: String,
    pub dimensions: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// Something about the cache a person should be told (a damaged segment was set aside, the directory is read-only).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice(pub String);

/// Vectors by content hash: mapped f16 segments plus those not yet written.
#[derive(Debug)]
pub struct VectorStore {}

impl VectorStore {
    /// Opens or creates `dir/<fingerprint>/`. Damaged segments are set aside with a notice; a directory that cannot be
    /// written gives a store in memory, with a notice.
    pub fn open(dir: &Path, key: VectorKey) -> (Self, Vec<Notice>) {
        let _ = (dir, key);
        todo!()
    }

    /// A store that never touches the disk.
    pub fn in_memory(key: VectorKey) -> Self {
        let _ = key;
        todo!()
    }

    pub fn contains(&self, hash: &ContentHash) -> bool {
        let _ = hash;
        todo!()
    }

    /// Adds vectors as one durable segment (temporary file, checksum, fsync, rename). When the disk refuses, the
    /// vectors are kept in memory and the notice says so.
    pub fn append(&mut self, vectors: &[(ContentHash, Vec<f32>)]) -> Option<Notice> {
        let _ = vectors;
        todo!()
    }

    pub fn len(&self) -> usize {
        todo!()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn bytes_on_disk(&self) -> u64 {
        todo!()
    }
}
