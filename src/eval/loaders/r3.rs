//! R3-Skill: `data/test.jsonl` with `query` and `skill_ids`, `data/skills_test.jsonl` with `id` and `text` (papers.md
//! 4.1).

use std::path::{Path, PathBuf};

use crate::eval::{Benchmark, BenchmarkError, Protocol, Stratum};
use crate::library::load::Source as PoolSource;

use super::Options;
use super::queries::{as_shown, labels, plain_task, qrels, text};
use super::source::{Source, fingerprint};

const LAYOUT: &str = "a benchmark in R3-Skill's layout has data/test.jsonl and data/skills_test.jsonl";

/// The folder that holds both files, if this is such a benchmark.
pub fn root(dir: &Path) -> Option<PathBuf> {
    [dir.join("data"), dir.to_path_buf()].into_iter().find(|root| root.join("skills_test.jsonl").exists())
}

/// Its requests have no ids: they are called after their line, from 0, which is their place in a prediction file.
pub fn open(root: &Path, name: &str, _: Options) -> Result<Benchmark, BenchmarkError> {
    let queries = Source::read(&root.join("test.jsonl"), LAYOUT)?;
    let mut problems = Vec::new();
    let mut tasks = Vec::new();
    for (line, row) in queries.objects(&mut problems) {
        let (Some(request), Some(grades)) = (text(&row, &["query"]), row.get("skill_ids").and_then(labels)) else {
            problems
                .push(queries.problem(line, "\"query\" is not a text, or \"skill_ids\" no list; the row is left out"));
            continue;
        };
        let direction = ["language", "direction", "lang"].iter().find_map(|key| row.get(*key)?.as_str());
        let strata = direction.map(|name| Stratum::new("language", as_shown(name))).into_iter().collect();
        tasks.push((plain_task(&(line - 1).to_string(), request, strata), qrels(grades)));
    }
    if tasks.is_empty() && problems.is_empty() {
        return Err(BenchmarkError::new(queries.label(), "holds no request"));
    }
    Ok(Benchmark {
        name: name.to_owned(),
        fingerprint: fingerprint([&queries]),
        protocol: Protocol::R3,
        revision: None,
        pool: Some(PoolSource::Paths(vec![root.join("skills_test.jsonl")])),
        tasks,
        skipped: Vec::new(),
        problems,
    })
}
