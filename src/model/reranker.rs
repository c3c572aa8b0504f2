//! The cross-encoder: a request and a document to one score.

use half::f16;

use super::choice::{Choice, Part, choose};
use super::decision::{Fusion, Prior, PriorWeight};
use super::forward::Output;
use super::head::ScoreHead;
use super::network::{self, Network};
use super::qwen3::YesNo;
use super::source::{Architecture, Kind, ModelFiles};
use super::weights::Weights;
use super::{
    Attention, Badge, ModelError, ModelId, Placement, Precision, Profile, Profiles, PromptProfile, RerankerProfile,
    Score, Stop, pool,
};
use crate::library::{Field, FieldSet, Skill};
use crate::text::document::first_chars;
use crate::text::{Document, DocumentTemplate, Encoding, PairPrompt, PairTemplate, Segment, chat};

pub struct Reranker {
    id: ModelId,
    profile: RerankerProfile,
    network: Network,
    reading: Reading,
    head: Head,
}

/// How a request and a document become tokens.
enum Reading {
    /// The tokenizer's own template for two texts (BERT).
    Pair,
    /// A chat prompt.
    Prompt(PairPrompt),
}

/// How the scored position becomes a score.
enum Head {
    Classifier(ScoreHead),
    YesNo(YesNo),
}

impl Head {
    fn score(&self, state: &[f32]) -> f32 {
        match self {
            Head::Classifier(head) => head.score(state),
            Head::YesNo(head) => head.score(state),
        }
    }
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

impl Part for RerankerProfile {
    const KIND: Kind = Kind::Reranker;

    fn of(profile: &Profile) -> Option<&Self> {
        profile.reranker.as_ref()
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }
}

impl RerankerProfile {
    /// How a model that no profile names is used: as its own files say.
    fn of_files(files: &ModelFiles) -> Self {
        RerankerProfile {
            source: None,
            revision: None,
            dtype: Precision::Auto,
            query_cap: None,
            document: DocumentTemplate::default(),
            max_tokens: files.modules.max_tokens.unwrap_or(usize::MAX),
            prompt: None,
            score: Score::LogOdds,
            rank_prior: PriorWeight::default(),
            score_prior: PriorWeight::default(),
            score_prior_per_token: PriorWeight::default(),
        }
    }
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
        let Choice { source, part } = choose::<RerankerProfile>(profiles, name)?;
        pool::run(|| {
            let files = source.open(Kind::Reranker)?;
            let profile = part.unwrap_or_else(|| RerankerProfile::of_files(&files));
            let reading = reading(&profile, &files)?;
            let weights = files.weights()?;
            let head = head(&reading, &files, &weights)?;
            let network = Network::load(&files, &weights, placement, profile.dtype)?;
            let profile = RerankerProfile { max_tokens: profile.max_tokens.min(network.longest()), ..profile };
            let settings = RerankerProfile { source: None, revision: None, dtype: Precision::Auto, ..profile.clone() };
            let id = network::identify(name, &files, &settings, &network)?;
            Ok(Reranker { id, profile, network, reading, head })
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

    /// The protocol badge.
    pub fn badge(&self) -> Badge {
        let template = match &self.reading {
            Reading::Pair => None,
            Reading::Prompt(prompt) => Some(prompt.template()),
        };
        Badge::of_reranker(&self.id, &self.profile, template, self.placement())
    }

    /// The text this model reads of a skill.
    pub fn document(&self, skill: &Skill, fields: FieldSet) -> Document {
        self.capped(self.profile.document.render(skill, fields))
    }

    /// The same from raw parts (name, description, body).
    pub fn document_of_parts(&self, parts: [&str; 3]) -> Document {
        self.document_of(parts, FieldSet::Full)
    }

    /// The same of some of the fields.
    pub fn document_of(&self, parts: [&str; 3], fields: FieldSet) -> Document {
        self.capped(self.profile.document.render_parts(parts, fields))
    }

    /// The cap of the body in tokens, which needs a tokenizer.
    fn capped(&self, mut document: Document) -> Document {
        if let Some(tokens) = self.profile.document.body_tokens {
            let kept = self.network.tokenizer.head_of(&document.text[document.span(Field::Body)], tokens);
            document.shorten_body(kept);
        }
        document
    }

    /// Request and document as the network reads them, at the profile's limit. A long document is read only as
    /// far as needed ([`Encoding::unread`]).
    pub fn encode(&self, request: &str, document: &str) -> Encoding {
        let (request, limit) = (self.request(request), self.profile.max_tokens);
        let tokenizer = &*self.network.tokenizer;
        match &self.reading {
            Reading::Pair => tokenizer.encode_pair_head(request, document, limit),
            Reading::Prompt(prompt) => prompt.encode_head(tokenizer, request, document, limit),
        }
    }

    /// The same ids from texts read to their end, with an exact `total`: for the one pair that is explained.
    pub fn encode_whole(&self, request: &str, document: &str) -> Encoding {
        self.encode_to(self.request(request), document, self.profile.max_tokens)
    }

    /// The same at the network's own limit, with an exact `total` and without a cap of the request.
    pub fn encode_raw(&self, request: &str, document: &str) -> Encoding {
        self.encode_to(request, document, self.network.longest())
    }

    fn encode_to(&self, request: &str, document: &str, limit: usize) -> Encoding {
        let tokenizer = &*self.network.tokenizer;
        match &self.reading {
            Reading::Pair => tokenizer.encode_pair(request, document, limit),
            Reading::Prompt(prompt) => prompt.encode(tokenizer, request, document, limit),
        }
    }

    /// What of a shortlist is mixed into the final order of a request.
    pub fn prior(&self, request: &str, fusion: Option<Fusion>) -> Prior {
        let read = self.network.tokenizer.encode(self.request(request), self.profile.max_tokens);
        let tokens = read.segments.iter().filter(|segment| **segment != Segment::Special).count();
        self.profile.prior(fusion, tokens)
    }

    fn request<'a>(&self, request: &'a str) -> &'a str {
        self.profile.query_cap.map_or(request, |cap| first_chars(request, cap))
    }

    /// The position that is scored.
    fn scored(&self) -> Output {
        match self.reading {
            Reading::Pair => Output::First,
            Reading::Prompt(_) => Output::Last,
        }
    }

    fn score_of(&self, state: &[f32]) -> f32 {
        let raw = self.head.score(state);
        match self.profile.score {
            Score::LogOdds => raw,
            Score::ProbabilityF16 => probability_f16(raw),
        }
    }

    /// Raw scores, one per pair, the same whatever the neighbours. Asks `stop` between layers.
    ///
    /// # Errors
    /// [`ModelError::Stopped`], or an encoding that is not of this model.
    pub fn score(&self, pairs: &[Encoding], stop: Stop) -> Result<Vec<f32>, ModelError> {
        let mut scores = vec![0.0; pairs.len()];
        let width = self.network.hidden_size();
        self.network.run(&self.id, pairs, self.scored(), stop, |step, hidden| {
            for (&pair, state) in step.iter().zip(hidden.values.chunks_exact(width)) {
                scores[pair] = self.score_of(state);
            }
        })?;
        Ok(scores)
    }

    /// The score and the attention of the scored position. The score equals [`Reranker::score`]'s to 1e-5
    /// (design invariant 5). Counts what the encoding left unread of the document, so that its `total` is exact.
    ///
    /// # Errors
    /// As [`Reranker::score`].
    pub fn capture(&self, document: Document, mut encoding: Encoding, stop: Stop) -> Result<Capture, ModelError> {
        let hidden = self.network.capture(&self.id, &encoding, self.scored(), stop)?;
        let score = self.score_of(&hidden.values);
        self.network.tokenizer.complete(&mut encoding, &document.text);
        let empty = || ModelError::Run { model: self.id.name.clone(), reason: "an encoding without tokens".into() };
        Ok(Capture { score, document, encoding, attention: hidden.attention.ok_or_else(empty)? })
    }
}

impl Reranker {
    /// The same capture seen from the request: the mean attention of its tokens instead of the scored position's.
    /// `None` for a causal network, in which a request that stands before the document cannot look at it, and for a
    /// request without tokens. What the last layer gives these tokens no longer reaches the score.
    ///
    /// # Errors
    /// As [`Reranker::score`].
    pub fn from_request(&self, capture: &Capture, stop: Stop) -> Result<Option<Capture>, ModelError> {
        let is_request = |segment: &Segment| *segment == Segment::Query;
        let segments = &capture.encoding.segments;
        let Some(first) = segments.iter().position(is_request) else { return Ok(None) };
        let rows = first..first + segments[first..].iter().take_while(|segment| is_request(segment)).count();
        let attention = self.network.attention_of(&self.id, &capture.encoding, rows, stop)?;
        Ok(attention.map(|attention| Capture { attention, ..capture.clone() }))
    }
}

/// What the profile's prompt needs of the model's files.
fn reading(profile: &RerankerProfile, files: &ModelFiles) -> Result<Reading, ModelError> {
    match &profile.prompt {
        // A causal network reads pairs in no way but a prompt: its own, if it brings one.
        None if matches!(files.architecture, Architecture::Qwen3(_)) => {
            Ok(Reading::Prompt(PairPrompt::new(repository_template(files, None)?, &files.tokenizer)))
        }
        None => Ok(Reading::Pair),
        Some(PromptProfile::Written(prompt)) => {
            Ok(Reading::Prompt(PairPrompt::new(prompt.template(), &files.tokenizer)))
        }
        Some(PromptProfile::Repository { instruction }) => {
            let template = repository_template(files, instruction.as_deref())?;
            Ok(Reading::Prompt(PairPrompt::new(template, &files.tokenizer)))
        }
    }
}

/// The head that goes with the way of reading.
fn head(reading: &Reading, files: &ModelFiles, weights: &Weights) -> Result<Head, ModelError> {
    let fail = |reason: &str| Err(ModelError::File { path: files.directory(), reason: reason.into() });
    match (&files.architecture, reading) {
        (Architecture::Bert(config), Reading::Pair) => Ok(Head::Classifier(ScoreHead::load(weights, config)?)),
        (Architecture::Bert(_), Reading::Prompt(_)) => {
            fail("the profile has a prompt for a causal language model, but the network is an encoder")
        }
        (Architecture::Qwen3(config), _) => {
            let words = || YesNo::words(&files.tokenizer, &format!("{}/tokenizer.json", files.directory()));
            let answer = files.modules.answer.map_or_else(words, Ok)?;
            Ok(Head::YesNo(YesNo::load(weights, config, answer)?))
        }
    }
}

/// The chat template among the model's files.
fn repository_template(files: &ModelFiles, instruction: Option<&str>) -> Result<PairTemplate, ModelError> {
    let modules = &files.modules;
    let fail = |reason: String| {
        let hint = "its prompt can be written out in a profile instead, see base = \"qwen3-0.6b\"";
        ModelError::File { path: files.directory(), reason: format!("{reason}; {hint}") }
    };
    let lacks = || fail("no chat template is among the files".into());
    let source = modules.chat_template.as_deref().ok_or_else(lacks)?;
    chat::pair_template(source, instruction, &modules.special_tokens, &files.tokenizer).map_err(fail)
}

/// `log_softmax` of two logits and `exp` after it, each computed in f32 and rounded to f16, as CUDA does with f16
/// logits. Their own rounding to f16 is left out: it is the network's, if it runs in f16.
fn probability_f16(log_odds: f32) -> f32 {
    let rounded = |x: f32| f16::from_f32(x).to_f32();
    // ln σ(x) = −ln(1 + e^−x), from the side on which e does not overflow.
    let log_sigmoid = log_odds.min(0.0) - (-log_odds.abs()).exp().ln_1p();
    rounded(rounded(log_sigmoid).exp())
}

#[cfg(test)]
#[path = "reranker_tests.rs"]
mod tests;
