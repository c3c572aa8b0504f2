//! What the Author tab asks and is told.

use std::sync::Arc;

use crate::library::edit::{Base, EditError};
use crate::library::{Library, SkillIx, Text};
use crate::search::collisions::Collision;
use crate::search::what_if::advice::{Measured, Reach};
use crate::search::what_if::coexistence::Neighbour;
use crate::search::{Draft, QueryId, Ranking, Settings};

/// A draft of one skill. Everything asked about it carries its id; a newer draft makes work for an older one stop.
#[derive(Debug, Clone)]
pub struct Drafted {
    pub id: QueryId,
    /// Id of the skill, which survives a reload.
    pub skill: String,
    pub draft: Arc<Draft>,
    pub settings: Settings,
}

#[derive(Debug, Clone)]
pub enum AuthorRequest {
    /// The skill's own text, its file, and the tests beside it.
    Open { skill: String },
    /// Where the draft stands for each of these requests.
    WhatIf { drafted: Drafted, requests: Vec<Arc<str>> },
    /// All lenses for one request.
    Advise { drafted: Drafted, request: Arc<str> },
    /// What the skill collides with, and what it does to its neighbours.
    Collisions { drafted: Drafted },
    /// What saving would change.
    Diff { id: QueryId, base: Arc<Base>, draft: Arc<Draft> },
    /// Replace the file by what the diff showed.
    Save { base: Arc<Base>, text: Arc<str> },
}

impl AuthorRequest {
    /// The draft it is about, where one can be out of date.
    pub fn drafted(&self) -> Option<&Drafted> {
        match self {
            AuthorRequest::WhatIf { drafted, .. }
            | AuthorRequest::Advise { drafted, .. }
            | AuthorRequest::Collisions { drafted } => Some(drafted),
            AuthorRequest::Open { .. } | AuthorRequest::Diff { .. } | AuthorRequest::Save { .. } => None,
        }
    }
}

/// A request that should find the skill, or should not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub request: Text,
    pub should: bool,
}

/// A skill on the bench.
#[derive(Debug)]
pub struct Opened {
    pub library: Arc<Library>,
    pub skill: SkillIx,
    /// Its file, or why it can be tried but not saved.
    pub base: Result<Arc<Base>, EditError>,
    /// From the test files beside it.
    pub probes: Vec<Probe>,
    /// Rows of those files that could not be used.
    pub problems: Vec<Text>,
}

/// Where a skill stands for one request, before and now.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub before: Ranking,
    pub now: Ranking,
}

#[derive(Debug, Clone)]
pub enum AuthorEvent {
    Opened(Arc<Opened>),
    /// One probe, by position; once after stage 1 and again after stage 2 where that runs.
    Ranked {
        id: QueryId,
        probe: usize,
        library: Arc<Library>,
        skill: SkillIx,
        standing: Arc<Standing>,
    },
    /// How far the models read; the rows follow.
    Reach {
        id: QueryId,
        request: Arc<str>,
        reach: Vec<Reach>,
    },
    /// One row of advice, by position.
    Advice {
        id: QueryId,
        request: Arc<str>,
        at: usize,
        row: Arc<Measured>,
    },
    Collisions {
        id: QueryId,
        library: Arc<Library>,
        rows: Arc<Vec<Collision>>,
        neighbours: Arc<Vec<Neighbour>>,
    },
    /// The diff, as it may be shown, and the whole new text; an empty diff where nothing would change.
    Diff {
        id: QueryId,
        diff: Text,
        text: Arc<str>,
    },
    Saved(Arc<Base>),
    /// A sentence: nothing was opened, compared or written.
    Refused(String),
    /// A sentence: this draft could not be ranked.
    Failed {
        id: QueryId,
        message: String,
    },
}
