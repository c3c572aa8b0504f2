//! [`Document`]: the text of a skill as a model reads it, with the spans of its fields and what was cut.

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::library::{Field, FieldSet, Skill};

/// Caps in Unicode code points, as the papers' Python slices count them (SkillRouter, code; papers.md 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Caps {
    pub name: Option<usize>,
    pub description: Option<usize>,
    pub body: Option<usize>,
}

/// What stands before each field (SkillRouter's `struct` format); no part of the field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Labels {
    pub name: String,
    pub description: String,
    pub body: String,
}

/// How fields become one text: `name | description | body` in all four papers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentTemplate {
    pub separator: String,
    pub caps: Caps,
    pub labels: Labels,
    /// The most that is read, whatever is asked for (SkillRouter's `flat-nd` format).
    #[serde(deserialize_with = "read_fields", serialize_with = "write_fields")]
    pub fields: FieldSet,
    /// White space at both ends of each field is dropped before its cap (SkillRet).
    pub strip: bool,
    /// A blank body is replaced by the description (SkillRet).
    pub description_for_blank_body: bool,
    /// Cap of the body in tokens of the model's own tokenizer (R3); after the cap in code points.
    pub body_tokens: Option<usize>,
}

impl Default for DocumentTemplate {
    fn default() -> Self {
        DocumentTemplate {
            separator: " | ".into(),
            caps: Caps::default(),
            labels: Labels::default(),
            fields: FieldSet::Full,
            strip: false,
            description_for_blank_body: false,
            body_tokens: None,
        }
    }
}

fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FieldSet, D::Error> {
    let key = String::deserialize(deserializer)?;
    let found = FieldSet::ALL.into_iter().find(|fields| fields.key() == key);
    found.ok_or_else(|| {
        let known = FieldSet::ALL.map(FieldSet::key).join(", ");
        serde::de::Error::custom(format!("{key:?} is not one of {known}"))
    })
}

fn write_fields<S: Serializer>(fields: &FieldSet, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(fields.key())
}

/// The text of one skill for one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub text: String,
    /// Byte range of each field in `text` (order of [`Field::ALL`]); empty where the field was not asked for.
    spans: [Range<usize>; 3],
    /// Code points each cap removed.
    cut: [usize; 3],
}

impl DocumentTemplate {
    pub fn render(&self, skill: &Skill, fields: FieldSet) -> Document {
        self.render_parts([skill.name.for_model(), skill.description.for_model(), skill.body.for_model()], fields)
    }

    /// The same from raw parts (name, description, body).
    pub fn render_parts(&self, parts: [&str; 3], fields: FieldSet) -> Document {
        let caps = [self.caps.name, self.caps.description, self.caps.body];
        let labels = [&self.labels.name, &self.labels.description, &self.labels.body];
        let wanted = |field: Field| fields.contains(field) && self.fields.contains(field);
        let parts = self.prepare(parts);
        let mut document = Document { text: String::new(), spans: [0..0, 0..0, 0..0], cut: [0; 3] };
        for (i, field) in Field::ALL.into_iter().enumerate().filter(|(_, field)| wanted(*field)) {
            if i > 0 {
                document.text.push_str(&self.separator);
            }
            document.text.push_str(labels[i]);
            let kept = caps[i].map_or(parts[i], |cap| first_chars(parts[i], cap));
            let start = document.text.len();
            document.text.push_str(kept);
            document.spans[i] = start..document.text.len();
            document.cut[i] = parts[i][kept.len()..].chars().count();
            debug_assert_eq!(Field::ALL[i], field);
        }
        document
    }

    /// What comes before the caps.
    fn prepare<'a>(&self, parts: [&'a str; 3]) -> [&'a str; 3] {
        let [name, description, mut body] = parts;
        if self.description_for_blank_body && strip(body).is_empty() {
            body = description;
        }
        let parts = [name, description, body];
        if self.strip { parts.map(strip) } else { parts }
    }
}

/// Python's `text[:count]`.
pub fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

/// Python's `text.strip()`: Unicode white space and the four information separators, which Rust's `trim` leaves.
fn strip(text: &str) -> &str {
    &text[stripped(text)]
}

/// Where `text.strip()` lies in a text.
pub(super) fn stripped(text: &str) -> Range<usize> {
    let blank = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    let start = text.len() - text.trim_start_matches(blank).len();
    start..start + text[start..].trim_end_matches(blank).len()
}

impl Document {
    /// A text with no fields, all of it taken as body.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        let end = text.len();
        Document { text, spans: [0..0, 0..0, 0..end], cut: [0; 3] }
    }

    pub fn span(&self, field: Field) -> Range<usize> {
        self.spans[field as usize].clone()
    }

    /// Code points of this field that the template's caps removed.
    pub fn cut(&self, field: Field) -> usize {
        self.cut[field as usize]
    }

    /// Keeps the first `bytes` bytes of the body, which comes last. Does nothing where that is no place to cut.
    pub fn shorten_body(&mut self, bytes: usize) {
        let body = &mut self.spans[Field::Body as usize];
        let end = body.start + bytes;
        if end < body.end && body.end == self.text.len() && self.text.is_char_boundary(end) {
            self.cut[Field::Body as usize] += self.text[end..].chars().count();
            self.text.truncate(end);
            body.end = end;
        }
    }

    /// The field a byte range lies in, if all of it but white space at its ends lies in one: a token of byte-level BPE
    /// holds the space before its word, which for the first word of a field is a separator's. Separators and tokens
    /// with letters of two fields belong to none (SkillRouter does not say; papers.md 5.5).
    pub fn field_of(&self, bytes: &Range<usize>) -> Option<Field> {
        let bytes = self.text.get(bytes.clone()).map_or_else(|| bytes.clone(), |text| core(text, bytes.start));
        Field::ALL.into_iter().find(|&field| {
            let span = self.span(field);
            span.start <= bytes.start && bytes.end <= span.end && bytes.start < bytes.end
        })
    }
}

/// Where a text that starts at byte `start` is not white space; all of it if it is nothing else.
pub(super) fn core(text: &str, start: usize) -> Range<usize> {
    let trimmed = text.trim_start();
    match trimmed.trim_end().len() {
        0 => start..start + text.len(),
        length => {
            let first = start + text.len() - trimmed.len();
            first..first + length
        }
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
