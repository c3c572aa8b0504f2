//! What makes a number comparable, as JSON: the models as they were loaded, and the settings.

use serde_json::{Map, Value, json};

use crate::model::Device;

use super::fusion::joined;
use super::{Pipeline, Settings, Stage1};

impl Pipeline {
    /// The models' part of `"profile"`: enough to make a number comparable (design invariant 6). `device` is the one
    /// that was asked for.
    pub fn profile_json(&self, settings: Settings, device: Device) -> Map<String, Value> {
        let embedder = self.embedder().map(|embedder| {
            json!({
                "name": embedder.id().name,
                "fingerprint": embedder.id().fingerprint,
                "max_tokens": embedder.profile().max_tokens,
                "protocol": embedder.badge().long,
                "device": embedder.placement().device.label(),
                "dtype": embedder.placement().precision.label(),
            })
        });
        let reranker = self.reranker.as_ref().map(|reranker| {
            json!({
                "name": reranker.id().name,
                "fingerprint": reranker.id().fingerprint,
                "max_tokens": reranker.profile().max_tokens,
                "protocol": reranker.badge().long,
                "device": reranker.placement().device.label(),
                "dtype": reranker.placement().precision.label(),
            })
        });
        let mut profile = Map::new();
        profile.insert("embedder".into(), embedder.into());
        profile.insert("reranker".into(), reranker.into());
        profile.insert("device".into(), device.settled().label().into());
        profile.insert("stage1".into(), settings.stage1.key().into());
        profile.insert("fusion".into(), (settings.stage1 == Stage1::Fused).then(|| joined(self.fusion())).into());
        profile.insert("fields".into(), settings.fields.key().into());
        profile.insert("depth".into(), settings.depth.into());
        profile
    }
}
