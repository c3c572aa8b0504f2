//! From a name to a part of a profile and the place of its weights.

use super::source::Kind;
use super::{ModelError, ModelSource, Profile, Profiles};

/// Half of a profile.
pub trait Part: Clone {
    const KIND: Kind;
    fn of(profile: &Profile) -> Option<&Self>;
    fn source(&self) -> Option<&str>;
    fn revision(&self) -> Option<&str>;
}

/// What a name stands for.
pub struct Choice<P> {
    pub source: ModelSource,
    /// `None` for a directory or repository that is no profile: its own files say how it is used.
    pub part: Option<P>,
}

/// # Errors
/// If the name is neither a profile that has this half with weights, nor a directory, nor a repository.
pub fn choose<P: Part>(profiles: &Profiles, name: &str) -> Result<Choice<P>, ModelError> {
    let Some(profile) = profiles.resolve(name)? else {
        let source = ModelSource::parse(name, None).map_err(|error| among(error, name, profiles))?;
        return Ok(Choice { source, part: None });
    };
    let lacks = |what: &str| {
        let hint =
            format!("this profile has no {what} ({}); profiles that have: {}", profile.about, having::<P>(profiles));
        ModelError::Unknown { name: name.to_owned(), hint }
    };
    let part = P::of(&profile).ok_or_else(|| lacks(P::KIND.key()))?;
    let place = part.source().ok_or_else(|| lacks("published weights"))?;
    let source = ModelSource::parse(place, part.revision()).map_err(|error| among(error, place, profiles))?;
    Ok(Choice { source, part: Some(part.clone()) })
}

fn having<P: Part>(profiles: &Profiles) -> String {
    let has = |profile: &&Profile| P::of(profile).is_some_and(|part| part.source().is_some());
    profiles.iter().filter(has).map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Says of a name that is no model which names would have been profiles.
fn among(error: ModelError, name: &str, profiles: &Profiles) -> ModelError {
    match error {
        ModelError::Unknown { hint, .. } => {
            let known: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
            ModelError::Unknown { name: name.to_owned(), hint: format!("{hint}; profiles are: {}", known.join(", ")) }
        }
        other => other,
    }
}
