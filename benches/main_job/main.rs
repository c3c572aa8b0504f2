//! What README and docs/performance.md claim about speed comes from here:
//!
//! ```sh
//! cargo bench --bench main_job                                   # prints Markdown
//! SKILLSCOPE_PYTHON=/path/to/python cargo bench --bench main_job # with sentence-transformers in the same run
//! ```
//!
//! Works on `../shared/benchmarks/skillrouter-dev` (6,810 skills, 37 requests); says so and stops where it is absent.

mod interface;
mod reference;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use skillscope::eval::Benchmark;
use skillscope::index::{LexicalIndex, VectorStore};
use skillscope::library::load::Source;
use skillscope::library::{FieldSet, Library, load};
use skillscope::model::{Device, Embedder, Reranker, never};
use skillscope::search::vectorise::{dense_index, vector_key, vectorise};
use skillscope::search::{Pipeline, QueryId, Settings, Stage1, Undisturbed};

use report::{Quantiles, Report};

/// Skills embedded for the throughput figure. The whole pool gives the same rate and takes minutes.
const EMBEDDED: usize = 1_000;
/// Requests reranked.
const RERANKED: usize = 12;

fn main() -> anyhow::Result<()> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/benchmarks/skillrouter-dev");
    if !shared.exists() {
        println!("skipped: {} is not here", shared.display());
        return Ok(());
    }
    let mut report = Report::new();
    let (library, requests) = load_pool(&shared, &mut report)?;
    let lexical = lexical_index(&library, &mut report);

    let start = Instant::now();
    let embedder = Arc::new(Embedder::load("builtin", Device::Cpu)?);
    let reranker = Arc::new(Reranker::load("builtin", Device::Cpu)?);
    report.row("load both built-in models", start.elapsed(), Some("0.3 s"));

    let throughput = dense_throughput(&library, &embedder, &mut report)?;
    // The rest runs as a user meets it: with the vectors of the whole pool, from the cache if an earlier run left one.
    let cache = cache_dir();
    let mut pipeline = Pipeline::new(library.clone(), lexical);
    pipeline.set_models(Some(embedder.clone()), Some(reranker.clone()));
    fill_vectors(&mut pipeline, &library, &embedder, &cache, &mut report)?;

    keystrokes(&pipeline, &requests, &mut report)?;
    let shortlist = reranking(&pipeline, &requests, &mut report)?;
    reference::compare(&library, &shortlist, &embedder, &reranker, &throughput, &mut report)?;
    interface::frames(&pipeline, &shortlist, &mut report)?;
    interface::key_to_frame(&shared, &mut report)?;
    interface::start(&shared, &cache, &mut report)?;
    report.print();
    Ok(())
}

/// Kept between runs, so that filling it is measured once and not waited for each time.
fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-cache")
}

fn load_pool(shared: &Path, report: &mut Report) -> anyhow::Result<(Arc<Library>, Vec<Arc<str>>)> {
    let start = Instant::now();
    let library = Arc::new(load(&Source::Paths(vec![shared.join("easy")]))?);
    report.row(&format!("load {} skills from three gzip shards", library.len()), start.elapsed(), None);
    let benchmark = Benchmark::open(shared)?;
    let requests = benchmark.tasks.iter().map(|(task, _)| task.request.for_model().into()).collect();
    Ok((library, requests))
}

fn lexical_index(library: &Library, report: &mut Report) -> Arc<LexicalIndex> {
    let start = Instant::now();
    let lexical = LexicalIndex::build(library);
    report.row("lexical index", start.elapsed(), None);
    Arc::new(lexical)
}

/// What was embedded and how long it took, for the comparison.
pub struct Throughput {
    pub texts: Vec<String>,
    pub tokens: usize,
    pub elapsed: Duration,
}

fn dense_throughput(library: &Library, embedder: &Embedder, report: &mut Report) -> anyhow::Result<Throughput> {
    // Every seventh skill: all shards and owners are in it.
    let some: Vec<_> = library.skills().iter().step_by(library.len() / EMBEDDED).take(EMBEDDED).cloned().collect();
    let texts = some.iter().map(|skill| embedder.document(skill, FieldSet::Full).text).collect();
    let some = Library::new(some, Vec::new(), Default::default());
    let mut store = VectorStore::in_memory(vector_key(embedder, FieldSet::Full));
    let progress = vectorise(&some, FieldSet::Full, embedder, &mut store, &Undisturbed, &mut |_| {})?;
    report.text(
        &format!("dense index, {} skills", some.len()),
        format!("{:.0} tokens/s ({:.1} s)", progress.tokens_per_second(), progress.elapsed.as_secs_f64()),
        None,
    );
    Ok(Throughput { texts, tokens: progress.tokens, elapsed: progress.elapsed })
}

fn fill_vectors(
    pipeline: &mut Pipeline,
    library: &Library,
    embedder: &Embedder,
    cache: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (mut store, _) = VectorStore::open(cache, vector_key(embedder, FieldSet::Full));
    let progress = vectorise(library, FieldSet::Full, embedder, &mut store, &Undisturbed, &mut |_| {})?;
    if progress.tokens > 0 {
        let rate = format!("{:.1} s, {:.0} tokens/s", progress.elapsed.as_secs_f64(), progress.tokens_per_second());
        report.text("dense index of the whole pool, to disk", rate, None);
    }
    pipeline.set_dense(FieldSet::Full, Arc::new(dense_index(&store, library)));
    Ok(())
}

/// Stage 1 as typing meets it: each request grows word by word, and each prefix is searched.
fn keystrokes(pipeline: &Pipeline, requests: &[Arc<str>], report: &mut Report) -> anyhow::Result<()> {
    for (stage1, aim) in [(Stage1::Lexical, "10 ms"), (Stage1::Fused, "40 ms")] {
        let settings = Settings { stage1, ..Settings::default() };
        let mut times = Vec::new();
        for request in requests {
            // Two to twelve words: what people type. Whole tasks are measured below.
            let words: Vec<&str> = request.split_whitespace().take(12).collect();
            for count in 2..=words.len() {
                let prefix: Arc<str> = words[..count].join(" ").into();
                let start = Instant::now();
                pipeline.stage1(QueryId(0), &prefix, settings, None, false)?;
                times.push(start.elapsed());
            }
        }
        report.quantiles(&format!("stage 1 per keystroke, {}", stage1.key()), Quantiles::of(times), Some(aim));
        let mut times = Vec::new();
        for request in requests {
            let whole: Arc<str> = format!("{request} ").into();
            let start = Instant::now();
            pipeline.stage1(QueryId(0), &whole, settings, None, false)?;
            times.push(start.elapsed());
        }
        report.quantiles(&format!("stage 1 of a pasted task, {}", stage1.key()), Quantiles::of(times), None);
    }
    Ok(())
}

fn reranking(
    pipeline: &Pipeline,
    requests: &[Arc<str>],
    report: &mut Report,
) -> anyhow::Result<Arc<skillscope::search::Shortlist>> {
    let (mut first, mut all) = (Vec::new(), Vec::new());
    let mut last = None;
    for request in requests.iter().take(RERANKED) {
        let shortlist = Arc::new(pipeline.stage1(QueryId(0), request, Settings::default(), None, true)?);
        let start = Instant::now();
        let mut seen = None;
        pipeline.rerank(&shortlist, &never, &mut |_| {
            seen.get_or_insert_with(|| start.elapsed());
        })?;
        all.push(start.elapsed());
        first.extend(seen);
        last = Some(shortlist);
    }
    report.quantiles("rerank to the first batch (4 of 20)", Quantiles::of(first), Some("150 ms"));
    report.quantiles("rerank 20 of 20", Quantiles::of(all), Some("900 ms"));
    last.ok_or_else(|| anyhow::anyhow!("the benchmark has no requests"))
}
