//! What layouts of one JSON line per request have in common.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::source::Source;
use crate::eval::{Qrels, Stratum, Task};
use crate::library::Text;

/// A request and its judgements, with the line it stands on.
pub struct Row {
    pub line: usize,
    pub task: Task,
    pub qrels: Qrels,
}

/// The string of the first of these keys that has one.
pub fn text<'a>(row: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| row.get(*key)?.as_str()).filter(|text| !text.trim().is_empty())
}

/// Ids are compared as shown, on both sides (see `Library::find`).
pub fn as_shown(id: &str) -> String {
    Text::line(id).shown().to_string()
}

/// A request without tags, domain or difficulty.
pub fn plain_task(id: &str, request: &str, strata: Vec<Stratum>) -> Task {
    Task {
        id: Text::line(id),
        request: Text::block(request),
        domain: Text::default(),
        difficulty: Text::default(),
        tags: Vec::new(),
        strata,
    }
}

/// Judgements from ids with grades; what is graded above zero is gold.
pub fn qrels(grades: impl IntoIterator<Item = (String, u32)>) -> Qrels {
    let mut qrels = Qrels::default();
    for (id, grade) in grades {
        if grade > 0 && !qrels.gold.contains(&id) {
            qrels.gold.push(id.clone());
        }
        qrels.grades.insert(id, grade);
    }
    qrels
}

/// Rows of one id become one: SkillRet's files repeat a query with different skills (papers.md 3.1). A repetition with
/// another text is a problem, and its request is not used.
pub fn merged(source: &Source, rows: Vec<Row>, problems: &mut Vec<Text>) -> Vec<(Task, Qrels)> {
    let mut at: HashMap<String, (usize, usize)> = HashMap::new();
    let mut tasks: Vec<(Task, Qrels)> = Vec::new();
    for Row { line, task, qrels } in rows {
        let Some(&(index, first)) = at.get(task.id.for_model()) else {
            at.insert(task.id.for_model().to_owned(), (tasks.len(), line));
            tasks.push((task, qrels));
            continue;
        };
        let (known, judged) = &mut tasks[index];
        if known.request != task.request {
            let message = format!("id {} is already on line {first} with another text; the row is left out", task.id);
            problems.push(source.problem(line, message));
            continue;
        }
        judged.grades.extend(qrels.grades);
        for id in qrels.gold {
            if !judged.gold.contains(&id) {
                judged.gold.push(id);
            }
        }
    }
    tasks
}

/// Ids and grades from a list of strings, a list of objects with a skill's id and its relevance, or either of them
/// written as a JSON string.
pub fn labels(value: &Value) -> Option<BTreeMap<String, u32>> {
    if let Some(text) = value.as_str() {
        return labels(&serde_json::from_str(text).ok()?);
    }
    value.as_array()?.iter().map(label).collect()
}

fn label(value: &Value) -> Option<(String, u32)> {
    if let Some(id) = value.as_str() {
        return Some((as_shown(id), 1));
    }
    let row = value.as_object()?;
    let id = text(row, &["id", "skill_id", "skill-id", "corpus-id"])?;
    let grade =
        ["relevance", "score", "label"].iter().find_map(|key| row.get(*key)).map_or(Some(1.0), Value::as_f64)?;
    Some((as_shown(id), grade.max(0.0) as u32))
}
