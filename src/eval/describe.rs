//! What a benchmark holds and whether it fits its pool, said before it runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::library::{Library, Severity};

use super::Protocol;
use super::benchmark::{Benchmark, Qrels};

/// Strata of a group that are named; a group with more (a task per request) is only counted.
const NAMED: usize = 6;
/// Ids that point nowhere which are named.
const EXAMPLES: usize = 3;

/// Whether nDCG tells good from better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grading {
    /// One grade above zero, or none at all.
    Binary,
    Graded,
    /// Several grades are given, but what the pool holds has only one (SkillRouter's degraded copies; papers.md 2.1).
    EffectivelyBinary,
}

/// Counts of a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    pub name: String,
    pub protocol: Protocol,
    pub revision: Option<String>,
    pub requests: usize,
    /// Requests that no skill is meant to answer.
    pub no_skill: usize,
    /// Requests that the protocol leaves out.
    pub left_out: usize,
    /// Rows that could not be used.
    pub problems: usize,
    /// Pairs of a request and a gold skill.
    pub labels: usize,
    /// Requests with one gold skill.
    pub single: usize,
    pub grading: Grading,
    /// Requests per stratum, by group.
    pub strata: BTreeMap<String, BTreeMap<String, usize>>,
    /// What only the pool can tell.
    pub pool: Option<PoolCheck>,
}

/// A benchmark against its pool.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PoolCheck {
    pub skills: usize,
    /// Rows of the pool whose id another row has.
    pub duplicate_ids: usize,
    /// Rows of the pool that could not be loaded.
    pub not_loaded: usize,
    /// Gold ids that are not in the pool.
    pub missing: BTreeSet<String>,
    /// Pairs of a request and a graded skill, not gold, that is not in the pool.
    pub missing_graded: usize,
    /// Requests none of whose gold skills is in the pool, where the protocol leaves those out.
    pub unscorable: usize,
}

impl Benchmark {
    /// Counts it, and checks it against a pool if that is loaded.
    pub fn describe(&self, pool: Option<&Library>) -> Description {
        let gold = |qrels: &Qrels| qrels.gold.len();
        let mut strata: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for (task, qrels) in &self.tasks {
            for stratum in super::strata::strata(task, qrels, self.protocol, None) {
                *strata.entry(stratum.group).or_default().entry(stratum.name).or_default() += 1;
            }
        }
        Description {
            name: self.name.clone(),
            protocol: self.protocol,
            revision: self.revision.clone(),
            requests: self.tasks.len(),
            no_skill: self.tasks.iter().filter(|(task, qrels)| task.is_no_skill() && gold(qrels) == 0).count(),
            left_out: self.skipped.len(),
            problems: self.problems.len(),
            labels: self.tasks.iter().map(|(_, qrels)| gold(qrels)).sum(),
            single: self.tasks.iter().filter(|(_, qrels)| gold(qrels) == 1).count(),
            grading: self.grading(pool),
            strata,
            pool: pool.map(|pool| self.check(pool)),
        }
    }

    fn grading(&self, pool: Option<&Library>) -> Grading {
        let levels = |counts: &dyn Fn(&str) -> bool| {
            let grades = self.tasks.iter().flat_map(|(_, qrels)| &qrels.grades);
            let above = grades.filter(|(id, grade)| **grade > 0 && counts(id)).map(|(_, grade)| *grade);
            above.collect::<BTreeSet<u32>>().len()
        };
        let in_pool = |id: &str| pool.is_none_or(|pool| pool.find(id).is_some());
        match (levels(&|_| true), levels(&in_pool)) {
            (0 | 1, _) => Grading::Binary,
            (_, 0 | 1) => Grading::EffectivelyBinary,
            _ => Grading::Graded,
        }
    }

    fn check(&self, pool: &Library) -> PoolCheck {
        let is_missing = |id: &&String| pool.find(id).is_none();
        let mut check = PoolCheck {
            skills: pool.len(),
            duplicate_ids: pool.report.rows.iter().filter(|row| row.rule == "duplicate-id").count(),
            not_loaded: pool.report.count(Severity::Skipped),
            ..PoolCheck::default()
        };
        for (_, qrels) in &self.tasks {
            let missing: Vec<&String> = qrels.gold.iter().filter(is_missing).collect();
            let none = !qrels.gold.is_empty() && missing.len() == qrels.gold.len();
            check.unscorable += usize::from(none && self.protocol.restricts_to_pool());
            let graded = qrels.grades.iter().filter(|(id, grade)| **grade > 0 && !qrels.gold.contains(id));
            check.missing_graded += graded.filter(|(id, _)| is_missing(id)).count();
            check.missing.extend(missing.into_iter().cloned());
        }
        check
    }
}

impl Description {
    /// Sentences for the command line and the tab, the plain counts first.
    pub fn lines(&self) -> Vec<String> {
        let revision = self.revision.as_ref().map_or(String::new(), |revision| format!(" ({revision})"));
        let mut lines = vec![format!(
            "{}{revision}: {} and {}, {} with one skill; {}",
            self.name,
            count(self.requests, "request"),
            count(self.labels, "label"),
            self.single,
            self.protocol.describe()
        )];
        let mut add = |holds: bool, line: String| lines.extend(holds.then_some(line));
        add(
            self.no_skill > 0,
            format!("{} that no skill should answer: for abstention only", count(self.no_skill, "request")),
        );
        add(self.left_out > 0, format!("{} left out by the protocol", count(self.left_out, "request")));
        add(self.problems > 0, format!("{} could not be used", count(self.problems, "row")));
        add(true, self.grading.sentence().to_owned());
        for (group, names) in &self.strata {
            add(true, format!("{group}: {}", stratum_counts(names)));
        }
        lines.extend(self.pool.iter().flat_map(PoolCheck::lines));
        lines
    }
}

impl Grading {
    pub fn sentence(self) -> &'static str {
        match self {
            Grading::Binary => "relevance is binary",
            Grading::Graded => "relevance is graded",
            Grading::EffectivelyBinary => {
                "relevance is graded in the file, but only one grade is in this pool: nDCG is effectively binary"
            }
        }
    }
}

impl PoolCheck {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("pool: {}", count(self.skills, "skill"))];
        let mut add = |number: usize, line: String| lines.extend((number > 0).then_some(line));
        add(self.not_loaded, format!("{} of the pool could not be loaded", count(self.not_loaded, "row")));
        add(
            self.duplicate_ids,
            format!("{} of the pool have an id that another has", count(self.duplicate_ids, "row")),
        );
        let examples: Vec<&str> = self.missing.iter().take(EXAMPLES).map(String::as_str).collect();
        add(
            self.missing.len(),
            format!("{} not in the pool, such as {}", count(self.missing.len(), "gold skill"), examples.join(", ")),
        );
        add(
            self.unscorable,
            format!("{} cannot be scored: none of their gold skills is there", count(self.unscorable, "request")),
        );
        add(self.missing_graded, format!("{} below gold not in the pool", count(self.missing_graded, "graded label")));
        lines
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn stratum_counts(names: &BTreeMap<String, usize>) -> String {
    if names.len() > NAMED {
        return format!("{} parts", names.len());
    }
    names.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}
