//! The evaluation boundary: numbers equal to the publisher's own, and a demo benchmark that fits its library.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use skillscope::eval::predictions::Predictions;
use skillscope::eval::{Benchmark, EvalReport, Metric, MetricRow, Protocol, Router, blank_report, evaluate};
use skillscope::index::LexicalIndex;
use skillscope::library::{Library, load};
use skillscope::search::{Pipeline, Settings, Stage1};

/// SkillRouter's numbers are means of f64; this is far above rounding and far below any change of a rank.
const TOLERANCE: f64 = 1e-9;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of the shared material, or `None` with one printed line.
fn shared(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn json(path: &Path) -> Value {
    serde_json::from_reader(BufReader::new(File::open(path).unwrap())).unwrap()
}

/// The benchmark of a folder with its pool.
fn opened(dir: &Path) -> (Benchmark, Library) {
    let benchmark = Benchmark::open(dir).unwrap();
    assert!(benchmark.problems.is_empty(), "{:?}", benchmark.problems);
    let pool = load(benchmark.pool.as_ref().unwrap()).unwrap();
    (benchmark, pool)
}

fn run<R: Router>(router: &R, benchmark: &Benchmark, settings: Settings) -> EvalReport {
    let mut report = blank_report(router, benchmark, settings);
    evaluate(router, benchmark, settings, &HashSet::new(), &mut |record| {
        report.push(record);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(report.is_complete());
    report
}

/// Every value the publisher's code prints, under its own name.
fn assert_row(what: &str, row: &MetricRow, golden: &Value, tolerance: f64) {
    let golden = golden.as_object().unwrap();
    let mut compared = 0;
    for (name, want) in golden.iter().filter(|(name, _)| *name != "count") {
        let (metric, want) = (Metric::parse(name).unwrap(), want.as_f64().unwrap());
        let got = row.get(metric).unwrap_or_else(|| panic!("{what}: {name} is not reported"));
        assert!((got - want).abs() < tolerance, "{what} {name}: {got}, the publisher's code says {want}");
        compared += 1;
    }
    assert!(compared >= 11, "{what}: only {compared} values");
}

/// A golden file's own rankings, scored by us.
fn replayed(name: &str, golden: &str) -> Option<(EvalReport, Value)> {
    let (dir, golden) = (shared(&format!("benchmarks/{name}"))?, shared(&format!("benchmarks/golden/{golden}.json"))?);
    let (benchmark, pool) = opened(&dir);
    let predictions = Predictions::read(&golden, Some(pool)).unwrap();
    assert!(predictions.problems.is_empty(), "{:?}", predictions.problems);
    Some((run(&predictions, &benchmark, Settings::default()), json(&golden)))
}

/// BM25 with the settings all three publishers share.
fn bm25(benchmark: &Benchmark, pool: Library, depth: usize) -> EvalReport {
    let library = Arc::new(pool);
    let pipeline = Pipeline::new(library.clone(), Arc::new(LexicalIndex::build(&library)));
    let settings = Settings { stage1: Stage1::Lexical, depth, rerank: false, ..Settings::default() };
    run(&pipeline, benchmark, settings)
}

/// The first ten of ours and the publisher's. Where they differ, scores must tie: then the order is nobody's.
fn assert_same_top_ten(ours: &EvalReport, golden: &dyn Fn(usize, &str) -> Vec<String>) {
    let mut differing = 0;
    for (at, outcome) in ours.outcomes.iter().enumerate() {
        let list = ours.protocol().ordered(outcome.record.last());
        let theirs = golden(at, &outcome.record.task_id);
        for (rank, (our, their)) in list.iter().zip(&theirs).take(10).enumerate() {
            if our.id == *their {
                continue;
            }
            differing += 1;
            let score = |id: &str| list.iter().find(|scored| scored.id == id).map(|scored| scored.score);
            let (a, b) = (our.score, score(their).unwrap_or_else(|| panic!("{their} is not in our list")));
            let id = &outcome.record.task_id;
            assert!((a - b).abs() <= a.abs() * 1e-5, "{id} rank {}: {} {a}, theirs {their} {b}", rank + 1, our.id);
            break;
        }
    }
    assert!(differing <= 1, "{differing} requests differ in their first ten");
}

#[test]
fn skillret_numbers_are_the_publishers() {
    for golden in ["skillret-bm25", "skillret-ties"] {
        let Some((report, golden)) = replayed("skillret-dev", golden) else { return };
        assert_eq!((report.protocol(), report.scored()), (Protocol::SkillRet, 124));
        // Their means are rounded to five decimals, and so are ours where they are reported.
        assert_row("all", &report.all.after(), &golden["metrics"], 0.5e-5 + TOLERANCE);
        let json = report.to_json();
        for (name, want) in golden["metrics"].as_object().unwrap() {
            let got = json["metrics"]["all"][name].as_f64().unwrap();
            assert!((got - want.as_f64().unwrap()).abs() < TOLERANCE, "{name}: {got} {want}");
        }
    }
}

#[test]
fn r3_numbers_are_the_publishers() {
    let Some((report, golden)) = replayed("r3-dev", "r3-bm25") else { return };
    assert_eq!((report.protocol(), report.scored()), (Protocol::R3, 87));
    assert_row("all", &report.all.after(), &golden["metrics"], TOLERANCE);
}

#[test]
fn our_bm25_gives_the_publishers_skillret_lists() {
    let (Some(dir), Some(golden)) = (shared("benchmarks/skillret-dev"), shared("benchmarks/golden/skillret-bm25.json"))
    else {
        return;
    };
    let (benchmark, pool) = opened(&dir);
    let golden = json(&golden);
    let report = bm25(&benchmark, pool, 20);
    assert_same_top_ten(&report, &|_, id| {
        let scores = golden["retrieval"][id].as_object().unwrap();
        let mut list: Vec<(&String, f64)> = scores.iter().map(|(id, score)| (id, score.as_f64().unwrap())).collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| b.0.cmp(a.0)));
        list.into_iter().map(|(id, _)| id.clone()).collect()
    });
    assert_row("all", &report.all.after(), &golden["metrics"], 2e-5);
}

#[test]
fn our_bm25_gives_the_publishers_r3_lists() {
    let (Some(dir), Some(golden)) = (shared("benchmarks/r3-dev"), shared("benchmarks/golden/r3-bm25.json")) else {
        return;
    };
    let (benchmark, pool) = opened(&dir);
    let golden = json(&golden);
    let report = bm25(&benchmark, pool, 20);
    assert_same_top_ten(&report, &|at, _| serde_json::from_value(golden["rankings"][at].clone()).unwrap());
    assert_row("all", &report.all.after(), &golden["metrics"], 1e-3);
}

#[test]
fn our_bm25_gives_the_publishers_skillrouter_lists() {
    let (Some(dir), Some(golden)) =
        (shared("benchmarks/skillrouter-dev"), shared("benchmarks/golden/skillrouter-bm25.json"))
    else {
        return;
    };
    let (benchmark, pool) = opened(&dir);
    let golden = json(&golden);
    let report = bm25(&benchmark, pool, 50);
    assert_same_top_ten(&report, &|_, id| serde_json::from_value(golden["predictions"][id].clone()).unwrap());
    assert_row("all", &report.all.after(), &golden["metrics"]["all"], TOLERANCE);
}

#[test]
fn skillrouter_numbers_are_the_publishers() {
    let Some((report, golden)) = replayed("skillrouter-dev", "skillrouter-bm25") else { return };
    assert_eq!((report.header.benchmark.as_str(), report.header.pool), ("skillrouter-eval-core (subset)", 6810));
    for outcome in &report.outcomes {
        let id = outcome.record.task_id.as_str();
        assert_row(id, &outcome.after, &golden["per_query"][id], TOLERANCE);
    }
    assert_row("all", &report.all.after(), &golden["metrics"]["all"], TOLERANCE);
    for (name, count) in [("single", 10), ("multi", 27)] {
        let row = report.stratum("skills", name).unwrap();
        assert_eq!(row.count, count);
        assert_row(name, &row.after(), &golden["metrics"][name], TOLERANCE);
    }
}

/// Grades of skills outside the pool must not enter the ideal ranking: with them, the publisher's numbers are missed.
#[test]
fn grades_outside_the_pool_would_change_ndcg() {
    let (Some(dir), Some(golden)) =
        (shared("benchmarks/skillrouter-dev"), shared("benchmarks/golden/skillrouter-bm25.json"))
    else {
        return;
    };
    let (benchmark, _) = opened(&dir);
    // Without a library every id counts as found, the degraded ones too.
    let report = run(&Predictions::read(&golden, None).unwrap(), &benchmark, Settings::default());
    let published = json(&golden)["metrics"]["all"]["nDCG@10"].as_f64().unwrap();
    assert!(report.all.after().value(Metric::NDCG_10) < published - 0.01);
}

#[test]
fn the_demo_benchmark_is_whole() {
    let demo = Benchmark::demo();
    assert!(demo.problems.is_empty(), "{:?}", demo.problems);
    assert!(demo.skipped.is_empty());
    assert!(demo.tasks.len() >= 120, "{} requests", demo.tasks.len());
    let by_gold = |count: usize| demo.tasks.iter().filter(|(_, qrels)| qrels.gold.len() == count).count();
    assert!((0..=3).all(|count| by_gold(count) >= 10), "{:?}", [0, 1, 2, 3].map(by_gold));
    assert_eq!((0..=3).map(by_gold).sum::<usize>(), demo.tasks.len());
    for (task, qrels) in &demo.tasks {
        assert_eq!(task.is_no_skill(), qrels.gold.is_empty(), "{}", task.id);
        assert_eq!(qrels.grades.len(), qrels.gold.len(), "{}", task.id);
    }
}

#[test]
fn every_demo_gold_skill_is_in_the_demo_library() {
    let library = root().join("assets/library");
    let wanted: HashSet<String> = Benchmark::demo().tasks.into_iter().flat_map(|(_, qrels)| qrels.gold).collect();
    let absent: Vec<_> = wanted.iter().filter(|id| !library.join(id).join("SKILL.md").is_file()).collect();
    assert!(absent.is_empty(), "gold without a skill: {absent:?}");
    let entries = std::fs::read_dir(&library).unwrap().map(|entry| entry.unwrap());
    for skill in entries.filter(|entry| entry.path().is_dir()) {
        let id = skill.file_name().into_string().unwrap();
        assert!(wanted.contains(&id), "no request of the demo benchmark needs {id}");
    }
}

#[test]
fn a_folder_that_is_no_benchmark_says_what_one_is() {
    let empty = tempfile::tempdir().unwrap();
    let error = Benchmark::open(empty.path()).unwrap_err().to_string();
    assert!(error.contains("tasks.jsonl") && error.contains("relevance.json"), "{error}");

    std::fs::create_dir(empty.path().join("tasks.jsonl")).unwrap();
    let error = Benchmark::open(empty.path()).unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
}

#[test]
fn the_demo_reads_the_same_from_disk() {
    let (embedded, opened) = (Benchmark::demo(), Benchmark::open(&root().join("assets/benchmarks/demo")).unwrap());
    assert_eq!((embedded.name, embedded.fingerprint), (opened.name, opened.fingerprint));
    assert_eq!(embedded.tasks.len(), opened.tasks.len());
}
