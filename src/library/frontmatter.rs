//! From the text of a SKILL.md to its fields, as leniently as clients read it (domain notes 1.3 and 1.4).
//!
//! Whatever had to be put right is a [`Finding`] that names the rule and the line. Only a front matter in which no
//! fallback finds a single key, or which breaks a bound, makes a file unreadable.

use super::repair;
use super::yaml::{self, Entry, Value, YamlError};

/// NVIDIA SkillSpector's bound (domain notes 5.2); the longest of 16,243 real ones has 6.5 KB.
const MAX_FRONTMATTER: usize = 256 * 1024;
/// Agent Skills specification: a longer description makes Codex drop the whole skill.
const MAX_DESCRIPTION: usize = 1024;
/// Agent Skills specification.
const MAX_NAME: usize = 64;
/// Lines of an upload or a code fence that may stand before the front matter (real files have up to four).
const MAX_WRAPPER_LINES: u64 = 8;

/// Something the reader wants to say: with a rule name that is stable, and a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub rule: &'static str,
    /// 1-based line in the file.
    pub line: Option<u64>,
    pub message: String,
}

impl Finding {
    pub fn new(rule: &'static str, line: impl Into<Option<u64>>, message: impl Into<String>) -> Self {
        Finding { rule, line: line.into(), message: message.into() }
    }
}

/// The fields of a skill, raw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub name: String,
    pub description: String,
    pub body: String,
    /// Other keys in file order, nested ones joined with dots.
    pub extra: Vec<(String, String)>,
    pub notes: Vec<Finding>,
}

/// The front matter as it stands in the file, before anything is picked from it.
#[derive(Debug)]
pub(super) struct Raw<'a> {
    /// Keys in file order, their lines those of the file.
    pub entries: Vec<Entry>,
    /// Line of the opening `---`.
    pub opening: u64,
    pub front: &'a str,
    pub body: &'a str,
    /// Whether there is front matter at all.
    pub found: bool,
}

/// Reads the text of a SKILL.md that lies in a folder called `folder`. An error says why this is no skill.
pub(super) fn read(text: &str, folder: &str) -> Result<Draft, Finding> {
    let mut notes = Vec::new();
    let raw = raw(text, &mut notes)?;
    if raw.found {
        return Ok(assemble(raw.entries, raw.opening, raw.body, folder, notes));
    }
    // That name and description are missing follows from the one fault.
    let draft = assemble(Vec::new(), 1, raw.body, folder, Vec::new());
    Ok(Draft { notes, ..draft })
}

/// Finds front matter and body. What is wrong with the file as a whole is in `notes`.
pub(super) fn raw<'a>(text: &'a str, notes: &mut Vec<Finding>) -> Result<Raw<'a>, Finding> {
    let text = match text.strip_prefix('\u{FEFF}') {
        Some(rest) => {
            notes.push(Finding::new(
                "bom",
                1,
                "starts with a byte order mark, which hid skills from clients: remove it",
            ));
            rest
        }
        None => text,
    };
    if text.trim().is_empty() {
        return Err(Finding::new(
            "empty-file",
            None,
            "the file is empty: write front matter and instructions, or delete it",
        ));
    }
    if text.contains("\r\n") {
        notes.push(Finding::new("crlf", None, "has Windows line ends; all known clients accept them"));
    }
    match split(text, notes)? {
        Some(parts) => {
            let (mut entries, body) = entries(parts, notes)?;
            into_file(&mut entries, &parts);
            Ok(Raw { entries, opening: parts.opening(), front: parts.front(), body, found: true })
        }
        None => {
            let message = "has no front matter between `---` lines: it is called after its folder and described by its \
                           first paragraph";
            notes.push(Finding::new("no-frontmatter", 1, message));
            Ok(Raw { entries: Vec::new(), opening: 1, front: "", body: text, found: false })
        }
    }
}

/// Makes lines of the front matter lines of the file. The depth is bounded by [`yaml::MAX_DEPTH`].
fn into_file(entries: &mut [Entry], parts: &Parts<'_>) {
    for entry in entries {
        entry.line = parts.in_file(entry.line);
        if let Value::Map(inner) = &mut entry.value {
            into_file(inner, parts);
        }
    }
}

/// Where the front matter lies.
#[derive(Clone, Copy)]
struct Parts<'a> {
    /// Everything after the opening `---` line.
    after: &'a str,
    /// Where in `after` the front matter ends and where the body begins.
    front_end: usize,
    body_start: usize,
    /// 1-based line of the file on which `after` begins.
    line: u64,
}

impl<'a> Parts<'a> {
    fn front(&self) -> &'a str {
        &self.after[..self.front_end]
    }

    fn body(&self) -> &'a str {
        &self.after[self.body_start..]
    }

    fn unclosed_at(self, end: usize) -> Self {
        Parts { front_end: end, body_start: end, ..self }
    }

    /// Line of the file on which the front matter is opened.
    fn opening(&self) -> u64 {
        self.line.saturating_sub(1).max(1)
    }

    /// Line of the file for a 1-based line of the front matter.
    fn in_file(&self, line: u64) -> u64 {
        self.line + line.max(1) - 1
    }
}

/// One line with where it is: 1-based number, byte range with its line end, text without trailing blanks.
pub(super) struct Line<'a> {
    pub number: u64,
    pub start: usize,
    pub end: usize,
    pub text: &'a str,
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.split_inclusive('\n').zip(1..).scan(0, |start, (line, number)| {
        let at = *start;
        *start += line.len();
        Some(Line { number, start: at, end: *start, text: line.trim_end() })
    })
}

/// Finds the front matter, `None` if there is none.
fn split<'a>(text: &'a str, notes: &mut Vec<Finding>) -> Result<Option<Parts<'a>>, Finding> {
    let Some(opening) = opening(text, notes) else { return Ok(unopened(text, notes)) };
    let after = &text[opening.end..];
    let open = Parts { after, front_end: after.len(), body_start: after.len(), line: opening.number + 1 };
    let parts = match lines(after).find(|line| line.text == "---") {
        Some(closing) => Parts { front_end: closing.start, body_start: closing.end, ..open },
        None => match repair::leading_keys(after) {
            Some(end) => {
                notes.push(unclosed(opening.number));
                open.unclosed_at(end)
            }
            None => return Ok(None),
        },
    };
    if parts.front_end > MAX_FRONTMATTER {
        let message = format!(
            "the front matter has {} KiB, the limit is {} KiB: close it with a `---` line",
            parts.front_end / 1024,
            MAX_FRONTMATTER / 1024
        );
        return Err(Finding::new("frontmatter-too-long", opening.number, message));
    }
    Ok(Some(parts))
}

/// Front matter without its opening line: keys, `name` or `description` first, down to a `---` line.
fn unopened<'a>(text: &'a str, notes: &mut Vec<Finding>) -> Option<Parts<'a>> {
    if !["name:", "description:"].iter().any(|key| text.starts_with(key)) {
        return None;
    }
    let end = repair::leading_keys(text)?;
    let closing = lines(text).find(|line| line.start >= end && !line.text.is_empty())?;
    if closing.text != "---" || end > MAX_FRONTMATTER {
        return None;
    }
    let message = "the `---` line above the front matter is missing, most clients will not find it: add the line";
    notes.push(Finding::new("unopened-frontmatter", 1, message));
    Some(Parts { after: text, front_end: end, body_start: closing.end, line: 1 })
}

fn unclosed(line: u64) -> Finding {
    let message = "the front matter is not closed: it is taken to end before the first line that is no key; add `---`";
    Finding::new("unclosed-frontmatter", line, message)
}

/// The `---` line that opens the front matter, unless real text comes first.
fn opening<'a>(text: &'a str, notes: &mut Vec<Finding>) -> Option<Line<'a>> {
    let mut wrapped = false;
    for line in lines(text) {
        if line.text == "---" {
            if wrapped {
                let message = "something that is no part of the skill stands before the front matter, most clients will \
                               not find it: delete the lines above";
                notes.push(Finding::new("text-before-frontmatter", line.number, message));
            } else if line.number > 1 {
                let message = "blank lines stand before the front matter, some clients will not find it: delete them";
                notes.push(Finding::new("blank-lines-first", line.number, message));
            }
            return Some(line);
        }
        if line.text.is_empty() {
            continue;
        }
        wrapped = true;
        if line.number > MAX_WRAPPER_LINES || !is_wrapper(line.text) {
            return None;
        }
    }
    None
}

/// A code fence around the whole file, or the head of a form upload.
fn is_wrapper(line: &str) -> bool {
    let boundary = line.starts_with("--") && line.ends_with(|c: char| c.is_ascii_alphanumeric()) && !line.contains(' ');
    line.starts_with("```") || boundary || (line.starts_with("Content-") && line.contains(": "))
}

/// The keys of a front matter, by YAML if possible and by the fallbacks of clients if not, and the body.
fn entries<'a>(parts: Parts<'a>, notes: &mut Vec<Finding>) -> Result<(Vec<Entry>, &'a str), Finding> {
    let entries = match yaml::parse(parts.front()) {
        Ok(Value::Map(entries)) => entries,
        Ok(Value::Null) => {
            let message = "the front matter has no keys: add name and description";
            notes.push(Finding::new("empty-frontmatter", parts.line, message));
            Vec::new()
        }
        Ok(_) => {
            let message = "the front matter is not made of `key: value` lines: add name and description";
            return Err(Finding::new("frontmatter-not-a-map", parts.line, message));
        }
        Err(YamlError::TooDeep { line }) => {
            let message = format!("the front matter nests deeper than {} levels: flatten it", yaml::MAX_DEPTH);
            return Err(Finding::new("yaml-too-deep", parts.in_file(line), message));
        }
        Err(YamlError::TooManyNodes { line }) => {
            return Err(too_many(parts.in_file(line)));
        }
        Err(YamlError::Alias { line }) => {
            let message = "anchors (&) and aliases (*) are never expanded but read as text: put the value in quotes";
            notes.push(Finding::new("yaml-alias", parts.in_file(line), message));
            by_line(parts)?
        }
        Err(YamlError::Syntax { line, reason }) => return repaired(parts, parts.in_file(line), &reason, notes),
    };
    Ok((entries, parts.body()))
}

/// What clients do with front matter that is no YAML, in their order: quote values and try again, end at a forgotten
/// `---`, read `key: value` lines one by one.
fn repaired<'a>(
    parts: Parts<'a>,
    line: u64,
    reason: &str,
    notes: &mut Vec<Finding>,
) -> Result<(Vec<Entry>, &'a str), Finding> {
    let front = parts.front();
    if let Some(quoted) = repair::quote(front)
        && let Ok(Value::Map(entries)) = yaml::parse(&quoted.text)
    {
        let (rule, what) = match quoted.colon {
            true => ("unquoted-colon", "holds a colon followed by a blank"),
            false => ("unquoted-value", "is not valid YAML"),
        };
        let message = format!("the value of `{}` {what} and was read as text: put it in quotes", quoted.key);
        notes.push(Finding::new(rule, parts.in_file(quoted.line), message));
        return Ok((entries, parts.body()));
    }
    // The closing line that was found may be a rule somewhere in the instructions.
    if let Some(end) = repair::leading_keys(front)
        && front[end..].trim_start().starts_with('#')
        && let Ok(Value::Map(entries)) = yaml::parse(&front[..end])
    {
        notes.push(unclosed(parts.opening()));
        return Ok((entries, parts.unclosed_at(end).body()));
    }
    let message = format!("the front matter is not valid YAML ({reason}); its `key: value` lines were read one by one");
    notes.push(Finding::new("yaml-syntax", line, message));
    Ok((by_line(parts)?, parts.body()))
}

fn too_many(line: u64) -> Finding {
    let message = format!("the front matter has more than {} values: shorten it", yaml::MAX_NODES);
    Finding::new("yaml-too-many-values", line, message)
}

fn by_line(parts: Parts<'_>) -> Result<Vec<Entry>, Finding> {
    let entries = repair::key_lines(parts.front());
    if entries.is_empty() {
        let message = "the front matter is not valid YAML and has no `key: value` line: write name and description";
        return Err(Finding::new("yaml-unreadable", parts.line, message));
    }
    if entries.len() > yaml::MAX_NODES {
        return Err(too_many(parts.line));
    }
    Ok(entries)
}

/// Picks name and description, and fills what is missing as clients do. Lines are those of the file; `opening` is that
/// of the front matter.
fn assemble(entries: Vec<Entry>, opening: u64, body: &str, folder: &str, mut notes: Vec<Finding>) -> Draft {
    let body = body.trim_start_matches(['\r', '\n']).trim_end();
    let (mut name, mut description) = (None, None);
    let mut extra = Vec::new();
    let mut twice: Option<(String, u64)> = None;
    for Entry { key, value, line } in entries {
        let slot = match key.as_str() {
            "name" => &mut name,
            "description" => &mut description,
            _ => {
                value.leaves(key, &mut extra);
                continue;
            }
        };
        if slot.replace((value, line)).is_some() {
            twice.get_or_insert((key, line));
        }
    }
    if let Some((key, line)) = twice {
        notes.push(Finding::new(
            "duplicate-key",
            line,
            format!("`{key}` is given more than once, the last one counts"),
        ));
    }
    let name = pick_name(name.unwrap_or((Value::Null, opening)), folder, &mut notes);
    let description = pick_description(description.unwrap_or((Value::Null, opening)), body, &mut notes);
    if body.is_empty() {
        notes.push(Finding::new("empty-body", None, "there are no instructions after the front matter"));
    }
    Draft { name, description, body: body.to_string(), extra, notes }
}

fn pick_name((value, line): (Value, u64), folder: &str, notes: &mut Vec<Finding>) -> String {
    let mut note = |rule, message: &str| notes.push(Finding::new(rule, line, message));
    let text = value.flat().split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        note("missing-name", "has no name, it is called after its folder: add `name`");
        return folder.to_string();
    }
    if !matches!(value, Value::Scalar(_, false)) {
        note("name-not-text", "the name is not a text, it was read as one: put it in quotes");
    }
    if text.chars().count() > MAX_NAME {
        note("long-name", &format!("the name is longer than the {MAX_NAME} characters allowed: shorten it"));
    }
    text
}

fn pick_description((value, line): (Value, u64), body: &str, notes: &mut Vec<Finding>) -> String {
    let mut note = |rule, message: &str| notes.push(Finding::new(rule, line, message));
    let text = value.flat().trim().to_string();
    if text.is_empty() {
        let paragraph = first_paragraph(body);
        let message = match paragraph.is_empty() {
            true => "has no description and no paragraph to take one from: add `description`",
            false => "has no description, the first paragraph stands in for it: add `description`",
        };
        note("missing-description", message);
        return paragraph;
    }
    if !matches!(value, Value::Scalar(_, false)) {
        note("description-not-text", "the description is not a text, its parts were joined: write one text in quotes");
    }
    if text.chars().count() > MAX_DESCRIPTION {
        let limit = format!("the description is longer than {MAX_DESCRIPTION} characters");
        note("long-description", &format!("{limit}, Codex does not load such a skill: shorten it"));
    }
    text
}

/// The first lines of prose of a Markdown text, on one line, cut after a word at the longest description allowed.
pub(super) fn first_paragraph(body: &str) -> String {
    let mut words = Vec::new();
    let mut length = 0;
    let mut fenced = false;
    for line in body.lines().map(str::trim) {
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
        }
        let prose = !fenced
            && !line.is_empty()
            && !["#", "```", "~~~", "---", "<!--", "***"].iter().any(|s| line.starts_with(s));
        if !prose && words.is_empty() {
            continue;
        }
        if !prose {
            break;
        }
        for word in line.trim_start_matches("> ").split_whitespace() {
            length += word.chars().count() + 1;
            if length > MAX_DESCRIPTION {
                return words.join(" ");
            }
            words.push(word);
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests;
