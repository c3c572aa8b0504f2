use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::*;
use crate::eval::{Failure, Metric, Protocol};

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

    fn pool_fingerprint(&self) -> String {
        self.pool.concat()
    }

    fn describe(&self, settings: Settings) -> String {
        format!("fixed {}", settings.depth)
    }

    fn rank(&self, task: &Task, _: Settings) -> Result<Routed, SearchError> {
        if self.stop_after.get() == Some(self.asked.borrow().len()) {
            return Err(ModelError::Stopped.into());
        }
        let request = task.request.for_model();
        self.asked.borrow_mut().push(request.to_string());
        let (before, after) = &self.answers[request];
        let scored = |ids: &[&str]| {
            let scored = |(index, id): (usize, &&str)| Scored { id: id.to_string(), score: -(index as f32) };
            ids.iter().enumerate().map(scored).collect()
        };
        let (shortlist, ranking) = (scored(before), scored(after));
        Ok(Routed { shortlist, ranking, provisional: request.starts_with('p'), ..Routed::default() })
    }

    fn skill(&self, _: &str) -> Option<&Skill> {
        None
    }

    fn is_cut(&self, _: &str, id: &str, _: Settings) -> bool {
        id == "a"
    }
}

fn task(id: &str, gold: &[&str], tags: &[&str]) -> (Task, Qrels) {
    let task = Task {
        id: Text::line(id),
        request: Text::block(id),
        domain: Text::default(),
        difficulty: Text::default(),
        tags: tags.iter().map(Text::line).collect(),
        strata: Vec::new(),
    };
    let grades = gold.iter().map(|id| (id.to_string(), 3)).collect();
    (task, Qrels { grades, gold: gold.iter().map(|id| id.to_string()).collect() })
}

fn benchmark(tasks: Vec<(Task, Qrels)>) -> Benchmark {
    Benchmark {
        pool: None,
        name: "b".into(),
        fingerprint: "f".into(),
        protocol: Protocol::SkillRouter,
        revision: None,
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
            ("none", (letters("ab"), letters("ba"))),
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
    let mut report = blank_report(router, benchmark, Settings::default());
    evaluate(router, benchmark, Settings::default(), &HashSet::new(), &mut |record| {
        report.push(record);
        ControlFlow::Continue(())
    })
    .unwrap();
    report
}

#[test]
fn each_way_to_fail_has_its_name() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    let failures: Vec<_> = report.outcomes.iter().map(|o| (o.record.task_id.as_str(), o.failures.clone())).collect();
    let unjudged = Failure::UnjudgedWinner;
    let expected = [
        ("up", vec![]),
        ("down", vec![Failure::Demoted, unjudged]),
        ("out", vec![Failure::Demoted, Failure::CutByTruncation, unjudged]),
        // What stage 1 lost, nobody cut.
        ("lost", vec![Failure::NotInShortlist, unjudged]),
        ("low", vec![Failure::RankedLow, Failure::CutByTruncation, unjudged]),
        // b for a at rank 1: gold for gold is no demotion.
        ("pair", vec![]),
    ];
    assert_eq!(failures, expected);
    assert_eq!((report.count(Failure::Demoted), report.count(Failure::CutByTruncation)), (2, 2));
}

#[test]
fn ranks_and_missing_gold_are_reported() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    let ranks: Vec<_> = report.outcomes.iter().map(|o| (o.best_before, o.best_after)).collect();
    let expected = [(3, 1), (1, 2), (1, 11), (0, 0), (12, 12), (1, 1)];
    assert_eq!(ranks, expected.map(|(a, b)| ((a > 0).then_some(a), (b > 0).then_some(b))));
    let down = &report.outcomes[1];
    assert_eq!((down.record.gold[0].as_str(), down.record.gold_missing[0].as_str()), ("a", "nowhere"));
    assert!(down.is_single(), "strata count gold in the pool");
}

#[test]
fn what_is_not_scored_is_named_with_its_reason_and_never_asked() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    let unscored: Vec<_> = report.unscored.iter().map(|(id, why)| (id.shown(), why.as_str())).collect();
    assert_eq!(unscored[0], ("generic", "file types only"));
    assert_eq!(unscored[1], ("gone", "none of its gold skills is in this library: nowhere, else"));
    assert_eq!((unscored.len(), report.scored(), report.header.planned), (2, 6, 7));
    assert!(!router.asked.borrow().iter().any(|request| request == "gone"));
}

#[test]
fn what_no_skill_answers_is_asked_and_counts_in_no_mean() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    assert_eq!(report.no_skill.iter().map(|record| record.task_id.as_str()).collect::<Vec<_>>(), ["none"]);
    assert!(report.is_complete());
    assert_eq!(report.abstention().points[0].coverage, 1.0, "all best scores are the same here");
}

#[test]
fn means_are_those_of_the_outcomes() {
    let (router, benchmark) = fixture();
    let report = run(&router, &benchmark);
    assert_eq!(report.all.after().get(Metric::HIT_1), Some(2.0 / 6.0));
    assert_eq!(report.all.before().get(Metric::HIT_1), Some(3.0 / 6.0));
    let multi = report.stratum("skills", "multi").unwrap();
    assert_eq!(multi.after(), report.outcomes[5].after);
    assert_eq!((report.stratum("skills", "single").unwrap().count, multi.count, report.provisional), (5, 1, 1));
}

#[test]
fn what_is_done_is_not_asked_again() {
    let (router, benchmark) = fixture();
    let done = HashSet::from(["up".to_owned(), "low".to_owned()]);
    let mut asked = Vec::new();
    evaluate(&router, &benchmark, Settings::default(), &done, &mut |record| {
        asked.push(record.task_id);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(asked, ["none", "down", "out", "lost", "pair"]);
}

#[test]
fn a_break_stops_after_that_request() {
    let (router, benchmark) = fixture();
    let mut seen = Vec::new();
    evaluate(&router, &benchmark, Settings::default(), &HashSet::new(), &mut |record| {
        seen.push(record.task_id);
        if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(seen, ["up", "none"]);
    assert_eq!(router.asked.borrow().len(), 2);
}

#[test]
fn a_stopped_router_leaves_a_partial_report() {
    let (router, benchmark) = fixture();
    router.stop_after.set(Some(3));
    let report = run(&router, &benchmark);
    assert_eq!((report.scored(), report.is_complete()), (2, false));
}

#[test]
fn json_has_the_documented_names() {
    let (router, benchmark) = fixture();
    let json = run(&router, &benchmark).to_json();
    assert_eq!((&json["protocol"], &json["system"]), (&"skillrouter".into(), &"fixed 20".into()));
    assert_eq!(json["metrics"]["all"]["Hit@1"], 2.0 / 6.0);
    assert_eq!(json["metrics"]["before"]["Hit@1"], 0.5);
    assert_eq!(json["metrics"]["single"]["count"], 5);
    assert_eq!(json["metrics"]["multi"]["FullCoverage@10"], 1.0);
    assert_eq!(json["per_query"]["down"]["failures"][0], "demoted");
    assert_eq!(json["audit"]["degraded"], 2);
    assert_eq!(json["per_query"]["down"]["before"]["MRR@10"], 1.0);
    assert_eq!(json["per_query"]["up"]["ranking"][0][0], "a");
    assert_eq!(json["unscored"][1]["task_id"], "gone");
    assert_eq!(json["no_skill"]["none"]["ranking"][0][0], "b");
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

/// trec_eval divides by all that is judged relevant, wherever it is; SkillRouter only by what the pool holds.
#[test]
fn gold_outside_the_pool_counts_where_the_protocol_says_so() {
    let (mut router, mut benchmark) = fixture();
    router.answers.insert("gone", (letters("ab"), letters("ab")));
    benchmark.protocol = Protocol::SkillRet;
    let report = run(&router, &benchmark);
    let gone = report.outcomes.iter().find(|outcome| outcome.record.task_id == "gone").unwrap();
    assert_eq!(gone.after.get(Metric::RECALL_10), Some(0.0));
    assert_eq!(gone.record.gold_missing, ["nowhere", "else"]);
    let down = report.outcomes.iter().find(|outcome| outcome.record.task_id == "down").unwrap();
    assert_eq!(down.after.get(Metric::RECALL_10), Some(0.5));
    assert!(!down.is_single());
}
