use super::*;
use crate::eval::{Failure, Metric, MetricRow, Qrels, Task};
use crate::search::Settings;

fn outcome(at: usize, failure: Option<Failure>, before: f64, after: f64) -> Arc<QueryOutcome> {
    let mut rows = [MetricRow::default(); 2];
    rows[0].0[Metric::NdcgAt10 as usize] = before;
    rows[1].0[Metric::NdcgAt10 as usize] = after;
    Arc::new(QueryOutcome {
        task_id: Text::line(format!("t{at}")),
        request: Text::block(format!("request\u{7} {at}")),
        gold: vec![Text::line(format!("gold-{at}"))],
        gold_missing: Vec::new(),
        ranking: Vec::new(),
        best_before: Some(at + 1),
        best_after: failure.is_none().then_some(1),
        before: rows[0],
        after: rows[1],
        provisional: false,
        failure,
        elapsed: std::time::Duration::from_millis(20),
    })
}

fn report() -> Arc<EvalReport> {
    Arc::new(EvalReport {
        outcomes: vec![
            outcome(0, None, 1.0, 1.0),
            outcome(1, Some(Failure::Demoted), 0.9, 0.3),
            outcome(2, Some(Failure::NotInShortlist), 0.0, 0.0),
            outcome(3, Some(Failure::RankedLow), 0.2, 0.1),
        ],
        ..EvalReport::default()
    })
}

fn running() -> (Evaluate, Session, Outbox) {
    let session = crate::tui::explore::fixture::session();
    let (mut tab, mut out) = (Evaluate::new(), Outbox::default());
    let task = Task {
        id: Text::line("t0"),
        request: Text::block("request"),
        domain: Text::default(),
        difficulty: Text::default(),
        tags: Vec::new(),
    };
    let benchmark = Benchmark { tasks: vec![(task, Qrels::default()); 4], ..Benchmark::demo() };
    tab.start(benchmark, &session, &mut out);
    (tab, session, out)
}

fn ids(tab: &Evaluate) -> Vec<usize> {
    tab.list.rows.clone()
}

#[test]
fn a_run_uses_the_settings_of_live_search_and_can_be_stopped() {
    let (mut tab, session, mut out) = running();
    assert!(matches!(&out.requests[..], [Request::Evaluate(run)] if run.settings == Settings::default()));
    assert!(!tab.available(Action::StartEvaluation, &session));
    tab.update(Action::CancelEvaluation, &session, &mut out);
    assert!(matches!(out.requests.last(), Some(Request::CancelEvaluation(run)) if *run == tab.run));
    let cancelled = EvalEvent::Cancelled { run: tab.run, done: 1, of: 4 };
    tab.response(&Response::Eval(cancelled), &session, &mut out);
    assert!(tab.available(Action::StartEvaluation, &session));
}

#[test]
fn failures_come_worst_first_and_can_be_filtered() {
    let (mut tab, session, mut out) = running();
    tab.response(&Response::Eval(EvalEvent::Finished { run: tab.run, report: report() }), &session, &mut out);
    assert_eq!(ids(&tab), [2, 3, 1]);
    tab.update(Action::CycleSort, &session, &mut out);
    assert_eq!(ids(&tab), [1, 3, 2], "most demoted first");
    let mut shown = Vec::new();
    for _ in 0..4 {
        tab.update(Action::Filter, &session, &mut out);
        shown.push(ids(&tab));
    }
    assert_eq!(shown, [vec![2], vec![1], vec![3], vec![1, 3, 0, 2]]);
}

#[test]
fn the_selection_stays_on_its_request_while_rows_come_in() {
    let (mut tab, session, mut out) = running();
    let part = EvalReport { outcomes: report().outcomes[..2].to_vec(), ..EvalReport::default() };
    let progress = |report: EvalReport, tab: &Evaluate| {
        let outcome = report.outcomes[0].clone();
        Response::Eval(EvalEvent::Progress { run: tab.run, done: 2, of: 4, outcome, so_far: Arc::new(report) })
    };
    let first = progress(part, &tab);
    tab.response(&first, &session, &mut out);
    tab.update(Action::Filter, &session, &mut out);
    (0..3).for_each(|_| tab.update(Action::Filter, &session, &mut out));
    tab.update(Action::Last, &session, &mut out);
    let before = tab.outcome().map(|outcome| outcome.task_id.clone());
    let second = progress(report().as_ref().clone(), &tab);
    tab.response(&second, &session, &mut out);
    assert_eq!(tab.outcome().map(|outcome| outcome.task_id.clone()), before);
}

#[test]
fn enter_opens_the_request_with_its_gold_in_explore() {
    let (mut tab, session, mut out) = running();
    tab.response(&Response::Eval(EvalEvent::Finished { run: tab.run, report: report() }), &session, &mut out);
    tab.update(Action::Open, &session, &mut out);
    let opened = out.explore.expect("a request to open");
    assert_eq!((opened.request.as_str(), opened.gold), ("request\u{7} 2", vec!["gold-2".to_owned()]));
    assert_eq!(out.go_to, Some(Tab::Explore));
}

#[test]
fn another_run_is_not_this_run() {
    let (mut tab, session, mut out) = running();
    let other = RunId(tab.run.0 + 7);
    tab.response(&Response::Eval(EvalEvent::Finished { run: other, report: report() }), &session, &mut out);
    assert!(tab.is_running() && tab.report.is_none());
    let failed = EvalEvent::Failed { run: tab.run, message: "model \u{1b}gone".into() };
    tab.response(&Response::Eval(failed), &session, &mut out);
    assert!(tab.failed.as_ref().is_some_and(|failed| !failed.shown().contains('\u{1b}')));
}
