//! What can be chosen by name: the profiles, and what of each is on this machine.

use super::choice::Part;
use super::{ModelSource, Profile, Profiles};

/// Whether a network of a profile can be loaded now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The profile has no such network.
    Without,
    Here,
    /// Its weights are not on this machine.
    Absent,
}

/// One profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// One line for people.
    pub about: String,
    pub embedder: Presence,
    pub reranker: Presence,
}

/// All profiles. Looks for files, so not on a thread that draws.
pub fn catalogue(profiles: &Profiles) -> Vec<Entry> {
    let entry = |profile: &Profile| Entry {
        name: profile.name.clone(),
        about: profile.about.clone(),
        embedder: presence(profile.embedder.as_ref()),
        reranker: presence(profile.reranker.as_ref()),
    };
    profiles.iter().map(entry).collect()
}

fn presence(part: Option<&impl Part>) -> Presence {
    let Some((part, source)) = part.and_then(|part| Some((part, part.source()?))) else { return Presence::Without };
    match ModelSource::parse(source, part.revision()).is_ok_and(|source| source.is_here()) {
        true => Presence::Here,
        false => Presence::Absent,
    }
}
