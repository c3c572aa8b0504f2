//! The files that the publishers' own scorers read.

use serde_json::{Map, Value};

use crate::eval::EvalReport;

fn ids(report: &EvalReport) -> impl Iterator<Item = (&str, Vec<&str>)> {
    report.outcomes.iter().map(|outcome| {
        let list = report.protocol().ordered(outcome.record.last());
        (outcome.record.task_id.as_str(), list.into_iter().map(|scored| scored.id.as_str()).collect())
    })
}

/// `{task: [id, …]}` (papers.md 2.2).
pub fn skillrouter(report: &EvalReport) -> String {
    let tasks: Map<String, Value> = ids(report).map(|(task, ids)| (task.to_owned(), ids.into())).collect();
    format!("{}\n", Value::Object(tasks))
}

/// `{task: {id: score}}` (papers.md 3.2). Skills without a score of the last stage are left out.
pub fn skillret(report: &EvalReport) -> String {
    let scores = |outcome: &std::sync::Arc<crate::eval::QueryOutcome>| {
        let scored = report.protocol().ordered(outcome.record.last()).into_iter();
        let scored = scored.filter(|scored| scored.score.is_finite());
        let scores: Map<String, Value> = scored.map(|scored| (scored.id.clone(), scored.score.into())).collect();
        (outcome.record.task_id.clone(), Value::Object(scores))
    };
    format!("{}\n", Value::Object(report.outcomes.iter().map(scores).collect()))
}

/// `[[id, …], …]` in the order of requests (papers.md 4.2).
pub fn r3(report: &EvalReport) -> String {
    let lists: Vec<Value> = ids(report).map(|(_, ids)| ids.into()).collect();
    format!("{}\n", Value::Array(lists))
}
