//! What a run says of itself beyond its report: pool, models and machine.

use serde_json::{Value, json};

use crate::eval::{RunHeader, machine};
use crate::search::Pipeline;

/// Fills in what only the pipeline knows.
pub(super) fn complete(header: &mut RunHeader, pipeline: &Pipeline) {
    header.pool_fingerprint = pipeline.library().fingerprint();
    header.profile = profile(pipeline);
    header.machine = machine::describe();
}

/// Models with what they were loaded as, in the shape of `search --json`.
fn profile(pipeline: &Pipeline) -> Value {
    let embedder = pipeline.embedder.as_ref().map(|embedder| {
        json!({
            "name": embedder.id().name,
            "fingerprint": embedder.id().fingerprint,
            "max_tokens": embedder.profile().max_tokens,
            "protocol": embedder.badge().long,
            "device": embedder.placement().device.label(),
            "dtype": embedder.placement().precision.label(),
        })
    });
    let reranker = pipeline.reranker.as_ref().map(|reranker| {
        json!({
            "name": reranker.id().name,
            "fingerprint": reranker.id().fingerprint,
            "max_tokens": reranker.profile().max_tokens,
            "protocol": reranker.badge().long,
            "device": reranker.placement().device.label(),
            "dtype": reranker.placement().precision.label(),
        })
    });
    json!({ "embedder": embedder, "reranker": reranker })
}
