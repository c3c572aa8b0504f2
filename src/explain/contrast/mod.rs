//! Two skills for one request: whose words won.

mod json;
mod run;

use std::collections::HashMap;

use crate::index::Weighing;
use crate::library::{SkillIx, Text};
use crate::model::Stop;
use crate::search::courtesy::politely;
use crate::search::{Pipeline, SearchError, Settings};

use super::erasure::Pair;
use super::words::split;
use super::{Attribution, FieldShare, Lens};

pub use run::Run;

/// Words of each skill that are taken out to see what they did: those with the most attention.
pub const WORDS: usize = 8;

/// One of the two skills.
#[derive(Debug, Clone)]
pub struct Side {
    pub skill: SkillIx,
    pub id: Text,
    /// Raw score of the reranker.
    pub score: f32,
    /// Order of [`crate::library::Field::ALL`].
    pub fields: [FieldShare; 3],
}

/// A word, in small letters and without the punctuation around it.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastWord {
    pub word: Text,
    /// In the skill asked about, and in the one it is compared with; `None` where it does not occur in what the model
    /// saw.
    pub mine: Option<WordEffect>,
    pub other: Option<WordEffect>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordEffect {
    /// Share of the attention on all its occurrences.
    pub attention: f32,
    /// Δscore when all of them are deleted; negative where the word speaks for the skill.
    pub change: f32,
}

impl ContrastWord {
    fn new(word: Text) -> Self {
        ContrastWord { word, mine: None, other: None }
    }

    /// How much more the word does for the first skill than for the second, in score.
    pub fn lead(&self) -> f32 {
        let pull = |effect: Option<WordEffect>| effect.map_or(0.0, |effect| -effect.change);
        pull(self.mine) - pull(self.other)
    }
}

/// A word of the request in stage 1.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastTerm {
    pub term: Text,
    /// Its part of the score of each skill.
    pub mine: f32,
    pub other: f32,
}

impl ContrastTerm {
    pub fn lead(&self) -> f32 {
        self.mine - self.other
    }
}

#[derive(Debug, Clone)]
pub struct Contrast {
    pub mine: Side,
    pub other: Side,
    /// The widest lead of either side first.
    pub words: Vec<ContrastWord>,
    /// How words were weighed for `terms`.
    pub weighing: Weighing,
    pub terms: Vec<ContrastTerm>,
}

/// Compares two skills of the pipeline's library.
///
/// # Errors
/// Without a reranker, when stopped, or if the model fails.
pub fn contrast(
    pipeline: &Pipeline,
    request: &str,
    settings: Settings,
    skills: [SkillIx; 2],
    lens: Lens,
    stop: Stop,
) -> Result<Contrast, SearchError> {
    let mut run = Run::new(pipeline.clone(), request, settings, skills, lens);
    loop {
        if let Some(contrast) = run.finished() {
            return Ok(contrast);
        }
        politely(&*pipeline.courtesy, stop, |stop| run.step(stop))?;
    }
}

/// What makes two occurrences the same word.
fn form(ink: &str) -> String {
    ink.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Attention of every word the model saw, all its occurrences together.
fn by_word(attribution: &Attribution) -> HashMap<String, f32> {
    let mut sums = HashMap::new();
    for word in attribution.words.iter().filter(|word| word.field.is_some()) {
        let form = form(word.text.for_model().trim_end());
        if let (Some(weight), false) = (word.weight, form.is_empty()) {
            *sums.entry(form).or_insert(0.0) += weight;
        }
    }
    sums
}

/// The [`WORDS`] of each side with the most attention; equal ones in the order of the alphabet, not of a hash map.
fn most_attended(attention: &[HashMap<String, f32>; 2]) -> Vec<String> {
    let mut wanted = Vec::new();
    for side in attention {
        let mut words: Vec<(&String, &f32)> = side.iter().collect();
        words.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(b.0)));
        wanted.extend(words.into_iter().take(WORDS).map(|(word, _)| word.clone()));
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

fn without_word(pair: &Pair, wanted: &str) -> Pair {
    let mut pair = pair.clone();
    for part in &mut pair.parts {
        let mut kept = String::with_capacity(part.len());
        split(part, 0..part.len(), |bytes, ink_end| {
            if form(&part[bytes.start..ink_end]) != wanted {
                kept.push_str(&part[bytes]);
            }
        });
        *part = kept;
    }
    pair
}

/// Stage 1's words of the request in either skill, the widest lead first.
fn terms(pipeline: &Pipeline, request: &str, settings: Settings, skills: [SkillIx; 2]) -> Vec<ContrastTerm> {
    let words = pipeline.words(settings.stage1);
    let [mine, other] = skills.map(|skill| words.contributions(request, settings.fields, skill));
    let mut terms: Vec<ContrastTerm> = mine
        .into_iter()
        .map(|found| ContrastTerm { term: Text::line(found.term), mine: found.score, other: 0.0 })
        .collect();
    for found in other {
        match terms.iter_mut().find(|term| term.term.for_model() == found.term) {
            Some(term) => term.other = found.score,
            None => terms.push(ContrastTerm { term: Text::line(found.term), mine: 0.0, other: found.score }),
        }
    }
    terms.sort_by(|a, b| b.lead().abs().total_cmp(&a.lead().abs()));
    terms
}

#[cfg(test)]
mod tests;
