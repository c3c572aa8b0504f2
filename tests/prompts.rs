//! Prompts of the published routers: their texts are those of the papers, their tokens those of transformers.

#[path = "prompts/texts.rs"]
mod texts;
#[path = "prompts/tokens.rs"]
mod tokens;

use skillscope::model::{Profile, Profiles, PromptProfile};
use skillscope::text::PairTemplate;

pub fn profile(name: &str) -> Profile {
    Profiles::builtin().unwrap().resolve(name).unwrap().unwrap_or_else(|| panic!("no profile {name}"))
}

/// The reranker's template, if the profile has it written out.
pub fn written(profile: &Profile) -> Option<PairTemplate> {
    match profile.reranker.as_ref()?.prompt.as_ref()? {
        PromptProfile::Written(prompt) => Some(prompt.template()),
        PromptProfile::Repository { .. } => None,
    }
}
