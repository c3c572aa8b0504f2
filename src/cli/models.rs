//! `skillscope models`: which models are here, getting them, checking them, removing them.

use std::io::Write;

use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::config::Dirs;
use crate::model::hub::{self, Cache, Held, HubError, Kind, Repository, Selection, Verdict};
use crate::model::{ModelSource, Profile, Profiles};

use super::pull::{Order, ask, shown};
use super::{Outcome, pull};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the profiles with their models, and all models of the hub that are here.
    List {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Download what a profile or a hub repository needs, after showing it and asking.
    Pull {
        /// A profile (with options, if you like) or a repository (owner/name).
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Look for a newer commit than the one that was pulled.
        #[arg(long)]
        update: bool,
        /// Branch, tag or commit of a repository.
        #[arg(long, value_name = "R")]
        revision: Option<String>,
    },
    /// Read every byte and compare it with the hashes the hub gave.
    Verify {
        /// A profile or repository; without it, everything that is here.
        name: Option<String>,
        /// Branch, tag or commit of a repository.
        #[arg(long, value_name = "R")]
        revision: Option<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the directory of a profile's models or of a repository.
    Path {
        /// A profile or repository.
        name: String,
        /// Branch, tag or commit of a repository.
        #[arg(long, value_name = "R")]
        revision: Option<String>,
    },
    /// Remove a profile's models or one revision of a repository from the hub cache, after asking.
    Remove {
        /// A profile or repository.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Branch, tag or commit of a repository.
        #[arg(long, value_name = "R")]
        revision: Option<String>,
    },
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let directory = Dirs::find().map(|dirs| dirs.profiles());
    let profiles = Profiles::with_users(directory.as_deref())?;
    let wanted = |name: &str, revision: Option<&str>| repositories(&profiles, name, revision);
    match args.action {
        Action::List { json } => list(&profiles, json),
        Action::Pull { name, yes, update, revision } => {
            let wanted = wanted(&name, revision.as_deref())?;
            let wanted = wanted.into_iter().map(|repository| (repository, Selection::Model)).collect();
            pull::run(&Order { wanted, yes, update })
        }
        Action::Verify { name: Some(name), revision, json } => verify(&wanted(&name, revision.as_deref())?, json),
        Action::Verify { name: None, json, .. } => {
            let held = cache()?.held()?;
            let all = held.iter().map(|held| Repository::new(held.kind, &held.name, &held.commit));
            verify(&all.collect::<Result<Vec<_>, _>>()?, json)
        }
        Action::Path { name, revision } => path(&name, &wanted(&name, revision.as_deref())?),
        Action::Remove { name, yes, revision } => remove(&wanted(&name, revision.as_deref())?, yes),
    }
}

pub fn cache() -> Result<Cache, HubError> {
    Cache::from_env().ok_or(HubError::NoPlace)
}

/// The hub's repositories that a name stands for: those of a profile's networks, or itself.
fn repositories(profiles: &Profiles, name: &str, revision: Option<&str>) -> anyhow::Result<Vec<Repository>> {
    let Some(profile) = profiles.resolve(name)? else {
        return match Repository::new(Kind::Model, name, revision.unwrap_or("main")) {
            Ok(repository) => Ok(vec![repository]),
            Err(error) => {
                let known: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
                bail!("{error}, and no profile either; profiles are: {}", known.join(", "))
            }
        };
    };
    if revision.is_some() {
        bail!("--revision belongs to a repository; the profile {name} says itself which revisions it uses");
    }
    let mut found = Vec::new();
    for (_, source) in sources(&profile)? {
        if let ModelSource::Hub { repository, revision } = source {
            let repository = Repository::new(Kind::Model, &repository, &revision)?;
            if !found.contains(&repository) {
                found.push(repository);
            }
        }
    }
    if found.is_empty() {
        bail!("the profile {name} has no models of the hub: {}", profile.about);
    }
    Ok(found)
}

/// A profile's networks by role, as far as it names a source.
fn sources(profile: &Profile) -> anyhow::Result<Vec<(&'static str, ModelSource)>> {
    let embedder = profile.embedder.as_ref().map(|part| (part.source.as_deref(), part.revision.as_deref()));
    let reranker = profile.reranker.as_ref().map(|part| (part.source.as_deref(), part.revision.as_deref()));
    let mut found = Vec::new();
    for (role, part) in [("embedder", embedder), ("reranker", reranker)] {
        if let Some((Some(source), revision)) = part {
            found.push((role, ModelSource::parse(source, revision)?));
        }
    }
    Ok(found)
}

fn list(profiles: &Profiles, as_json: bool) -> anyhow::Result<Outcome> {
    let held: Vec<Held> = cache()?.held()?.into_iter().filter(|held| held.kind == Kind::Model).collect();
    let mut rows = Vec::new();
    for profile in profiles.iter() {
        // A source that is neither a directory nor a repository is said where it is used.
        for (role, source) in sources(profile).unwrap_or_default() {
            let (what, here) = (described(&source), source.is_here());
            rows.push((profile.name.as_str(), role, what, here));
        }
    }
    let mut out = std::io::stdout().lock();
    if as_json {
        let profiles: Vec<Value> = rows
            .iter()
            .map(|(profile, role, source, here)| json!({"profile": profile, "role": role, "source": source, "here": here}))
            .collect();
        let models: Vec<Value> = held.iter().map(held_json).collect();
        serde_json::to_writer(&mut out, &json!({"profiles": profiles, "models": models}))?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    let width = |column: fn(&(&str, &str, String, bool)) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let (first, third) = (width(|row| row.0.chars().count()), width(|row| row.2.chars().count()));
    for (profile, role, source, here) in &rows {
        let here = if *here { "here" } else { "not here" };
        writeln!(out, "{profile:<first$}  {role:<8}  {source:<third$}  {here}")?;
    }
    writeln!(out)?;
    if held.is_empty() {
        writeln!(out, "no models in the hub cache; `skillscope models pull PROFILE` gets them")?;
    }
    for held in held {
        let refs = if held.refs.is_empty() { String::new() } else { format!(" ({})", held.refs.join(", ")) };
        let commit = &held.commit[..held.commit.len().min(12)];
        writeln!(out, "{}  {commit}{refs}  {} files, {}", held.name, held.files, hub::size(held.bytes))?;
    }
    Ok(Outcome::Done)
}

fn described(source: &ModelSource) -> String {
    match source {
        ModelSource::Builtin => "inside the program".into(),
        ModelSource::Directory(directory) => shown(directory),
        ModelSource::Hub { repository, revision } if revision == "main" => repository.clone(),
        ModelSource::Hub { repository, revision } => format!("{repository}@{revision}"),
    }
}

/// A snapshot as JSON.
pub fn held_json(held: &Held) -> Value {
    json!({
        "name": held.name,
        "commit": held.commit,
        "refs": held.refs,
        "files": held.files,
        "bytes": held.bytes,
        "path": held.path.display().to_string(),
    })
}

fn verify(repositories: &[Repository], as_json: bool) -> anyhow::Result<Outcome> {
    let cache = cache()?;
    let mut out = std::io::stdout().lock();
    let (mut rows, mut wrong) = (Vec::new(), 0);
    for repository in repositories {
        for finding in cache.verify(repository)? {
            let (word, reason) = match &finding.verdict {
                Verdict::Right => ("right", None),
                Verdict::Unknown => ("unknown", Some("its name is no hash; only its form was looked at")),
                Verdict::Wrong(reason) => ("wrong", Some(reason.as_str())),
            };
            wrong += usize::from(word == "wrong");
            if as_json {
                rows.push(json!({
                    "repository": repository.to_string(), "file": finding.path, "bytes": finding.size,
                    "verdict": word, "reason": reason,
                }));
            } else {
                let mark = if word == "wrong" { "!!" } else { "ok" };
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                writeln!(out, "{mark:<4} {repository} {} ({}){reason}", finding.path, hub::size(finding.size))?;
            }
        }
    }
    if as_json {
        serde_json::to_writer(&mut out, &json!({"files": rows, "wrong": wrong}))?;
        writeln!(out)?;
    } else if repositories.is_empty() {
        writeln!(out, "the hub cache is empty")?;
    }
    Ok(if wrong == 0 { Outcome::Done } else { Outcome::Nothing })
}

fn path(name: &str, repositories: &[Repository]) -> anyhow::Result<Outcome> {
    let cache = cache()?;
    for repository in repositories {
        let path = cache.need(repository, &format!("models pull {name}"))?;
        writeln!(std::io::stdout(), "{}", path.display())?;
    }
    Ok(Outcome::Done)
}

fn remove(repositories: &[Repository], yes: bool) -> anyhow::Result<Outcome> {
    let cache = cache()?;
    for repository in repositories {
        let bytes = cache.removable(repository)?;
        if !yes && !ask(&format!("Remove {repository} and free {}?", hub::size(bytes)))? {
            writeln!(std::io::stdout(), "{repository} stays")?;
            continue;
        }
        cache.remove(repository)?;
        writeln!(std::io::stdout(), "removed {repository}: {}", hub::size(bytes))?;
    }
    Ok(Outcome::Done)
}
