//! `skillscope explain --benchmark`: field shares over the gold pairs of a benchmark.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::json;

use crate::eval::{Benchmark, Options};
use crate::explain::corpus::{Corpus, Mean, Part, Sample, Shares};
use crate::library::{self, Field, Library, Text};
use crate::model::never;
use crate::search::{Pipeline, QueryId, Settings};

use super::super::{Outcome, RouterArgs, prepare};

/// Columns of a whole bar.
const BAR: usize = 40;

pub(super) fn run(
    benchmark: &Path,
    limit: Option<usize>,
    as_json: bool,
    options: &prepare::Options,
    router: &RouterArgs,
) -> anyhow::Result<Outcome> {
    let mut benchmark = options.catalogue().open(benchmark, Options::default())?;
    benchmark.tasks.truncate(limit.unwrap_or(usize::MAX));
    benchmark.problems.iter().for_each(|problem| eprintln!("skillscope: {problem}"));
    let library = pool(&benchmark, router, options)?;
    let (pipeline, _) = options.pipeline_over(library, options.models()?)?;
    pipeline.reranker.as_ref().context("nothing to explain without a reranker: leave out --reranker none")?;
    let Walk { samples, unused } = walk(&pipeline, &benchmark, options.settings)?;
    for (task, reason) in &unused {
        eprintln!("skillscope: {task}: {reason}");
    }
    let Some(corpus) = Corpus::new(&samples) else {
        bail!("{}: no request has a gold skill in this pool", benchmark.name);
    };
    let mut out = io::stdout().lock();
    if as_json {
        let mut value = corpus.to_json();
        value["benchmark"] = benchmark.name.as_str().into();
        value["benchmark_fingerprint"] = benchmark.fingerprint.as_str().into();
        value["unused"] = unused.iter().map(|(task, reason)| json!([task.shown(), reason])).collect();
        value["profile"] = options.profile_json(&pipeline).into();
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}, {}", benchmark.name, pipeline.describe(options.settings))?;
        print(&mut out, &corpus)?;
    }
    Ok(Outcome::Done)
}

fn pool(benchmark: &Benchmark, router: &RouterArgs, options: &prepare::Options) -> anyhow::Result<Arc<Library>> {
    match &benchmark.pool {
        Some(pool) if router.library.is_empty() => Ok(Arc::new(library::load(pool)?)),
        None if router.library.is_empty() => bail!("{} brings no pool: name one with --library", benchmark.name),
        _ => options.library(),
    }
}

struct Walk {
    samples: Vec<Sample>,
    /// Requests without a pair, with the reason.
    unused: Vec<(Text, &'static str)>,
}

/// One pair for each request, as SkillRouter has 75 for 75: with the first of its gold skills that the pool holds. The
/// request counts as correct if any of its gold skills is ranked first.
fn walk(pipeline: &Pipeline, benchmark: &Benchmark, settings: Settings) -> anyhow::Result<Walk> {
    let mut found = Walk { samples: Vec::new(), unused: Vec::new() };
    let bar = prepare::progress_bar("requests", benchmark.tasks.len());
    for (task, qrels) in &benchmark.tasks {
        bar.inc(1);
        let gold: Vec<_> = qrels.gold.iter().filter_map(|id| pipeline.library.find(id)).collect();
        let Some(&skill) = gold.first() else {
            found.unused.push((task.id.clone(), "has no gold skill in this pool"));
            continue;
        };
        let request: Arc<str> = task.request.for_model().into();
        let shortlist = Arc::new(pipeline.stage1(QueryId::default(), &request, settings, None, true)?);
        let first = match settings.rerank {
            true => pipeline.rerank(&shortlist, &never, &mut |_| {})?.rows.first().map(|row| row.skill),
            false => shortlist.hits.first().map(|hit| hit.skill),
        };
        let capture = pipeline.capture(&request, settings.fields, skill, &never)?;
        found.samples.push(Sample::new(&capture, first.is_some_and(|first| gold.contains(&first))));
    }
    bar.finish_and_clear();
    Ok(found)
}

fn print(out: &mut impl Write, corpus: &Corpus) -> io::Result<()> {
    let pairs = corpus.all.pairs;
    writeln!(out, "{pairs} pairs of a request and its gold skill; {} skills were cut", corpus.cut)?;
    writeln!(out, "attention of the scored position, mean over heads and layers (not an explanation), 95 % bootstrap")?;
    part(out, "all", &corpus.all)?;
    for (label, of) in [("gold at rank 1", &corpus.correct), ("gold not at rank 1", &corpus.wrong)] {
        of.iter().try_for_each(|of| part(out, label, of))?;
    }
    writeln!(out, "\nby layer")?;
    writeln!(out, "{:>6} {:>22} {:>22} {:>22}", "layer", "name", "description", "body")?;
    for (at, shares) in corpus.all.layers.iter().enumerate() {
        let [name, description, body] = shares.map(cell);
        writeln!(out, "{:>6} {name:>22} {description:>22} {body:>22}  {}", at + 1, stacked(shares))?;
    }
    writeln!(out, "bars: n name, d description, b body; a whole bar is all of the attention on the three")?;
    let rho = corpus.body_with_length.map_or("-".into(), |rho| format!("{rho:.2}"));
    writeln!(
        out,
        "the last layer gives the body more than its share of tokens in {} of {pairs} pairs; with its length r = {rho}",
        corpus.body_above_tokens
    )
}

fn part(out: &mut impl Write, label: &str, part: &Part) -> io::Result<()> {
    writeln!(out, "\n{label} ({} pairs)", part.pairs)?;
    writeln!(out, "{:<12} {:>22} {:>22} {:>6}", "field", "share", "share of tokens", "lift")?;
    for field in Field::ALL {
        let (share, tokens) = (part.shares[field as usize], part.token_shares[field as usize]);
        let lift = if tokens.value > 0.0 { format!("{:.2}", share.value / tokens.value) } else { "-".into() };
        writeln!(out, "{:<12} {:>22} {:>22} {lift:>6}", field.key(), cell(share), cell(tokens))?;
    }
    for (band, shares) in &part.bands {
        let [name, description, body] = shares.map(cell);
        writeln!(out, "{:<7} layers: name {name}, description {description}, body {body}", band.key())?;
    }
    Ok(())
}

/// `12.3% [10.1, 14.8]`
fn cell(mean: Mean) -> String {
    let Mean { value, interval } = mean;
    format!("{:.1}% [{:.1}, {:.1}]", value * 100.0, interval.low * 100.0, interval.high * 100.0)
}

/// The three shares in one bar.
fn stacked(shares: &Shares) -> String {
    let ends = [shares[0].value, shares[0].value + shares[1].value, 1.0].map(|end| (end * BAR as f64).round() as usize);
    let mark = |at: usize| {
        if at < ends[0] {
            'n'
        } else if at < ends[1] {
            'd'
        } else {
            'b'
        }
    };
    (0..BAR).map(mark).collect()
}
