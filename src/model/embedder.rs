//! The bi-encoder: text to a unit vector.

use crate::library::{FieldSet, Skill};
use crate::text::{Document, Encoding};

use super::{Device, EmbedderProfile, ModelError, ModelId, Stop};

pub struct Embedder {
    id: ModelId,
    profile: EmbedderProfile,
}

/// What a text is to the embedder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Query,
    Document,
    /// No prefix, cut at the network's own limit.
    Raw,
}

impl Embedder {
    /// `name` is a profile, a directory or a hub repository (which must already be in the local cache).
    pub fn load(name: &str, device: Device) -> Result<Self, ModelError> {
        let _ = (name, device);
        todo!()
    }

    pub fn id(&self) -> &ModelId {
        &self.id
    }

    pub fn profile(&self) -> &EmbedderProfile {
        &self.profile
    }

    pub fn dimensions(&self) -> usize {
        todo!()
    }

    /// The text this model reads of a skill.
    pub fn document(&self, skill: &Skill, fields: FieldSet) -> Document {
        self.profile.document.render(skill, fields)
    }

    pub fn encode(&self, text: &str, role: Role) -> Encoding {
        let _ = (text, role);
        todo!()
    }

    /// One unit vector per text. A text gets the same vector whatever its neighbours. Asks `stop` between layers.
    pub fn embed(&self, texts: &[Encoding], stop: Stop) -> Result<Vec<Vec<f32>>, ModelError> {
        let _ = (texts, stop);
        todo!()
    }
}
