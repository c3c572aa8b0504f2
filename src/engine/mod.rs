//! The threads behind every interface. One engine: live search, indexing, watching and evaluation share its models
//! and caches, and live search comes first.
//!
//! This room stands below `explain` and `eval` because it runs them; the interface only sends a [`Request`] and reads
//! [`Response`]s.
//!
//! ```text
//!            Request ┌────────┐ snapshot ┌─────────┐
//! interface ────────▶│ search │◀─────────│ builder │  loads models and library, watches, embeds in the background
//!     ▲              └────────┘          └─────────┘
//!     └── Response ──────┴──── one thread per evaluation
//! ```
//!
//! A panic in any of them is caught in its own thread and becomes a [`Response::Notice`]; the terminal is not touched.

pub mod author;
mod builder;
pub mod evaluation;
mod explaining;
mod gate;
mod loader;
pub mod messages;
mod search;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::library::Text;
use crate::model::pool;
use crate::search::{Pipeline, QueryId, SearchError};

pub use author::messages::{AuthorEvent, AuthorRequest, Drafted, Opened, Probe, Standing};
pub use messages::{
    BenchEntry, BenchEvent, BenchRequest, Beside, Described, EngineOptions, EraseRequest, EvalEvent, EvalRequest,
    Indexing, ModelChoice, ModelState, Request, Response, RunId, RunLine, SearchRequest, Subject, Switching,
};

/// What the engine's threads share.
pub(crate) struct Shared {
    /// The newest snapshot; `None` until a library is there. Held only to copy or replace it.
    pipeline: Mutex<Option<Pipeline>>,
    /// The newest request sent: older work stops when it sees it.
    newest: AtomicU64,
    /// The newest draft sent, likewise.
    drafted: AtomicU64,
    stopping: AtomicBool,
    gate: gate::Gate,
    responses: Sender<Response>,
    kept: evaluation::Kept,
    options: EngineOptions,
}

impl Shared {
    fn pipeline(&self) -> MutexGuard<'_, Option<Pipeline>> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Option<Pipeline> {
        self.pipeline().clone()
    }

    fn publish(&self, response: Response) {
        // The interface may be gone already; then there is nobody to tell.
        let _ = self.responses.send(response);
    }

    fn notice(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        tracing::info!("{sentence}");
        self.publish(Response::Notice(sentence));
    }

    /// This request could not be answered.
    fn fail(&self, id: QueryId, error: &SearchError) {
        tracing::warn!("request {}: {error}", id.0);
        self.publish(Response::Failed { id, message: error.to_string() });
    }

    fn newest(&self) -> QueryId {
        QueryId(self.newest.load(Ordering::Acquire))
    }

    fn is_newest(&self, id: QueryId) -> bool {
        self.newest() == id
    }

    fn is_drafted(&self, id: QueryId) -> bool {
        self.drafted.load(Ordering::Acquire) == id.0
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// What wakes the search thread.
pub(crate) enum Wake {
    Request(Request),
    /// The snapshot changed: the request on screen may have a better answer.
    Changed,
}

/// A running engine. Dropping it stops its threads within one layer of a network.
pub struct Engine {
    shared: Arc<Shared>,
    wake: Sender<Wake>,
    responses: Receiver<Response>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Starts loading at once; the first responses say what is there.
    pub fn start(options: EngineOptions) -> Self {
        pool::give_way();
        let (responses_in, responses) = unbounded();
        let (wake, woken) = unbounded();
        let (jobs_in, jobs) = unbounded();
        let shared = Arc::new(Shared {
            pipeline: Mutex::new(None),
            newest: AtomicU64::new(0),
            drafted: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            gate: gate::Gate::default(),
            responses: responses_in,
            kept: evaluation::Kept::default(),
            options,
        });
        let threads = vec![
            spawn("builder", &shared, {
                let (jobs_in, wake) = (jobs_in.clone(), wake.clone());
                move |shared| builder::run(shared, &jobs, &jobs_in, &wake)
            }),
            spawn("search", &shared, move |shared| search::run(shared, &woken, &jobs_in)),
        ];
        Engine { shared, wake, responses, threads }
    }

    /// See [`EngineHandle::send`].
    pub fn send(&self, request: Request) -> bool {
        self.handle().send(request)
    }

    pub fn responses(&self) -> &Receiver<Response> {
        &self.responses
    }

    /// A sender that other threads may keep.
    pub fn handle(&self) -> EngineHandle {
        EngineHandle { shared: self.shared.clone(), wake: self.wake.clone() }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.send(Request::Shutdown);
        for thread in self.threads.drain(..) {
            // A panic was already reported by the thread itself.
            let _ = thread.join();
        }
    }
}

/// Sends requests to an [`Engine`].
#[derive(Clone)]
pub struct EngineHandle {
    shared: Arc<Shared>,
    wake: Sender<Wake>,
}

impl EngineHandle {
    /// Never blocks; false if the engine has stopped. A search makes older work stop from here on, before the engine
    /// has even woken.
    pub fn send(&self, request: Request) -> bool {
        match &request {
            Request::Search(search) => self.shared.newest.store(search.id.0, Ordering::Release),
            Request::Author(request) => {
                if let Some(drafted) = request.drafted() {
                    self.shared.drafted.store(drafted.id.0, Ordering::Release);
                }
            }
            Request::Shutdown => self.shared.stopping.store(true, Ordering::Release),
            _ => {}
        }
        self.wake.send(Wake::Request(request)).is_ok()
    }
}

/// A named thread whose panic becomes a notice.
fn spawn(name: &'static str, shared: &Arc<Shared>, work: impl FnOnce(&Arc<Shared>) + Send + 'static) -> JoinHandle<()> {
    let shared = shared.clone();
    let run = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(&shared))) {
            let what = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown cause");
            shared.notice(format!("the {name} thread failed ({}); see the log, then restart", Text::line(what)));
        }
    };
    match std::thread::Builder::new().name(format!("skillscope-{name}")).spawn(run) {
        Ok(thread) => thread,
        // Out of threads: nothing can run, so say it by ending the engine's side of the channel.
        Err(error) => {
            tracing::error!("cannot start the {name} thread: {error}");
            std::thread::spawn(|| {})
        }
    }
}
