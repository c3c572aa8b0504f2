//! Everything about one skill, or about one row of the load report, as lines with roles.

use std::borrow::Cow;

use ratatui::text::Line;

use crate::library::{Library, LoadRow, Severity, SkillIx};

use super::super::theme::{Role, Theme};
use super::super::widgets::text::{bounded, thousands, wrap};

/// How much of a body is shown: wrapping this much takes well under a millisecond, and nobody reads more in a pane.
const MOST_BODY: usize = 64 * 1024;

pub type Lines<'a> = Vec<(Role, Cow<'a, str>)>;

pub fn of_skill(library: &Library, ix: SkillIx) -> Lines<'_> {
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
    lines.push((Role::FieldBody, "body".into()));
    let (shown, rest) = bounded(skill.body.shown(), MOST_BODY);
    lines.extend(shown.lines().map(|line| (Role::Text, line.into())));
    if rest > 0 {
        lines.push((Role::Unseen, format!("[{} more bytes are in the file]", thousands(rest)).into()));
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
