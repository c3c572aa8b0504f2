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

/// What one skill's lengths make of its counts, under one field set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Norm {
    k: f64,
    /// What an occurrence counts, by field; 0 for a field that is not searched.
    counts: [f64; 3],
}

impl Weighing {
    /// The field's name for it.
    pub fn label(self) -> &'static str {
        match self {
            Weighing::Bm25 => "BM25",
            Weighing::Bm25f(_) => "BM25F",
        }
    }

    pub(super) fn norm(self, length: FieldCounts, fields: FieldSet, averages: &Averages) -> Norm {
        let searched = |counts: [f64; 3]| {
            let mut kept = [0.0; 3];
            for field in Field::ALL.into_iter().filter(|&field| fields.contains(field)) {
                kept[field as usize] = counts[field as usize];
            }
            kept
        };
        match self {
            Weighing::Bm25 => {
                let length = f64::from(sum(length, fields));
                let average = averages.sets[fields as usize];
                Norm { k: K1 * ((1.0 - B) + B * length / average), counts: searched([1.0; 3]) }
            }
            Weighing::Bm25f(FieldWeights { k1, weights, b }) => {
                let counts = std::array::from_fn(|field| match length[field] {
                    // Nothing occurs in it, and with b = 1 it would be 1 / 0.
                    0 => 0.0,
                    words => weights[field] / ((1.0 - b[field]) + b[field] * f64::from(words) / averages.fields[field]),
                });
                Norm { k: k1, counts: searched(counts) }
            }
        }
    }
}

impl Norm {
    /// What a word that occurs so often gives a skill.
    pub(super) fn weight(&self, idf: f32, counts: FieldCounts) -> f32 {
        let tf = self.by_field(counts).iter().sum::<f64>();
        (f64::from(idf) * (tf / (self.k + tf))) as f32
    }

    /// How a weight is shared out among the fields: the curve is of all of them together.
    pub(super) fn shares(&self, counts: FieldCounts) -> [f64; 3] {
        let parts = self.by_field(counts);
        let all = parts.iter().sum::<f64>();
        parts.map(|part| if all > 0.0 { part / all } else { 0.0 })
    }

    fn by_field(&self, counts: FieldCounts) -> [f64; 3] {
        std::array::from_fn(|field| f64::from(counts[field]) * self.counts[field])
    }
}

/// Rounded to f32, as bm25s does; 0 for a term that no skill has.
pub(super) fn idf(skills: f64, having: f64) -> f32 {
    if having == 0.0 { 0.0 } else { (1.0 + (skills - having + 0.5) / (having + 0.5)).ln() as f32 }
}
