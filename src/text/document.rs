//! [`Document`]: the text of a skill as a model reads it, with the spans of its fields and what was cut.

use std::ops::Range;

use crate::library::{Field, FieldSet, Skill};

/// Caps in Unicode code points, as the papers' Python slices count them (SkillRouter, code; papers.md 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Caps {
    pub name: Option<usize>,
    pub description: Option<usize>,
    pub body: Option<usize>,
}

/// How fields become one text: `name | description | body` in all four papers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentTemplate {
    pub separator: String,
    pub caps: Caps,
}

impl Default for DocumentTemplate {
    fn default() -> Self {
        DocumentTemplate { separator: " | ".into(), caps: Caps::default() }
    }
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
        let mut document = Document { text: String::new(), spans: [0..0, 0..0, 0..0], cut: [0; 3] };
        for (i, field) in Field::ALL.into_iter().enumerate().filter(|(_, field)| fields.contains(*field)) {
            if i > 0 {
                document.text.push_str(&self.separator);
            }
            let kept = match caps[i].and_then(|cap| parts[i].char_indices().nth(cap)) {
                Some((end, _)) => &parts[i][..end],
                None => parts[i],
            };
            let start = document.text.len();
            document.text.push_str(kept);
            document.spans[i] = start..document.text.len();
            document.cut[i] = parts[i][kept.len()..].chars().count();
            debug_assert_eq!(Field::ALL[i], field);
        }
        document
    }
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

    /// Code points of this field that the template's cap removed.
    pub fn cut(&self, field: Field) -> usize {
        self.cut[field as usize]
    }

    /// The field a byte range lies in, if it lies wholly in one. Separators and tokens that straddle a boundary belong
    /// to no field (SkillRouter does not say; papers.md 5.5).
    pub fn field_of(&self, bytes: &Range<usize>) -> Option<Field> {
        Field::ALL.into_iter().find(|&field| {
            let span = self.span(field);
            span.start <= bytes.start && bytes.end <= span.end && bytes.start < bytes.end
        })
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
