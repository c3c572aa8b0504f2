//! A [`Benchmark`]: requests and what each of them needs.

use std::collections::BTreeMap;
use std::path::Path;

use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::loaders::skillrouter::{self, Files};
use super::loaders::source::Source;
use super::loaders::{LAYOUTS, Mode, Options, layout_of};
use super::{Protocol, Stratum};

/// The tag of a request that no skill is meant to answer.
pub const NO_SKILL: &str = "no-skill";

/// One request with what it needs.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: Text,
    pub request: Text,
    pub domain: Text,
    pub difficulty: Text,
    pub tags: Vec<Text>,
    /// Parts of the benchmark it belongs to beside difficulty and domain.
    pub strata: Vec<Stratum>,
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
    /// Whose rules it is scored by.
    pub protocol: Protocol,
    /// The revision of the data set it is, where that is known.
    pub revision: Option<String>,
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
    pub(in crate::eval) fn new(path: impl AsRef<str>, reason: impl AsRef<str>) -> Self {
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
        skillrouter::parse(&files, "demo", Some(PoolSource::Demo), Mode::Core).unwrap_or_else(|error| Benchmark {
            name: "demo".into(),
            fingerprint: String::new(),
            protocol: Protocol::SkillRouter,
            revision: None,
            pool: Some(PoolSource::Demo),
            tasks: Vec::new(),
            skipped: Vec::new(),
            problems: vec![Text::line(error.to_string())],
        })
    }

    /// Reads a folder (or an author's file) in a layout told by its files. A row that cannot be used is one of
    /// [`Benchmark::problems`]; a file that cannot be is an error.
    pub fn open(path: &Path) -> Result<Self, BenchmarkError> {
        Benchmark::open_with(path, Options::default())
    }

    /// The same where the layout leaves a choice, or its protocol is not the one to score by.
    pub fn open_with(path: &Path, options: Options) -> Result<Self, BenchmarkError> {
        let Some((layout, root)) = layout_of(path) else {
            return Err(unknown(path));
        };
        let folder = path.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let name = Text::line(folder.unwrap_or_else(|| path.to_string_lossy().into_owned())).shown().to_string();
        let benchmark = (layout.open)(&root, &name, options)?;
        Ok(Benchmark { protocol: options.protocol.unwrap_or(benchmark.protocol), ..benchmark })
    }
}

/// What is said where no layout fits.
fn unknown(path: &Path) -> BenchmarkError {
    let files: Vec<&str> = LAYOUTS.iter().map(|layout| layout.files).collect();
    let expected = format!("a benchmark has {}", files.join(", or "));
    let reason = match path.metadata() {
        Err(error) => format!("cannot be read ({error}); {expected}"),
        Ok(metadata) if !metadata.is_dir() => format!("is not a benchmark's folder; {expected}"),
        Ok(_) => format!("is not a benchmark: none of the known files is here; {expected}"),
    };
    BenchmarkError::new(path.to_string_lossy(), reason)
}
