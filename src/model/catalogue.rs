//! What can be chosen by name: the profiles, and what of each is on this machine.

use super::{ModelSource, Profiles};

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
    let presence = |source: &str, revision: Option<&str>| match ModelSource::parse(source, revision)
        .is_ok_and(|source| source.is_here())
    {
        true => Presence::Here,
        false => Presence::Absent,
    };
    let entry = |profile: &super::Profile| Entry {
        name: profile.name.clone(),
        about: profile.about.clone(),
        embedder: presence(&profile.embedder.source, profile.embedder.revision.as_deref()),
        reranker: presence(&profile.reranker.source, profile.reranker.revision.as_deref()),
    };
    profiles.iter().map(entry).collect()
}
