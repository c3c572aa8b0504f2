//! SkillRouter's benchmark layout (papers.md 2.1): tasks.jsonl, relevance.json and, unless the pool is given
//! otherwise, shards under `easy/`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::library::Text;
use crate::library::load::Source;

/// One request with what it needs.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: Text,
    pub request: Text,
    pub domain: Text,
    pub difficulty: Text,
    pub tags: Vec<Text>,
}

/// Graded relevance of one task: skill id as shown → grade.
#[derive(Debug, Clone, Default)]
pub struct Qrels {
    pub grades: BTreeMap<String, u32>,
    /// Ids that count as ground truth (SkillRouter: `core_gt_ids`, else `gt_skill_ids`).
    pub gold: Vec<String>,
}

/// Requests and judgements, checked against nothing yet: which gold ids are in the pool is known when it runs.
#[derive(Debug, Clone)]
pub struct Benchmark {
    pub name: String,
    /// The skills it is run over.
    pub pool: Source,
    pub tasks: Vec<(Task, Qrels)>,
    /// Rows that could not be used, each a sentence with file and line.
    pub problems: Vec<Text>,
}

#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct BenchmarkError {
    pub path: String,
    pub reason: String,
}

impl Benchmark {
    /// The benchmark inside the binary, for the demo library.
    pub fn demo() -> Self {
        todo!()
    }

    pub fn open(dir: &Path) -> Result<Self, BenchmarkError> {
        let _ = dir;
        todo!()
    }
}
