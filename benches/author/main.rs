//! What an author waits for, over 6,810 skills:
//!
//! ```sh
//! cargo bench --bench author   # prints Markdown
//! ```
//!
//! Works on `../shared/benchmarks/skillrouter-dev`; says so and stops where it is absent. Vectors of the whole pool are
//! kept in the target directory, shared with `main_job`: the first run waits minutes for them.

#[path = "../main_job/report.rs"]
#[allow(dead_code)] // Shared with the other benchmark, which uses all of it.
mod report;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skillscope::eval::Benchmark;
use skillscope::index::VectorStore;
use skillscope::library::load::Source;
use skillscope::library::{FieldSet, SkillIx, load};
use skillscope::model::{Device, Embedder, Reranker, never};
use skillscope::search::vectorise::{dense_index, vector_key, vectorise};
use skillscope::search::what_if::{advice, coexistence};
use skillscope::search::{Draft, Pipeline, Settings, Undisturbed, WhatIf, collisions};

use report::{Quantiles, Report};

/// Skills that are edited, evenly over the library.
const SKILLS: usize = 12;
/// Keystrokes per skill.
const KEYS: usize = 20;
/// Requests beside the draft.
const PROBES: usize = 5;

fn main() -> anyhow::Result<()> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/benchmarks/skillrouter-dev");
    if !shared.exists() {
        println!("skipped: {} is not here", shared.display());
        return Ok(());
    }
    let mut report = Report::new();
    let library = Arc::new(load(&Source::Paths(vec![shared.join("easy")]))?);
    let requests: Vec<Arc<str>> = Benchmark::open(&shared)?
        .tasks
        .iter()
        // Two dozen words: what a probe has, and more.
        .map(|(task, _)| task.request.for_model().split_whitespace().take(24).collect::<Vec<_>>().join(" ").into())
        .collect();
    let embedder = Arc::new(Embedder::load("builtin", Device::Cpu)?);
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-cache");
    let (mut store, _) = VectorStore::open(&cache, vector_key(&embedder, FieldSet::Full));
    vectorise(&library, FieldSet::Full, &embedder, &mut store, &Undisturbed, &mut |_| {})?;
    let lexical = Arc::new(skillscope::index::LexicalIndex::build(&library));
    let mut pipeline = Pipeline::new(library.clone(), lexical);
    let reranker = Arc::new(Reranker::load("builtin", Device::Cpu)?);
    pipeline.set_models(Some(embedder.clone()), Some(reranker));
    pipeline.set_dense(FieldSet::Full, Arc::new(dense_index(&store, &library)));

    let start = Instant::now();
    let pairs = collisions::of_library(&pipeline, FieldSet::Full).len();
    let what = format!("collisions of {} skills ({pairs} pairs)", library.len());
    report.row(&what, start.elapsed(), Some("5 s"));
    typing(&pipeline, &requests, &mut report)?;
    report.print();
    Ok(())
}

/// The description grows by a word at a time; each time all probes are ranked anew.
fn typing(pipeline: &Pipeline, requests: &[Arc<str>], report: &mut Report) -> anyhow::Result<()> {
    let settings = Settings::default();
    let (mut first, mut all, mut second, mut near, mut advised) = (vec![], vec![], vec![], vec![], vec![]);
    for skill in (0..SKILLS).map(|at| SkillIx((at * pipeline.library.len() / SKILLS) as u32)) {
        let mut draft = Draft::of(&pipeline.library[skill]);
        let probes: Vec<&Arc<str>> = requests.iter().skip(skill.index() % 7).take(PROBES).collect();
        // As on opening the skill: the probes are embedded and every pair is scored once.
        for request in &probes {
            WhatIf::unchanged(pipeline, settings, skill).rank(request, &never)?;
        }
        for word in requests[skill.index() % requests.len()].split_whitespace().cycle().take(KEYS) {
            draft.description.push(' ');
            draft.description.push_str(word);
            let start = Instant::now();
            let what_if = WhatIf::edited(pipeline, settings, skill, &draft, &never)?;
            let mut rankings = Vec::new();
            for request in &probes {
                rankings.push(what_if.stage1(request)?);
                if rankings.len() == 1 {
                    first.push(start.elapsed());
                }
            }
            all.push(start.elapsed());
            for (request, ranking) in probes.iter().zip(&mut rankings) {
                what_if.stage2(request, ranking, &never)?;
            }
            second.push(start.elapsed());
        }
        near.push(timed(|| coexistence::coexistence(pipeline, settings, skill, &draft, 10, &never).map(drop))?);
        advised.push(timed(|| {
            advice::advise(pipeline, settings, skill, &draft, probes[0], &never, &mut |_| {}).map(drop)
        })?);
    }
    report.quantiles("what-if, shortlist of one request after a keystroke", Quantiles::of(first), Some("150 ms"));
    report.quantiles(&format!("the same for {PROBES} requests"), Quantiles::of(all), Some("150 ms"));
    report.quantiles(&format!("both stages for {PROBES} requests"), Quantiles::of(second), None);
    report.quantiles("what a skill takes from its 10 nearest", Quantiles::of(near), None);
    report.quantiles("all advice for one request", Quantiles::of(advised), None);
    Ok(())
}

fn timed<E>(work: impl FnOnce() -> Result<(), E>) -> Result<Duration, E> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}
