//! What made a number, in words: the protocol badge (papers.md section 9).

use super::{EmbedderProfile, ModelId, Placement, Prior, PromptProfile, RerankerProfile};
use crate::library::FieldSet;
use crate::text::{DocumentTemplate, PairTemplate};

/// How a model was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// Name with its settings, and the precision: for one line of a screen.
    pub short: String,
    /// Everything of the profile that changes a number: for result files.
    pub long: String,
}

impl Badge {
    fn new(id: &ModelId, source: Option<&str>, placement: Placement, parts: Vec<String>) -> Self {
        let short = format!("{} {}", id.name, placement.precision.label());
        let source = source.filter(|source| *source != id.name).map(|source| format!(" ({source})"));
        let parts = parts.join(", ");
        let long = format!("{}{} {placement}, {parts}", id.name, source.unwrap_or_default());
        Badge { short, long }
    }

    pub(super) fn of_embedder(id: &ModelId, profile: &EmbedderProfile, placement: Placement) -> Self {
        let mut parts = Vec::new();
        if !profile.query_prefix.is_empty() {
            parts.push(format!("query prefix {:?}", profile.query_prefix));
        }
        if !profile.document_prefix.is_empty() {
            parts.push(format!("document prefix {:?}", profile.document_prefix));
        }
        parts.extend(profile.query_cap.map(|cap| format!("query at most {cap} characters")));
        parts.extend(document(&profile.document));
        parts.push(format!("at most {} tokens", profile.max_tokens));
        if profile.query_parts.get() > 1 {
            parts.push(format!("a longer query in at most {} parts", profile.query_parts));
        }
        parts.push(format!("{} pooling", profile.pooling.label()));
        parts.push(format!("similarity {}", profile.similarity.label()));
        parts.extend(profile.fit.map(|fit| fit.describe()));
        Badge::new(id, profile.source.as_deref(), placement, parts)
    }

    /// `template` is that of a causal reranker.
    pub(super) fn of_reranker(
        id: &ModelId,
        profile: &RerankerProfile,
        template: Option<&PairTemplate>,
        placement: Placement,
    ) -> Self {
        let mut parts = Vec::new();
        if let Some(instruction) = profile.prompt.as_ref().and_then(PromptProfile::instruction) {
            parts.push(format!("instruction {instruction:?}"));
        }
        if let Some(template) = template {
            parts.push(format!("before the document {:?}", template.between));
        }
        parts.extend(profile.query_cap.map(|cap| format!("query at most {cap} characters")));
        parts.extend(document(&profile.document));
        parts.push(format!("at most {} tokens", profile.max_tokens));
        parts.push(match template {
            Some(_) => format!("score {}", profile.score.label()),
            None => "score logit".into(),
        });
        if !profile.rank_prior.is_none() {
            parts.push(format!("sorted by {}", Prior::Ranks(profile.rank_prior).describe()));
        }
        if !(profile.score_prior.is_none() && profile.score_prior_per_token.is_none()) {
            parts.push(format!("after a fusion of scores by {}", Prior::Scores(profile.score_prior).describe()));
        }
        if !profile.score_prior_per_token.is_none() {
            let each = f32::from(profile.score_prior_per_token);
            parts.push(format!("and {each} more of it for each token of the request"));
        }
        Badge::new(id, profile.source.as_deref(), placement, parts)
    }
}

fn document(template: &DocumentTemplate) -> Vec<String> {
    let caps = [
        ("name", template.caps.name, "characters"),
        ("description", template.caps.description, "characters"),
        ("body", template.caps.body, "characters"),
        ("body", template.body_tokens, "tokens"),
    ];
    let mut parts = vec![format!("fields joined by {:?}", template.separator)];
    let labels = [&template.labels.name, &template.labels.description, &template.labels.body];
    if labels.iter().any(|label| !label.is_empty()) {
        parts.push(format!("labelled {labels:?}"));
    }
    if template.fields != FieldSet::Full {
        parts.push(format!("fields {} at most", template.fields.key()));
    }
    if template.strip {
        parts.push("fields stripped".into());
    }
    let known = caps.into_iter().filter_map(|(field, cap, unit)| Some(format!("{field} at most {} {unit}", cap?)));
    let before = parts.len();
    parts.extend(known);
    if parts.len() == before {
        parts.push("no caps".into());
    }
    parts
}
