//! What is examined: a skill as it stands in its file.

use std::path::Path;

use crate::library::file::read_text;
use crate::library::frontmatter::{self, Finding};
use crate::library::load::Source;
use crate::library::yaml::{Entry, Value};
use crate::library::{Library, LoadError, LoadRow, Severity, Skill, Text, load, tree};

/// A skill before the loader put anything right, with the lines its parts stand on.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    pub id: Text,
    pub name: Text,
    pub path: Text,
    /// 1-based line of a pool, which holds the whole skill.
    pub row: Option<u64>,
    /// Raw: the whole file, or name, description and body on lines of their own.
    text: String,
    /// Whether lines of `text` are lines of a file.
    is_file: bool,
    folder: Option<String>,
    entries: Vec<Entry>,
    opening: Option<u64>,
    has_front_matter: bool,
    front: String,
    /// Byte range of the body in `text`.
    body: (usize, usize),
    findings: Vec<Finding>,
    refused: bool,
}

/// All skills of a place, and all files that were to be skills and are not.
pub fn subjects(source: &Source) -> Result<(Library, Vec<Subject>), LoadError> {
    let library = load(source)?;
    let mut subjects: Vec<Subject> = library.skills().iter().map(Subject::of_skill).collect();
    // A copy that was left out for its id is no fault of its file.
    let refused = |row: &&LoadRow| row.severity == Severity::Skipped && row.rule != "duplicate-id";
    subjects.extend(library.report.rows.iter().filter(refused).map(Subject::of_refusal));
    Ok((library, subjects))
}

impl Subject {
    /// The text of a SKILL.md that lies in a folder called `folder`.
    pub fn of_text(text: &str, folder: &str) -> Self {
        let subject = Subject {
            is_file: true,
            folder: Some(folder.to_string()),
            name: Text::line(folder),
            text: text.to_string(),
            ..Subject::default()
        };
        subject.read()
    }

    /// A loaded skill: its file is read again, for the loader has put faults right. What is in no file (a pool, the
    /// library inside the program) is examined by its fields.
    pub fn of_skill(skill: &Skill) -> Self {
        let origin = &skill.origin;
        let base = Subject {
            id: skill.id.clone(),
            name: skill.name.clone(),
            path: origin.shown.clone(),
            row: origin.line,
            ..Subject::default()
        };
        let mut findings = Vec::new();
        match origin.line {
            None if origin.path.is_file() => match read_text(&origin.path, &mut findings) {
                Ok(text) => {
                    let folder = Some(folder_of(&origin.path));
                    let subject = Subject { text, is_file: true, folder, findings, ..base }.read();
                    Subject { name: skill.name.clone(), ..subject }
                }
                Err(finding) => Subject { findings: vec![finding], refused: true, ..base },
            },
            _ => base.of_fields(skill),
        }
    }

    /// A file the loader gave up.
    fn of_refusal(row: &LoadRow) -> Self {
        let finding = Finding::new(row.rule, row.line, row.message.shown());
        Subject {
            id: row.path.clone(),
            name: row.path.clone(),
            path: row.path.clone(),
            findings: vec![finding],
            refused: true,
            ..Subject::default()
        }
    }

    fn of_fields(self, skill: &Skill) -> Self {
        let scalar = |key: &str, text: &Text| Entry {
            key: key.to_string(),
            value: Value::Scalar(text.for_model().to_string(), false),
            line: 0,
        };
        let mut entries = vec![scalar("name", &skill.name), scalar("description", &skill.description)];
        // The rest of a row is the pool's bookkeeping, not the author's front matter.
        entries.retain(|entry| !entry.value.flat().is_empty());
        let head = format!("{}\n{}\n", skill.name.for_model(), skill.description.for_model());
        let text = format!("{head}{}", skill.body.for_model());
        Subject { body: (head.len(), text.len()), has_front_matter: true, entries, text, ..self }
    }

    fn read(mut self) -> Self {
        let mut findings = Vec::new();
        match frontmatter::raw(&self.text, &mut findings) {
            Ok(raw) => {
                let start = raw.body.as_ptr() as usize - self.text.as_ptr() as usize;
                self.body = (start, start + raw.body.len());
                self.front = raw.front.to_string();
                self.opening = Some(raw.opening);
                self.has_front_matter = raw.found;
                self.entries = raw.entries;
            }
            Err(finding) => {
                findings.push(finding);
                self.refused = true;
            }
        }
        if let Ok(draft) = frontmatter::read(&self.text, self.folder.as_deref().unwrap_or_default()) {
            let named = |finding: &&Finding| finding.rule == "duplicate-key";
            findings.extend(draft.notes.iter().filter(named).cloned());
        }
        self.findings.append(&mut findings);
        self
    }

    /// Raw, for whoever looks for what is hidden in it. Never print this.
    pub(in crate::library) fn raw_text(&self) -> &str {
        &self.text
    }

    /// The line a reader finds line `at` (0-based) of [`Subject::raw_text`] on: of the file, or the row of the pool.
    pub(in crate::library) fn shown_line(&self, at: usize) -> Option<u64> {
        if self.is_file { Some(at as u64 + 1) } else { self.row }
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Nothing but the reason is known.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    pub(super) fn has_front_matter(&self) -> bool {
        self.has_front_matter
    }

    pub(super) fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    pub(super) fn opening(&self) -> Option<u64> {
        self.opening
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The value of a key, the last one if it is given twice; dots lead into maps.
    pub(super) fn value(&self, key: &str) -> Option<(&Value, Option<u64>)> {
        let mut entries = &self.entries;
        let mut parts = key.split('.').peekable();
        loop {
            let part = parts.next()?;
            let entry = entries.iter().rev().find(|entry| entry.key == part)?;
            match (&entry.value, parts.peek()) {
                (value, None) => return Some((value, self.in_file(entry.line))),
                (Value::Map(inner), Some(_)) => entries = inner,
                _ => return None,
            }
        }
    }

    /// The text of a key that is not empty, white space at its ends aside.
    pub(super) fn text_of(&self, key: &str) -> Option<(String, Option<u64>)> {
        let (value, line) = self.value(key)?;
        let text = value.flat().trim().to_string();
        (!text.is_empty()).then_some((text, line))
    }

    pub(super) fn line_of(&self, key: &str) -> Option<u64> {
        self.value(key).and_then(|(_, line)| line)
    }

    /// `line` if it is one of a file.
    pub(super) fn in_file(&self, line: u64) -> Option<u64> {
        self.is_file.then_some(line)
    }

    /// A line of the file, raw.
    pub(super) fn line(&self, line: u64) -> Option<&str> {
        self.text.lines().nth(usize::try_from(line.checked_sub(1)?).ok()?).filter(|_| self.is_file)
    }

    /// 1-based column of `found` on a line of the file.
    pub(super) fn column(&self, line: Option<u64>, found: &str) -> Option<u64> {
        let text = self.line(line?)?;
        let at = text.find(found)?;
        Some(text[..at].chars().count() as u64 + 1)
    }

    /// The first key whose value stands in brackets or braces, with its line.
    pub(super) fn flow_value(&self) -> Option<(String, Option<u64>)> {
        let first = self.opening? + 1;
        self.front.lines().zip(first..).find_map(|(text, line)| {
            let (key, value) = text.trim_start().split_once(':')?;
            let flow = value.trim_start().starts_with(['[', '{']) && key.len() < 60 && !key.contains(' ');
            flow.then(|| (key.to_string(), Some(line)))
        })
    }

    pub(super) fn body(&self) -> &str {
        &self.text[self.body.0..self.body.1]
    }

    /// The line of the file on which line `at` (0-based) of the body is.
    pub(super) fn body_line(&self, at: usize) -> Option<u64> {
        let before = self.text[..self.body.0].matches('\n').count();
        self.is_file.then_some((before + at + 1) as u64)
    }

    /// The first paragraph of the body, as clients take it.
    pub(super) fn first_paragraph(&self) -> String {
        frontmatter::first_paragraph(self.body())
    }
}

/// What the skill should be called after: its folder, or its file if that is no SKILL.md.
fn folder_of(path: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let is_skill = tree::SKILL_FILES.iter().any(|file| path.file_name().is_some_and(|name| name == *file));
    let name = if is_skill { real.parent().and_then(Path::file_name) } else { real.file_stem() };
    name.map_or_else(|| "skill".to_string(), |name| name.to_string_lossy().into_owned())
}
