//! What the Evaluate tab and its pane in Explore look like, drawn from a report made of hand-written records.

use std::sync::Arc;
use std::time::Duration;

use skillscope::engine::evaluation::comparison::{Against, Comparison, Difference, Regression};
use skillscope::engine::evaluation::digest::{BesideLine, Digest, Whose};
use skillscope::engine::{
    BenchEntry, BenchEvent, Described, EvalEvent, EvalRequest, Request, Response, RunId, RunLine,
};
use skillscope::eval::compare::Verdict;
use skillscope::eval::stats::Interval;
use skillscope::eval::{Benchmark, EvalReport, Protocol, QueryRecord, RunHeader, Scored, Stratum};
use skillscope::library::Text;
use skillscope::tui::action::Action;
use skillscope::tui::evaluate::Evaluate;
use skillscope::tui::evaluation::{Evaluation, Phase};
use skillscope::tui::session::{Outbox, Session};

use crate::{Explored, SIZES, draw, fixture, plain, snapshot, theme};

/// What is on the screen, and how often "next view" leads there.
pub const VIEWS: [(&str, usize); 8] = [
    ("requests", 0),
    ("metrics", 1),
    ("strata", 2),
    ("charts", 3),
    ("runs", 4),
    ("compared", 4),
    ("problems", 5),
    ("chooser", 0),
];

fn report(done: usize) -> EvalReport {
    // Every sixth request: fixed, lost by stage 1, demoted, ranked low, right twice, missed but near.
    let ranks = [(3, 1), (0, 0), (1, 14), (15, 12), (1, 1), (4, 2)];
    let list = |gold: usize, top: f32| -> Vec<Scored> {
        let id = |rank: usize| if rank == gold { "gold".into() } else { format!("skill-{rank}") };
        (1..=20).map(|rank| Scored { id: id(rank), score: top / rank as f32 }).collect()
    };
    let record = |at: usize| QueryRecord {
        task_id: format!("demo-{at}"),
        request: format!("Request {at}: do what has to be done, 日本語 and all, and say so.\nSecond line."),
        gold: vec!["gold".into()],
        strata: vec![
            Stratum::new("skills", if at.is_multiple_of(3) { "multi" } else { "single" }),
            Stratum::new("difficulty", ["easy", "medium", "hard"][at % 3]),
        ],
        shortlist: list(ranks[at % 6].0, 1.0),
        ranking: list(ranks[at % 6].1, (at * 7 % 11) as f32),
        ..QueryRecord::default()
    };
    let header = RunHeader {
        id: "20261121-074700-demo-0001".into(),
        started: "2026-11-21T07:47:00Z".into(),
        benchmark: "demo".into(),
        benchmark_fingerprint: "0123456789abcdef0123456789abcdef".into(),
        system: "builtin, fused, fields full, depth 20".into(),
        planned: 120,
        pool: 24,
        ..RunHeader::default()
    };
    EvalReport {
        unscored: vec![(Text::line("demo-17"), "none of its gold skills is in this library: gold-17".into())],
        problems: vec![Text::line("tasks.jsonl:12: no field \"question\"")],
        elapsed: Duration::from_secs(6),
        ..EvalReport::from_records(header, (0..done).map(record))
    }
}

fn digest(done: usize) -> Arc<Digest> {
    let values = vec![Some(0.7421), Some(0.6512), None, Some(0.81), None];
    let published = BesideLine {
        name: "SR-Emb-0.6B × SR-Rank-0.6B".into(),
        whose: Whose::Published {
            label: "published: arXiv 2603.22455, table 4, hard, reranking, 75 requests × 80000 skills".into(),
            same_data: false,
        },
        values: values.clone(),
    };
    let earlier = BesideLine {
        name: "builtin, lexical".into(),
        whose: Whose::Earlier { started: "2026-11-20T18:00:00Z".into() },
        values,
    };
    Arc::new(Digest { beside: vec![earlier, published], ..Digest::of(&report(done)) })
}

fn run_line(number: usize, finished: bool) -> RunLine {
    RunLine {
        id: format!("2026112{number}-074700-demo-000{number}"),
        started: format!("2026-11-2{number}T07:47:00Z"),
        benchmark: Text::line("demo"),
        fingerprint: "0123456789abcdef0123456789abcdef".into(),
        protocol: Protocol::SkillRouter,
        system: Text::line("builtin + builtin, fused, fields full, depth 20"),
        settings: Some(fixture::session().settings),
        done: if finished { 120 } else { 48 },
        planned: 120,
        finished,
        values: vec![("nDCG@10".into(), 0.6 + number as f64 / 100.0)],
        damage: None,
    }
}

fn comparison() -> Arc<Comparison> {
    let requests = &digest(60).requests;
    let metric = |name: &str, other, p_holm, verdict| Difference {
        name: name.into(),
        base: 0.61,
        other,
        interval: Some(Interval { low: -0.0312, high: 0.0981 }),
        wins: 14,
        ties: 98,
        losses: 8,
        p: p_holm / 5.0,
        p_holm,
        verdict,
    };
    let losses = [1, 2].map(|at| Regression { line: requests[at].clone(), base: 1.0, other: 0.387 });
    Arc::new(Comparison {
        benchmark: "demo".into(),
        fingerprint: "0123456789abcdef0123456789abcdef".into(),
        base: "fused full 20 reranked, 2026-11-21 07:47".into(),
        others: vec![Against {
            id: "x".into(),
            name: "lexical full 20 not reranked, 2026-11-22 07:47".into(),
            common: 120,
            metrics: vec![
                metric("nDCG@10", 0.6434, 0.04, Verdict::Better),
                metric("FullCoverage@10", 0.61, 1.0, Verdict::NoneShown),
            ],
            overlap: 0.812,
            jaccard: 0.667,
            regressions: losses.to_vec(),
        }],
        warnings: vec!["A run is not complete: only requests that both have done are compared.".into()],
    })
}

/// The chooser with what the engine says of the demo.
fn choosing() -> (Evaluate, Session, Outbox) {
    let (mut tab, session, mut out) = (Evaluate::new(), fixture::session(), Outbox::default());
    let entry = |name: &str, about: &str, here: bool| BenchEntry {
        spec: name.into(),
        name: Text::line(name),
        about: Text::line(about),
        missing: (!here).then(|| Text::line(format!("get it with `skillscope bench pull {name}`"))),
    };
    let entries = vec![
        entry("demo", "inside the program, over the demo library", true),
        entry("skillrouter-dev", "~/benchmarks/skillrouter-dev", true),
        entry("SkillRetBench", "8,347 requests, CC BY 4.0", false),
    ];
    let fingerprint = "0123456789abcdef0123456789abcdef".to_owned();
    let benchmark = Benchmark { fingerprint, ..Benchmark::demo() };
    let about = vec![
        "demo: 120 requests and 131 labels, 104 with one skill".to_owned(),
        "4 requests that no skill should answer: for abstention only".to_owned(),
        "pool: 24 skills".to_owned(),
    ];
    let described = Described { benchmark: Arc::new(benchmark), about };
    for event in [
        BenchEvent::Listed(Arc::new(entries)),
        BenchEvent::Opened { spec: "demo".into(), outcome: Ok(Arc::new(described)) },
        BenchEvent::Runs(Ok(Arc::new(vec![run_line(3, false), run_line(2, true), run_line(1, true)]))),
    ] {
        tab.response(&Response::Bench(event), &session, &mut out);
    }
    (tab, session, out)
}

/// A run of the demo of which so many requests are done.
fn running(done: usize) -> (Evaluate, Session, Outbox) {
    let (mut tab, mut session, mut out) = choosing();
    tab.update(Action::StartEvaluation, &session, &mut out);
    let asked = out.requests.iter().find_map(|request| match request {
        Request::Evaluate(request) => Some(request.clone()),
        _ => None,
    });
    let asked: EvalRequest = asked.expect("a run was asked for");
    session.evaluation = Evaluation::asked_for(&asked);
    let run = RunId(1);
    let mut events = Vec::new();
    if done > 0 {
        events.push(EvalEvent::Started { run, done: 0, of: 120 });
        events.push(EvalEvent::Progress { run, done, of: 120, speed: Some(9.8), digest: Some(digest(done)) });
    }
    for event in events {
        session.evaluation.take(&event);
        tab.response(&Response::Eval(event), &session, &mut out);
    }
    (tab, session, out)
}

pub fn shown((name, turns): (&str, usize)) -> (Evaluate, Session) {
    let (mut tab, session, mut out) = if name == "chooser" { choosing() } else { running(60) };
    (0..turns).for_each(|_| tab.update(Action::NextView, &session, &mut out));
    if name == "compared" {
        for action in [Action::MarkRun, Action::Down, Action::MarkRun, Action::CompareRuns] {
            tab.update(action, &session, &mut out);
        }
        tab.response(&Response::Bench(BenchEvent::Compared(Ok(comparison()))), &session, &mut out);
    }
    (tab, session)
}

fn picture(tab: &Evaluate, session: &Session, size: (u16, u16)) -> String {
    plain(&draw(size, |frame| tab.draw(frame, frame.area(), session, &theme("mono"))))
}

#[test]
fn every_view_at_every_size() {
    for (name, turns) in VIEWS {
        for size in SIZES {
            let (tab, session) = shown((name, turns));
            snapshot(&format!("evaluate-{name}"), size, &picture(&tab, &session, size));
        }
    }
}

#[test]
fn before_the_first_number_it_says_what_is_going_on() {
    let (tab, session, _) = running(0);
    snapshot("evaluate-preparing", (80, 24), &picture(&tab, &session, (80, 24)));
    let (mut tab, mut session, mut out) = running(0);
    let failed = EvalEvent::Failed { run: RunId(1), message: "model \u{1b}[2Jgone".into() };
    session.evaluation.take(&failed);
    tab.response(&Response::Eval(failed), &session, &mut out);
    let screen = picture(&tab, &session, (80, 24));
    assert!(screen.contains("The evaluation failed: model") && !screen.contains('\u{1b}'), "{screen}");
}

/// Colour only repeats what symbols and words say; both are in these pictures.
#[test]
fn styles_in_colour_and_without() {
    for (name, turns) in [VIEWS[0], VIEWS[3]] {
        let (tab, session) = shown((name, turns));
        for (theme_name, size) in [("terminal-dark", (80, 24)), ("terminal-light", (120, 40)), ("mono", (80, 24))] {
            let buffer = draw(size, |frame| tab.draw(frame, frame.area(), &session, &theme(theme_name)));
            snapshot(&format!("evaluate-{name}-styles-{theme_name}"), size, &format!("{buffer:#?}"));
        }
    }
    let (tab, mut session) = shown(VIEWS[3]);
    session.ascii = true;
    let ascii = picture(&tab, &session, (120, 40));
    // Requests are the benchmark's; everything else is ours.
    assert!(ascii.lines().all(|line| line.is_ascii()), "{ascii}");
    snapshot("evaluate-charts-ascii", (120, 40), &ascii);
}

#[test]
fn the_evaluation_beside_the_search() {
    for size in SIZES {
        let mut explored = Explored::found(20);
        let (_, session, _) = running(60);
        explored.session.evaluation = session.evaluation;
        explored.act(&[Action::ToggleEvaluation, Action::Down]);
        snapshot("explore-evaluation", size, &explored.screen(size));
    }
    let mut explored = Explored::found(20);
    explored.act(&[Action::ToggleEvaluation]);
    assert!(explored.screen((120, 40)).contains("No evaluation yet"));
    assert_eq!(explored.session.evaluation.phase, Phase::Idle);
}
