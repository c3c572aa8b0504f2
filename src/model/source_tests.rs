//! Files in the layout of the hub cache: `snapshots/<commit>/<file>` are links to `blobs/<hash>`.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const BLOB: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders/bert-cross")
}

/// A repository with the fixture's files; the weights are a blob under a SHA-256.
fn snapshot(cache: &Path) -> PathBuf {
    let root = cache.join("models--owner--name");
    let directory = root.join("snapshots").join(COMMIT);
    for directory in [&directory, &root.join("blobs")] {
        fs::create_dir_all(directory).unwrap();
    }
    for entry in fs::read_dir(fixture()).unwrap() {
        let name = entry.unwrap().file_name();
        let blob = if name == "model.safetensors" { BLOB.into() } else { format!("git-{}", name.to_string_lossy()) };
        fs::copy(fixture().join(&name), root.join("blobs").join(&blob)).unwrap();
        std::os::unix::fs::symlink(Path::new("../../blobs").join(blob), directory.join(name)).unwrap();
    }
    directory
}

#[test]
fn a_blob_is_known_by_its_name_and_a_sample() {
    let cache = tempfile::tempdir().unwrap();
    let directory = snapshot(cache.path());
    let hash = || ModelSource::Directory(directory.clone()).open(Kind::Reranker).unwrap().hash;
    let original = hash();
    assert_eq!(original, hash());
    assert_ne!(original, ModelSource::Directory(fixture()).open(Kind::Reranker).unwrap().hash);

    // Other weights under the same name are another model.
    let blob = cache.path().join("models--owner--name/blobs").join(BLOB);
    let mut bytes = fs::read(&blob).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&blob, bytes).unwrap();
    assert_ne!(original, hash());
}

#[test]
fn only_hashes_are_trusted_as_names() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = directory.path().join("blobs");
    fs::create_dir(&blobs).unwrap();
    let file = |path: PathBuf| {
        fs::write(&path, "").unwrap();
        path
    };
    assert_eq!(blob(&file(blobs.join(BLOB))).as_deref(), Some(BLOB));
    assert_eq!(blob(&file(blobs.join(COMMIT))), None, "git's hash is not of the content alone");
    assert_eq!(blob(&file(directory.path().join(BLOB))), None);
    assert_eq!(blob(&directory.path().join("none")), None);
}
