//! The local cache all of Hugging Face's tools share: `<kind>s--<owner>--<name>/` with `blobs/<hash>` (content),
//! `snapshots/<commit>/<path>` (links to blobs) and `refs/<branch or tag>` (a commit).
//!
//! One ref more is ours: `refs/skillscope/<revision>` holds the commit that `pull` got for a revision. It is a ref like
//! any other, so Hugging Face's tools keep it right when they remove a snapshot, and it stays where it is when they
//! move `main`: what a number was computed with does not change behind the user's back.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{HubError, Kind, Repository, is_commit, is_inside};

/// Where our own refs are, below `refs/`.
const PINS: &str = "skillscope";

/// The cache as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

/// One snapshot of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub kind: Kind,
    /// `owner/name`.
    pub name: String,
    pub commit: String,
    /// Branches and tags that lead to it, sorted; pins among them as `skillscope/<revision>`.
    pub refs: Vec<String>,
    pub files: usize,
    /// Of its files, on disk.
    pub bytes: u64,
    pub path: PathBuf,
}

impl Cache {
    pub fn new(root: PathBuf) -> Self {
        Cache { root }
    }

    /// Where huggingface_hub looks (its `constants.py`); `None` if there is no home directory.
    pub fn from_env() -> Option<Self> {
        Self::of(&|name| std::env::var_os(name), std::env::home_dir())
    }

    /// [`Cache::from_env`] for given variables.
    pub fn of(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = set("HF_HUB_CACHE").or_else(|| set("HUGGINGFACE_HUB_CACHE"));
        cache.or_else(|| Some(hf_home(variable, home)?.join("hub"))).map(Cache::new)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    fn folder(&self, repository: &Repository) -> PathBuf {
        self.root.join(repository.repo().folder_name())
    }

    pub(super) fn blob(&self, repository: &Repository, digits: &str) -> PathBuf {
        self.folder(repository).join("blobs").join(digits)
    }

    /// huggingface_hub's lock for a blob.
    pub(super) fn lock(&self, repository: &Repository, digits: &str) -> PathBuf {
        self.root.join(".locks").join(repository.repo().folder_name()).join(format!("{digits}.lock"))
    }

    fn snapshot_of(&self, repository: &Repository, commit: &str) -> PathBuf {
        self.folder(repository).join("snapshots").join(commit)
    }

    /// The commit that `pull` recorded for the revision, if its files are still there.
    pub fn pinned(&self, repository: &Repository) -> Option<String> {
        self.reference(repository, &format!("{PINS}/{}", repository.revision()))
    }

    fn reference(&self, repository: &Repository, reference: &str) -> Option<String> {
        let commit = std::fs::read_to_string(self.folder(repository).join("refs").join(reference)).ok()?;
        let commit = commit.trim();
        (is_inside(commit) && self.snapshot_of(repository, commit).is_dir()).then(|| commit.to_owned())
    }

    /// The commit a revision means here: as pulled, as other tools have it, or itself.
    pub fn commit(&self, repository: &Repository) -> Option<String> {
        let itself = || {
            let commit = repository.revision().to_owned();
            (!commit.contains('/') && self.snapshot_of(repository, &commit).is_dir()).then_some(commit)
        };
        self.pinned(repository).or_else(|| self.reference(repository, repository.revision())).or_else(itself)
    }

    /// The directory of a repository's files, if they are here.
    pub fn snapshot(&self, repository: &Repository) -> Option<PathBuf> {
        self.commit(repository).map(|commit| self.snapshot_of(repository, &commit))
    }

    /// The same, where nothing can be done without; `command` is what gets it ("models pull owner/name").
    ///
    /// # Errors
    /// If it is not here.
    pub fn need(&self, repository: &Repository, command: &str) -> Result<PathBuf, HubError> {
        self.snapshot(repository).ok_or_else(|| HubError::Absent {
            repository: repository.to_string(),
            cache: self.root.display().to_string(),
            command: command.to_owned(),
        })
    }

    /// Puts a blob into a snapshot.
    pub(super) fn link(&self, repository: &Repository, commit: &str, path: &str, digits: &str) -> Result<(), HubError> {
        let link = self.snapshot_of(repository, commit).join(path);
        if let Some(directory) = link.parent() {
            std::fs::create_dir_all(directory).map_err(HubError::file(directory))?;
        }
        let up = "../".repeat(2 + path.matches('/').count());
        let target = format!("{up}blobs/{digits}");
        if std::fs::read_link(&link).is_ok_and(|present| present == Path::new(&target)) {
            return Ok(());
        }
        // Whatever else is there (a link to an older blob, a copy where links were impossible) is of this commit too,
        // but was not checked.
        match std::fs::remove_file(&link) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(HubError::file(&link)(error)),
            _ => {}
        }
        symlink(&target, &link, &self.blob(repository, digits)).map_err(HubError::file(&link))
    }

    /// Records the commit of a revision: ours always, the one other tools read if `newest`.
    pub(super) fn record(&self, repository: &Repository, commit: &str, newest: bool) -> Result<(), HubError> {
        // A commit is its own name; huggingface_hub writes no ref for one either.
        if is_commit(repository.revision()) {
            return Ok(());
        }
        let refs = self.folder(repository).join("refs");
        let ours = refs.join(PINS).join(repository.revision());
        let theirs = Some(refs.join(repository.revision())).filter(|_| newest);
        for path in [Some(ours), theirs].into_iter().flatten() {
            write_whole(&path, commit).map_err(HubError::file(&path))?;
        }
        Ok(())
    }

    /// All snapshots, by kind and name.
    ///
    /// # Errors
    /// If a directory of the cache cannot be read. A cache that does not exist is empty.
    pub fn held(&self) -> Result<Vec<Held>, HubError> {
        let mut held = Vec::new();
        for folder in entries(&self.root)? {
            let Some((kind, name)) = folder.file_name().and_then(|name| repository_of(name.to_str()?)) else {
                continue;
            };
            let refs = refs(&folder.join("refs"))?;
            for path in entries(&folder.join("snapshots"))?.into_iter().filter(|path| path.is_dir()) {
                let Some(commit) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
                let leads = |(_, target): &&(String, String)| *target == commit;
                let refs = refs.iter().filter(leads).map(|(name, _)| name.clone()).collect();
                let files = files(&path)?;
                let bytes = files.iter().filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum();
                held.push(Held { kind, name: name.clone(), commit, refs, files: files.len(), bytes, path });
            }
        }
        held.sort_by(|a, b| (a.kind, &a.name, &a.commit).cmp(&(b.kind, &b.name, &b.commit)));
        Ok(held)
    }

    /// Bytes that [`Cache::remove`] would free.
    ///
    /// # Errors
    /// If it is not here, or cannot be read.
    pub fn removable(&self, repository: &Repository) -> Result<u64, HubError> {
        let (_, blobs) = self.sole_blobs(repository)?;
        Ok(blobs.iter().filter_map(|blob| blob.symlink_metadata().ok()).map(|data| data.len()).sum())
    }

    /// Removes what only this revision of the repository needs: its snapshot, the refs that lead to it, and the blobs
    /// no other snapshot links to. The directory goes with the last snapshot.
    ///
    /// # Errors
    /// If it is not here, or a file cannot be removed.
    pub fn remove(&self, repository: &Repository) -> Result<(), HubError> {
        let (commit, blobs) = self.sole_blobs(repository)?;
        let folder = self.folder(repository);
        // Refs first: one that leads nowhere makes huggingface_hub call the cache corrupt.
        for (name, target) in refs(&folder.join("refs"))? {
            if target == commit {
                let path = folder.join("refs").join(name);
                std::fs::remove_file(&path).map_err(HubError::file(&path))?;
            }
        }
        let snapshot = self.snapshot_of(repository, &commit);
        std::fs::remove_dir_all(&snapshot).map_err(HubError::file(&snapshot))?;
        for blob in blobs {
            match std::fs::remove_file(&blob) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(HubError::file(&blob)(error)),
                _ => {}
            }
        }
        if entries(&folder.join("snapshots"))?.is_empty() {
            std::fs::remove_dir_all(&folder).map_err(HubError::file(&folder))?;
        }
        Ok(())
    }

    /// The commit, and the blobs that only its snapshot links to.
    fn sole_blobs(&self, repository: &Repository) -> Result<(String, BTreeSet<PathBuf>), HubError> {
        let path = self.need(repository, "models pull")?;
        let commit = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let blobs = |snapshot: &Path| -> Result<BTreeSet<PathBuf>, HubError> {
            let names = files(snapshot)?
                .into_iter()
                .filter_map(|file| Some(std::fs::read_link(file).ok()?.file_name()?.to_owned()));
            Ok(names.map(|name| self.folder(repository).join("blobs").join(name)).collect())
        };
        let mut sole = blobs(&path)?;
        for other in entries(&self.folder(repository).join("snapshots"))? {
            if other != path {
                let needed = blobs(&other)?;
                sole.retain(|blob| !needed.contains(blob));
            }
        }
        Ok((commit, sole))
    }
}

/// `HF_HOME`, where the cache and the token of Hugging Face's tools are.
pub(super) fn hf_home(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user_cache = || set("XDG_CACHE_HOME").or_else(|| Some(home?.join(".cache")));
    set("HF_HOME").or_else(|| Some(user_cache()?.join("huggingface")))
}

/// "models--owner--name".
fn repository_of(folder: &str) -> Option<(Kind, String)> {
    let (kind, name) = folder.split_once("--")?;
    let kind = match kind {
        "models" => Kind::Model,
        "datasets" => Kind::Dataset,
        _ => return None,
    };
    Some((kind, name.replace("--", "/")))
}

/// What is in a directory, sorted; nothing if it does not exist.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, HubError> {
    let list = match std::fs::read_dir(directory) {
        Ok(list) => list,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(HubError::file(directory)(error)),
    };
    let paths: std::io::Result<Vec<PathBuf>> = list.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(HubError::file(directory))?;
    paths.sort();
    Ok(paths)
}

/// All files below a directory, sorted; links to directories are not followed.
pub(super) fn files(directory: &Path) -> Result<Vec<PathBuf>, HubError> {
    let mut found = Vec::new();
    for path in entries(directory)? {
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Names below `refs/` and the commits they hold.
fn refs(directory: &Path) -> Result<Vec<(String, String)>, HubError> {
    let mut found = Vec::new();
    for path in files(directory)? {
        let commit = std::fs::read_to_string(&path).map_err(HubError::file(&path))?;
        let Ok(name) = path.strip_prefix(directory) else { continue };
        found.push((name.to_string_lossy().into_owned(), commit.trim().to_owned()));
    }
    Ok(found)
}

/// Written beside and renamed, so that nobody reads half of it.
fn write_whole(path: &Path, content: &str) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let file = tempfile::NamedTempFile::new_in(directory)?;
    std::fs::write(file.path(), content)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn symlink(target: &str, link: &Path, _: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Links need a privilege there; the blob is moved, as huggingface_hub does it.
#[cfg(not(unix))]
fn symlink(_: &str, link: &Path, blob: &Path) -> std::io::Result<()> {
    std::fs::rename(blob, link)
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
