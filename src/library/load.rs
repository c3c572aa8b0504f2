//! From paths to a [`Library`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::draft::{self, Batch, row};
use super::file::{read_text, reason};
use super::frontmatter::{Draft, Finding};
use super::tree::{self, Found, Limits, Visited};
use super::{Library, LoadReport, LoadRow, Origin, Root, RootKind, Severity, Skill, Text, demo, discover, pool};

/// A path the user named cannot be used at all. The texts are safe to print.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "{path}: there is no such file or folder; check the path, or leave it out to search where agents keep skills"
    )]
    Missing { path: String },
    #[error("{path}: cannot be opened: {reason}; check its permissions")]
    Unreadable { path: String, reason: String },
    #[error("{path}: is not a library; name a folder of skills, a SKILL.md, or a .jsonl, .jsonl.gz or .parquet pool")]
    Unsupported { path: String },
}

/// Where to load from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Paths the user named: trees, pools, folders of shards.
    Paths(Vec<PathBuf>),
    /// Pools whose `skill_md` is the body as it is, front matter and all, fields stripped of white space: the document
    /// of SkillRet's protocol (papers: SkillRet, evaluation protocol).
    WholeFiles(Vec<PathBuf>),
    /// Where agents keep skills, from the working directory up and in the home directory; the demo library if there
    /// is none.
    Discover { cwd: PathBuf, home: Option<PathBuf> },
    /// The library inside the binary.
    Demo,
}

/// Loads everything that can be loaded; what cannot is in the report. Fails only if a path the user named is missing
/// or cannot be opened at all: on a reload the caller shows that as a sentence and keeps the library it has.
pub fn load(source: &Source) -> Result<Library, LoadError> {
    let mut loader = Loader { home: etcetera::home_dir().ok(), ..Loader::default() };
    loader.whole = matches!(source, Source::WholeFiles(_));
    match source {
        Source::Paths(paths) | Source::WholeFiles(paths) => {
            for path in paths {
                loader.add_path(path)?;
            }
        }
        Source::Discover { cwd, home } => {
            loader.home.clone_from(home);
            loader.add_places(cwd);
        }
        Source::Demo => loader.add_demo(),
    }
    Ok(loader.finish())
}

/// A library under construction.
#[derive(Default)]
struct Loader {
    /// For labels with `~`.
    home: Option<PathBuf>,
    roots: Vec<Root>,
    /// The skills of each root, before ids are made unique.
    batches: Vec<Batch>,
    visited: Visited,
    /// See [`Source::WholeFiles`].
    whole: bool,
}

impl Loader {
    fn add_path(&mut self, path: &Path) -> Result<(), LoadError> {
        let shown = || Text::line(path.to_string_lossy()).to_string();
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => LoadError::Missing { path: shown() },
            _ => LoadError::Unreadable { path: shown(), reason: reason(&error) },
        };
        let kind = fs::metadata(path).map_err(unreadable)?;
        if kind.is_file() && pool::is_pool(path) {
            self.add_pool(path, vec![path.to_path_buf()]);
            return Ok(());
        }
        if kind.is_file() && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md")) {
            self.add_skill_file(path, RootKind::Tree, Vec::new());
            return Ok(());
        }
        if !kind.is_dir() {
            return Err(LoadError::Unsupported { path: shown() });
        }
        let shards = pool::shards(path).map_err(unreadable)?;
        if is_shard_folder(path, &shards) {
            self.add_pool(path, shards);
            return Ok(());
        }
        let found = self.add_tree(path, RootKind::Tree, Limits::NAMED, &[], Vec::new()).map_err(unreadable)?;
        if found == 0 && !shards.is_empty() {
            // No skill anywhere below, so the pools are what was meant.
            self.roots.pop();
            let tree = self.batches.pop().unwrap_or_default();
            self.add_pool(path, shards);
            self.batches.last_mut().into_iter().for_each(|batch| batch.rows.extend_from_slice(&tree.rows));
        }
        Ok(())
    }

    /// Reads the skills below `path` and returns how many skill files there were.
    fn add_tree(
        &mut self,
        path: &Path,
        kind: RootKind,
        limits: Limits,
        others: &[PathBuf],
        agents: Vec<String>,
    ) -> io::Result<usize> {
        let walk = tree::walk(path, limits, others, &mut self.visited)?;
        let root = self.roots.len();
        let files = walk.found.len() + walk.refused;
        let read: Vec<_> = walk.found.into_par_iter().map(|found| (read_skill(&found), found)).collect();
        let mut batch = Batch { rows: walk.rows, seen: walk.refused, ..Batch::default() };
        for (result, found) in read {
            batch.push(&found.id, result, origin(root, found.path));
        }
        self.add(path, kind, agents, batch);
        Ok(files)
    }

    fn add_skill_file(&mut self, path: &Path, kind: RootKind, agents: Vec<String>) {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let name = |path: Option<&Path>| {
            path.and_then(Path::file_name).map_or("skill".into(), |name| name.to_string_lossy().into_owned())
        };
        let is_skill = tree::SKILL_FILES.iter().any(|file| path.file_name().is_some_and(|name| name == *file));
        // A draft under another name is called by it.
        let folder = if is_skill { name(real.parent()) } else { name(path.file_stem().map(Path::new)) };
        let mut batch = Batch::default();
        if self.visited.insert(real) {
            let found = Found { path: path.to_path_buf(), id: folder.clone(), folder };
            batch.push(&found.id, read_skill(&found), origin(self.roots.len(), found.path));
        } else {
            batch.rows.push(already_loaded(path));
        }
        self.add(path, kind, agents, batch);
    }

    fn add_pool(&mut self, path: &Path, shards: Vec<PathBuf>) {
        let root = self.roots.len();
        let mut batch = Batch::default();
        let (new, old): (Vec<_>, Vec<_>) = shards
            .into_iter()
            .partition(|shard| self.visited.insert(fs::canonicalize(shard).unwrap_or_else(|_| shard.clone())));
        batch.rows.extend(old.iter().map(|shard| already_loaded(shard)));
        let read: Vec<Batch> = new.par_iter().map(|shard| pool::read(shard, root, self.whole)).collect();
        for shard in read {
            batch.append(shard);
        }
        self.add(path, RootKind::Pool, Vec::new(), batch);
    }

    fn add_places(&mut self, cwd: &Path) {
        let places = discover::places(cwd, self.home.as_deref(), &|name| std::env::var_os(name).map(PathBuf::from));
        let reals: Vec<PathBuf> = places.iter().map(|place| place.real.clone()).collect();
        for place in places {
            if place.real.is_file() {
                self.add_skill_file(&place.path, RootKind::Discovered, place.agents);
                continue;
            }
            let added =
                self.add_tree(&place.path, RootKind::Discovered, Limits::DISCOVERED, &reals, place.agents.clone());
            if let Err(error) = added {
                let finding = Finding::new("unreadable-folder", None, format!("cannot be read: {}", reason(&error)));
                let shown = Text::line(place.path.to_string_lossy());
                let rows = vec![row(Severity::Limit, &shown, &finding, None)];
                self.add(&place.path, RootKind::Discovered, place.agents, Batch { rows, ..Batch::default() });
            }
        }
        if self.batches.iter().all(|batch| batch.skills.is_empty()) {
            self.add_demo();
        }
    }

    fn add_demo(&mut self) {
        let (root, batch) = demo::read(self.roots.len());
        self.roots.push(root);
        self.batches.push(batch);
    }

    fn add(&mut self, path: &Path, kind: RootKind, agents: Vec<String>, batch: Batch) {
        let label = Text::line(discover::with_tilde(path, self.home.as_deref()));
        self.roots.push(Root { path: path.to_path_buf(), label, kind, agents, skills: 0 });
        self.batches.push(batch);
    }

    fn finish(mut self) -> Library {
        let mut ids = Ids::default();
        let mut report = LoadReport::default();
        for batch in self.batches {
            report.seen += batch.seen;
            report.rows.extend(batch.rows);
            for skill in batch.skills {
                ids.add(skill, &mut report.rows);
            }
        }
        for skill in &ids.skills {
            self.roots[skill.origin.root].skills += 1;
        }
        Library::new(ids.skills, self.roots, report)
    }
}

/// A folder of shards holds `part-…` files (SkillRouter), or pools and nothing below it.
fn is_shard_folder(path: &Path, shards: &[PathBuf]) -> bool {
    let is_part = |shard: &PathBuf| shard.file_name().is_some_and(|name| name.to_string_lossy().starts_with("part-"));
    let only_files = || {
        let entries = fs::read_dir(path).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
        entries
            .iter()
            .all(|entry| !entry.path().is_dir() && !tree::SKILL_FILES.iter().any(|name| entry.file_name() == *name))
    };
    !shards.is_empty() && (shards.iter().any(is_part) || only_files())
}

fn read_skill(found: &Found) -> Result<Draft, Finding> {
    let mut notes = Vec::new();
    let text = read_text(&found.path, &mut notes);
    draft::parse(text, notes, &found.folder)
}

fn origin(root: usize, path: PathBuf) -> Origin {
    Origin { root, shown: Text::line(path.to_string_lossy()), path, line: None }
}

fn already_loaded(path: &Path) -> LoadRow {
    let finding = Finding::new("already-loaded", None, "was already read through another path");
    row(Severity::Note, &Text::line(path.to_string_lossy()), &finding, None)
}

/// Sees to it that every skill of a library has an id of its own.
#[derive(Default)]
struct Ids {
    skills: Vec<Skill>,
    /// By id as shown, which is how skills are looked up.
    taken: HashMap<String, usize>,
    /// The last number given to each id that is wanted more than once, so that a thousand copies cost no search.
    last: HashMap<String, u32>,
}

impl Ids {
    fn add(&mut self, mut skill: Skill, rows: &mut Vec<LoadRow>) {
        let wanted = skill.id.shown().to_string();
        match self.taken.entry(wanted.clone()) {
            Entry::Vacant(free) => {
                free.insert(self.skills.len());
            }
            Entry::Occupied(first) => {
                let first = &self.skills[*first.get()];
                if first.origin.root == skill.origin.root && first.hash == skill.hash {
                    let message = format!("is the same skill, with the same id {wanted}, as {}", place(&first.origin));
                    rows.push(id_row(Severity::Skipped, &skill, message));
                    return;
                }
                let place = place(&first.origin);
                let id = self.free(&skill.id, &wanted);
                let message = format!("the id {wanted} is taken by {place}: this skill is called {id}");
                self.taken.insert(id.shown().to_string(), self.skills.len());
                skill.id = id;
                let row = id_row(Severity::Note, &skill, message);
                skill.notes.push(row.message.clone());
                rows.push(row);
            }
        }
        self.skills.push(skill);
    }

    fn free(&mut self, id: &Text, wanted: &str) -> Text {
        let last = self.last.entry(wanted.to_string()).or_insert(1);
        loop {
            *last += 1;
            let id = Text::line(format!("{}~{last}", id.for_model()));
            if !self.taken.contains_key(id.shown()) {
                return id;
            }
        }
    }
}

fn id_row(severity: Severity, skill: &Skill, message: String) -> LoadRow {
    row(severity, &skill.origin.shown, &Finding::new("duplicate-id", None, message), skill.origin.line)
}

fn place(origin: &Origin) -> String {
    match origin.line {
        Some(line) => format!("{} line {line}", origin.shown),
        None => origin.shown.to_string(),
    }
}
