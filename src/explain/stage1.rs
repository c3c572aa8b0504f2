//! Why stage 1 found a skill, or did not: BM25 term by term, and the sentences of the skill nearest to the request.

use std::ops::Range;

use serde_json::{Value, json};

use crate::index::{TermContribution, Weighing};
use crate::library::{Field, FieldSet, Skill, SkillIx, Text};
use crate::model::{Embedder, ModelError, Role, Stop};
use crate::search::{Pipeline, Placed, Settings};
use crate::text::Document;

use super::json::{by_field, number};
use super::markdown;

/// Sentences embedded at most: a few thousand tokens, more than any of the built-in profiles reads of a skill.
const MOST_SENTENCES: usize = 256;

/// BM25's side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LexicalView {
    pub weighing: Weighing,
    /// 1-based rank among all skills, and score; `None` if no word of the request is in the skill.
    pub placed: Option<Placed>,
    /// Words of the request that the skill has, the weightiest first.
    pub terms: Vec<TermView>,
    /// Words of the request that the skill does not have, in order.
    pub missing: Vec<Text>,
}

/// One word of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct TermView {
    pub term: Text,
    /// Its part of the skill's score; the parts of all terms sum to it, up to rounding.
    pub score: f32,
    /// Occurrences per field, order of [`Field::ALL`].
    pub counts: [u32; 3],
    /// `score` shared out among the fields ([`TermContribution::by_field`]).
    pub by_field: [f32; 3],
}

/// The embedder's side.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseView {
    /// Cosine of request and whole document, in f32 (the index keeps vectors in f16).
    pub cosine: f32,
    /// The nearest first.
    pub sentences: Vec<NearSentence>,
    /// Sentences that the embedder's caps and limit leave out.
    pub unseen: usize,
    /// Sentences beyond [`MOST_SENTENCES`], read but not embedded one by one.
    pub unlisted: usize,
}

/// A sentence as the embedder would see it alone.
#[derive(Debug, Clone, PartialEq)]
pub struct NearSentence {
    pub field: Field,
    /// Bytes in the embedder's [`Document::text`].
    pub bytes: Range<usize>,
    pub text: Text,
    pub cosine: f32,
}

impl LexicalView {
    /// As the stage 1 of these settings weighs words.
    pub fn new(pipeline: &Pipeline, request: &str, settings: Settings, skill: SkillIx) -> Self {
        let Settings { stage1, fields, .. } = settings;
        let lexical = pipeline.words(stage1);
        let terms: Vec<TermView> =
            lexical.contributions(request, fields, skill).into_iter().map(TermView::from).collect();
        let found = |word: &String| terms.iter().any(|term| term.term.for_model() == word);
        let missing = lexical.terms_of(request).into_iter().filter(|word| !found(word)).map(Text::line).collect();
        let placed = lexical.rank_of(request, fields, skill).map(|(rank, score)| Placed { rank, score });
        LexicalView { weighing: lexical.weighing(), placed, terms, missing }
    }

    /// What each field gave, order of [`Field::ALL`].
    pub fn by_field(&self) -> [f32; 3] {
        Field::ALL.map(|field| self.terms.iter().map(|term| term.by_field[field as usize]).sum())
    }
}

impl From<TermContribution> for TermView {
    fn from(found: TermContribution) -> Self {
        TermView { term: Text::line(found.term), score: found.score, counts: found.counts, by_field: found.by_field }
    }
}

impl DenseView {
    /// Embeds the request, the document and each of its sentences. The request is embedded as one, the rest as
    /// documents.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    pub fn new(
        embedder: &Embedder,
        request: &str,
        skill: &Skill,
        fields: FieldSet,
        stop: Stop,
    ) -> Result<Self, ModelError> {
        let document = embedder.document(skill, fields);
        let whole = embedder.encode(&document.text, Role::Document);
        let all = sentences(&document);
        let count = all.len();
        let mut seen: Vec<_> = all.into_iter().filter(|(_, bytes)| bytes.start < whole.seen_bytes).collect();
        let (unseen, unlisted) = (count - seen.len(), seen.len().saturating_sub(MOST_SENTENCES));
        seen.truncate(MOST_SENTENCES);

        let alone =
            |(_, bytes): &(Field, Range<usize>)| embedder.encode(document.text[bytes.clone()].trim(), Role::Document);
        let asked = embedder.embed_queries(&[request], stop)?.pop().unwrap_or_default();
        let encodings: Vec<_> = std::iter::once(whole).chain(seen.iter().map(alone)).collect();
        let mut vectors = embedder.embed(&encodings, stop)?.into_iter();
        let whole = vectors.next().unwrap_or_default();
        let mut sentences: Vec<NearSentence> = seen
            .into_iter()
            .zip(vectors)
            .map(|((field, bytes), vector)| NearSentence {
                field,
                text: Text::quoted(&document.text[bytes.clone()]),
                bytes,
                cosine: cosine(&asked, &vector),
            })
            .collect();
        sentences.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
        Ok(DenseView { cosine: cosine(&asked, &whole), sentences, unseen, unlisted })
    }
}

/// The name, and the sentences of the other fields, in the order of the text.
fn sentences(document: &Document) -> Vec<(Field, Range<usize>)> {
    let of_field = |field: Field| {
        let span = document.span(field);
        let text = &document.text[span.clone()];
        let parts = match field {
            Field::Name if text.trim().is_empty() => Vec::new(),
            Field::Name => std::iter::once(0..text.len()).collect(),
            _ => markdown::sentences(text),
        };
        parts.into_iter().map(move |part| (field, span.start + part.start..span.start + part.end))
    };
    Field::ALL.into_iter().flat_map(of_field).collect()
}

/// Of two vectors of any length.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    let length = (dot(a, a) * dot(b, b)).sqrt();
    if length > 0.0 { (dot(a, b) / length) as f32 } else { 0.0 }
}

impl LexicalView {
    /// `{"weighing", "rank", "score", "fields": {…}, "terms": [{"term", "score", "counts": {…}, "fields": {…}}],
    /// "missing": [term]}`; rank and score are null where no word of the request is in the skill.
    pub fn to_json(&self) -> Value {
        let term = |term: &TermView| {
            json!({
                "term": term.term.shown(),
                "score": number(term.score),
                "counts": by_field(&term.counts, |&count| count.into()),
                "fields": by_field(&term.by_field, |&score| number(score)),
            })
        };
        json!({
            "weighing": self.weighing.label(),
            "rank": self.placed.map(|placed| placed.rank),
            "score": self.placed.map(|placed| number(placed.score)),
            "fields": by_field(&self.by_field(), |&score| number(score)),
            "terms": self.terms.iter().map(term).collect::<Vec<_>>(),
            "missing": self.missing.iter().map(Text::shown).collect::<Vec<_>>(),
        })
    }
}

impl DenseView {
    /// `{"cosine", "sentences": [{"field", "text", "cosine"}], "unseen", "unlisted"}`, the nearest sentence first.
    pub fn to_json(&self) -> Value {
        let sentence = |near: &NearSentence| json!({ "field": near.field.key(), "text": near.text.shown(), "cosine": number(near.cosine) });
        json!({
            "cosine": number(self.cosine),
            "sentences": self.sentences.iter().map(sentence).collect::<Vec<_>>(),
            "unseen": self.unseen,
            "unlisted": self.unlisted,
        })
    }
}

#[cfg(test)]
#[path = "stage1_tests.rs"]
mod tests;
