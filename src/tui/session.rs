//! What all tabs read and none of them owns.

use std::sync::Arc;

use crate::engine::{Indexing, ModelChoice, ModelState, Request};
use crate::library::Library;
use crate::search::Settings;

use super::action::Tab;
use super::evaluation::Evaluation;

/// The program's state outside any tab; only `App` changes it.
#[derive(Debug)]
pub struct Session {
    /// `None` until the first library is there.
    pub library: Option<Arc<Library>>,
    /// True while the library is a visited one, such as a benchmark's pool, and not what the user opened.
    pub visiting: bool,
    pub models: ModelState,
    /// The names of what serves, or of what is loaded first.
    pub choice: ModelChoice,
    /// Other networks that are being loaded meanwhile.
    pub switching: Option<ModelChoice>,
    pub indexing: Option<Indexing>,
    /// Settings of live search; a tab changes them through [`Outbox::settings`].
    pub settings: Settings,
    /// The run under way or the last one; Evaluate and the pane in Explore show the same.
    pub evaluation: Evaluation,
    /// True when a frame may use only ASCII in its chrome.
    pub ascii: bool,
}

/// What a tab wants to happen after its update.
#[derive(Debug, Default)]
pub struct Outbox {
    pub requests: Vec<Request>,
    /// A sentence for the status line.
    pub status: Option<String>,
    /// New settings for live search.
    pub settings: Option<Settings>,
    pub go_to: Option<Tab>,
    /// Open this request in Explore, with these skill ids marked as gold.
    pub explore: Option<OpenInExplore>,
    /// Follow the skill with this id as "mine" in Explore, or stop if it is followed.
    pub pin: Option<String>,
    /// Put the skill with this id on Author's bench, and go there.
    pub author: Option<String>,
    /// Keep this request as a probe there.
    pub probe: Option<String>,
    /// A text for the user's own editor.
    pub edit: Option<String>,
    /// Text for the clipboard.
    pub copy: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct OpenInExplore {
    pub request: String,
    pub gold: Vec<String>,
}
