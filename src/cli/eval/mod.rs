//! `skillscope eval`: a benchmark through the same pipeline as live search, or a publisher's predictions scored.

pub mod table;

use std::collections::HashSet;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::config::Dirs;
use crate::eval::compare::compare;
use crate::eval::predictions::Predictions;
use crate::eval::store::{RunStore, RunWriter};
use crate::eval::{Benchmark, EvalReport, Metric, Mode, Options, Protocol, Router, Tier, blank_report, evaluate};
use crate::library::{self, Library};

use super::{Outcome, RouterArgs, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A benchmark: a folder, or the name of one that is known here (demo, skillrouter, skillret, r3, …).
    #[arg(value_name = "BENCHMARK", default_value = "demo")]
    benchmark: PathBuf,
    /// Score by these rules instead of those of the benchmark's layout.
    #[arg(long, value_name = "P", value_parser = protocol)]
    protocol: Option<Protocol>,
    /// SkillRouter's pool: easy, hard.
    #[arg(long, value_name = "T", default_value = "easy", value_parser = tier)]
    tier: Tier,
    /// SkillRouter's requests: core, all, single.
    #[arg(long, value_name = "M", default_value = "core", value_parser = mode)]
    mode: Mode,
    /// Only the first N requests.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Score rankings that were made elsewhere (SkillRouter's, SkillRet's or R3-Skill's prediction file, or a TREC run)
    /// and search nothing.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Where the run is kept, instead of the data directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the newest unfinished run of this benchmark.
    #[arg(long)]
    resume: bool,
    /// Exit with 1 if a metric is below this, e.g. nDCG@10=0.6 (repeatable).
    #[arg(long, value_name = "METRIC=VALUE", value_parser = threshold)]
    fail_under: Vec<(Metric, f64)>,
    /// Compare with this run afterwards: an id, part of one, or "last".
    #[arg(long, value_name = "RUN")]
    compare_with: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn protocol(word: &str) -> Result<Protocol, String> {
    let known = || Protocol::ALL.map(Protocol::key).join(", ");
    Protocol::parse(word).ok_or_else(|| format!("is not one of {}", known()))
}

fn tier(word: &str) -> Result<Tier, String> {
    Tier::ALL.into_iter().find(|tier| tier.key() == word).ok_or_else(|| "is neither easy nor hard".into())
}

fn mode(word: &str) -> Result<Mode, String> {
    Mode::ALL.into_iter().find(|mode| mode.key() == word).ok_or_else(|| "is not core, all or single".into())
}

fn threshold(text: &str) -> Result<(Metric, f64), String> {
    let wrong = || "is not of the form METRIC=VALUE, such as nDCG@10=0.6".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let metric = Metric::parse(name.trim()).ok_or_else(|| format!("{name:?} is no metric, such as nDCG@10"))?;
    Ok((metric, value.trim().parse().map_err(|_| wrong())?))
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let reading = Options { tier: args.tier, mode: args.mode, protocol: args.protocol };
    let mut benchmark = options.catalogue().open(&args.benchmark, reading)?;
    if let Some(limit) = args.limit {
        benchmark.tasks.truncate(limit);
    }
    check_thresholds(&args.fail_under, benchmark.protocol)?;
    let store = RunStore::new(match &args.out {
        Some(dir) => dir.clone(),
        None => Dirs::find().context("no home directory to keep the run in; name one with --out")?.data.join("runs"),
    });
    // Read before it could be this run itself.
    let other = args.compare_with.as_deref().map(|name| store.read(&store.find(name)?)).transpose()?;
    let report = match &args.predictions {
        Some(path) => {
            let library = benchmark.pool.as_ref().map(library::load).transpose()?;
            let predictions = Predictions::read(path, library)?;
            predictions.problems.iter().for_each(|problem| eprintln!("skillscope: {problem}"));
            walk(&predictions, &benchmark, &args, &options, None, &store)?
        }
        None => {
            let library = pool(&benchmark, router, &options)?;
            benchmark.describe(Some(&library)).lines().iter().for_each(|line| eprintln!("{line}"));
            benchmark.problems.iter().for_each(|problem| eprintln!("skillscope: {problem}"));
            let (pipeline, _) = options.pipeline_over(library, options.models()?)?;
            let profile = options.profile_json(&pipeline).into();
            walk(&pipeline, &benchmark, &args, &options, Some(profile), &store)?
        }
    };
    let comparisons = match &other {
        Some(other) => compare(&[other.report.clone(), report.clone()])?,
        None => Vec::new(),
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut value = report.to_json();
        if let (Some(comparison), Some(other)) = (comparisons.first(), &other) {
            value["compared_with"] = other.report.header.id.clone().into();
            value["comparison"] = comparison.to_json(|metric| report.protocol().spell(metric));
        }
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        table::report(&mut out, &report)?;
        if let Some(other) = &other {
            table::comparisons(&mut out, &other.report, &comparisons)?;
        }
    }
    Ok(outcome(&report, &args.fail_under))
}

/// A metric that this protocol does not report could never be missed.
fn check_thresholds(wanted: &[(Metric, f64)], protocol: Protocol) -> anyhow::Result<()> {
    match wanted.iter().find(|(metric, _)| !protocol.metrics().contains(metric)) {
        Some((metric, _)) => {
            let known: Vec<String> = protocol.metrics().iter().map(|&metric| protocol.spell(metric)).collect();
            bail!("--fail-under {metric}: {} does not report it; it reports {}", protocol.label(), known.join(", "))
        }
        None => Ok(()),
    }
}

/// A pool named on the command line replaces the benchmark's own.
fn pool(benchmark: &Benchmark, router: &RouterArgs, options: &prepare::Options) -> anyhow::Result<Arc<Library>> {
    match &benchmark.pool {
        Some(pool) if router.library.is_empty() => Ok(Arc::new(library::load(pool)?)),
        None if router.library.is_empty() => bail!("{} brings no pool: name one with --library", benchmark.name),
        _ => options.library(),
    }
}

/// Runs what is left to run, writing as it goes.
fn walk<R: Router>(
    router: &R,
    benchmark: &Benchmark,
    args: &Args,
    options: &prepare::Options,
    profile: Option<serde_json::Value>,
    store: &RunStore,
) -> anyhow::Result<EvalReport> {
    let settings = options.settings;
    let mut report = blank_report(router, benchmark, settings);
    report.header.profile = profile.unwrap_or_default();
    let (mut writer, done) = open_run(store, &mut report, args.resume)?;
    let (start, before) = (Instant::now(), report.elapsed);
    let bar = prepare::progress_bar("requests", report.header.planned);
    bar.inc(done.len() as u64);
    bar.reset_eta();
    let mut failed = None;
    evaluate(router, benchmark, settings, &done, &mut |record| {
        if let Err(error) = writer.append(&record) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        report.push(record);
        bar.inc(1);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    if let Some(error) = failed {
        return Err(error.into());
    }
    report.elapsed = before + start.elapsed();
    writer.finish(report.elapsed)?;
    Ok(report)
}

fn open_run(store: &RunStore, report: &mut EvalReport, resume: bool) -> anyhow::Result<(RunWriter, HashSet<String>)> {
    if resume {
        match store.resume(report)? {
            Some((writer, done)) => {
                eprintln!("skillscope: going on with {} after {} requests", report.header.id, done.len());
                return Ok((writer, done));
            }
            None => eprintln!("skillscope: no unfinished run of {}; beginning one", report.header.benchmark),
        }
    }
    Ok((store.create(report)?, HashSet::new()))
}

fn outcome(report: &EvalReport, thresholds: &[(Metric, f64)]) -> Outcome {
    let row = report.all.after();
    let mut missed = false;
    for &(metric, least) in thresholds {
        let value = row.value(metric);
        if value < least {
            eprintln!("skillscope: {} is {value:.4}, below {least}", report.protocol().spell(metric));
            missed = true;
        }
    }
    if missed || report.scored() == 0 { Outcome::Nothing } else { Outcome::Done }
}
