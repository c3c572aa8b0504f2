//! The closed set of what may be asked of the engine and what it answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::explain::erasure::{Pair, Rivals};
use crate::explain::{Contrast, Erased, Grain, Manner, Reading, Retrieval};
use crate::library::load::Source;
use crate::library::{FieldSet, Library, SkillIx, Text};
use crate::model::catalogue::Entry;
use crate::model::{Capture, Device, ModelId, Placement};
use crate::search::groups::{Grouping, Groups};
use crate::search::{QueryId, Reranking, Settings, Shortlist};

pub use super::author::messages::{AuthorEvent, AuthorRequest};

pub use super::evaluation::messages::{
    BenchEntry, BenchEvent, BenchRequest, Described, EvalEvent, EvalRequest, RunId, RunLine,
};

/// Which two networks, each named by a profile, a directory or a repository; they need not be of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelChoice {
    pub embedder: String,
    /// `None` for no reranker.
    pub reranker: Option<String>,
}

impl Default for ModelChoice {
    fn default() -> Self {
        let builtin = || crate::model::profiles::DEFAULT.to_owned();
        ModelChoice { embedder: builtin(), reranker: Some(builtin()) }
    }
}

impl ModelChoice {
    /// As it may be shown.
    pub fn label(&self) -> String {
        let reranker = self.reranker.as_deref().unwrap_or("no reranker");
        Text::line(format!("{} + {reranker}", self.embedder)).shown().to_owned()
    }
}

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    pub source: Source,
    /// Where vectors are kept; `None` keeps them in memory.
    pub cache: Option<PathBuf>,
    /// What is loaded first.
    pub models: ModelChoice,
    pub placement: Placement,
    /// Folders of benchmarks that can be run by name, and the cache of what was fetched from the hub.
    pub benchmarks: Vec<PathBuf>,
    pub hub: Option<PathBuf>,
    /// Where evaluation runs are kept; `None` forgets them.
    pub runs: Option<PathBuf>,
    /// Where the user's profiles are, if anywhere.
    pub profiles: Option<PathBuf>,
    /// Reload when files change.
    pub watch: bool,
    /// Build usearch's graph once the vectors are there, whatever the library's size.
    pub approximate: bool,
}

#[derive(Debug, Clone)]
pub struct SearchRequest {
    pub id: QueryId,
    pub text: Arc<str>,
    pub settings: Settings,
    /// Id of the skill whose standing is wanted wherever it is.
    pub pinned: Option<String>,
    /// How long to wait for a newer request before stage 2 starts: zero after a paste or Enter.
    pub rerank_delay: Duration,
}

/// One skill of the library that is on screen, and the request it stands there for.
#[derive(Debug, Clone)]
pub struct Subject {
    pub id: QueryId,
    pub text: Arc<str>,
    pub settings: Settings,
    pub library: Arc<Library>,
    pub skill: SkillIx,
}

impl Subject {
    /// Whether both are about the same skill of the same search; one search may be answered from two libraries.
    pub fn is(&self, other: &Subject) -> bool {
        (self.id, self.skill) == (other.id, other.skill) && Arc::ptr_eq(&self.library, &other.library)
    }
}

#[derive(Debug, Clone)]
pub struct EraseRequest {
    pub subject: Subject,
    pub grain: Grain,
    pub manner: Manner,
    /// The other scores of the shortlist, if there are any.
    pub rivals: Option<Rivals>,
}

#[derive(Debug)]
pub enum Request {
    /// Replaces any search still under way.
    Search(SearchRequest),
    /// Attention for one skill of the library that is on screen, with what this reading of it needs besides.
    Explain {
        subject: Subject,
        reading: Reading,
    },
    /// What becomes of its score without each piece of it; replaces an erasure still under way, and ends with its
    /// search.
    Erase(EraseRequest),
    /// Why stage 1 found it, or did not.
    ExplainRetrieval(Subject),
    /// Whose words won, its own or those of another skill of the same library; replaces a contrast still under way, and
    /// ends with its search.
    Contrast {
        subject: Subject,
        other: SkillIx,
    },
    /// The library in groups, by the vectors of these fields where vectors decide; replaces one still asked for.
    Group {
        by: Grouping,
        fields: FieldSet,
    },
    /// Read the library again, whatever the watcher saw.
    Reload,
    /// Load other networks in the background; the old ones serve until they are there.
    UseModels(ModelChoice),
    /// What could be loaded.
    ListModels,
    /// Visit another library (a benchmark's pool), or with `None` come back to the one the engine was started with.
    Open(Option<Source>),
    Evaluate(EvalRequest),
    PauseEvaluation {
        run: RunId,
        paused: bool,
    },
    CancelEvaluation(RunId),
    /// About one skill that is being written.
    Author(AuthorRequest),
    /// About benchmarks and kept runs.
    Bench(BenchRequest),
    Shutdown,
}

#[derive(Debug, Clone)]
pub enum ModelState {
    Loading,
    Ready {
        embedder: ModelId,
        reranker: Option<ModelId>,
        device: Device,
        /// The protocol badges, whole: bi-encoder, how its list is joined with that of words, cross-encoder.
        protocol: Vec<String>,
        took: Duration,
    },
    /// A sentence; lexical search goes on.
    Failed(String),
}

/// Networks being loaded beside those that serve. [`Response::Models`] says when they serve.
#[derive(Debug, Clone)]
pub enum Switching {
    Started(ModelChoice),
    /// A sentence; the old ones go on.
    Failed(String),
}

/// A second capture of the pair, by the same network.
#[derive(Debug, Clone)]
pub enum Beside {
    /// Seen from the request; `None` in a causal network.
    FromRequest(Option<Arc<Capture>>),
    /// For the empty request.
    ContentFree(Arc<Capture>),
}

/// Vectors being built in the background.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Indexing {
    pub ready: usize,
    pub of: usize,
    pub tokens_per_second: f64,
    pub finished: bool,
}

#[derive(Debug, Clone)]
pub enum Response {
    /// A library was loaded, or loaded again.
    Library(Arc<Library>),
    /// Whether the library that follows is a visited one.
    Visiting(bool),
    Models(ModelState),
    Switching(Switching),
    ModelList(Arc<Vec<Entry>>),
    Indexing(Indexing),
    Stage1(Arc<Shortlist>),
    /// Once per batch; `is_finished` on the last.
    Stage2(Arc<Reranking>),
    Explained {
        id: QueryId,
        skill: SkillIx,
        library: Arc<Library>,
        capture: Arc<Capture>,
        /// What was asked for besides; `None` for [`Reading::Scored`].
        beside: Option<Beside>,
    },
    /// Once per step; [`Erased::is_finished`] on the last.
    Erased {
        id: QueryId,
        skill: SkillIx,
        library: Arc<Library>,
        pair: Arc<Pair>,
        erased: Arc<Erased>,
    },
    /// Words first, then once more with the sentences if there is an embedder.
    Retrieved {
        id: QueryId,
        skill: SkillIx,
        library: Arc<Library>,
        retrieval: Arc<Retrieval>,
    },
    /// Once per step; the contrast with the last.
    Contrasted {
        id: QueryId,
        skill: SkillIx,
        other: SkillIx,
        library: Arc<Library>,
        /// Pairs done, and how many there are at most.
        progress: (usize, usize),
        contrast: Option<Arc<Contrast>>,
    },
    Grouped(Arc<Groups>),
    Eval(EvalEvent),
    Bench(BenchEvent),
    Author(AuthorEvent),
    /// A sentence for the status line; work goes on.
    Notice(String),
    /// This request could not be answered.
    Failed {
        id: QueryId,
        message: String,
    },
}
