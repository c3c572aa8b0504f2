//! `skillscope eval`: a benchmark through the same pipeline as live search.

use std::collections::HashSet;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::bail;

use crate::eval::{Benchmark, EvalReport, MetricRow, Protocol, blank_report, evaluate};
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

    let start = Instant::now();
    let mut report = blank_report(&pipeline, &benchmark, options.settings);
    report.header.profile = options.profile_json(&pipeline).into();
    let bar = prepare::progress_bar("requests", report.header.planned);
    evaluate(&pipeline, &benchmark, options.settings, &HashSet::new(), &mut |record| {
        report.push(record);
        bar.inc(1);
        ControlFlow::Continue(())
    })?;
    report.elapsed = start.elapsed();
    bar.finish_and_clear();

    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report.to_json())?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(if report.scored() == 0 { Outcome::Nothing } else { Outcome::Done })
}

fn print(out: &mut impl Write, report: &EvalReport) -> std::io::Result<()> {
    let (scored, unscored) = (report.scored(), report.unscored.len());
    writeln!(out, "{}: {scored} requests scored, {unscored} not", report.header.benchmark)?;
    writeln!(out, "{}", report.header.system)?;
    writeln!(out, "{}", report.protocol().describe())?;
    let protocol = report.protocol();
    write!(out, "{:<28}", "")?;
    for &metric in protocol.main() {
        write!(out, "{:>16}", protocol.spell(metric))?;
    }
    writeln!(out)?;
    print_row(out, protocol, "shortlist", &report.all.before())?;
    if report.reranked() {
        print_row(out, protocol, "final", &report.all.after())?;
    }
    print_row(out, protocol, "best order of the shortlist", &report.all.ceiling())?;
    for (stratum, row) in report.strata.iter().filter(|(stratum, _)| stratum.group == "skills") {
        print_row(out, protocol, &format!("{} ({})", stratum.name, row.count), &row.after())?;
    }
    writeln!(out, "{:.1} s", report.elapsed.as_secs_f64())
}

fn print_row(out: &mut impl Write, protocol: Protocol, label: &str, row: &MetricRow) -> std::io::Result<()> {
    write!(out, "{label:<28}")?;
    for &metric in protocol.main() {
        match row.get(metric) {
            Some(value) => write!(out, "{value:>16.4}")?,
            None => write!(out, "{:>16}", "-")?,
        }
    }
    writeln!(out)
}
