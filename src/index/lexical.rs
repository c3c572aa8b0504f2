//! BM25 as bm25s computes its "lucene" variant (papers.md 3.2): the reference for published numbers.
//!
//! For a query term in a skill of `dl` words, in a library of `N` skills of which `df` have the term:
//!
//! ```text
//! ln(1 + (N - df + 0.5) / (df + 0.5)) · tf / (k1 · (1 - b + b · dl / avgdl) + tf)
//! ```
//!
//! `tf`, `dl`, `df` and `avgdl` count only the fields that are searched. A term that is repeated in the query counts
//! as often as it is repeated. The arithmetic follows bm25s under NumPy 2 to the last bit: the idf is rounded to f32,
//! a term's weight is computed in f64 and rounded to f32, and weights are added in f32 in the order of the query.
//!
//! bm25s leaves the order of equal scores to NumPy's partial sort, which differs between processors. Here equal scores
//! keep the order of the library.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::library::{FieldSet, Library, SkillIx};

use super::postings::{FieldCounts, Postings, TermId, sum};
use super::tokenise::words;
use super::{Scored, best, rank_among};

/// Parameters of the published baselines (papers.md 3.2).
const K1: f64 = 1.5;
const B: f64 = 0.75;

/// Up to this many postings a query is added up word by word, as bm25s does. Beyond (a request of hundreds of
/// kilobytes), repeats of a term are multiplied instead, which can change the last bit of a score. Ten million
/// postings take about 30 ms.
const WORD_BY_WORD_UP_TO: usize = 10_000_000;

/// An immutable inverted index with one posting list per term and a count per field, so that all three field sets are
/// answered by one index.
#[derive(Debug, Default)]
pub struct LexicalIndex {
    postings: Postings,
    /// Order of [`FieldSet::ALL`].
    statistics: [Statistics; 3],
}

/// What BM25 needs to know about a library under one field set.
#[derive(Debug, Default)]
struct Statistics {
    /// Per term, rounded to f32; 0 for a term that occurs in no field of the set.
    idf: Vec<f32>,
    /// Per skill: `k1 · (1 - b + b · dl / avgdl)`.
    norms: Vec<f64>,
}

/// What one query term gave a skill, split by the field it was found in.
#[derive(Debug, Clone, PartialEq)]
pub struct TermContribution {
    pub term: String,
    /// Part of the skill's BM25 score.
    pub score: f32,
    /// Occurrences per field, order of [`Field::ALL`](crate::library::Field::ALL); 0 for a field that was not
    /// searched.
    pub counts: [u32; 3],
}

impl Statistics {
    fn of(postings: &Postings, fields: FieldSet) -> Statistics {
        let lengths = postings.lengths();
        let skills = lengths.len() as f64;
        let average = average(lengths.iter().map(|&length| f64::from(sum(length, fields))).sum(), skills);
        let norm = |&length: &FieldCounts| norm(f64::from(sum(length, fields)), average);
        let idf = |term: TermId| {
            idf(skills, postings.list(term).filter(|&at| postings.frequency_at(at, fields) > 0).count() as f64)
        };
        Statistics {
            idf: (0..postings.terms() as TermId).into_par_iter().map(idf).collect(),
            norms: lengths.iter().map(norm).collect(),
        }
    }

    fn weight(&self, term: TermId, skill: usize, frequency: u32) -> f32 {
        weight(self.idf[term as usize], self.norms[skill], frequency)
    }
}

/// Words per skill. Where no skill has a word, nothing is ever weighed; the floor only keeps 0 / 0 away.
pub(super) fn average(words: f64, skills: f64) -> f64 {
    (words / skills).max(f64::MIN_POSITIVE)
}

/// `k1 · (1 - b + b · dl / avgdl)`.
pub(super) fn norm(length: f64, average: f64) -> f64 {
    K1 * ((1.0 - B) + B * length / average)
}

/// Rounded to f32; 0 for a term that no skill has.
pub(super) fn idf(skills: f64, having: f64) -> f32 {
    if having == 0.0 { 0.0 } else { (1.0 + (skills - having + 0.5) / (having + 0.5)).ln() as f32 }
}

/// What a term that occurs so often gives a skill.
pub(super) fn weight(idf: f32, norm: f64, frequency: u32) -> f32 {
    let frequency = f64::from(frequency);
    (f64::from(idf) * (frequency / (norm + frequency))) as f32
}

impl LexicalIndex {
    /// Reads every word of every skill, on all threads.
    pub fn build(library: &Library) -> Self {
        let postings = Postings::build(library);
        let statistics = FieldSet::ALL.map(|fields| Statistics::of(&postings, fields));
        LexicalIndex { postings, statistics }
    }

    /// Skills with a score above zero, best first, ties by position in the library; at most `limit`.
    pub fn search(&self, query: &str, fields: FieldSet, limit: usize) -> Vec<Scored> {
        let scores = self.scores(query, fields);
        let hits = scores.into_iter().enumerate().filter(|&(_, score)| score > 0.0);
        best(hits.map(|(skill, score)| Scored { skill: SkillIx(skill as u32), score }).collect(), limit)
    }

    /// 1-based rank and score of one skill among all, or `None` if no query term is in it.
    pub fn rank_of(&self, query: &str, fields: FieldSet, skill: SkillIx) -> Option<(usize, f32)> {
        let scores = self.scores(query, fields);
        let score = scores.get(skill.index()).copied().filter(|&score| score > 0.0)?;
        let others =
            scores.into_iter().enumerate().map(|(skill, score)| Scored { skill: SkillIx(skill as u32), score });
        Some((rank_among(others, Scored { skill, score }), score))
    }

    /// Why a skill has its score: the query's terms that occur in it, the weightiest first. The scores add up to the
    /// skill's, up to rounding.
    pub fn contributions(&self, query: &str, fields: FieldSet, skill: SkillIx) -> Vec<TermContribution> {
        let mut found: Vec<_> = distinct(query)
            .into_iter()
            .filter_map(|(word, repeats)| {
                let (weight, counts) = self.posting(&word, fields, skill)?;
                Some(TermContribution { score: weight * repeats as f32, term: word, counts })
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found
    }

    /// The words of a query as they are looked for, each once, in order.
    pub fn terms_of(&self, query: &str) -> Vec<String> {
        distinct(query).into_iter().map(|(word, _)| word).collect()
    }

    /// Weight of one word in one skill, and its occurrences in the fields searched.
    fn posting(&self, word: &str, fields: FieldSet, skill: SkillIx) -> Option<(f32, FieldCounts)> {
        let term = self.postings.term(word)?;
        let at = self.postings.find(term, skill.0)?;
        let frequency = self.postings.frequency_at(at, fields);
        let [name, description, body] = self.postings.counts_at(at);
        let counts = match fields {
            FieldSet::Name => [name, 0, 0],
            FieldSet::NameDescription => [name, description, 0],
            FieldSet::Full => [name, description, body],
        };
        (frequency > 0).then(|| (self.statistics[fields as usize].weight(term, skill.index(), frequency), counts))
    }

    pub(super) fn postings(&self) -> &Postings {
        &self.postings
    }

    /// One score per skill, in library order.
    pub(super) fn scores(&self, query: &str, fields: FieldSet) -> Vec<f32> {
        let terms: Vec<TermId> = words(&query.to_lowercase()).filter_map(|word| self.postings.term(word)).collect();
        let mut scores = vec![0.0; self.postings.lengths().len()];
        let postings: usize = terms.iter().map(|&term| self.postings.list(term).len()).sum();
        if postings <= WORD_BY_WORD_UP_TO {
            terms.iter().for_each(|&term| self.add(term, 1.0, fields, &mut scores));
        } else {
            for (term, repeats) in counted(terms) {
                self.add(term, repeats, fields, &mut scores);
            }
        }
        scores
    }

    fn add(&self, term: TermId, repeats: f32, fields: FieldSet, scores: &mut [f32]) {
        let statistics = &self.statistics[fields as usize];
        for at in self.postings.list(term) {
            let skill = self.postings.skill_at(at);
            // A frequency of zero weighs zero, so fields that are not searched need no test of their own.
            scores[skill] += repeats * statistics.weight(term, skill, self.postings.frequency_at(at, fields));
        }
    }
}

/// The words of a query in order, each once, with how often it occurs.
fn distinct(query: &str) -> Vec<(String, u32)> {
    let lowered = query.to_lowercase();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut distinct: Vec<(String, u32)> = Vec::new();
    for word in words(&lowered) {
        let at = *places.entry(word).or_insert(distinct.len());
        match distinct.get_mut(at) {
            Some((_, repeats)) => *repeats += 1,
            None => distinct.push((word.to_owned(), 1)),
        }
    }
    distinct
}

/// Each term once, with how often it occurs; sorted, so that scores do not depend on the order of a hash map.
fn counted(mut terms: Vec<TermId>) -> Vec<(TermId, f32)> {
    terms.sort_unstable();
    terms.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as f32)).collect()
}

#[cfg(test)]
#[path = "lexical_tests.rs"]
pub(super) mod tests;
