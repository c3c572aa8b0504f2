use super::*;
use crate::eval::{Qrels, QueryRecord, RunHeader, Scored, Task};
use crate::search::Settings;

/// A request whose one gold skill stands at these ranks of the two lists.
fn record(at: usize, before: Option<usize>, after: Option<usize>) -> QueryRecord {
    let gold = format!("gold-{at}");
    let list = |rank: Option<usize>| {
        let id = |index: usize| if Some(index + 1) == rank { gold.clone() } else { format!("s{index}") };
        (0..20).map(|index| Scored { id: id(index), score: -(index as f32) }).collect()
    };
    QueryRecord {
        task_id: format!("t{at}"),
        request: format!("request\u{7} {at}"),
        shortlist: list(before),
        ranking: list(after),
        gold: vec![gold],
        ..QueryRecord::default()
    }
}

fn report() -> Arc<EvalReport> {
    let records = vec![
        record(0, Some(1), Some(1)),
        record(1, Some(1), Some(4)),
        record(2, None, None),
        record(3, Some(12), Some(11)),
    ];
    Arc::new(EvalReport::from_records(RunHeader { planned: 4, ..RunHeader::default() }, records))
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
        strata: Vec::new(),
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
    assert_eq!(ids(&tab), [1, 2, 3], "most demoted first");
    let mut shown = Vec::new();
    for _ in 0..7 {
        tab.update(Action::Filter, &session, &mut out);
        shown.push(ids(&tab));
    }
    assert_eq!(shown, [vec![2], vec![1], vec![3], vec![], vec![], vec![1, 2, 3], vec![1, 0, 2, 3]]);
}

#[test]
fn the_selection_stays_on_its_request_while_rows_come_in() {
    let (mut tab, session, mut out) = running();
    let part = EvalReport { outcomes: report().outcomes[..2].to_vec(), ..EvalReport::default() };
    let progress = |report: EvalReport, tab: &Evaluate| {
        Response::Eval(EvalEvent::Progress { run: tab.run, so_far: Arc::new(report) })
    };
    let first = progress(part, &tab);
    tab.response(&first, &session, &mut out);
    (0..7).for_each(|_| tab.update(Action::Filter, &session, &mut out));
    tab.update(Action::Last, &session, &mut out);
    let before = tab.outcome().map(|outcome| outcome.record.task_id.clone());
    let second = progress(report().as_ref().clone(), &tab);
    tab.response(&second, &session, &mut out);
    assert_eq!(tab.outcome().map(|outcome| outcome.record.task_id.clone()), before);
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
