//! Front matter that is not YAML, read anyway: what the client guide and Gemini CLI do (domain notes 1.3, 1.4).

use super::frontmatter::lines;
use super::yaml::{self, Entry, Value};

/// Front matter with values put in quotes, and the first of them.
pub(super) struct Quoted {
    pub text: String,
    pub key: String,
    /// 1-based line in the front matter.
    pub line: u64,
    /// Whether the value was broken by a colon.
    pub colon: bool,
}

/// Puts quotes around the top-level values that cannot stand without, `None` if there is none.
pub(super) fn quote(front: &str) -> Option<Quoted> {
    let mut text = String::with_capacity(front.len() + 16);
    let mut first: Option<(String, u64, bool)> = None;
    for line in lines(front) {
        match key_value(line.text).filter(|(_, value)| needs_quotes(value)) {
            Some((key, value)) => {
                let colon = value.contains(": ") || value.ends_with(':');
                first.get_or_insert_with(|| (key.to_string(), line.number, colon));
                text.push_str(key);
                text.push_str(": '");
                text.push_str(&unquoted(value).replace('\'', "''"));
                text.push_str("'\n");
            }
            None => text.push_str(&front[line.start..line.end]),
        }
    }
    first.map(|(key, line, colon)| Quoted { text, key, line, colon })
}

/// `key: value` on a line that is not indented; the value is trimmed and may be empty.
fn key_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let is_key = key.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c))
        && key.split(' ').count() <= 3;
    let separated = value.is_empty() || value.starts_with([' ', '\t']);
    (is_key && separated).then(|| (key.trim_end(), value.trim()))
}

fn needs_quotes(value: &str) -> bool {
    match value.chars().next() {
        None | Some('|' | '>') => false,
        _ => !matches!(yaml::parse(&format!("key: {value}")), Ok(Value::Map(entries)) if entries.len() == 1),
    }
}

/// Without the pair of quotes around it, if there is one.
fn unquoted(value: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}

/// Where the keys at the head of `text` end: before the first heading or other line that is no key and belongs to none,
/// or before a blank line that no indented line follows. `None` if there is no key.
pub(super) fn leading_keys(text: &str) -> Option<usize> {
    let mut found = false;
    let mut blank = None;
    for line in lines(text) {
        let indented = line.text.starts_with([' ', '\t']);
        match blank {
            _ if line.text.is_empty() => _ = found.then(|| blank.get_or_insert(line.start)),
            Some(end) if !indented => return Some(end),
            _ if key_value(line.text).is_some() => found = true,
            _ if !found && line.text.starts_with('#') => (),
            _ if !indented && !line.text.starts_with('-') => return found.then_some(line.start),
            _ => blank = None,
        }
    }
    found.then_some(blank.unwrap_or(text.len()))
}

/// Reads `key: value` lines one by one. Lines that are no key belong to the key above them, so no text is lost.
pub(super) fn key_lines(front: &str) -> Vec<Entry> {
    let mut entries: Vec<(&str, u64, Vec<&str>)> = Vec::new();
    for line in lines(front) {
        match key_value(line.text) {
            Some((key, value)) => entries.push((key, line.number, vec![value])),
            None => {
                if let Some((_, _, values)) = entries.last_mut() {
                    values.push(line.text.trim());
                }
            }
        }
    }
    entries.into_iter().map(|(key, line, values)| entry(key, line, &values)).collect()
}

fn entry(key: &str, line: u64, values: &[&str]) -> Entry {
    let text = match values {
        [indicator, rest @ ..] if indicator.starts_with('|') => rest.join("\n"),
        [indicator, rest @ ..] if indicator.starts_with('>') => rest.join(" "),
        [single] => unquoted(single).to_string(),
        _ => values.join(" "),
    };
    Entry { key: key.to_string(), value: Value::Scalar(text.trim().to_string(), false), line }
}
