//! The search thread: the newest request wins, work is interruptible, every result carries its id.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::library::FieldSet;
use crate::model::ModelError;
use crate::search::groups::{self, Grouping};
use crate::search::{Pipeline, QueryId, SearchError, Shortlist};

use super::author::{self, Done};
use super::builder::Job;
use super::explaining::Explaining;
use super::messages::{AuthorRequest, Request, Response, SearchRequest};
use super::{Shared, Wake, evaluation};

pub(super) fn run(shared: &Arc<Shared>, woken: &Receiver<Wake>, jobs: &Sender<Job>) {
    let mut worker = Worker {
        shared,
        woken,
        jobs,
        inbox: VecDeque::new(),
        current: None,
        wanted: FieldSet::default(),
        evaluations: evaluation::Evaluations::default(),
        explaining: Explaining::default(),
        grouping: None,
    };
    while !shared.is_stopping() {
        if worker.is_at_leisure() {
            worker.step();
            continue;
        }
        match worker.next() {
            Some(Wake::Request(Request::Shutdown)) | None => break,
            Some(Wake::Request(request)) => worker.handle(request),
            Some(Wake::Changed) => worker.answer_again(),
        }
    }
    let _ = jobs.send(Job::Shutdown);
    worker.evaluations.stop_all();
}

struct Worker<'a> {
    shared: &'a Arc<Shared>,
    woken: &'a Receiver<Wake>,
    jobs: &'a Sender<Job>,
    /// Messages taken out of the channel while something else was under way.
    inbox: VecDeque<Wake>,
    /// The request on screen, to be answered again when the snapshot changes.
    current: Option<SearchRequest>,
    /// The field set the builder was last asked for.
    wanted: FieldSet,
    evaluations: evaluation::Evaluations,
    explaining: Explaining,
    /// The groups that are asked for.
    grouping: Option<(Grouping, FieldSet)>,
}

impl Worker<'_> {
    /// Whether groups or an explanation are under way and nothing else waits.
    fn is_at_leisure(&self) -> bool {
        let idle = self.grouping.is_none() && self.explaining.is_idle();
        !idle && self.inbox.is_empty() && self.woken.is_empty()
    }

    /// Groups first: they take a fraction of a second, an erasure may take many.
    fn step(&mut self) {
        match self.grouping.take() {
            Some((by, fields)) => self.group(by, fields),
            None => self.explaining.step(self.shared, self.woken),
        }
    }

    /// Given up where a message comes, and done again afterwards.
    fn group(&mut self, by: Grouping, fields: FieldSet) {
        // Without a library there is nothing to group: the tab asks when there is one.
        let Some(pipeline) = self.shared.snapshot() else { return };
        let _live = self.shared.gate.enter();
        let stop = || self.shared.is_stopping() || !self.woken.is_empty();
        match groups::group(&pipeline, fields, by, &stop) {
            Ok(groups) => self.shared.publish(Response::Grouped(Arc::new(groups))),
            Err(SearchError::Model(ModelError::Stopped)) => self.grouping = Some((by, fields)),
            Err(error) => self.shared.notice(format!("the library could not be grouped: {error}")),
        }
    }

    /// The next message; a burst of searches and changes counts once, the newest.
    fn next(&mut self) -> Option<Wake> {
        if self.inbox.is_empty() {
            self.inbox.push_back(self.woken.recv().ok()?);
        }
        self.inbox.extend(self.woken.try_iter());
        loop {
            let message = self.inbox.pop_front()?;
            let superseded = match &message {
                Wake::Request(Request::Search(_)) => self.inbox.iter().any(is_search),
                // A newer search answers from the new snapshot anyway.
                Wake::Changed => self.inbox.iter().any(|other| is_search(other) || matches!(other, Wake::Changed)),
                _ => false,
            };
            if !superseded {
                return Some(message);
            }
        }
    }

    fn handle(&mut self, request: Request) {
        match request {
            Request::Search(search) => {
                self.current = Some(search.clone());
                self.answer(search);
            }
            Request::Explain { subject, reading } => self.explaining.attend(self.shared, &subject, reading),
            Request::Erase(request) => self.explaining.erase(self.shared, request),
            Request::ExplainRetrieval(subject) => self.explaining.retrieve(self.shared, subject),
            Request::Contrast { subject, other } => self.explaining.contrast(self.shared, subject, other),
            Request::Group { by, fields } => {
                self.want(fields);
                self.grouping = Some((by, fields));
            }
            Request::Reload => {
                let _ = self.jobs.send(Job::Reload);
            }
            Request::UseModels(choice) => {
                let _ = self.jobs.send(Job::Use(choice));
            }
            Request::ListModels => {
                let _ = self.jobs.send(Job::ListModels);
            }
            Request::Open(source) => {
                let _ = self.jobs.send(Job::Open(source));
            }
            Request::Evaluate(request) => self.evaluations.start(self.shared, request),
            Request::PauseEvaluation { run, paused } => self.evaluations.pause(self.shared, run, paused),
            Request::Bench(request) => evaluation::Evaluations::answer(self.shared, request),
            Request::Author(request) => self.author(request),
            Request::CancelEvaluation(run) => self.evaluations.cancel(run),
            Request::Shutdown => {}
        }
    }

    fn author(&mut self, request: AuthorRequest) {
        if let Some(drafted) = request.drafted() {
            self.want(drafted.settings.fields);
        }
        match author::answer(self.shared, request) {
            Done::Yes => {}
            // Without a library there is nothing to ask again about: the tab asks when there is one.
            Done::Again(_) if self.shared.snapshot().is_none() => {}
            Done::Again(request) => self.inbox.push_back(Wake::Request(Request::Author(request))),
        }
    }

    fn answer_again(&mut self) {
        if let Some(search) = self.current.clone().filter(|search| self.shared.is_newest(search.id)) {
            self.answer(search);
        }
    }

    fn answer(&mut self, search: SearchRequest) {
        let Some(pipeline) = self.shared.snapshot() else { return };
        self.want(search.settings.fields);
        let Some(shortlist) = self.stage1(&pipeline, &search) else { return };
        let rerank = search.settings.rerank && pipeline.reranker.is_some() && !shortlist.hits.is_empty();
        if rerank && self.rested(&search) {
            self.stage2(&pipeline, &shortlist);
        }
    }

    /// Vectors of a field set are built when someone first asks for it.
    fn want(&mut self, fields: FieldSet) {
        if std::mem::replace(&mut self.wanted, fields) != fields {
            let _ = self.jobs.send(Job::Want(fields));
        }
    }

    fn stage1(&self, pipeline: &Pipeline, search: &SearchRequest) -> Option<Arc<Shortlist>> {
        let _live = self.shared.gate.enter();
        let pinned = search.pinned.as_deref().and_then(|id| pipeline.library.find(id));
        match pipeline.stage1(search.id, &search.text, search.settings, pinned, false) {
            Ok(shortlist) => {
                let shortlist = Arc::new(shortlist);
                self.shared.publish(Response::Stage1(shortlist.clone()));
                Some(shortlist)
            }
            Err(error) => {
                self.fail(search.id, &error);
                None
            }
        }
    }

    /// Waits out the delay; false if a newer request came. Other messages are kept for later.
    fn rested(&mut self, search: &SearchRequest) -> bool {
        let deadline = Instant::now() + search.rerank_delay;
        loop {
            match self.woken.recv_deadline(deadline) {
                Ok(message) => self.inbox.push_back(message),
                Err(RecvTimeoutError::Timeout) => return self.shared.is_newest(search.id),
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            if !self.shared.is_newest(search.id) || self.shared.is_stopping() {
                return false;
            }
        }
    }

    fn stage2(&mut self, pipeline: &Pipeline, shortlist: &Arc<Shortlist>) {
        let shared = self.shared;
        let stop = || !shared.is_newest(shortlist.id) || shared.is_stopping();
        let _live = shared.gate.enter();
        let outcome = pipeline.rerank(shortlist, &stop, &mut |batch| {
            shared.publish(Response::Stage2(Arc::new(batch.clone())));
            // A person who opened a row that is scored already should not wait for the rest of the list.
            self.answer_waiting();
        });
        match outcome {
            Ok(reranking) => shared.publish(Response::Stage2(Arc::new(reranking))),
            Err(SearchError::Model(ModelError::Stopped)) => {}
            Err(error) => self.fail(shortlist.id, &error),
        }
    }

    /// Answers explanations and drafts that are already waiting; keeps everything else in order.
    fn answer_waiting(&mut self) {
        self.inbox.extend(self.woken.try_iter());
        for message in std::mem::take(&mut self.inbox) {
            match message {
                Wake::Request(Request::Explain { subject, reading }) => {
                    self.explaining.attend(self.shared, &subject, reading);
                }
                Wake::Request(Request::Author(request)) => self.author(request),
                other => self.inbox.push_back(other),
            }
        }
    }

    fn fail(&self, id: QueryId, error: &SearchError) {
        self.shared.fail(id, error);
    }
}

fn is_search(message: &Wake) -> bool {
    matches!(message, Wake::Request(Request::Search(_)))
}
