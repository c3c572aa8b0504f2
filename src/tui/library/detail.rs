//! Everything about one skill, or about one row of the load report, as lines with roles.

use std::borrow::Cow;

use ratatui::text::Line;

use crate::library::lint::{self, Fate};
use crate::library::marks::Mark;
use crate::library::{Library, LoadRow, Severity, SkillIx};

use super::super::theme::{Role, Theme};
use super::super::widgets::text::{bounded, thousands, wrap};

/// Skills that are alike and named; a template's copies can be hundreds.
const MOST_ALIKE: usize = 5;
/// How much of a body is shown: wrapping this much takes well under a millisecond, and nobody reads more in a pane.
const MOST_BODY: usize = 64 * 1024;

pub type Lines<'a> = Vec<(Role, Cow<'a, str>)>;

pub fn of_skill<'a>(library: &'a Library, ix: SkillIx, mark: Option<&Mark>) -> Lines<'a> {
    let skill = &library[ix];
    let mut lines: Lines = vec![(Role::Title, skill.name.shown().into())];
    let mut add = |role, text: Cow<'_, str>| lines.push((role, Cow::Owned(text.into_owned())));
    let line = skill.origin.line.map(|line| format!(":{line}")).unwrap_or_default();
    add(Role::Muted, format!("id {}", skill.id).into());
    add(Role::Muted, format!("{}{line}", skill.origin.shown).into());
    if let Some(root) = library.roots.get(skill.origin.root).filter(|root| !root.agents.is_empty()) {
        add(Role::Muted, format!("{} is read by {}", root.label, root.agents.join(", ")).into());
    }
    for mark in sentences(library, ix) {
        add(Role::Badge, format!("! {mark}").into());
    }
    for note in &skill.notes {
        add(Role::Warning, format!("note: {note}").into());
    }
    add(Role::Text, "".into());
    lines.push((Role::FieldDescription, "description".into()));
    lines.extend(skill.description.shown().lines().map(|line| (Role::Text, line.into())));
    if !skill.extra.is_empty() {
        lines.push((Role::Text, "".into()));
        lines.push((Role::FieldName, "front matter".into()));
        for (key, value) in &skill.extra {
            lines.extend(format!("{key}: {value}").lines().map(|line| (Role::Text, Cow::Owned(line.to_string()))));
        }
    }
    lines.push((Role::Text, "".into()));
    match mark {
        Some(mark) => lines.extend(of_mark(library, mark)),
        None => lines.push((Role::Muted, "lint, trust and duplicates: looking".into())),
    }
    lines.push((Role::Text, "".into()));
    lines.push((Role::FieldBody, "body".into()));
    let (shown, rest) = bounded(skill.body.shown(), MOST_BODY);
    lines.extend(shown.lines().map(|line| (Role::Text, line.into())));
    if rest > 0 {
        lines.push((Role::Unseen, format!("[{} more bytes are in the file]", thousands(rest)).into()));
    }
    lines
}

/// What lint, trust and duplicates come to, each with its line in the file.
fn of_mark(library: &Library, mark: &Mark) -> Lines<'static> {
    let mut lines: Lines<'static> = Vec::new();
    let at = |line: Option<u64>| line.map_or(String::new(), |line| format!("line {line}: "));
    if !mark.alike.is_empty() {
        let named: Vec<&str> = mark.alike.iter().take(MOST_ALIKE).map(|&ix| library[ix].id.shown()).collect();
        let rest = mark.alike.len() - named.len();
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        lines.push((Role::Badge, format!("! same name or body alike: {}{rest}", named.join(", ")).into()));
    }
    for signal in &mark.signals {
        let text = format!("! {}: {}{}", signal.pattern.id, at(signal.line), signal.excerpt);
        lines.push((Role::Badge, text.into()));
        lines.push((Role::Muted, format!("  {}", signal.pattern.about).into()));
    }
    for problem in &mark.problems {
        let role = match problem.rule.severity {
            lint::Severity::Error => Role::Error,
            lint::Severity::Warning => Role::Warning,
            lint::Severity::Note => Role::Muted,
        };
        let (word, rule) = (problem.rule.severity.key(), &problem.rule.id);
        let text = format!("{word}: {}{}: {} [{rule}]", at(problem.line), problem.message, problem.todo);
        lines.push((role, text.into()));
    }
    for fate in &mark.fates {
        match fate {
            Fate::Dropped { client, rules } => {
                let text = format!("{} does not load it: {}", client.name, rules.join(", "));
                lines.push((Role::Warning, text.into()));
            }
            Fate::Loads { client, visible, of, .. } if visible < of => {
                let text = format!("{} lists {visible} of {of} characters of its description", client.name);
                lines.push((Role::Muted, text.into()));
            }
            Fate::Loads { .. } => {}
        }
    }
    lines
}

pub fn of_report(row: &LoadRow) -> Lines<'_> {
    let line = row.line.map(|line| format!(", line {line}")).unwrap_or_default();
    vec![
        (severity_role(row.severity), format!("{}: {}", severity_word(row.severity), row.rule).into()),
        (Role::Muted, format!("{}{line}", row.path).into()),
        (Role::Text, "".into()),
        (Role::Text, row.message.shown().into()),
        (Role::Text, "".into()),
        (Role::Muted, severity_about(row.severity).into()),
    ]
}

/// What is unusual about a skill among the others.
fn sentences(library: &Library, ix: SkillIx) -> Vec<String> {
    let skill = &library[ix];
    let (copies, namesakes, hidden) = (library.copies(ix), library.namesakes(ix), skill.hidden_characters());
    let mut sentences = Vec::new();
    if hidden > 0 {
        sentences.push(format!("{hidden} hidden or control characters, shown as visible text"));
    }
    if copies > 1 {
        sentences.push(format!("{copies} skills have exactly this content"));
    }
    if namesakes > 1 {
        sentences.push(format!("{namesakes} skills have this name"));
    }
    sentences
}

/// The same in a few columns.
pub fn badges(library: &Library, ix: SkillIx) -> String {
    let skill = &library[ix];
    let counts = [
        ("hidden", skill.hidden_characters()),
        ("copies", Some(library.copies(ix)).filter(|&copies| copies > 1).unwrap_or(0)),
        ("same name", Some(library.namesakes(ix)).filter(|&names| names > 1).unwrap_or(0)),
        ("notes", skill.notes.len() as u32),
    ];
    let words = counts.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{word} {count}"));
    words.collect::<Vec<_>>().join(", ")
}

pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Limit => "limit",
        Severity::Skipped => "not loaded",
    }
}

fn severity_about(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "The skill is in the library; something was put right, as clients that read skills do.",
        Severity::Limit => "A limit was hit, so something may be missing from the library.",
        Severity::Skipped => "This is not in the library.",
    }
}

pub fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Note => Role::Muted,
        Severity::Limit => Role::Warning,
        Severity::Skipped => Role::Error,
    }
}

/// `lines` wrapped to `columns`: `height` rows from row `top` on, which is brought back so that the last row can be
/// reached and nothing beyond. Also returns the top it came to.
pub fn scrolled<'a>(
    lines: &'a Lines,
    columns: usize,
    height: usize,
    top: usize,
    theme: &Theme,
) -> (Vec<Line<'a>>, usize) {
    let rows: Vec<(Role, &str)> =
        lines.iter().flat_map(|(role, text)| wrap(text, columns).into_iter().map(|row| (*role, &text[row]))).collect();
    let top = top.min(rows.len().saturating_sub(height));
    let shown = rows.into_iter().skip(top).take(height);
    (shown.map(|(role, text)| Line::styled(text, theme.style(role))).collect(), top)
}
