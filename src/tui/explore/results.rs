//! What the engine said about the newest request, and nothing about older ones (design invariant 2).

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Request, SearchRequest};
use crate::library::{Library, SkillIx, Text};
use crate::model::Prior;
use crate::search::{Hit, QueryId, Ranked, Reranking, Settings, Shortlist};

/// Pause before stage 2 after a typed character (tui.md, practice 4).
pub const RERANK_DELAY: Duration = Duration::from_millis(120);

/// What was asked last: asking the same again would only throw work away.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    text: Arc<str>,
    settings: Settings,
    pinned: Option<String>,
}

#[derive(Debug, Default)]
pub struct Results {
    newest: QueryId,
    asked: Option<Asked>,
    shortlist: Option<Arc<Shortlist>>,
    /// From the moment the shortlist is there, unscored at first.
    reranking: Option<Arc<Reranking>>,
    failed: Option<Text>,
}

impl Results {
    pub fn newest(&self) -> QueryId {
        self.newest
    }

    pub fn shortlist(&self) -> Option<&Arc<Shortlist>> {
        self.shortlist.as_ref()
    }

    pub fn reranking(&self) -> Option<&Arc<Reranking>> {
        self.reranking.as_ref()
    }

    pub fn failed(&self) -> Option<&Text> {
        self.failed.as_ref()
    }

    pub fn library(&self) -> Option<&Arc<Library>> {
        self.shortlist.as_ref().map(|shortlist| &shortlist.library)
    }

    /// A new search, or `None` if exactly this was asked last and `again` does not force it.
    pub fn ask(
        &mut self,
        text: Arc<str>,
        settings: Settings,
        pinned: Option<String>,
        rerank_delay: Duration,
        again: bool,
    ) -> Option<Request> {
        let asked = Asked { text, settings, pinned };
        if !again && self.asked.as_ref() == Some(&asked) {
            return None;
        }
        self.newest = self.newest.next();
        self.failed = None;
        self.asked = Some(asked.clone());
        let Asked { text, settings, pinned } = asked;
        Some(Request::Search(SearchRequest { id: self.newest, text, settings, pinned, rerank_delay }))
    }

    /// No request any more: what still comes for the old ones is stale.
    pub fn forget(&mut self) {
        *self = Results { newest: self.newest.next(), ..Results::default() };
    }

    /// True if it was for the newest request.
    pub fn take_shortlist(&mut self, shortlist: &Arc<Shortlist>) -> bool {
        let fresh = shortlist.id == self.newest && self.asked.is_some();
        if fresh {
            let unscored = vec![None; shortlist.hits.len()];
            self.reranking = shortlist
                .settings
                .rerank
                .then(|| Arc::new(Reranking::new(shortlist.clone(), &unscored, Prior::default(), 0, Duration::ZERO)));
            self.shortlist = Some(shortlist.clone());
        }
        fresh
    }

    pub fn take_reranking(&mut self, reranking: &Arc<Reranking>) -> bool {
        let fresh = reranking.shortlist.id == self.newest && self.asked.is_some();
        if fresh {
            self.shortlist = Some(reranking.shortlist.clone());
            self.reranking = Some(reranking.clone());
        }
        fresh
    }

    pub fn fail(&mut self, id: QueryId, message: &str) -> bool {
        let fresh = id == self.newest;
        if fresh {
            self.failed = Some(Text::line(message));
        }
        fresh
    }

    /// True when what is shown answers what was asked last.
    pub fn is_current(&self) -> bool {
        self.shortlist.as_ref().is_some_and(|shortlist| shortlist.id == self.newest)
    }

    /// Scores of stage 2 that are there; `None` where it does not run.
    pub fn scored(&self) -> Option<(usize, usize)> {
        self.reranking.as_ref().map(|reranking| (reranking.scored, reranking.rows.len()))
    }

    pub fn hits(&self) -> &[Hit] {
        self.shortlist.as_ref().map_or(&[], |shortlist| &shortlist.hits)
    }

    pub fn ranked(&self) -> &[Ranked] {
        self.reranking.as_ref().map_or(&[], |reranking| &reranking.rows)
    }

    pub fn skill(&self, id: &str) -> Option<SkillIx> {
        self.library()?.find(id)
    }
}
