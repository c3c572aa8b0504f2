use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::*;
use crate::eval::report::Failure;

/// Answers each request with the two lists it was given.
#[derive(Default)]
struct Fixed {
    pool: Vec<&'static str>,
    answers: BTreeMap<&'static str, (Vec<&'static str>, Vec<&'static str>)>,
    asked: RefCell<Vec<String>>,
    stop_after: Cell<Option<usize>>,
}

impl Router for Fixed {
    fn has(&self, id: &str) -> bool {
        self.pool.contains(&id)
    }

    fn pool_size(&self) -> usize {
        self.pool.len()
    }

    fn describe(&self, settings: Settings) -> String {
        format!("fixed {}", settings.depth)
    }

    fn rank(&self, request: &Arc<str>, _: Settings) -> Result<Routed, SearchError> {
        if self.stop_after.get() == Some(self.asked.borrow().len()) {
            return Err(ModelError::Stopped.into());
        }
        self.asked.borrow_mut().push(request.to_string());
        let (before, after) = &self.answers[&**request];
        let owned = |ids: &[&str]| ids.iter().map(|id| id.to_string()).collect();
        Ok(Routed { shortlist: owned(before), ranking: owned(after), provisional: request.starts_with('p') })
    }
}

fn task(id: &str, gold: &[&str], tags: &[&str]) -> (Task, Qrels) {
    let task = Task {
        id: Text::line(id),
        request: Text::block(id),
        domain: Text::default(),
        difficulty: Text::default(),
        tags: tags.iter().map(Text::line).collect(),
    };
    let grades = gold.iter().map(|id| (id.to_string(), 3)).collect();
    (task, Qrels { grades, gold: gold.iter().map(|id| id.to_string()).collect() })
}

fn benchmark(tasks: Vec<(Task, Qrels)>) -> Benchmark {
    Benchmark {
        pool: None,
        name: "b".into(),
        fingerprint: "f".into(),
        tasks,
        skipped: vec![(Text::line("generic"), "file types only".into())],
        problems: vec![Text::line("b:3: bad row")],
    }
}

fn letters(ids: &'static str) -> Vec<&'static str> {
    ids.split("").filter(|id| !id.is_empty()).collect()
}

fn fixture() -> (Fixed, Benchmark) {
    let router = Fixed {
        pool: letters("abcdefghijklmnop"),
        answers: BTreeMap::from([
            ("up", (letters("bca"), letters("abc"))),
            ("down", (letters("abc"), letters("bac"))),
            ("out", (letters("abcdefghijkl"), letters("bcdefghijkal"))),
            ("lost", (letters("bc"), letters("bc"))),
            ("low", (letters("bcdefghijkla"), letters("bcdefghijkla"))),
            ("pair", (letters("abz"), letters("bza"))),
        ]),
        ..Fixed::default()
    };
    let tasks = vec![
        task("up", &["a"], &[]),
        task("none", &[], &[NO_SKILL]),
        task("down", &["a", "nowhere"], &[]),
        task("gone", &["nowhere", "else"], &[]),
        task("out", &["a"], &[]),
        task("lost", &["a"], &[]),
        task("low", &["a"], &[]),
        task("pair", &["a", "b"], &[]),
    ];
    (router, benchmark(tasks))
}

fn run(router: &Fixed, benchmark: &Benchmark) -> EvalReport {
    evaluate(router, benchmark, Settings::default(), &mut |_, _| ControlFlow::Continue(())).unwrap()
}

#[test]
fn each_way_to_fail_has_its_name() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    let failures: Vec<_> = report.outcomes.iter().map(|o| (o.task_id.shown(), o.failure)).collect();
    let expected = [
        ("up", None),
        ("down", Some(Failure::Demoted)),
        ("out", Some(Failure::Demoted)),
        ("lost", Some(Failure::NotInShortlist)),
        ("low", Some(Failure::RankedLow)),
        // b for a at rank 1: gold for gold is no demotion.
        ("pair", None),
    ];
    assert_eq!(failures, expected);
    assert_eq!(report.count(Failure::Demoted), 2);
}

#[test]
fn ranks_and_missing_gold_are_reported() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    let ranks: Vec<_> = report.outcomes.iter().map(|o| (o.best_before, o.best_after)).collect();
    let expected = [(3, 1), (1, 2), (1, 11), (0, 0), (12, 12), (1, 1)];
    assert_eq!(ranks, expected.map(|(a, b)| ((a > 0).then_some(a), (b > 0).then_some(b))));
    let down = &report.outcomes[1];
    assert_eq!((down.gold[0].shown(), down.gold_missing[0].shown()), ("a", "nowhere"));
    assert!(down.is_single(), "strata count gold in the pool");
}

#[test]
fn what_is_not_scored_is_named_with_its_reason_and_never_asked() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    let unscored: Vec<_> = report.unscored.iter().map(|(id, why)| (id.shown(), why.as_str())).collect();
    assert_eq!(unscored[0], ("generic", "file types only"));
    assert_eq!(unscored[1], ("none", "no skill answers it, by design (tag no-skill)"));
    assert_eq!(unscored[2], ("gone", "none of its gold skills is in this library: nowhere, else"));
    assert_eq!((unscored.len(), report.scored, report.planned), (3, 6, 6));
    assert!(!router.asked.borrow().iter().any(|request| request == "none" || request == "gone"));
}

#[test]
fn means_are_those_of_the_outcomes() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    let close = |got: MetricRow, rows: Vec<&MetricRow>| {
        assert_eq!(got, MetricRow::mean(rows));
    };
    close(report.before, report.outcomes.iter().map(|o| &o.before).collect());
    close(report.after, report.outcomes.iter().map(|o| &o.after).collect());
    close(report.multi.0, vec![&report.outcomes[5].after]);
    assert_eq!((report.single.1, report.multi.1, report.provisional), (5, 1, 1));
    assert_eq!(report.after.get(Metric::HitAt1), 2.0 / 6.0);
    assert_eq!(report.before.get(Metric::HitAt1), 3.0 / 6.0);
}

#[test]
fn a_break_stops_after_that_request() {
    let (router, benchmark) = fixture();
    let mut seen = Vec::new();
    let report = evaluate(&router, &benchmark, Settings::default(), &mut |outcome, so_far| {
        seen.push((outcome.task_id.shown().to_string(), so_far.scored, so_far.planned));
        if so_far.scored == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(seen, [("up".to_string(), 1, 6), ("down".to_string(), 2, 6)]);
    assert_eq!(router.asked.borrow().len(), 2);
    assert!(!report.is_complete());
}

#[test]
fn a_stopped_router_leaves_a_partial_report() {
    let (router, benchmark) = fixture();
    router.stop_after.set(Some(3));
    let report = run(&router, &benchmark);
    assert_eq!((report.scored, report.is_complete()), (3, false));
}

#[test]
fn json_has_the_documented_names() {
    let (router, benchmark) = fixture();
    let json = run(&router, &benchmark).to_json();
    assert_eq!(
        json["protocol"],
        "fixed 20 · SkillRouter metrics (nDCG linear gain, judgements restricted to the pool)"
    );
    assert_eq!(json["metrics"]["all"]["Hit@1"], 2.0 / 6.0);
    assert_eq!(json["metrics"]["before"]["Hit@1"], 0.5);
    assert_eq!(json["metrics"]["single"]["count"], 5);
    assert_eq!(json["metrics"]["multi"]["FullCoverage@10"], 1.0);
    assert_eq!(json["per_query"]["down"]["failure"], "demoted");
    assert_eq!(json["per_query"]["down"]["before"]["MRR@10"], 1.0);
    assert_eq!(json["per_query"]["up"]["ranking"][0], "a");
    assert_eq!(json["unscored"][1]["task_id"], "none");
    assert_eq!(json["problems"][0], "b:3: bad row");
    assert_eq!(json["provenance"]["depth"], 20);
    assert_eq!(json["complete"], true);
}

#[test]
fn a_stratum_without_requests_has_no_mean() {
    let (router, mut benchmark) = fixture();
    benchmark.tasks.truncate(1);
    assert!(run(&router, &benchmark).to_json()["metrics"]["multi"].is_null());
}
