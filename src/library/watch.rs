//! Notices when a library changes on disk.
//!
//! Reading files is an event too, and reading them is what we do after a change: events of mere access are dropped
//! before they are collected, which ready-made debouncers do not offer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::file::reason;
use super::tree::{GIT, IGNORED, SKILL_FILES};
use super::{Library, Root, RootKind, Text, pool};

/// Quiet time after which a change is over: an editor's save is several events, a checkout thousands.
const QUIET: Duration = Duration::from_millis(500);
/// A change is announced after this time even if events go on.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps watching until it is dropped.
pub struct Watch {
    _watcher: Option<RecommendedWatcher>,
    /// Sentences about what cannot be watched, fit to be shown.
    pub notices: Vec<Text>,
}

/// Calls `changed`, on a thread of its own, whenever skills of this library may have changed. Never fails: what cannot
/// be watched is in [`Watch::notices`], and a reload by hand still works.
pub fn watch(library: &Library, changed: impl Fn() + Send + 'static) -> Watch {
    let roots: Vec<&Root> = library.roots.iter().filter(|root| root.kind != RootKind::Demo).collect();
    if roots.is_empty() {
        return Watch { _watcher: None, notices: Vec::new() };
    }
    match start(&roots, changed) {
        Ok(watch) => watch,
        Err(error) => Watch { _watcher: None, notices: vec![notice("the library", &explain(&error))] },
    }
}

fn notice(what: &str, error: &str) -> Text {
    Text::line(format!("Changes in {what} will not be noticed ({error}); reload by hand."))
}

fn start(roots: &[&Root], changed: impl Fn() + Send + 'static) -> notify::Result<Watch> {
    let (sender, receiver) = bounded(1);
    let filter = Filter::new(roots);
    let handler = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| filter.concerns(&event)) {
            // One pending event is enough.
            let _ = sender.try_send(());
        }
    };
    let mut watcher = RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))?;
    let mut notices = Vec::new();
    for (path, mode) in targets(roots) {
        if let Err(error) = watcher.watch(&path, mode) {
            notices.push(notice(&path.display().to_string(), &explain(&error)));
        }
    }
    std::thread::Builder::new().name("library watch".to_string()).spawn(move || announce(&receiver, changed))?;
    Ok(Watch { _watcher: Some(watcher), notices })
}

/// What went wrong, without the list of paths.
fn explain(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::Io(error) => reason(error),
        notify::ErrorKind::MaxFilesWatch => "the system's limit of watched folders is reached".to_string(),
        notify::ErrorKind::PathNotFound => "it is gone".to_string(),
        notify::ErrorKind::Generic(text) => text.clone(),
        _ => "the system refused".to_string(),
    }
}

/// The paths to watch. A file is watched through its folder, because editors replace files.
fn targets(roots: &[&Root]) -> BTreeMap<PathBuf, RecursiveMode> {
    let mut targets = BTreeMap::new();
    for root in roots {
        let path = absolute(&root.path);
        if path.is_file() {
            let folder = path.parent().unwrap_or(&path).to_path_buf();
            targets.entry(folder).or_insert(RecursiveMode::NonRecursive);
        } else if root.kind == RootKind::Pool {
            targets.entry(path).or_insert(RecursiveMode::NonRecursive);
        } else {
            targets.insert(path, RecursiveMode::Recursive);
        }
    }
    targets
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Which events concern a library.
struct Filter {
    /// Folders in which any skill file or folder counts.
    trees: Vec<PathBuf>,
    /// Single files, and folders in which any pool file counts.
    files: Vec<PathBuf>,
}

impl Filter {
    fn new(roots: &[&Root]) -> Self {
        let (files, trees) = roots
            .iter()
            .map(|root| (absolute(&root.path), root.kind))
            .partition::<Vec<_>, _>(|(path, kind)| *kind == RootKind::Pool || path.is_file());
        let paths = |roots: Vec<(PathBuf, RootKind)>| roots.into_iter().map(|(path, _)| path).collect();
        Filter { trees: paths(trees), files: paths(files) }
    }

    fn concerns(&self, event: &Event) -> bool {
        let changes = !matches!(event.kind, EventKind::Access(_));
        changes && event.paths.iter().any(|path| self.concerns_path(path))
    }

    fn concerns_path(&self, path: &Path) -> bool {
        let is_ours = |file: &PathBuf| file == path || (pool::is_pool(path) && path.parent() == Some(file));
        self.files.iter().any(is_ours)
            || self.trees.iter().any(|tree| path.strip_prefix(tree).is_ok_and(|rest| in_tree(path, rest)))
    }
}

/// Folders count and so does what is gone (it may have been a folder); of files only those that hold skills.
fn in_tree(path: &Path, below_root: &Path) -> bool {
    let ignored = |name: &std::ffi::OsStr| name == GIT || IGNORED.iter().any(|ignored| name == *ignored);
    if below_root.iter().any(ignored) {
        return false;
    }
    let is_skill = path.file_name().is_some_and(|name| SKILL_FILES.iter().any(|file| name == *file));
    is_skill || !path.is_file()
}

fn announce(events: &Receiver<()>, changed: impl Fn()) {
    while events.recv().is_ok() {
        let first = Instant::now();
        loop {
            match events.recv_timeout(QUIET) {
                Ok(()) if first.elapsed() < PATIENCE => (),
                Ok(()) | Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        changed();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::load::{Source, load};
    use super::*;

    /// Longer than the quiet time by enough for a busy machine.
    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn a_change_is_announced_and_reading_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let skill = folder.path().join("pdf");
        fs::create_dir(&skill).unwrap();
        fs::write(skill.join("SKILL.md"), "---\nname: pdf\ndescription: d\n---\nbody").unwrap();
        let source = Source::Paths(vec![folder.path().to_path_buf()]);
        let library = load(&source).unwrap();
        let (sender, changes) = bounded(16);
        let watch = watch(&library, move || _ = sender.send(()));
        assert_eq!(watch.notices, []);

        load(&source).unwrap();
        fs::create_dir_all(folder.path().join("target")).unwrap();
        fs::write(skill.join("notes.txt"), "not a skill").unwrap();
        assert!(changes.recv_timeout(QUIET * 3).is_err());

        for n in 0..20 {
            fs::write(skill.join("SKILL.md"), format!("---\nname: pdf\ndescription: {n}\n---\nbody")).unwrap();
        }
        assert!(changes.recv_timeout(SOON).is_ok());
        assert!(changes.recv_timeout(QUIET * 3).is_err(), "one change, announced once");

        fs::remove_dir_all(&skill).unwrap();
        assert!(changes.recv_timeout(SOON).is_ok());
    }

    #[test]
    fn a_pool_replaced_by_renaming_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let pool = folder.path().join("pool.jsonl");
        fs::write(&pool, "{\"id\": \"a\", \"name\": \"a\"}\n").unwrap();
        let library = load(&Source::Paths(vec![pool.clone()])).unwrap();
        let (sender, changes) = bounded(16);
        let _watch = watch(&library, move || _ = sender.send(()));
        fs::write(folder.path().join("other.txt"), "x").unwrap();
        assert!(changes.recv_timeout(QUIET * 3).is_err());
        fs::write(folder.path().join("new"), "{\"id\": \"b\", \"name\": \"b\"}\n").unwrap();
        fs::rename(folder.path().join("new"), &pool).unwrap();
        assert!(changes.recv_timeout(SOON).is_ok());
    }

    #[test]
    fn a_vanished_root_is_a_notice() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("gone")).unwrap();
        let library = load(&Source::Paths(vec![folder.path().join("gone")])).unwrap();
        fs::remove_dir(folder.path().join("gone")).unwrap();
        let watch = watch(&library, || ());
        assert_eq!(watch.notices.len(), 1);
        assert!(watch.notices[0].shown().contains("reload by hand"));
    }
}
