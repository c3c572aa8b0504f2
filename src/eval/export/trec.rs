//! trec_eval's run and judgements.

use super::escape::trec as word;
use crate::eval::{EvalReport, Protocol, Scored};

/// `task Q0 skill rank score skillscope`. trec_eval orders by score and ties by id descending. Where that is not the
/// order the protocol scores, falling numbers stand in the place of the scores, for that request only.
pub fn run(report: &EvalReport) -> String {
    let mut text = String::new();
    let all = report.outcomes.iter().map(|outcome| &outcome.record).chain(&report.no_skill);
    for record in all {
        let list = report.protocol().ordered(record.last());
        let faithful = list.iter().all(|scored| scored.score.is_finite()) && as_trec_eval(&list);
        for (index, scored) in list.iter().enumerate() {
            let score = if faithful { scored.score } else { (list.len() - index) as f32 };
            let (task, id) = (word(&record.task_id), word(&scored.id));
            text.push_str(&format!("{task} Q0 {id} {} {score} skillscope\n", index + 1));
        }
    }
    text
}

/// Whether trec_eval would keep this order.
fn as_trec_eval(list: &[&Scored]) -> bool {
    let owned: Vec<Scored> = list.iter().copied().cloned().collect();
    Protocol::Trec.ordered(&owned).iter().zip(list).all(|(a, b)| a.id == b.id)
}

/// `task 0 skill grade`.
pub fn qrels(report: &EvalReport, graded: bool) -> String {
    let mut text = String::new();
    for outcome in &report.outcomes {
        let record = &outcome.record;
        let task = word(&record.task_id);
        let mut line = |id: &str, grade: u32| text.push_str(&format!("{task} 0 {} {grade}\n", word(id)));
        if graded && !record.grades.is_empty() {
            record.grades.iter().for_each(|(id, &grade)| line(id, grade));
        } else {
            record.gold.iter().for_each(|id| line(id, 1));
        }
    }
    text
}
