//! The load report: nothing is skipped silently (design invariant 7).

use super::Text;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Loaded, and something was put right.
    Note,
    /// A limit was hit or a folder was not read: something may be missing.
    Limit,
    /// Not loaded.
    Skipped,
}

/// One thing the loader wants to say about one file.
#[derive(Debug, Clone)]
pub struct LoadRow {
    pub severity: Severity,
    pub path: Text,
    /// 1-based line in the file, where one is known.
    pub line: Option<u64>,
    /// Short stable name of the rule, e.g. "no-frontmatter", "unquoted-colon", "duplicate-id".
    pub rule: &'static str,
    /// A sentence: what is wrong and what to do.
    pub message: Text,
}

#[derive(Debug, Clone, Default)]
pub struct LoadReport {
    pub rows: Vec<LoadRow>,
    /// Files that were looked at (SKILL.md files and pool rows).
    pub seen: usize,
}

impl LoadReport {
    pub fn count(&self, severity: Severity) -> usize {
        self.rows.iter().filter(|row| row.severity == severity).count()
    }
}
