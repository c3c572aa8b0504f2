//! Where test files lie, and which skill each is for.

use std::path::{Path, PathBuf};

use super::as_shown;

/// Names of test files.
pub(super) const NAMES: [&str; 6] =
    ["eval_queries.json", "evals.json", "tests.yml", "tests.yaml", "requests.yml", "requests.yaml"];
const SKILL_FILES: [&str; 2] = ["SKILL.md", "skill.md"];
/// Levels below the named folder: `.claude/skills/SKILL/evals/evals.json` from the root of a project.
const MAX_DEPTH: usize = 5;
/// Folders looked into, so that a home directory named by mistake ends in a message and not in a long wait.
const MAX_FOLDERS: usize = 20_000;
/// Folders that hold other people's files.
const SKIPPED: [&str; 3] = [".git", "node_modules", "target"];

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| NAMES.iter().any(|known| name == *known))
}

/// The test files of a folder, by path; links are not followed.
pub(super) fn find(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return if is_test(path) && path.exists() { vec![path.to_path_buf()] } else { Vec::new() };
    }
    let mut found = Vec::new();
    let mut folders = vec![(path.to_path_buf(), 0)];
    let mut looked_into = 0;
    while let Some((folder, depth)) = folders.pop() {
        looked_into += 1;
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let skipped = SKIPPED.iter().any(|name| entry.file_name() == *name);
            if is_test(&entry.path()) {
                found.push(entry.path());
            } else if is_folder && !skipped && depth < MAX_DEPTH && looked_into + folders.len() < MAX_FOLDERS {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    found.sort();
    found
}

fn is_skill(folder: &Path) -> bool {
    SKILL_FILES.iter().any(|file| folder.join(file).is_file())
}

/// What ids are relative to.
pub(super) struct Place {
    /// The skills to search, if the tests lie among skills.
    pub pool: Option<PathBuf>,
    base: PathBuf,
}

impl Place {
    /// A skill's own folder is searched among its neighbours, any other folder as it is.
    pub(super) fn of(root: &Path) -> Place {
        // First, because a bare file name has no parent to speak of.
        let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let folder = if root.is_dir() { root.clone() } else { root.parent().unwrap_or(&root).to_path_buf() };
        let skill = folder.ancestors().take(3).find(|folder| is_skill(folder));
        let base = skill.and_then(Path::parent).map_or(folder.clone(), Path::to_path_buf);
        let among_skills = skill.is_some() || find(&folder).iter().any(|file| skill_folder(file, &base).is_some());
        Place { pool: among_skills.then(|| base.clone()), base }
    }

    /// The id that the loader of skills gives the skill around a test file: its folder, seen from the pool.
    pub(super) fn skill_of(&self, file: &Path) -> Option<String> {
        let folder = skill_folder(file, &self.base)?;
        let id: Vec<_> = folder.strip_prefix(&self.base).ok()?.iter().map(|part| part.to_string_lossy()).collect();
        Some(as_shown(&id.join("/")))
    }
}

/// The nearest folder around a file, inside `base`, that is a skill.
fn skill_folder(file: &Path, base: &Path) -> Option<PathBuf> {
    let file = file.canonicalize().ok()?;
    let inside = file.ancestors().skip(1).take_while(|folder| folder.starts_with(base) && *folder != base);
    inside.into_iter().find(|folder| is_skill(folder)).map(Path::to_path_buf)
}
