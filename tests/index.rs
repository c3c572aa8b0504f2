//! The index against oracles from outside: bm25s's published ranking, and a cache that others damage.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;
use skillscope::index::{LexicalIndex, Notice, Rounding, VectorKey, VectorStore};
use skillscope::library::{ContentHash, FieldSet, Library, LoadReport, Origin, Skill, Text};

const DIMENSIONS: usize = 48;

fn key() -> VectorKey {
    VectorKey { fingerprint: "0123abcd-full".into(), dimensions: DIMENSIONS, rounding: Rounding::None }
}

/// Content `of` and its vector, which is exact in f16 so that it must come back as it went in.
fn entry(of: usize) -> (ContentHash, Vec<f32>) {
    let numbers = (0..DIMENSIONS).map(|i| ((of * 13 + i * 5) % 512) as f32 / 256.0 - 1.0);
    (ContentHash::of(&of.to_string(), "", ""), numbers.collect())
}

fn entries(range: std::ops::Range<usize>) -> Vec<(ContentHash, Vec<f32>)> {
    range.map(entry).collect()
}

/// The contents below `below` that the store has; every vector must be the one that was written.
fn held(store: &VectorStore, below: usize) -> BTreeSet<usize> {
    let held: BTreeSet<usize> = (0..below).filter(|&of| store.contains(&entry(of).0)).collect();
    for &of in &held {
        let (hash, vector) = entry(of);
        assert_eq!(store.get(&hash), Some(vector), "content {of}");
    }
    assert_eq!(store.len(), held.len());
    held
}

/// The files of the store in `cache`, sorted.
fn files(cache: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(cache)
        .unwrap()
        .flat_map(|store| fs::read_dir(store.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    all.sort();
    all
}

fn open(cache: &Path) -> (VectorStore, Vec<Notice>) {
    VectorStore::open(cache, key())
}

/// A cache with three segments of ten vectors.
fn three_segments() -> tempfile::TempDir {
    let cache = tempfile::tempdir().unwrap();
    let (mut store, notices) = open(cache.path());
    assert_eq!(notices, []);
    for batch in 0..3 {
        assert_eq!(store.append(&entries(batch * 10..batch * 10 + 10)), None);
    }
    assert_eq!(files(cache.path()).len(), 3);
    cache
}

#[test]
fn what_was_appended_is_there_after_opening_again() {
    let cache = three_segments();
    let (mut store, notices) = open(cache.path());
    assert_eq!(notices, []);
    assert_eq!(held(&store, 40), (0..30).collect());
    let bytes: u64 = files(cache.path()).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert_eq!(store.bytes_on_disk(), bytes);

    // What is there already is not written again.
    assert_eq!(store.append(&entries(0..30)), None);
    assert_eq!(store.append(&[]), None);
    assert_eq!(files(cache.path()).len(), 3);

    // Another model's vectors, and other dimensions, live elsewhere.
    let other = VectorKey { fingerprint: "../../x\u{1b}[2J".into(), ..key() };
    let wider = VectorKey { dimensions: DIMENSIONS + 1, ..key() };
    for key in [other, wider] {
        assert!(VectorStore::open(cache.path(), key).0.is_empty());
    }
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 3, "every directory is inside the cache");
}

#[test]
fn a_vector_is_rounded_to_f16_and_one_that_cannot_be_is_left_out() {
    let mut store = VectorStore::in_memory(key());
    let hash = |name: &str| ContentHash::of(name, "", "");
    let mut vectors = vec![
        (hash("short"), vec![1.0; DIMENSIONS - 1]),
        (hash("nan"), vec![f32::NAN; DIMENSIONS]),
        (hash("beyond f16"), vec![1e6; DIMENSIONS]),
        (hash("long"), vec![1.0; DIMENSIONS + 1]),
    ];
    vectors.insert(2, (hash("third"), vec![1.0 / 3.0; DIMENSIONS]));
    let Some(Notice(notice)) = store.append(&vectors) else { panic!("no notice") };
    assert!(notice.contains("4 vectors") && notice.contains("48"), "{notice}");
    assert_eq!(store.len(), 1);
    // 1/3 as f16 is 0x3555.
    assert_eq!(store.get(&hash("third")), Some(vec![0.333_251_95; DIMENSIONS]));
    assert_eq!(store.bytes_on_disk(), 0);
}

/// Any fault in the middle one of three segments costs its ten vectors, once, and nothing else.
#[test]
fn a_damaged_segment_costs_only_itself() {
    type Fault = Box<dyn Fn(&Path, Vec<u8>)>;
    let whole = 64 + 10 * 16 + 32 + 10 * DIMENSIONS * 2 + 32;
    let mut faults: Vec<(String, Fault)> = Vec::new();
    // Header, hashes, padding, rows, checksum.
    for position in [0, 8, 12, 16, 23, 40, 64, 223, 224, 255, 256, 700, whole - 33, whole - 32, whole - 1] {
        let flip = move |path: &Path, mut bytes: Vec<u8>| {
            assert_eq!(bytes.len(), whole);
            bytes[position] ^= 1;
            fs::write(path, bytes).unwrap();
        };
        faults.push((format!("byte {position} changed"), Box::new(flip)));
    }
    for length in [0, 1, 31, 32, 63, 64, 95, 96, 100, 256, whole - 1] {
        let cut = move |path: &Path, bytes: Vec<u8>| fs::write(path, &bytes[..length]).unwrap();
        faults.push((format!("cut to {length}"), Box::new(cut)));
    }
    let longer = |path: &Path, bytes: Vec<u8>| fs::write(path, [&bytes[..], &[0; 4096]].concat()).unwrap();
    faults.push(("longer".into(), Box::new(longer)));
    let foreign = |path: &Path, _: Vec<u8>| fs::write(path, "all work and no play ".repeat(500)).unwrap();
    faults.push(("another kind of file".into(), Box::new(foreign)));

    let cache = three_segments();
    let victim = files(cache.path())[1].clone();
    let sound = fs::read(&victim).unwrap();
    for (fault, apply) in faults {
        fs::write(&victim, &sound).unwrap();
        apply(&victim, sound.clone());

        let (store, notices) = open(cache.path());
        assert_eq!(held(&store, 40), (0..10).chain(20..30).collect(), "{fault}");
        assert_eq!(notices.len(), 1, "{fault}: {notices:?}");
        assert!(notices[0].0.contains(victim.file_name().unwrap().to_str().unwrap()), "{fault}: {notices:?}");
        assert!(!victim.exists() && victim.with_extension("vec.bad").exists(), "{fault}");
        assert_eq!(open(cache.path()).1, [], "{fault}: told once");
    }

    // The vectors are computed again, and all is well.
    let (mut store, _) = open(cache.path());
    assert_eq!(store.append(&entries(10..20)), None);
    assert_eq!(held(&open(cache.path()).0, 40), (0..30).collect());
}

/// Files whose checksum is right but which this program must not use.
#[test]
fn sealed_files_of_another_kind_are_not_used() {
    let cache = three_segments();
    let victim = files(cache.path())[1].clone();
    let sound = fs::read(&victim).unwrap();
    let sealed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut contents = sound[..sound.len() - 32].to_vec();
        change(&mut contents);
        let checksum = blake3::hash(&contents);
        [&contents[..], checksum.as_bytes()].concat()
    };
    let cases: [(&str, Vec<u8>); 5] = [
        ("format 2", sealed(&|bytes| bytes[8] = 2)),
        ("49 dimensions", sealed(&|bytes| bytes[12] = 49)),
        ("11 vectors", sealed(&|bytes| bytes[16] = 11)),
        ("not possible", sealed(&|bytes| bytes[16..24].fill(0xff))),
        ("size does not fit", sealed(&|bytes| bytes[16..24].copy_from_slice(&(1u64 << 40).to_le_bytes()))),
    ];
    for (reason, bytes) in cases {
        fs::write(&victim, bytes).unwrap();
        let (store, notices) = open(cache.path());
        assert_eq!(held(&store, 40), (0..10).chain(20..30).collect());
        assert!(notices.len() == 1 && notices[0].0.contains(reason), "{reason}: {notices:?}");
    }
}

#[test]
fn what_is_not_a_segment_is_left_alone() {
    let cache = three_segments();
    let store = files(cache.path())[0].parent().unwrap().to_path_buf();
    fs::write(store.join("notes.txt"), "mine").unwrap();
    fs::create_dir(store.join("folder.vec")).unwrap();
    fs::write(store.join(".writing-000004-1-abcdefgh.vec"), "half").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/zero", store.join("endless.vec")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(store.join("pipe.vec")).status().unwrap().success());
    }
    let before = files(cache.path()).len();
    let (opened, notices) = open(cache.path());
    assert_eq!(notices, []);
    assert_eq!(held(&opened, 40), (0..30).collect());
    assert_eq!(files(cache.path()).len(), before - 1, "only the half-written file is gone");
}

#[test]
fn many_small_segments_become_one() {
    let cache = tempfile::tempdir().unwrap();
    let (mut store, _) = open(cache.path());
    for of in 0..100 {
        assert_eq!(store.append(&entries(of..of + 1)), None);
        assert!(files(cache.path()).len() <= 33, "after {of}");
        assert_eq!(held(&store, 110).len(), of + 1);
    }
    let (reopened, notices) = open(cache.path());
    assert_eq!(notices, []);
    assert_eq!(held(&reopened, 110), (0..100).collect());
}

/// Each process sees what was there when it opened, and neither takes anything from the other.
#[test]
fn two_stores_share_a_directory() {
    let cache = tempfile::tempdir().unwrap();
    let (mut one, _) = open(cache.path());
    let (mut two, _) = open(cache.path());
    for of in 0..60 {
        assert_eq!(one.append(&entries(of..of + 1)), None);
        // Every third content is written by both.
        assert_eq!(two.append(&entries(of * 3..of * 3 + 1)), None);
    }
    let written: BTreeSet<usize> = (0..60).chain((0..60).map(|of| of * 3)).collect();
    assert_eq!(held(&one, 200), (0..60).collect());
    assert_eq!(held(&two, 200).len(), 60);
    let (all, notices) = open(cache.path());
    assert_eq!(notices, []);
    assert_eq!(held(&all, 200), written);
}

#[test]
fn a_cache_that_cannot_be_made_is_memory_with_one_notice() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let (mut store, notices) = open(&file);
    assert!(notices.len() == 1 && notices[0].0.contains("kept in memory"), "{notices:?}");
    for batch in 0..50 {
        assert_eq!(store.append(&entries(batch * 2..batch * 2 + 2)), None);
    }
    assert_eq!(held(&store, 200).len(), 100);
    assert_eq!(store.bytes_on_disk(), 0);
    assert_eq!(fs::read(&file).unwrap(), b"in the way");
}

/// Something that stands where the file would go, under a directory that was fine when the store was opened.
#[test]
fn a_directory_that_goes_away_is_made_again() {
    let cache = tempfile::tempdir().unwrap();
    let (mut store, _) = open(cache.path());
    assert_eq!(store.append(&entries(0..5)), None);
    fs::remove_dir_all(files(cache.path())[0].parent().unwrap()).unwrap();
    assert_eq!(store.append(&entries(5..10)), None);
    assert_eq!(held(&store, 20), (0..10).collect(), "what was read stays in memory");
    assert_eq!(held(&open(cache.path()).0, 20), (5..10).collect());
}

/// What the golden file was made from.
struct Pool {
    library: Library,
    tasks: Vec<(String, String)>,
    golden: Value,
}

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/benchmarks").join(path)
}

fn lines(reader: impl Read) -> impl Iterator<Item = Value> {
    BufReader::new(reader).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().to_string()
}

/// SkillRouter's easy pool, read without the loader, or `None` with a line that says so.
fn pool() -> Option<Pool> {
    let Ok(golden) = fs::read(shared("golden/skillrouter-bm25.json")) else {
        println!("skipped: ../shared/benchmarks is not there");
        return None;
    };
    let mut shards: Vec<PathBuf> =
        fs::read_dir(shared("skillrouter-dev/easy")).unwrap().map(|entry| entry.unwrap().path()).collect();
    shards.sort();
    let skills = shards.iter().flat_map(|shard| lines(GzDecoder::new(File::open(shard).unwrap()))).map(|row| {
        let [name, description, body] = ["name", "description", "body"].map(|key| text(&row, key));
        Skill {
            id: Text::line(text(&row, "skill_id")),
            hash: ContentHash::of(&name, &description, &body),
            name: Text::line(name),
            description: Text::block(description),
            body: Text::block(body),
            extra: Vec::new(),
            origin: Origin { root: 0, path: "pool".into(), shown: Text::line("pool"), line: None },
            notes: Vec::new(),
        }
    });
    let tasks = lines(File::open(shared("skillrouter-dev/tasks.jsonl")).unwrap());
    Some(Pool {
        library: Library::new(skills.collect(), Vec::new(), LoadReport::default()),
        tasks: tasks.map(|row| (text(&row, "task_id"), text(&row, "instruction_text"))).collect(),
        golden: serde_json::from_slice(&golden).unwrap(),
    })
}

/// The 50 best of every task are bm25s's, in its order, but where bm25s scores two skills alike: their order is left
/// to NumPy's partial sort there, and is the library's here.
#[test]
fn bm25_ranks_as_the_published_baseline() {
    let Some(Pool { library, tasks, golden }) = pool() else { return };
    assert_eq!((library.len(), tasks.len()), (6810, 37));
    let index = LexicalIndex::build(&library);
    let (mut places, mut ties) = (0, 0);
    for (task, request) in &tasks {
        let golden: Vec<&str> =
            golden["predictions"][task].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let hits = index.search(request, FieldSet::Full, golden.len());
        assert_eq!(hits.len(), golden.len(), "{task}");
        for (place, (hit, golden)) in hits.iter().zip(golden).enumerate() {
            places += 1;
            if library[hit.skill].id.for_model() == golden {
                continue;
            }
            ties += 1;
            let expected = library.find(golden).unwrap();
            let (_, score) = index.rank_of(request, FieldSet::Full, expected).unwrap();
            assert_eq!(score, hit.score, "{task}, place {}: {golden} is not tied with what is there", place + 1);
        }
    }
    println!("{places} places, {ties} of them tied and in another order");
    assert!(ties * 50 < places, "so many ties are no accident: {ties} of {places}");
}
