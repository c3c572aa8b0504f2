//! What can be run here by name: the demo, folders the configuration names, and what was fetched from the hub.

use std::path::{Path, PathBuf};

use crate::library::Text;
use crate::model::hub::Cache;

use super::hub::Remote;
use super::loaders::{Options, layout_of};
use super::{Benchmark, BenchmarkError};

/// The name of the benchmark inside the binary.
pub const DEMO: &str = "demo";

/// Where a benchmark is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Inside the binary.
    BuiltIn,
    /// In a folder the configuration names, or right below one.
    Folder(PathBuf),
    /// In the hub's cache.
    Hub(PathBuf),
}

/// A benchmark that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its folder's name, or its data set's; safe to print.
    pub name: String,
    /// The layout of its files: "skillrouter", "skillret", "r3", "skill-usage", "beir", "trec" or "author".
    pub layout: &'static str,
    pub place: Place,
}

/// All of them, in the order in which names are looked up.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
}

impl Catalogue {
    /// The demo, then each of `folders` (a benchmark, or a folder of benchmarks), then the data sets in the hub's
    /// cache. Folders that hold no benchmark add nothing: opening one by its path says why.
    pub fn find(folders: &[PathBuf], hub: Option<&Path>) -> Self {
        let mut entries = vec![Entry { name: DEMO.into(), layout: "skillrouter", place: Place::BuiltIn }];
        for folder in folders {
            // Below a folder of benchmarks nothing is an author's tests: those lie among skills.
            match entry(folder, file_name(folder), Place::Folder) {
                Some(found) if found.layout != "author" => entries.push(found),
                found => {
                    let below: Vec<Entry> = children(folder)
                        .into_iter()
                        .filter_map(|child| entry(&child, file_name(&child), Place::Folder))
                        .filter(|found| found.layout != "author")
                        .collect();
                    if below.is_empty() { entries.extend(found) } else { entries.extend(below) }
                }
            }
        }
        // The published ones have names that say which version they are.
        if let (Some(hub), Ok(published)) = (hub, Remote::all()) {
            let cache = Cache::new(hub.to_owned());
            let found = |remote: Remote| entry(&remote.directory(&cache)?, remote.name, Place::Hub);
            entries.extend(published.into_iter().filter_map(found));
        }
        for repository in hub.map(children).unwrap_or_default() {
            let name = file_name(&repository);
            let Some(name) = name.strip_prefix("datasets--").and_then(|name| name.rsplit("--").next()) else {
                continue;
            };
            let mut snapshots = children(&repository.join("snapshots"));
            // The newest, where there are several.
            snapshots.sort_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).ok());
            let newest = snapshots.pop().and_then(|snapshot| entry(&snapshot, name.to_owned(), Place::Hub));
            let is_listed = |found: &Entry| entries.iter().any(|entry| entry.place == found.place);
            if let Some(found) = newest.filter(|found| !is_listed(found)) {
                entries.push(found);
            }
        }
        Catalogue { entries }
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// By name, whatever its case; else the first of this layout in a folder. Not one of the hub's: that another
    /// version of a benchmark was pulled does not make it the one that was named.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        let named = self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
        let of_layout =
            |entry: &&Entry| matches!(entry.place, Place::Folder(_)) && entry.layout.eq_ignore_ascii_case(name);
        named.or_else(|| self.entries.iter().find(of_layout))
    }

    /// Opens what a person named: "demo", a path that exists, or a name.
    pub fn open(&self, what: &Path, options: Options) -> Result<Benchmark, BenchmarkError> {
        let name = what.to_string_lossy();
        let plain = what.components().count() == 1 && !name.starts_with('.');
        match self.get(&name).filter(|entry| plain && (entry.place == Place::BuiltIn || !what.exists())) {
            Some(entry) => entry.open(options),
            None if plain && !what.exists() => {
                let reason = match Remote::named(&name.to_lowercase()) {
                    Ok(Some(remote)) => format!("is not here: {}", remote.how()),
                    _ => self.unknown(),
                };
                Err(BenchmarkError::new(name, reason))
            }
            None => Benchmark::open_with(what, options),
        }
    }

    fn unknown(&self) -> String {
        let names: Vec<&str> = self.entries.iter().map(|entry| entry.name.as_str()).collect();
        format!(
            "is neither a folder nor a benchmark known here ({}); name a folder, or add the folder that holds it to \
             \"benchmarks\" in config.toml or to SKILLSCOPE_BENCHMARKS",
            names.join(", ")
        )
    }
}

impl Entry {
    pub fn open(&self, options: Options) -> Result<Benchmark, BenchmarkError> {
        match &self.place {
            Place::BuiltIn => {
                let demo = Benchmark::demo();
                Ok(Benchmark { protocol: options.protocol.unwrap_or(demo.protocol), ..demo })
            }
            Place::Folder(path) => Benchmark::open_with(path, options),
            // A snapshot's folder is called by its commit.
            Place::Hub(path) => Ok(Benchmark { name: self.name.clone(), ..Benchmark::open_with(path, options)? }),
        }
    }
}

fn entry(folder: &Path, name: String, place: fn(PathBuf) -> Place) -> Option<Entry> {
    let (layout, _) = layout_of(folder)?;
    let name = Text::line(name).shown().to_owned();
    Some(Entry { name, layout: layout.key, place: place(folder.to_path_buf()) })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy()).into_owned()
}

/// The folders right below a folder, by name.
fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let mut folders: Vec<PathBuf> = entries.iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    const R3: &str = "{\"query\": \"q\", \"skill_ids\": [\"a\"]}\n";

    #[test]
    fn a_published_version_is_not_taken_for_another() {
        let dir = tempfile::tempdir().unwrap();
        let hub = dir.path();
        write(hub, "datasets--anonymous-ed-benchmark--SKILLRET/refs/v1.0-review", "abc");
        let snapshot = "datasets--anonymous-ed-benchmark--SKILLRET/snapshots/abc";
        for file in ["skills", "queries", "qrels"] {
            write(hub, &format!("{snapshot}/data/{file}/test.jsonl"), "");
        }
        let catalogue = Catalogue::find(&[], Some(hub));
        let listed: Vec<_> = catalogue.entries().iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(listed, ["demo", "skillret-1.0"]);
        assert_eq!(catalogue.get("skillret-1.0").unwrap().place, Place::Hub(hub.join(snapshot)));
        let error = catalogue.open(Path::new("SkillRet"), Options::default()).unwrap_err().to_string();
        assert!(error.contains("skillscope bench pull skillret"), "{error}");
    }

    #[test]
    fn names_are_folders_layouts_and_data_sets() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        write(root, "all/mine/data/test.jsonl", R3);
        write(root, "all/mine/data/skills_test.jsonl", "");
        write(root, "all/nothing/readme", "");
        write(root, "one/tasks.jsonl", "");
        write(root, "hub/datasets--Org--Set/snapshots/abc/tasks.jsonl", "");
        write(root, "hub/models--Org--Set/snapshots/abc/tasks.jsonl", "");
        let catalogue =
            Catalogue::find(&[root.join("all"), root.join("one"), root.join("none")], Some(&root.join("hub")));
        let listed: Vec<_> = catalogue.entries().iter().map(|entry| (entry.name.as_str(), entry.layout)).collect();
        assert_eq!(listed, [("demo", "skillrouter"), ("mine", "r3"), ("one", "skillrouter"), ("Set", "skillrouter")]);
        assert_eq!(catalogue.get("r3").unwrap().name, "mine");
        assert_eq!(catalogue.get("skillrouter").unwrap().name, "one");
        assert_eq!(catalogue.get("set").unwrap().place, Place::Hub(root.join("hub/datasets--Org--Set/snapshots/abc")));
        assert!(catalogue.get("skillret").is_none());

        let open = |what: &Path| catalogue.open(what, Options::default());
        assert_eq!(open(Path::new("r3")).unwrap().tasks.len(), 1);
        assert_eq!(open(&root.join("all/mine")).unwrap().tasks.len(), 1);
        assert_eq!(open(Path::new("demo")).unwrap().name, Benchmark::demo().name);
        let error = open(Path::new("skillret")).unwrap_err().to_string();
        assert!(error.contains("skillscope bench pull skillret"), "{error}");
        let error = open(Path::new("nonsense")).unwrap_err().to_string();
        assert!(error.contains("demo, mine, one, Set") && error.contains("SKILLSCOPE_BENCHMARKS"), "{error}");
    }
}
