//! What a skill is, where skills come from, and what could not be loaded.
//!
//! Everything read here is hostile until it has passed [`sanitize`]: names, descriptions, bodies, paths, ids and the
//! error messages that quote them.

mod frontmatter;
pub mod load;
mod repair;
pub mod report;
pub mod sanitize;
pub mod skill;
pub mod watch;
mod yaml;

pub use load::{LoadError, load};
pub use report::{LoadReport, LoadRow, Severity};
pub use sanitize::Text;
pub use skill::{ContentHash, Field, FieldSet, Library, Origin, Root, RootKind, Skill, SkillIx};
