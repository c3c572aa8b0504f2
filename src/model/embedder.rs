//! The bi-encoder: text to a unit vector.

use super::forward::{Hidden, Output};
use super::network::{self, Network};
use super::source::Kind;
use super::{
    EmbedderProfile, ModelError, ModelId, ModelSource, Placement, Pooling, Precision, Profiles, Stop, pool, unknown,
};
use crate::library::{FieldSet, Skill};
use crate::text::{Document, DocumentTemplate, Encoding};

pub struct Embedder {
    id: ModelId,
    profile: EmbedderProfile,
    network: Network,
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
                pooling: files.pooling.unwrap_or_default(),
                query_prefix: String::new(),
                document_prefix: String::new(),
                document: DocumentTemplate::default(),
                max_tokens: files.max_tokens.unwrap_or(usize::MAX),
            });
            let network = Network::load(&files, &files.weights()?, placement, Precision::Auto)?;
            let profile = EmbedderProfile { max_tokens: profile.max_tokens.min(network.longest()), ..profile };
            let settings = EmbedderProfile { source: String::new(), revision: None, ..profile.clone() };
            Ok(Embedder { id: network::identify(name, &files, &settings, &network)?, profile, network })
        })
    }

    pub fn id(&self) -> &ModelId {
        &self.id
    }

    pub fn profile(&self) -> &EmbedderProfile {
        &self.profile
    }

    pub fn dimensions(&self) -> usize {
        self.network.hidden_size()
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
        let output = match self.profile.pooling {
            Pooling::Mean => Output::Tokens,
            Pooling::Cls => Output::First,
            Pooling::LastToken => Output::Last,
        };
        let mut vectors = Vec::with_capacity(texts.len());
        self.network.run(&self.id, texts, output, stop, |hidden| vectors.extend(self.pool(&hidden)))?;
        Ok(vectors)
    }

    fn pool(&self, hidden: &Hidden) -> Vec<Vec<f32>> {
        let width = self.dimensions();
        let vectors = hidden.spans.iter().enumerate().map(|(index, span)| match self.profile.pooling {
            Pooling::Mean => mean(&hidden.values[span.start * width..span.end * width], width),
            Pooling::Cls | Pooling::LastToken => hidden.values[index * width..(index + 1) * width].to_vec(),
        });
        vectors.map(unit).collect()
    }
}

fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let count = (rows.len() / width) as f32;
    mean.iter_mut().for_each(|sum| *sum /= count);
    mean
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    // sentence-transformers' guard against a zero vector.
    let scale = 1.0 / length.max(1e-12);
    vector.iter_mut().for_each(|x| *x *= scale);
    vector
}
