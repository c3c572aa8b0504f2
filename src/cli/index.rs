//! `skillscope index`: load, embed, report.

use std::io::Write;
use std::time::Instant;

use serde_json::{Value, json};

use crate::library::categories::Level;
use crate::library::{FieldSet, Library, LoadRow, Severity};
use crate::model::never;
use crate::search::assemble::open_store;
use crate::search::groups::{self, Agreement, Grouping, Groups};
use crate::search::{Pipeline, SearchError, Stage1};

use super::{Outcome, RouterArgs, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show the library in groups: by root, category, subcategory or cluster. Where a data set has labels of its own,
    /// how often the nearest description agrees with them is shown too.
    #[arg(long, value_name = "BY", value_parser = grouping)]
    groups: Option<Grouping>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn grouping(word: &str) -> Result<Grouping, String> {
    let keys = Grouping::ALL.map(Grouping::key).join(", ");
    Grouping::ALL.into_iter().find(|by| by.key() == word).ok_or(format!("is none of {keys}"))
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
    let bytes = match (pipeline.embedder(), options.settings.stage1) {
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
    let groups = match args.groups {
        Some(by) => Some(Grouped::new(&pipeline, options.settings.fields, by)?),
        None => None,
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut value = summary.to_json(library);
        if let Some(groups) = &groups {
            value["groups"] = groups.to_json();
        }
        value["profile"] = options.profile_json(&pipeline).into();
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        summary.print(&mut out, library)?;
        if let Some(groups) = &groups {
            groups.print(&mut out)?;
        }
    }
    Ok(if library.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

/// The library in groups, and what is known about how good they are.
struct Grouped {
    groups: Groups,
    /// For both levels, where the data set has labels.
    agreements: Vec<Agreement>,
}

impl Grouped {
    fn new(pipeline: &Pipeline, fields: FieldSet, by: Grouping) -> Result<Self, SearchError> {
        let groups = groups::group(pipeline, fields, by, &never)?;
        let levels = match by {
            Grouping::Category | Grouping::SubCategory => [Level::Category, Level::SubCategory].as_slice(),
            Grouping::Root | Grouping::Cluster => &[],
        };
        let agreements = levels.iter().map(|&level| groups::agreement(pipeline, fields, level, &never));
        let agreements = agreements.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        Ok(Grouped { groups, agreements })
    }

    fn to_json(&self) -> Value {
        let Groups { library, by, groups, of, .. } = &self.groups;
        let members = |at: usize| {
            let skills = library.iter().filter(move |(ix, _)| of[ix.index()] == Some(at as u32));
            skills.map(|(_, skill)| skill.id.shown()).collect::<Vec<_>>()
        };
        let group = |(at, group): (usize, &groups::Group)| {
            json!({
                "name": group.name.shown(),
                "about": group.about.shown(),
                "central": group.central.map(|skill| library[skill].id.shown()),
                "skills": members(at),
            })
        };
        let agreement = |found: &Agreement| {
            json!({
                "level": found.level.column(),
                "right": found.right,
                "of": found.of,
                "majority": { "label": found.majority.1.shown(), "right": found.majority.0 },
            })
        };
        json!({
            "by": by.key(),
            "source": self.groups.sentence(),
            "without": self.groups.open(),
            "groups": groups.iter().enumerate().map(group).collect::<Vec<_>>(),
            "agreement": self.agreements.iter().map(agreement).collect::<Vec<_>>(),
        })
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "by {}: {}", self.groups.by.key(), self.groups.sentence())?;
        for group in &self.groups.groups {
            let share = 100.0 * group.skills as f64 / self.groups.library.len().max(1) as f64;
            let central = group.central.map_or("", |skill| self.groups.library[skill].id.shown());
            writeln!(out, "{:>6} {share:>5.1} %  {}  {central}", group.skills, group.name)?;
        }
        for Agreement { level, right, of, majority: (most, label) } in &self.agreements {
            writeln!(
                out,
                "{}: the nearest description names the data set's label for {right} of {of}; always {label}: {most}",
                level.column()
            )?;
        }
        Ok(())
    }
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
