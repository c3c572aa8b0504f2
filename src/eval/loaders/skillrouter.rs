//! Reads SkillRouter's benchmark layout (papers.md 2.1).
//!
//! - `tasks.jsonl`: one object per line with `task_id` and `instruction_text`; `domain`, `difficulty` and `tags` are
//!   shown. Rows with `excluded: true` are read like any other, because SkillRouter scores them.
//! - `relevance.json`: one object, task id → `core_gt_ids` (else `gt_skill_ids`), `relevance` {skill id: grade},
//!   `task_type`. Tasks of type `generic_only` are not part of the core protocol.
//! - `manifest.json`: `dataset_name`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::members::members;
use super::source::{self, Source, without_place};
use super::{Mode, Options, Tier};
use crate::eval::{Benchmark, BenchmarkError, Protocol, Qrels, Task};

const LAYOUT: &str = "a benchmark in SkillRouter's layout has tasks.jsonl and relevance.json";

/// Why `generic_only` tasks are left out, as a reason a person reads.
const GENERIC_ONLY: &str = "labelled with file-type skills only (generic_only), which SkillRouter does not score";

pub(in crate::eval) struct Files {
    pub(in crate::eval) tasks: Source,
    pub(in crate::eval) relevance: Source,
    pub(in crate::eval) manifest: Option<Source>,
}

/// A folder with either file: where the other is missing, opening says so.
pub fn root(dir: &Path) -> Option<PathBuf> {
    ["tasks.jsonl", "relevance.json"].iter().any(|file| dir.join(file).exists()).then(|| dir.to_path_buf())
}

pub fn open(dir: &Path, name: &str, options: Options) -> Result<Benchmark, BenchmarkError> {
    let manifest = dir.join("manifest.json");
    let files = Files {
        tasks: Source::read(&dir.join("tasks.jsonl"), LAYOUT)?,
        relevance: Source::read(&dir.join("relevance.json"), LAYOUT)?,
        manifest: if manifest.exists() { Some(Source::read(&manifest, LAYOUT)?) } else { None },
    };
    let named = files.manifest.as_ref().and_then(pool_path).map(|path| dir.join(path)).filter(|path| path.is_dir());
    let tier = Some(dir.join(options.tier.key())).filter(|path| path.is_dir());
    if named.is_none() && tier.is_none() && options.tier != Tier::default() {
        let path = dir.join(options.tier.key()).to_string_lossy().into_owned();
        return Err(BenchmarkError::new(path, "there is no such folder of shards: this copy has not that tier"));
    }
    let revision = named.is_none().then(|| options.tier.key());
    let pool = named.or(tier).map(|pool| PoolSource::Paths(vec![pool]));
    let revision = revision.filter(|_| pool.is_some());
    let benchmark = parse(&files, name, pool, options.mode)?;
    let mode = (options.mode != Mode::default()).then(|| options.mode.key());
    let parts: Vec<&str> = revision.into_iter().chain(mode).collect();
    Ok(Benchmark { revision: (!parts.is_empty()).then(|| parts.join(", ")), ..benchmark })
}

/// `fallback_name` is used where no manifest gives one.
pub(in crate::eval) fn parse(
    files: &Files,
    fallback_name: &str,
    pool: Option<PoolSource>,
    mode: Mode,
) -> Result<Benchmark, BenchmarkError> {
    let mut problems = Vec::new();
    let name = match &files.manifest {
        Some(manifest) => dataset_name(manifest)?,
        None => None,
    };
    let rows = tasks(&files.tasks, &mut problems);
    let mut judgements = judgements(&files.relevance, mode, &mut problems)?;

    let mut tasks = Vec::new();
    let mut skipped = Vec::new();
    for (line, task) in rows {
        match judgements.remove(task.id.for_model()) {
            Some((_, Judgement::Scored(qrels))) => tasks.push((task, qrels)),
            Some((_, Judgement::LeftOut(reason))) => skipped.push((task.id, reason)),
            Some((_, Judgement::Unusable)) => {} // Has its problem already.
            None => problems.push(
                files
                    .tasks
                    .problem(line, format_args!("request {} has no entry in relevance.json and is left out", task.id)),
            ),
        }
    }
    let mut orphans: Vec<_> = judgements.into_iter().map(|(id, (line, _))| (line, id)).collect();
    orphans.sort();
    problems.extend(orphans.into_iter().map(|(line, id)| {
        let id = Text::line(id);
        files.relevance.problem(line, format_args!("task {id} is not in tasks.jsonl; its judgements are left out"))
    }));

    if tasks.is_empty() && skipped.is_empty() && problems.is_empty() {
        return Err(BenchmarkError::new(files.tasks.label(), "holds no request"));
    }
    let name = Text::line(name.as_deref().unwrap_or(fallback_name)).shown().to_string();
    Ok(Benchmark {
        name,
        fingerprint: source::fingerprint([&files.tasks, &files.relevance]),
        protocol: Protocol::SkillRouter,
        revision: None,
        pool,
        tasks,
        skipped,
        problems,
    })
}

/// The path, relative to the benchmark's folder, of the pool that a manifest names (our own addition to the layout).
fn pool_path(manifest: &Source) -> Option<String> {
    let manifest: Value = serde_json::from_slice(manifest.content()).ok()?;
    Some(manifest.get("pool")?.get("path")?.as_str()?.to_string())
}

fn dataset_name(manifest: &Source) -> Result<Option<String>, BenchmarkError> {
    let manifest: Map<String, Value> =
        serde_json::from_slice(manifest.content()).map_err(|error| manifest.not_json("a JSON object", &error))?;
    Ok(manifest.get("dataset_name").and_then(Value::as_str).map(str::to_string))
}

/// Requests with the 1-based line each stands on.
fn tasks(source: &Source, problems: &mut Vec<Text>) -> Vec<(usize, Task)> {
    let mut first_line: HashMap<String, usize> = HashMap::new();
    let mut tasks = Vec::new();
    for (index, row) in source.content().split(|&byte| byte == b'\n').enumerate() {
        let line = index + 1;
        if row.trim_ascii().is_empty() {
            continue;
        }
        match task(row) {
            Err(reason) => problems.push(source.problem(line, format_args!("{reason}; the row is left out"))),
            Ok(task) => match first_line.get(task.id.for_model()) {
                Some(first) => problems.push(source.problem(
                    line,
                    format_args!("task_id {} is already on line {first}; the second is left out", task.id),
                )),
                None => {
                    first_line.insert(task.id.for_model().to_string(), line);
                    tasks.push((line, task));
                }
            },
        }
    }
    tasks
}

fn task(row: &[u8]) -> Result<Task, String> {
    let row: Map<String, Value> = serde_json::from_slice(row)
        .map_err(|error| format!("not a JSON object: {} at column {}", without_place(&error), error.column()))?;
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let required = |key: &str| match text(key) {
        blank if blank.trim().is_empty() => Err(format!("{key:?} is missing, empty or not a string")),
        text => Ok(text),
    };
    let tags = row.get("tags").and_then(Value::as_array).into_iter().flatten();
    Ok(Task {
        id: Text::line(required("task_id")?),
        request: Text::block(required("instruction_text")?),
        domain: Text::line(text("domain")),
        difficulty: Text::line(text("difficulty")),
        tags: tags.filter_map(Value::as_str).map(Text::line).collect(),
        strata: Vec::new(),
    })
}

enum Judgement {
    Scored(Qrels),
    /// The protocol does not score it, for this reason.
    LeftOut(String),
    Unusable,
}

/// Judgements by raw task id, with the line each starts on.
type Judgements = HashMap<String, (usize, Judgement)>;

fn judgements(source: &Source, mode: Mode, problems: &mut Vec<Text>) -> Result<Judgements, BenchmarkError> {
    let entries = members(source.content())
        .map_err(|error| source.not_json("a JSON object from task id to judgements", &error))?;
    let mut judgements = Judgements::with_capacity(entries.len());
    for (line, id, entry) in entries {
        let mut problem = |message: String| {
            problems.push(source.problem(line, format_args!("task {}: {message}", Text::line(&id))));
        };
        if judgements.contains_key(&id) {
            problem("judged a second time; the second entry is left out".into());
            continue;
        }
        let judgement = judgement(&entry, mode, &mut problem).unwrap_or_else(|reason| {
            problem(format!("{reason}; the task is left out"));
            Judgement::Unusable
        });
        judgements.insert(id, (line, judgement));
    }
    Ok(judgements)
}

fn judgement(entry: &Value, mode: Mode, problem: &mut dyn FnMut(String)) -> Result<Judgement, String> {
    let entry = entry.as_object().ok_or("its entry is not a JSON object")?;
    let (keys, wanted): (&[&str], _) = match mode {
        Mode::Core => (&["core_gt_ids", "gt_skill_ids"], "neither \"core_gt_ids\" nor \"gt_skill_ids\" is there"),
        Mode::All | Mode::Single => (&["gt_skill_ids"], "\"gt_skill_ids\" is not there"),
    };
    if mode == Mode::Core && entry.get("task_type").and_then(Value::as_str) == Some("generic_only") {
        return Ok(Judgement::LeftOut(GENERIC_ONLY.to_string()));
    }
    let (key, gold) = keys.iter().find_map(|key| Some((key, entry.get(*key)?))).ok_or(wanted)?;
    let gold: Option<Vec<&str>> = gold.as_array().and_then(|ids| ids.iter().map(Value::as_str).collect());
    let gold = gold.ok_or_else(|| format!("{key:?} is not a list of strings"))?;
    let mut seen = HashSet::new();
    let gold: Vec<String> = gold.into_iter().filter(|id| seen.insert(*id)).map(as_shown).collect();
    if mode == Mode::Single && gold.len() != 1 {
        return Ok(Judgement::LeftOut(format!("has {} labels, and mode single takes those with one", gold.len())));
    }
    Ok(Judgement::Scored(Qrels { gold, grades: grades(entry, problem)? }))
}

fn grades(entry: &Map<String, Value>, problem: &mut dyn FnMut(String)) -> Result<BTreeMap<String, u32>, String> {
    let Some(relevance) = entry.get("relevance") else {
        return Ok(BTreeMap::new()); // nDCG falls back to ground truth, as SkillRouter's code does.
    };
    let relevance = relevance.as_object().ok_or("\"relevance\" is not an object from skill id to grade")?;
    let mut grades = BTreeMap::new();
    for (id, grade) in relevance {
        // Whole numbers may be written as 3.0.
        match grade.as_f64().filter(|grade| grade.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(grade)) {
            Some(grade) => {
                grades.insert(as_shown(id), grade as u32);
            }
            None => problem(format!("the grade of {} is not a whole number; it is left out", Text::line(id))),
        }
    }
    Ok(grades)
}

/// Ids are compared as shown, on both sides (see `Library::find`).
fn as_shown(id: &str) -> String {
    Text::line(id).shown().to_string()
}

#[cfg(test)]
mod tests;
