//! `skillscope lint`: what is wrong with skills, where they load, and what to look at before trusting them.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::library::Text;
use crate::library::lint::{
    Baseline, Client, Fate, Fit, Listing, Problem, Severity, Subject, clients, fates, is_valid, lint, simulate,
    subjects,
};
use crate::library::load::Source;
use crate::library::trust::{Signal, scan};

use super::{Outcome, RouterArgs, prepare};

/// The name under which the specification's own validator is asked for.
const SPECIFICATION: &str = "spec";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Skills to check: a SKILL.md, a folder of skills, or a pool. Without any, the library (see --library).
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only what concerns this client, as bad as it is there: claude-code, codex, gemini-cli, opencode, goose,
    /// claude-api, or spec for the specification's validator.
    #[arg(long, value_name = "C")]
    client: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Exit with 1 from this severity on. Trust signals count as warnings.
    #[arg(long, value_enum, default_value = "error", value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Findings that were accepted before; they are counted and not listed. An edited line comes back.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Accept all findings of this run: write them to the file that --baseline names.
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    /// Tokens of context that the budget for listing skills is taken from, where a client's budget is a share of it.
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..))]
    context: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let view = View::named(args.client.as_deref())?;
    let source = match args.paths.is_empty() {
        true => prepare::Options::resolve(router)?.source,
        false => Source::Paths(args.paths),
    };
    let (_, subjects) = subjects(&source)?;
    let mut report = Report {
        skills: subjects.into_par_iter().map(|subject| Checked::new(subject, &view)).collect(),
        listings: Vec::new(),
        accepted: 0,
        view,
    };
    report.listings = report.simulate(args.context);
    match (&args.baseline, args.write_baseline) {
        (Some(path), true) => {
            let baseline = report.baseline();
            baseline.write(path)?;
            eprintln!("{} findings accepted in {}", baseline.len(), Text::line(path.to_string_lossy()));
            return Ok(Outcome::Done);
        }
        (Some(path), false) => report.accept(&Baseline::read(path)?),
        (None, _) => {}
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report.to_json())?;
        writeln!(out)?;
    } else {
        report.print(&mut out)?;
    }
    let failed = match args.fail_on {
        FailOn::Error => report.count(Severity::Error) > 0,
        FailOn::Warning => report.count(Severity::Error) + report.count(Severity::Warning) + report.signals() > 0,
    };
    Ok(if failed || report.skills.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

/// For whom the skills are checked.
#[derive(Debug, Clone, Copy)]
enum View {
    All,
    Specification,
    Client(&'static Client),
}

impl View {
    fn named(name: Option<&str>) -> anyhow::Result<Self> {
        match name {
            None => Ok(View::All),
            Some(SPECIFICATION) => Ok(View::Specification),
            Some(name) => match clients().iter().find(|client| client.id == name) {
                Some(client) => Ok(View::Client(client)),
                None => {
                    let ids: Vec<&str> = clients().iter().map(|client| client.id.as_str()).collect();
                    bail!("--client {}: not known; there are {}, {SPECIFICATION}", Text::line(name), ids.join(", "))
                }
            },
        }
    }

    /// How bad a problem is in this view, `None` if it does not concern it.
    fn severity(&self, problem: &Problem) -> Option<Severity> {
        let rule = problem.rule;
        match self {
            View::All => Some(rule.severity),
            View::Specification => match rule.strict {
                true => Some(Severity::Error),
                false => rule.concerns(SPECIFICATION).then_some(rule.severity.min(Severity::Warning)),
            },
            View::Client(client) => rule.concerns(&client.id).then(|| rule.severity_in(&client.id)),
        }
    }

    fn shows(&self, client: &Client) -> bool {
        match self {
            View::All => true,
            View::Specification => false,
            View::Client(one) => one.id == client.id,
        }
    }
}

/// One skill with all that was found.
struct Checked {
    subject: Subject,
    valid: bool,
    problems: Vec<(Severity, Problem)>,
    fates: Vec<Fate>,
    signals: Vec<Signal>,
}

impl Checked {
    fn new(subject: Subject, view: &View) -> Self {
        let problems = lint(&subject);
        let fates = fates(&subject, &problems).into_iter().filter(|fate| view.shows(fate.client())).collect();
        Checked {
            valid: is_valid(&problems),
            problems: problems.into_iter().filter_map(|problem| Some((view.severity(&problem)?, problem))).collect(),
            fates,
            signals: scan(&subject),
            subject,
        }
    }

    /// `path:line:column`, as far as it is known.
    fn place(&self, line: Option<u64>, column: Option<u64>) -> String {
        let mut place = self.subject.path.shown().to_string();
        let numbers = [line.or(self.subject.row), column.filter(|_| line.is_some())];
        numbers.iter().flatten().for_each(|number| place.push_str(&format!(":{number}")));
        place
    }
}

struct Report {
    view: View,
    skills: Vec<Checked>,
    /// What each client with a budget lists of all skills together.
    listings: Vec<Listing>,
    /// Findings that the baseline holds.
    accepted: usize,
}

impl Report {
    fn count(&self, severity: Severity) -> usize {
        self.skills.iter().flat_map(|skill| &skill.problems).filter(|(one, _)| *one == severity).count()
    }

    fn signals(&self) -> usize {
        self.skills.iter().map(|skill| skill.signals.len()).sum()
    }

    fn valid(&self) -> usize {
        self.skills.iter().filter(|skill| skill.valid).count()
    }

    fn simulate(&self, context: Option<u64>) -> Vec<Listing> {
        let of = |client: &'static Client| {
            let is = |fate: &&Fate| fate.client().id == client.id;
            let fates: Vec<&Fate> = self.skills.iter().filter_map(|skill| skill.fates.iter().find(is)).collect();
            simulate(client, &fates, context)
        };
        clients().iter().filter(|client| self.view.shows(client)).filter_map(of).collect()
    }

    fn baseline(&self) -> Baseline {
        let mut baseline = Baseline::default();
        for Checked { subject, problems, signals, .. } in &self.skills {
            for (_, problem) in problems {
                baseline.add(problem.key(subject), &problem.rule.id, &subject.name);
            }
            for signal in signals {
                baseline.add(signal.key(&subject.name), &signal.pattern.id, &subject.name);
            }
        }
        baseline
    }

    fn accept(&mut self, baseline: &Baseline) {
        let before = self.findings();
        for Checked { subject, problems, signals, .. } in &mut self.skills {
            problems.retain(|(_, problem)| !baseline.holds(&problem.key(subject)));
            signals.retain(|signal| !baseline.holds(&signal.key(&subject.name)));
        }
        self.accepted = before - self.findings();
    }

    fn findings(&self) -> usize {
        self.skills.iter().map(|skill| skill.problems.len() + skill.signals.len()).sum()
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        for skill in &self.skills {
            for (severity, problem) in &skill.problems {
                let place = skill.place(problem.line, problem.column);
                let (rule, Problem { message, todo, .. }) = (&problem.rule.id, problem);
                writeln!(out, "{place}: {}[{rule}]: {message}: {todo}", severity.key())?;
            }
            for signal in &skill.signals {
                let place = skill.place(signal.line, Some(signal.column));
                writeln!(out, "{place}: signal[{}]: {}", signal.pattern.id, signal.excerpt)?;
                if let Some(decoded) = &signal.decoded {
                    writeln!(out, "    says: {decoded}")?;
                }
            }
        }
        self.print_summary(out)
    }

    fn print_summary(&self, out: &mut impl Write) -> std::io::Result<()> {
        let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note].map(|s| self.count(s));
        let accepted = if self.accepted > 0 { format!(", {} accepted before", self.accepted) } else { String::new() };
        writeln!(
            out,
            "{} skills, {} valid by the specification: {errors} errors, {warnings} warnings, {notes} notes, {} \
             signals{accepted}",
            self.skills.len(),
            self.valid(),
            self.signals(),
        )?;
        match &self.skills[..] {
            [skill] => skill.fates.iter().try_for_each(|fate| writeln!(out, "  {}", one_fate(fate)))?,
            _ => self.print_fates(out)?,
        }
        for listing in self.listings.iter().filter(|_| self.skills.len() > 1) {
            writeln!(out, "  {}", one_listing(listing))?;
        }
        Ok(())
    }

    /// How many skills each client loads.
    fn print_fates(&self, out: &mut impl Write) -> std::io::Result<()> {
        for client in clients().iter().filter(|client| self.view.shows(client)) {
            let fates =
                || self.skills.iter().flat_map(|skill| &skill.fates).filter(|fate| fate.client().id == client.id);
            let loaded = fates().filter(|fate| matches!(fate, Fate::Loads { .. })).count();
            let cut = fates().filter(|fate| matches!(fate, Fate::Loads { visible, of, .. } if visible < of)).count();
            writeln!(
                out,
                "  {}: {loaded} of {} skills load, {cut} with a cut description (rules of {})",
                client.name,
                self.skills.len(),
                client.checked
            )?;
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let clients: Vec<Value> = clients()
            .iter()
            .filter(|client| self.view.shows(client))
            .map(|client| {
                json!({ "id": client.id, "name": client.name, "source": client.source, "checked": client.checked })
            })
            .collect();
        json!({
            "counts": {
                "skills": self.skills.len(),
                "valid": self.valid(),
                "errors": self.count(Severity::Error),
                "warnings": self.count(Severity::Warning),
                "notes": self.count(Severity::Note),
                "signals": self.signals(),
                "accepted": self.accepted,
            },
            "clients": clients,
            "skills": self.skills.iter().map(skill_json).collect::<Vec<_>>(),
            "listings": self.listings.iter().map(|listing| self.listing_json(listing)).collect::<Vec<_>>(),
        })
    }

    fn listing_json(&self, listing: &Listing) -> Value {
        let rows: Vec<Value> = listing
            .rows
            .iter()
            .map(|row| {
                let (fit, characters) = match row.fit {
                    Fit::Whole => ("whole", None),
                    Fit::Cut(characters) => ("cut", Some(characters)),
                    Fit::NameOnly => ("name only", Some(0)),
                    Fit::LeftOut => ("left out", None),
                };
                json!({ "id": self.skills[row.skill].subject.id.shown(), "fit": fit, "characters": characters })
            })
            .collect();
        json!({
            "client": listing.client.id,
            "context_tokens": listing.context,
            "room_characters": listing.room,
            "needed_characters": listing.needed,
            "skills": rows,
        })
    }
}

fn one_fate(fate: &Fate) -> String {
    match fate {
        Fate::Loads { client, name, visible, of } if visible < of => {
            format!("{}: loads as {name}, {visible} of {of} characters of the description listed", client.name)
        }
        Fate::Loads { client, name, of, .. } => {
            format!("{}: loads as {name}, the description ({of} characters) whole", client.name)
        }
        Fate::Dropped { client, rules } => format!("{}: does not load: {}", client.name, rules.join(", ")),
    }
}

fn one_listing(listing: &Listing) -> String {
    let whole = listing.count(|fit| fit == Fit::Whole);
    let cut = listing.count(|fit| matches!(fit, Fit::Cut(_)));
    let name_only = listing.count(|fit| fit == Fit::NameOnly);
    let left_out = listing.count(|fit| fit == Fit::LeftOut);
    let context = listing.context.map_or(String::new(), |tokens| format!(" of {tokens} tokens of context"));
    format!(
        "{} lists {whole} descriptions whole, {cut} cut, {name_only} by name only, {left_out} skills not at all: room for \
         {} characters{context}, {} needed",
        listing.client.name, listing.room, listing.needed
    )
}

fn skill_json(skill: &Checked) -> Value {
    let problems: Vec<Value> = skill
        .problems
        .iter()
        .map(|(severity, problem)| {
            json!({
                "rule": problem.rule.id,
                "severity": severity.key(),
                "line": problem.line,
                "column": problem.column,
                "message": problem.message.shown(),
                "todo": problem.todo.shown(),
                "source": problem.rule.source,
                "checked": problem.rule.checked,
            })
        })
        .collect();
    let signals: Vec<Value> = skill
        .signals
        .iter()
        .map(|signal| {
            json!({
                "pattern": signal.pattern.id,
                "line": signal.line,
                "column": signal.column,
                "excerpt": signal.excerpt.shown(),
                "says": signal.decoded.as_ref().map(Text::shown),
                "about": signal.pattern.about,
                "source": signal.pattern.source,
            })
        })
        .collect();
    let fates: Map<String, Value> =
        skill.fates.iter().map(|fate| (fate.client().id.clone(), fate_json(fate))).collect();
    json!({
        "id": skill.subject.id.shown(),
        "name": skill.subject.name.shown(),
        "path": skill.subject.path.shown(),
        "line": skill.subject.row,
        "valid": skill.valid,
        "problems": problems,
        "signals": signals,
        "clients": fates,
    })
}

fn fate_json(fate: &Fate) -> Value {
    match fate {
        Fate::Loads { name, visible, of, .. } => {
            json!({ "loads": true, "name": name.shown(), "visible_characters": visible, "of": of })
        }
        Fate::Dropped { rules, .. } => json!({ "loads": false, "rules": rules }),
    }
}
