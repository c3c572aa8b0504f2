//! What a skill is, where skills come from, and what could not be loaded.
//!
//! Everything read here is hostile until it has passed [`sanitize`]: names, descriptions, bodies, paths, ids and the
//! error messages that quote them.
//!
//! The way of a skill: [`load()`] decides what each path is; a tree is walked (`tree`), a pool is read line by line
//! (`pool`), agents' folders are looked up in a table (`discover`); bytes become text (`file`), text becomes fields
//! (`frontmatter`, with `yaml` and `repair`), fields become a [`Skill`] with its notes (`draft`). What is wrong with a
//! file by the specification and for each client is in [`lint`], what to look at before trusting it in [`trust`].

pub mod categories;
mod demo;
mod discover;
mod draft;
pub mod edit;
mod file;
mod frontmatter;
pub mod lint;
pub mod load;
pub mod marks;
pub(crate) mod parquet;
mod pool;
mod repair;
pub mod report;
pub mod sanitize;
pub mod similarity;
pub mod skill;
mod tree;
pub mod trust;
pub mod watch;
pub(crate) mod yaml;

pub use load::{LoadError, load};
pub use report::{LoadReport, LoadRow, Severity};
pub use sanitize::Text;
pub use skill::{ContentHash, Field, FieldSet, Library, Origin, Root, RootKind, Skill, SkillIx};
