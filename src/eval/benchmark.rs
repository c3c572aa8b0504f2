//! A [`Benchmark`]: requests and what each of them needs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::skillrouter::{self, Files, Source};

/// The tag of a request that no skill is meant to answer.
pub const NO_SKILL: &str = "no-skill";

/// Largest file of a benchmark that is read. SkillRouter's largest (relevance.json) is under 1 MB; the bound keeps a
/// wrong path, such as a pool, from filling memory.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// One request with what it needs.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: Text,
    pub request: Text,
    pub domain: Text,
    pub difficulty: Text,
    pub tags: Vec<Text>,
}

impl Task {
    /// Whether the author says that no skill answers it.
    pub fn is_no_skill(&self) -> bool {
        self.tags.iter().any(|tag| tag.shown() == NO_SKILL)
    }
}

/// Graded relevance of one task: skill id as shown → grade.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Qrels {
    pub grades: BTreeMap<String, u32>,
    /// Ids that count as ground truth (SkillRouter: `core_gt_ids`, else `gt_skill_ids`), each once.
    pub gold: Vec<String>,
}

impl Qrels {
    /// Only what a pool holds. SkillRouter restricts grades as well as ground truth, so that the ideal ranking of nDCG
    /// is one the router could give.
    pub fn restrict(&self, in_pool: impl Fn(&str) -> bool) -> Qrels {
        Qrels {
            grades: self.grades.iter().filter(|(id, _)| in_pool(id)).map(|(id, &grade)| (id.clone(), grade)).collect(),
            gold: self.gold.iter().filter(|id| in_pool(id)).cloned().collect(),
        }
    }
}

/// Requests and judgements, checked against nothing yet: which gold ids are in the pool is known when it runs.
#[derive(Debug, Clone)]
pub struct Benchmark {
    /// Safe to print.
    pub name: String,
    /// BLAKE3 of its files (first 16 bytes, hex): numbers of different revisions are not comparable.
    pub fingerprint: String,
    /// The skills it is meant to be run over; `None` if the folder names none.
    pub pool: Option<PoolSource>,
    pub tasks: Vec<(Task, Qrels)>,
    /// Requests that the protocol itself leaves out, with the reason.
    pub skipped: Vec<(Text, String)>,
    /// Rows that could not be used, each a sentence with file and line.
    pub problems: Vec<Text>,
}

#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct BenchmarkError {
    pub path: String,
    pub reason: String,
}

impl BenchmarkError {
    pub(super) fn new(path: impl AsRef<str>, reason: impl AsRef<str>) -> Self {
        let line = |text: &str| Text::line(text).shown().to_string();
        BenchmarkError { path: line(path.as_ref()), reason: line(reason.as_ref()) }
    }
}

impl Benchmark {
    /// The benchmark inside the binary, for the demo library.
    pub fn demo() -> Self {
        let files = Files {
            tasks: Source::new("demo/tasks.jsonl", include_str!("../../assets/benchmarks/demo/tasks.jsonl")),
            relevance: Source::new("demo/relevance.json", include_str!("../../assets/benchmarks/demo/relevance.json")),
            manifest: Some(Source::new(
                "demo/manifest.json",
                include_str!("../../assets/benchmarks/demo/manifest.json"),
            )),
        };
        skillrouter::parse(&files, "demo", Some(PoolSource::Demo)).unwrap_or_else(|error| Benchmark {
            name: "demo".into(),
            fingerprint: String::new(),
            pool: Some(PoolSource::Demo),
            tasks: Vec::new(),
            skipped: Vec::new(),
            problems: vec![Text::line(error.to_string())],
        })
    }

    /// Reads a folder in SkillRouter's layout: `tasks.jsonl`, `relevance.json` and, if it is there, `manifest.json`
    /// for the name. A row that cannot be used is one of [`Benchmark::problems`]; a file that cannot be is an error.
    pub fn open(dir: &Path) -> Result<Self, BenchmarkError> {
        let manifest = dir.join("manifest.json");
        let files = Files {
            tasks: read(&dir.join("tasks.jsonl"))?,
            relevance: read(&dir.join("relevance.json"))?,
            manifest: if manifest.exists() { Some(read(&manifest)?) } else { None },
        };
        let folder = dir.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let named = files.manifest.as_ref().and_then(skillrouter::pool_path);
        let pool = Self::pool_dir(dir, named.as_deref()).map(|pool| PoolSource::Paths(vec![pool]));
        skillrouter::parse(&files, &folder.unwrap_or_else(|| dir.to_string_lossy().into_owned()), pool)
    }

    /// The pool that a folder brings with it: what its manifest names, else the shards of SkillRouter's easy tier.
    fn pool_dir(dir: &Path, named: Option<&str>) -> Option<PathBuf> {
        named.map(|path| dir.join(path)).into_iter().chain([dir.join("easy")]).find(|pool| pool.is_dir())
    }
}

fn read(path: &Path) -> Result<Source, BenchmarkError> {
    let label = path.to_string_lossy();
    let fail = |reason: String| BenchmarkError::new(&label, reason);
    // Metadata first: opening a FIFO would wait for a writer.
    let metadata = path.metadata().map_err(|error| {
        let layout = "a benchmark in SkillRouter's layout is a folder with tasks.jsonl and relevance.json";
        fail(format!("cannot be read ({error}); {layout}"))
    })?;
    if !metadata.is_file() {
        return Err(fail("is not a regular file".into()));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| fail(format!("cannot be read ({error})")))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(fail(format!("is larger than {} MiB; is it a pool?", MAX_FILE_BYTES >> 20)));
    }
    Ok(Source::new(&label, bytes))
}
