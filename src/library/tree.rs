//! The bounded walk over a tree of SKILL.md folders.
//!
//! Links are followed when they stay inside the root, after everything that lies there itself, so that a skill is
//! called by its own place. Every folder is read once, whatever leads to it.

use std::collections::HashSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::draft::row;
use super::file::reason;
use super::frontmatter::Finding;
use super::{LoadRow, Severity, Text};

/// How far a walk goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Levels below the root.
    pub depth: usize,
    pub folders: usize,
    pub skills: usize,
}

impl Limits {
    /// Where agents keep skills: the depth of Codex and the client guide; 10,000 skills (domain notes 1.5, 5.4).
    pub const DISCOVERED: Limits = Limits { depth: 6, folders: 10_000, skills: 10_000 };
    /// A folder the user named: naming it is asking for more than the 10,000 skills of domain notes 5.4, and real
    /// libraries nest deeper than agents look.
    pub const NAMED: Limits = Limits { depth: 12, folders: 200_000, skills: 100_000 };
}

/// Folders of tools, with many files and hardly ever a skill (the list of vercel-labs/skills, and Rust's).
pub(super) const IGNORED: [&str; 5] = ["node_modules", "dist", "build", "__pycache__", "target"];
/// Holds no files of the tree, so leaving it out is no loss to report.
pub(super) const GIT: &str = ".git";

/// The file names of a skill, in the order of preference of `skills-ref` (domain notes 1.2).
pub(super) const SKILL_FILES: [&str; 2] = ["SKILL.md", "skill.md"];

/// A skill file that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub path: PathBuf,
    /// The name of the folder it lies in.
    pub folder: String,
    /// The folder's path below the root, with `/`; the root's own name for the root.
    pub id: String,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub found: Vec<Found>,
    pub rows: Vec<LoadRow>,
    /// Skill files that are links which cannot be followed; each has its row.
    pub refused: usize,
}

/// Canonical paths of the folders and files that were read, over all roots of a library.
pub(super) type Visited = HashSet<PathBuf>;

/// Walks `root`. `others` are the canonical paths of other roots: a link into one of them is no loss.
pub(super) fn walk(root: &Path, limits: Limits, others: &[PathBuf], visited: &mut Visited) -> io::Result<Walk> {
    let real = fs::canonicalize(root)?;
    let name = real.file_name().map_or("skill".into(), |name| name.to_string_lossy().into_owned());
    let mut walker = Walker {
        limits,
        others,
        visited,
        walk: Walk::default(),
        stack: Vec::new(),
        links: Vec::new(),
        file_links: Vec::new(),
        folders: 0,
        ignored: Tally::default(),
        deep: Tally::default(),
        surplus: Tally::default(),
        root: root.to_path_buf(),
        real_root: real.clone(),
    };
    walker.stack.push(Folder { path: root.to_path_buf(), real, id: name, depth: 0 });
    walker.run();
    Ok(walker.walk)
}

/// A folder still to be read.
#[derive(Debug)]
struct Folder {
    /// As the user would write it.
    path: PathBuf,
    /// Canonical.
    real: PathBuf,
    id: String,
    depth: usize,
}

/// Things of one kind that were left out, reported in one row.
#[derive(Debug, Default)]
struct Tally {
    count: usize,
    first: Option<PathBuf>,
}

impl Tally {
    fn add(&mut self, path: PathBuf) {
        self.count += 1;
        self.first.get_or_insert(path);
    }
}

struct Walker<'a> {
    root: PathBuf,
    real_root: PathBuf,
    limits: Limits,
    others: &'a [PathBuf],
    visited: &'a mut Visited,
    walk: Walk,
    stack: Vec<Folder>,
    links: Vec<Folder>,
    file_links: Vec<Found>,
    folders: usize,
    ignored: Tally,
    deep: Tally,
    surplus: Tally,
}

impl Walker<'_> {
    fn run(&mut self) {
        loop {
            while let Some(folder) = self.stack.pop() {
                if self.folders == self.limits.folders {
                    self.stop(&folder.path);
                    return self.report();
                }
                self.visit(&folder);
            }
            for found in std::mem::take(&mut self.file_links) {
                self.follow_file(found);
            }
            match self.links.pop() {
                Some(link) => self.follow(link),
                None => return self.report(),
            }
        }
    }

    fn visit(&mut self, folder: &Folder) {
        if !self.visited.insert(folder.real.clone()) {
            let message = "was already read through another path";
            return self.say(Severity::Note, &folder.path, "already-loaded", message);
        }
        self.folders += 1;
        let entries = fs::read_dir(&folder.path).and_then(|entries| entries.collect::<io::Result<Vec<DirEntry>>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("this folder cannot be read: {}", reason(&error));
                return self.say(Severity::Limit, &folder.path, "unreadable-folder", &message);
            }
        };
        // Backwards, because the stack turns them round; links likewise.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
        self.take_skill_file(folder, &entries);
        for entry in entries {
            self.take_folder(folder, &entry);
        }
    }

    fn take_skill_file(&mut self, folder: &Folder, entries: &[DirEntry]) {
        let mut files = SKILL_FILES.iter().filter_map(|name| entries.iter().find(|entry| entry.file_name() == **name));
        let Some(entry) = files.next() else { return };
        let path = folder.path.join(entry.file_name());
        if let Some(second) = files.next() {
            let message = format!("is not read: {} lies beside it", entry.file_name().to_string_lossy());
            self.say(Severity::Note, &folder.path.join(second.file_name()), "second-skill-file", &message);
        }
        let name = folder.real.file_name().map_or(folder.id.clone(), |name| name.to_string_lossy().into_owned());
        let found = Found { path, folder: name, id: folder.id.clone() };
        match entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
            true => self.file_links.push(found),
            false => self.accept(found, folder.real.join(entry.file_name())),
        }
    }

    fn follow_file(&mut self, found: Found) {
        match self.resolve(&found.path) {
            Ok(real) => self.accept(found, real),
            // A file of another root is loaded there; anything else is a skill that is not loaded.
            Err((Severity::Limit, rule, message)) => {
                self.walk.refused += 1;
                self.say(Severity::Skipped, &found.path, rule, &message);
            }
            Err((severity, rule, message)) => self.say(severity, &found.path, rule, &message),
        }
    }

    fn accept(&mut self, found: Found, real: PathBuf) {
        if !self.visited.insert(real) {
            return self.say(Severity::Note, &found.path, "already-loaded", "was already read through another path");
        }
        match self.walk.found.len() < self.limits.skills {
            true => self.walk.found.push(found),
            false => self.surplus.add(found.path),
        }
    }

    fn take_folder(&mut self, parent: &Folder, entry: &DirEntry) {
        let Ok(kind) = entry.file_type() else { return };
        let name = entry.file_name();
        let path = parent.path.join(&name);
        if !kind.is_dir() && !kind.is_symlink() || SKILL_FILES.iter().any(|file| name == **file) {
            return;
        }
        if kind.is_symlink() && path.metadata().is_ok_and(|target| !target.is_dir()) {
            return;
        }
        if name == GIT {
            return;
        }
        if IGNORED.iter().any(|ignored| name == **ignored) {
            return self.ignored.add(path);
        }
        if parent.depth == self.limits.depth {
            return self.deep.add(path);
        }
        let lossy = name.to_string_lossy();
        let id = if parent.depth == 0 { lossy.into_owned() } else { format!("{}/{lossy}", parent.id) };
        let real = parent.real.join(&name);
        let folder = Folder { path, real, id, depth: parent.depth + 1 };
        if kind.is_symlink() { self.links.push(folder) } else { self.stack.push(folder) }
    }

    fn follow(&mut self, link: Folder) {
        match self.resolve(&link.path) {
            Ok(real) if self.visited.contains(&real) => {
                let message = format!("is a link to {}, which was already read", real.display());
                self.say(Severity::Note, &link.path, "already-loaded", &message);
            }
            Ok(real) => self.stack.push(Folder { real, ..link }),
            Err((severity, rule, message)) => self.say(severity, &link.path, rule, &message),
        }
    }

    /// Where a link leads, if that is inside the root.
    fn resolve(&self, link: &Path) -> Result<PathBuf, (Severity, &'static str, String)> {
        let real = fs::canonicalize(link).map_err(|error| {
            (Severity::Limit, "broken-link", format!("this link leads nowhere: {}", reason(&error)))
        })?;
        if real.starts_with(&self.real_root) {
            return Ok(real);
        }
        let target = real.display();
        if self.others.iter().any(|other| real.starts_with(other)) {
            let message = format!("is a link to {target}, which is read as part of another place");
            return Err((Severity::Note, "already-loaded", message));
        }
        let message = format!("is a link that leaves this place, to {target}: name that path to load it");
        Err((Severity::Limit, "link-outside-root", message))
    }

    fn stop(&mut self, at: &Path) {
        let message = format!("stopped after {} folders: name a folder further down", self.limits.folders);
        self.say(Severity::Limit, at, "folder-limit", &message);
    }

    /// One row for each kind of thing left out.
    fn report(&mut self) {
        let tallies = [
            (std::mem::take(&mut self.ignored), "ignored-folders", format!("folders named {}", IGNORED.join(", "))),
            (
                std::mem::take(&mut self.deep),
                "depth-limit",
                format!("folders more than {} levels down", self.limits.depth),
            ),
            (
                std::mem::take(&mut self.surplus),
                "skill-limit",
                format!("skills beyond the first {}", self.limits.skills),
            ),
        ];
        for (tally, rule, what) in tallies {
            if let Some(first) = tally.first {
                let message = format!("not read, {what}: {}, the first is {}", tally.count, first.display());
                let root = self.root.clone();
                self.say(Severity::Limit, &root, rule, &message);
            }
        }
    }

    fn say(&mut self, severity: Severity, path: &Path, rule: &'static str, message: &str) {
        let finding = Finding::new(rule, None, message);
        self.walk.rows.push(row(severity, &Text::line(path.to_string_lossy()), &finding, None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_is_a_row_with_a_count() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["a", "b", "c/d", "e"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join("SKILL.md"), "x").unwrap();
        }
        let walk = |limits| {
            let walk = walk(root.path(), limits, &[], &mut Visited::new()).unwrap();
            let ids: Vec<String> = walk.found.into_iter().map(|found| found.id).collect();
            (ids, walk.rows.iter().map(|row| format!("{} {}", row.rule, row.message)).collect::<Vec<_>>())
        };
        let (ids, rows) = walk(Limits { depth: 1, folders: 100, skills: 2 });
        assert_eq!(ids, ["a", "b"]);
        assert!(rows[0].starts_with("depth-limit not read, folders more than 1 levels down: 1, the first is"));
        assert!(rows[1].starts_with("skill-limit not read, skills beyond the first 2: 1, the first is"), "{rows:?}");
        let (ids, rows) = walk(Limits { depth: 9, folders: 3, skills: 9 });
        assert_eq!(ids, ["a", "b"]);
        assert!(rows[0].starts_with("folder-limit stopped after 3 folders"));
    }

    #[test]
    fn a_linked_file_is_called_by_its_own_place() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a")).unwrap();
        fs::create_dir_all(root.path().join("z")).unwrap();
        fs::write(root.path().join("z/SKILL.md"), "x").unwrap();
        std::os::unix::fs::symlink("../z/SKILL.md", root.path().join("a/SKILL.md")).unwrap();
        let walk = walk(root.path(), Limits::NAMED, &[], &mut Visited::new()).unwrap();
        assert_eq!(walk.found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["z"]);
        assert_eq!(walk.rows.iter().map(|row| row.rule).collect::<Vec<_>>(), ["already-loaded"]);
    }
}
