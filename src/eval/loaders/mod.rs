//! One file per layout that benchmarks come in, and the table by which a folder's layout is told.

use std::path::{Path, PathBuf};

use super::{Benchmark, BenchmarkError};

pub(super) mod author;
pub(super) mod beir;
mod judgements;
mod members;
pub(super) mod queries;
pub(super) mod r3;
pub(super) mod skill_usage;
pub(super) mod skillret;
pub(super) mod skillrouter;
pub(super) mod source;
pub(super) mod trec;

/// Which of SkillRouter's pools (papers.md 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tier {
    #[default]
    Easy,
    /// Easy and 780 distractors made for the gold skills.
    Hard,
}

/// Which of SkillRouter's requests are scored and against what (its `--task_mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Core labels, without tasks that have file-type labels only. What the paper reports.
    #[default]
    Core,
    /// Every task with all its labels.
    All,
    /// Tasks with exactly one label, file-type or not.
    Single,
}

impl Tier {
    pub const ALL: [Tier; 2] = [Tier::Easy, Tier::Hard];

    /// The word used in flags, and the folder of its shards.
    pub fn key(self) -> &'static str {
        match self {
            Tier::Easy => "easy",
            Tier::Hard => "hard",
        }
    }
}

impl Mode {
    pub const ALL: [Mode; 3] = [Mode::Core, Mode::All, Mode::Single];

    /// The word used in flags.
    pub fn key(self) -> &'static str {
        match self {
            Mode::Core => "core",
            Mode::All => "all",
            Mode::Single => "single",
        }
    }
}

/// How to read a folder where its layout leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    pub tier: Tier,
    pub mode: Mode,
    /// Score by these rules instead of those of the layout.
    pub protocol: Option<super::Protocol>,
}

/// A layout that benchmarks come in.
pub(super) struct Layout {
    /// The word used in names and flags.
    pub key: &'static str,
    /// What it is told by, for messages.
    pub files: &'static str,
    /// The folder that holds its files, if a folder (or file) looks like it.
    pub root: fn(&Path) -> Option<PathBuf>,
    /// Reads it under a name that is safe to print.
    pub open: fn(&Path, &str, Options) -> Result<Benchmark, BenchmarkError>,
}

/// Every layout, the ones with the most particular file names first.
pub(super) const LAYOUTS: [Layout; 7] = [
    Layout {
        key: "r3",
        files: "data/test.jsonl and data/skills_test.jsonl (R3-Skill)",
        root: r3::root,
        open: r3::open,
    },
    Layout {
        key: "skillret",
        files: "data/queries and data/skills (SkillRet)",
        root: skillret::root,
        open: skillret::open,
    },
    Layout {
        key: "skillrouter",
        files: "tasks.jsonl and relevance.json (SkillRouter)",
        root: skillrouter::root,
        open: skillrouter::open,
    },
    Layout {
        key: "skill-usage",
        files: "data/task_queries.json and data/task_skill_mapping.json (Skill-Usage)",
        root: skill_usage::root,
        open: skill_usage::open,
    },
    Layout { key: "beir", files: "corpus.jsonl, queries.jsonl and qrels/ (BEIR)", root: beir::root, open: beir::open },
    Layout { key: "trec", files: "a qrels file and topics (TREC)", root: trec::root, open: trec::open },
    Layout {
        key: "author",
        files: "eval_queries.json, evals.json, tests.yml or requests.yml (an author's tests)",
        root: author::root,
        open: author::open,
    },
];

/// The layout of a folder, and the folder that holds its files.
pub(super) fn layout_of(path: &Path) -> Option<(&'static Layout, PathBuf)> {
    LAYOUTS.iter().find_map(|layout| Some((layout, (layout.root)(path)?)))
}

/// The tests an author keeps in a folder; `None` where there are none.
pub fn author_tests(folder: &Path) -> Option<Result<Benchmark, BenchmarkError>> {
    Some(author::open(&author::root(folder)?, "tests", Options::default()))
}

/// The first of these that is there.
fn first_of(dir: &Path, names: &[&str]) -> Option<PathBuf> {
    names.iter().map(|name| dir.join(name)).find(|path| path.exists())
}

#[cfg(test)]
mod tests;
