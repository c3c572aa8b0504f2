use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";

fn model(revision: &str) -> Repository {
    Repository::new(Kind::Model, "owner/name", revision).unwrap()
}

/// A blob and its link in a snapshot.
fn add(cache: &Cache, commit: &str, path: &str, content: &str) {
    let digits = format!("{:040x}", content.len());
    let blob = cache.blob(&model(commit), &digits);
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    std::fs::write(&blob, content).unwrap();
    cache.link(&model(commit), commit, path, &digits).unwrap();
}

#[test]
fn the_cache_is_where_huggingface_hub_has_it() {
    let root = |set: &[(&str, &str)]| {
        let variable = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Cache::of(&variable, Some("/home/me".into())).unwrap().root
    };
    assert_eq!(root(&[]), Path::new("/home/me/.cache/huggingface/hub"));
    assert_eq!(root(&[("XDG_CACHE_HOME", "/c")]), Path::new("/c/huggingface/hub"));
    assert_eq!(root(&[("HF_HOME", "/hf"), ("XDG_CACHE_HOME", "/c")]), Path::new("/hf/hub"));
    assert_eq!(root(&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/here")]), Path::new("/here"));
    assert_eq!(root(&[("HF_HOME", "")]), Path::new("/home/me/.cache/huggingface/hub"));
    assert_eq!(Cache::of(&|_| None, None), None);
}

#[test]
fn a_pulled_revision_stays_when_others_move_the_branch() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::new(dir.path().to_owned());
    add(&cache, COMMIT, "config.json", "one");
    add(&cache, OTHER, "config.json", "four");
    assert_eq!(cache.commit(&model("main")), None);
    assert_eq!(cache.commit(&model(COMMIT)).as_deref(), Some(COMMIT));
    cache.record(&model("main"), COMMIT, true).unwrap();
    assert_eq!(cache.commit(&model("main")).as_deref(), Some(COMMIT));
    std::fs::write(cache.folder(&model("main")).join("refs/main"), OTHER).unwrap();
    assert_eq!(cache.commit(&model("main")).as_deref(), Some(COMMIT));
    cache.record(&model("main"), OTHER, true).unwrap();
    assert_eq!(cache.snapshot(&model("main")).unwrap(), cache.snapshot_of(&model("main"), OTHER));
    // A ref that leads out of the cache is none.
    std::fs::write(cache.folder(&model("main")).join("refs/away"), "../..").unwrap();
    assert_eq!(cache.commit(&model("away")), None);
}

#[test]
fn removing_a_revision_leaves_what_others_need() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::new(dir.path().to_owned());
    add(&cache, COMMIT, "config.json", "shared");
    add(&cache, COMMIT, "1_Pooling/config.json", "only here");
    add(&cache, OTHER, "config.json", "shared");
    cache.record(&model("main"), COMMIT, true).unwrap();
    let held = cache.held().unwrap();
    let shown: Vec<_> = held.iter().map(|held| (held.commit.as_str(), held.files, held.bytes)).collect();
    assert_eq!(shown, [(COMMIT, 2, 15), (OTHER, 1, 6)]);
    assert_eq!(held[0].refs, ["main", "skillscope/main"]);

    assert_eq!(cache.removable(&model("main")).unwrap(), 9);
    cache.remove(&model("main")).unwrap();
    let held = cache.held().unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].commit.as_str(), held[0].refs.len()), (OTHER, 0));
    assert_eq!(std::fs::read_to_string(held[0].path.join("config.json")).unwrap(), "shared");
    assert!(matches!(cache.remove(&model("main")), Err(HubError::Absent { .. })));

    cache.remove(&model(OTHER)).unwrap();
    assert!(!cache.folder(&model("main")).exists());
}
