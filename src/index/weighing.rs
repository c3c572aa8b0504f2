//! How counts of words become a weight: BM25, which sees one text, and BM25F, which sees three fields.
//!
//! Both are `idf · tf / (k + tf)`. In BM25 `tf` counts the occurrences in all fields searched and `k` grows with their
//! length. In BM25F (Zaragoza et al., TREC 2004; Robertson and Zaragoza 2009, section 3.6) an occurrence counts for
//! more or less by its field, and for less in a long one:
//!
//! ```text
//! tf = Σ fields: weight · occurrences / (1 - b + b · length / average length)     k = k1
//! ```
//!
//! The curve that saturates is of all fields together, so a word in name and body is not two discoveries.

use crate::library::{Field, FieldSet};

use super::postings::{FieldCounts, sum};

/// Parameters of the published baselines (papers.md 3.2).
const K1: f64 = 1.5;
const B: f64 = 0.75;

/// What a word of a skill weighs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Weighing {
    /// bm25s' "lucene" BM25 with the parameters of the published baselines, all fields one text.
    #[default]
    Bm25,
    Bm25f(FieldWeights),
}

/// Parameters of BM25F, in the order of [`Field::ALL`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldWeights {
    /// How late repeats stop counting.
    pub k1: f64,
    /// What an occurrence counts in a field of average length.
    pub weights: [f64; 3],
    /// How much the length of a field discounts its words: 0 not at all, 1 in proportion.
    pub b: [f64; 3],
}

/// A library's lengths in words.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Averages {
    pub(super) skills: f64,
    /// Order of [`FieldSet::ALL`].
    sets: [f64; 3],
    /// Order of [`Field::ALL`].
    fields: [f64; 3],
}

impl Averages {
    pub(super) fn of(lengths: impl Iterator<Item = FieldCounts>) -> Self {
        let mut found = Averages::default();
        for length in lengths {
            found.skills += 1.0;
            for (total, fields) in found.sets.iter_mut().zip(FieldSet::ALL) {
                *total += f64::from(sum(length, fields));
            }
            for (total, words) in found.fields.iter_mut().zip(length) {
                *total += f64::from(words);
            }
        }
        // Where no skill has a word, nothing is ever weighed; the floor only keeps 0 / 0 away.
        let average = |words: f64| (words / found.skills).max(f64::MIN_POSITIVE);
        Averages { skills: found.skills, sets: found.sets.map(average), fields: found.fields.map(average) }
    }
}

/// What the lengths of skills make of their counts, under one field set.
#[derive(Debug)]
pub(super) enum Norms {
    /// The curve's `k` of every skill; an occurrence in any of the fields counts one.
    Bm25 { fields: FieldSet, k: Vec<f64> },
    /// What an occurrence counts in every skill, by field; 0 for a field that is not searched.
    Bm25f { k1: f64, counts: Vec<[f64; 3]> },
}

impl Default for Norms {
    fn default() -> Self {
        Norms::Bm25 { fields: FieldSet::default(), k: Vec::new() }
    }
}

impl Weighing {
    /// As the literature calls it.
    pub fn label(self) -> &'static str {
        match self {
            Weighing::Bm25 => "BM25",
            Weighing::Bm25f(_) => "BM25F",
        }
    }

    /// `lengths` of every skill, in the order of the library.
    pub(super) fn norms(
        self,
        lengths: impl Iterator<Item = FieldCounts>,
        fields: FieldSet,
        averages: &Averages,
    ) -> Norms {
        match self {
            Weighing::Bm25 => {
                let average = averages.sets[fields as usize];
                let k = |length| K1 * ((1.0 - B) + B * f64::from(sum(length, fields)) / average);
                Norms::Bm25 { fields, k: lengths.map(k).collect() }
            }
            Weighing::Bm25f(of) => {
                let count = |field: Field, words: u32| match words {
                    // Nothing occurs in it, and with b = 1 it would be 1 / 0.
                    0 => 0.0,
                    _ if !fields.contains(field) => 0.0,
                    words => {
                        let (b, average) = (of.b[field as usize], averages.fields[field as usize]);
                        of.weights[field as usize] / ((1.0 - b) + b * f64::from(words) / average)
                    }
                };
                let counts = lengths.map(|length| Field::ALL.map(|field| count(field, length[field as usize])));
                Norms::Bm25f { k1: of.k1, counts: counts.collect() }
            }
        }
    }
}

impl Norms {
    /// What a word that occurs so often gives a skill.
    // Inlined into the loop over postings, which then has one of the two ways: called, it made a search five times as
    // slow.
    #[inline(always)]
    pub(super) fn weight(&self, skill: usize, idf: f32, counts: FieldCounts) -> f32 {
        match self {
            Norms::Bm25 { fields, k } => curve(idf, f64::from(sum(counts, *fields)), k[skill]),
            Norms::Bm25f { k1, counts: by_field } => curve(idf, tf(counts, by_field[skill]), *k1),
        }
    }

    /// How a weight is shared out among the fields: the curve is of all of them together.
    pub(super) fn shares(&self, skill: usize, counts: FieldCounts) -> [f64; 3] {
        let each = match self {
            Norms::Bm25 { fields, .. } => Field::ALL.map(|field| f64::from(u8::from(fields.contains(field)))),
            Norms::Bm25f { counts, .. } => counts[skill],
        };
        let all = tf(counts, each);
        std::array::from_fn(|field| if all > 0.0 { f64::from(counts[field]) * each[field] / all } else { 0.0 })
    }
}

#[inline(always)]
fn tf(counts: FieldCounts, each: [f64; 3]) -> f64 {
    f64::from(counts[0]) * each[0] + f64::from(counts[1]) * each[1] + f64::from(counts[2]) * each[2]
}

#[inline(always)]
fn curve(idf: f32, tf: f64, k: f64) -> f32 {
    (f64::from(idf) * (tf / (k + tf))) as f32
}

/// Rounded to f32, as bm25s does; 0 for a term that no skill has.
pub(super) fn idf(skills: f64, having: f64) -> f32 {
    if having == 0.0 { 0.0 } else { rarity(skills, having) }
}

/// The formula itself, also for a term that no skill has.
pub(super) fn rarity(skills: f64, having: f64) -> f32 {
    (1.0 + (skills - having + 0.5) / (having + 0.5)).ln() as f32
}
