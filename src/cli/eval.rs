//! `skillscope eval`: a benchmark through the same pipeline as live search, written down as it goes.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;

use crate::config::Dirs;
use crate::eval::compare::Comparison;
use crate::eval::predictions::Predictions;
use crate::eval::provenance::{machine, now, pool_fingerprint};
use crate::eval::store::{RunStore, RunWriter, StoredRun};
use crate::eval::{Benchmark, EvalReport, Metric, Protocol, Router, blank_report, evaluate};
use crate::library::{self, Library, Text};
use crate::search::Settings;

use super::runs::{self, Name};
use super::{Outcome, RouterArgs, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A benchmark folder, or "demo".
    #[arg(value_name = "BENCH_DIR|NAME", default_value = "demo")]
    benchmark: PathBuf,
    /// Score by another protocol's rules than the benchmark's own: skillrouter, skillret, r3, skill-usage, trec, author.
    #[arg(long, value_name = "P", value_parser = protocol)]
    protocol: Option<Protocol>,
    /// Only the first N requests.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Score this file (SkillRouter's, SkillRet's or R3-Skill's predictions, or a TREC run) and search nothing.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Also write the run in every format into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with a run that was interrupted: its id, the beginning of it, or "last" (what a bare --resume means).
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "last")]
    resume: Option<String>,
    /// End with exit code 1 if a metric of the final ranking is below this (repeatable).
    #[arg(long, value_name = "nDCG@10=0.6", value_parser = Threshold::parse)]
    fail_under: Vec<Threshold>,
    /// Compare with an earlier run: its id, the beginning of it, or "last" (the one before this).
    #[arg(long, value_name = "RUN")]
    compare_with: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn protocol(key: &str) -> Result<Protocol, String> {
    let known = Protocol::ALL.map(Protocol::key).join(", ");
    Protocol::parse(key).ok_or_else(|| format!("expected one of {known}"))
}

/// The least that a metric may be.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Threshold {
    metric: Metric,
    least: f64,
}

impl Threshold {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, least) = text.split_once('=').ok_or("expected METRIC=VALUE, such as nDCG@10=0.6")?;
        let metric = Metric::parse(name.trim()).ok_or_else(|| format!("{name:?} is no metric"))?;
        let least = least.trim().parse::<f64>().ok().filter(|least| (0.0..=1.0).contains(least));
        Ok(Threshold { metric, least: least.ok_or("the value must be a number from 0 to 1")? })
    }

    /// A sentence if the report is below. A metric that no request defines is below: nothing was shown.
    fn missed(self, report: &EvalReport) -> Option<String> {
        let name = report.protocol().spell(self.metric);
        match report.all.after().get(self.metric) {
            Some(value) if value >= self.least => None,
            Some(value) => Some(format!("{name} is {value:.4}, below {}", self.least)),
            None => Some(format!("{name} has no value, {} was asked for", self.least)),
        }
    }
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let benchmark = open(&args)?;
    check_thresholds(&args.fail_under, benchmark.protocol)?;
    let store = Dirs::find().map(|dirs| RunStore::new(&dirs.data));
    let other = match (&args.compare_with, &store) {
        (Some(name), Some(store)) => Some(runs::load(store, name)?),
        (Some(_), None) => bail!("there is no home directory, so there are no runs to compare with"),
        (None, _) => None,
    };
    // A pool named on the command line replaces the benchmark's own.
    let library = match &benchmark.pool {
        Some(pool) if router.library.is_empty() => Some(library::load(pool)?),
        None if router.library.is_empty() => None,
        _ => Some(library::load(&options.source)?),
    };
    let fingerprint = library.as_ref().map(pool_fingerprint).unwrap_or_default();
    let job = Job { args: &args, benchmark: &benchmark, store: store.as_ref(), pool_fingerprint: fingerprint };
    let report = match &args.predictions {
        Some(path) => job.predictions(path, library)?,
        None => {
            let library =
                library.with_context(|| format!("{} brings no pool: name one with --library", benchmark.name))?;
            let (pipeline, _) = options.pipeline_over(Arc::new(library), options.models()?)?;
            job.run(&pipeline, options.settings, options.profile_json(&pipeline).into())?
        }
    };
    if let Some(dir) = &args.out {
        runs::write_all(dir, &report)?;
    }
    let comparison =
        other.map(|other| Comparison::of(&[other, report.clone()], report.protocol().main())).transpose()?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut value = report.to_json();
        if let Some(comparison) = &comparison {
            value["comparison"] = comparison.to_json();
        }
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        runs::print_report(&mut out, &report)?;
        if let Some(comparison) = &comparison {
            runs::print_comparison(&mut out, comparison)?;
        }
    }
    let missed: Vec<String> = args.fail_under.iter().filter_map(|threshold| threshold.missed(&report)).collect();
    missed.iter().for_each(|sentence| eprintln!("skillscope: {sentence}"));
    Ok(if report.scored() == 0 || !missed.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

fn open(args: &Args) -> anyhow::Result<Benchmark> {
    let mut benchmark = match args.benchmark.to_str() {
        Some("demo") => Benchmark::demo(),
        _ => Benchmark::open(&args.benchmark)?,
    };
    if let Some(limit) = args.limit {
        benchmark.tasks.truncate(limit);
    }
    if let Some(protocol) = args.protocol {
        benchmark.protocol = protocol;
    }
    benchmark.problems.iter().for_each(|problem| eprintln!("skillscope: {problem}"));
    let revision = benchmark.revision.as_deref().map_or_else(String::new, |revision| format!(" {revision}"));
    let (name, count, rules) = (&benchmark.name, benchmark.tasks.len(), benchmark.protocol.describe());
    let left_out = benchmark.skipped.len() + benchmark.problems.len();
    eprintln!("skillscope: {name}{revision}: {count} requests, {left_out} rows left out; {rules}");
    Ok(benchmark)
}

/// Before hours of work, not after.
fn check_thresholds(thresholds: &[Threshold], protocol: Protocol) -> anyhow::Result<()> {
    for threshold in thresholds {
        if !protocol.metrics().contains(&threshold.metric) {
            let known: Vec<String> = protocol.metrics().iter().map(|&metric| protocol.spell(metric)).collect();
            bail!("--fail-under: {} reports no {}; it has {}", protocol.label(), threshold.metric, known.join(", "));
        }
    }
    Ok(())
}

struct Job<'a> {
    args: &'a Args,
    benchmark: &'a Benchmark,
    store: Option<&'a RunStore>,
    pool_fingerprint: String,
}

impl Job<'_> {
    fn predictions(&self, path: &PathBuf, library: Option<Library>) -> anyhow::Result<EvalReport> {
        let predictions = Predictions::read(path, library)?;
        predictions.problems.iter().for_each(|problem| eprintln!("skillscope: {problem}"));
        let content = std::fs::read(path).with_context(|| Text::line(path.display().to_string()).shown().to_owned())?;
        let hash = blake3::hash(&content).to_hex()[..32].to_string();
        let settings = Settings { rerank: false, ..Settings::default() };
        self.run(&predictions, settings, json!({ "predictions": hash }))
    }

    fn run<R: Router>(&self, router: &R, settings: Settings, profile: serde_json::Value) -> anyhow::Result<EvalReport> {
        let mut report = blank_report(router, self.benchmark, settings);
        report.header.profile = profile;
        report.header.machine = machine();
        report.header.pool_fingerprint = self.pool_fingerprint.clone();
        report.header.started = now();
        report.header.id = RunStore::fresh_id(&report.header);
        let (earlier, mut writer) = self.file(&report)?;
        let done = earlier.task_ids();
        let before = earlier.answering();
        if !earlier.header.id.is_empty() {
            report.header = earlier.header.clone();
        }
        if earlier.elapsed.is_some() {
            return Ok(earlier.report());
        }
        for record in earlier.records {
            report.push(record);
        }
        let (start, bar) = (Instant::now(), prepare::request_bar(report.header.planned, done.len()));
        let mut failure = None;
        evaluate(router, self.benchmark, settings, &done, &mut |record| {
            let written = writer.as_mut().map_or(Ok(()), |writer| writer.push(&record));
            report.push(record);
            bar.inc(1);
            match written {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        bar.finish_and_clear();
        if let Some(error) = failure {
            return Err(error.into());
        }
        report.elapsed = before + start.elapsed();
        if let Some(writer) = writer {
            finish(writer, report.elapsed, &report.header.id)?;
        }
        Ok(report)
    }

    /// Where the run is written, and what is already there.
    fn file(&self, report: &EvalReport) -> anyhow::Result<(StoredRun, Option<RunWriter>)> {
        let Some(store) = self.store else {
            eprintln!("skillscope: there is no home directory; the run is not written down");
            return Ok((StoredRun::default(), None));
        };
        match &self.args.resume {
            Some(name) if name == "last" && store.ids()?.is_empty() => {
                eprintln!("skillscope: there is no run to go on with; a new one begins");
            }
            Some(name) => {
                let id = store.find(name)?;
                let (run, writer) = store.resume(&id, &report.header)?;
                run.dropped.iter().for_each(|sentence| eprintln!("skillscope: {sentence}"));
                let (done, planned) = (run.records.len(), run.header.planned);
                eprintln!("skillscope: run {id} goes on after {done} of {planned} requests");
                return Ok((run, Some(writer)));
            }
            None => {}
        }
        let writer = store.create(report)?;
        eprintln!("skillscope: run {}", report.header.id);
        Ok((StoredRun::default(), Some(writer)))
    }
}

fn finish(writer: RunWriter, elapsed: Duration, id: &str) -> anyhow::Result<()> {
    writer.finish(elapsed)?;
    eprintln!("skillscope: run {} is complete; see it with: skillscope runs show {}", Name(id), Name(id));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read_in_any_spelling_and_refused_with_a_reason() {
        let parsed = Threshold::parse("ndcg@10=0.6").unwrap();
        assert_eq!(parsed, Threshold { metric: Metric::NDCG_10, least: 0.6 });
        for (text, word) in [
            ("nDCG@10", "METRIC=VALUE"),
            ("beauty=1", "no metric"),
            ("Hit@1=60", "from 0 to 1"),
            ("Hit@1=NaN", "from 0 to 1"),
        ] {
            assert!(Threshold::parse(text).unwrap_err().contains(word), "{text}");
        }
        assert!(check_thresholds(&[parsed], Protocol::SkillUsage).is_err());
        assert!(check_thresholds(&[parsed], Protocol::R3).is_ok());
    }
}
