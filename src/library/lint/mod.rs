//! What is wrong with a skill: by the specification, and for each client that would load it.
//!
//! The rules are a dated table (`assets/lint/rules.toml`), as are the clients (`assets/lint/clients.toml`); here are
//! only the checks they name. The loader is lenient because clients are (domain notes 1.3); this is the strict half.

mod baseline;
mod budget;
mod check;
mod clients;
mod rules;
mod subject;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

pub use baseline::{Baseline, BaselineError, evidence_key};
pub use budget::{Fit, Listed, Listing, simulate};
pub use clients::{Client, Fate};
pub use rules::{Rule, Severity};
pub use subject::{Subject, subjects};

use super::Text;
use rules::Tables;

/// One fault of one skill.
#[derive(Debug, Clone)]
pub struct Problem {
    pub rule: &'static Rule,
    /// 1-based, in the file; `None` for what is not there, and in a pool.
    pub line: Option<u64>,
    /// 1-based, in characters.
    pub column: Option<u64>,
    /// What is wrong, with the value it was found in.
    pub message: Text,
    /// What to do about it.
    pub todo: Text,
}

impl Problem {
    /// What an accepted finding is known by: the line it was found on, or what it says where there is none.
    pub fn key(&self, subject: &Subject) -> String {
        let evidence = self.line.and_then(|line| subject.line(line)).unwrap_or(self.message.for_model());
        evidence_key(&self.rule.id, &subject.name, evidence)
    }
}

/// All rules, in the order of the table.
pub fn rules() -> &'static [Rule] {
    tables().map_or(&[], |tables| &tables.rules)
}

/// All clients, in the order of the table.
pub fn clients() -> &'static [Client] {
    tables().map_or(&[], |tables| &tables.clients)
}

/// The tables are part of the program and tested to be readable; one that is not is logged, and nothing is said.
fn tables() -> Option<&'static Tables> {
    static TABLES: OnceLock<Option<Tables>> = OnceLock::new();
    TABLES
        .get_or_init(|| {
            Tables::read().inspect_err(|error| tracing::error!(%error, "the lint tables cannot be read")).ok()
        })
        .as_ref()
}

/// The faults of a skill, each rule at most once, in the order of their lines.
pub fn lint(subject: &Subject) -> Vec<Problem> {
    let mut problems: Vec<Problem> =
        rules().iter().filter_map(|rule| Some(rule.problem(subject, rule.check.run(subject)?))).collect();
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// Whether the specification's validator would accept the skill.
pub fn is_valid(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| !problem.rule.strict)
}

/// What becomes of the skill in each client.
pub fn fates(subject: &Subject, problems: &[Problem]) -> Vec<Fate> {
    clients().iter().map(|client| client.fate(subject, problems)).collect()
}
