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

/// Reads the text of a SKILL.md that lies in a folder called `folder`. An error says why this is no skill.
pub(super) fn read(text: &str, folder: &str) -> Result<Draft, Finding> {
    let mut notes = Vec::new();
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
    match split(text, &mut notes)? {
        Some(parts) => {
            let (entries, body) = entries(parts, &mut notes)?;
            Ok(assemble(entries, body, folder, notes))
        }
        None => {
            let message = "has no front matter between `---` lines: it is called after its folder and described by its \
                           first paragraph";
            notes.push(Finding::new("no-frontmatter", 1, message));
            let draft = assemble(Vec::new(), text, folder, Vec::new());
            Ok(Draft { notes, ..draft })
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
            let message = format!("the front matter has more than {} values: shorten it", yaml::MAX_NODES);
            return Err(Finding::new("yaml-too-many-values", parts.in_file(line), message));
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
        notes.push(unclosed(parts.line.saturating_sub(1).max(1)));
        return Ok((entries, parts.unclosed_at(end).body()));
    }
    let message = format!("the front matter is not valid YAML ({reason}); its `key: value` lines were read one by one");
    notes.push(Finding::new("yaml-syntax", line, message));
    Ok((by_line(parts)?, parts.body()))
}

fn by_line(parts: Parts<'_>) -> Result<Vec<Entry>, Finding> {
    let entries = repair::key_lines(parts.front());
    if entries.is_empty() {
        let message = "the front matter is not valid YAML and has no `key: value` line: write name and description";
        return Err(Finding::new("yaml-unreadable", parts.line, message));
    }
    Ok(entries)
}

/// Picks name and description, and fills what is missing as clients do.
fn assemble(entries: Vec<Entry>, body: &str, folder: &str, mut notes: Vec<Finding>) -> Draft {
    let body = body.trim_start_matches(['\r', '\n']).trim_end();
    let (mut name, mut description) = (None, None);
    let mut extra = Vec::new();
    for entry in entries {
        let slot = match entry.key.as_str() {
            "name" => &mut name,
            "description" => &mut description,
            _ => {
                entry.value.leaves(entry.key, &mut extra);
                continue;
            }
        };
        if slot.replace(entry.value).is_some() {
            notes.push(Finding::new(
                "duplicate-key",
                None,
                format!("`{}` is given twice, the last one counts", entry.key),
            ));
        }
    }
    let name = pick_name(name, folder, &mut notes);
    let description = pick_description(description, body, &mut notes);
    if body.is_empty() {
        notes.push(Finding::new("empty-body", None, "there are no instructions after the front matter"));
    }
    Draft { name, description, body: body.to_string(), extra, notes }
}

fn pick_name(value: Option<Value>, folder: &str, notes: &mut Vec<Finding>) -> String {
    let value = value.unwrap_or(Value::Null);
    let text = value.flat().split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        notes.push(Finding::new("missing-name", None, "has no name, it is called after its folder: add `name`"));
        return folder.to_string();
    }
    if !matches!(value, Value::Scalar(_, false)) {
        notes.push(Finding::new("name-not-text", None, "the name is not a text, it was read as one: put it in quotes"));
    }
    if text.chars().count() > MAX_NAME {
        notes.push(Finding::new(
            "long-name",
            None,
            format!("the name is longer than the {MAX_NAME} characters allowed"),
        ));
    }
    text
}

fn pick_description(value: Option<Value>, body: &str, notes: &mut Vec<Finding>) -> String {
    let value = value.unwrap_or(Value::Null);
    let text = value.flat().trim().to_string();
    if text.is_empty() {
        let paragraph = first_paragraph(body);
        let message = match paragraph.is_empty() {
            true => "has no description and no paragraph to take one from: add `description`",
            false => "has no description, the first paragraph stands in for it: add `description`",
        };
        notes.push(Finding::new("missing-description", None, message));
        return paragraph;
    }
    if !matches!(value, Value::Scalar(_, false)) {
        let message = "the description is not a text, its parts were joined: write it as one text in quotes";
        notes.push(Finding::new("description-not-text", None, message));
    }
    if text.chars().count() > MAX_DESCRIPTION {
        let message =
            format!("the description is longer than {MAX_DESCRIPTION} characters: Codex does not load such a skill");
        notes.push(Finding::new("long-description", None, message));
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(draft: &Draft) -> Vec<(&'static str, Option<u64>)> {
        draft.notes.iter().map(|note| (note.rule, note.line)).collect()
    }

    fn draft(text: &str) -> Draft {
        read(text, "folder").unwrap()
    }

    fn refusal(text: &str) -> (&'static str, Option<u64>) {
        let finding = read(text, "folder").unwrap_err();
        (finding.rule, finding.line)
    }

    #[test]
    fn a_good_file_has_no_notes() {
        let good =
            draft("---\nname: pdf\ndescription: \"Read: PDFs\"\nmetadata:\n  tags: [a, b]\n---\n\n# PDF\n\nDo it.\n");
        assert_eq!((good.name.as_str(), good.description.as_str()), ("pdf", "Read: PDFs"));
        assert_eq!(good.body, "# PDF\n\nDo it.");
        assert_eq!(good.extra, [("metadata.tags".to_string(), "a, b".to_string())]);
        assert_eq!(good.notes, []);
    }

    #[test]
    fn byte_order_mark_windows_lines_and_blank_lines() {
        let found = draft("\u{FEFF}\r\n---\r\nname: a\r\ndescription: b\r\n---\r\nbody\r\nmore\r\n");
        assert_eq!((found.name.as_str(), found.description.as_str()), ("a", "b"));
        assert_eq!(found.body, "body\r\nmore");
        assert_eq!(rules(&found), [("bom", Some(1)), ("crlf", None), ("blank-lines-first", Some(2))]);
    }

    #[test]
    fn no_front_matter_at_all() {
        let found = draft("# Title\n\n```sh\nls\n```\n\nFirst line\nsecond line.\n\nNot this.\n");
        assert_eq!((found.name.as_str(), found.description.as_str()), ("folder", "First line second line."));
        assert!(found.body.starts_with("# Title"));
        assert_eq!(rules(&found), [("no-frontmatter", Some(1))]);
    }

    #[test]
    fn unquoted_colon() {
        let found = draft("---\nname: a\ndescription: Use when: it's \"late\"\nlicense: MIT\n---\nbody");
        assert_eq!(found.description, "Use when: it's \"late\"");
        assert_eq!(found.extra, [("license".to_string(), "MIT".to_string())]);
        assert_eq!(rules(&found), [("unquoted-colon", Some(3))]);
    }

    #[test]
    fn values_that_are_no_yaml() {
        let found =
            draft("---\nname: a\ndescription: *Fast* tool\nargument-hint: [file] [page]\nb: \"x\" y\n---\nbody");
        assert_eq!(found.description, "*Fast* tool");
        assert_eq!(found.extra[0].1, "[file] [page]");
        assert_eq!(found.extra[1].1, "\"x\" y");
        assert_eq!(rules(&found), [("unquoted-value", Some(3))]);
    }

    #[test]
    fn read_line_by_line_when_nothing_else_helps() {
        let found = draft("---\nname: a\ndescription: |\n  one\n\ttwo\nbroken: [\n---\nbody");
        assert_eq!((found.name.as_str(), found.description.as_str()), ("a", "one\ntwo"));
        assert_eq!(rules(&found)[0].0, "yaml-syntax");
    }

    #[test]
    fn front_matter_never_closed() {
        let found = draft("---\nname: a\ndescription: b\n\n# Title\n\nText.\n");
        assert_eq!((found.name.as_str(), found.description.as_str()), ("a", "b"));
        assert_eq!(found.body, "# Title\n\nText.");
        assert_eq!(rules(&found), [("unclosed-frontmatter", Some(1))]);
        // A horizontal rule further down is not the closing line.
        let found = draft("---\nname: a\ndescription: b\n\n# Title\n\nText.\n\n---\n\nMore.\n");
        assert_eq!(found.body, "# Title\n\nText.\n\n---\n\nMore.");
        assert_eq!(rules(&found), [("unclosed-frontmatter", Some(1))]);
    }

    #[test]
    fn front_matter_never_opened() {
        let found = draft("name: a\ndescription: b\n\n---\n\n# Title\n\n---\nmore");
        assert_eq!((found.name.as_str(), found.description.as_str()), ("a", "b"));
        assert_eq!(found.body, "# Title\n\n---\nmore");
        assert_eq!(rules(&found), [("unopened-frontmatter", Some(1))]);
        assert_eq!(rules(&draft("name: a thing\n\nText.\n"))[0].0, "no-frontmatter");
    }

    #[test]
    fn text_before_the_front_matter() {
        let found = draft(
            "--------------------------80187b9f\nContent-Type: text/plain\n\n---\nname: a\ndescription: b\n---\nbody",
        );
        assert_eq!(found.name, "a");
        assert_eq!(rules(&found), [("text-before-frontmatter", Some(4))]);
        assert_eq!(rules(&draft("Real text.\n---\nname: a\n---\n"))[0].0, "no-frontmatter");
    }

    #[test]
    fn odd_types() {
        let found = draft("---\nname: 42\ndescription:\n  - one\n  - two\n---\nbody");
        assert_eq!((found.name.as_str(), found.description.as_str()), ("42", "one, two"));
        assert_eq!(rules(&found), [("name-not-text", None), ("description-not-text", None)]);
        let found = draft("---\nname: ~\ndescription: ''\n---\n# T\n\nFirst.");
        assert_eq!((found.name.as_str(), found.description.as_str()), ("folder", "First."));
        assert_eq!(rules(&found), [("missing-name", None), ("missing-description", None)]);
        let found = draft("---\nname: a\nname: b\ndescription: c\n---\nbody");
        assert_eq!((found.name.as_str(), rules(&found)), ("b", vec![("duplicate-key", None)]));
    }

    #[test]
    fn what_is_no_skill() {
        assert_eq!(refusal(" \n\n"), ("empty-file", None));
        assert_eq!(refusal("---\njust words\n---\nbody"), ("frontmatter-not-a-map", Some(2)));
        assert_eq!(refusal("---\n- a\n- b\n---\nbody"), ("frontmatter-not-a-map", Some(2)));
        assert_eq!(refusal("---\n{ \" [\n---\nbody"), ("yaml-unreadable", Some(2)));
        let deep = format!("---\nname: a\nx: {}{}\n---\n", "[".repeat(100), "]".repeat(100));
        assert_eq!(refusal(&deep), ("yaml-too-deep", Some(3)));
        let many: String = (0..20_000).map(|n| format!("k{n}: v\n")).collect();
        assert_eq!(refusal(&format!("---\n{many}---\n")).0, "yaml-too-many-values");
        let long = "x".repeat(300 * 1024);
        assert_eq!(refusal(&format!("---\nname: {long}\n---\n")), ("frontmatter-too-long", Some(1)));
    }

    #[test]
    fn aliases_are_text() {
        let mut bomb = "---\nname: bomb\na0: &a0 lol\n".to_string();
        for n in 1..30 {
            bomb += &format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1);
        }
        let found = draft(&(bomb + "---\nbody"));
        assert_eq!(rules(&found)[0], ("yaml-alias", Some(3)));
        assert_eq!(found.extra[1].1, "&a1 [*a0, *a0, *a0, *a0]");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(parts in prop::collection::vec(prop::sample::select(vec![
            "---\n", "---", "name: ", "description: ", "a", ": ", "\n", "\r\n", "  ", "- ", "[", "]", "\"", "'", "|\n", "# ",
            "```", "\u{feff}", "é", "\0", "&a ", "*a", "{", "}", "Content-Type: x\n",
        ]), 0..40)) {
            let _ = read(&parts.concat(), "folder");
        }
    }
}
