//! The library room against real files and against hostile ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use skillscope::library::load::Source;
use skillscope::library::{Library, LoadError, LoadRow, RootKind, Severity, load};
use tempfile::TempDir;

/// A path in the folder of real material, or a line saying that the test is skipped.
fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is absent", path.display());
    None
}

fn load_paths(paths: &[&Path]) -> Library {
    load(&Source::Paths(paths.iter().map(|path| path.to_path_buf()).collect())).unwrap()
}

fn load_path(path: impl AsRef<Path>) -> Library {
    load_paths(&[path.as_ref()])
}

fn ids(library: &Library) -> Vec<&str> {
    library.skills().iter().map(|skill| skill.id.shown()).collect()
}

/// Rule, severity and line of each row, in order.
fn rows(library: &Library) -> Vec<(&'static str, Severity, Option<u64>)> {
    library.report.rows.iter().map(|row| (row.rule, row.severity, row.line)).collect()
}

fn row<'a>(library: &'a Library, rule: &str) -> &'a LoadRow {
    let rows = &library.report.rows;
    rows.iter().find(|row| row.rule == rule).unwrap_or_else(|| panic!("no row {rule} in {rows:#?}"))
}

/// Writes a good skill into `root/folder`.
fn skill(root: &Path, folder: &str) -> PathBuf {
    let name = folder.rsplit('/').next().unwrap();
    file(
        root,
        &format!("{folder}/SKILL.md"),
        format!("---\nname: {name}\ndescription: About {folder}.\n---\n\nDo it.\n"),
    )
}

fn file(root: &Path, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

fn temp() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn gzip(content: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn pool_row(id: &str, body: &str) -> String {
    format!("{{\"skill_id\": \"{id}\", \"name\": \"{id}\", \"description\": \"d\", \"body\": \"{body}\"}}\n")
}

/// All SKILL.md files below a folder, found by other means than the loader's.
fn skill_files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(skill_files(&path)),
            path if path.ends_with("SKILL.md") => _ = files.insert(path),
            _ => (),
        }
    }
    files
}

#[test]
fn all_community_skills_load() {
    let Some(folder) = shared("libraries/community") else { return };
    let start = Instant::now();
    let library = load_path(&folder);
    println!("community: {} skills in {:?}", library.len(), start.elapsed());
    assert_eq!(library.len(), 772);
    assert_eq!(library.report.count(Severity::Skipped), 0, "{:#?}", library.report.rows);
    let loaded: BTreeSet<PathBuf> = library.skills().iter().map(|skill| skill.origin.path.clone()).collect();
    assert_eq!(loaded, skill_files(&folder));
    for skill in library.skills() {
        let folder = skill.origin.path.parent().unwrap().strip_prefix(&folder).unwrap();
        assert_eq!(Path::new(skill.id.shown()), folder);
        assert!(!skill.description.for_model().is_empty() && !skill.body.for_model().is_empty(), "{}", skill.id);
    }
    let hidden = library.find("openclaw/evasive-06-unicode-injection").unwrap();
    assert!(library[hidden].hidden_characters() > 0);
}

#[test]
fn every_malformed_file_is_a_skill_or_a_row() {
    let Some(folder) = shared("libraries/malformed") else { return };
    let library = load_path(&folder);
    let files = skill_files(&folder);
    assert_eq!(files.len(), 120);
    assert_eq!(library.report.seen, 120);
    let skipped = library.report.rows.iter().filter(|row| row.severity == Severity::Skipped);
    let mut accounted: Vec<PathBuf> = skipped.map(|row| PathBuf::from(row.path.shown())).collect();
    accounted.extend(library.skills().iter().map(|skill| skill.origin.path.clone()));
    assert_eq!(accounted.len(), 120);
    assert_eq!(accounted.into_iter().collect::<BTreeSet<_>>(), files);
    // Whatever was put right is said, on the skill and in the report.
    for skill in library.skills() {
        let in_report = library.report.rows.iter().filter(|row| row.path == skill.origin.shown).count();
        assert_eq!(skill.notes.len(), in_report, "{}", skill.id);
        let faulty = !skill.id.shown().starts_with("almost-empty-body");
        assert!(!faulty || !skill.notes.is_empty(), "{} loaded as if nothing was wrong", skill.id);
    }
    let mut rules: BTreeMap<_, usize> = BTreeMap::new();
    library.report.rows.iter().for_each(|row| *rules.entry((row.severity, row.rule)).or_default() += 1);
    println!("{rules:#?}");
}

#[test]
fn the_published_pool_loads() {
    let Some(folder) = shared("benchmarks/skillrouter-dev/easy") else { return };
    let start = Instant::now();
    let library = load_path(&folder);
    println!("easy pool: {} skills in {:?}", library.len(), start.elapsed());
    assert_eq!(library.len(), 6810);
    assert_eq!(library.report.seen, 6810);
    assert_eq!(library.roots[0].kind, RootKind::Pool);
    let skill = &library[library.find("gt/13f-analyzer").unwrap()];
    assert_eq!(skill.name.for_model(), "13f-analyzer");
    assert!(skill.body.for_model().starts_with("## Overview"));
    assert_eq!(skill.origin.line, Some(1));
}

#[test]
fn other_published_layouts_load() {
    let Some(r3) = shared("benchmarks/r3-dev/data/skills_test.jsonl") else { return };
    let Some(skillret) = shared("benchmarks/skillret-dev/data/skills/test.jsonl") else { return };
    for (path, note) in [(r3, true), (skillret, false)] {
        let library = load_path(&path);
        assert_eq!(library.len(), 507);
        let skill = &library[library.find("gt/13f-analyzer").unwrap()];
        assert_eq!(skill.name.for_model(), "13f-analyzer");
        assert!(skill.description.for_model().starts_with("Perform various data analysis"));
        assert!(skill.body.for_model().starts_with("## Overview"));
        assert_eq!(!skill.notes.is_empty(), note);
    }
}

#[test]
fn ids_are_folders_and_clashes_are_numbered() {
    let (one, two) = (temp(), temp());
    skill(one.path(), "owner/pdf");
    skill(one.path(), "web");
    fs::write(one.path().join("SKILL.md"), "---\nname: top\ndescription: d\n---\nbody").unwrap();
    skill(two.path(), "web");
    let library = load_paths(&[one.path(), two.path()]);
    let top = one.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(ids(&library), [top, "owner/pdf", "web", "web~2"]);
    assert_eq!(rows(&library), [("duplicate-id", Severity::Note, None)]);
    let copy = library.find("web~2").unwrap();
    assert_eq!((library.copies(copy), library.namesakes(copy)), (2, 2));
    assert_eq!(library.roots.iter().map(|root| root.skills).collect::<Vec<_>>(), [3, 1]);
    // The same place twice is one place.
    let library = load_paths(&[two.path(), two.path()]);
    assert_eq!((library.len(), rows(&library)), (1, vec![("already-loaded", Severity::Note, None)]));
    // A SKILL.md by itself.
    let library = load_path(two.path().join("web/SKILL.md"));
    assert_eq!(ids(&library), ["web"]);
}

#[test]
fn folders_of_tools_are_counted_and_depth_is_bounded() {
    let root = temp();
    skill(root.path(), "good");
    skill(root.path(), "node_modules/package");
    skill(root.path(), "good/target/x");
    skill(root.path(), ".git/x");
    skill(root.path(), "1/2/3/4/5/6/7/8/9/10/11/12");
    skill(root.path(), "a/2/3/4/5/6/7/8/9/10/11/12/13");
    let library = load_path(root.path());
    assert_eq!(ids(&library), ["1/2/3/4/5/6/7/8/9/10/11/12", "good"]);
    assert!(row(&library, "ignored-folders").message.shown().contains(": 2, the first is"));
    assert!(row(&library, "depth-limit").message.shown().contains("/12/13"));
    assert_eq!(library.report.count(Severity::Limit), 2);
}

#[test]
fn links_inside_are_read_once_and_links_outside_are_rows() {
    let (root, outside) = (temp(), temp());
    skill(root.path(), "b/real");
    skill(outside.path(), "secret");
    symlink(root.path(), root.path().join("b/loop")).unwrap();
    symlink(root.path().join("b/real"), root.path().join("a-link")).unwrap();
    symlink(outside.path(), root.path().join("escape")).unwrap();
    symlink("/nowhere/at/all", root.path().join("broken")).unwrap();
    fs::create_dir(root.path().join("file-link")).unwrap();
    symlink(outside.path().join("secret/SKILL.md"), root.path().join("file-link/SKILL.md")).unwrap();
    let library = load_path(root.path());
    assert_eq!(ids(&library), ["b/real"]);
    let outside_rows: Vec<_> = library.report.rows.iter().filter(|row| row.rule == "link-outside-root").collect();
    assert_eq!(outside_rows.iter().map(|row| row.severity).collect::<Vec<_>>(), [Severity::Skipped, Severity::Limit]);
    assert!(outside_rows[1].message.shown().contains(outside.path().to_str().unwrap()));
    assert_eq!(row(&library, "broken-link").severity, Severity::Limit);
    assert_eq!(rows(&library).iter().filter(|(rule, ..)| *rule == "already-loaded").count(), 2);
    // A root that is itself a link is what the user named.
    symlink(root.path().join("b"), outside.path().join("named")).unwrap();
    assert_eq!(ids(&load_path(outside.path().join("named"))), ["real"]);
}

#[test]
fn a_fifo_is_never_opened() {
    let root = temp();
    skill(root.path(), "good");
    fs::create_dir(root.path().join("pipe")).unwrap();
    let path = std::ffi::CString::new(root.path().join("pipe/SKILL.md").to_str().unwrap()).unwrap();
    // SAFETY: the path is a valid C string that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    fs::create_dir(root.path().join("link")).unwrap();
    symlink(root.path().join("pipe/SKILL.md"), root.path().join("link/SKILL.md")).unwrap();
    symlink("/dev/zero", root.path().join("skill.md")).unwrap();
    let named = root.path().join("pipe/SKILL.md");
    let (sender, done) = std::sync::mpsc::channel();
    let folder = root.path().to_path_buf();
    std::thread::spawn(move || {
        let _ = sender.send((load_path(folder), load(&Source::Paths(vec![named]))));
    });
    let (library, alone) = done.recv_timeout(Duration::from_secs(20)).expect("the loader waits for a FIFO");
    assert_eq!(ids(&library), ["good"]);
    assert!(row(&library, "unreadable").message.shown().contains("not a regular file"));
    assert_eq!(library.report.count(Severity::Skipped) + library.len(), library.report.seen);
    assert!(matches!(alone, Err(LoadError::Unsupported { .. })));
}

#[test]
fn no_permission_is_a_row_with_the_reason() {
    let root = temp();
    let closed = skill(root.path(), "closed");
    skill(root.path(), "folder/inside");
    skill(root.path(), "good");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(root.path().join("folder"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // Root may read everything, so the loader runs on threads that read as nobody. Without the right to become
    // nobody this changes nothing, as for any other user.
    let as_nobody = |_| {
        // SAFETY: changes the identity of the calling thread for file access, and nothing else.
        unsafe { libc::setfsuid(65534) };
    };
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2).start_handler(as_nobody).build().unwrap();
    if threads.install(|| fs::read(&closed).is_ok()) {
        println!("skipped: this user may read everything");
    } else {
        let library = threads.install(|| load_path(root.path()));
        assert_eq!(ids(&library), ["good"]);
        assert!(row(&library, "unreadable").message.shown().contains("permission denied"));
        assert!(row(&library, "unreadable").path.shown().ends_with("closed/SKILL.md"));
        assert_eq!(row(&library, "unreadable-folder").severity, Severity::Limit);
    }
    fs::set_permissions(root.path().join("folder"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn huge_files_are_refused_without_being_read() {
    let root = temp();
    let huge = file(root.path(), "huge/SKILL.md", "---\nname: huge\n");
    fs::OpenOptions::new().write(true).open(&huge).unwrap().set_len(100 * 1024 * 1024).unwrap();
    let large = format!("---\nname: large\ndescription: d\n---\n{}", "word ".repeat(300_000));
    file(root.path(), "large/SKILL.md", large);
    let library = load_path(root.path());
    assert_eq!(ids(&library), ["large"]);
    assert_eq!(rows(&library), [("file-too-large", Severity::Skipped, None), ("large-file", Severity::Note, None)]);
    assert!(row(&library, "file-too-large").message.shown().contains("100.0 MiB"));
}

#[test]
fn hostile_content_loads_or_is_refused_with_its_line() {
    let root = temp();
    let deep = format!("---\nname: deep\nx: {}{}\n---\nbody", "[".repeat(5000), "]".repeat(5000));
    file(root.path(), "deep/SKILL.md", deep);
    let mut bomb = "---\nname: bomb\ndescription: d\na: &a [x, x, x, x, x, x, x, x, x, x]\n".to_string();
    for pair in ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"] {
        let (from, to) = pair.split_at(1);
        let uses = vec![format!("*{from}"); 10].join(", ");
        bomb += &format!("{to}: &{to} [{uses}]\n");
    }
    file(root.path(), "bomb/SKILL.md", bomb + "---\nbody");
    file(root.path(), "binary/SKILL.md", b"\x7fELF\0\0\x01");
    file(root.path(), "empty/SKILL.md", b"");
    file(
        root.path(),
        "latin/SKILL.md",
        b"---\nname: latin\ndescription: caf\xe9 au lait, served every morning\n---\nbody",
    );
    let start = Instant::now();
    let library = load_path(root.path());
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(ids(&library), ["bomb", "latin"]);
    assert_eq!(
        rows(&library),
        [
            ("not-text", Severity::Skipped, Some(1)),
            ("yaml-alias", Severity::Note, Some(4)),
            ("yaml-too-deep", Severity::Skipped, Some(3)),
            ("empty-file", Severity::Skipped, None),
            ("not-utf8", Severity::Note, Some(3)),
        ]
    );
}

#[test]
fn paths_and_ids_cannot_reach_the_terminal_raw() {
    let root = temp();
    skill(root.path(), "a\u{1b}[31mred\u{202e}");
    file(root.path(), "b\nc/SKILL.md", "");
    let library = load_path(root.path());
    assert_eq!(ids(&library), ["a␛[31mred⟦U+202E⟧"]);
    assert!(library.find("a␛[31mred⟦U+202E⟧").is_some());
    assert!(library.report.rows[0].path.shown().contains("b␊c"));
    let missing = load(&Source::Paths(vec![root.path().join("\u{1b}]0;title\u{7}")])).unwrap_err();
    assert!(!missing.to_string().contains('\u{1b}'));
}

#[test]
fn a_named_path_must_exist_and_be_a_library() {
    let root = temp();
    let missing = root.path().join("missing");
    match load(&Source::Paths(vec![missing.clone()])) {
        Err(error @ LoadError::Missing { .. }) => assert!(error.to_string().starts_with(missing.to_str().unwrap())),
        other => panic!("{other:?}"),
    }
    let picture = file(root.path(), "picture.png", "x");
    assert!(matches!(load(&Source::Paths(vec![picture])), Err(LoadError::Unsupported { .. })));
    // A root that vanishes is the same error on reload.
    let source = Source::Paths(vec![root.path().join("lib")]);
    skill(root.path(), "lib/a");
    assert_eq!(load(&source).unwrap().len(), 1);
    fs::remove_dir_all(root.path().join("lib")).unwrap();
    assert!(matches!(load(&source), Err(LoadError::Missing { .. })));
}

#[test]
fn pool_rows_are_read_leniently() {
    let root = temp();
    let lines = [
        "\u{feff}{\"skill_id\": \"a\", \"name\": \"a\", \"description\": \"d\", \"body\": \"b\", \"stars\": 3, \"m\": {\"x\": [1, \"y\"]}}",
        "{\"id\": 7, \"desc\": \"only a description\"}",
        "",
        "[1, 2]",
        "{\"id\": \"x\"",
        "{\"query\": \"q\"}",
        "{\"name\": \"no-id\", \"description\": \"d\", \"text\": \"t\"}",
        "{\"id\": \"owner/no-name\", \"description\": [\"one\", \"two\"]}",
    ];
    let pool = file(root.path(), "pool.jsonl", lines.join("\r\n"));
    let library = load_path(&pool);
    assert_eq!(ids(&library), ["a", "7", "no-id", "owner/no-name"]);
    let a = &library.skills()[0];
    let extra: Vec<_> = a.extra.iter().map(|(key, value)| (key.shown(), value.shown())).collect();
    assert_eq!(extra, [("stars", "3"), ("m.x", "1, y")]);
    assert_eq!(library.skills()[2].body.for_model(), "t");
    assert_eq!(library.skills()[3].description.for_model(), "one, two");
    assert_eq!(library.skills()[3].name.for_model(), "no-name");
    let skipped: Vec<_> = rows(&library).into_iter().filter(|row| row.1 == Severity::Skipped).collect();
    assert_eq!(
        skipped,
        [
            ("not-an-object", Severity::Skipped, Some(4)),
            ("not-json", Severity::Skipped, Some(5)),
            ("not-a-skill", Severity::Skipped, Some(6)),
        ]
    );
    assert_eq!(library.report.seen, 7);
}

#[test]
fn broken_gzip_keeps_what_came_before() {
    let root = temp();
    // Bodies that gzip cannot shrink to nothing, so that the break falls inside.
    let body =
        |n: u32| (0..200u32).map(|i| format!("{:x}", n.wrapping_mul(2654435761).rotate_left(i))).collect::<String>();
    let content: String = (0..500).map(|n| pool_row(&format!("s{n}"), &body(n))).collect();
    let whole = gzip(&content);
    file(root.path(), "part-00000.jsonl.gz", &whole[..whole.len() / 2]);
    file(root.path(), "part-00001.jsonl.gz", gzip(&pool_row("last", "b")));
    file(root.path(), "part-00002.jsonl.gz", "not gzip at all");
    let library = load_path(root.path());
    let kept = library.len() - 1;
    assert!((100..400).contains(&kept), "{kept}");
    assert!(library.find("s0").is_some() && library.find("last").is_some());
    let broken: Vec<_> = library.report.rows.iter().map(|row| (row.rule, row.severity, row.line)).collect();
    assert_eq!(
        broken,
        [("broken-file", Severity::Skipped, Some(kept as u64 + 1)), ("broken-file", Severity::Skipped, Some(1))]
    );
    assert!(library.report.rows[0].path.shown().ends_with("part-00000.jsonl.gz"));
}

#[test]
fn bad_lines_lose_only_themselves() {
    let root = temp();
    let mut bytes = pool_row("first", "b").into_bytes();
    bytes.extend_from_slice(b"{\"id\": \"latin\", \"name\": \"caf\xe9 au lait\", \"description\": \"enough text\"}\n");
    bytes.extend_from_slice(b"\xff\xfe\x00\x01\x02\n");
    bytes.extend_from_slice(format!("{{\"id\": \"long\", \"body\": \"{}\"}}\n", "x".repeat(17 << 20)).as_bytes());
    bytes.extend_from_slice(pool_row("last", "b").trim_end().as_bytes());
    let library = load_path(file(root.path(), "pool.jsonl", bytes));
    assert_eq!(ids(&library), ["first", "latin", "last"]);
    assert_eq!(library.skills()[1].name.for_model(), "caf\u{fffd} au lait");
    assert_eq!(
        rows(&library),
        [
            ("not-utf8", Severity::Note, Some(2)),
            ("not-text", Severity::Skipped, Some(3)),
            ("line-too-long", Severity::Skipped, Some(4)),
        ]
    );
}

#[test]
fn duplicate_ids_are_dropped_or_numbered() {
    let root = temp();
    let content = [("a", "1"), ("a", "1"), ("a", "2"), ("a~2", "3"), ("a", "4")].map(|(id, body)| pool_row(id, body));
    let library = load_path(file(root.path(), "pool.jsonl", content.concat()));
    assert_eq!(ids(&library), ["a", "a~2", "a~2~2", "a~3"]);
    assert_eq!(
        rows(&library),
        [
            ("duplicate-id", Severity::Skipped, Some(2)),
            ("duplicate-id", Severity::Note, Some(3)),
            ("duplicate-id", Severity::Note, Some(4)),
            ("duplicate-id", Severity::Note, Some(5)),
        ]
    );
    // Many rows of one id take no longer than as many different ones.
    let content: String = (0..20_000).map(|n| pool_row("same", &n.to_string())).collect();
    let start = Instant::now();
    let library = load_path(file(root.path(), "many.jsonl", content));
    assert_eq!(library.len(), 20_000);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn discovery_says_what_was_found_where() {
    let home = temp();
    let home = home.path().canonicalize().unwrap();
    let cwd = home.join("project/src");
    fs::create_dir_all(&cwd).unwrap();
    fs::create_dir(home.join("project/.git")).unwrap();
    let source = Source::Discover { cwd: cwd.clone(), home: Some(home.clone()) };
    // Nothing anywhere: the demo library.
    let library = load(&source).unwrap();
    assert_eq!(library.roots.last().map(|root| root.kind), Some(RootKind::Demo));
    skill(&home, "project/.claude/skills/mine");
    skill(&home, ".agents/skills/shared");
    fs::create_dir_all(home.join(".claude/skills")).unwrap();
    symlink(home.join(".agents/skills/shared"), home.join(".claude/skills/shared")).unwrap();
    let library = load(&source).unwrap();
    assert_eq!(ids(&library), ["mine", "shared"]);
    assert!(library.roots.iter().all(|root| root.kind == RootKind::Discovered));
    assert_eq!(library.roots[0].label.shown(), "~/project/.claude/skills");
    assert!(library.roots[0].agents.contains(&"Claude Code (project)".to_string()));
    // The installers' links from one agent's folder to another's are no loss.
    assert_eq!(library.report.count(Severity::Limit) + library.report.count(Severity::Skipped), 0);
    // A skill's own folder.
    skill(&home, "project/src");
    let library = load(&source).unwrap();
    assert_eq!(ids(&library)[0], "src");
}

#[test]
fn the_demo_library_is_sound() {
    let library = load(&Source::Demo).unwrap();
    assert_eq!(library.roots[0].label.shown(), "demo library");
    assert_eq!((library.roots[0].skills, library.report.seen), (library.len(), library.len()));
    assert_eq!(rows(&library), [], "our own skills need no repairs");
}
