//! `skillscope runs`: what was evaluated before.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use crate::config::Dirs;
use crate::eval::compare::{Against, Comparison};
use crate::eval::export::Format;
use crate::eval::stats::mean_interval;
use crate::eval::store::RunStore;
use crate::eval::{Audit, EvalReport, Failure, Metric, MetricRow};
use crate::library::Text;

use super::Outcome;

/// Changes of a comparison that are printed from each end.
const CHANGES: usize = 10;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All runs, the newest first.
    List {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The numbers of one run, computed from its file.
    Show {
        /// A run's id, the beginning of it, or "last".
        run: String,
        /// Print one JSON object, as `eval --json` does.
        #[arg(long)]
        json: bool,
    },
    /// The other runs beside the first: difference, interval, wins, randomisation test, agreement of the lists.
    Compare {
        /// Two runs or more; each an id, the beginning of one, or "last".
        #[arg(required = true, num_args = 2.., value_name = "RUN")]
        runs: Vec<String>,
        /// A metric to compare (repeatable); the protocol's headline if none is given.
        #[arg(long, value_name = "M", value_parser = metric)]
        metric: Vec<Metric>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write one run for other programs.
    Export {
        /// A run's id, the beginning of it, or "last".
        run: String,
        /// trec, qrels, qrels-gold, skillrouter, skillret, r3, csv, json, markdown, latex, html, or "all" (needs --out).
        #[arg(long, value_name = "F", value_parser = format)]
        format: Formats,
        /// The file to write, or the folder for "all"; without it, standard output.
        #[arg(long, value_name = "PATH")]
        out: Option<PathBuf>,
    },
    /// Delete runs for good.
    Remove {
        /// Ids, or beginnings of ids; all are looked up before the first is deleted.
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Copy)]
enum Formats {
    One(Format),
    All,
}

fn format(key: &str) -> Result<Formats, String> {
    match key {
        "all" => Ok(Formats::All),
        key => Format::parse(key)
            .map(Formats::One)
            .ok_or_else(|| format!("expected all or one of {}", Format::ALL.map(Format::key).join(", "))),
    }
}

fn metric(name: &str) -> Result<Metric, String> {
    Metric::parse(name).ok_or_else(|| "expected a metric such as nDCG@10 or Hit@1".into())
}

/// A run's id as it may be printed: it is a file's name, and anybody may have made the file.
pub(super) struct Name<'a>(pub &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Text::line(self.0).shown())
    }
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let dirs = Dirs::find().context("there is no home directory, so there are no runs")?;
    let store = RunStore::new(&dirs.data);
    let mut out = std::io::stdout().lock();
    match args.command {
        Command::List { json } => return list(&mut out, &store, json),
        Command::Show { run, json: false } => print_report(&mut out, &load(&store, &run)?)?,
        Command::Show { run, json: true } => print_json(&mut out, &load(&store, &run)?.to_json())?,
        Command::Compare { runs, metric, json } => {
            let runs = runs.iter().map(|name| load(&store, name)).collect::<anyhow::Result<Vec<_>>>()?;
            let comparison = Comparison::of(&runs, &metric)?;
            if json {
                print_json(&mut out, &comparison.to_json())?;
            } else {
                print_comparison(&mut out, &comparison)?;
            }
        }
        Command::Export { run, format, out: path } => {
            let report = load(&store, &run)?;
            match (format, path) {
                (Formats::All, Some(dir)) => write_all(&dir, &report)?,
                (Formats::All, None) => anyhow::bail!("--format all writes several files: name a folder with --out"),
                (Formats::One(format), Some(path)) => write_file(&path, &format.write(&report))?,
                (Formats::One(format), None) => out.write_all(format.write(&report).as_bytes())?,
            }
        }
        Command::Remove { runs, json } => {
            let ids = runs.iter().map(|name| store.find(name)).collect::<Result<Vec<_>, _>>()?;
            for id in &ids {
                store.remove(id)?;
                if !json {
                    writeln!(out, "removed {}", Name(id))?;
                }
            }
            if json {
                print_json(&mut out, &json!({ "removed": ids }))?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn print_json(out: &mut impl Write, value: &Value) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    Ok(writeln!(out)?)
}

/// The run of this name; what its file holds wrongly is told on standard error.
pub(super) fn load(store: &RunStore, name: &str) -> anyhow::Result<EvalReport> {
    let run = store.load(&store.find(name)?)?;
    run.dropped.iter().for_each(|sentence| eprintln!("skillscope: {sentence}"));
    Ok(run.report())
}

/// Writes a report in every format.
pub(super) fn write_all(dir: &Path, report: &EvalReport) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| Text::line(dir.display().to_string()).shown().to_owned())?;
    Format::ALL.iter().try_for_each(|format| write_file(&dir.join(format.file_name()), &format.write(report)))
}

fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| Text::line(path.display().to_string()).shown().to_owned())
}

fn list(out: &mut impl Write, store: &RunStore, json: bool) -> anyhow::Result<Outcome> {
    let mut rows = Vec::new();
    let ids = store.ids()?;
    for id in &ids {
        // One file that cannot be read must not hide the others.
        let run = match store.load(id) {
            Ok(run) => run,
            Err(error) => {
                eprintln!("skillscope: {error}");
                continue;
            }
        };
        let report = run.report();
        let headline = report.protocol().headline();
        let name = report.protocol().spell(headline);
        let value = report.all.after().get(headline);
        let (done, planned) = (report.scored() + report.no_skill.len(), report.header.planned);
        if json {
            rows.push(json!({
                "run": id,
                "started": report.header.started,
                "benchmark": report.header.benchmark,
                "protocol": report.protocol().key(),
                "system": report.header.system,
                "done": done,
                "planned": planned,
                "complete": report.is_complete(),
                "headline": { "metric": name, "value": value },
            }));
        } else {
            let value = value.map_or_else(|| "-".into(), |value| format!("{value:.4}"));
            let (benchmark, system) = (Text::line(&report.header.benchmark), Text::line(&report.header.system));
            writeln!(out, "{}  {name} {value}  {done}/{planned}  {benchmark}  {system}", Name(id))?;
        }
    }
    if json {
        print_json(out, &json!({ "runs": rows }))?;
    }
    Ok(if ids.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

/// A report for people: means with intervals, parts, audit, failures.
pub(super) fn print_report(out: &mut impl Write, report: &EvalReport) -> std::io::Result<()> {
    let (header, protocol) = (&report.header, report.protocol());
    let (scored, unscored) = (report.scored(), report.unscored.len());
    writeln!(out, "{}: {scored} requests scored, {unscored} not", Text::line(&header.benchmark))?;
    writeln!(out, "{}", Text::line(&header.system))?;
    writeln!(out, "{}", protocol.describe())?;
    if !report.is_complete() {
        let done = report.scored() + report.no_skill.len();
        writeln!(out, "not complete: {done} of {} requests are answered", header.planned)?;
    }
    if report.provisional > 0 {
        writeln!(out, "provisional: {} requests were answered before all vectors were there", report.provisional)?;
    }
    write!(out, "{:<34}", "")?;
    protocol.main().iter().try_for_each(|&metric| write!(out, "{:>18}", protocol.spell(metric)))?;
    writeln!(out)?;
    let row = |out: &mut dyn Write, label: &str, row: &MetricRow| print_row(out, protocol.main(), label, row);
    if report.reranked() {
        row(out, "shortlist", &report.all.before())?;
    }
    row(out, "final", &report.all.after())?;
    write!(out, "{:<34}", "  95 % interval")?;
    for &metric in protocol.main() {
        let interval = mean_interval(&report.values(metric));
        let interval = interval.map_or_else(|| "-".into(), |i| format!("{:.3} to {:.3}", i.low, i.high));
        write!(out, "{interval:>18}")?;
    }
    writeln!(out)?;
    row(out, "best order of the shortlist", &report.all.ceiling())?;
    for (part, means) in &report.strata {
        row(out, &format!("{}: {} ({})", part.group, part.name, means.count), &means.after())?;
    }
    if report.reranked() {
        let cells = Audit::ALL.map(|audit| format!("{} {}", audit.label(), report.audited(audit)));
        writeln!(out, "first result: {}", cells.join(", "))?;
    }
    let failures = Failure::ALL.map(|failure| (report.count(failure), failure.label()));
    let failures: Vec<String> =
        failures.iter().filter(|(count, _)| *count > 0).map(|(count, label)| format!("{label} {count}")).collect();
    if !failures.is_empty() {
        writeln!(out, "failures: {}", failures.join(", "))?;
    }
    writeln!(out, "{:.1} s", report.elapsed.as_secs_f64())
}

fn print_row(out: &mut dyn Write, metrics: &[Metric], label: &str, row: &MetricRow) -> std::io::Result<()> {
    write!(out, "{:<34}", Text::line(label).shown())?;
    for &metric in metrics {
        match row.get(metric) {
            Some(value) => write!(out, "{value:>18.4}")?,
            None => write!(out, "{:>18}", "-")?,
        }
    }
    writeln!(out)
}

pub(super) fn print_comparison(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    writeln!(out, "\nfirst: {}  {}", Name(&comparison.first), Text::line(&comparison.first_system))?;
    comparison.others.iter().try_for_each(|other| print_against(out, comparison, other))
}

fn print_against(out: &mut impl Write, comparison: &Comparison, other: &Against) -> std::io::Result<()> {
    writeln!(out, "other: {}  {}", Name(&other.id), Text::line(&other.system))?;
    let (common, first, only) = (other.common, other.only_first, other.only_other);
    writeln!(out, "  {common} requests in both, {first} only in the first, {only} only in the other")?;
    for compared in &other.metrics {
        let paired = &compared.paired;
        let name = comparison.protocol.spell(compared.metric);
        let interval = paired.interval.map_or_else(|| "-".into(), |i| format!("{:+.4} to {:+.4}", i.low, i.high));
        let (wins, ties, losses) = (paired.wins, paired.ties, paired.losses);
        let verdict = paired.verdict(compared.corrected);
        writeln!(
            out,
            "  {name:<16} {:.4} -> {:.4}  {:+.4} (95 % {interval})  {wins} won, {ties} tied, {losses} lost  p {:.4} (Holm {:.4})  {verdict}",
            compared.first, compared.other, paired.difference, paired.p, compared.corrected,
        )?;
    }
    let value = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.3}"));
    let lists = other.agreement;
    let (tau, rbo, jaccard) = (value(lists.kendall_tau), value(lists.rbo), value(lists.jaccard));
    writeln!(out, "  first ten of both: Kendall tau {tau}, RBO {rbo}, Jaccard {jaccard}")?;
    let worse = other.changes.iter().take_while(|change| change.values.1 < change.values.0).take(CHANGES);
    let better = other.changes.iter().rev().take_while(|change| change.values.1 > change.values.0).take(CHANGES);
    for (title, changes) in [("worst regressions", worse.collect::<Vec<_>>()), ("most improved", better.collect())] {
        if !changes.is_empty() {
            writeln!(out, "  {title}:")?;
        }
        for change in changes {
            let (first, other) = change.values;
            let request: String = Text::line(&change.first.record.request).shown().chars().take(72).collect();
            writeln!(out, "    {first:.3} -> {other:.3}  {}  {request}", Text::line(&change.first.record.task_id))?;
        }
    }
    Ok(())
}
