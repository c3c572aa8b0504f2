//! Runs that pause, stop, go on and are compared, beside live search.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use skillscope::engine::evaluation::digest::Digest;
use skillscope::engine::{
    BenchEvent, BenchRequest, Engine, EngineOptions, EvalEvent, EvalRequest, Request, Response, RunId, RunLine,
};
use skillscope::eval::Benchmark;
use skillscope::library::load::Source;
use skillscope::search::{QueryId, Settings, Stage1};

use super::{options, ready, search, until};

/// Words alone, so that the test is about runs and not about networks.
fn settings() -> Settings {
    Settings { stage1: Stage1::Lexical, rerank: false, ..Settings::default() }
}

fn engine(runs: &Path) -> Engine {
    Engine::start(EngineOptions { runs: Some(runs.to_path_buf()), ..options(Source::Demo, None) })
}

fn start(engine: &Engine, run: u64, resume: Option<String>) {
    let benchmark = Arc::new(Benchmark::demo());
    engine.send(Request::Evaluate(EvalRequest { run: RunId(run), benchmark, settings: settings(), resume }));
}

/// The events of a run until one satisfies `wanted`.
fn events(engine: &Engine, mut wanted: impl FnMut(&EvalEvent) -> bool) -> Vec<EvalEvent> {
    let seen = until(engine, |response| matches!(response, Response::Eval(event) if wanted(event)));
    let events = seen.into_iter().filter_map(|response| match response {
        Response::Eval(event) => Some(event),
        _ => None,
    });
    events.collect()
}

fn finished(engine: &Engine) -> Arc<Digest> {
    let last = events(engine, |event| match event {
        EvalEvent::Failed { message, .. } => panic!("{message}"),
        event => matches!(event, EvalEvent::Finished { .. }),
    });
    let Some(EvalEvent::Finished { digest, .. }) = last.last() else { unreachable!() };
    digest.clone()
}

fn ask(engine: &Engine, request: BenchRequest) -> BenchEvent {
    engine.send(Request::Bench(request));
    let seen = until(engine, |response| matches!(response, Response::Bench(_)));
    let Some(Response::Bench(event)) = seen.into_iter().next_back() else { unreachable!() };
    event
}

fn runs(engine: &Engine) -> Arc<Vec<RunLine>> {
    match ask(engine, BenchRequest::Runs) {
        BenchEvent::Runs(Ok(lines)) => lines,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_pauses_while_search_answers_stops_and_goes_on_to_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    ready(&engine);
    start(&engine, 1, None);
    events(&engine, |event| matches!(event, EvalEvent::Progress { done: 3.., .. }));
    engine.send(Request::PauseEvaluation { run: RunId(1), paused: true });
    events(&engine, |event| matches!(event, EvalEvent::Paused { paused: true, .. }));

    // Live search answers, and after what was under way no request of the run is done any more.
    engine.send(search(7, "merge two PDF files", settings()));
    until(&engine, |response| matches!(response, Response::Stage1(list) if list.id == QueryId(7)));
    std::thread::sleep(Duration::from_millis(200));
    while engine.responses().try_recv().is_ok() {}
    std::thread::sleep(Duration::from_millis(400));
    assert!(engine.responses().try_iter().all(|response| !matches!(response, Response::Eval(_))), "it is paused");

    // While it is paused: on a busy machine a run that goes on may end before the word reaches it.
    engine.send(Request::CancelEvaluation(RunId(1)));
    let last = events(&engine, |event| matches!(event, EvalEvent::Cancelled { .. } | EvalEvent::Finished { .. }));
    let Some(EvalEvent::Cancelled { done, of, digest, .. }) = last.last() else { panic!("it was too fast: {last:?}") };
    assert!(*done >= 3 && done < of, "{done} of {of}");
    assert_eq!(digest.as_ref().map(|digest| digest.scored + digest.no_skill), Some(*done));

    let kept = runs(&engine);
    assert_eq!((kept.len(), kept[0].done, kept[0].finished), (1, *done, false));
    start(&engine, 2, Some(kept[0].id.clone()));
    let begun = events(&engine, |event| matches!(event, EvalEvent::Started { .. }));
    assert!(matches!(begun.last(), Some(EvalEvent::Started { done: resumed, .. }) if resumed == done));
    for paused in [true, false] {
        engine.send(Request::PauseEvaluation { run: RunId(2), paused });
    }
    let resumed = finished(&engine);

    start(&engine, 3, None);
    let whole = finished(&engine);
    assert_eq!(resumed.metrics, whole.metrics);
    let tasks = |digest: &Digest| digest.requests.iter().map(|line| line.task.shown().to_owned()).collect::<Vec<_>>();
    assert_eq!(tasks(&resumed), tasks(&whole), "each request once, in the benchmark's order");
    assert_eq!(tasks(&whole).iter().collect::<BTreeSet<_>>().len(), whole.scored);
    assert_eq!(whole.audit.iter().sum::<usize>(), whole.scored);

    // The same rankings: nothing wins, nothing loses.
    let kept = runs(&engine);
    assert!(kept.len() == 2 && kept.iter().all(|line| line.finished));
    let ids = kept.iter().map(|line| line.id.clone()).collect();
    let BenchEvent::Compared(Ok(compared)) = ask(&engine, BenchRequest::Compare(ids)) else { panic!("not compared") };
    let against = &compared.others[0];
    assert_eq!((against.common, against.overlap, against.regressions.len()), (whole.scored, 1.0, 0));
    assert!(against.metrics.iter().all(|metric| metric.ties == whole.scored && metric.p == 1.0));
    let report = ask(&engine, BenchRequest::Report(kept[0].id.clone()));
    let BenchEvent::Report { outcome: Ok(again), .. } = report else { panic!("{report:?}") };
    assert_eq!(again.metrics, whole.metrics);
    assert!(again.beside.iter().any(|line| line.values.iter().any(Option::is_some)), "others stand beside it");
}

#[test]
fn benchmarks_are_listed_described_and_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    ready(&engine);
    let BenchEvent::Listed(entries) = ask(&engine, BenchRequest::List) else { panic!("no list") };
    assert_eq!(entries[0].spec, "demo");
    let BenchEvent::Opened { outcome: Ok(demo), .. } = ask(&engine, BenchRequest::Open("demo".into())) else {
        panic!("not opened")
    };
    let tasks = demo.benchmark.tasks.len();
    assert!(demo.about[0].contains(&format!("{tasks} requests")), "{:?}", demo.about);
    assert!(demo.about.iter().any(|line| line.starts_with("pool: ")), "{:?}", demo.about);
    let missing = dir.path().join("no-such-folder");
    let opened = ask(&engine, BenchRequest::Open(missing.to_string_lossy().into_owned()));
    let BenchEvent::Opened { outcome: Err(why), .. } = opened else { panic!("{opened:?}") };
    assert!(why.contains("no-such-folder"), "{why}");
    assert!(runs(&engine).is_empty());
    let unknown = ask(&engine, BenchRequest::Report("none".into()));
    assert!(matches!(unknown, BenchEvent::Report { outcome: Err(_), .. }));
    start(&engine, 1, Some("none".into()));
    let failed = events(&engine, |event| matches!(event, EvalEvent::Failed { .. }));
    assert!(!failed.is_empty());
}
