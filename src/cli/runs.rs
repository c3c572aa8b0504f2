//! `skillscope runs`: what was evaluated before.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::config::Dirs;
use crate::eval::EvalReport;
use crate::eval::compare::compare;
use crate::eval::export::Format;
use crate::eval::store::{RunStore, StoredRun};

use crate::library::Text;

use super::Outcome;
use super::eval::table;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// Where runs are kept, instead of the data directory.
    #[arg(long, value_name = "DIR", global = true)]
    dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All runs, the newest first.
    List,
    /// The numbers of one run.
    Show {
        /// An id, part of one, or "last".
        run: String,
    },
    /// What other runs of the same requests do better or worse than the first.
    Compare {
        /// The run to compare with.
        base: String,
        #[arg(required = true)]
        others: Vec<String>,
    },
    /// Write one run for other programs or for a paper.
    Export {
        /// An id, part of one, or "last".
        run: String,
        /// trec, qrels, qrels-gold, skillrouter, skillret, r3, csv, json, markdown, latex, html, or "all" (needs
        /// --out).
        #[arg(long, value_name = "F", value_parser = formats)]
        format: Formats,
        /// The file to write, or the folder for "all"; without it, standard output.
        #[arg(long, value_name = "PATH")]
        out: Option<PathBuf>,
    },
    /// Delete a run.
    Remove { run: String },
}

#[derive(Debug, Clone, Copy)]
enum Formats {
    One(Format),
    All,
}

fn formats(key: &str) -> Result<Formats, String> {
    let known = || format!("is neither \"all\" nor one of {}", Format::ALL.map(Format::key).join(", "));
    if key == "all" { Ok(Formats::All) } else { Format::parse(key).map(Formats::One).ok_or_else(known) }
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let store = RunStore::new(match args.dir {
        Some(dir) => dir,
        None => Dirs::find().context("no home directory; name the folder with --dir")?.data.join("runs"),
    });
    let mut out = std::io::stdout().lock();
    match args.command {
        Command::List => list(&store, args.json, &mut out),
        Command::Show { run } => {
            let stored = read(&store, &run)?;
            if args.json {
                serde_json::to_writer(&mut out, &stored.report.to_json())?;
                writeln!(out)?;
            } else {
                table::report(&mut out, &stored.report)?;
                if !stored.finished {
                    writeln!(out, "not finished: {} of {} requests", done(&stored), stored.report.header.planned)?;
                }
            }
            Ok(Outcome::Done)
        }
        Command::Compare { base, others } => {
            let names = std::iter::once(base).chain(others);
            let runs: Vec<EvalReport> =
                names.map(|name| Ok(read(&store, &name)?.report)).collect::<anyhow::Result<_>>()?;
            let comparisons = compare(&runs)?;
            if args.json {
                let protocol = runs[0].protocol();
                let compared: Vec<Value> =
                    comparisons.iter().map(|comparison| comparison.to_json(|metric| protocol.spell(metric))).collect();
                let value = json!({ "base": runs[0].header.id, "protocol": protocol.key(), "comparisons": compared });
                serde_json::to_writer(&mut out, &value)?;
                writeln!(out)?;
            } else {
                table::comparisons(&mut out, &runs[0], &comparisons)?;
            }
            Ok(Outcome::Done)
        }
        Command::Export { run, format, out: path } => {
            let report = read(&store, &run)?.report;
            match (format, path) {
                (Formats::All, None) => bail!("--format all writes several files: name a folder with --out"),
                (Formats::All, Some(dir)) => {
                    std::fs::create_dir_all(&dir).with_context(|| shown(&dir))?;
                    for format in Format::ALL {
                        write(&dir.join(format.file_name()), &format.write(&report))?;
                    }
                }
                (Formats::One(format), Some(path)) => write(&path, &format.write(&report))?,
                (Formats::One(format), None) => out.write_all(format.write(&report).as_bytes())?,
            }
            Ok(Outcome::Done)
        }
        Command::Remove { run } => {
            let id = store.find(&run)?;
            store.remove(&id)?;
            writeln!(out, "removed {id}")?;
            Ok(Outcome::Done)
        }
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| shown(path))
}

fn shown(path: &Path) -> String {
    Text::line(path.display().to_string()).shown().to_owned()
}

fn done(stored: &StoredRun) -> usize {
    stored.report.scored() + stored.report.no_skill.len()
}

fn read(store: &RunStore, name: &str) -> anyhow::Result<StoredRun> {
    let stored = store.read(&store.find(name)?)?;
    stored.damage.iter().for_each(|sentence| eprintln!("skillscope: {sentence}"));
    Ok(stored)
}

fn list(store: &RunStore, as_json: bool, out: &mut impl Write) -> anyhow::Result<Outcome> {
    let mut rows = Vec::new();
    for id in store.ids()? {
        match store.read(&id) {
            Ok(stored) => rows.push((id, stored)),
            Err(error) => eprintln!("skillscope: {error}"),
        }
    }
    if as_json {
        let row = |(id, stored): &(String, StoredRun)| {
            let (header, protocol) = (&stored.report.header, stored.report.protocol());
            json!({
                "id": id, "started": header.started, "benchmark": header.benchmark, "protocol": protocol.key(),
                "system": header.system, "done": done(stored), "planned": header.planned, "finished": stored.finished,
                "headline": protocol.spell(protocol.headline()),
                "value": stored.report.all.after().get(protocol.headline()),
            })
        };
        serde_json::to_writer(&mut *out, &rows.iter().map(row).collect::<Vec<_>>())?;
        writeln!(out)?;
    } else {
        for (id, stored) in &rows {
            let (header, protocol) = (&stored.report.header, stored.report.protocol());
            let value = stored.report.all.after().value(protocol.headline());
            let state =
                if stored.finished { String::new() } else { format!(", {} of {}", done(stored), header.planned) };
            writeln!(out, "{id}  {} {value:.4}{state}  {}", protocol.spell(protocol.headline()), header.system)?;
        }
    }
    Ok(if rows.is_empty() { Outcome::Nothing } else { Outcome::Done })
}
