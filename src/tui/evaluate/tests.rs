use super::*;
use crate::engine::{BenchEvent, BenchRequest, Described, EvalEvent, Request, Response, RunId};
use crate::eval::{Audit, Benchmark, EvalReport, Failure, QueryRecord, RunHeader, Scored, Stratum};
use crate::tui::action::Action;
use crate::tui::evaluation::{Evaluation, Phase};
use crate::tui::session::Outbox;
use list::{Show, Sort};

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
        strata: vec![Stratum::new("difficulty", if at.is_multiple_of(2) { "easy" } else { "hard" })],
        shortlist: list(before),
        ranking: list(after),
        gold: vec![gold],
        ..QueryRecord::default()
    }
}

fn records() -> Vec<QueryRecord> {
    vec![
        record(0, Some(1), Some(1)),
        record(1, Some(1), Some(4)),
        record(2, None, None),
        record(3, Some(12), Some(11)),
        record(4, Some(3), Some(1)),
    ]
}

fn digest(records: Vec<QueryRecord>) -> Arc<Digest> {
    let header = RunHeader { planned: 5, benchmark_fingerprint: "f".into(), ..RunHeader::default() };
    Arc::new(Digest::of(&EvalReport::from_records(header, records)))
}

struct Rig {
    tab: Evaluate,
    session: Session,
    out: Outbox,
}

impl Rig {
    /// The demo chosen and read.
    fn new() -> Self {
        let session = crate::tui::explore::fixture::session();
        let mut rig = Rig { tab: Evaluate::new(), session, out: Outbox::default() };
        let entry = crate::engine::BenchEntry {
            spec: "demo".into(),
            name: crate::library::Text::line("demo"),
            about: Default::default(),
            missing: None,
        };
        rig.answer(BenchEvent::Listed(Arc::new(vec![entry])));
        let benchmark = Arc::new(Benchmark { fingerprint: "f".into(), ..Benchmark::demo() });
        let described = Described { benchmark, about: Vec::new() };
        rig.answer(BenchEvent::Opened { spec: "demo".into(), outcome: Ok(Arc::new(described)) });
        rig
    }

    /// The same, run to its end.
    fn finished() -> Self {
        let mut rig = Rig::new();
        rig.start();
        rig.tell(EvalEvent::Finished { run: RunId(1), digest: digest(records()) });
        rig
    }

    fn act(&mut self, action: Action) -> &mut Self {
        self.tab.update(action, &self.session, &mut self.out);
        self
    }

    fn start(&mut self) {
        self.act(Action::StartEvaluation);
        if let Some(Request::Evaluate(request)) = self.out.requests.last() {
            self.session.evaluation = Evaluation::asked_for(request);
        }
    }

    fn answer(&mut self, event: BenchEvent) {
        self.tab.response(&Response::Bench(event), &self.session, &mut self.out);
    }

    fn tell(&mut self, event: EvalEvent) {
        self.session.evaluation.take(&event);
        self.tab.response(&Response::Eval(event), &self.session, &mut self.out);
    }

    fn tasks(&self) -> Vec<String> {
        let digest = self.tab.digest(&self.session).unwrap();
        self.tab.rows.iter().map(|&row| digest.requests[row].task.shown().to_owned()).collect()
    }
}

#[test]
fn a_run_uses_the_settings_of_live_search_pauses_and_stops() {
    let mut rig = Rig::new();
    rig.start();
    let settings = rig.session.settings;
    assert!(matches!(rig.out.requests.last(), Some(Request::Evaluate(run)) if run.settings == settings));
    assert!(!rig.tab.available(Action::StartEvaluation, &rig.session));
    rig.tell(EvalEvent::Started { run: RunId(1), done: 0, of: 5 });
    rig.act(Action::PauseEvaluation);
    assert!(matches!(rig.out.requests.last(), Some(Request::PauseEvaluation { run: RunId(1), paused: true })));
    rig.tell(EvalEvent::Paused { run: RunId(1), paused: true });
    rig.act(Action::PauseEvaluation);
    assert!(matches!(rig.out.requests.last(), Some(Request::PauseEvaluation { paused: false, .. })));
    rig.act(Action::CancelEvaluation);
    assert!(matches!(rig.out.requests.last(), Some(Request::CancelEvaluation(RunId(1)))));
    rig.tell(EvalEvent::Cancelled { run: RunId(1), done: 1, of: 5, digest: None });
    assert_eq!(rig.session.evaluation.phase, Phase::Cancelled);
    assert!(rig.tab.available(Action::StartEvaluation, &rig.session));
}

#[test]
fn requests_come_worst_first_and_can_be_sorted_and_filtered() {
    let mut rig = Rig::finished();
    assert_eq!(rig.tasks(), ["t2", "t3", "t1"]);
    rig.act(Action::CycleSort);
    assert_eq!(rig.tab.wish.sort, Sort::MostDemoted);
    assert_eq!(rig.tasks()[0], "t1");
    rig.act(Action::CycleSort).act(Action::CycleSort).act(Action::CycleSort);
    let mut shown = Vec::new();
    loop {
        rig.act(Action::CycleClass);
        shown.push((rig.tab.wish.show, rig.tasks().join(" ")));
        if rig.tab.wish.show == Show::Failures {
            break;
        }
    }
    let wanted = [
        (Show::Cell(Audit::Fixed), "t4"),
        (Show::Cell(Audit::Degraded), "t1"),
        (Show::Cell(Audit::BothMissed), "t2 t3"),
        (Show::Only(Failure::NotInShortlist), "t2"),
        (Show::Only(Failure::Demoted), "t1"),
        (Show::Only(Failure::RankedLow), "t3"),
        (Show::Only(Failure::UnjudgedWinner), "t2 t3 t1"),
        (Show::All, "t2 t3 t1 t0 t4"),
        (Show::Failures, "t2 t3 t1"),
    ];
    assert_eq!(shown, wanted.map(|(show, tasks)| (show, tasks.to_owned())), "what lists nothing is left out");
}

#[test]
fn a_stratum_and_a_search_narrow_the_list_and_back_widens_it() {
    let mut rig = Rig::finished();
    rig.act(Action::NextView).act(Action::NextView);
    assert_eq!(rig.tab.view, View::Strata);
    // all, easy, hard.
    rig.act(Action::Last).act(Action::Open);
    assert_eq!((rig.tab.view, rig.tasks()), (View::Requests, vec!["t3".to_owned(), "t1".to_owned()]));
    rig.act(Action::Filter);
    assert!(rig.tab.text_input());
    for letter in "GOLD-3".chars() {
        let key = crossterm::event::KeyEvent::new(
            crossterm::event::KeyCode::Char(letter),
            crossterm::event::KeyModifiers::NONE,
        );
        rig.tab.key(key, &rig.session, &mut rig.out);
    }
    assert_eq!(rig.tasks(), ["t3"], "case does not matter, and ids of right skills count");
    rig.act(Action::Open);
    assert!(!rig.tab.text_input() && rig.out.explore.is_none(), "Enter ends the typing first");
    rig.act(Action::Back);
    assert_eq!(rig.tasks().len(), 2);
    rig.act(Action::Back);
    assert_eq!(rig.tasks().len(), 3);
    assert!(!rig.tab.available(Action::Back, &rig.session));
}

#[test]
fn the_selection_stays_on_its_request_while_rows_come_in() {
    let mut rig = Rig::new();
    rig.start();
    rig.tell(EvalEvent::Started { run: RunId(1), done: 0, of: 5 });
    let progress = |records: Vec<QueryRecord>| EvalEvent::Progress {
        run: RunId(1),
        done: records.len(),
        of: 5,
        speed: None,
        digest: Some(digest(records)),
    };
    rig.tell(progress(records()[1..3].to_vec()));
    assert_eq!(rig.tasks(), ["t2", "t1"]);
    rig.act(Action::Last);
    rig.tell(progress(records()[1..].to_vec()));
    let digest = rig.tab.digest(&rig.session).unwrap();
    assert_eq!(rig.tab.request(digest).map(|line| line.task.shown()), Some("t1"));
}

#[test]
fn enter_opens_the_request_with_its_gold_over_the_benchmarks_pool() {
    let mut rig = Rig::finished();
    rig.act(Action::Open);
    let opened = rig.out.explore.as_ref().expect("a request to open");
    assert_eq!((opened.request.as_str(), &opened.gold[..]), ("request\u{7} 2", &["gold-2".to_owned()][..]));
    assert!(rig.out.requests.iter().any(|request| matches!(request, Request::Open(Some(_)))));
}

#[test]
fn a_path_that_is_typed_is_read_and_kept_in_the_list() {
    let mut rig = Rig::new();
    rig.act(Action::Filter);
    rig.tab.paste("/bench/mine\nand more", &rig.session, &mut rig.out);
    rig.act(Action::Open);
    let asked = Request::Bench(BenchRequest::Open("/bench/mine".into()));
    assert_eq!(format!("{:?}", rig.out.requests.last().unwrap()), format!("{asked:?}"));
    assert_eq!(rig.tab.setup.entries().len(), 2);
    // It cannot be read: Enter says why and runs nothing.
    rig.answer(BenchEvent::Opened { spec: "/bench/mine".into(), outcome: Err("/bench/mine: no \u{1b}such".into()) });
    let before = rig.out.requests.len();
    rig.act(Action::Open);
    assert_eq!(rig.out.requests.len(), before);
    assert!(rig.out.status.as_ref().is_some_and(|why| why.contains("no") && !why.contains('\u{1b}')));
}

#[test]
fn an_unfinished_run_of_the_same_thing_is_offered_and_resumed() {
    let mut rig = Rig::new();
    assert!(!rig.tab.available(Action::ResumeEvaluation, &rig.session));
    let line = RunLine {
        id: "left".into(),
        started: "2026-11-21T07:00:00Z".into(),
        benchmark: Default::default(),
        fingerprint: "f".into(),
        protocol: Default::default(),
        system: Default::default(),
        settings: Some(rig.session.settings),
        done: 2,
        planned: 5,
        finished: false,
        values: Vec::new(),
        damage: None,
    };
    let others = [
        RunLine { finished: true, ..line.clone() },
        RunLine { fingerprint: "another".into(), ..line.clone() },
        RunLine { settings: None, ..line.clone() },
    ];
    rig.answer(BenchEvent::Runs(Ok(Arc::new(others.to_vec()))));
    assert!(!rig.tab.available(Action::ResumeEvaluation, &rig.session), "none of these is the same thing");
    rig.answer(BenchEvent::Runs(Ok(Arc::new(vec![line]))));
    rig.act(Action::ResumeEvaluation);
    let resumed = rig.out.requests.iter().find_map(|request| match request {
        Request::Evaluate(request) => request.resume.clone(),
        _ => None,
    });
    assert_eq!(resumed.as_deref(), Some("left"));
}

#[test]
fn two_marked_runs_are_compared_and_one_is_not() {
    let mut rig = Rig::finished();
    rig.act(Action::PreviousView).act(Action::PreviousView);
    assert_eq!(rig.tab.view, View::Runs);
    let line = |id: &str| RunLine {
        id: id.into(),
        started: String::new(),
        benchmark: Default::default(),
        fingerprint: "f".into(),
        protocol: Default::default(),
        system: Default::default(),
        settings: None,
        done: 5,
        planned: 5,
        finished: true,
        values: Vec::new(),
        damage: None,
    };
    rig.answer(BenchEvent::Runs(Ok(Arc::new(vec![line("new"), line("old")]))));
    rig.act(Action::MarkRun).act(Action::CompareRuns);
    assert!(rig.out.status.as_ref().is_some_and(|status| status.contains("two runs")));
    rig.act(Action::Down).act(Action::MarkRun).act(Action::CompareRuns);
    let asked = matches!(
        rig.out.requests.last(),
        Some(Request::Bench(BenchRequest::Compare(ids))) if ids == &["new".to_owned(), "old".to_owned()]
    );
    assert!(asked, "{:?}", rig.out.requests.last());
    rig.act(Action::Open);
    assert!(matches!(rig.out.requests.last(), Some(Request::Bench(BenchRequest::Report(id))) if id == "old"));
    rig.answer(BenchEvent::Report { id: "old".into(), outcome: Ok(digest(records()[..2].to_vec())) });
    assert_eq!((rig.tab.view, rig.tasks()), (View::Requests, vec!["t1".to_owned()]));
    rig.act(Action::Back);
    assert_eq!(rig.tasks().len(), 3, "back to this session's run");
}
