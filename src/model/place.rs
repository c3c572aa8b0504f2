//! Where a model's files lie: in a directory of the user's, or in the local hub cache.

use std::fs::File;
use std::path::{Component, Path, PathBuf};

use memmap2::Mmap;
use serde::de::DeserializeOwned;

use super::ModelError;
use super::hub::{self, Cache, Repository};
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
        let known = Repository::new(hub::Kind::Model, repository, revision).ok();
        match known.and_then(|repository| Cache::from_env()?.snapshot(&repository)) {
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
            Some((repository, revision)) => {
                let at = if revision == "main" { String::new() } else { format!(" --revision {revision}") };
                ModelError::Unknown {
                    name: repository.clone(),
                    hint: format!(
                        "{file} of revision {revision} is not in the local hub cache, and nothing is downloaded without \
                         being asked for; get it with `skillscope models pull {repository}{at}`"
                    ),
                }
            }
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
    // SAFETY: the map is read only while the model loads, and everything that lives longer is copied out of it. Were
    // the file rewritten in that instant, the numbers would be wrong; were it shortened, the process would be killed.
    // Both are what happens to any program whose files are replaced under it; mapping is what every loader of weights
    // does.
    unsafe { Mmap::map(&file) }.map(Bytes::Mapped).map_err(fail)
}
