//! What an author could change, each with the rank it would give: nothing is advised that was not measured on the live
//! library (domain.md 1.4, 5.1; SkillRouter's field ablation, papers.md 1).

use std::collections::BTreeMap;

use crate::index::terms;
use crate::library::{Field, SkillIx};
use crate::model::{ModelError, Role, Stop};
use crate::search::{Pipeline, SearchError, Settings};
use crate::text::document::first_chars;

use super::{Draft, Ranking, WhatIf};

/// Lengths of the body that the truncation lens tries, in characters; the papers' caps are 1,000 to 8,000.
const LENGTHS: [usize; 7] = [0, 250, 500, 1_000, 2_000, 4_000, 8_000];
/// Sentences that are left out in turn to find the decisive one: 32 take about a second on two cores, and the built-in
/// models read no further than that in most skills.
const SENTENCES: usize = 32;
/// A word that stands so often in one description is there for the index, not for a reader.
const STUFFED: usize = 3;

/// What was varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lens {
    /// Only some of the skill's fields.
    Fields,
    /// The body cut after so many characters.
    Truncation,
    /// Words of the request that stand only in the body, put into the description.
    BodyWords,
    /// Repeated words taken out; the request's words put in, to see how open the ranking is to that.
    Stuffing,
    /// The sentence that matters most, left out and moved to the beginning.
    Position,
}

impl Lens {
    pub const ALL: [Lens; 5] = [Lens::Fields, Lens::Truncation, Lens::BodyWords, Lens::Stuffing, Lens::Position];

    pub fn key(self) -> &'static str {
        match self {
            Lens::Fields => "fields",
            Lens::Truncation => "truncation",
            Lens::BodyWords => "body-words",
            Lens::Stuffing => "stuffing",
            Lens::Position => "position",
        }
    }
}

/// One variant of the skill and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    pub lens: Lens,
    /// What was changed; quotes the skill raw.
    pub what: String,
    pub ranking: Ranking,
    /// The variant, where it is a text one could save.
    pub draft: Option<Draft>,
}

/// How much of the body a model reads, in characters, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    pub stage: &'static str,
    pub read: usize,
    pub of: usize,
}

/// Everything the advice is about.
struct Subject<'a> {
    pipeline: &'a Pipeline,
    settings: Settings,
    skill: SkillIx,
    draft: &'a Draft,
    request: &'a str,
    stop: Stop<'a>,
}

/// Measures all lenses for one request, row by row. The first row is the draft as it is.
pub fn advise(
    pipeline: &Pipeline,
    settings: Settings,
    skill: SkillIx,
    draft: &Draft,
    request: &str,
    stop: Stop,
    on_row: &mut dyn FnMut(Measured),
) -> Result<(), SearchError> {
    let subject = Subject { pipeline, settings, skill, draft, request, stop };
    subject.fields(on_row)?;
    subject.truncation(on_row)?;
    subject.body_words(on_row)?;
    subject.stuffing(on_row)?;
    subject.position(on_row)
}

/// How far each model reads into the body of a draft for a request.
pub fn reach(pipeline: &Pipeline, settings: Settings, skill: SkillIx, draft: &Draft, request: &str) -> Vec<Reach> {
    let text = pipeline.library[skill].with_text(draft.parts());
    let of = draft.body.chars().count();
    let mut rows = Vec::new();
    let mut add = |stage, document: crate::text::Document, seen: usize| {
        let span = document.span(Field::Body);
        let end = (span.start..=seen.clamp(span.start, span.end)).rev().find(|&at| document.text.is_char_boundary(at));
        let read = end.map_or(0, |end| document.text[span.start..end].chars().count());
        rows.push(Reach { stage, read, of });
    };
    if let Some(embedder) = pipeline.embedder() {
        let document = embedder.document(&text, settings.fields);
        let seen = embedder.encode(&document.text, Role::Document).seen_bytes;
        add("embedder", document, seen);
    }
    if let Some(reranker) = &pipeline.reranker {
        let document = reranker.document(&text, settings.fields);
        let seen = reranker.encode(request, &document.text).seen_bytes;
        add("reranker", document, seen);
    }
    rows
}

impl Subject<'_> {
    fn measure(&self, lens: Lens, what: impl Into<String>, draft: Draft) -> Result<Measured, SearchError> {
        if (self.stop)() {
            return Err(ModelError::Stopped.into());
        }
        let ranking = WhatIf::edited(self.pipeline, self.settings, self.skill, &draft, self.stop)?
            .rank(self.request, self.stop)?;
        let keeps = matches!(lens, Lens::BodyWords | Lens::Position | Lens::Stuffing);
        Ok(Measured { lens, what: what.into(), ranking, draft: keeps.then_some(draft) })
    }

    fn fields(&self, on_row: &mut dyn FnMut(Measured)) -> Result<(), SearchError> {
        let Draft { name, description, body } = self.draft;
        let none = String::new;
        let draft = |name: &str, description: &str, body: &str| Draft {
            name: name.into(),
            description: description.into(),
            body: body.into(),
        };
        on_row(self.measure(Lens::Fields, "name + description + body", self.draft.clone())?);
        on_row(self.measure(Lens::Fields, "name + description", draft(name, description, &none()))?);
        on_row(self.measure(Lens::Fields, "name only", draft(name, &none(), &none()))?);
        on_row(self.measure(Lens::Fields, "body only", draft(&none(), &none(), body))?);
        Ok(())
    }

    fn truncation(&self, on_row: &mut dyn FnMut(Measured)) -> Result<(), SearchError> {
        let length = self.draft.body.chars().count();
        for characters in LENGTHS.into_iter().filter(|&characters| characters < length) {
            let body = first_chars(&self.draft.body, characters).to_owned();
            let what = format!("body cut after {characters} of {length} characters");
            on_row(self.measure(Lens::Truncation, what, Draft { body, ..self.draft.clone() })?);
        }
        Ok(())
    }

    fn body_words(&self, on_row: &mut dyn FnMut(Measured)) -> Result<(), SearchError> {
        let [name, description, body] = self.draft.parts().map(terms);
        let mut wanted: Vec<String> = Vec::new();
        for term in terms(self.request) {
            if body.contains(&term) && ![&name, &description, &wanted].iter().any(|words| words.contains(&term)) {
                wanted.push(term);
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let words = wanted.join(" ");
        let description = format!("{} {words}", self.draft.description.trim_end());
        let what = format!("words only in the body, added to the description: {words}");
        on_row(self.measure(Lens::BodyWords, what, Draft { description, ..self.draft.clone() })?);
        Ok(())
    }

    fn stuffing(&self, on_row: &mut dyn FnMut(Measured)) -> Result<(), SearchError> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        terms(&self.draft.description).into_iter().for_each(|term| *counts.entry(term).or_default() += 1);
        let stuffed: Vec<&String> =
            counts.iter().filter(|(_, count)| **count >= STUFFED).map(|(term, _)| term).collect();
        if !stuffed.is_empty() {
            let names: Vec<&str> = stuffed.iter().map(|term| term.as_str()).collect();
            let what = format!("repeated in the description, kept once: {}", names.join(" "));
            let description = once(&self.draft.description, &stuffed);
            on_row(self.measure(Lens::Stuffing, what, Draft { description, ..self.draft.clone() })?);
        }
        let mut words = terms(self.request);
        words.dedup();
        if !words.is_empty() {
            let words = words.join(" ");
            let description = format!("{} {words} {words} {words}", self.draft.description.trim_end());
            let row = self.measure(
                Lens::Stuffing,
                "the request's words three times in the description (how open the ranking is to stuffing; no advice)",
                Draft { description, ..self.draft.clone() },
            )?;
            on_row(Measured { draft: None, ..row });
        }
        Ok(())
    }

    /// The sentence whose loss costs most, by rank, then by inner product.
    fn position(&self, on_row: &mut dyn FnMut(Measured)) -> Result<(), SearchError> {
        let body = &self.draft.body;
        let sentences = sentences(body);
        let whole =
            WhatIf::edited(self.pipeline, self.settings, self.skill, self.draft, self.stop)?.stage1(self.request)?;
        let cost = |ranking: &Ranking| (ranking.rank.unwrap_or(usize::MAX), -ranking.cosine.unwrap_or(0.0));
        let mut worst = None;
        for sentence in sentences.iter().take(SENTENCES) {
            if (self.stop)() {
                return Err(ModelError::Stopped.into());
            }
            let draft = Draft { body: without(body, sentence), ..self.draft.clone() };
            let changed = WhatIf::edited(self.pipeline, self.settings, self.skill, &draft, self.stop)?;
            let own = cost(&changed.stage1(self.request)?);
            if own > cost(&whole) && worst.as_ref().is_none_or(|(cost, _)| own > *cost) {
                worst = Some((own, sentence.clone()));
            }
        }
        let Some((_, sentence)) = worst else { return Ok(()) };
        let text = body[sentence.clone()].trim();
        let tried = if sentences.len() > SENTENCES {
            format!(" of the first {SENTENCES} of {}", sentences.len())
        } else {
            String::new()
        };
        let rest = without(body, &sentence);
        let moved = format!("{text}\n\n{}", rest.trim_start());
        let lost = self.measure(
            Lens::Position,
            format!("without its decisive sentence{tried}: {text}"),
            Draft { body: rest, ..self.draft.clone() },
        )?;
        on_row(Measured { draft: None, ..lost });
        let what = format!("decisive sentence moved to the beginning of the body: {text}");
        on_row(self.measure(Lens::Position, what, Draft { body: moved, ..self.draft.clone() })?);
        Ok(())
    }
}

fn without(text: &str, part: &std::ops::Range<usize>) -> String {
    format!("{}{}", &text[..part.start], &text[part.end..])
}

/// A text in which each of these words (lower case) stands once, at its first place.
fn once(text: &str, words: &[&String]) -> String {
    let mut seen: Vec<String> = Vec::new();
    let kept = text.split_whitespace().filter(|token| {
        let Some(term) = terms(token).into_iter().find(|term| words.contains(&term)) else { return true };
        let first = !seen.contains(&term);
        seen.push(term);
        first
    });
    kept.collect::<Vec<_>>().join(" ")
}

/// Byte ranges of the sentences of a Markdown text: lines, cut after a mark that ends a sentence and is followed by a
/// blank. Blank lines and fences belong to none.
fn sentences(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut from = 0;
        let marks = line.match_indices(['.', '!', '?', '。']);
        let ends = marks.map(|(at, mark)| at + mark.len()).filter(|&end| line[end..].starts_with([' ', '\n']));
        for end in ends.chain([line.len()]) {
            let part = &line[from..end];
            if part.chars().filter(|c| c.is_alphanumeric()).count() > 2 && !part.trim_start().starts_with("```") {
                found.push(start + from..start + end);
            }
            from = end;
        }
        start += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_lines_cut_at_full_stops() {
        let text = "# Head\n\nOne v1.2 here. Two!\n- three\n```sh\nls -la\n```\n日本。 四つ目です。";
        let found: Vec<&str> = sentences(text).into_iter().map(|range| text[range].trim()).collect();
        assert_eq!(found, ["# Head", "One v1.2 here.", "Two!", "- three", "ls -la", "四つ目です。"]);
    }

    #[test]
    fn a_stuffed_word_is_kept_once() {
        assert_eq!(once("PDF tools: pdf, Pdf and more pdf", &[&"pdf".into()]), "PDF tools: and more");
    }
}
