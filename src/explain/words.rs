//! Parts a document into words, by its text and the spans of its fields alone.

use std::ops::Range;

use crate::library::Field;
use crate::text::Document;

/// A word with the white space after it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    pub(super) bytes: Range<usize>,
    /// Where the white space after the word begins.
    pub(super) ink_end: usize,
    pub(super) field: Option<Field>,
    pub(super) seen: bool,
}

/// Gives each unit its part of `weight`.
pub(super) fn share_out(units: &[Unit], token: &Range<usize>, weight: f64, weights: &mut [f64]) {
    parts(units, token).for_each(|(at, part)| weights[at] += weight * part);
}

/// The units that a token touches, each with the part that its bytes have of the token's. White space counts only if
/// the token has nothing else: a tokenizer that keeps the space before a word in the word's token must not feed the
/// word before it.
pub(super) fn parts<'a>(units: &'a [Unit], token: &'a Range<usize>) -> impl Iterator<Item = (usize, f64)> + 'a {
    let first = units.partition_point(|unit| unit.bytes.end <= token.start);
    let last = first + units[first..].partition_point(|unit| unit.bytes.start < token.end);
    let overlap = |from: usize, to: usize| to.min(token.end).saturating_sub(from.max(token.start));
    let ink: usize = units[first..last].iter().map(|unit| overlap(unit.bytes.start, unit.ink_end)).sum();
    units[first..last].iter().enumerate().map(move |(at, unit)| {
        let part = if ink > 0 {
            overlap(unit.bytes.start, unit.ink_end) as f64 / ink as f64
        } else {
            overlap(unit.bytes.start, unit.bytes.end) as f64 / token.len() as f64
        };
        (first + at, part)
    })
}

/// All units of the first `end` bytes of a document in order, without gaps; the model read the first `seen` bytes.
pub(super) fn units(document: &Document, seen: usize, end: usize) -> Vec<Unit> {
    let mut units = Vec::new();
    for (region, field) in regions(document) {
        let region = region.start.min(end)..region.end.min(end);
        let border = seen.clamp(region.start, region.end);
        for (part, seen) in [(region.start..border, true), (border..region.end, false)] {
            split(&document.text, part, |bytes, ink_end| units.push(Unit { bytes, ink_end, field, seen }));
        }
    }
    units
}

/// Fields and what stands between them, in the order of the text; none is empty.
fn regions(document: &Document) -> Vec<(Range<usize>, Option<Field>)> {
    let mut spans: Vec<_> = Field::ALL.map(|field| (document.span(field), Some(field))).into();
    spans.retain(|(span, _)| !span.is_empty());
    spans.sort_by_key(|(span, _)| span.start);
    let mut regions = Vec::new();
    let mut at = 0;
    let end = document.text.len();
    for (span, field) in spans.into_iter().chain([(end..end, None)]) {
        if at < span.start {
            regions.push((at..span.start, None));
        }
        at = span.end;
        if !span.is_empty() {
            regions.push((span, field));
        }
    }
    regions
}

/// Calls `push` with the bytes of every word of a part (white space after it included) and the end of its ink. White
/// space at the start is a piece of its own, with no ink.
pub(super) fn split(text: &str, part: Range<usize>, mut push: impl FnMut(Range<usize>, usize)) {
    let mut start = part.start;
    let mut ink_end = part.start;
    let mut previous: Option<char> = None;
    for (offset, c) in text[part.clone()].char_indices() {
        let at = part.start + offset;
        if c.is_whitespace() {
            previous = Some(c);
            continue;
        }
        let starts = match previous {
            None => false,
            Some(before) => before.is_whitespace() || is_word_of_its_own(c) || ends_before(before, c),
        };
        if starts {
            push(start..at, ink_end);
            start = at;
        }
        ink_end = at + c.len_utf8();
        previous = Some(c);
    }
    if start < part.end {
        push(start..part.end, ink_end);
    }
}

/// Letters after a character that is a word of its own start the next word; punctuation and marks stay with it.
fn ends_before(before: char, c: char) -> bool {
    is_word_of_its_own(before) && c.is_alphanumeric()
}

/// Han characters, as BERT's tokenizer parts them, and kana: scripts without spaces between words.
fn is_word_of_its_own(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{2EBEF}' | '\u{2F800}'..='\u{2FA1F}' | '\u{30000}'..='\u{323AF}')
}
