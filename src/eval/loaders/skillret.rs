//! SkillRet: `data/{skills,queries,qrels}/SPLIT.jsonl` (papers.md 3.1). Ground truth is read from the query rows, as
//! its evaluation code does; the qrels file is only compared with them.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::eval::{Benchmark, BenchmarkError, Protocol, Stratum};
use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::queries::{Row, as_shown, labels, merged, plain_task, qrels, text};
use super::source::{Source, fingerprint};
use super::{Options, first_of};

const LAYOUT: &str =
    "a benchmark in SkillRet's layout has data/queries/test.jsonl and data/skills/test.jsonl, or .parquet";
/// Requests of the test splits (papers.md 3.1): the only mark by which a copy without its history can be told.
const REVISIONS: [(usize, &str); 2] = [(4997, "v1.0"), (4392, "v1.1")];

/// The folder that holds `queries` and `skills`, if this is such a benchmark.
pub fn root(dir: &Path) -> Option<PathBuf> {
    [dir.join("data"), dir.to_path_buf()]
        .into_iter()
        .find(|root| root.join("queries").is_dir() && root.join("skills").is_dir())
}

/// The file of one part of the split: JSON lines, or Parquet under its plain name or the hub's for a table of one
/// shard.
fn split(root: &Path, part: &str) -> PathBuf {
    let names = ["test.jsonl", "test.jsonl.gz", "test.parquet", "test-00000-of-00001.parquet"];
    first_of(&root.join(part), &names).unwrap_or_else(|| root.join(part).join(names[0]))
}

pub fn open(root: &Path, name: &str, _: Options) -> Result<Benchmark, BenchmarkError> {
    let queries = Source::read(&split(root, "queries"), LAYOUT)?;
    let judged = split(root, "qrels");
    let judged = judged.exists().then(|| Source::read(&judged, LAYOUT)).transpose()?;
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    for (line, row) in queries.objects(&mut problems) {
        let parsed = (text(&row, &["id", "query_id"]), text(&row, &["query", "text"]));
        let (Some(id), Some(request)) = parsed else {
            problems.push(
                queries.problem(line, "\"id\" or \"query\" is missing, empty or not a string; the row is left out"),
            );
            continue;
        };
        let Some(grades) = ["skill_ids", "labels"].iter().find_map(|key| labels(row.get(*key)?)) else {
            problems.push(
                queries.problem(line, "neither \"skill_ids\" nor \"labels\" is a list of skills; the row is left out"),
            );
            continue;
        };
        let strata = ["domain", "category", "major", "sub"].iter();
        let strata = strata.filter_map(|key| Some(Stratum::new(*key, as_shown(row.get(*key)?.as_str()?)))).collect();
        rows.push(Row { line, task: plain_task(id, request, strata), qrels: qrels(grades) });
    }
    let tasks = merged(&queries, rows, &mut problems);
    if tasks.is_empty() && problems.is_empty() {
        return Err(BenchmarkError::new(queries.label(), "holds no request"));
    }
    if let Some(judged) = &judged {
        compare(judged, &tasks, &mut problems);
    }
    let revision = REVISIONS.iter().find(|(count, _)| *count == tasks.len()).map(|(_, name)| name.to_string());
    Ok(Benchmark {
        name: name.to_owned(),
        fingerprint: fingerprint([&queries]),
        protocol: Protocol::SkillRet,
        revision,
        pool: Some(PoolSource::WholeFiles(vec![split(root, "skills")])),
        tasks,
        skipped: Vec::new(),
        problems,
    })
}

/// The qrels are not used for scoring; that they say something else is worth knowing.
fn compare(judged: &Source, tasks: &[(crate::eval::Task, crate::eval::Qrels)], problems: &mut Vec<Text>) {
    let mut rows: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (line, row) in judged.objects(problems) {
        let id = text(&row, &["query_id", "query-id", "qid"]);
        let skill = text(&row, &["skill_id", "corpus-id", "skill-id", "doc_id"]);
        let (Some(id), Some(skill)) = (id, skill) else {
            problems.push(judged.problem(line, "names no query or no skill; the row is left out"));
            continue;
        };
        rows.entry(as_shown(id)).or_default().insert(as_shown(skill));
    }
    let differ = |(task, qrels): &&(crate::eval::Task, crate::eval::Qrels)| {
        rows.get(task.id.shown()).is_some_and(|ids| !ids.iter().eq(qrels.gold.iter().collect::<BTreeSet<_>>()))
    };
    let differing: Vec<&str> = tasks.iter().filter(differ).map(|(task, _)| task.id.shown()).collect();
    if let Some(first) = differing.first() {
        let message = format!(
            "{} requests have other skills here than in the query rows, which are what is scored; the first is {first}",
            differing.len()
        );
        problems.push(judged.problem(1, message));
    }
}
