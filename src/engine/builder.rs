//! The builder thread: loads models and library, watches files, and embeds what has no vector yet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use crate::index::vectors::EXACT_UP_TO;
use crate::index::{DenseIndex, LexicalIndex, VectorStore};
use crate::library::load::Source;
use crate::library::watch::{Watch, watch};
use crate::library::{self, FieldSet, Library, RootKind};
use crate::model::catalogue::catalogue;
use crate::model::{ModelError, Profiles};
use crate::search::assemble::open_store;
use crate::search::fusion::joined;
use crate::search::vectorise::{self, Event, dense_index};
use crate::search::{Courtesy, Pipeline};

use super::loader::{Loaded, Loader, Ticket};
use super::messages::{Indexing, ModelChoice, ModelState, Response, Switching};
use super::{Shared, Wake};

/// While vectors are being built, the request on screen is answered again at most this often.
const REFRESH: Duration = Duration::from_secs(1);

pub(crate) enum Job {
    /// Read the library again.
    Reload,
    /// Read another one; `None` is the one the engine was started with.
    Open(Option<Source>),
    /// Vectors of this field set are wanted, before any other.
    Want(FieldSet),
    /// Load other networks.
    Use(ModelChoice),
    ListModels,
    Models(Ticket, Result<Loaded, String>),
    Shutdown,
}

pub(super) fn run(shared: &Arc<Shared>, jobs: &Receiver<Job>, jobs_in: &Sender<Job>, wake: &Sender<Wake>) {
    shared.publish(Response::Models(ModelState::Loading));
    let mut loader = Loader::default();
    loader.start(shared, shared.options.models.clone(), None, jobs_in);
    let mut builder = Builder {
        shared,
        jobs,
        jobs_in,
        wake,
        source: shared.options.source.clone(),
        loader,
        models: None,
        fields: FieldSet::default(),
        wanted: vec![FieldSet::default()],
        stores: BTreeMap::new(),
        _watch: None,
    };
    builder.load_library();
    loop {
        let job = if builder.has_work() { jobs.try_recv().ok() } else { jobs.recv().ok() };
        match job {
            Some(Job::Shutdown) => return,
            Some(job) => builder.handle(job),
            None if builder.has_work() => builder.build_vectors(),
            None => return,
        }
    }
}

struct Builder<'a> {
    shared: &'a Arc<Shared>,
    jobs: &'a Receiver<Job>,
    jobs_in: &'a Sender<Job>,
    wake: &'a Sender<Wake>,
    /// What is open now.
    source: Source,
    loader: Loader,
    /// What serves.
    models: Option<Loaded>,
    /// The field set that was asked for last.
    fields: FieldSet,
    /// Field sets whose vectors are not complete yet, the most wanted last.
    wanted: Vec<FieldSet>,
    stores: BTreeMap<&'static str, VectorStore>,
    _watch: Option<Watch>,
}

impl Builder<'_> {
    /// Something to embed and something to embed it with.
    fn has_work(&self) -> bool {
        self.models.is_some() && !self.wanted.is_empty() && self.shared.pipeline().is_some()
    }

    fn handle(&mut self, job: Job) {
        match job {
            Job::Reload => {
                // A save often touches many files: one reload answers all that waited.
                self.load_library();
            }
            Job::Open(source) => self.open(source),
            Job::Want(fields) => self.want(fields),
            Job::ListModels => match Profiles::with_users(self.shared.options.profiles.as_deref()) {
                Ok(profiles) => self.shared.publish(Response::ModelList(Arc::new(catalogue(&profiles)))),
                Err(error) => self.shared.notice(error.to_string()),
            },
            Job::Use(choice) => {
                self.shared.publish(Response::Switching(Switching::Started(choice.clone())));
                self.loader.start(self.shared, choice, self.models.as_ref(), self.jobs_in);
            }
            Job::Models(ticket, outcome) if self.loader.is_newest(ticket) => match outcome {
                Ok(models) => self.use_models(models),
                Err(sentence) if self.models.is_some() => {
                    self.shared.publish(Response::Switching(Switching::Failed(sentence)));
                }
                Err(sentence) => self.shared.publish(Response::Models(ModelState::Failed(sentence))),
            },
            // Another choice came after it.
            Job::Models(..) => {}
            Job::Shutdown => {}
        }
    }

    fn want(&mut self, fields: FieldSet) {
        self.fields = fields;
        self.wanted.retain(|&other| other != fields);
        self.wanted.push(fields);
    }

    fn use_models(&mut self, models: Loaded) {
        if let Some(pipeline) = self.shared.pipeline().as_mut() {
            pipeline.set_models(Some(models.embedder.clone()), models.reranker.clone());
        }
        self.shared.publish(Response::Models(ModelState::Ready {
            embedder: models.embedder.id().clone(),
            reranker: models.reranker.as_ref().map(|reranker| reranker.id().clone()),
            device: models.embedder.placement().device,
            protocol: std::iter::once(models.embedder.badge().long)
                .chain(std::iter::once(joined(models.embedder.profile().fusion)))
                .chain(models.reranker.as_ref().map(|reranker| reranker.badge().long))
                .collect(),
            took: models.took,
        }));
        let embedder = models.embedder.id().clone();
        if self.models.replace(models).is_some_and(|before| *before.embedder.id() != embedder) {
            self.stores.clear();
            self.wanted.clear();
            self.want(self.fields);
        }
        let _ = self.wake.send(Wake::Changed);
    }

    fn open(&mut self, source: Option<Source>) {
        let own = &self.shared.options.source;
        let source = source.unwrap_or_else(|| own.clone());
        let demo = |library: &Library| library.roots.iter().all(|root| root.kind == RootKind::Demo);
        // Discovery that found nothing has opened the demo library already.
        let same = source == self.source
            || (source == Source::Demo && self.shared.snapshot().is_some_and(|open| demo(&open.library)));
        if same {
            return;
        }
        self.shared.publish(Response::Visiting(source != *own));
        self.source = source;
        self.load_library();
    }

    fn load_library(&mut self) {
        let library = match library::load(&self.source) {
            Ok(library) => Arc::new(library),
            Err(error) if self.shared.pipeline().is_some() => {
                return self.shared.notice(format!("{error}; going on with what was loaded before"));
            }
            Err(error) => {
                self.shared.notice(error.to_string());
                Arc::new(Library::default())
            }
        };
        let lexical = Arc::new(LexicalIndex::build(&library));
        let mut pipeline = match self.shared.snapshot() {
            Some(mut pipeline) => {
                pipeline.set_library(library.clone(), lexical);
                pipeline
            }
            None => Pipeline::new(library.clone(), lexical),
        };
        if let Some(models) = &self.models {
            pipeline.set_models(Some(models.embedder.clone()), models.reranker.clone());
            // What is stored already can be searched at once; only changed skills are embedded again.
            for fields in FieldSet::ALL {
                if let Some(store) = self.stores.get(fields.key()) {
                    pipeline.set_dense(fields, Arc::new(dense_index(store, &library)));
                    self.wanted.push(fields);
                }
            }
        }
        *self.shared.pipeline() = Some(pipeline);
        self.want(self.fields);
        self.watch(&library);
        self.shared.publish(Response::Library(library));
        let _ = self.wake.send(Wake::Changed);
    }

    fn watch(&mut self, library: &Library) {
        if !self.shared.options.watch {
            return;
        }
        let jobs = self.jobs_in.clone();
        let watch = watch(library, move || {
            let _ = jobs.send(Job::Reload);
        });
        for notice in &watch.notices {
            self.shared.notice(notice.shown());
        }
        self._watch = Some(watch);
    }

    /// Embeds for the most wanted field set until it is complete or another job comes.
    fn build_vectors(&mut self) {
        let (Some(fields), Some(models), Some(pipeline)) =
            (self.wanted.last().copied(), &self.models, self.shared.snapshot())
        else {
            return;
        };
        let (embedder, library) = (models.embedder.clone(), pipeline.library.clone());
        let shared = self.shared;
        let store = self.stores.entry(fields.key()).or_insert_with(|| {
            open_store(shared.options.cache.as_deref(), &embedder, fields, &mut |event| tell(shared, event))
        });
        publish_dense(shared, store, &library, fields);
        let _ = self.wake.send(Wake::Changed);

        let courtesy = BesideSearch { shared, jobs: self.jobs };
        let mut refreshed = Instant::now();
        let outcome = vectorise::vectorise(&library, fields, &embedder, store, &courtesy, &mut |event| match event {
            Event::Notice(notice) => shared.notice(notice.0),
            Event::Stored(store, progress) => {
                publish_dense(shared, store, &library, fields);
                shared.publish(Response::Indexing(indexing(progress)));
                if refreshed.elapsed() >= REFRESH {
                    refreshed = Instant::now();
                    let _ = self.wake.send(Wake::Changed);
                }
            }
        });
        match outcome {
            Ok(progress) => {
                self.wanted.retain(|&other| other != fields);
                if shared.options.approximate || library.len() > EXACT_UP_TO {
                    publish_graph(shared, store, &library, fields);
                }
                shared.publish(Response::Indexing(Indexing { finished: true, ..indexing(progress) }));
                let _ = self.wake.send(Wake::Changed);
            }
            Err(ModelError::Stopped) => {}
            Err(error) => {
                self.wanted.retain(|&other| other != fields);
                shared.notice(format!("vectors could not be built: {error}; searching by words"));
            }
        }
    }
}

fn tell(shared: &Shared, event: Event) {
    if let Event::Notice(notice) = event {
        shared.notice(notice.0);
    }
}

fn publish_dense(shared: &Shared, store: &VectorStore, library: &Arc<Library>, fields: FieldSet) {
    set_dense(shared, library, fields, dense_index(store, library));
}

/// The exact scan goes on answering until the graph stands.
fn publish_graph(shared: &Shared, store: &VectorStore, library: &Arc<Library>, fields: FieldSet) {
    let mut dense = dense_index(store, library);
    match dense.build_graph() {
        Ok(()) => set_dense(shared, library, fields, dense),
        Err(sentence) => shared.notice(sentence),
    }
}

fn set_dense(shared: &Shared, library: &Arc<Library>, fields: FieldSet, dense: DenseIndex) {
    if let Some(pipeline) = shared.pipeline().as_mut().filter(|pipeline| Arc::ptr_eq(&pipeline.library, library)) {
        pipeline.set_dense(fields, Arc::new(dense));
    }
}

fn indexing(progress: vectorise::Progress) -> Indexing {
    Indexing {
        ready: progress.ready,
        of: progress.of,
        tokens_per_second: progress.tokens_per_second(),
        finished: progress.ready == progress.of,
    }
}

/// Building vectors waits for live search and gives way to any other job.
struct BesideSearch<'a> {
    shared: &'a Shared,
    jobs: &'a Receiver<Job>,
}

impl Courtesy for BesideSearch<'_> {
    fn is_stopped(&self) -> bool {
        self.shared.is_stopping() || !self.jobs.is_empty()
    }

    fn is_disturbed(&self) -> bool {
        self.shared.gate.is_busy()
    }

    fn wait(&self) {
        self.shared.gate.wait(&|| self.is_stopped());
    }
}
