//! `skillscope index`: load, embed, report.

use std::io::Write;
use std::time::Instant;

use serde_json::{Value, json};

use crate::library::{Library, LoadRow, Severity};
use crate::search::Stage1;
use crate::search::assemble::open_store;

use super::{Outcome, RouterArgs, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let mut options = prepare::Options::resolve(router)?;
    // The cross-encoder has no index.
    options.reranker = None;
    let start = Instant::now();
    let library = options.library()?;
    let load_seconds = start.elapsed().as_secs_f64();
    let models = options.models()?;
    let start = Instant::now();
    let (pipeline, progress) = options.pipeline_over(library, models)?;
    let index_seconds = start.elapsed().as_secs_f64();
    let library = pipeline.library();
    let bytes = match (&pipeline.embedder, options.settings.stage1) {
        (Some(embedder), Stage1::Dense | Stage1::Fused) => {
            open_store(options.cache.as_deref(), embedder, options.settings.fields, &mut |_| {}).bytes_on_disk()
        }
        _ => 0,
    };
    let summary = Summary {
        load_seconds,
        index_seconds,
        vectors: progress.ready,
        embedded_tokens: progress.tokens,
        tokens_per_second: if progress.tokens > 0 { progress.tokens_per_second() } else { 0.0 },
        bytes_on_disk: bytes,
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut value = summary.to_json(library);
        value["profile"] = options.profile_json(&pipeline).into();
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        summary.print(&mut out, library)?;
    }
    Ok(if library.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

struct Summary {
    load_seconds: f64,
    index_seconds: f64,
    /// Distinct contents that have a vector.
    vectors: usize,
    /// Tokens embedded in this run; none if all vectors were cached.
    embedded_tokens: usize,
    tokens_per_second: f64,
    bytes_on_disk: u64,
}

impl Summary {
    fn to_json(&self, library: &Library) -> Value {
        let rows: Vec<Value> = library.report.rows.iter().map(row_json).collect();
        let roots: Vec<Value> = library
            .roots
            .iter()
            .map(|root| json!({ "path": root.label.shown(), "skills": root.skills, "agents": root.agents }))
            .collect();
        json!({
            "counts": {
                "seen": library.report.seen,
                "skills": library.len(),
                "skipped": library.report.count(Severity::Skipped),
                "limits": library.report.count(Severity::Limit),
                "notes": library.report.count(Severity::Note),
                "vectors": self.vectors,
                "embedded_tokens": self.embedded_tokens,
            },
            "seconds": { "load": self.load_seconds, "index": self.index_seconds },
            "tokens_per_second": self.tokens_per_second,
            "bytes_on_disk": self.bytes_on_disk,
            "roots": roots,
            "load_report": rows,
        })
    }

    fn print(&self, out: &mut impl Write, library: &Library) -> std::io::Result<()> {
        for root in &library.roots {
            writeln!(out, "{:>6} skills  {}  {}", root.skills, root.label, root.agents.join(", "))?;
        }
        let report = &library.report;
        writeln!(
            out,
            "{} skills from {} files, {} not loaded, {} limits hit, {} notes ({:.2} s)",
            library.len(),
            report.seen,
            report.count(Severity::Skipped),
            report.count(Severity::Limit),
            report.count(Severity::Note),
            self.load_seconds
        )?;
        let speed = match self.embedded_tokens {
            0 => "nothing left to embed".to_string(),
            tokens => format!("{tokens} tokens embedded, {:.0} a second", self.tokens_per_second),
        };
        writeln!(
            out,
            "{} vectors, {speed}, {} bytes on disk ({:.2} s)",
            self.vectors, self.bytes_on_disk, self.index_seconds
        )?;
        for row in report.rows.iter().filter(|row| row.severity != Severity::Note) {
            let line = row.line.map_or(String::new(), |line| format!(":{line}"));
            writeln!(out, "{}{line}: {} [{}]", row.path, row.message, row.rule)?;
        }
        Ok(())
    }
}

fn row_json(row: &LoadRow) -> Value {
    let severity = match row.severity {
        Severity::Note => "note",
        Severity::Limit => "limit",
        Severity::Skipped => "skipped",
    };
    json!({
        "severity": severity,
        "path": row.path.shown(),
        "line": row.line,
        "rule": row.rule,
        "message": row.message.shown(),
    })
}
