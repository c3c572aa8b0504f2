use super::*;
use crate::eval::{QueryRecord, RunHeader, Stratum};

/// A request whose one right skill is at these ranks (1-based) of lists of ten.
fn record(task: &str, before: usize, after: usize, hard: bool) -> QueryRecord {
    let list = |gold: usize| {
        let id = |rank: usize| if rank == gold { "gold".to_owned() } else { format!("other-{rank}") };
        (1..=10).map(|rank| Scored { id: id(rank), score: 10.0 - rank as f32 }).collect()
    };
    QueryRecord {
        task_id: task.into(),
        request: format!("ask \u{1b}[31m{task}"),
        gold: vec!["gold".into()],
        strata: vec![Stratum::new("difficulty", if hard { "hard" } else { "easy" })],
        shortlist: list(before),
        ranking: list(after),
        ..QueryRecord::default()
    }
}

fn digest() -> Digest {
    let header = RunHeader { benchmark: "b".into(), planned: 4, ..RunHeader::default() };
    let records = [record("a", 1, 1, false), record("b", 4, 1, true), record("c", 1, 2, true)];
    Builder::default().digest(&EvalReport::from_records(header, records), Detail::Final)
}

#[test]
fn numbers_are_those_of_the_report_headline_first() {
    let digest = digest();
    let headline = digest.headline().unwrap();
    // nDCG with one right skill is 1 / log2(rank + 1).
    let ndcg = |rank: f64| 1.0 / (rank + 1.0).log2();
    assert_eq!(headline.name, "nDCG@10");
    assert!((headline.before - (1.0 + ndcg(4.0) + 1.0) / 3.0).abs() < 1e-12);
    assert!((headline.after - (1.0 + 1.0 + ndcg(2.0)) / 3.0).abs() < 1e-12);
    assert_eq!(headline.ceiling, 1.0);
    let strata: Vec<(&str, usize)> = digest.strata.iter().map(|row| (row.name.as_str(), row.count)).collect();
    assert_eq!(strata, [("all", 3), ("easy", 1), ("hard", 2)]);
    assert_eq!(digest.strata[2].before.len(), digest.metrics.len());
}

#[test]
fn audit_ranks_and_distractors_are_counted() {
    let digest = digest();
    assert_eq!(Audit::ALL.map(|audit| digest.count(audit)), [1, 1, 1, 0]);
    let ranks: Vec<(&str, usize, usize)> =
        digest.ranks.iter().map(|line| (line.label.as_str(), line.before, line.after)).collect();
    assert_eq!(
        ranks,
        [
            ("1", 2, 2),
            ("2", 0, 1),
            ("3", 0, 0),
            ("4-5", 1, 0),
            ("6-10", 0, 0),
            ("11-20", 0, 0),
            ("deeper", 0, 0),
            ("missing", 0, 0)
        ]
    );
    let distractors: Vec<(&str, usize, usize)> =
        digest.distractors.iter().map(|line| (line.id.shown(), line.wins, line.above)).collect();
    assert_eq!(distractors, [("other-1", 1, 1)]);
}

#[test]
fn a_request_is_harmless_and_says_where_its_results_come_from() {
    let digest = digest();
    let line = &digest.requests[1];
    assert!(!line.request.shown().contains('\u{1b}') && line.request.for_model().contains('\u{1b}'));
    assert_eq!((line.best_before, line.best_after), (Some(4), Some(1)));
    assert_eq!(line.gold_ranks, [(Some(4), Some(1))]);
    let (first, right, before) = &line.top[0];
    assert_eq!((first.shown(), *right, *before), ("gold", true, Some(4)));
}

#[test]
fn lines_are_made_once() {
    let mut builder = Builder::default();
    let mut report = EvalReport::new(RunHeader::default());
    report.push(record("a", 1, 1, false));
    let before = builder.digest(&report, Detail::Passing);
    report.push(record("b", 2, 1, false));
    let after = builder.digest(&report, Detail::Passing);
    assert!(Arc::ptr_eq(&before.requests[0], &after.requests[0]));
    assert_eq!(after.requests.len(), 2);
}
