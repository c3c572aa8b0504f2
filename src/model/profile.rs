//! A profile: everything that makes a number comparable, as data (`assets/profiles/*.toml`).

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::Precision;
use super::decision::{Fit, Fusion, Prior, PriorWeight};
use crate::text::{DocumentTemplate, WrittenPrompt};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Mean over all tokens, special ones included (sentence-transformers).
    #[default]
    Mean,
    /// The first token.
    Cls,
    /// The largest value of each dimension over all tokens.
    Max,
    /// The last token: the tokenizer's end token where its post-processor adds one (Qwen3-Embedding).
    LastToken,
}

impl Pooling {
    pub fn label(self) -> &'static str {
        match self {
            Pooling::Mean => "mean",
            Pooling::Cls => "first-token",
            Pooling::LastToken => "last-token",
            Pooling::Max => "maximum",
        }
    }
}

/// How two unit vectors become a similarity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Similarity {
    /// Inner product in f32.
    #[default]
    F32,
    /// Vectors and inner product rounded to bf16 (SkillRouter's evaluation script; papers.md 1.5): between 0.5 and 1
    /// in steps of 2^-8, so that many skills tie; ties keep the library's order.
    Bf16,
}

impl Similarity {
    pub fn label(self) -> &'static str {
        match self {
            Similarity::F32 => "f32",
            Similarity::Bf16 => "bf16",
        }
    }
}

/// What a causal reranker's answer is turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// logit(yes) − logit(no), f32.
    #[default]
    LogOdds,
    /// The probability of yes among the two as SkillRet's script has it, in f16: it saturates at 1 (papers.md 1.6).
    ProbabilityF16,
}

impl Score {
    pub fn label(self) -> &'static str {
        match self {
            Score::LogOdds => "log-odds",
            Score::ProbabilityF16 => "f16 probability",
        }
    }
}

/// How a bi-encoder is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderProfile {
    /// "builtin", a directory (a relative one is looked up from where the program runs), or a hub repository. `None`
    /// where nobody has published one: the profile is then there to build on.
    pub source: Option<String>,
    #[serde(default)]
    pub revision: Option<String>,
    /// What its authors ran it in.
    #[serde(default)]
    pub dtype: Precision,
    #[serde(default)]
    pub pooling: Pooling,
    #[serde(default)]
    pub query_prefix: String,
    /// Cap of the request in code points, before the prefix is put before it.
    #[serde(default)]
    pub query_cap: Option<usize>,
    #[serde(default)]
    pub document_prefix: String,
    #[serde(default)]
    pub document: DocumentTemplate,
    /// Longest query and document in tokens.
    pub max_tokens: usize,
    /// A query that is longer is read in parts of about equal length, so many at most, and its vector is the mean of
    /// theirs: what is asked for may stand in the last line of a task.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub query_parts: NonZeroUsize,
    #[serde(default)]
    pub similarity: Similarity,
    /// When what stage 1 puts first fits; `None` where nobody has calibrated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// How its cosines are joined with the score by words; `None` where nobody has calibrated it: reciprocal ranks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fusion: Option<Fusion>,
}

fn one_part() -> NonZeroUsize {
    NonZeroUsize::MIN
}

fn is_one_part(parts: &NonZeroUsize) -> bool {
    *parts == one_part()
}

/// How a cross-encoder is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RerankerProfile {
    /// As [`EmbedderProfile::source`].
    pub source: Option<String>,
    #[serde(default)]
    pub revision: Option<String>,
    #[serde(default)]
    pub dtype: Precision,
    /// Cap of the request in code points.
    #[serde(default)]
    pub query_cap: Option<usize>,
    #[serde(default)]
    pub document: DocumentTemplate,
    /// Longest pair in tokens.
    pub max_tokens: usize,
    /// `None` for a network that reads a pair of texts (BERT).
    #[serde(default)]
    pub prompt: Option<PromptProfile>,
    #[serde(default)]
    pub score: Score,
    /// How much of stage 1 is in the final order, by ranks.
    #[serde(default, skip_serializing_if = "PriorWeight::is_none")]
    pub rank_prior: PriorWeight,
    /// The same by scores: what counts instead where the shortlist was made by adding scores ([`Fusion`]).
    #[serde(default, skip_serializing_if = "PriorWeight::is_none")]
    pub score_prior: PriorWeight,
    /// Added to it for each token of the request, up to `max_tokens`: of a long one the network reads a part, and so of
    /// the skill beside it.
    #[serde(default, skip_serializing_if = "PriorWeight::is_none")]
    pub score_prior_per_token: PriorWeight,
}

impl RerankerProfile {
    /// What of a shortlist is mixed into the final order of a request of so many tokens.
    pub fn prior(&self, fusion: Option<Fusion>, tokens: usize) -> Prior {
        let by_score = self.score_prior.plus(self.score_prior_per_token, tokens.min(self.max_tokens));
        match fusion {
            Some(_) if !by_score.is_none() => Prior::Scores(by_score),
            _ => Prior::Ranks(self.rank_prior),
        }
    }
}

/// The prompt of a causal reranker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "lowercase", deny_unknown_fields)]
pub enum PromptProfile {
    /// Written out in the profile.
    Written(WrittenPrompt),
    /// The chat template of the model's repository, with this as its system message.
    Repository { instruction: Option<String> },
}

impl PromptProfile {
    pub fn instruction(&self) -> Option<&str> {
        match self {
            PromptProfile::Written(prompt) => Some(&prompt.instruction),
            PromptProfile::Repository { instruction } => instruction.as_deref(),
        }
    }
}

/// A choice where paper, card and code of a model conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What the choice is about, one line for people.
    pub about: String,
    /// What the profile says without being asked.
    pub default: String,
    /// What each other choice lays over the profile.
    pub choices: BTreeMap<String, toml::Table>,
}

impl Setting {
    /// All choices, the default first.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let others = self.choices.keys().map(String::as_str).filter(|choice| *choice != self.default);
        std::iter::once(self.default.as_str()).chain(others)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub name: String,
    /// One line for people.
    pub about: String,
    /// The profile it was built on, already laid under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// `None` if it has none: another profile's is to be combined with it.
    #[serde(default)]
    pub embedder: Option<EmbedderProfile>,
    #[serde(default)]
    pub reranker: Option<RerankerProfile>,
    #[serde(default)]
    pub options: BTreeMap<String, Setting>,
}
