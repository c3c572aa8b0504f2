//! What explanations cost with the built-in pair: `cargo bench --bench explain`.
//!
//! Works on `../shared/libraries/community`, the skills people really have; says so and stops where it is absent.

#[path = "../main_job/report.rs"]
#[allow(dead_code)] // Shared with other benchmarks.
mod report;

use std::path::Path;
use std::time::{Duration, Instant};

use skillscope::explain::erasure::{Erased, Pair, Run, erase};
use skillscope::explain::{DenseView, Grain, Manner};
use skillscope::library::load::{Source, load};
use skillscope::library::{FieldSet, Library, Skill};
use skillscope::model::{Device, Embedder, Reranker, never};
use skillscope::search::Undisturbed;

use report::{Quantiles, Report, milliseconds};

const REQUEST: &str =
    "Review the changes on this branch before I open a pull request. Look for bugs and missing tests.";
/// Skills for the cost of attention, spread over all lengths.
const PAIRS: usize = 40;
const REPEATS: usize = 5;

fn main() -> anyhow::Result<()> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/libraries/community");
    if !shared.exists() {
        println!("skipped: {} is not here", shared.display());
        return Ok(());
    }
    let library = load(&Source::Paths(vec![shared]))?;
    let (embedder, reranker) = (Embedder::load("builtin", Device::Cpu)?, Reranker::load("builtin", Device::Cpu)?);
    let skills = by_length(&library);
    let mut report = Report::new();
    report.note(format!("{} skills; {}", skills.len(), reranker.badge().long));

    let median = skills[skills.len() / 2];
    for (what, skill, aim) in
        [("median", median, Some("< 2 s")), ("90th percentile", skills[skills.len() * 9 / 10], None)]
    {
        for grain in Grain::ALL {
            let (time, erased) = erasure(&reranker, skill, grain, Manner::Deletion)?;
            let (units, unseen) = (erased.units.len(), erased.unseen);
            let value = format!("{} ({units} units, {unseen} unseen)", milliseconds(time));
            let aim = aim.filter(|_| grain == Grain::Sentences);
            report.text(&format!("{} of the {what} skill", grain.title()), value, aim);
        }
    }
    let [plain, attended, counted] = attention(&reranker, &skills)?;
    let over = |more: &Quantiles, less: &Quantiles| {
        format!("{:+.1} %", (more.p50.as_secs_f64() / less.p50.as_secs_f64() - 1.0) * 100.0)
    };
    report.text("added by attention", over(&attended, &plain), Some("≤ 10 %"));
    report.text("added by counting the tokens that were not read", over(&counted, &attended), None);
    report.quantiles("score of one pair", plain, None);
    report.quantiles("the same with attention", attended, None);
    report.quantiles("the same, and what was not read is counted", counted, None);
    let times = repeat(|| DenseView::new(&embedder, REQUEST, median, FieldSet::Full, &never))?;
    report.quantiles("nearest sentences of the median skill", Quantiles::of(times), None);
    report.print();
    Ok(())
}

fn by_length(library: &Library) -> Vec<&Skill> {
    let mut skills: Vec<&Skill> = library.skills().iter().collect();
    skills.sort_by_key(|skill| skill.body.for_model().len());
    skills
}

/// The median of a few, and the last of them.
fn erasure(reranker: &Reranker, skill: &Skill, grain: Grain, manner: Manner) -> anyhow::Result<(Duration, Erased)> {
    let mut last = None;
    let times = repeat(|| {
        let run = Run::new(reranker, Pair::new(REQUEST, skill, FieldSet::Full), None, grain, manner);
        last = Some(erase(reranker, run, &Undisturbed, &never, &mut |_| {})?);
        anyhow::Ok(())
    })?;
    Ok((Quantiles::of(times).p50, last.ok_or_else(|| anyhow::anyhow!("nothing was repeated"))?))
}

/// The same pairs scored, with attention, and with attention and the count of what the model never saw; in turns, so
/// that slow moments of the machine meet all three.
fn attention(reranker: &Reranker, skills: &[&Skill]) -> anyhow::Result<[Quantiles; 3]> {
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..REPEATS {
        for skill in skills.iter().step_by(skills.len() / PAIRS) {
            let whole = reranker.document(skill, FieldSet::Full);
            let encoding = reranker.encode(REQUEST, &whole.text);
            // Cut where the tokenizer stopped reading: the model sees the same, and nothing is left to count.
            let mut read = whole.clone();
            read.text.truncate(whole.text.len() - encoding.unread);
            let cut = reranker.encode(REQUEST, &read.text);
            let start = Instant::now();
            reranker.score(std::slice::from_ref(&encoding), &never)?;
            times[0].push(start.elapsed());
            for (kind, document, encoding) in [(1, read, cut), (2, whole, encoding)] {
                let start = Instant::now();
                reranker.capture(document, encoding, &never)?;
                times[kind].push(start.elapsed());
            }
        }
    }
    Ok(times.map(Quantiles::of))
}

fn repeat<T, E>(mut work: impl FnMut() -> Result<T, E>) -> Result<Vec<Duration>, E> {
    work()?; // Pages and caches are warm from here on.
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    Ok(times)
}
