//! BM25 as bm25s computes its "lucene" variant (papers.md 3.2): the reference for published numbers. And, for whoever
//! weighs fields apart ([`Weighing`]), BM25F over the same postings.
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
use std::sync::Arc;

use rayon::prelude::*;

use crate::library::{FieldSet, Library, SkillIx};

use super::postings::{FieldCounts, Postings, TermId};
use super::tokenise::words;
use super::weighing::{Averages, Norms, Weighing, idf, rarity};
use super::{Scored, best, rank_among};

/// Up to this many postings a query is added up word by word, as bm25s does. Beyond (a request of hundreds of
/// kilobytes), repeats of a term are multiplied instead, which can change the last bit of a score. Ten million
/// postings take about 30 ms.
const WORD_BY_WORD_UP_TO: usize = 10_000_000;

/// An immutable inverted index with one posting list per term and a count per field, so that all three field sets are
/// answered by one index.
#[derive(Debug, Default)]
pub struct LexicalIndex {
    postings: Arc<Postings>,
    weighing: Weighing,
    /// Order of [`FieldSet::ALL`].
    statistics: [Statistics; 3],
}

/// What a weighing needs to know about a library under one field set.
#[derive(Debug, Default)]
struct Statistics {
    /// Per term; 0 for a term that occurs in no field of the set.
    idf: Arc<[f32]>,
    norms: Norms,
}

/// What one query term gave a skill, split by the field it was found in.
#[derive(Debug, Clone, PartialEq)]
pub struct TermContribution {
    pub term: String,
    /// Part of the skill's score.
    pub score: f32,
    /// Occurrences per field, order of [`Field::ALL`](crate::library::Field::ALL); 0 for a field that was not
    /// searched.
    pub counts: [u32; 3],
    /// `score` shared out among the fields. All of them saturate together, so each occurrence gets the same part,
    /// times its field's weight in BM25F.
    pub by_field: [f32; 3],
}

/// How much of a query one skill covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// What the query's words weigh in the skill, over the idf of all of them: from 0, for none of them, to below 1, for
    /// each of them as often as can be.
    pub share: f32,
    /// Distinct words of the query.
    pub words: usize,
}

impl Statistics {
    fn of(postings: &Postings, weighing: Weighing, fields: FieldSet, averages: &Averages) -> Statistics {
        let idf = |term: TermId| {
            let having = postings.list(term).filter(|&at| postings.frequency_at(at, fields) > 0).count();
            idf(averages.skills, having as f64)
        };
        Statistics {
            idf: (0..postings.terms() as TermId).into_par_iter().map(idf).collect::<Vec<_>>().into(),
            norms: weighing.norms(postings.lengths().iter().copied(), fields, averages),
        }
    }

    fn weight(&self, term: TermId, skill: usize, counts: FieldCounts) -> f32 {
        self.norms.weight(skill, self.idf[term as usize], counts)
    }
}

impl LexicalIndex {
    /// Reads every word of every skill, on all threads. Weighs as the published baselines do.
    pub fn build(library: &Library) -> Self {
        let postings = Arc::new(Postings::build(library));
        let weighing = Weighing::default();
        let averages = Averages::of(postings.lengths().iter().copied());
        let statistics = FieldSet::ALL.map(|fields| Statistics::of(&postings, weighing, fields, &averages));
        LexicalIndex { postings, weighing, statistics }
    }

    /// The same words weighed otherwise; nothing is read again.
    pub fn weighed(&self, weighing: Weighing) -> Self {
        let lengths = || self.postings.lengths().iter().copied();
        let averages = Averages::of(lengths());
        let statistics = FieldSet::ALL.map(|fields| Statistics {
            idf: self.statistics[fields as usize].idf.clone(),
            norms: weighing.norms(lengths(), fields, &averages),
        });
        LexicalIndex { postings: self.postings.clone(), weighing, statistics }
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
                let score = weight * repeats as f32;
                let shares = self.statistics[fields as usize].norms.shares(skill.index(), counts);
                let by_field = shares.map(|share| (f64::from(score) * share) as f32);
                Some(TermContribution { term: word, score, counts, by_field })
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found
    }

    /// How much of a query a skill covers. A repeated word counts once, a word that no skill has as the rarest there is.
    pub fn coverage(&self, query: &str, fields: FieldSet, skill: SkillIx) -> Coverage {
        let idf = &self.statistics[fields as usize].idf;
        let unknown = rarity(self.postings.lengths().len() as f64, 0.0);
        let words = distinct(query);
        let (mut covered, mut all) = (0.0, 0.0);
        for (word, _) in &words {
            covered += self.posting(word, fields, skill).map_or(0.0, |(weight, _)| weight);
            let known = self.postings.term(word).map(|term| idf[term as usize]);
            all += known.filter(|&idf| idf > 0.0).unwrap_or(unknown);
        }
        Coverage { share: if words.is_empty() { 0.0 } else { covered / all }, words: words.len() }
    }

    /// The words of a query as they are looked for, each once, in order.
    pub fn terms_of(&self, query: &str) -> Vec<String> {
        distinct(query).into_iter().map(|(word, _)| word).collect()
    }

    /// Weight of one word in one skill, and its occurrences in the fields searched.
    fn posting(&self, word: &str, fields: FieldSet, skill: SkillIx) -> Option<(f32, FieldCounts)> {
        let term = self.postings.term(word)?;
        let at = self.postings.find(term, skill.0)?;
        let [name, description, body] = self.postings.counts_at(at);
        let counts = match fields {
            FieldSet::Name => [name, 0, 0],
            FieldSet::NameDescription => [name, description, 0],
            FieldSet::Full => [name, description, body],
        };
        let found = self.postings.frequency_at(at, fields) > 0;
        found.then(|| (self.statistics[fields as usize].weight(term, skill.index(), counts), counts))
    }

    pub(super) fn postings(&self) -> &Postings {
        &self.postings
    }

    pub fn weighing(&self) -> Weighing {
        self.weighing
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
        let (postings, Statistics { idf, norms }) = (&*self.postings, &self.statistics[fields as usize]);
        let idf = idf[term as usize];
        for at in postings.list(term) {
            let skill = postings.skill_at(at);
            // Fields that are not searched count nothing in the norms.
            scores[skill] += repeats * norms.weight(skill, idf, postings.counts_at(at));
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
