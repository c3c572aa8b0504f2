//! Signals in a skill that a person should look at before trusting it, each with the line it stands on.
//!
//! The patterns are a dated table (`assets/trust/patterns.toml`). A signal is no verdict, and the absence of signals is
//! none either: texts about security quote what they warn of, and a scanner knows only what it was told.

mod patterns;
mod payload;

#[cfg(test)]
mod tests;

use super::Text;
use super::lint::Subject;
use patterns::{Detector, Scanner, scanner};
pub use patterns::{Pattern, patterns};

/// Characters of an evidence line that are shown.
const LONGEST_EXCERPT: usize = 160;

/// One line of a skill that a pattern was found in.
#[derive(Debug, Clone)]
pub struct Signal {
    pub pattern: &'static Pattern,
    /// 1-based: of the file, or of the pool for a row of one.
    pub line: Option<u64>,
    /// 1-based, in characters of the line.
    pub column: u64,
    /// The line around what was found, harmless.
    pub excerpt: Text,
    /// What hidden text says, where it can be decoded.
    pub decoded: Option<Text>,
    /// The raw line, by which an accepted finding is known. Never print this.
    pub(super) evidence: String,
}

impl Signal {
    /// See [`super::lint::evidence_key`].
    pub fn key(&self, skill: &Text) -> String {
        super::lint::evidence_key(&self.pattern.id, skill, &self.evidence)
    }
}

/// All signals of a skill, line by line, each pattern at most once a line.
pub fn scan(subject: &Subject) -> Vec<Signal> {
    let Some(scanner) = scanner() else { return Vec::new() };
    let text = subject.raw_text().strip_prefix('\u{FEFF}').unwrap_or(subject.raw_text());
    let mut signals = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line_number = subject.shown_line(at);
        signals.extend(scanner.line(line).into_iter().map(|found| Signal { line: line_number, ..found }));
    }
    signals
}

impl Scanner {
    fn line(&self, line: &str) -> Vec<Signal> {
        let mut signals = self.hidden(line);
        for index in self.lines.matches(line) {
            let (pattern, expression) = &self.expressions[index];
            let already = signals.iter().any(|signal| std::ptr::eq(signal.pattern, *pattern));
            if let Some(found) = expression.find(line).filter(|_| !already) {
                signals.push(signal(pattern, line, found.start(), found.end(), None));
            }
        }
        for (pattern, least, decoded) in &self.payloads {
            if let Some((range, text)) = payload::find(line, *least, decoded) {
                signals.push(signal(pattern, line, range.start, range.end, Some(excerpt(&text, 0, text.len()))));
            }
        }
        signals
    }

    /// Hidden characters, which the sanitiser tells from those a script needs.
    fn hidden(&self, line: &str) -> Vec<Signal> {
        if line.is_ascii() && !line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Vec::new();
        }
        if Text::block(line).hidden() == 0 {
            return Vec::new();
        }
        let found = self.hidden.iter().filter_map(|pattern| {
            let Detector::Hidden { ranges } = &pattern.detector else { return None };
            let is_hidden = |c: char| ranges.iter().any(|range| range.contains(&(c as u32)));
            let at = line.char_indices().find(|&(at, c)| is_hidden(c) && is_shown(line, at, c))?;
            let tags: String = line.chars().filter_map(tag_letter).collect();
            let decoded = (is_hidden('\u{E0041}') && !tags.is_empty()).then(|| excerpt(&tags, 0, tags.len()));
            Some(signal(pattern, line, at.0, at.0 + at.1.len_utf8(), decoded))
        });
        found.collect()
    }
}

/// Whether the sanitiser shows the character at byte `at` where it stands, and does not keep it for its script.
fn is_shown(line: &str, at: usize, c: char) -> bool {
    let end = at + c.len_utf8();
    // With what follows: a joiner is kept for the letter after it.
    let next = line[end..].chars().next().map_or(end, |next| end + next.len_utf8());
    let with = Text::block(&line[..next]).hidden();
    let mut without = line[..at].to_string();
    without.push_str(&line[end..next]);
    with > Text::block(without).hidden()
}

/// The ASCII letter that a tag character stands for.
fn tag_letter(c: char) -> Option<char> {
    char::from_u32((c as u32).checked_sub(0xE0000)?).filter(|letter| matches!(letter, ' '..='~'))
}

fn signal(pattern: &'static Pattern, line: &str, start: usize, end: usize, decoded: Option<Text>) -> Signal {
    Signal {
        pattern,
        line: None,
        column: line[..start].chars().count() as u64 + 1,
        excerpt: excerpt(line, start, end),
        decoded,
        evidence: line.to_string(),
    }
}

/// The line, or the part of it around what was found if it is long.
fn excerpt(line: &str, start: usize, end: usize) -> Text {
    let found = line[start..end].chars().count();
    let before = line[..start].chars().count();
    let first = before.saturating_sub(LONGEST_EXCERPT.saturating_sub(found) / 2);
    let first = if before + found <= LONGEST_EXCERPT { 0 } else { first };
    let part: String = line.chars().skip(first).take(LONGEST_EXCERPT).collect();
    let cut = line.chars().nth(first + LONGEST_EXCERPT).is_some();
    let head = if first > 0 { "…" } else { "" };
    Text::line(format!("{head}{}{}", part.trim(), if cut { "…" } else { "" }))
}
