//! The bi-encoder: text to a unit vector.

use super::network::{self, Network};
use super::pooling::Pooler;
use super::source::Kind;
use super::{EmbedderProfile, ModelError, ModelId, ModelSource, Placement, Precision, Profiles, Stop, pool, unknown};
use crate::library::{FieldSet, Skill};
use crate::text::{Document, DocumentTemplate, Encoding};

pub struct Embedder {
    id: ModelId,
    profile: EmbedderProfile,
    network: Network,
    pooler: Pooler,
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
    /// `name` is a built-in profile, a directory or a hub repository (which must already be in the local cache).
    ///
    /// # Errors
    /// If there is no such model, or a file of it is damaged or of another kind: the message names the file.
    pub fn load(name: &str, placement: impl Into<Placement>) -> Result<Self, ModelError> {
        Embedder::load_from(&Profiles::builtin()?, name, placement)
    }

    /// The same among the given profiles.
    pub fn load_from(profiles: &Profiles, name: &str, placement: impl Into<Placement>) -> Result<Self, ModelError> {
        let placement = placement.into();
        let chosen = profiles.get(name).map(|profile| profile.embedder.clone());
        let (place, revision) = match &chosen {
            Some(profile) => (profile.source.as_str(), profile.revision.as_deref()),
            None => (name, None),
        };
        let source = ModelSource::parse(place, revision).map_err(|error| unknown(error, name, profiles))?;
        pool::run(|| {
            let files = source.open(Kind::Embedder)?;
            let profile = chosen.unwrap_or_else(|| EmbedderProfile {
                source: name.to_owned(),
                revision: None,
                pooling: files.modules.pooling.unwrap_or_default(),
                query_prefix: files.modules.query_prompt.clone().unwrap_or_default(),
                document_prefix: files.modules.document_prompt.clone().unwrap_or_default(),
                document: DocumentTemplate::default(),
                max_tokens: files.modules.max_tokens.unwrap_or(usize::MAX),
            });
            let network = Network::load(&files, &files.weights()?, placement, Precision::Auto)?;
            let profile = EmbedderProfile { max_tokens: profile.max_tokens.min(network.longest()), ..profile };
            let settings = EmbedderProfile { source: String::new(), revision: None, ..profile.clone() };
            let pooler = Pooler::new(profile.pooling, &files.modules, network.hidden_size(), &network.tokenizer)?;
            Ok(Embedder { id: network::identify(name, &files, &settings, &network)?, profile, network, pooler })
        })
    }

    pub fn id(&self) -> &ModelId {
        &self.id
    }

    pub fn profile(&self) -> &EmbedderProfile {
        &self.profile
    }

    pub fn dimensions(&self) -> usize {
        self.pooler.dimensions()
    }

    /// Where it runs, nothing left to choose.
    pub fn placement(&self) -> Placement {
        self.network.placement()
    }

    /// The text this model reads of a skill.
    pub fn document(&self, skill: &Skill, fields: FieldSet) -> Document {
        self.profile.document.render(skill, fields)
    }

    /// A text as the network reads it. Offsets and `seen_bytes` count from the start of `text`; a prefix is special.
    pub fn encode(&self, text: &str, role: Role) -> Encoding {
        let tokenizer = &self.network.tokenizer;
        let limit = self.profile.max_tokens;
        match role {
            Role::Query => tokenizer.encode_head(&self.profile.query_prefix, text, limit),
            Role::Document => tokenizer.encode_head(&self.profile.document_prefix, text, limit),
            Role::Raw => tokenizer.encode(text, self.network.longest()),
        }
    }

    /// One unit vector per text. A text gets the same vector whatever its neighbours. Asks `stop` between layers.
    ///
    /// # Errors
    /// [`ModelError::Stopped`], or an encoding that is not of this model.
    pub fn embed(&self, texts: &[Encoding], stop: Stop) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = Vec::with_capacity(texts.len());
        self.network.run(&self.id, texts, self.pooler.output(), stop, |hidden| {
            let step = &texts[vectors.len()..];
            vectors.extend(self.pooler.pool(&hidden, step));
        })?;
        Ok(vectors)
    }
}
