//! From raw fields to a [`Skill`], with the rows of the load report that belong to it.

use super::frontmatter::{self, Draft, Finding};
use super::{ContentHash, LoadRow, Origin, Severity, Skill, Text};

/// What came out of one file, pool shard or root.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub skills: Vec<Skill>,
    pub rows: Vec<LoadRow>,
    /// SKILL.md files and pool rows looked at.
    pub seen: usize,
}

impl Batch {
    /// Adds one that was read or refused.
    pub fn push(&mut self, id: &str, result: Result<Draft, Finding>, origin: Origin) {
        self.seen += 1;
        match result {
            Ok(draft) => {
                let skill = skill(id, draft, origin, &mut self.rows);
                self.skills.push(skill);
            }
            Err(finding) => self.rows.push(row(Severity::Skipped, &origin.shown, &finding, origin.line)),
        }
    }

    pub fn append(&mut self, mut other: Batch) {
        self.skills.append(&mut other.skills);
        self.rows.append(&mut other.rows);
        self.seen += other.seen;
    }
}

/// The fields of a SKILL.md, from the outcome of reading it and the notes made on the way.
pub(super) fn parse(text: Result<String, Finding>, notes: Vec<Finding>, folder: &str) -> Result<Draft, Finding> {
    let mut draft = frontmatter::read(&text?, folder)?;
    draft.notes.splice(0..0, notes);
    Ok(draft)
}

/// A row for a finding; `line` stands in where the finding names none.
pub(super) fn row(severity: Severity, path: &Text, finding: &Finding, line: Option<u64>) -> LoadRow {
    LoadRow {
        severity,
        path: path.clone(),
        line: finding.line.or(line),
        rule: finding.rule,
        message: Text::line(&finding.message),
    }
}

fn skill(id: &str, draft: Draft, origin: Origin, rows: &mut Vec<LoadRow>) -> Skill {
    let notes = draft.notes.iter().map(|note| row(Severity::Note, &origin.shown, note, origin.line));
    let start = rows.len();
    rows.extend(notes);
    Skill {
        id: Text::line(id),
        hash: ContentHash::of(&draft.name, &draft.description, &draft.body),
        name: Text::line(draft.name),
        description: Text::block(draft.description),
        body: Text::block(draft.body),
        extra: draft.extra.iter().map(|(key, value)| (Text::line(key), Text::block(value))).collect(),
        notes: rows[start..].iter().map(|row| row.message.clone()).collect(),
        origin,
    }
}
