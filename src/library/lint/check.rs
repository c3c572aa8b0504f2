//! The checks that rules name.

use serde::Deserialize;

use super::Subject;
use crate::library::frontmatter::Finding;
use crate::library::yaml::{Entry, Value};

/// A check with its parameters, as a rule of the table gives them.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Check {
    /// The lenient reader had to put one of these right, or gave up for it.
    Loader {
        findings: Vec<String>,
    },
    /// A key is absent or empty, in front matter that is there.
    Missing {
        key: String,
    },
    /// A text has more characters.
    Longer {
        key: String,
        characters: usize,
    },
    /// A text that is there has fewer words (characters where words are not separated).
    FewerWords {
        key: String,
        words: usize,
    },
    /// YAML gives a number, a boolean, a list or a map where a text belongs.
    NotText {
        key: String,
    },
    NotMap {
        key: String,
    },
    /// A map with values that are no texts.
    NotStringMap {
        key: String,
    },
    /// Lower-case letters of any script, digits, single hyphens inside (skills-ref validator.py).
    NameForm,
    NameNotAscii,
    NameNotFolder,
    /// The text holds one of these.
    Contains {
        key: String,
        any: Vec<String>,
    },
    /// One of the text's words, in lower case, is one of these.
    ContainsWord {
        key: String,
        any: Vec<String>,
    },
    /// The text is one of these.
    Equals {
        key: String,
        any: Vec<String>,
    },
    UnknownKeys {
        known: Vec<String>,
    },
    /// A top-level value in brackets or braces.
    FlowStyle,
    BodyEmpty,
    BodyShorter {
        characters: usize,
    },
    BodyLonger {
        lines: usize,
    },
    /// Tokens as characters / 4 (domain notes 1.7).
    BodyHeavier {
        tokens: usize,
    },
    /// A relative link that goes down more folders.
    DeepReference {
        folders: usize,
    },
    /// At least so many blank lines with something after them.
    BlankRun {
        lines: usize,
    },
}

/// Where a check found what.
#[derive(Debug, Default)]
pub(super) struct Hit {
    pub line: Option<u64>,
    pub column: Option<u64>,
    /// For the `{…}` of messages.
    pub found: String,
    pub limit: Option<usize>,
    pub key: String,
    pub suggestion: String,
}

impl Check {
    /// The first place where the fault is, if it is there.
    pub fn run(&self, subject: &Subject) -> Option<Hit> {
        if let Check::Loader { findings } = self {
            let listed = |finding: &&Finding| findings.iter().any(|rule| rule == finding.rule);
            let Finding { line, message, .. } = subject.findings().iter().find(listed)?;
            return Some(Hit { line: *line, found: message.clone(), ..Hit::default() });
        }
        if subject.is_refused() {
            return None;
        }
        self.in_front_matter(subject).or_else(|| self.in_body(subject))
    }

    fn in_front_matter(&self, subject: &Subject) -> Option<Hit> {
        match self {
            Check::Missing { key } => {
                let empty = subject.value(key).is_none_or(|(value, _)| value.flat().trim().is_empty());
                (empty && subject.has_front_matter())
                    .then(|| Hit { line: subject.line_of(key).or(subject.opening()), ..Hit::default() })
            }
            Check::Longer { key, characters } => {
                let (text, line) = subject.text_of(key)?;
                let count = text.chars().count();
                (count > *characters).then(|| number(line, count, *characters))
            }
            Check::FewerWords { key, words } => {
                let (text, line) = subject.text_of(key)?;
                let count = word_count(&text);
                (count < *words).then(|| number(line, count, *words))
            }
            Check::NotText { key } => {
                let (value, line) = subject.value(key)?;
                Some(Hit { line, found: kind(value)?.to_string(), ..Hit::default() })
            }
            Check::NotMap { key } => {
                let (value, line) = subject.value(key)?;
                (!matches!(value, Value::Map(_) | Value::Null)).then(|| Hit { line, ..Hit::default() })
            }
            Check::NotStringMap { key } => {
                let (Value::Map(entries), _) = subject.value(key)? else { return None };
                let (entry, kind) = entries.iter().find_map(|entry| Some((entry, kind(&entry.value)?)))?;
                Some(Hit {
                    line: subject.in_file(entry.line),
                    found: format!("`{}` is {kind}", entry.key),
                    ..Hit::default()
                })
            }
            Check::NameForm => {
                let (name, line) = subject.text_of("name")?;
                (!is_name(&name)).then(|| Hit {
                    line,
                    column: subject.column(line, &name),
                    suggestion: suggested_name(&name, subject.folder()),
                    found: name,
                    ..Hit::default()
                })
            }
            Check::NameNotAscii => {
                let (found, line) = subject.text_of("name")?;
                (!found.is_ascii()).then(|| Hit { line, found, ..Hit::default() })
            }
            Check::NameNotFolder => {
                let (found, line) = subject.text_of("name")?;
                let column = subject.column(line, &found);
                (found != subject.folder()?).then(|| Hit { line, column, found, ..Hit::default() })
            }
            Check::Contains { key, any } => {
                let (text, line) = subject.text_of(key)?;
                let found = any.iter().find(|word| text.contains(word.as_str()))?.clone();
                Some(Hit { line, column: subject.column(line, &found), found, ..Hit::default() })
            }
            Check::ContainsWord { key, any } => {
                let (text, line) = subject.text_of(key)?;
                let text = text.to_lowercase();
                let word = text.split(|c: char| !c.is_alphanumeric()).find(|word| any.iter().any(|one| one == word))?;
                Some(Hit { line, column: subject.column(line, word), found: word.to_string(), ..Hit::default() })
            }
            Check::Equals { key, any } => {
                let (found, line) = subject.text_of(key)?;
                any.contains(&found).then(|| Hit { line, found, ..Hit::default() })
            }
            Check::UnknownKeys { known } => {
                let unknown: Vec<&Entry> = subject.entries().iter().filter(|e| !known.contains(&e.key)).collect();
                let found = unknown.iter().map(|entry| format!("`{}`", entry.key)).collect::<Vec<_>>().join(", ");
                Some(Hit { line: subject.in_file(unknown.first()?.line), found, ..Hit::default() })
            }
            Check::FlowStyle => subject.flow_value().map(|(key, line)| Hit { line, key, ..Hit::default() }),
            _ => None,
        }
    }

    fn in_body(&self, subject: &Subject) -> Option<Hit> {
        let body = subject.body();
        let line = subject.body_line(0);
        match self {
            Check::BodyEmpty => body.trim().is_empty().then(Hit::default),
            Check::BodyShorter { characters } => {
                let count = body.trim().chars().count();
                (count < *characters && count > 0).then(|| number(line, count, *characters))
            }
            Check::BodyLonger { lines } => {
                let count = body.lines().count();
                (count > *lines).then(|| number(line, count, *lines))
            }
            Check::BodyHeavier { tokens } => {
                let count = body.chars().count() / 4;
                (count > *tokens).then(|| number(line, count, *tokens))
            }
            Check::DeepReference { folders } => body.lines().enumerate().find_map(|(at, text)| {
                let found = links(text).find(|link| is_deep(link, *folders))?.to_string();
                let line = subject.body_line(at);
                Some(Hit { line, column: subject.column(line, &found), found, limit: Some(*folders), ..Hit::default() })
            }),
            Check::BlankRun { lines } => {
                let (first, count) = longest_blank_run(body);
                (count >= *lines).then(|| number(subject.body_line(first), count, *lines))
            }
            _ => None,
        }
    }
}

fn number(line: Option<u64>, found: usize, limit: usize) -> Hit {
    Hit { line, found: found.to_string(), limit: Some(limit), ..Hit::default() }
}

/// What a value is that is no text; `None` for one that is, or is empty.
fn kind(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null | Value::Scalar(_, false) => None,
        Value::Scalar(_, true) => Some("a number or a boolean"),
        Value::List(_) => Some("a list"),
        Value::Map(_) => Some("a map"),
    }
}

/// Words, or characters beyond ASCII where these are more: scripts without blanks between words.
fn word_count(text: &str) -> usize {
    let letters = text.chars().filter(|c| !c.is_ascii() && c.is_alphanumeric()).count();
    text.split_whitespace().count().max(letters)
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| (c.is_alphanumeric() && c.to_lowercase().eq([c])) || c == '-';
    name.chars().all(letter) && !name.starts_with('-') && !name.ends_with('-') && !name.contains("--")
}

fn suggested_name(name: &str, folder: Option<&str>) -> String {
    let lower = name.to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    match (parts.is_empty(), folder) {
        (true, Some(folder)) => folder.to_string(),
        (true, None) => "a-name".to_string(),
        _ => parts.join("-"),
    }
}

/// The targets of Markdown links on a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '#']).next()).filter(|link| !link.is_empty())
}

/// Whether a link is a path below the skill, more than `folders` deep.
fn is_deep(link: &str, folders: usize) -> bool {
    let relative = !link.contains(':') && !link.starts_with(['/', '<', '#', '.', '~', '$', '{']);
    relative && link.trim_end_matches('/').matches('/').count() > folders
}

/// First line (0-based) and length of the longest run of blank lines that something follows.
fn longest_blank_run(body: &str) -> (usize, usize) {
    let (mut best, mut start) = ((0, 0), None);
    for (at, line) in body.lines().enumerate() {
        if line.trim().is_empty() {
            start.get_or_insert(at);
        } else if let Some(first) = start.take()
            && at - first > best.1
        {
            best = (first, at - first);
        }
    }
    best
}
