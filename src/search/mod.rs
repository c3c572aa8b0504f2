//! The two stages as plain functions: the same road for keys, for the command line and for evaluation.

pub mod caches;
pub mod fusion;
pub mod pipeline;
pub mod results;
pub mod vectorise;

pub use pipeline::{Pipeline, SearchError};
pub use results::{
    Hit, PinnedStanding, Placed, QueryId, Ranked, Reranking, Settings, Shortlist, Stage1, Stage1Timings,
};
