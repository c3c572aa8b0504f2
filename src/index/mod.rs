//! What stage 1 searches: words ([`lexical`]), vectors ([`vectors`]) and the cache on disk ([`store`]).

pub mod lexical;
pub mod store;
pub mod vectors;

pub use lexical::{LexicalIndex, TermContribution};
pub use store::{Notice, StoreError, VectorKey, VectorStore};
pub use vectors::{DenseIndex, SearchKind};

use crate::library::SkillIx;

/// One skill and its score in one index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    pub skill: SkillIx,
    pub score: f32,
}
