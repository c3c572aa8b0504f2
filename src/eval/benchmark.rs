//! A [`Benchmark`]: requests and what each of them needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::loaders::skillrouter::{self, Files};
use super::loaders::source::Source;
use super::loaders::{r3, skillret};
use super::{Protocol, Stratum};

/// The tag of a request that no skill is meant to answer.
pub const NO_SKILL: &str = "no-skill";

/// What is said where no layout fits.
const LAYOUT: &str = "a benchmark is a folder with tasks.jsonl and relevance.json (SkillRouter), data/queries and \
                      data/skills (SkillRet), or data/test.jsonl and data/skills_test.jsonl (R3-Skill)";

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
        skillrouter::parse(&files, "demo", Some(PoolSource::Demo)).unwrap_or_else(|error| Benchmark {
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

    /// Reads a folder in the layout of SkillRouter, SkillRet or R3-Skill, told by its files. A row that cannot be used is
    /// one of [`Benchmark::problems`]; a file that cannot be is an error.
    pub fn open(dir: &Path) -> Result<Self, BenchmarkError> {
        let folder = dir.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let name = Text::line(folder.unwrap_or_else(|| dir.to_string_lossy().into_owned())).shown().to_string();
        if let Some(root) = r3::root(dir) {
            return r3::open(&root, &name);
        }
        if let Some(root) = skillret::root(dir) {
            return skillret::open(&root, &name);
        }
        let manifest = dir.join("manifest.json");
        let files = Files {
            tasks: Source::read(&dir.join("tasks.jsonl"), LAYOUT)?,
            relevance: Source::read(&dir.join("relevance.json"), LAYOUT)?,
            manifest: if manifest.exists() { Some(Source::read(&manifest, LAYOUT)?) } else { None },
        };
        let named = files.manifest.as_ref().and_then(skillrouter::pool_path);
        let pool = Self::pool_dir(dir, named.as_deref()).map(|pool| PoolSource::Paths(vec![pool]));
        skillrouter::parse(&files, &name, pool)
    }

    /// The pool that a folder brings with it: what its manifest names, else the shards of SkillRouter's easy tier.
    fn pool_dir(dir: &Path, named: Option<&str>) -> Option<PathBuf> {
        named.map(|path| dir.join(path)).into_iter().chain([dir.join("easy")]).find(|pool| pool.is_dir())
    }
}
