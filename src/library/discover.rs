//! Where agents keep skills: a table with a date (`assets/agents.toml`), not code, because clients change monthly.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

const TABLE: &str = include_str!("../../assets/agents.toml");
/// Folders one `*` may stand for (plugin caches hold tens); the rest of a pattern is bounded by its length.
const MAX_MATCHES: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// When the table was last compared with the clients, year and month.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the table"))]
    checked: String,
    /// What a `$VARIABLE` at the head of a path stands for when it is not set.
    variables: BTreeMap<String, String>,
    agent: Vec<Agent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Agent {
    name: String,
    /// Below each folder from the working directory up to the repository root.
    #[serde(default)]
    project: Vec<String>,
    /// `~/…`, `$VARIABLE/…`; a `*` stands for any one folder.
    #[serde(default)]
    user: Vec<String>,
    /// Absolute.
    #[serde(default)]
    system: Vec<String>,
}

/// A place that exists, with all agents that read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub path: PathBuf,
    /// Canonical.
    pub real: PathBuf,
    /// E.g. "Claude Code (user)".
    pub agents: Vec<String>,
}

/// The places that exist, nearest project folder first, each once whatever leads to it.
pub(super) fn places(cwd: &Path, home: Option<&Path>, variable: &dyn Fn(&str) -> Option<PathBuf>) -> Vec<Place> {
    let Some(table) = table() else { return Vec::new() };
    let mut places = Places::default();
    for folder in project_folders(cwd, home) {
        for agent in &table.agent {
            for path in &agent.project {
                places.add(folder.join(path), &agent.name, "project");
            }
        }
    }
    let resolve = |path: &str| table.resolve(path, home, variable);
    for agent in &table.agent {
        for (paths, scope) in [(&agent.user, "user"), (&agent.system, "system")] {
            for path in paths.iter().filter_map(|path| resolve(path)).flat_map(|path| expand(&path)) {
                places.add(path, &agent.name, scope);
            }
        }
    }
    places.found
}

/// The table, which a test keeps readable.
fn table() -> Option<Table> {
    toml::from_str(TABLE).ok()
}

impl Table {
    /// A path with its `~` or `$VARIABLE` put in, `None` if there is no home.
    fn resolve(&self, path: &str, home: Option<&Path>, variable: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
        let (head, rest) = path.split_once('/').unwrap_or((path, ""));
        match head.strip_prefix('$') {
            Some(name) => match variable(name).filter(|value| value.is_absolute()) {
                Some(value) => Some(value.join(rest)),
                None => Some(self.resolve(self.variables.get(name)?, home, variable)?.join(rest)),
            },
            None if head == "~" => Some(home?.join(rest)),
            None => Some(PathBuf::from(path)),
        }
    }
}

#[derive(Default)]
struct Places {
    found: Vec<Place>,
    by_real: HashMap<PathBuf, usize>,
}

impl Places {
    fn add(&mut self, path: PathBuf, agent: &str, scope: &str) {
        let Ok(real) = path.canonicalize() else { return };
        let index = *self.by_real.entry(real.clone()).or_insert_with(|| {
            self.found.push(Place { path, real, agents: Vec::new() });
            self.found.len() - 1
        });
        let agents = &mut self.found[index].agents;
        let agent = format!("{agent} ({scope})");
        if !agents.contains(&agent) {
            agents.push(agent);
        }
    }
}

/// From the working directory up to the folder with `.git`; outside a repository only the working directory. The home
/// directory is no project: what lies there is the user's.
fn project_folders<'a>(cwd: &'a Path, home: Option<&Path>) -> Vec<&'a Path> {
    let inside: Vec<&Path> = cwd.ancestors().take_while(|folder| Some(*folder) != home).collect();
    match inside.iter().position(|folder| folder.join(".git").exists()) {
        Some(root) => inside[..=root].to_vec(),
        None => inside.into_iter().take(1).collect(),
    }
}

/// The existing paths that match a path with `*` components, in order.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for component in pattern.components() {
        if component != Component::Normal("*".as_ref()) {
            paths.iter_mut().for_each(|path| path.push(component));
            continue;
        }
        let folders = |path: PathBuf| {
            let entries = path.read_dir().into_iter().flatten().flatten();
            let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
            folders.sort();
            folders.truncate(MAX_MATCHES);
            folders
        };
        paths = paths.into_iter().flat_map(folders).take(MAX_MATCHES).collect();
    }
    paths
}

/// The path as it is written when the home directory is `~`.
pub(super) fn with_tilde(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_string(),
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn found(cwd: &Path, home: &Path, variables: &[(&str, &Path)]) -> Vec<(String, Vec<String>)> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_path_buf());
        let places = places(cwd, Some(home), &variable);
        places.into_iter().map(|place| (with_tilde(&place.path, Some(home)), place.agents)).collect()
    }

    #[test]
    fn the_table_reads_and_every_path_can_be_resolved() {
        let table: Table = toml::from_str(TABLE).unwrap();
        assert!(table.checked.starts_with("2026-"));
        assert!(table.agent.len() >= 35);
        for agent in &table.agent {
            assert!(!agent.project.is_empty() || !agent.user.is_empty(), "{}", agent.name);
            for path in agent.user.iter().chain(&agent.system) {
                let resolved = table.resolve(path, Some(Path::new("/home/me")), &|_| None);
                assert!(resolved.as_ref().is_some_and(|path| path.is_absolute()), "{path} {resolved:?}");
            }
            assert!(agent.project.iter().all(|path| !path.starts_with(['/', '~', '$'])), "{}", agent.name);
        }
    }

    #[test]
    fn one_place_lists_all_agents_and_stops_at_the_repository() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let repository = home.join("code/project");
        let cwd = repository.join("deep/er");
        for folder in [
            "code/project/.git",
            "code/project/deep/er/.claude/skills",
            "code/project/.agents/skills",
            "code/.claude/skills",
            ".claude/skills",
            ".claude/plugins/cache/market/plugin/1.0/skills",
        ] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        let found = found(&cwd, &home, &[]);
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "~/code/project/deep/er/.claude/skills",
                "~/code/project/.agents/skills",
                "~/.claude/skills",
                "~/.claude/plugins/cache/market/plugin/1.0/skills"
            ]
        );
        assert!(found[0].1.contains(&"Claude Code (project)".to_string()));
        assert!(found[1].1.contains(&"Codex (project)".to_string()));
        assert!(!found[1].1.iter().any(|agent| agent.starts_with("Claude Code")));
        assert!(found[2].1.contains(&"Claude Code (user)".to_string()));
        assert!(found[2].1.contains(&"Cursor (user)".to_string()));
    }

    #[test]
    fn variables_move_places() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".claude/skills")).unwrap();
        fs::create_dir_all(elsewhere.path().join("skills")).unwrap();
        let found = found(Path::new("/"), home.path(), &[("CLAUDE_CONFIG_DIR", elsewhere.path())]);
        let agents = |path: &Path| {
            found
                .iter()
                .find(|(place, _)| Path::new(place) == path)
                .map(|(_, agents)| agents.clone())
                .unwrap_or_default()
        };
        assert_eq!(agents(&elsewhere.path().join("skills")), ["Claude Code (user)"]);
        // Others still read the usual place.
        assert!(
            !found.iter().any(
                |(place, agents)| place == "~/.claude/skills" && agents.contains(&"Claude Code (user)".to_string())
            )
        );
    }

    #[test]
    fn links_to_one_place_are_one_place() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        fs::create_dir_all(home.join(".agents/skills")).unwrap();
        fs::create_dir_all(home.join(".kiro")).unwrap();
        std::os::unix::fs::symlink(home.join(".agents/skills"), home.join(".kiro/skills")).unwrap();
        let found = found(Path::new("/"), &home, &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].1.contains(&"Kiro (user)".to_string()));
        assert!(found[0].1.contains(&"Codex (user)".to_string()));
    }
}
