//! Groups by SkillRet's taxonomy: labels that skills bring with them, else the nearest description.

use std::collections::{BTreeSet, HashMap};

use crate::library::categories::SubCategory;

use super::*;

/// For each skill, in library order, a description by position and the inner product with it; `None` without a vector.
type Nearest = Vec<Option<(usize, f32)>>;

/// The sub-category with the nearest description for each skill that has a vector, by position in the taxonomy, with
/// the inner product; in library order. `None` without an embedder or any vector.
///
/// A description is embedded as a request is ("Security: find and prevent vulnerabilities …"): that is what the
/// vectors of skills were made to be near to.
fn nearest(pipeline: &Pipeline, fields: FieldSet, stop: Stop) -> Result<Option<Nearest>, SearchError> {
    let dense = pipeline.dense(fields).filter(|dense| dense.ready() > 0);
    let Some((embedder, dense)) = pipeline.embedder().zip(dense) else { return Ok(None) };
    let embed = |(_, sub): (usize, &SubCategory)| {
        if stop() {
            return Err(ModelError::Stopped.into());
        }
        pipeline.embed_request(embedder, &format!("{}: {}", sub.name, sub.about))
    };
    let descriptions = Taxonomy::get().subs().map(embed).collect::<Result<Vec<_>, SearchError>>()?;
    Ok(Some(nearest_of(dense, &descriptions)))
}

/// For each skill the nearest of some vectors, the earlier where two are as near.
pub(super) fn nearest_of(dense: &DenseIndex, descriptions: &[Vec<f32>]) -> Nearest {
    let mut best: Nearest = vec![None; dense.len()];
    for (at, description) in descriptions.iter().enumerate() {
        for scored in dense.scores(description) {
            let best = &mut best[scored.skill.index()];
            if best.is_none_or(|(_, before)| scored.score > before) {
                *best = Some((at, scored.score));
            }
        }
    }
    best
}

/// The position in `level` of each sub-category.
fn at_level(level: Level) -> Vec<usize> {
    let subs = Taxonomy::get().subs().enumerate();
    subs.map(|(at, (category, _))| if level == Level::Category { category } else { at }).collect()
}

pub(super) fn group(
    pipeline: &Pipeline,
    fields: FieldSet,
    by: Grouping,
    level: Level,
    stop: Stop,
) -> Result<Groups, SearchError> {
    let library = &pipeline.library;
    let own: Vec<Option<(&str, Labeller)>> = library.skills().iter().map(|skill| own_label(skill, level)).collect();
    let labelled = own.iter().flatten().count();
    let nearest = if labelled < library.len() { nearest(pipeline, fields, stop)? } else { None };

    let group =
        |name: &str, about: &str| Group { name: Text::line(name), about: Text::line(about), skills: 0, central: None };
    let mut groups: Vec<Group> =
        Taxonomy::get().level(level).into_iter().map(|(name, about)| group(name, about)).collect();
    // A data set may have labels that the table does not know; they are groups too, after the known ones.
    let unknown: BTreeSet<&str> = own.iter().flatten().map(|(label, _)| *label).collect();
    for label in unknown {
        if !groups.iter().any(|known| known.name.shown() == label) {
            groups.push(group(label, "a label of the data set that SkillRet's table does not have"));
        }
    }

    let by_name: HashMap<String, u32> =
        groups.iter().enumerate().map(|(at, group)| (group.name.shown().to_owned(), at as u32)).collect();
    let place = at_level(level);
    let mut central: Vec<Option<f32>> = vec![None; groups.len()];
    let mut of = Vec::with_capacity(library.len());
    for (skill, label) in own.iter().enumerate() {
        let near = nearest.as_ref().and_then(|nearest| nearest[skill]);
        of.push(match (label, near) {
            (Some((label, _)), _) => by_name.get(*label).copied(),
            (None, Some((sub, score))) => {
                let group = place[sub];
                if central[group].is_none_or(|before| score > before) {
                    central[group] = Some(score);
                    groups[group].central = Some(SkillIx(skill as u32));
                }
                Some(group as u32)
            }
            (None, None) => None,
        });
    }
    let embedder = pipeline.embedder().map(|embedder| embedder.id().name.clone());
    let authors = own.iter().flatten().filter(|(_, by)| *by == Labeller::Author).count();
    let basis = Basis::Labels { own: labelled - authors, authors, nearest: library.len() - labelled, embedder };
    Ok(Groups::new(library, by, basis, groups, of))
}

/// How often the nearest description names the data set's own label.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    pub level: Level,
    pub right: usize,
    /// Skills that have a label and a vector.
    pub of: usize,
    /// What always naming the most frequent label would get right, and that label.
    pub majority: (usize, Text),
}

/// Compares the two ways for the skills that a data set has labelled; `None` if there are none, or no vectors.
pub fn agreement(
    pipeline: &Pipeline,
    fields: FieldSet,
    level: Level,
    stop: Stop,
) -> Result<Option<Agreement>, SearchError> {
    let of_data_set = |skill| own_label(skill, level).filter(|(_, by)| *by == Labeller::DataSet);
    let labelled: Vec<(SkillIx, &str)> =
        pipeline.library.iter().filter_map(|(ix, skill)| Some((ix, of_data_set(skill)?.0))).collect();
    if labelled.is_empty() {
        return Ok(None);
    }
    let Some(nearest) = nearest(pipeline, fields, stop)? else { return Ok(None) };
    let (names, place) = (Taxonomy::get().level(level), at_level(level));
    let (mut right, mut of) = (0, 0);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (skill, label) in labelled {
        let Some((sub, _)) = nearest[skill.index()] else { continue };
        of += 1;
        right += usize::from(names[place[sub]].0 == label);
        *counts.entry(label).or_default() += 1;
    }
    // The alphabet decides between two as frequent.
    let majority = counts.into_iter().max_by_key(|&(label, count)| (count, std::cmp::Reverse(label)));
    Ok(majority.map(|(label, count)| Agreement { level, right, of, majority: (count, Text::line(label)) }))
}
