//! Skills that take each other's place: one name for two, nearly the same body, nearly the same vector. The limits are
//! those of SkillRouter's filter of false negatives (papers.md 2.5), which a near-duplicate audit uses too (9.6).

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use crate::library::similarity::{NEAR_DUPLICATE, Trigrams, pairs_above};
use crate::library::{FieldSet, Library, SkillIx};

use super::Pipeline;
use super::what_if::coexistence::nearest;
use super::{Settings, Stage1};

/// Vectors nearer than this are near-duplicates (papers.md 2.5, rule 3).
pub const NEAR_VECTOR: f32 = 0.92;

/// Two skills and what they share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Collision {
    /// The one that was asked about, or the earlier one in the library.
    pub skill: SkillIx,
    pub other: SkillIx,
    /// ASCII case folded.
    pub same_name: bool,
    /// Name, description and body are equal to the byte.
    pub copy: bool,
    /// Jaccard similarity of the bodies' trigrams.
    pub jaccard: f64,
    /// `None` while either has no vector.
    pub cosine: Option<f32>,
}

impl Collision {
    fn of(pipeline: &Pipeline, fields: FieldSet, [skill, other]: [SkillIx; 2], trigrams: [&Trigrams; 2]) -> Self {
        let library = &pipeline.library;
        let cosine = pipeline.dense(fields).and_then(|dense| {
            let (a, b) = (dense.vector(skill)?, dense.vector(other)?);
            Some(a.iter().zip(&b).map(|(a, b)| a * b).sum())
        });
        Collision {
            skill,
            other,
            same_name: folded(library, skill) == folded(library, other),
            copy: library[skill].hash == library[other].hash,
            jaccard: trigrams[0].jaccard(trigrams[1]),
            cosine,
        }
    }

    /// Whether any limit is passed.
    pub fn collides(&self) -> bool {
        self.same_name || self.copy || self.jaccard > NEAR_DUPLICATE || self.cosine > Some(NEAR_VECTOR)
    }

    /// What passed a limit, in words.
    pub fn reasons(&self) -> Vec<&'static str> {
        let near = self.cosine > Some(NEAR_VECTOR);
        [
            (self.copy, "copy"),
            (self.same_name, "same name"),
            (!self.copy && self.jaccard > NEAR_DUPLICATE, "body alike"),
            (!self.copy && near, "vector alike"),
        ]
        .into_iter()
        .filter_map(|(is, word)| is.then_some(word))
        .collect()
    }
}

fn folded(library: &Library, skill: SkillIx) -> String {
    library[skill].name.for_model().to_ascii_lowercase()
}

fn trigrams(library: &Library) -> Vec<Trigrams> {
    library.skills().par_iter().map(|skill| Trigrams::of(skill.body.for_model())).collect()
}

/// Every pair of the library that passes a limit, in library order. Vectors count as far as they are there
/// ([`Pipeline::dense`]).
pub fn of_library(pipeline: &Pipeline, fields: FieldSet) -> Vec<Collision> {
    let library = &pipeline.library;
    let trigrams = trigrams(library);
    let mut pairs: BTreeSet<[SkillIx; 2]> = BTreeSet::new();
    let mut by_name: HashMap<String, Vec<SkillIx>> = HashMap::new();
    let mut by_content: HashMap<_, Vec<SkillIx>> = HashMap::new();
    for (ix, skill) in library.iter() {
        by_name.entry(folded(library, ix)).or_default().push(ix);
        by_content.entry(skill.hash).or_default().push(ix);
    }
    for group in by_name.values().chain(by_content.values()) {
        for (at, &first) in group.iter().enumerate() {
            pairs.extend(group[at + 1..].iter().map(|&second| [first, second]));
        }
    }
    let ix = |at: usize| SkillIx(at as u32);
    pairs.extend(pairs_above(&trigrams, NEAR_DUPLICATE).into_iter().map(|(a, b, _)| [ix(a), ix(b)]));
    if let Some(dense) = pipeline.dense(fields) {
        pairs.extend(dense.pairs_above(NEAR_VECTOR).into_iter().map(|(a, b, _)| [a, b]));
    }
    let pairs: Vec<[SkillIx; 2]> = pairs.into_iter().collect();
    pairs
        .into_par_iter()
        .map(|pair| Collision::of(pipeline, fields, pair, pair.map(|skill| &trigrams[skill.index()])))
        .collect()
}

/// What one skill may be confused with: everything that passes a limit, then its nearest by vector up to `most` rows.
pub fn of_skill(pipeline: &Pipeline, fields: FieldSet, skill: SkillIx, most: usize) -> Vec<Collision> {
    let trigrams = trigrams(&pipeline.library);
    let others = pipeline.library.iter().map(|(ix, _)| ix).filter(|&other| other != skill);
    let pair = |other: SkillIx| {
        let texts = [skill, other].map(|skill| &trigrams[skill.index()]);
        Collision::of(pipeline, fields, [skill, other], texts)
    };
    let mut rows: Vec<Collision> = others.map(pair).filter(Collision::collides).collect();
    let settings = Settings { stage1: Stage1::Dense, fields, ..Settings::default() };
    for (other, _) in nearest(pipeline, settings, skill, most) {
        if rows.len() < most && !rows.iter().any(|row| row.other == other) {
            rows.push(pair(other));
        }
    }
    rows
}
