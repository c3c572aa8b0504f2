//! Skill-Usage: `data/task_queries.json` (task → short queries) and `data/task_skill_mapping.json` (task → skills),
//! over `skills/` or `skills-34k/skills_meta.jsonl` (papers.md 6).
//!
//! The publisher merges the rankings of a task's queries round-robin. Here each query is a request of its own, with the
//! gold skills of its task: what a person who types one of them would get.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::eval::{Benchmark, BenchmarkError, Protocol, Stratum};
use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::members::members;
use super::queries::{as_shown, labels, plain_task, qrels};
use super::source::{Source, fingerprint};
use super::{Options, first_of};

const LAYOUT: &str = "a benchmark in Skill-Usage's layout has data/task_queries.json and data/task_skill_mapping.json";
const QUERIES: &str = "task_queries.json";
const MAPPING: &str = "task_skill_mapping.json";
/// Pools, seen from the folder that holds `data`; whole skills come before their metadata.
const POOLS: [&str; 5] =
    ["skills", "skills.jsonl", "skills_meta.jsonl", "skills-34k/skills", "skills-34k/skills_meta.jsonl"];

pub fn root(dir: &Path) -> Option<PathBuf> {
    [dir.join("data"), dir.to_path_buf()]
        .into_iter()
        .find(|root| root.join(QUERIES).exists() || root.join(MAPPING).exists())
}

pub fn open(root: &Path, name: &str, _: Options) -> Result<Benchmark, BenchmarkError> {
    let queries = Source::read(&root.join(QUERIES), LAYOUT)?;
    let mapping = Source::read(&root.join(MAPPING), LAYOUT)?;
    let read = |source: &Source, what: &str| members(source.content()).map_err(|error| source.not_json(what, &error));
    let mut problems = Vec::new();
    let mut gold = read(&mapping, "a JSON object from task to skills")?;
    let mut tasks = Vec::new();
    for (line, task, value) in read(&queries, "a JSON object from task to queries")? {
        let shown = Text::line(&task);
        let Some(at) = gold.iter().position(|(_, id, _)| *id == task) else {
            let message = format!("task {shown} is not in {MAPPING}; its queries are left out");
            problems.push(queries.problem(line, message));
            continue;
        };
        let (judged_at, _, skills) = gold.swap_remove(at);
        let Some(grades) = skill_ids(&skills).and_then(labels) else {
            problems
                .push(mapping.problem(judged_at, format_args!("task {shown} has no list of skills; it is left out")));
            continue;
        };
        let Some(texts) = texts(&value) else {
            problems.push(queries.problem(line, format_args!("task {shown} has no list of queries; it is left out")));
            continue;
        };
        let judged = qrels(grades);
        for (index, text) in texts.iter().enumerate() {
            let strata = vec![Stratum::new("task", as_shown(&task))];
            tasks.push((plain_task(&format!("{task}#{}", index + 1), text, strata), judged.clone()));
        }
    }
    for (line, task, _) in gold {
        let task = Text::line(&task);
        problems.push(mapping.problem(line, format_args!("task {task} has no queries; its skills are left out")));
    }
    if tasks.is_empty() && problems.is_empty() {
        return Err(BenchmarkError::new(queries.label(), "holds no query"));
    }
    let above = root.parent().filter(|_| root.ends_with("data"));
    let pool = above.into_iter().chain([root]).find_map(|dir| first_of(dir, &POOLS));
    Ok(Benchmark {
        name: name.to_owned(),
        fingerprint: fingerprint([&queries, &mapping]),
        protocol: Protocol::SkillUsage,
        revision: None,
        pool: pool.map(|pool| PoolSource::Paths(vec![pool])),
        tasks,
        skipped: Vec::new(),
        problems,
    })
}

/// The list of skills itself, or under a key of an object.
fn skill_ids(value: &Value) -> Option<&Value> {
    match value {
        Value::Object(object) => ["skill_ids", "skills", "gt_skill_ids"].iter().find_map(|key| object.get(*key)),
        value => Some(value),
    }
}

/// One text, a list of texts, or a list under a key of an object.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) => list.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
        Value::Object(object) => texts(object.get("queries")?),
        _ => None,
    }
}
