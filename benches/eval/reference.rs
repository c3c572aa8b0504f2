//! BM25 against bm25s over the same texts with the same parameters, one thread each, in the same run.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use skillscope::config::BUILTIN;
use skillscope::eval::Benchmark;
use skillscope::index::LexicalIndex;
use skillscope::library::{Field, FieldSet, load};
use skillscope::model::Profiles;
use skillscope::search::fusion::weighing;

use crate::report::Report;

/// Times everything is repeated; the fastest counts on both sides, since a shared machine only ever slows things down.
const ROUNDS: usize = 5;
/// Results per request, as in SkillRouter's retrieval protocol.
const DEPTH: usize = 50;

pub fn compare(shared: &Path, report: &mut Report) -> anyhow::Result<()> {
    let benchmark = Benchmark::open(shared)?;
    let pool = benchmark.pool.as_ref().ok_or_else(|| anyhow::anyhow!("no pool"))?;
    let library = load(pool)?;
    let requests: Vec<&str> = benchmark.tasks.iter().map(|(task, _)| task.request.for_model()).collect();

    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let by_field = weighing(Profiles::builtin()?.get(BUILTIN).and_then(|profile| profile.embedder.as_ref()?.fusion));
    let (index, search, fielded) = threads.install(|| {
        let search = |lexical: &LexicalIndex| {
            fastest(|| {
                for request in &requests {
                    std::hint::black_box(lexical.search(request, FieldSet::Full, DEPTH));
                }
            })
        };
        let index = fastest(|| drop(LexicalIndex::build(&library)));
        let lexical = LexicalIndex::build(&library);
        (index, search(&lexical), search(&lexical.weighed(by_field)))
    });
    let rate = |seconds: f64| requests.len() as f64 / seconds;
    let [index, search, fielded] = [index, search, fielded].map(|time| time.as_secs_f64());
    report.text(
        "BM25F search with the built-in weights, one thread",
        format!("{:.0} requests/s: {:.2} times as fast as BM25", rate(fielded), search / fielded),
        None,
    );
    let Ok(python) = std::env::var("SKILLSCOPE_PYTHON") else {
        report.text("BM25 index, one thread", format!("{index:.3} s"), None);
        report.text("BM25 search, one thread", format!("{:.0} requests/s", rate(search)), None);
        report.note("bm25s: not measured in this run (set SKILLSCOPE_PYTHON).".into());
        return Ok(());
    };
    let mut work = tempfile::NamedTempFile::new()?;
    let documents: Vec<String> = library
        .skills()
        .iter()
        .map(|skill| Field::ALL.map(|field| skill.field(field).for_model()).join(" | "))
        .collect();
    serde_json::to_writer(
        &mut work,
        &serde_json::json!({"documents": documents, "requests": requests, "depth": DEPTH, "rounds": ROUNDS}),
    )?;
    work.flush()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/eval/reference.py");
    let output = Command::new(python).arg(script).arg(work.path()).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let number = |key: &str| theirs[key].as_f64().unwrap_or(f64::NAN);
    let (their_index, their_search) = (number("index_seconds"), number("search_seconds"));
    report.text(
        "BM25 index against bm25s, one thread each",
        format!("{index:.3} against {their_index:.3} s: {:.2} times as fast", their_index / index),
        Some("1"),
    );
    report.text(
        "BM25 search against bm25s, one thread each, whole tasks",
        format!(
            "{:.0} against {:.0} requests/s: {:.2} times as fast",
            rate(search),
            rate(their_search),
            their_search / search
        ),
        Some("1"),
    );
    report.note(format!(
        "Reference: bm25s {} on numpy {}, its own tokeniser, method lucene, k1 1.5, b 0.75, no stemming, {DEPTH} results; \
         the fastest of {ROUNDS} rounds on both sides, tokenising included.",
        theirs["version"].as_str().unwrap_or("?"),
        theirs["numpy"].as_str().unwrap_or("?")
    ));
    Ok(())
}

fn fastest(mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(time).min().unwrap_or_default()
}
