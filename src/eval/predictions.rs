//! Rankings that were made elsewhere: the publishers' prediction files and TREC runs, scored without searching.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::library::{Library, Skill, Text};
use crate::search::{SearchError, Settings};

use super::loaders::queries::as_shown;
use super::loaders::source::Source;
use super::record::Scored;
use super::runner::{Routed, Router};
use super::{BenchmarkError, Task};

/// Rankings by task id, best first where the file has an order.
#[derive(Debug, Default)]
pub struct Predictions {
    rankings: HashMap<String, Vec<Scored>>,
    /// Skills that can be found; without a library every id can.
    library: Option<Library>,
    label: String,
    /// Rows that could not be used.
    pub problems: Vec<Text>,
}

impl Predictions {
    /// SkillRouter's `{task: [id, …]}`, SkillRet's `{task: {id: score}}`, R3-Skill's `[[id, …], …]` in the order of
    /// requests, any of them under a key "rankings", "retrieval" or "predictions", or a TREC run.
    ///
    /// # Errors
    /// If the file cannot be read or is none of these.
    pub fn read(path: &Path, library: Option<Library>) -> Result<Self, BenchmarkError> {
        let source = Source::read(path, "a prediction file")?;
        let label = path.file_name().map_or_else(String::new, |name| as_shown(&name.to_string_lossy()));
        let mut predictions = Predictions { library, label, ..Predictions::default() };
        if source.content().trim_ascii_start().first().is_some_and(|first| b"{[".contains(first)) {
            let value = serde_json::from_slice(source.content())
                .map_err(|error| source.not_json("a JSON file of predictions", &error))?;
            predictions.add_json(&source, &value)?;
        } else {
            predictions.add_trec(&source);
        }
        if predictions.rankings.is_empty() {
            return Err(BenchmarkError::new(
                source.label(),
                "holds no ranking: expected SkillRouter's {task: [id, …]}, \
                SkillRet's {task: {id: score}}, R3-Skill's [[id, …], …], or a TREC run",
            ));
        }
        Ok(predictions)
    }

    fn add_json(&mut self, source: &Source, value: &Value) -> Result<(), BenchmarkError> {
        let inner = ["rankings", "retrieval", "predictions"].iter().find_map(|key| value.get(*key));
        let mut add = |id: String, list: &Value| match ranking(list) {
            Some(list) => drop(self.rankings.insert(id, list)),
            None => self.problems.push(Text::line(format!("{}: {id} has no list of skills", source.label()))),
        };
        match inner.unwrap_or(value) {
            Value::Object(tasks) => tasks.iter().for_each(|(id, list)| add(as_shown(id), list)),
            Value::Array(lists) => lists.iter().enumerate().for_each(|(index, list)| add(index.to_string(), list)),
            _ => return Err(BenchmarkError::new(source.label(), "is neither an object nor a list")),
        }
        Ok(())
    }

    /// `task Q0 skill rank score run`; the rank is ignored, as trec_eval does.
    fn add_trec(&mut self, source: &Source) {
        let mut seen = HashSet::new();
        for (line, text) in source.lines() {
            let text = String::from_utf8_lossy(text);
            let fields: Vec<&str> = text.split_whitespace().collect();
            let [task, _, skill, _, score, ..] = fields[..] else {
                self.problems.push(source.problem(line, "has fewer than six fields; the row is left out"));
                continue;
            };
            let Ok(score) = score.parse::<f32>() else {
                self.problems.push(source.problem(line, format_args!("{score:?} is no score; the row is left out")));
                continue;
            };
            if !seen.insert((task.to_owned(), skill.to_owned())) {
                self.problems.push(source.problem(line, format_args!("{skill} stands twice; the second is left out")));
                continue;
            }
            self.rankings.entry(as_shown(task)).or_default().push(Scored { id: as_shown(skill), score });
        }
        for list in self.rankings.values_mut() {
            list.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| b.id.cmp(&a.id)));
        }
    }
}

/// A list of ids gets falling scores, so that every protocol keeps its order.
fn ranking(list: &Value) -> Option<Vec<Scored>> {
    match list {
        Value::Array(ids) => {
            let ids: Option<Vec<&str>> = ids.iter().map(Value::as_str).collect();
            let scored = |(index, id): (usize, &str)| Scored { id: as_shown(id), score: -(index as f32) };
            Some(ids?.into_iter().enumerate().map(scored).collect())
        }
        Value::Object(scores) => {
            let scored =
                |(id, score): (&String, &Value)| Some(Scored { id: as_shown(id), score: score.as_f64()? as f32 });
            let mut list = scores.iter().map(scored).collect::<Option<Vec<_>>>()?;
            // Stable: equal scores keep the file's order.
            list.sort_by(|a, b| b.score.total_cmp(&a.score));
            Some(list)
        }
        _ => None,
    }
}

impl Router for Predictions {
    fn has(&self, id: &str) -> bool {
        self.library.as_ref().is_none_or(|library| library.find(id).is_some())
    }

    fn pool_size(&self) -> usize {
        self.library.as_ref().map_or(0, Library::len)
    }

    fn pool_fingerprint(&self) -> String {
        self.library.as_ref().map_or_else(String::new, Library::fingerprint)
    }

    fn describe(&self, _: Settings) -> String {
        format!("predictions of {}", self.label)
    }

    /// A task without a ranking is an empty one: it counts, as zero, where the protocol does not leave it out.
    fn rank(&self, task: &Task, _: Settings) -> Result<Routed, SearchError> {
        let shortlist = self.rankings.get(task.id.shown()).cloned().unwrap_or_default();
        Ok(Routed { shortlist, stage1: Duration::ZERO, ..Routed::default() })
    }

    fn answers(&self, task: &Task) -> bool {
        self.rankings.contains_key(task.id.shown())
    }

    fn skill(&self, id: &str) -> Option<&Skill> {
        let library = self.library.as_ref()?;
        library.find(id).map(|index| &library[index])
    }

    fn is_cut(&self, _: &str, _: &str, _: Settings) -> bool {
        false
    }
}
