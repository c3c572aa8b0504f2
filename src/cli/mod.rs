//! The command line: one file per subcommand. Without a subcommand the interface opens.
//!
//! Exit codes, for scripts: 0 done; 1 done, and nothing was found or a threshold was missed; 2 an error, named on
//! standard error.

mod args;
mod bench;
mod collisions;
mod doctor;
mod embed;
mod eval;
mod explain;
mod index;
mod jsonl;
mod lint;
mod log;
mod models;
mod named;
mod prepare;
mod probe;
mod pull;
mod rerank;
mod runs;
mod search;
mod tui;
mod what_if;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use args::{InterfaceArgs, RouterArgs};

use crate::model::packed::Level;

/// What a command ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Nothing was found, or a threshold was missed.
    Nothing,
    /// The interface ended with this status: 0, or 128 + the signal.
    Status(i32),
}

/// See which skills an agent's router would find for a request, in which order, and why.
#[derive(Debug, Parser)]
#[command(name = "skillscope", version, about, long_about = None)]
#[command(
    after_help = "Exit codes: 0 done, 1 nothing found or a threshold missed, 2 error.\nWithout a command the interface opens."
)]
pub struct Cli {
    #[command(flatten)]
    router: RouterArgs,
    #[command(flatten)]
    interface: InterfaceArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Search once and print the shortlist in final order.
    Search(search::Args),
    /// Say why a skill got its score for a request: attention, erasure, contrast, stage 1; or over a benchmark.
    Explain(explain::Args),
    /// Show how a skill's rank would change with another name, description or body.
    WhatIf(what_if::Args),
    /// Check an author's tests: which requests find the skills they should; 1 if any fails.
    Probe(probe::Args),
    /// List skills that take each other's place: copies, same names, bodies or vectors alike; 1 if there are none.
    Collisions(collisions::Args),
    /// Check skills against the specification and its clients, and list what to look at before trusting them; 1 if any
    /// fails.
    Lint(lint::Args),
    /// Load a library, build its vectors and report what was found.
    Index(index::Args),
    /// Run a benchmark (the built-in one by default) and print its metrics.
    Eval(eval::Args),
    /// List, show, compare, export and delete earlier evaluations.
    Runs(runs::Args),
    /// Embed JSON lines from standard input: {"text"} gives {"embedding", "ids"}.
    Embed(embed::Args),
    /// Score JSON lines from standard input: {"query", "document"} gives {"score", "ids"}.
    Rerank(rerank::Args),
    /// List, download, check and remove the models of the profiles.
    Models(models::Args),
    /// List and download published benchmarks.
    Bench(bench::Args),
    /// Say what this program finds on this machine: models, cache, libraries, terminal.
    Doctor(doctor::Args),
}

/// Parses arguments, runs, and turns the outcome into an exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing) => ExitCode::from(1),
        Ok(Outcome::Status(status)) => ExitCode::from(u8::try_from(status).unwrap_or(2)),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("skillscope: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Outcome> {
    Level::check_environment().map_err(anyhow::Error::msg)?;
    let router = cli.router;
    match cli.command {
        None => tui::run(router, cli.interface),
        Some(Command::Search(args)) => search::run(args, &router),
        Some(Command::Explain(args)) => explain::run(args, &router),
        Some(Command::WhatIf(args)) => what_if::run(args, &router),
        Some(Command::Probe(args)) => probe::run(args, &router),
        Some(Command::Collisions(args)) => collisions::run(args, &router),
        Some(Command::Lint(args)) => lint::run(args, &router),
        Some(Command::Index(args)) => index::run(args, &router),
        Some(Command::Eval(args)) => eval::run(args, &router),
        Some(Command::Runs(args)) => runs::run(args),
        Some(Command::Embed(args)) => embed::run(args, &router),
        Some(Command::Rerank(args)) => rerank::run(args, &router),
        Some(Command::Models(args)) => models::run(args),
        Some(Command::Bench(args)) => bench::run(args),
        Some(Command::Doctor(args)) => doctor::run(args, &router),
    }
}

/// `skillscope … | head` ends quietly, as other tools do.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
