//! The document in words, tokens, lines or sections, each with its share of attention.
//!
//! All four are the same shares put together differently: a line has what its words have, a word what its tokens have.

use std::ops::Range;

use crate::library::{Field, Text};
use crate::model::Capture;
use crate::text::{Document, Segment};

use super::attribution::{Place, places};
use super::calibration::{Calibrated, changes};
use super::markdown::sections;
use super::{Attribution, Word};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SpanKind {
    #[default]
    Word,
    /// What the model read: the pieces of its vocabulary.
    Token,
    Line,
    /// Name, description, and what stands under each heading of the body.
    Section,
}

impl SpanKind {
    pub const ALL: [SpanKind; 4] = [SpanKind::Word, SpanKind::Token, SpanKind::Line, SpanKind::Section];

    pub fn key(self) -> &'static str {
        match self {
            SpanKind::Word => "word",
            SpanKind::Token => "token",
            SpanKind::Line => "line",
            SpanKind::Section => "section",
        }
    }

    pub fn next(self) -> Self {
        SpanKind::ALL[(self as usize + 1) % SpanKind::ALL.len()]
    }
}

/// A piece of the document with the white space after it; all of them in order are what [`Attribution::words`] lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Bytes in [`crate::text::Document::text`].
    pub bytes: Range<usize>,
    /// `None` for separators between fields.
    pub field: Option<Field>,
    /// Share of the fields' attention, or its change over the empty request; `None` for text the model never saw.
    pub weight: Option<f32>,
    /// Tokens of the fields that end in it.
    pub tokens: usize,
    /// Bytes of what it is called by: its own words, or a section's heading.
    label: Range<usize>,
}

impl Span {
    /// A piece called by its own words, of which no token was counted.
    pub fn new(bytes: Range<usize>, field: Option<Field>, weight: Option<f32>) -> Self {
        Span { label: bytes.clone(), bytes, field, weight, tokens: 0 }
    }

    pub fn text(&self, document: &Document) -> Text {
        Text::block(&document.text[self.bytes.clone()])
    }

    /// Its words or heading on one line; a field that is one section is called by its name.
    pub fn label(&self, document: &Document) -> Text {
        match (self.label.is_empty(), self.field) {
            (false, _) => Text::quoted(&document.text[self.label.clone()]),
            (true, Some(Field::Body) | None) => Text::line("(no heading)"),
            (true, Some(field)) => Text::line(field.key()),
        }
    }
}

/// The document in pieces of one kind.
pub fn spans(capture: &Capture, attribution: &Attribution, kind: SpanKind) -> Vec<Span> {
    let weights: Vec<Option<f32>> = attribution.words.iter().map(|word| word.weight).collect();
    let spans = match kind {
        SpanKind::Token => by_token(capture, attribution),
        _ => grouped(&capture.document, &attribution.words, &weights, kind),
    };
    counted(capture, spans)
}

impl Calibrated {
    /// The same pieces with what each gains over the empty request; `own` and `free` are what `self` was made of. The
    /// changes of a line are those of its words.
    pub fn spans(&self, own: (&Capture, &Attribution), free: (&Capture, &Attribution), kind: SpanKind) -> Vec<Span> {
        let (capture, attribution) = own;
        if kind != SpanKind::Token {
            let seen = attribution.words.iter().zip(&self.words);
            let weights: Vec<Option<f32>> =
                seen.map(|(word, change)| word.weight.map(|_| change.unwrap_or(0.0))).collect();
            return counted(capture, grouped(&capture.document, &attribution.words, &weights, kind));
        }
        let mut spans = spans(capture, attribution, kind);
        let without: Vec<_> = by_token(free.0, free.1).into_iter().map(|span| (span.bytes, span.weight)).collect();
        let in_field = |span: &Span| span.weight.filter(|_| span.field.is_some()).map(|own| (span.bytes.clone(), own));
        let changes = changes(&spans.iter().map(in_field).collect::<Vec<_>>(), &without);
        for (span, change) in spans.iter_mut().zip(changes) {
            span.weight = span.weight.map(|_| change.unwrap_or(0.0));
        }
        spans
    }
}

/// Words, or runs of words of one line or section; none crosses the border of a field or of what the model saw.
fn grouped(document: &Document, words: &[Word], weights: &[Option<f32>], kind: SpanKind) -> Vec<Span> {
    let body = document.span(Field::Body);
    let headed = if kind == SpanKind::Section { sections(&document.text[body.clone()]) } else { Vec::new() };
    let section = |word: &Word| headed.partition_point(|section| body.start + section.bytes.start <= word.bytes.start);
    let mut spans: Vec<Span> = Vec::new();
    let mut before: Option<&Word> = None;
    for (word, weight) in words.iter().zip(weights) {
        let goes_on = before.is_some_and(|before| {
            let same = before.field == word.field && before.weight.is_some() == word.weight.is_some();
            same && match kind {
                SpanKind::Line => !before.text.for_model().contains('\n'),
                SpanKind::Section => section(before) == section(word),
                _ => false,
            }
        });
        match spans.last_mut().filter(|_| goes_on) {
            Some(last) => {
                last.bytes.end = word.bytes.end;
                if kind == SpanKind::Line {
                    last.label.end = word.bytes.end;
                }
                last.weight = last.weight.zip(*weight).map(|(sum, weight)| sum + weight);
            }
            None => {
                let mut span = Span::new(word.bytes.clone(), word.field, *weight);
                if kind == SpanKind::Section && word.field.is_some() {
                    let heading = section(word).checked_sub(1).map_or(0..0, |at| headed[at].heading.clone());
                    let in_body = word.field == Some(Field::Body) && !heading.is_empty();
                    span.label = if in_body { body.start + heading.start..body.start + heading.end } else { 0..0 };
                }
                spans.push(span);
            }
        }
        before = Some(word);
    }
    spans
}

/// Tokens with what stands between them and the next. Tokens that share bytes (a character of several) are one piece,
/// and what the model never saw stays in words.
fn by_token(capture: &Capture, attribution: &Attribution) -> Vec<Span> {
    let Some(end) = attribution.words.last().map(|word| word.bytes.end) else { return Vec::new() };
    let seen = attribution.words.iter().rfind(|word| word.weight.is_some()).map_or(0, |word| word.bytes.end);
    let encoding = &capture.encoding;
    let positions = encoding.segments.iter().zip(&encoding.offsets).zip(&attribution.tokens);
    let mut spans: Vec<Span> = Vec::new();
    for ((_, bytes), &weight) in positions.filter(|((segment, _), _)| **segment == Segment::Document) {
        if bytes.is_empty() || bytes.end > end {
            continue;
        }
        match spans.last_mut() {
            Some(last) if bytes.start < last.label.end => {
                last.label.end = last.label.end.max(bytes.end);
                last.bytes.end = last.label.end;
                last.weight = last.weight.map(|sum| sum + weight);
                continue;
            }
            Some(last) => last.bytes.end = bytes.start,
            None if bytes.start > 0 => spans.push(Span::new(0..bytes.start, None, Some(0.0))),
            None => {}
        }
        spans.push(Span::new(bytes.clone(), capture.document.field_of(bytes), Some(weight)));
    }
    if let Some(last) = spans.last_mut() {
        last.bytes.end = last.bytes.end.max(seen);
    }
    let from = spans.last().map_or(0, |last| last.bytes.end);
    let rest = attribution.words.iter().filter(|word| word.bytes.end > from);
    spans.extend(rest.map(|word| Span::new(word.bytes.start.max(from)..word.bytes.end, word.field, word.weight)));
    spans
}

/// With the tokens that end in each.
fn counted(capture: &Capture, mut spans: Vec<Span>) -> Vec<Span> {
    for (place, bytes) in places(capture).iter().zip(&capture.encoding.offsets) {
        let at = spans.partition_point(|span| span.bytes.end < bytes.end);
        if let (Place::Field(_), Some(span)) = (place, spans.get_mut(at)) {
            span.tokens += 1;
        }
    }
    spans
}
