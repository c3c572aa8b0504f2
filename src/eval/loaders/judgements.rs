//! Judgements in a file of their own, one per line, as BEIR and TREC have them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::queries::{as_shown, plain_task, qrels};
use super::source::Source;
use crate::eval::{Qrels, Task};
use crate::library::Text;

/// Grades by request, with the line on which each request is judged first. Ids as shown.
#[derive(Debug, Default)]
pub struct Judgements {
    by_request: HashMap<String, (usize, BTreeMap<String, u32>)>,
}

impl Judgements {
    /// Adds one row. Grades below zero (TREC marks spam with them) gain nothing, like zero.
    pub fn add(
        &mut self,
        source: &Source,
        line: usize,
        request: &str,
        skill: &str,
        grade: &str,
        problems: &mut Vec<Text>,
    ) {
        let whole = grade.parse::<f64>().ok().filter(|grade| grade.fract() == 0.0 && grade.abs() < f64::from(u32::MAX));
        let Some(whole) = whole else {
            let grade = Text::line(grade);
            problems.push(
                source.problem(line, format_args!("the grade {grade} is not a whole number; the row is left out")),
            );
            return;
        };
        let (_, grades) = self.by_request.entry(as_shown(request)).or_insert_with(|| (line, BTreeMap::new()));
        let skill = as_shown(skill);
        let grade = whole.max(0.0) as u32;
        if let Some(&known) = grades.get(&skill) {
            let what = if known == grade { "again" } else { "again with another grade" };
            let message = format!("{skill} is judged {what} for {}; the first counts", as_shown(request));
            problems.push(source.problem(line, message));
            return;
        }
        grades.insert(skill, grade);
    }
}

/// Requests with their judgements, in the order of the requests. trec_eval scores what is judged, so that a request
/// without judgements belongs to another split and is left out without a word; one that is judged but has no text is a
/// problem, and so is an id that stands twice.
pub fn joined(
    queries: &Source,
    requests: Vec<(usize, String, String)>,
    judged_in: &Source,
    judged: Judgements,
    problems: &mut Vec<Text>,
) -> Vec<(Task, Qrels)> {
    let mut left = judged.by_request;
    let mut first_line: HashMap<String, usize> = HashMap::new();
    let mut tasks = Vec::new();
    for (line, id, request) in requests {
        let shown = as_shown(&id);
        if let Some(first) = first_line.get(&shown) {
            problems.push(
                queries.problem(line, format_args!("id {shown} is already on line {first}; the second is left out")),
            );
            continue;
        }
        if let Some((_, grades)) = left.remove(&shown) {
            tasks.push((plain_task(&id, &request, Vec::new()), qrels(grades)));
        }
        first_line.insert(shown, line);
    }
    let mut orphans: Vec<(usize, String)> = left.into_iter().map(|(id, (line, _))| (line, id)).collect();
    orphans.sort();
    let known: HashSet<usize> = orphans.iter().map(|(line, _)| *line).collect();
    if let Some((line, id)) = orphans.first() {
        let message = match known.len() {
            1 => format!("request {id} is judged, but {} has no text for it; it is left out", queries.label()),
            count => format!(
                "{count} requests are judged, but {} has no text for them; they are left out, the first is {id}",
                queries.label()
            ),
        };
        problems.push(judged_in.problem(*line, message));
    }
    tasks
}
