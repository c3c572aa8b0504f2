//! Remote benchmarks on the hub (`assets/benchmarks/hub.toml`): names that stand for directories of its cache.

use std::path::PathBuf;

use serde::Deserialize;

use crate::model::hub::{Cache, HubError, Kind, Repository, Selection};

static TABLE: &str = include_str!("../../assets/benchmarks/hub.toml");

/// One published benchmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    pub name: String,
    /// One line for people.
    pub about: String,
    /// About how many bytes its files have, where somebody said it.
    pub bytes: Option<u64>,
    pub place: Place,
}

/// Where its files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Hub {
        repository: Repository,
        selection: Selection,
    },
    /// A sentence that says how to get it.
    Elsewhere(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    benchmark: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    about: String,
    repository: Option<String>,
    revision: Option<String>,
    #[serde(default)]
    files: Vec<String>,
    bytes: Option<u64>,
    elsewhere: Option<String>,
}

impl Remote {
    /// All of them.
    ///
    /// # Errors
    /// If the table is wrong (a fault of the build).
    pub fn all() -> Result<Vec<Remote>, HubError> {
        let wrong = |reason: String| HubError::File { path: "built-in benchmarks/hub.toml".into(), reason };
        let table: Table = toml::from_str(TABLE).map_err(|error| wrong(error.to_string()))?;
        let remote = |entry: Entry| {
            let place = match (entry.repository, entry.elsewhere) {
                (Some(name), None) => Place::Hub {
                    repository: Repository::new(Kind::Dataset, &name, entry.revision.as_deref().unwrap_or("main"))?,
                    selection: Selection::Patterns(entry.files),
                },
                (None, Some(sentence)) => Place::Elsewhere(sentence),
                _ => return Err(wrong(format!("{} has to have either repository or elsewhere", entry.name))),
            };
            Ok(Remote { name: entry.name, about: entry.about, bytes: entry.bytes, place })
        };
        table.benchmark.into_iter().map(remote).collect()
    }

    /// The one of that name, if it is one.
    ///
    /// # Errors
    /// As [`Remote::all`].
    pub fn named(name: &str) -> Result<Option<Remote>, HubError> {
        Ok(Remote::all()?.into_iter().find(|published| published.name == name))
    }

    /// Its directory in the cache, if it was pulled.
    pub fn directory(&self, cache: &Cache) -> Option<PathBuf> {
        match &self.place {
            Place::Hub { repository, .. } => cache.snapshot(repository),
            Place::Elsewhere(_) => None,
        }
    }

    /// How to get it, as the end of a sentence.
    pub fn how(&self) -> String {
        match &self.place {
            Place::Hub { .. } => format!("get it with `skillscope bench pull {}`", self.name),
            Place::Elsewhere(how) => how.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_right() {
        let all = Remote::all().unwrap();
        let names: Vec<&str> = all.iter().map(|published| published.name.as_str()).collect();
        assert_eq!(names, ["skillrouter", "skillret", "skillret-1.0", "r3"]);
        let skillret = Remote::named("skillret").unwrap().unwrap();
        assert!(matches!(&skillret.place, Place::Hub { repository, .. }
            if repository.to_string() == "datasets/ThakiCloud/SKILLRET@a050ad233a50"));
        assert_eq!(skillret.how(), "get it with `skillscope bench pull skillret`");
        assert_eq!(Remote::named("no such benchmark").unwrap(), None);
        let elsewhere = Remote::named("r3").unwrap().unwrap().how();
        assert!(elsewhere.contains("git clone"), "{elsewhere}");
    }
}
