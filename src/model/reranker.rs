//! The cross-encoder: a request and a document to one score.

use crate::library::{FieldSet, Skill};
use crate::text::{Document, Encoding};

use super::{Attention, Device, ModelError, ModelId, RerankerProfile, Stop};

pub struct Reranker {
    id: ModelId,
    profile: RerankerProfile,
}

/// Everything that was seen of one scored pair: the raw material of an explanation.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Raw score (a logit or log-odds): higher is better, not comparable between requests.
    pub score: f32,
    pub document: Document,
    pub encoding: Encoding,
    pub attention: Attention,
}

impl Reranker {
    /// `name` is a profile, a directory or a hub repository (which must already be in the local cache).
    pub fn load(name: &str, device: Device) -> Result<Self, ModelError> {
        let _ = (name, device);
        todo!()
    }

    pub fn id(&self) -> &ModelId {
        &self.id
    }

    pub fn profile(&self) -> &RerankerProfile {
        &self.profile
    }

    /// The text this model reads of a skill.
    pub fn document(&self, skill: &Skill, fields: FieldSet) -> Document {
        self.profile.document.render(skill, fields)
    }

    /// Request and document as the network reads them, at the profile's limit.
    pub fn encode(&self, request: &str, document: &str) -> Encoding {
        let _ = (request, document);
        todo!()
    }

    /// The same at the network's own limit.
    pub fn encode_raw(&self, request: &str, document: &str) -> Encoding {
        let _ = (request, document);
        todo!()
    }

    /// Raw scores, one per pair, the same whatever the neighbours. Asks `stop` between layers.
    pub fn score(&self, pairs: &[Encoding], stop: Stop) -> Result<Vec<f32>, ModelError> {
        let _ = (pairs, stop);
        todo!()
    }

    /// The score and the attention of the scored position. The score equals [`Reranker::score`]'s to 1e-5
    /// (design invariant 5).
    pub fn capture(&self, document: Document, encoding: Encoding, stop: Stop) -> Result<Capture, ModelError> {
        let _ = (document, encoding, stop);
        todo!()
    }
}
