//! The cache of vectors on disk: never trusted, never torn (design invariant 8).
//!
//! One directory per [`VectorKey`], one file per [`VectorStore::append`] ([`segment`](super::segment)). Files are never
//! changed, so several processes may share a directory: each sees what was there when it opened the store, and the
//! worst that can happen is that a vector is computed twice.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use half::bf16;
use half::slice::HalfFloatSliceExt;

use crate::library::{ContentHash, Text};

use super::checked;
use super::segment::{EXTENSION, Segment};

/// More small segments than this are merged into one, so that opening a store does not open thousands of files.
const SMALL_SEGMENTS: usize = 32;

/// From this size a segment is not merged any more (5,400 vectors of 384): merging everything again and again would
/// write a large library's vectors a hundred times.
const SMALL_BYTES: u64 = 4 << 20;

/// A disk that refused is asked again after this time; it may have been full for a moment only.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Another process may merge the segments that were just listed; then they are listed again, this often.
const LISTINGS: usize = 3;

/// What the vectors of one file have in common. Another model, template or field set is another directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VectorKey {
    /// [`crate::model::ModelId::fingerprint`] with the field set's key.
    pub fingerprint: String,
    pub dimensions: usize,
    /// How they are compared; the fingerprint is another for each.
    pub rounding: Rounding,
}

/// What is kept of an inner product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rounding {
    #[default]
    None,
    /// The nearest bf16, as where a whole matrix of similarities is computed in that format. Many then tie.
    Bf16,
}

impl Rounding {
    pub(super) fn of(self, product: f32) -> f32 {
        match self {
            Rounding::None => product,
            Rounding::Bf16 => bf16::from_f32(product).to_f32(),
        }
    }
}

impl VectorKey {
    /// A name that is safe on any file system, whatever the fingerprint is made of.
    fn directory(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if (1..=100).contains(&self.fingerprint.len()) && self.fingerprint.chars().all(plain) {
            format!("{}-{}", self.fingerprint, self.dimensions)
        } else {
            format!("{}-{}", blake3::hash(self.fingerprint.as_bytes()).to_hex(), self.dimensions)
        }
    }
}

/// Why a file of vectors cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} cannot be used: {reason}")]
    Damaged { path: PathBuf, reason: String },
}

/// Something about the cache a person should be told (a damaged segment was set aside, the directory is read-only).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice(pub String);

impl Notice {
    /// Notices name files, and a file's name may hold anything.
    fn new(sentence: impl AsRef<str>) -> Notice {
        Notice(Text::line(sentence).shown().to_string())
    }

    fn unwritable(directory: &Path, source: &io::Error) -> Notice {
        Notice::new(format!(
            "{}: {source}. New vectors are kept in memory and have to be computed again next time.",
            directory.display()
        ))
    }
}

/// Where a vector is: segment, then row in it. Ordered as it lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RowRef {
    pub(super) segment: u32,
    pub(super) row: u32,
}

/// Vectors by content hash, rounded to f16: those of the files, read and checked when the store was opened
/// ([`checked`](super::checked) says why they are not mapped), and those added since.
#[derive(Debug)]
pub struct VectorStore {
    key: VectorKey,
    /// `None`: everything stays in memory.
    directory: Option<PathBuf>,
    /// Set while the disk refuses. The person has been told.
    ask_again: Option<Instant>,
    segments: Vec<Arc<Segment>>,
    rows: HashMap<ContentHash, RowRef>,
}

impl VectorStore {
    /// Opens or creates `dir/<fingerprint>-<dimensions>/`. Damaged segments are set aside (renamed to `….bad`) with a
    /// notice; a directory that cannot be written gives a store in memory, with a notice and with what can be read.
    pub fn open(dir: &Path, key: VectorKey) -> (Self, Vec<Notice>) {
        let directory = dir.join(key.directory());
        let mut store = VectorStore::in_memory(key);
        let mut notices = Vec::new();
        match fs::create_dir_all(&directory).and_then(|()| checked::probe(&directory)) {
            Ok(()) => {
                checked::sweep(&directory);
                store.directory = Some(directory.clone());
            }
            Err(source) => notices.push(Notice::unwritable(&directory, &source)),
        }
        store.load(&directory, &mut notices);
        store.find_rows();
        notices.extend(store.merge_if(store.small_segments().len() > SMALL_SEGMENTS));
        (store, notices)
    }

    /// A store that never touches the disk.
    pub fn in_memory(key: VectorKey) -> Self {
        VectorStore { key, directory: None, ask_again: None, segments: Vec::new(), rows: HashMap::new() }
    }

    pub fn key(&self) -> &VectorKey {
        &self.key
    }

    pub fn contains(&self, hash: &ContentHash) -> bool {
        self.rows.contains_key(hash)
    }

    /// The vector of some content, as the f16 it was rounded to.
    pub fn get(&self, hash: &ContentHash) -> Option<Vec<f32>> {
        let at = self.locate(hash)?;
        Some(self.segments[at.segment as usize].row(at.row as usize).to_f32_vec())
    }

    /// Adds vectors as one durable segment (temporary file, checksum, fsync, rename); those that are there already are
    /// left out. When the disk refuses, the vectors are kept in memory and the notice says so, once until the disk has
    /// accepted again. A vector of the wrong length or with a number that is not finite is left out, with a notice.
    pub fn append(&mut self, vectors: &[(ContentHash, Vec<f32>)]) -> Option<Notice> {
        let mut segment = Segment::new(self.key.dimensions);
        let mut unfit = 0;
        for (hash, vector) in vectors {
            if self.contains(hash) {
                continue;
            }
            let row = RowRef { segment: self.segments.len() as u32, row: segment.hashes().len() as u32 };
            if segment.push(*hash, vector) {
                self.rows.insert(*hash, row);
            } else {
                unfit += 1;
            }
        }
        let unfit = (unfit > 0)
            .then(|| format!("{unfit} vectors were left out: each needs {} finite numbers.", self.key.dimensions));
        let refused = if segment.hashes().is_empty() { None } else { self.add(segment) };
        match (unfit, refused) {
            (Some(unfit), Some(Notice(refused))) => Some(Notice::new(format!("{unfit} {refused}"))),
            (Some(unfit), None) => Some(Notice::new(unfit)),
            (None, refused) => refused,
        }
    }

    /// Distinct contents that have a vector.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn bytes_on_disk(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes_on_disk()).sum()
    }

    pub(super) fn locate(&self, hash: &ContentHash) -> Option<RowRef> {
        self.rows.get(hash).copied()
    }

    pub(super) fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// Reads every segment file of the directory.
    fn load(&mut self, directory: &Path, notices: &mut Vec<Notice>) {
        let mut read: Vec<PathBuf> = Vec::new();
        for _ in 0..LISTINGS {
            let mut complete = true;
            for path in segment_files(directory, notices) {
                if read.contains(&path) {
                    continue;
                }
                match Segment::read(&path, self.key.dimensions) {
                    Ok(segment) => self.segments.push(Arc::new(segment)),
                    Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => complete = false,
                    Err(fault) => notices.push(self.set_aside(&path, fault)),
                }
                read.push(path);
            }
            if complete {
                return;
            }
        }
    }

    /// Takes a file that cannot be used out of the way, so that it is reported once.
    fn set_aside(&self, path: &Path, fault: StoreError) -> Notice {
        let mut name = path.as_os_str().to_owned();
        name.push(".bad");
        let moved =
            matches!(fault, StoreError::Damaged { .. }) && self.directory.is_some() && fs::rename(path, &name).is_ok();
        let done = if moved { "It was renamed to end in .bad and may be deleted" } else { "It was left alone" };
        Notice::new(format!("{fault}. {done}; its vectors are computed again."))
    }

    /// Adds a segment whose rows have been entered already, on disk if the disk lets us.
    fn add(&mut self, mut segment: Segment) -> Option<Notice> {
        let refused = self.write(&mut segment);
        self.segments.push(Arc::new(segment));
        if refused.is_some() || self.ask_again.is_some_and(|time| Instant::now() < time) {
            return refused;
        }
        // The disk accepts again: what piled up in memory follows.
        let recovered = self.ask_again.take().is_some();
        self.merge_if(recovered || self.small_segments().len() > SMALL_SEGMENTS)
    }

    /// Writes a segment unless the store is in memory or the disk has refused just now. Gives a notice when the disk
    /// begins to refuse.
    fn write(&mut self, segment: &mut Segment) -> Option<Notice> {
        let directory = self.directory.as_deref()?;
        if self.ask_again.is_some_and(|time| Instant::now() < time) {
            return None;
        }
        let source = segment.write(directory, self.segments.len() + 1).err()?;
        tracing::warn!(%source, directory = %Text::line(directory.to_string_lossy()), "the vector cache cannot be written");
        let told = self.ask_again.replace(Instant::now() + ASK_AGAIN_AFTER).is_some();
        (!told).then(|| Notice::unwritable(directory, &source))
    }

    /// Segments worth merging: those with small files, and those the disk does not have yet.
    fn small_segments(&self) -> Vec<usize> {
        let small = |&at: &usize| self.segments[at].bytes_on_disk() < SMALL_BYTES;
        (0..self.segments.len()).filter(small).collect()
    }

    /// Merges the small segments into one. Safe to die in: the old files go only when the new one is durable, and a
    /// vector that is in both does no harm.
    fn merge_if(&mut self, wanted: bool) -> Option<Notice> {
        if !wanted || self.directory.is_none() {
            return None;
        }
        let small = self.small_segments();
        let mut merged = Segment::new(self.key.dimensions);
        for &at in &small {
            let segment = &self.segments[at];
            for (row, hash) in segment.hashes().iter().enumerate() {
                if self.rows.get(hash) == Some(&RowRef { segment: at as u32, row: row as u32 }) {
                    merged.push_row(*hash, segment.row(row));
                }
            }
        }
        let refused = self.write(&mut merged);
        if merged.file.is_none() {
            return refused;
        }
        for &at in small.iter().rev() {
            let old = self.segments.swap_remove(at);
            if let Some(file) = &old.file {
                // A file that stays is read again next time; its vectors are duplicates.
                let _ = fs::remove_file(&file.path);
            }
        }
        self.segments.push(Arc::new(merged));
        self.find_rows();
        None
    }

    fn find_rows(&mut self) {
        self.rows.clear();
        for (at, segment) in self.segments.iter().enumerate() {
            for (row, hash) in segment.hashes().iter().enumerate() {
                self.rows.insert(*hash, RowRef { segment: at as u32, row: row as u32 });
            }
        }
    }
}

/// The files of a directory that may be segments, oldest first.
fn segment_files(directory: &Path, notices: &mut Vec<Notice>) -> Vec<PathBuf> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        // Nothing there to read; that it cannot be made has been said.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Vec::new();
        }
        Err(error) => {
            notices.push(Notice::new(format!("{}: {error}. Its vectors are computed again.", directory.display())));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        // A pipe would never stop being read, and a link leads out of the directory.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION))
        .collect();
    files.sort();
    files
}
