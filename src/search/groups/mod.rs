//! The skills of a library in groups: by place, by SkillRet's taxonomy, by cluster.
//!
//! A category is the data set's own label where its rows have one, or that of the skill's own metadata where it is one
//! of the taxonomy's. Elsewhere it is that of the sub-category whose description is nearest to the skill's vector, so
//! that the 6 categories are sums of the 18. How often that agrees with a reader is measured by `tests/groups.rs` and
//! stated in the guide.

pub mod kmeans;
mod labels;

use std::collections::HashMap;
use std::sync::Arc;

use crate::index::DenseIndex;
use crate::library::categories::{Labeller, Level, Taxonomy, own_label};
use crate::library::{FieldSet, Library, SkillIx, Text};
use crate::model::{ModelError, Stop};

use super::{Pipeline, SearchError, Stage1};

pub use labels::{Agreement, agreement};

/// What decides which group a skill is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grouping {
    Root,
    Category,
    SubCategory,
    Cluster,
}

impl Grouping {
    pub const ALL: [Grouping; 4] = [Grouping::Root, Grouping::Category, Grouping::SubCategory, Grouping::Cluster];

    /// The word used in JSON and on screen.
    pub fn key(self) -> &'static str {
        match self {
            Grouping::Root => "root",
            Grouping::Category => "category",
            Grouping::SubCategory => "subcategory",
            Grouping::Cluster => "cluster",
        }
    }

    fn level(self) -> Option<Level> {
        match self {
            Grouping::Category => Some(Level::Category),
            Grouping::SubCategory => Some(Level::SubCategory),
            Grouping::Root | Grouping::Cluster => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub name: Text,
    /// What it stands for; empty for a place.
    pub about: Text,
    pub skills: usize,
    /// The skill nearest to the group's centre, or to its description; `None` where no vector decided.
    pub central: Option<SkillIx>,
}

/// Where the groups come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    Places,
    /// Skills with the data set's own label, with one of their author's, and with the nearest description by this
    /// embedder.
    Labels {
        own: usize,
        authors: usize,
        nearest: usize,
        embedder: Option<String>,
    },
    /// Spherical k-means over this embedder's vectors.
    Clusters {
        k: usize,
        embedder: Option<String>,
    },
}

/// A library in groups.
#[derive(Debug, Clone)]
pub struct Groups {
    pub library: Arc<Library>,
    pub by: Grouping,
    pub basis: Basis,
    /// None of them is empty.
    pub groups: Vec<Group>,
    /// For each skill its group, in library order; `None` for a skill that has neither a label nor a vector yet.
    pub of: Vec<Option<u32>>,
}

impl Groups {
    /// Drops empty groups, which say nothing about a library.
    fn new(library: &Arc<Library>, by: Grouping, basis: Basis, groups: Vec<Group>, of: Vec<Option<u32>>) -> Self {
        let mut sizes = vec![0usize; groups.len()];
        of.iter().flatten().for_each(|&group| sizes[group as usize] += 1);
        let mut number = 0;
        let renamed: Vec<u32> = sizes
            .iter()
            .map(|&size| {
                let its = number;
                number += u32::from(size > 0);
                its
            })
            .collect();
        let sized = groups.into_iter().zip(&sizes).map(|(group, &skills)| Group { skills, ..group });
        Groups {
            library: library.clone(),
            by,
            basis,
            groups: sized.filter(|group| group.skills > 0).collect(),
            of: of.into_iter().map(|group| group.map(|group| renamed[group as usize])).collect(),
        }
    }

    /// Skills that are in no group yet.
    pub fn open(&self) -> usize {
        self.of.iter().filter(|group| group.is_none()).count()
    }

    /// Where the groups come from and what is missing, in one line.
    pub fn sentence(&self) -> String {
        let by = |embedder: &Option<String>| match embedder {
            Some(name) => format!("by {}", Text::line(name)),
            None => "once a model is there".into(),
        };
        let basis = match &self.basis {
            Basis::Places => "places that were read".into(),
            Basis::Labels { own, authors, nearest, embedder } => {
                let given = [("the data set's own labels", *own), ("labels in the skills' own metadata", *authors)];
                let given: Vec<_> = given.into_iter().filter(|(_, skills)| *skills > 0).collect();
                match (&given[..], nearest) {
                    ([(labels, _)], 0) => (*labels).to_owned(),
                    ([], _) => format!("nearest description {}", by(embedder)),
                    (_, nearest) => {
                        let mut parts: Vec<String> =
                            given.iter().map(|(labels, skills)| format!("{labels} for {skills}")).collect();
                        parts.extend((*nearest > 0).then(|| format!("else nearest description {}", by(embedder))));
                        parts.join(", ")
                    }
                }
            }
            Basis::Clusters { k, embedder } => format!("{k} clusters of vectors {}, spherical k-means", by(embedder)),
        };
        match self.open() {
            0 => basis,
            open => format!("provisional, {open} of {} have no vector yet: {basis}", self.of.len()),
        }
    }
}

/// Groups the library of a pipeline. Uses the vectors of `fields` as far as they are there.
///
/// # Errors
/// [`ModelError::Stopped`] when `stop` says so, or what the embedder says of a description.
pub fn group(pipeline: &Pipeline, fields: FieldSet, by: Grouping, stop: Stop) -> Result<Groups, SearchError> {
    match by.level() {
        Some(level) => labels::group(pipeline, fields, by, level, stop),
        None if by == Grouping::Root => Ok(by_place(&pipeline.library)),
        None => by_cluster(pipeline, fields, stop),
    }
}

fn by_place(library: &Arc<Library>) -> Groups {
    let group = |root: &crate::library::Root| Group {
        name: root.label.clone(),
        about: Text::line(match root.agents.is_empty() {
            true => String::new(),
            false => format!("read by {}", root.agents.join(", ")),
        }),
        skills: 0,
        central: None,
    };
    let of = library.skills().iter().map(|skill| Some(skill.origin.root as u32)).collect();
    Groups::new(library, Grouping::Root, Basis::Places, library.roots.iter().map(group).collect(), of)
}

/// Skills that have a vector, with it.
fn vectors(dense: &DenseIndex) -> (Vec<SkillIx>, Vec<Vec<f32>>) {
    let skills = (0..dense.len() as u32).map(SkillIx);
    skills.filter_map(|skill| Some((skill, dense.vector(skill)?))).unzip()
}

/// Words that name a cluster.
const WORDS: usize = 3;
/// Words that describe it beside the list.
const MORE_WORDS: usize = 10;

fn by_cluster(pipeline: &Pipeline, fields: FieldSet, stop: Stop) -> Result<Groups, SearchError> {
    let library = &pipeline.library;
    let embedder = pipeline.embedder().map(|embedder| embedder.id().name.clone());
    let mut of: Vec<Option<u32>> = vec![None; library.len()];
    let Some(dense) = pipeline.dense(fields).filter(|dense| dense.ready() > 0) else {
        let basis = Basis::Clusters { k: 0, embedder };
        return Ok(Groups::new(library, Grouping::Cluster, basis, Vec::new(), of));
    };
    let (skills, rows) = vectors(dense);
    let products = |centre: &[f32]| dense.scores(centre).into_iter().map(|scored| scored.score).collect();
    let k = kmeans::clusters_for(rows.len());
    let clusters = kmeans::cluster(&rows, k, &products, stop).ok_or(ModelError::Stopped)?;
    for (&skill, &cluster) in skills.iter().zip(&clusters.of) {
        of[skill.index()] = Some(cluster);
    }
    let mut central: Vec<Option<(f32, SkillIx)>> = vec![None; k];
    for ((&skill, &cluster), &cosine) in skills.iter().zip(&clusters.of).zip(&clusters.cosine) {
        let best = &mut central[cluster as usize];
        if best.is_none_or(|(before, _)| cosine > before) {
            *best = Some((cosine, skill));
        }
    }
    let words = pipeline.words(Stage1::Lexical).telling_words(&of, k, MORE_WORDS);
    let names = distinct(words.iter().map(|words| words[..words.len().min(WORDS)].join(", ")).collect());
    let groups = names.into_iter().zip(words).zip(&central).map(|((name, words), central)| Group {
        name: Text::line(name),
        about: Text::line(format!("telling words: {}", words.join(", "))),
        skills: 0,
        central: central.map(|(_, skill)| skill),
    });
    let basis = Basis::Clusters { k, embedder };
    Ok(largest_first(Groups::new(library, Grouping::Cluster, basis, groups.collect(), of)))
}

/// A cluster is known by its name, on screen and when its skills are folded away: one that has no words, or those of
/// another, gets a number.
fn distinct(names: Vec<String>) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let number = |name: String| {
        let name = if name.is_empty() { "no common words".to_owned() } else { name };
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        if *times == 1 { name } else { format!("{name} ({times})") }
    };
    names.into_iter().map(number).collect()
}

/// Clusters have no order of their own.
fn largest_first(groups: Groups) -> Groups {
    let mut order: Vec<usize> = (0..groups.groups.len()).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(groups.groups[group].skills));
    let mut place = vec![0u32; order.len()];
    order.iter().enumerate().for_each(|(at, &group)| place[group] = at as u32);
    Groups {
        of: groups.of.iter().map(|group| group.map(|group| place[group as usize])).collect(),
        groups: order.into_iter().map(|group| groups.groups[group].clone()).collect(),
        ..groups
    }
}

#[cfg(test)]
mod tests;
