//! The inverted index behind BM25: which term occurs in which skill, how often, and in which field.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use crate::library::{Field, FieldSet, Library, Skill};

use super::tokenise::words;

/// Parts built per thread, so that a part with the longest skills does not keep the others waiting.
const PARTS_PER_THREAD: usize = 4;

/// Occurrences per field, order of [`Field::ALL`].
pub(super) type FieldCounts = [u32; 3];

/// Number of a term in one [`Postings`].
pub(super) type TermId = u32;

/// One posting list per term (compressed sparse rows), with a count per field, so that one structure answers every
/// [`FieldSet`]. Eight bytes per posting: weights are computed when asked for, since three precomputed field sets
/// would take more than twice the memory and save less than a millisecond of a long request.
#[derive(Debug, Default)]
pub(super) struct Postings {
    /// The standard library's keyed hash: words come from strangers, who must not be able to make them collide.
    terms: HashMap<Box<str>, TermId>,
    /// The postings of term `t` are `starts[t]..starts[t + 1]`.
    starts: Vec<usize>,
    /// Position in the library, ascending within a term.
    skills: Vec<u32>,
    counts: Vec<Packed>,
    /// Counts too large for [`Packed`], by position.
    large: HashMap<usize, FieldCounts>,
    /// Words per skill and field, stop words left out.
    lengths: Vec<FieldCounts>,
}

/// Counts of one posting. All zero (which no posting has) means: look in [`Postings::large`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Packed {
    name: u8,
    description: u8,
    body: u16,
}

impl Packed {
    fn new([name, description, body]: FieldCounts) -> Option<Packed> {
        Some(Packed {
            name: name.try_into().ok()?,
            description: description.try_into().ok()?,
            body: body.try_into().ok()?,
        })
    }
}

/// A posting before the terms of all parts have been numbered together.
struct Occurrence {
    term: TermId,
    skill: u32,
    counts: FieldCounts,
}

/// What one thread found in a run of skills.
#[derive(Default)]
struct Part {
    terms: HashMap<Box<str>, TermId>,
    /// For each term its newest occurrence, by position.
    newest: Vec<usize>,
    /// By skill, then by first occurrence in it.
    occurrences: Vec<Occurrence>,
    lengths: Vec<FieldCounts>,
}

impl Part {
    fn of(skills: &[Skill], first: usize) -> Part {
        let mut part = Part::default();
        for (offset, skill) in skills.iter().enumerate() {
            part.add(skill, (first + offset) as u32);
        }
        part
    }

    fn add(&mut self, skill: &Skill, position: u32) {
        let mut lengths = [0; 3];
        for field in Field::ALL {
            for word in words(&skill.field(field).for_model().to_lowercase()) {
                lengths[field as usize] += 1;
                self.count(word, position, field);
            }
        }
        self.lengths.push(lengths);
    }

    fn count(&mut self, word: &str, skill: u32, field: Field) {
        let term = match self.terms.get(word) {
            Some(&term) => term,
            None => {
                let term = self.newest.len() as TermId;
                self.terms.insert(word.into(), term);
                self.newest.push(usize::MAX);
                term
            }
        };
        let newest = &mut self.newest[term as usize];
        match self.occurrences.get_mut(*newest) {
            Some(occurrence) if occurrence.skill == skill => occurrence.counts[field as usize] += 1,
            _ => {
                let mut counts = [0; 3];
                counts[field as usize] = 1;
                *newest = self.occurrences.len();
                self.occurrences.push(Occurrence { term, skill, counts });
            }
        }
    }
}

impl Postings {
    pub(super) fn build(library: &Library) -> Postings {
        let skills = library.skills();
        let runs = runs_of_equal_size(skills, rayon::current_num_threads() * PARTS_PER_THREAD);
        let parts = runs.into_par_iter().map(|run| Part::of(&skills[run.clone()], run.start)).collect();
        Postings::merge(parts)
    }

    /// Numbers the terms of all parts together and sorts the occurrences by term. The parts are in library order, so
    /// each list comes out ascending.
    fn merge(mut parts: Vec<Part>) -> Postings {
        let mut merged = Postings::default();
        for part in &mut parts {
            let mut renamed = vec![0; part.newest.len()];
            for (word, old) in part.terms.drain() {
                let next = merged.terms.len() as TermId;
                renamed[old as usize] = *merged.terms.entry(word).or_insert(next);
            }
            part.occurrences.iter_mut().for_each(|occurrence| occurrence.term = renamed[occurrence.term as usize]);
            merged.lengths.append(&mut part.lengths);
        }

        merged.starts = vec![0; merged.terms.len() + 1];
        for occurrence in parts.iter().flat_map(|part| &part.occurrences) {
            merged.starts[occurrence.term as usize + 1] += 1;
        }
        for term in 0..merged.terms.len() {
            merged.starts[term + 1] += merged.starts[term];
        }

        let total = merged.starts.last().copied().unwrap_or_default();
        merged.skills = vec![0; total];
        merged.counts = vec![Packed::default(); total];
        let mut next = merged.starts.clone();
        for Occurrence { term, skill, counts } in parts.into_iter().flat_map(|part| part.occurrences) {
            let at = next[term as usize];
            next[term as usize] += 1;
            merged.skills[at] = skill;
            match Packed::new(counts) {
                Some(packed) => merged.counts[at] = packed,
                None => drop(merged.large.insert(at, counts)),
            }
        }
        merged
    }

    pub(super) fn term(&self, word: &str) -> Option<TermId> {
        self.terms.get(word).copied()
    }

    /// The vocabulary, in no order.
    pub(super) fn vocabulary(&self) -> impl Iterator<Item = (&str, TermId)> {
        self.terms.iter().map(|(word, &term)| (&**word, term))
    }

    /// Terms in the vocabulary.
    pub(super) fn terms(&self) -> usize {
        self.terms.len()
    }

    /// Words per skill and field, in library order.
    pub(super) fn lengths(&self) -> &[FieldCounts] {
        &self.lengths
    }

    /// Where the postings of a term are: a range for [`Postings::skill_at`] and its companions.
    pub(super) fn list(&self, term: TermId) -> Range<usize> {
        self.starts[term as usize]..self.starts[term as usize + 1]
    }

    /// The posting of a term for one skill.
    pub(super) fn find(&self, term: TermId, skill: u32) -> Option<usize> {
        let list = self.list(term);
        let start = list.start;
        self.skills[list].binary_search(&skill).ok().map(|offset| start + offset)
    }

    #[inline]
    pub(super) fn skill_at(&self, at: usize) -> usize {
        self.skills[at] as usize
    }

    #[inline]
    pub(super) fn counts_at(&self, at: usize) -> FieldCounts {
        match self.counts[at] {
            Packed { name: 0, description: 0, body: 0 } => self.large.get(&at).copied().unwrap_or_default(),
            Packed { name, description, body } => [name.into(), description.into(), body.into()],
        }
    }

    /// Occurrences in the fields of a set.
    pub(super) fn frequency_at(&self, at: usize, fields: FieldSet) -> u32 {
        sum(self.counts_at(at), fields)
    }
}

/// Adds up the fields of a set; each set is a prefix of [`Field::ALL`].
#[inline]
pub(super) fn sum([name, description, body]: FieldCounts, fields: FieldSet) -> u32 {
    match fields {
        FieldSet::Name => name,
        FieldSet::NameDescription => name + description,
        FieldSet::Full => name + description + body,
    }
}

/// Cuts the library into at most `wanted` runs with about the same amount of text.
fn runs_of_equal_size(skills: &[Skill], wanted: usize) -> Vec<Range<usize>> {
    let bytes = |skill: &Skill| Field::ALL.iter().map(|&field| skill.field(field).for_model().len()).sum::<usize>();
    let share = skills.iter().map(bytes).sum::<usize>() / wanted.max(1) + 1;
    let mut runs = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (position, skill) in skills.iter().enumerate() {
        size += bytes(skill);
        if size >= share || position + 1 == skills.len() {
            runs.push(start..position + 1);
            (start, size) = (position + 1, 0);
        }
    }
    runs
}
