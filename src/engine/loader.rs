//! Loads networks beside whatever serves. A newer choice makes an older one's result worthless.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::model::{Embedder, ModelError, Profiles, Reranker};

use super::Shared;
use super::builder::Job;
use super::messages::ModelChoice;

/// Networks that can serve.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub choice: ModelChoice,
    pub embedder: Arc<Embedder>,
    pub reranker: Option<Arc<Reranker>>,
    pub took: Duration,
}

/// Number of a choice; only the newest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ticket(u64);

#[derive(Default)]
pub(super) struct Loader {
    newest: Ticket,
}

impl Loader {
    pub fn is_newest(&self, ticket: Ticket) -> bool {
        self.newest == ticket
    }

    /// Starts loading; the outcome comes back as [`Job::Models`]. A network that serves already under the wanted name
    /// is kept, unless both are wanted again: then somebody has changed their files.
    pub fn start(&mut self, shared: &Arc<Shared>, choice: ModelChoice, serving: Option<&Loaded>, jobs: &Sender<Job>) {
        self.newest.0 += 1;
        let ticket = self.newest;
        let serving = serving.filter(|serving| serving.choice != choice).cloned();
        let (shared, jobs) = (shared.clone(), jobs.clone());
        std::thread::spawn(move || {
            let loaded = load(&shared, choice, serving.as_ref()).map_err(|error| error.to_string());
            let _ = jobs.send(Job::Models(ticket, loaded));
        });
    }
}

/// Both side by side.
fn load(shared: &Shared, choice: ModelChoice, serving: Option<&Loaded>) -> Result<Loaded, ModelError> {
    let start = Instant::now();
    let placement = shared.options.placement;
    // Read anew each time: somebody may have written one meanwhile.
    let profiles = Profiles::with_users(shared.options.profiles.as_deref())?;
    let reranker = || match (&choice.reranker, serving) {
        (None, _) => Ok(None),
        (Some(_), Some(serving)) if serving.choice.reranker == choice.reranker => Ok(serving.reranker.clone()),
        (Some(name), _) => Reranker::load_from(&profiles, name, placement).map(|reranker| Some(Arc::new(reranker))),
    };
    let embedder = || match serving {
        Some(serving) if serving.choice.embedder == choice.embedder => Ok(serving.embedder.clone()),
        _ => Embedder::load_from(&profiles, &choice.embedder, placement).map(Arc::new),
    };
    let (embedder, reranker) = std::thread::scope(|scope| {
        let reranker = scope.spawn(reranker);
        let embedder = embedder();
        let reranker = reranker.join().unwrap_or_else(|_| {
            Err(ModelError::Run { model: "reranker".into(), reason: "loading it failed; see the log".into() })
        });
        (embedder, reranker)
    });
    let (embedder, reranker) = (embedder?, reranker?);
    Ok(Loaded { choice, embedder, reranker, took: start.elapsed() })
}
