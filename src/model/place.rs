//! Where a model's files lie: in a directory of the user's, or in the local hub cache.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

use memmap2::Mmap;
use serde::de::DeserializeOwned;

use super::ModelError;
use super::weights::Bytes;

/// The directory of one model's files.
#[derive(Debug)]
pub struct Place {
    directory: PathBuf,
    /// Repository and revision, if it is the hub cache's.
    hub: Option<(String, String)>,
}

impl Place {
    pub fn directory(directory: &Path) -> Self {
        Place { directory: directory.to_owned(), hub: None }
    }

    /// The files of a repository in the local hub cache; `revision` is a branch, a tag or a commit.
    ///
    /// # Errors
    /// If nothing of that revision is there.
    pub fn hub(repository: &str, revision: &str) -> Result<Self, ModelError> {
        let hub = Some((repository.to_owned(), revision.to_owned()));
        match hub_cache().and_then(|cache| snapshot(&cache, repository, revision)) {
            Some(directory) => Ok(Place { directory, hub }),
            None => Err(Place { directory: PathBuf::new(), hub }.missing("config.json")),
        }
    }

    /// A file of the model, if it is there. `file` is relative, with `/` between its parts.
    pub fn find(&self, file: &str) -> Option<PathBuf> {
        Some(self.directory.join(file)).filter(|path| path.is_file())
    }

    /// The same, where the model is nothing without it.
    pub fn need(&self, file: &str) -> Result<PathBuf, ModelError> {
        self.find(file).ok_or_else(|| self.missing(file))
    }

    /// What the file holds as JSON, if it is there.
    pub fn json<T: DeserializeOwned>(&self, file: &str) -> Result<Option<T>, ModelError> {
        let Some(path) = self.find(file) else { return Ok(None) };
        let content = read(&path)?;
        serde_json::from_slice(&content).map(Some).map_err(|error| wrong(&path, error.to_string()))
    }

    /// A complaint about one of the files.
    pub fn wrong(&self, file: &str, reason: impl Into<String>) -> ModelError {
        wrong(&self.directory.join(file), reason.into())
    }

    fn missing(&self, file: &str) -> ModelError {
        match &self.hub {
            None => self.wrong(
                file,
                "no such file; a model directory has config.json, tokenizer.json and model.safetensors (or \
                 model.safetensors.index.json and the files it names)",
            ),
            Some((repository, revision)) => ModelError::Unknown {
                name: repository.clone(),
                hint: format!(
                    "{file} of revision {revision} is not in the local hub cache, and nothing is downloaded; get it \
                     with `hf download {repository} --revision {revision}`"
                ),
            },
        }
    }
}

/// Whether a path in a model's files stays among them.
pub fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn wrong(path: &Path, reason: String) -> ModelError {
    ModelError::File { path: shown(path), reason }
}

pub fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    std::fs::read(path).map_err(|error| wrong(path, error.to_string()))
}

pub fn map(path: &Path) -> Result<Bytes, ModelError> {
    let fail = |error: std::io::Error| wrong(path, error.to_string());
    let file = File::open(path).map_err(fail)?;
    // SAFETY: the map is read only while the model loads, and everything that lives longer is copied out of it. Were the
    // file rewritten in that instant, the numbers would be wrong; were it shortened, the process would be killed. Both
    // are what happens to any program whose files are replaced under it; mapping is what every loader of weights does.
    unsafe { Mmap::map(&file) }.map(Bytes::Mapped).map_err(fail)
}

/// The directory Hugging Face's tools keep repositories in.
pub fn hub_cache() -> Option<PathBuf> {
    hub_cache_of(|name| std::env::var_os(name).filter(|value| !value.is_empty()), std::env::home_dir())
}

/// As huggingface_hub finds it (its `constants.py`).
fn hub_cache_of(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    if let Some(cache) = variable("HF_HUB_CACHE").or_else(|| variable("HUGGINGFACE_HUB_CACHE")) {
        return Some(cache.into());
    }
    let user_cache = || variable("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(home?.join(".cache")));
    let root = variable("HF_HOME").map(PathBuf::from).or_else(|| Some(user_cache()?.join("huggingface")))?;
    Some(root.join("hub"))
}

/// The files of a repository: `refs/<branch or tag>` holds a commit, and `snapshots/<commit>` its files.
fn snapshot(cache: &Path, repository: &str, revision: &str) -> Option<PathBuf> {
    if revision.is_empty() || !is_inside(revision) {
        return None;
    }
    let root = cache.join(format!("models--{}", repository.replace('/', "--")));
    let commit = std::fs::read_to_string(root.join("refs").join(revision)).ok();
    let commit = commit.as_deref().map_or(revision, str::trim);
    let directory = root.join("snapshots").join(commit);
    (is_inside(commit) && directory.is_dir()).then_some(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_huggingface_hub_has_it() {
        let cache = |set: &[(&str, &str)]| {
            let variable =
                |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
            hub_cache_of(variable, Some("/home/me".into())).unwrap()
        };
        assert_eq!(cache(&[]), Path::new("/home/me/.cache/huggingface/hub"));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/c")]), Path::new("/c/huggingface/hub"));
        assert_eq!(cache(&[("HF_HOME", "/hf"), ("XDG_CACHE_HOME", "/c")]), Path::new("/hf/hub"));
        assert_eq!(cache(&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/here")]), Path::new("/here"));
        assert_eq!(hub_cache_of(|_| None, None), None);
    }

    #[test]
    fn a_revision_is_a_branch_or_a_commit() {
        let cache = tempfile::tempdir().unwrap();
        let root = cache.path().join("models--owner--name");
        let commit = "0123456789abcdef0123456789abcdef01234567";
        std::fs::create_dir_all(root.join("snapshots").join(commit)).unwrap();
        std::fs::create_dir_all(root.join("refs/refs/pr")).unwrap();
        for name in ["refs/main", "refs/refs/pr/1"] {
            std::fs::write(root.join(name), format!("{commit}\n")).unwrap();
        }
        std::fs::write(root.join("refs/away"), "../../../..").unwrap();
        let find = |revision: &str| snapshot(cache.path(), "owner/name", revision);
        for revision in ["main", "refs/pr/1", commit] {
            assert_eq!(find(revision), Some(root.join("snapshots").join(commit)), "{revision}");
        }
        for revision in ["", "other", "../snapshots", "/", "away", "."] {
            assert_eq!(find(revision).filter(|path| path.ends_with("..")), None, "{revision}");
        }
        assert_eq!(snapshot(cache.path(), "owner/other", "main"), None);
        assert_eq!(find("away"), None);
    }
}
