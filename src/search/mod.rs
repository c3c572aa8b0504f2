//! The two stages as plain functions: the same road for keys, for the command line and for evaluation.

pub mod assemble;
pub mod caches;
pub mod collisions;
pub mod confusion;
pub mod courtesy;
pub mod fusion;
pub mod pipeline;
mod profile;
pub mod results;
pub mod vectorise;
pub mod what_if;

pub use assemble::{Models, assemble};
pub use courtesy::{Courtesy, Undisturbed};
pub use pipeline::{Pipeline, SearchError};
pub use results::{
    Hit, PinnedStanding, Placed, QueryId, Ranked, Reranking, Settings, Shortlist, Stage1, Stage1Timings,
};
pub use what_if::{Draft, Ranking, WhatIf};
