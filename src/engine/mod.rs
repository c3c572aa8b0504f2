//! The threads behind every interface. One engine: live search, indexing, watching and evaluation share its models
//! and caches, and live search comes first.
//!
//! This room stands below `explain` and `eval` because it runs them; the interface only sends a [`Request`] and reads
//! [`Response`]s.

pub mod messages;

pub use messages::{
    EngineOptions, EvalEvent, EvalRequest, Indexing, ModelState, Request, Response, RunId, SearchRequest,
};
