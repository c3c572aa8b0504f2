//! An author's own tests, beside the skills they are for or under a skill's name:
//!
//! - `eval_queries.json`: `[{"query", "should_trigger"}]` (agentskills.io; domain.md 2.3)
//! - `evals.json`, also in a folder `evals`: `{"skill_name", "evals": [{"prompt"}]}`; every prompt should find the
//!   skill
//! - `tests.yml`: `queries: [{input, should_match}]` (aigent; domain.md 2.1)
//! - `requests.yml`, for many skills in one file: `SKILL: {should: [request], should-not: [request]}`
//!
//! A request that should find a skill has it as gold. A request that should not find it gives it grade 0. Where another
//! skill's test wants the same request, that is a near miss and scored; where none does, it counts as a request that no
//! skill answers.

mod files;
mod parse;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::eval::benchmark::NO_SKILL;
use crate::eval::{Benchmark, BenchmarkError, Protocol, Qrels, Stratum, Task};
use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::Options;
use super::queries::{as_shown, plain_task};
use super::source::{Source, fingerprint};

const LAYOUT: &str = "an author's tests are eval_queries.json, evals.json, tests.yml or requests.yml";

/// One request and whether it should find a skill (id as shown).
struct Case {
    line: usize,
    skill: String,
    request: String,
    wanted: bool,
}

/// A test file itself, or a folder with one in it or a few levels below.
pub fn root(path: &Path) -> Option<PathBuf> {
    (!files::find(path).is_empty()).then(|| path.to_path_buf())
}

pub fn open(root: &Path, name: &str, _: Options) -> Result<Benchmark, BenchmarkError> {
    let place = files::Place::of(root);
    let mut problems = Vec::new();
    let mut sources = Vec::new();
    let mut asked = Asked::default();
    for file in files::find(root) {
        let source = match Source::read(&file, LAYOUT) {
            Ok(source) => source,
            Err(error) => {
                problems.push(Text::line(error.to_string()));
                continue;
            }
        };
        for case in parse::cases(&file, &source, place.skill_of(&file), &mut problems) {
            asked.add(&source, case, &mut problems);
        }
        sources.push(source);
    }
    if asked.requests.is_empty() && problems.is_empty() {
        return Err(BenchmarkError::new(root.to_string_lossy(), "its tests hold no request"));
    }
    Ok(Benchmark {
        name: name.to_owned(),
        fingerprint: fingerprint(&sources),
        protocol: Protocol::Author,
        revision: None,
        pool: place.pool.map(|pool| PoolSource::Paths(vec![pool])),
        tasks: asked.requests.into_iter().map(Request::into_task).collect(),
        skipped: Vec::new(),
        problems,
    })
}

/// Requests in the order of their first mention.
#[derive(Default)]
struct Asked {
    requests: Vec<Request>,
    by_text: HashMap<String, usize>,
    /// How many requests were named after each skill.
    named: HashMap<String, usize>,
}

struct Request {
    id: String,
    text: String,
    /// Skill and whether it should be found.
    expected: Vec<(String, bool)>,
}

impl Asked {
    fn add(&mut self, source: &Source, case: Case, problems: &mut Vec<Text>) {
        let Case { line, skill, request, wanted } = case;
        let index = *self.by_text.entry(request.clone()).or_insert_with(|| {
            let number = self.named.entry(skill.clone()).or_default();
            *number += 1;
            let id = format!("{skill}#{number}");
            self.requests.push(Request { id, text: request, expected: Vec::new() });
            self.requests.len() - 1
        });
        let expected = &mut self.requests[index].expected;
        match expected.iter().find(|(known, _)| *known == skill) {
            None => expected.push((skill, wanted)),
            Some((_, known)) => {
                let what = if *known == wanted { "again" } else { "again, the other way round" };
                problems.push(
                    source.problem(line, format_args!("asks {skill} for the same request {what}; the first counts")),
                );
            }
        }
    }
}

impl Request {
    fn into_task(self) -> (Task, Qrels) {
        let part = |wanted: bool| self.expected.iter().filter(move |(_, is)| *is == wanted).map(|(id, _)| id.clone());
        let qrels = Qrels {
            grades: self.expected.iter().map(|(id, wanted)| (id.clone(), u32::from(*wanted))).collect(),
            gold: part(true).collect(),
        };
        let strata = part(true).map(|id| Stratum::new("skill", id));
        let strata = strata.chain(part(false).map(|id| Stratum::new("near miss of", id))).collect();
        let mut task = plain_task(&self.id, &self.text, strata);
        if qrels.gold.is_empty() {
            task.tags.push(Text::line(NO_SKILL));
        }
        (task, qrels)
    }
}

#[cfg(test)]
mod tests;
