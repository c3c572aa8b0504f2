//! Explanations that take many steps: done one step at a time while nothing else waits for the search thread, so that
//! a keystroke comes first and loses none of what is done.

use std::sync::Arc;

use crossbeam_channel::Receiver;

use crate::explain::erasure::{Pair, Run};
use crate::explain::{DenseView, LexicalView, Retrieval};
use crate::model::{ModelError, Reranker, Stop};
use crate::search::SearchError;

use super::messages::{EraseRequest, Response, Subject};
use super::{Shared, Wake};

/// What is under way; a newer one of the same kind takes its place.
#[derive(Default)]
pub(super) struct Explaining {
    retrieval: Option<Subject>,
    erasure: Option<Erasing>,
}

struct Erasing {
    subject: Subject,
    reranker: Arc<Reranker>,
    run: Run,
}

impl Explaining {
    pub(super) fn is_idle(&self) -> bool {
        self.retrieval.is_none() && self.erasure.is_none()
    }

    /// Why stage 1 found a skill: its words are answered at once, its sentences by the next step.
    pub(super) fn retrieve(&mut self, shared: &Shared, subject: Subject) {
        let Some(pipeline) = shared.snapshot().filter(|_| shared.is_newest(subject.id)) else { return };
        // The index of words belongs to the snapshot's library; after a reload the skill may be another.
        if !Arc::ptr_eq(&pipeline.library, &subject.library) {
            return;
        }
        let dense_comes = pipeline.embedder.is_some();
        publish(
            shared,
            &subject,
            LexicalView::new(&pipeline, &subject.text, subject.settings.fields, subject.skill),
            None,
        );
        self.retrieval = dense_comes.then_some(subject);
    }

    /// Begins an erasure; nothing is scored yet.
    pub(super) fn erase(&mut self, shared: &Shared, request: EraseRequest) {
        let EraseRequest { subject, grain, manner, rivals } = request;
        let Some(pipeline) = shared.snapshot().filter(|_| shared.is_newest(subject.id)) else { return };
        let Some(reranker) = pipeline.reranker else {
            return shared.fail(subject.id, &SearchError::NoReranker);
        };
        let pair = Pair::new(&subject.text, &subject.library[subject.skill], subject.settings.fields);
        let run = Run::new(&reranker, pair, rivals, grain, manner).with_embedder(pipeline.embedder);
        self.erasure = Some(Erasing { subject, reranker, run });
    }

    /// One step of what is under way, given up where a message comes and done again afterwards.
    pub(super) fn step(&mut self, shared: &Shared, woken: &Receiver<Wake>) {
        let _live = shared.gate.enter();
        if let Some(subject) = self.retrieval.take_if(|subject| !shared.is_newest(subject.id)) {
            tracing::debug!("request {}: its stage 1 is no longer asked for", subject.id.0);
        }
        self.erasure.take_if(|erasing| !shared.is_newest(erasing.subject.id));
        let stop = || shared.is_stopping() || !woken.is_empty();
        if let Some(subject) = self.retrieval.take() {
            self.retrieval = sentences(shared, subject, &stop);
        } else if let Some(mut erasing) = self.erasure.take() {
            match erasing.run.step(&erasing.reranker, &stop) {
                Ok(()) => {
                    let finished = erasing.run.report().is_finished();
                    erasing.publish(shared);
                    self.erasure = (!finished).then_some(erasing);
                }
                Err(ModelError::Stopped) => self.erasure = Some(erasing),
                Err(error) => shared.fail(erasing.subject.id, &error.into()),
            }
        }
    }
}

impl Erasing {
    fn publish(&self, shared: &Shared) {
        shared.publish(Response::Erased {
            id: self.subject.id,
            skill: self.subject.skill,
            library: self.subject.library.clone(),
            pair: self.run.pair().clone(),
            erased: Arc::new(self.run.report().clone()),
        });
    }
}

/// The second half of a retrieval; gives the subject back if it was stopped.
fn sentences(shared: &Shared, subject: Subject, stop: Stop) -> Option<Subject> {
    let pipeline = shared.snapshot()?;
    let embedder = pipeline.embedder.as_ref()?;
    if !Arc::ptr_eq(&pipeline.library, &subject.library) {
        return None;
    }
    let (fields, skill) = (subject.settings.fields, &subject.library[subject.skill]);
    match DenseView::new(embedder, &subject.text, skill, fields, stop) {
        Ok(dense) => {
            publish(shared, &subject, LexicalView::new(&pipeline, &subject.text, fields, subject.skill), Some(dense));
            None
        }
        Err(ModelError::Stopped) => Some(subject),
        Err(error) => {
            shared.fail(subject.id, &error.into());
            None
        }
    }
}

fn publish(shared: &Shared, subject: &Subject, lexical: LexicalView, dense: Option<DenseView>) {
    shared.publish(Response::Retrieved {
        id: subject.id,
        skill: subject.skill,
        library: subject.library.clone(),
        retrieval: Arc::new(Retrieval { lexical, dense, standing: None }),
    });
}
