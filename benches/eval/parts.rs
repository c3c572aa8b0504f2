//! Whole evaluations, from the files to the metrics.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use skillscope::eval::{Benchmark, Metric, blank_report, evaluate};
use skillscope::index::LexicalIndex;
use skillscope::library::{FieldSet, Library, load};
use skillscope::model::{Device, Embedder, Reranker};
use skillscope::search::vectorise::{dense_index, vectorise};
use skillscope::search::{Pipeline, Settings, Stage1, Undisturbed};

use crate::synthetic;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    Bm25,
    Pair,
    ManyBm25,
    ManyDense,
}

/// What a part says to the process that started it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Result {
    /// Each step with its seconds.
    pub steps: Vec<(String, f64)>,
    pub requests: usize,
    pub skills: usize,
    pub ndcg: f64,
    pub peak_kb: u64,
}

impl Part {
    pub const ALL: [Part; 4] = [Part::Bm25, Part::Pair, Part::ManyBm25, Part::ManyDense];

    pub fn key(self) -> &'static str {
        match self {
            Part::Bm25 => "bm25",
            Part::Pair => "pair",
            Part::ManyBm25 => "many-bm25",
            Part::ManyDense => "many-dense",
        }
    }

    pub fn named(key: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.key() == key)
    }

    pub fn label(self) -> &'static str {
        match self {
            Part::Bm25 => "SkillRouter-dev, BM25",
            Part::Pair => "SkillRouter-dev, built-in embedder and reranker, fused, depth 20",
            Part::ManyBm25 => "80,000 skills (synthetic), BM25",
            Part::ManyDense => "80,000 skills (synthetic, random vectors), exact dense search",
        }
    }
}

/// Seconds of the steps so far.
#[derive(Default)]
struct Clock {
    steps: Vec<(String, f64)>,
}

impl Clock {
    fn step<T>(&mut self, what: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.steps.push((what.into(), start.elapsed().as_secs_f64()));
        done
    }
}

pub fn run(part: Part, shared: &Path) -> anyhow::Result<Result> {
    let mut clock = Clock::default();
    let benchmark = Benchmark::open(shared)?;
    let pool = benchmark.pool.clone().ok_or_else(|| anyhow::anyhow!("no pool"))?;
    let library = clock.step("load", || load(&pool))?;
    let library = match part {
        Part::Bm25 | Part::Pair => library,
        // Not a step: a real pool would be read instead.
        Part::ManyBm25 | Part::ManyDense => synthetic::pool(&library),
    };
    let library = Arc::new(library);
    let (pipeline, settings) = match part {
        Part::Bm25 | Part::ManyBm25 => bm25(&library, &mut clock),
        Part::Pair => pair(&library, &mut clock)?,
        Part::ManyDense => dense(&library, &mut clock)?,
    };
    let mut report = blank_report(&pipeline, &benchmark, settings);
    let mut provisional = false;
    clock.step("evaluate", || {
        evaluate(&pipeline, &benchmark, settings, &HashSet::new(), &mut |record| {
            provisional |= record.provisional;
            report.push(record);
            ControlFlow::Continue(())
        })
    })?;
    anyhow::ensure!(!provisional, "stage 1 was not the one that was asked for");
    Ok(Result {
        steps: clock.steps,
        requests: report.scored(),
        skills: library.len(),
        ndcg: report.all.after().value(Metric::NDCG_10),
        peak_kb: peak_kb(),
    })
}

fn bm25(library: &Arc<Library>, clock: &mut Clock) -> (Pipeline, Settings) {
    let lexical = clock.step("index", || Arc::new(LexicalIndex::build(library)));
    // The depth of SkillRouter's retrieval protocol.
    let settings = Settings { stage1: Stage1::Lexical, depth: 50, rerank: false, ..Settings::default() };
    (Pipeline::new(library.clone(), lexical), settings)
}

fn pair(library: &Arc<Library>, clock: &mut Clock) -> anyhow::Result<(Pipeline, Settings)> {
    let embedder = clock.step("models", || {
        anyhow::Ok((Embedder::load("builtin", Device::Cpu)?, Reranker::load("builtin", Device::Cpu)?))
    });
    let (embedder, reranker) = embedder?;
    let lexical = clock.step("index", || Arc::new(LexicalIndex::build(library)));
    let mut pipeline = Pipeline::new(library.clone(), lexical);
    // In memory: embedding the pool is part of the first evaluation, and later ones find the vectors in the cache.
    let mut store = synthetic::store(&embedder);
    clock.step("embed the pool", || {
        vectorise(library, FieldSet::Full, &embedder, &mut store, &Undisturbed, &mut |_| {})
    })?;
    pipeline.set_models(Some(Arc::new(embedder)), Some(Arc::new(reranker)));
    pipeline.set_dense(FieldSet::Full, Arc::new(dense_index(&store, library)));
    Ok((pipeline, Settings { stage1: Stage1::Fused, depth: 20, rerank: true, ..Settings::default() }))
}

/// Search is what is measured: the vectors of the pool are random, those of the requests are real.
fn dense(library: &Arc<Library>, clock: &mut Clock) -> anyhow::Result<(Pipeline, Settings)> {
    let embedder = Embedder::load("builtin", Device::Cpu)?;
    let store = synthetic::random_vectors(library, &embedder);
    // A pipeline has a lexical index even where nobody asks it.
    let mut pipeline = Pipeline::new(library.clone(), Arc::new(LexicalIndex::default()));
    let dense = clock.step("index", || Arc::new(dense_index(&store, library)));
    pipeline.set_models(Some(Arc::new(embedder)), None);
    pipeline.set_dense(FieldSet::Full, dense);
    Ok((pipeline, Settings { stage1: Stage1::Dense, depth: 50, rerank: false, ..Settings::default() }))
}

/// Largest resident size so far (Linux; 0 elsewhere).
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
}
