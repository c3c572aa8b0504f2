//! The first ten minutes of somebody who came to look at failures: keys in, requests to the engine and screens out.

use std::sync::Arc;

use super::*;
use crate::engine::evaluation::comparison::{Against, Comparison, Regression};
use crate::engine::evaluation::digest::Digest;
use crate::engine::{BenchEntry, BenchEvent, BenchRequest, Described, EvalEvent, RunId, RunLine};
use crate::eval::{Benchmark, EvalReport, QueryRecord, RunHeader, Scored, Stratum};
use crate::library::Text;

fn digest() -> Arc<Digest> {
    let list = |gold: usize| -> Vec<Scored> {
        let id = |rank: usize| if rank == gold { "gold-skill".into() } else { format!("other-{rank}") };
        (1..=20).map(|rank| Scored { id: id(rank), score: 1.0 / rank as f32 }).collect()
    };
    let record = |task: &str, request: &str, before: usize, after: usize| QueryRecord {
        task_id: task.into(),
        request: request.into(),
        gold: vec!["gold-skill".into()],
        strata: vec![Stratum::new("skills", "single")],
        shortlist: list(before),
        ranking: list(after),
        ..QueryRecord::default()
    };
    let records = [
        record("t-right", "unfold the map", 1, 1),
        record("t-demoted", "rotate the logs", 1, 13),
        record("t-lost", "polish the lens", 0, 0),
        record("t-fixed", "wind the clock", 5, 1),
    ];
    let header = RunHeader {
        id: "run-now".into(),
        benchmark: "demo".into(),
        benchmark_fingerprint: "f".into(),
        planned: 4,
        ..RunHeader::default()
    };
    Arc::new(Digest::of(&EvalReport::from_records(header, records)))
}

fn run_line(id: &str, finished: bool) -> RunLine {
    RunLine {
        id: id.into(),
        started: "2026-11-21T07:47:00Z".into(),
        benchmark: Text::line("demo"),
        fingerprint: "f".into(),
        protocol: crate::eval::Protocol::SkillRouter,
        system: Text::line("builtin + builtin"),
        settings: Some(Settings::default()),
        done: if finished { 4 } else { 2 },
        planned: 4,
        finished,
        values: vec![("nDCG@10".into(), 0.61)],
        damage: None,
    }
}

fn bench(rig: &mut Rig, event: BenchEvent) {
    rig.app.handle(Event::Engine(Response::Bench(event)));
}

fn eval(rig: &mut Rig, event: EvalEvent) {
    rig.app.handle(Event::Engine(Response::Eval(event)));
}

/// The tab with the demo read, as the engine would have it after a moment.
fn at_the_chooser(keymap: &str) -> Rig {
    let mut rig = rig(keymap, ColorDepth::True, (120, 40));
    rig.app.handle(Event::Engine(Response::Library(Arc::new(Library::default()))));
    let (asked, _) = rig.app.tick(Instant::now());
    let list = |request: &Request| matches!(request, Request::Bench(BenchRequest::List));
    assert!(asked.requests.iter().any(list), "the tab asks what there is without a key");
    let entry = BenchEntry {
        spec: "demo".into(),
        name: Text::line("demo"),
        about: Text::line("in the program"),
        missing: None,
    };
    bench(&mut rig, BenchEvent::Listed(Arc::new(vec![entry])));
    let benchmark = Arc::new(Benchmark { fingerprint: "f".into(), ..Benchmark::demo() });
    let described = Described { benchmark, about: vec!["demo: 4 requests and 4 labels".into()] };
    bench(&mut rig, BenchEvent::Opened { spec: "demo".into(), outcome: Ok(Arc::new(described)) });
    rig.app.notices.clear();
    rig
}

fn finish(rig: &mut Rig) {
    eval(rig, EvalEvent::Started { run: RunId(1), done: 0, of: 4 });
    eval(rig, EvalEvent::Finished { run: RunId(1), digest: digest() });
}

fn settings_of(effects: &Effects) -> Option<Settings> {
    effects.requests.iter().find_map(|request| match request {
        Request::Evaluate(request) => Some(request.settings),
        _ => None,
    })
}

#[test]
fn the_first_ten_minutes_of_a_researcher() {
    let mut rig = at_the_chooser("emacs");
    rig.key("alt-2");
    let screen = rig.screen();
    assert!(screen.contains("demo: 4 requests and 4 labels") && screen.contains("r run"), "{screen}");

    // Depth and reranking are chosen here as in Explore, and hold for the run.
    rig.key("alt-k alt-r");
    assert!(rig.screen().contains("50 · not reranked"), "{}", rig.screen());
    let settings = settings_of(&rig.key("r")).expect("a run");
    assert_eq!((settings.depth, settings.rerank), (50, false));
    assert!(rig.screen().contains("preparing the skills"));
    assert!(rig.key("r").requests.is_empty(), "one run at a time");

    // Pause, go on, and see the end.
    eval(&mut rig, EvalEvent::Started { run: RunId(1), done: 0, of: 4 });
    let paused = rig.key("space");
    assert!(matches!(paused.requests.as_slice(), [Request::PauseEvaluation { paused: true, .. }]));
    eval(&mut rig, EvalEvent::Paused { run: RunId(1), paused: true });
    assert!(rig.screen().contains("paused"));
    rig.key("space");
    eval(&mut rig, EvalEvent::Paused { run: RunId(1), paused: false });
    eval(&mut rig, EvalEvent::Finished { run: RunId(1), digest: digest() });
    let screen = rig.screen();
    assert!(screen.contains("nDCG@10") && screen.contains("2 of 4 · all failures · worst first"), "{screen}");

    // Classes, and a search through requests.
    rig.key("f");
    assert!(rig.screen().contains("fixed by the reranker · worst first"), "{}", rig.screen());
    rig.key("f f f f f f f");
    rig.key("/");
    rig.type_text("rotate");
    assert!(rig.screen().contains("1 of 4"), "{}", rig.screen());
    rig.key("enter");

    // The request in Explore, its gold followed, the benchmark's library visited; and back.
    let effects = rig.key("enter");
    assert_eq!(rig.app.tab(), Tab::Explore);
    assert!(effects.requests.iter().any(|request| matches!(request, Request::Open(Some(_)))));
    let pinned = effects.requests.iter().find_map(|request| match request {
        Request::Search(search) => search.pinned.clone(),
        _ => None,
    });
    assert_eq!(pinned.as_deref(), Some("gold-skill"));
    assert!(rig.screen().contains("rotate the logs"));
    rig.key("alt-2");
    assert!(rig.screen().contains("1 of 4"), "the tab is as it was left");
    rig.key("esc");

    // Every view has something to say.
    for words in ["this run", "skills single", "Before and after"] {
        rig.key("v");
        assert!(rig.screen().contains(words), "{words}: {}", rig.screen());
    }
    assert!(rig.key("v").requests.iter().any(|request| matches!(request, Request::Bench(BenchRequest::Runs))));
    bench(&mut rig, BenchEvent::Runs(Ok(Arc::new(vec![run_line("run-now", true), run_line("run-then", true)]))));
    rig.key("m down m");
    let effects = rig.key("c");
    let ids = ["run-now".to_owned(), "run-then".to_owned()];
    assert!(matches!(effects.requests.as_slice(), [Request::Bench(BenchRequest::Compare(asked))] if *asked == ids));
    let loss = Regression { line: digest().requests[1].clone(), base: 1.0, other: 0.0 };
    let against = Against {
        id: "run-then".into(),
        name: "then".into(),
        common: 4,
        metrics: Vec::new(),
        overlap: 0.5,
        jaccard: 0.5,
        regressions: vec![loss],
    };
    let comparison = Comparison { fingerprint: "f".into(), others: vec![against], ..Comparison::default() };
    bench(&mut rig, BenchEvent::Compared(Ok(Arc::new(comparison))));
    let screen = rig.screen();
    assert!(screen.contains("1.000 → 0.000") && screen.contains("rank-biased overlap 0.500"), "{screen}");
    rig.key("end down down up");
    assert!(rig.key("enter").requests.iter().any(|request| matches!(request, Request::Search(_))));
    assert_eq!(rig.app.tab(), Tab::Explore);
    rig.key("alt-2 v");
    assert!(rig.screen().contains("[Problems]"));
}

#[test]
fn the_worst_requests_are_one_key_from_the_query_line() {
    let mut rig = at_the_chooser("emacs");
    rig.key("alt-e");
    assert!(rig.screen().contains("No evaluation yet"));
    rig.key("alt-2 r");
    finish(&mut rig);
    rig.key("alt-1");
    let screen = rig.screen();
    assert!(screen.contains("Worst requests (2)") && screen.contains("polish the lens"), "{screen}");
    let effects = rig.key("down enter");
    let asked = effects.requests.iter().find_map(|request| match request {
        Request::Search(search) => Some(search.text.to_string()),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some("rotate the logs"));
    // The keys stay with the list, for the next one.
    let effects = rig.key("down down enter");
    assert!(effects.requests.iter().any(|request| matches!(request, Request::Search(_))), "{effects:?}");
    rig.key("alt-e");
    assert!(!rig.screen().contains("Worst requests"));
}

#[test]
fn in_vim_keys_too_and_an_unfinished_run_is_offered() {
    let mut rig = at_the_chooser("vim");
    rig.key("esc 2");
    bench(&mut rig, BenchEvent::Runs(Ok(Arc::new(vec![run_line("run-left", false)]))));
    let screen = rig.screen();
    assert!(screen.contains("left after 2 of 4 requests") && screen.contains("u resume"), "{screen}");
    let effects = rig.key("u");
    let resumed = effects.requests.iter().find_map(|request| match request {
        Request::Evaluate(request) => request.resume.clone(),
        _ => None,
    });
    assert_eq!(resumed.as_deref(), Some("run-left"));
    finish(&mut rig);
    // Typing a search, leaving it, and moving with letters again.
    rig.key("/");
    rig.type_text("lens");
    assert!(rig.screen().contains("1 of 4"), "{}", rig.screen());
    rig.key("enter esc");
    rig.key("j v");
    assert!(rig.screen().contains("[Metrics]"), "{}", rig.screen());
    rig.key("b");
    assert!(rig.screen().contains("What it is"), "{}", rig.screen());
    let before = rig.app.session().settings.stage1;
    rig.key("S");
    assert_ne!(rig.app.session().settings.stage1, before);
}

#[test]
fn the_mouse_chooses_views_and_rows() {
    let mut rig = at_the_chooser("emacs");
    rig.key("alt-2 r");
    finish(&mut rig);
    let find = |rig: &Rig, words: &str| {
        let screen = rig.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(words)).expect("on the screen");
        let line = line.trim_start_matches('"');
        (line[..line.find(words).unwrap()].chars().count() as u16, row as u16)
    };
    let click = |rig: &mut Rig, (column, row): (u16, u16)| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        rig.app.handle(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    };
    let row = find(&rig, "rotate the logs");
    click(&mut rig, row);
    assert!(rig.screen().contains("▌demoted"), "{}", rig.screen());
    click(&mut rig, row);
    assert_eq!(rig.app.tab(), Tab::Explore, "a second click is what Enter is");
    rig.key("alt-2");
    let title = find(&rig, " Strata ");
    click(&mut rig, (title.0 + 2, title.1));
    assert!(rig.screen().contains("[Strata]"), "{}", rig.screen());
}
