//! The cross-encoder: a request and a document to one score.

use super::forward::Output;
use super::head::ScoreHead;
use super::network::{self, Network};
use super::source::{Architecture, Kind};
use super::{
    Attention, ModelError, ModelId, ModelSource, Placement, Precision, Profiles, RerankerProfile, Stop, pool, unknown,
};
use crate::library::{FieldSet, Skill};
use crate::text::{Document, DocumentTemplate, Encoding};

pub struct Reranker {
    id: ModelId,
    profile: RerankerProfile,
    network: Network,
    head: ScoreHead,
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
    /// `name` is a built-in profile, a directory or a hub repository (which must already be in the local cache).
    ///
    /// # Errors
    /// If there is no such model, or a file of it is damaged or of another kind: the message names the file.
    pub fn load(name: &str, placement: impl Into<Placement>) -> Result<Self, ModelError> {
        Reranker::load_from(&Profiles::builtin()?, name, placement)
    }

    /// The same among the given profiles.
    pub fn load_from(profiles: &Profiles, name: &str, placement: impl Into<Placement>) -> Result<Self, ModelError> {
        let placement = placement.into();
        let chosen = profiles.get(name).map(|profile| profile.reranker.clone());
        let (place, revision) = match &chosen {
            Some(profile) => (profile.source.as_str(), profile.revision.as_deref()),
            None => (name, None),
        };
        let source = ModelSource::parse(place, revision).map_err(|error| unknown(error, name, profiles))?;
        pool::run(|| {
            let files = source.open(Kind::Reranker)?;
            let profile = chosen.unwrap_or_else(|| RerankerProfile {
                source: name.to_owned(),
                revision: None,
                document: DocumentTemplate::default(),
                max_tokens: files.modules.max_tokens.unwrap_or(usize::MAX),
            });
            let weights = files.weights()?;
            let Architecture::Bert(config) = &files.architecture;
            let head = ScoreHead::load(&weights, config)?;
            let network = Network::load(&files, &weights, placement, Precision::Auto)?;
            let profile = RerankerProfile { max_tokens: profile.max_tokens.min(network.longest()), ..profile };
            let settings = RerankerProfile { source: String::new(), revision: None, ..profile.clone() };
            Ok(Reranker { id: network::identify(name, &files, &settings, &network)?, profile, network, head })
        })
    }

    pub fn id(&self) -> &ModelId {
        &self.id
    }

    pub fn profile(&self) -> &RerankerProfile {
        &self.profile
    }

    /// Where it runs, nothing left to choose.
    pub fn placement(&self) -> Placement {
        self.network.placement()
    }

    /// The text this model reads of a skill.
    pub fn document(&self, skill: &Skill, fields: FieldSet) -> Document {
        self.profile.document.render(skill, fields)
    }

    /// Request and document as the network reads them, at the profile's limit. A long document is read only as
    /// far as needed ([`Encoding::unread`]).
    pub fn encode(&self, request: &str, document: &str) -> Encoding {
        self.network.tokenizer.encode_pair_head(request, document, self.profile.max_tokens)
    }

    /// The same ids from texts read to their end, with an exact `total`: for the one pair that is explained.
    pub fn encode_whole(&self, request: &str, document: &str) -> Encoding {
        self.network.tokenizer.encode_pair(request, document, self.profile.max_tokens)
    }

    /// The same at the network's own limit, with an exact `total`.
    pub fn encode_raw(&self, request: &str, document: &str) -> Encoding {
        self.network.tokenizer.encode_pair(request, document, self.network.longest())
    }

    /// Raw scores, one per pair, the same whatever the neighbours. Asks `stop` between layers.
    ///
    /// # Errors
    /// [`ModelError::Stopped`], or an encoding that is not of this model.
    pub fn score(&self, pairs: &[Encoding], stop: Stop) -> Result<Vec<f32>, ModelError> {
        let mut scores = Vec::with_capacity(pairs.len());
        let width = self.network.hidden_size();
        self.network.run(&self.id, pairs, Output::First, stop, |hidden| {
            scores.extend(hidden.values.chunks_exact(width).map(|first| self.head.score(first)));
        })?;
        Ok(scores)
    }

    /// The score and the attention of the scored position. The score equals [`Reranker::score`]'s to 1e-5
    /// (design invariant 5). Counts what the encoding left unread of the document, so that its `total` is exact.
    ///
    /// # Errors
    /// As [`Reranker::score`].
    pub fn capture(&self, document: Document, mut encoding: Encoding, stop: Stop) -> Result<Capture, ModelError> {
        let hidden = self.network.capture(&self.id, &encoding, Output::First, stop)?;
        let score = self.head.score(&hidden.values);
        self.network.tokenizer.complete(&mut encoding, &document.text);
        let empty = || ModelError::Run { model: self.id.name.clone(), reason: "an encoding without tokens".into() };
        Ok(Capture { score, document, encoding, attention: hidden.attention.ok_or_else(empty)? })
    }
}
