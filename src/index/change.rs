//! A library in which one skill reads otherwise, or is not there: both sides of stage 1 without building anything
//! again. What comes out equals what indexes built over the changed library give, to the last bit.

use std::collections::HashMap;

use half::f16;

use crate::library::{Field, FieldSet, Skill, SkillIx};

use super::lexical::LexicalIndex;
use super::postings::{FieldCounts, sum};
use super::tokenise::words;
use super::weighing::{Averages, idf};
use super::{DenseIndex, Scored, best};

/// A [`LexicalIndex`] with one skill changed. Document frequencies, lengths and their average are those of the changed
/// library, so the scores of the other skills move too, as they would.
pub struct ChangedLexical<'a> {
    index: &'a LexicalIndex,
    skill: SkillIx,
    /// Words of the new text; `None` where the skill is left out.
    text: Option<Words>,
    /// Of the changed library.
    averages: Averages,
}

#[derive(Default)]
struct Words {
    counts: HashMap<Box<str>, FieldCounts>,
    lengths: FieldCounts,
}

impl Words {
    fn of(skill: &Skill) -> Self {
        let mut found = Words::default();
        for field in Field::ALL {
            for word in words(&skill.field(field).for_model().to_lowercase()) {
                found.lengths[field as usize] += 1;
                match found.counts.get_mut(word) {
                    Some(counts) => counts[field as usize] += 1,
                    None => found.counts.entry(word.into()).or_default()[field as usize] = 1,
                }
            }
        }
        found
    }

    fn counts(&self, word: &str) -> FieldCounts {
        self.counts.get(word).copied().unwrap_or_default()
    }
}

impl<'a> ChangedLexical<'a> {
    /// `text` replaces the skill at its place; `None` takes it out.
    pub fn new(index: &'a LexicalIndex, skill: SkillIx, text: Option<&Skill>) -> Self {
        let text = text.map(Words::of);
        let others = index.postings().lengths().iter().enumerate().filter(|&(at, _)| at != skill.index());
        let own = text.as_ref().map(|words| words.lengths);
        let averages = Averages::of(others.map(|(_, &length)| length).chain(own));
        ChangedLexical { index, skill, text, averages }
    }

    /// As [`LexicalIndex::search`].
    pub fn search(&self, query: &str, fields: FieldSet, limit: usize) -> Vec<Scored> {
        let scores = self.scores(query, fields);
        let hits = scores.into_iter().enumerate().filter(|&(_, score)| score > 0.0);
        best(hits.map(|(skill, score)| Scored { skill: SkillIx(skill as u32), score }).collect(), limit)
    }

    /// One score per skill of the unchanged library; 0 for the one that is left out.
    fn scores(&self, query: &str, fields: FieldSet) -> Vec<f32> {
        let (postings, weighing) = (self.index.postings(), self.index.weighing());
        let own = self.text.as_ref().map(|text| text.lengths);
        let lengths = postings.lengths().iter().enumerate();
        let lengths = lengths.map(|(at, &length)| own.filter(|_| at == self.skill.index()).unwrap_or(length));
        let norms = weighing.norms(lengths, fields, &self.averages);
        let mut scores = vec![0.0; postings.lengths().len()];
        let lowered = query.to_lowercase();
        let mut known: HashMap<&str, f32> = HashMap::new();
        for word in words(&lowered) {
            let term = postings.term(word);
            let own = self.text.as_ref().map_or([0; 3], |text| text.counts(word));
            let others = || term.map_or(0..0, |term| postings.list(term));
            let others = || others().filter(|&at| postings.skill_at(at) != self.skill.index());
            let idf = *known.entry(word).or_insert_with(|| {
                let having = others().filter(|&at| postings.frequency_at(at, fields) > 0).count();
                idf(self.averages.skills, (having + usize::from(sum(own, fields) > 0)) as f64)
            });
            for at in others() {
                let skill = postings.skill_at(at);
                scores[skill] += norms.weight(skill, idf, postings.counts_at(at));
            }
            if let (true, Some(score)) = (sum(own, fields) > 0, scores.get_mut(self.skill.index())) {
                *score += norms.weight(self.skill.index(), idf, own);
            }
        }
        scores
    }
}

/// The exact scan of a [`DenseIndex`] with one skill's vector replaced, or left out (`None`, or one that could not be
/// stored). The new vector is rounded as the stored ones are.
pub fn search_changed(
    index: &DenseIndex,
    query: &[f32],
    limit: usize,
    skill: SkillIx,
    vector: Option<&[f32]>,
) -> Vec<Scored> {
    let mut scores = index.scores(query);
    scores.retain(|scored| scored.skill != skill);
    let row: Option<Vec<f16>> = vector.map(|vector| vector.iter().map(|&number| f16::from_f32(number)).collect());
    let row = row.filter(|row| row.len() == query.len() && row.iter().all(|number| number.is_finite()));
    scores.extend(row.map(|row| Scored { skill, score: index.product_of(&row, query) }));
    best(scores, limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Weighing;
    use crate::index::lexical::tests::{BM25F, index, library_of};

    /// The outside oracle is BM25 itself: an index built from nothing over the changed library.
    #[test]
    fn a_changed_library_scores_as_one_built_anew() {
        let old = [
            ["pdf-reader", "Read PDF files and extract tables", "Use pdfplumber to open the PDF. Extract text."],
            ["csv-tool", "Convert csv tables", "Load a csv, convert it to json. csv csv csv."],
            ["empty", "", ""],
            ["table-tool", "Extract tables from PDF files", "Tables! Tables in PDF files, tables in csv files."],
        ];
        let texts = [
            ["pdf-reader", "Read PDF files and extract tables", "Use pdfplumber to open the PDF. Extract text."],
            ["markdown-writer", "Write tables as markdown, never pdf pdf pdf", "Zebra stripes."],
            ["", "", ""],
        ];
        for weighing in [Weighing::Bm25, BM25F] {
            let index = |skills: &[[&str; 3]]| index(skills).weighed(weighing);
            let built = index(&old);
            let queries = ["extract tables from a PDF", "csv csv json", "zebra markdown", "nothing", ""];
            for at in 0..old.len() {
                for text in texts {
                    let mut new = old;
                    new[at] = text;
                    let anew = index(&new);
                    let library = library_of(&new);
                    let skill = SkillIx(at as u32);
                    let changed = ChangedLexical::new(&built, skill, Some(&library[skill]));
                    for (query, fields) in queries.iter().flat_map(|query| FieldSet::ALL.map(|fields| (query, fields)))
                    {
                        assert_eq!(
                            changed.scores(query, fields),
                            anew.scores(query, fields),
                            "{query} {fields:?} {at}"
                        );
                    }
                }
                let rest: Vec<_> = old.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, text)| *text).collect();
                let without = index(&rest);
                let changed = ChangedLexical::new(&built, SkillIx(at as u32), None);
                for (query, fields) in queries.iter().flat_map(|query| FieldSet::ALL.map(|fields| (query, fields))) {
                    let mut scores = changed.scores(query, fields);
                    assert_eq!(scores.remove(at), 0.0);
                    assert_eq!(scores, without.scores(query, fields), "{query} {fields:?} without {at}");
                }
            }
        }
    }
}
