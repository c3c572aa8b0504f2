//! YAML as front matter uses it, read from parser events under our own bounds.
//!
//! Bounds are those of NVIDIA SkillSpector (domain notes 5.2 and 5.4); the deepest of 16,243 real files has 10 levels
//! and 517 events. Anchors and aliases are refused (no real file has one): expanding them is how small files become
//! gigabytes. Tags are ignored.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// Levels of nesting.
pub(super) const MAX_DEPTH: usize = 64;
/// Scalars, lists and maps together.
pub(super) const MAX_NODES: usize = 10_000;

/// A value with nothing resolved: what a scalar means is for the reader to say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    /// The second part is true for an unquoted scalar that YAML reads as a number or a boolean.
    Scalar(String, bool),
    List(Vec<Value>),
    Map(Vec<Entry>),
}

/// A key of a map, with the 1-based line it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub key: String,
    pub value: Value,
    pub line: u64,
}

/// Why a document could not be read. Lines are 1-based within the document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum YamlError {
    /// Not YAML.
    Syntax {
        line: u64,
        reason: String,
    },
    /// `&anchor` or `*alias`.
    Alias {
        line: u64,
    },
    TooDeep {
        line: u64,
    },
    TooManyNodes {
        line: u64,
    },
}

/// Reads the first document of `text`; an empty one is [`Value::Null`].
pub(crate) fn parse(text: &str) -> Result<Value, YamlError> {
    let mut reader = Reader { parser: Parser::new_from_str(text), nodes: 0 };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_), _) => (),
            (Event::StreamEnd | Event::DocumentEnd, _) => return Ok(Value::Null),
            (event, span) => {
                let value = reader.value(event, span, 0)?;
                // The rest is read for its errors: a document that breaks off later was not understood.
                while !matches!(reader.next()?.0, Event::StreamEnd | Event::DocumentStart(_)) {}
                return Ok(value);
            }
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(syntax(&error)),
            None => Err(YamlError::Syntax { line: 1, reason: "unexpected end".to_string() }),
        }
    }

    /// The value that begins with `event`. Recursion is bounded by [`MAX_DEPTH`].
    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Value, YamlError> {
        let line = line(&span);
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(YamlError::TooManyNodes { line });
        }
        if depth > MAX_DEPTH {
            return Err(YamlError::TooDeep { line });
        }
        match event {
            Event::Scalar(_, _, 1.., _) | Event::SequenceStart(1.., _) | Event::MappingStart(1.., _) => {
                Err(YamlError::Alias { line })
            }
            Event::Scalar(text, style, _, _) => Ok(scalar(&text, style)),
            Event::SequenceStart(..) => self.list(depth),
            Event::MappingStart(..) => self.map(depth),
            Event::Alias(_) => Err(YamlError::Alias { line }),
            _ => Err(YamlError::Syntax { line, reason: "a value was expected".to_string() }),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.value(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut entries = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Map(entries));
            }
            let line = line(&span);
            let key = self.value(event, span, depth + 1)?.flat();
            let (event, span) = self.next()?;
            let value = self.value(event, span, depth + 1)?;
            entries.push(Entry { key, value, line });
        }
    }
}

fn line(span: &Span) -> u64 {
    span.start.line() as u64
}

fn syntax(error: &ScanError) -> YamlError {
    let line = error.marker().line() as u64;
    match error.info() {
        // The scanner's own bound, for brackets it looks ahead over.
        "recursion limit exceeded" => YamlError::TooDeep { line },
        reason => YamlError::Syntax { line, reason: reason.to_string() },
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Scalar(text.to_string(), false);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        _ => Value::Scalar(text.to_string(), is_number_or_bool(text)),
    }
}

fn is_number_or_bool(text: &str) -> bool {
    const WORDS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", ".inf", ".nan"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || (text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && text.parse::<f64>().is_ok())
}

impl Value {
    /// The value as one text: lists joined with commas, maps as `key: value`.
    pub fn flat(&self) -> String {
        match self {
            Value::Null => String::new(),
            Value::Scalar(text, _) => text.clone(),
            Value::List(items) => items.iter().map(Value::flat).collect::<Vec<_>>().join(", "),
            Value::Map(entries) => {
                let pairs = entries.iter().map(|entry| format!("{}: {}", entry.key, entry.value.flat()));
                pairs.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// The leaves below `key`: maps are joined with dots, lists with commas.
    pub fn leaves(self, key: String, out: &mut Vec<(String, String)>) {
        match self {
            Value::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    entry.value.leaves(format!("{key}.{}", entry.key), out);
                }
            }
            value => out.push((key, value.flat())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: &str) -> Value {
        Value::Scalar(value.to_string(), false)
    }

    #[test]
    fn reads_what_front_matter_uses() {
        let value = parse("name: 7\nempty:\ntags: [a, b]\nmeta:\n  deep: |\n    one\n    two\n").unwrap();
        let Value::Map(entries) = value else { panic!("a map") };
        assert_eq!(entries[0].value, Value::Scalar("7".into(), true));
        assert_eq!(entries[1].value, Value::Null);
        assert_eq!(entries[2].value, Value::List(vec![text("a"), text("b")]));
        assert_eq!(entries.iter().map(|entry| entry.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let mut leaves = Vec::new();
        entries[3].value.clone().leaves("meta".into(), &mut leaves);
        assert_eq!(leaves, [("meta.deep".to_string(), "one\ntwo\n".to_string())]);
    }

    #[test]
    fn errors_name_the_line() {
        assert!(matches!(parse("a: b\nc: d: e\n"), Err(YamlError::Syntax { line: 2, .. })));
        assert_eq!(parse("a: 1\nb: &x 2\n"), Err(YamlError::Alias { line: 2 }));
    }

    #[test]
    fn bounds_hold() {
        let bomb = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n";
        assert!(matches!(parse(bomb), Err(YamlError::Alias { line: 1 })));
        let nested = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(matches!(parse(&nested), Err(YamlError::TooDeep { line: 1 })));
        assert!(matches!(parse(&"[".repeat(100_000)), Err(YamlError::TooDeep { .. })));
        assert!(matches!(parse(&"- ".repeat(100_000)), Err(YamlError::TooDeep { .. })));
        let many: String = (0..10_000).map(|n| format!("k{n}: v\n")).collect();
        assert!(matches!(parse(&many), Err(YamlError::TooManyNodes { .. })));
    }

    proptest! {
        #[test]
        fn never_panics(raw in "[ -~\n\t\r]{0,200}") {
            let _ = parse(&raw);
        }

        #[test]
        fn never_panics_on_structure(parts in prop::collection::vec(prop::sample::select(vec![
            "a", ": ", "- ", "\n", "  ", "\t", "[", "]", "{", "}", ",", "|\n", ">-\n", "'", "\"", "#", "&x ", "*x", "!t ",
            "? ", "---", "...", "%TAG ! x\n", "\\", "\u{feff}", "\0", "é", "\r\n", "<<: ", "|9", ">+",
        ]), 0..60)) {
            let _ = parse(&parts.concat());
        }
    }
}
