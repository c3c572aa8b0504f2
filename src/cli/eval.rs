//! `skillscope eval`: a benchmark through the same pipeline as live search.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;

use crate::eval::{Benchmark, EvalReport, Metric, MetricRow, evaluate};
use crate::library;

use super::{Outcome, RouterArgs, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A benchmark folder in SkillRouter's layout, or "demo".
    #[arg(value_name = "BENCH_DIR", default_value = "demo")]
    benchmark: PathBuf,
    /// Only the first N requests.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let mut benchmark = match args.benchmark.to_str() {
        Some("demo") => Benchmark::demo(),
        _ => Benchmark::open(&args.benchmark)?,
    };
    if let Some(limit) = args.limit {
        benchmark.tasks.truncate(limit);
    }
    for problem in &benchmark.problems {
        eprintln!("skillscope: {problem}");
    }
    // A pool named on the command line replaces the benchmark's own.
    let library = match &benchmark.pool {
        Some(pool) if router.library.is_empty() => Arc::new(library::load(pool)?),
        None if router.library.is_empty() => bail!("{} brings no pool: name one with --library", benchmark.name),
        _ => options.library()?,
    };
    let (pipeline, _) = options.pipeline_over(library, options.models()?)?;

    let bar = prepare::progress_bar("requests", benchmark.tasks.len());
    let report = evaluate(&pipeline, &benchmark, options.settings, &mut |_, _| {
        bar.inc(1);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();

    let mut out = std::io::stdout().lock();
    if args.json {
        let mut value = report.to_json();
        value["provenance"]["profile"] = options.profile_json(&pipeline).into();
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(if report.scored == 0 { Outcome::Nothing } else { Outcome::Done })
}

fn print(out: &mut impl Write, report: &EvalReport) -> std::io::Result<()> {
    writeln!(out, "{}: {} requests scored, {} not", report.benchmark, report.scored, report.unscored.len())?;
    writeln!(out, "{}", report.protocol)?;
    write!(out, "{:<24}", "")?;
    for metric in Metric::ALL {
        write!(out, "{:>16}", metric.name())?;
    }
    writeln!(out)?;
    print_row(out, "shortlist", &report.before)?;
    print_row(out, "final", &report.after)?;
    print_row(out, &format!("final, one skill ({})", report.single.1), &report.single.0)?;
    print_row(out, &format!("final, several ({})", report.multi.1), &report.multi.0)?;
    writeln!(out, "{:.1} s", report.elapsed.as_secs_f64())
}

fn print_row(out: &mut impl Write, label: &str, row: &MetricRow) -> std::io::Result<()> {
    write!(out, "{label:<24}")?;
    for metric in Metric::ALL {
        write!(out, "{:>16.4}", row.get(metric))?;
    }
    writeln!(out)
}
