//! The bi-encoder: text to a unit vector.

use super::choice::{Choice, Part, choose};
use super::forward::{Hidden, Output};
use super::network::{self, Network};
use super::source::{Kind, ModelFiles};
use super::{
    Badge, EmbedderProfile, ModelError, ModelId, Placement, Pooling, Precision, Profile, Profiles, Similarity, Stop,
    pool,
};
use crate::library::{FieldSet, Skill};
use crate::text::document::first_chars;
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
            pooling: files.pooling.unwrap_or_default(),
            query_prefix: String::new(),
            query_cap: None,
            document_prefix: String::new(),
            document: DocumentTemplate::default(),
            max_tokens: files.max_tokens.unwrap_or(usize::MAX),
            similarity: Similarity::F32,
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
            let settings = EmbedderProfile { source: None, revision: None, dtype: Precision::Auto, ..profile.clone() };
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
        let limit = self.profile.max_tokens;
        match role {
            Role::Query => {
                let kept = self.profile.query_cap.map_or(text, |cap| first_chars(text, cap));
                tokenizer.encode_head(&self.profile.query_prefix, kept, limit)
            }
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
        let rounded = self.profile.similarity == Similarity::Bf16;
        vectors.map(unit).map(|vector| if rounded { to_bf16(vector) } else { vector }).collect()
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

/// What remains of the numbers in bf16; the vector is no longer of length 1, to 2^-9 relative.
fn to_bf16(mut vector: Vec<f32>) -> Vec<f32> {
    vector.iter_mut().for_each(|x| *x = half::bf16::from_f32(*x).to_f32());
    vector
}
