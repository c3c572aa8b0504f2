//! The evaluation boundary: numbers equal to the publisher's own, and a demo benchmark that fits its library.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use skillscope::eval::{Benchmark, EvalReport, Metric, MetricRow, Routed, Router, evaluate};
use skillscope::library::load::Source;
use skillscope::search::{SearchError, Settings};

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

/// Gives back rankings that were made elsewhere.
struct Replay {
    pool: HashSet<String>,
    by_request: BTreeMap<String, Vec<String>>,
}

impl Router for Replay {
    fn has(&self, id: &str) -> bool {
        self.pool.contains(id)
    }

    fn pool_size(&self) -> usize {
        self.pool.len()
    }

    fn describe(&self, _: Settings) -> String {
        "replay".into()
    }

    fn rank(&self, request: &Arc<str>, _: Settings) -> Result<Routed, SearchError> {
        let ranking = self.by_request[&**request].clone();
        Ok(Routed { shortlist: ranking.clone(), ranking, provisional: false })
    }
}

fn pool_ids(dir: &Path) -> HashSet<String> {
    let mut ids = HashSet::new();
    for shard in std::fs::read_dir(dir).unwrap() {
        let shard = flate2::read::GzDecoder::new(File::open(shard.unwrap().path()).unwrap());
        for line in BufReader::new(shard).lines() {
            let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
            ids.insert(row["skill_id"].as_str().unwrap().to_string());
        }
    }
    ids
}

/// The folder of shards that a benchmark brings with it.
fn shards(benchmark: &Benchmark) -> PathBuf {
    match &benchmark.pool {
        Some(Source::Paths(paths)) => paths[0].clone(),
        other => panic!("the easy tier is the pool, not {other:?}"),
    }
}

fn replay(benchmark: &Benchmark, golden: &Value, pool: HashSet<String>) -> EvalReport {
    let rankings: BTreeMap<String, Vec<String>> = serde_json::from_value(golden["predictions"].clone()).unwrap();
    let by_request = benchmark
        .tasks
        .iter()
        .map(|(task, _)| (task.request.for_model().to_string(), rankings[task.id.shown()].clone()))
        .collect();
    let router = Replay { pool, by_request };
    evaluate(&router, benchmark, Settings::default(), &mut |_, _| ControlFlow::Continue(())).unwrap()
}

fn assert_row(what: &str, row: &MetricRow, golden: &Value) {
    for metric in Metric::ALL {
        let (got, want) = (row.get(metric), golden[metric.name()].as_f64().unwrap());
        assert!((got - want).abs() < TOLERANCE, "{what} {}: {got}, the publisher's code says {want}", metric.name());
    }
}

#[test]
fn skillrouter_numbers_are_the_publishers() {
    let (Some(dir), Some(golden)) =
        (shared("benchmarks/skillrouter-dev"), shared("benchmarks/golden/skillrouter-bm25.json"))
    else {
        return;
    };
    let benchmark = Benchmark::open(&dir).unwrap();
    assert!(benchmark.problems.is_empty(), "{:?}", benchmark.problems);
    assert_eq!((benchmark.name.as_str(), benchmark.tasks.len()), ("skillrouter-eval-core (subset)", 37));
    let pool = pool_ids(&shards(&benchmark));
    assert_eq!(pool.len(), 6810);

    let golden = json(&golden);
    let report = replay(&benchmark, &golden, pool);
    assert_eq!((report.scored, report.single.1, report.multi.1), (37, 10, 27));
    for outcome in &report.outcomes {
        let id = outcome.task_id.shown();
        assert_row(id, &outcome.after, &golden["per_query"][id]);
    }
    assert_row("all", &report.after, &golden["metrics"]["all"]);
    assert_row("single", &report.single.0, &golden["metrics"]["single"]);
    assert_row("multi", &report.multi.0, &golden["metrics"]["multi"]);
}

/// Grades of skills outside the pool must not enter the ideal ranking: with them, the publisher's numbers are missed.
#[test]
fn grades_outside_the_pool_would_change_ndcg() {
    let (Some(dir), Some(golden)) =
        (shared("benchmarks/skillrouter-dev"), shared("benchmarks/golden/skillrouter-bm25.json"))
    else {
        return;
    };
    let benchmark = Benchmark::open(&dir).unwrap();
    let mut pool = pool_ids(&shards(&benchmark));
    let judged = benchmark.tasks.iter().flat_map(|(_, qrels)| qrels.grades.keys().cloned());
    let degraded: HashSet<String> = judged.filter(|id| id.starts_with("degraded/")).collect();
    assert!(!degraded.is_empty() && degraded.is_disjoint(&pool));
    pool.extend(degraded);
    let golden = json(&golden);
    let report = replay(&benchmark, &golden, pool);
    let published = golden["metrics"]["all"]["nDCG@10"].as_f64().unwrap();
    assert!(report.after.get(Metric::NdcgAt10) < published - 0.01);
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
