//! SkillRet's taxonomy of skills, and the labels that skills bring with them: a data set's, or their author's.

use std::sync::OnceLock;

use serde::Deserialize;

use super::Skill;

const TABLE: &str = include_str!("../../assets/categories.toml");

/// `assets/categories.toml`, which says where it comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// When the table was last compared with its source, year and month.
    pub checked: String,
    pub source: String,
    /// How often the nearest description says what a reader says.
    #[serde(default)]
    pub measured: Vec<Measured>,
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
}

/// Agreement of the nearest description with a reader, for one embedder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    pub embedder: String,
    /// Skills that the reader labelled.
    pub labelled: usize,
    /// Of these, how many have the reader's category, and sub-category.
    pub category: usize,
    pub subcategory: usize,
}

impl Measured {
    pub fn sentence(&self) -> String {
        let percent = |right: usize| (100.0 * right as f64 / self.labelled.max(1) as f64).round();
        format!(
            "on {} skills labelled by a language model the nearest description by {} names the category in {} of 100 cases, \
             the sub-category in {}",
            self.labelled,
            self.embedder,
            percent(self.category),
            percent(self.subcategory)
        )
    }
}

/// One of the 6.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    pub name: String,
    /// Our own words, like those of the sub-categories.
    pub about: String,
    #[serde(rename = "sub")]
    pub subs: Vec<SubCategory>,
}

/// One of the 18.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubCategory {
    pub name: String,
    pub about: String,
}

/// Which of the two levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    Category,
    SubCategory,
}

impl Level {
    /// SkillRet's column (data set card, v1.1).
    pub fn column(self) -> &'static str {
        match self {
            Level::Category => "major",
            Level::SubCategory => "sub",
        }
    }

    /// Where the author of a SKILL.md writes it: the specification leaves the keys of `metadata` to authors, and these
    /// are the words people use.
    pub fn metadata(self) -> &'static str {
        match self {
            Level::Category => "metadata.category",
            Level::SubCategory => "metadata.subcategory",
        }
    }
}

impl Taxonomy {
    pub fn get() -> &'static Taxonomy {
        static TAXONOMY: OnceLock<Taxonomy> = OnceLock::new();
        TAXONOMY.get_or_init(|| {
            toml::from_str(TABLE).unwrap_or_else(|error| {
                // Part of the program, so only a test meets this.
                tracing::error!(%error, "assets/categories.toml cannot be used");
                Taxonomy::default()
            })
        })
    }

    /// What was measured with this embedder.
    pub fn measured_for(&self, embedder: &str) -> Option<&Measured> {
        self.measured.iter().find(|measured| measured.embedder == embedder)
    }

    /// Names and descriptions of one level, in the table's order.
    pub fn level(&self, level: Level) -> Vec<(&str, &str)> {
        match level {
            Level::Category => self.categories.iter().map(|one| (one.name.as_str(), one.about.as_str())).collect(),
            Level::SubCategory => self.subs().map(|(_, sub)| (sub.name.as_str(), sub.about.as_str())).collect(),
        }
    }

    /// Every sub-category with the number of its category.
    pub fn subs(&self) -> impl Iterator<Item = (usize, &SubCategory)> {
        self.categories.iter().enumerate().flat_map(|(at, category)| category.subs.iter().map(move |sub| (at, sub)))
    }
}

/// Who said what a skill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Labeller {
    /// A column of the pool the skill is a row of.
    DataSet,
    /// The metadata of its SKILL.md.
    Author,
}

/// The label that a skill brings with it, as it may be shown, and whose it is.
///
/// A data set's is taken as it is. An author's counts where it is one of the taxonomy's names, in whatever case: others
/// have words of their own ("c-level", "games"), which would be a group for every author.
pub fn own_label(skill: &Skill, level: Level) -> Option<(&str, Labeller)> {
    let value = |key: &str| {
        let found = skill.extra.iter().find(|(own, _)| own.shown() == key);
        found.map(|(_, label)| label.shown()).filter(|label| !label.trim().is_empty())
    };
    let of_row = skill.origin.line.and_then(|_| value(level.column())).map(|label| (label, Labeller::DataSet));
    let of_author = || {
        let wanted = value(level.metadata())?.trim().to_lowercase();
        let known = Taxonomy::get().level(level).into_iter().find(|(name, _)| name.to_lowercase() == wanted)?;
        Some((known.0, Labeller::Author))
    };
    of_row.or_else(of_author)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names and numbers of papers.md 3.1.
    #[test]
    fn the_table_is_skillrets() {
        let taxonomy = Taxonomy::get();
        let subs: Vec<(&str, usize)> =
            taxonomy.categories.iter().map(|one| (one.name.as_str(), one.subs.len())).collect();
        let published = [
            ("Software Engineering", 6),
            ("AI Agents", 3),
            ("Data & ML", 3),
            ("Content Creation", 2),
            ("Business & Planning", 2),
            ("Information Retrieval", 2),
        ];
        assert_eq!(subs, published);
        let mut names: Vec<&str> = taxonomy.level(Level::SubCategory).iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), 18);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 18, "a sub-category is known by its name alone");
    }
}
