//! The bi-encoder: text to a unit vector.

use std::num::NonZeroUsize;

use half::bf16;

use super::choice::{Choice, Part, choose};
use super::network::{self, Network};
use super::pooling::{self, Pooler};
use super::source::{Kind, ModelFiles};
use super::{
    Badge, EmbedderProfile, ModelError, ModelId, Placement, Precision, Profile, Profiles, Similarity, Stop, pool,
};
use crate::library::{FieldSet, Skill};
use crate::text::document::first_chars;
use crate::text::{Document, DocumentTemplate, Encoding};

pub struct Embedder {
    id: ModelId,
    profile: EmbedderProfile,
    network: Network,
    pooler: Pooler,
}

/// What a text that is no query is to the embedder; see [`Embedder::encode_query`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Document,
    /// No prefix, cut at the network's own limit.
    Raw,
}

impl Part for EmbedderProfile {
    const KIND: Kind = Kind::Embedder;

    fn of(profile: &Profile) -> Option<&Self> {
        profile.embedder.as_ref()
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }
}

impl EmbedderProfile {
    /// How a model that no profile names is used: as its own files say.
    fn of_files(files: &ModelFiles) -> Self {
        EmbedderProfile {
            source: None,
            revision: None,
            dtype: Precision::Auto,
            pooling: files.modules.pooling.unwrap_or_default(),
            query_prefix: files.modules.query_prompt.clone().unwrap_or_default(),
            query_cap: None,
            document_prefix: files.modules.document_prompt.clone().unwrap_or_default(),
            document: DocumentTemplate::default(),
            max_tokens: files.modules.max_tokens.unwrap_or(usize::MAX),
            query_parts: NonZeroUsize::MIN,
            similarity: Similarity::F32,
            fit: None,
            fusion: None,
        }
    }
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
        let Choice { source, part } = choose::<EmbedderProfile>(profiles, name)?;
        pool::run(|| {
            let files = source.open(Kind::Embedder)?;
            let profile = part.unwrap_or_else(|| EmbedderProfile::of_files(&files));
            let network = Network::load(&files, &files.weights()?, placement, profile.dtype)?;
            let profile = EmbedderProfile { max_tokens: profile.max_tokens.min(network.longest()), ..profile };
            // What changes no vector is no part of its name in the cache.
            let settings = EmbedderProfile {
                source: None,
                revision: None,
                dtype: Precision::Auto,
                fit: None,
                fusion: None,
                ..profile.clone()
            };
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

    /// The protocol badge.
    pub fn badge(&self) -> Badge {
        Badge::of_embedder(&self.id, &self.profile, self.placement())
    }

    /// The text this model reads of a skill.
    pub fn document(&self, skill: &Skill, fields: FieldSet) -> Document {
        self.profile.document.render(skill, fields)
    }

    /// A text as the network reads it. Offsets and `seen_bytes` count from the start of `text`; a prefix is special.
    pub fn encode(&self, text: &str, role: Role) -> Encoding {
        let tokenizer = &self.network.tokenizer;
        match role {
            Role::Document => tokenizer.encode_head(&self.profile.document_prefix, text, self.profile.max_tokens),
            Role::Raw => tokenizer.encode(text, self.network.longest()),
        }
    }

    /// A query as the network reads it, in parts where it is long and the profile says so.
    pub fn encode_query(&self, text: &str) -> Vec<Encoding> {
        let EmbedderProfile { query_prefix, max_tokens, query_parts, .. } = &self.profile;
        let kept = self.profile.query_cap.map_or(text, |cap| first_chars(text, cap));
        self.network.tokenizer.encode_parts(query_prefix, kept, *max_tokens, *query_parts)
    }

    /// One unit vector per query.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    pub fn embed_queries(&self, texts: &[&str], stop: Stop) -> Result<Vec<Vec<f32>>, ModelError> {
        let read: Vec<_> = texts.iter().map(|text| self.encode_query(text)).collect();
        self.embed_parts(&read, stop)
    }

    /// One unit vector per text that is read in parts: the mean of theirs.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    pub fn embed_parts(&self, texts: &[Vec<Encoding>], stop: Stop) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = self.embed(&texts.concat(), stop)?.into_iter();
        let mean = |parts: &Vec<Encoding>| self.mean(vectors.by_ref().take(parts.len()).collect());
        Ok(texts.iter().map(mean).collect())
    }

    /// Of unit vectors, as one.
    fn mean(&self, mut parts: Vec<Vec<f32>>) -> Vec<f32> {
        let mut sum = parts.pop().unwrap_or_default();
        if parts.is_empty() {
            return sum;
        }
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
        self.kept(pooling::unit(sum))
    }

    /// One unit vector per text. A text gets the same vector whatever its neighbours. Asks `stop` between layers.
    ///
    /// # Errors
    /// [`ModelError::Stopped`], or an encoding that is not of this model.
    pub fn embed(&self, texts: &[Encoding], stop: Stop) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = vec![Vec::new(); texts.len()];
        self.network.run(&self.id, texts, self.pooler.output(), stop, |step, hidden| {
            let pooled = self.pooler.pool(&hidden, step.iter().map(|&text| &texts[text]));
            for (&text, vector) in step.iter().zip(pooled) {
                vectors[text] = self.kept(vector);
            }
        })?;
        Ok(vectors)
    }

    /// What the similarity leaves of a vector: in bf16 it is no longer of length 1, to 2^-9 relative.
    fn kept(&self, mut vector: Vec<f32>) -> Vec<f32> {
        if self.profile.similarity == Similarity::Bf16 {
            vector.iter_mut().for_each(|x| *x = bf16::from_f32(*x).to_f32());
        }
        vector
    }
}
