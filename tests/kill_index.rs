//! A process that is killed while it writes vectors leaves a cache that opens and holds only what was written.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use skillscope::index::{Rounding, VectorKey, VectorStore};
use skillscope::library::ContentHash;

/// Where the child works; the child's test does nothing without it.
const CACHE: &str = "SKILLSCOPE_TEST_KILLED_CACHE";
const DIMENSIONS: usize = 96;
const KILLS: usize = 20;

fn key() -> VectorKey {
    VectorKey { fingerprint: "killed".into(), dimensions: DIMENSIONS, rounding: Rounding::None }
}

/// A vector made from its own hash, so that whatever is found can be checked. All numbers are exact in f16.
fn entry(of: usize) -> (ContentHash, Vec<f32>) {
    let hash = ContentHash::of(&of.to_string(), "", "");
    let vector = (0..DIMENSIONS).map(|i| f32::from(hash.0[i % 16]) / 128.0 - (i as f32 / 64.0)).collect();
    (hash, vector)
}

/// Runs one test of this binary as a process of its own.
fn child(test: &str, cache: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(CACHE, cache);
    command
}

/// Appends until it is killed, from the first content that is missing on, and says how many are durable.
#[test]
#[ignore = "run as a child by the test below"]
fn append_until_killed() {
    let Some(cache) = std::env::var_os(CACHE) else { return };
    let (mut store, notices) = VectorStore::open(cache.as_ref(), key());
    assert_eq!(notices, []);
    let mut next = (0..).find(|&of| !store.contains(&entry(of).0)).unwrap();
    println!();
    loop {
        // Sizes from one vector to some two hundred, so that the kill meets every part of the work.
        let batch: Vec<_> = (next..next + 1 + next * 37 % 200).map(entry).collect();
        assert_eq!(store.append(&batch), None);
        next += batch.len();
        println!("durable {next}");
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Kills a child some time after its first append; gives the number of contents it said were durable.
fn killed_after(cache: &Path, pause: Duration) -> usize {
    let mut child = Killed(child("append_until_killed", cache).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let durable = |line: String| line.strip_prefix("durable ").and_then(|count| count.parse::<usize>().ok());
    let first = lines.by_ref().find_map(durable).expect("the child appends");
    std::thread::sleep(pause);
    drop(child); // SIGKILL
    lines.filter_map(durable).last().unwrap_or(first)
}

#[test]
fn a_killed_writer_leaves_a_cache_that_opens() {
    let cache = tempfile::tempdir().unwrap();
    let start = Instant::now();
    for kill in 0..KILLS {
        // 0 to 30 ms in an order without a pattern; an append takes about one.
        let micros = (kill as u64 * 7919 + u64::from(start.elapsed().subsec_nanos())) % 30_000;
        let durable = killed_after(cache.path(), Duration::from_micros(micros));

        let (store, notices) = VectorStore::open(cache.path(), key());
        assert_eq!(notices, [], "a kill tears nothing, so there is nothing to set aside");
        assert!(store.len() >= durable, "{} of {durable} durable vectors after kill {kill}", store.len());
        for (hash, vector) in (0..store.len()).map(entry) {
            assert_eq!(store.get(&hash), Some(vector));
        }
        let leftovers = std::fs::read_dir(cache.path().join(format!("killed-{DIMENSIONS}"))).unwrap();
        let leftovers = leftovers.filter(|entry| entry.as_ref().unwrap().file_name().as_encoded_bytes()[0] == b'.');
        assert_eq!(leftovers.count(), 0, "after kill {kill}");
    }
}

/// As root every directory is writable, so the child becomes nobody first.
#[test]
#[ignore = "run as a child by the test below"]
fn use_a_read_only_directory() {
    let Some(cache) = std::env::var_os(CACHE) else { return };
    // SAFETY: plain system calls; this process runs nothing but this test.
    unsafe {
        if libc::geteuid() == 0 {
            assert_eq!((libc::setgid(65534), libc::setuid(65534)), (0, 0));
        }
    }
    let (mut store, notices) = VectorStore::open(cache.as_ref(), key());
    assert_eq!(notices.len(), 3, "read-only, one unreadable, one damaged: {notices:?}");
    assert!(notices[0].0.contains("kept in memory"), "{notices:?}");
    assert_eq!(store.len(), 10, "what can be read is used");
    let all: Vec<_> = (0..30).map(entry).collect();
    assert_eq!(store.append(&all), None, "told once");
    assert!(all.iter().all(|(hash, vector)| store.get(hash).as_ref() == Some(vector)));
}

#[test]
fn a_read_only_directory_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let cache = tempfile::tempdir().unwrap();
    let (mut store, _) = VectorStore::open(cache.path(), key());
    for batch in 0..3 {
        assert_eq!(store.append(&(batch * 10..batch * 10 + 10).map(entry).collect::<Vec<_>>()), None);
    }
    let directory = cache.path().join(format!("killed-{DIMENSIONS}"));
    let mut files: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    mode(cache.path(), 0o755);
    mode(&files[0], 0o444);
    mode(&files[1], 0o000);
    std::fs::write(&files[2], "damaged").unwrap();
    mode(&files[2], 0o444);
    mode(&directory, 0o555);

    let output = child("use_a_read_only_directory", cache.path()).output().unwrap();
    mode(&directory, 0o755);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(files.iter().all(|file| file.exists()), "nothing was moved");
}

/// A disk that is full, as the write call sees it: files may not grow beyond 4 KiB.
#[test]
#[ignore = "run as a child by the test below"]
fn use_a_full_disk() {
    let Some(cache) = std::env::var_os(CACHE) else { return };
    let limit = |bytes| {
        let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: plain system calls; this process runs nothing but this test.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
        }
    };
    let (mut store, notices) = VectorStore::open(cache.as_ref(), key());
    assert_eq!(notices, []);
    assert_eq!(store.append(&[entry(0)]), None);
    limit(4096);
    let notice = store.append(&(1..100).map(entry).collect::<Vec<_>>()).expect("a notice");
    assert!(notice.0.contains("kept in memory"), "{notice:?}");
    assert_eq!(store.append(&(100..200).map(entry).collect::<Vec<_>>()), None, "told once");
    assert!((0..200).map(entry).all(|(hash, vector)| store.get(&hash) == Some(vector)));
}

#[test]
fn a_full_disk_leaves_the_rest_intact() {
    let cache = tempfile::tempdir().unwrap();
    // Through a pipe: where this test's own output is a file, the limit would hold for that, too.
    let output = child("use_a_full_disk", cache.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (store, notices) = VectorStore::open(cache.path(), key());
    assert_eq!(notices, []);
    assert_eq!(store.len(), 1, "what was written before");
}
