//! `skillscope bench`: published benchmarks, and getting them from the hub.

use std::io::Write;

use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::eval::hub::{Place, Remote};
use crate::model::hub::{self, Cache};

use super::pull::{self, Order};
use super::{Outcome, models};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the published benchmarks and which of them are here.
    List {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Download one, after showing its files and asking.
    Pull {
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Look for a newer commit than the one that was pulled.
        #[arg(long)]
        update: bool,
    },
    /// Print the directory of one that is here.
    Path { name: String },
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.action {
        Action::List { json } => list(json),
        Action::Pull { name, yes, update } => match published(&name)?.place {
            Place::Hub { repository, selection } => {
                pull::run(&Order { wanted: vec![(repository, selection)], yes, update })
            }
            Place::Elsewhere(how) => bail!("{name}: {how}"),
        },
        Action::Path { name } => {
            let published = published(&name)?;
            let Some(path) = published.directory(&models::cache()?) else {
                bail!("{name} is not here: {}", published.how());
            };
            writeln!(std::io::stdout(), "{}", path.display())?;
            Ok(Outcome::Done)
        }
    }
}

fn published(name: &str) -> anyhow::Result<Remote> {
    if let Some(published) = Remote::named(name)? {
        return Ok(published);
    }
    let known: Vec<String> = Remote::all()?.into_iter().map(|published| published.name).collect();
    bail!("no published benchmark is called {name:?}; known are: {}", known.join(", "))
}

fn list(as_json: bool) -> anyhow::Result<Outcome> {
    let (all, cache) = (Remote::all()?, models::cache()?);
    let mut out = std::io::stdout().lock();
    if as_json {
        let rows: Vec<Value> = all.iter().map(|published| row(published, &cache)).collect();
        serde_json::to_writer(&mut out, &json!({"benchmarks": rows}))?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    let width = all.iter().map(|published| published.name.len()).max().unwrap_or(0);
    for published in &all {
        let state = match (published.directory(&cache), &published.place, published.bytes) {
            (Some(path), ..) => format!("here: {}", pull::shown(&path)),
            (_, Place::Elsewhere(how), _) => how.clone(),
            (_, _, Some(bytes)) => format!("not here; about {}", hub::size(bytes)),
            _ => "not here".into(),
        };
        writeln!(out, "{:<width$}  {}", published.name, published.about)?;
        writeln!(out, "{:<width$}  {state}", "")?;
    }
    Ok(Outcome::Done)
}

fn row(published: &Remote, cache: &Cache) -> Value {
    let (repository, elsewhere) = match &published.place {
        Place::Hub { repository, .. } => (Some(repository.to_string()), None),
        Place::Elsewhere(how) => (None, Some(how.as_str())),
    };
    json!({
        "name": published.name,
        "about": published.about,
        "repository": repository,
        "elsewhere": elsewhere,
        "bytes": published.bytes,
        "path": published.directory(cache).map(|path| path.display().to_string()),
    })
}
