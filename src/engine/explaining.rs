//! Explanations on the search thread. Attention takes one or two passes and is answered at once; what takes many steps
//! is done one step at a time while nothing else waits, so that a keystroke comes first and loses none of what is done.

use std::sync::Arc;

use crossbeam_channel::Receiver;

use crate::explain::calibration::CONTENT_FREE;
use crate::explain::erasure::{Pair, Relist, Run};
use crate::explain::{DenseView, Lens, LexicalView, Reading, Retrieval, contrast};
use crate::library::SkillIx;
use crate::model::{Capture, ModelError, Reranker, Stop};
use crate::search::{Pipeline, SearchError};

use super::messages::{Beside, EraseRequest, Response, Subject};
use super::{Shared, Wake};

/// What is under way; a newer one of the same kind takes its place.
#[derive(Default)]
pub(super) struct Explaining {
    attended: Option<Attended>,
    retrieval: Option<Subject>,
    contrast: Option<Contrasting>,
    erasure: Option<Erasing>,
}

/// The last capture: another reading of the same pair does not score it again.
struct Attended {
    subject: Subject,
    reranker: Arc<Reranker>,
    capture: Arc<Capture>,
}

struct Contrasting {
    subject: Subject,
    other: SkillIx,
    run: contrast::Run,
}

struct Erasing {
    subject: Subject,
    reranker: Arc<Reranker>,
    run: Run,
}

impl Explaining {
    pub(super) fn is_idle(&self) -> bool {
        self.retrieval.is_none() && self.contrast.is_none() && self.erasure.is_none()
    }

    /// Attention of one pair, and what the reading needs besides.
    pub(super) fn attend(&mut self, shared: &Shared, subject: &Subject, reading: Reading) {
        let Some(mut pipeline) = shared.snapshot().filter(|_| shared.is_newest(subject.id)) else { return };
        // A reload may have come between: the index is of the library that was on screen.
        pipeline.library = subject.library.clone();
        let _live = shared.gate.enter();
        let stop = || !shared.is_newest(subject.id) || shared.is_stopping();
        let both = self.capture(&pipeline, subject, &stop).and_then(|capture| {
            let beside = beside(&pipeline, subject, reading, &capture, &stop)?;
            Ok((capture, beside))
        });
        match both {
            Ok((capture, beside)) => shared.publish(Response::Explained {
                id: subject.id,
                skill: subject.skill,
                library: subject.library.clone(),
                capture,
                beside,
            }),
            Err(SearchError::Model(ModelError::Stopped)) => {}
            Err(error) => shared.fail(subject.id, &error),
        }
    }

    fn capture(&mut self, pipeline: &Pipeline, subject: &Subject, stop: Stop) -> Result<Arc<Capture>, SearchError> {
        let reranker = pipeline.reranker.as_ref().ok_or(SearchError::NoReranker)?;
        let same = |last: &&Attended| last.subject.is(subject) && Arc::ptr_eq(&last.reranker, reranker);
        if let Some(last) = self.attended.as_ref().filter(same) {
            return Ok(last.capture.clone());
        }
        let capture = Arc::new(pipeline.capture(&subject.text, subject.settings.fields, subject.skill, stop)?);
        let (subject, reranker) = (subject.clone(), reranker.clone());
        self.attended = Some(Attended { subject, reranker, capture: capture.clone() });
        Ok(capture)
    }

    /// Why stage 1 found a skill: its words are answered at once, its sentences by the next step.
    pub(super) fn retrieve(&mut self, shared: &Shared, subject: Subject) {
        let Some(pipeline) = shared.snapshot().filter(|_| shared.is_newest(subject.id)) else { return };
        // The index of words belongs to the snapshot's library; after a reload the skill may be another.
        if !Arc::ptr_eq(&pipeline.library, &subject.library) {
            return;
        }
        let dense_comes = pipeline.embedder().is_some();
        publish(shared, &subject, LexicalView::new(&pipeline, &subject.text, subject.settings, subject.skill), None);
        self.retrieval = dense_comes.then_some(subject);
    }

    /// Begins a contrast; nothing is scored yet.
    pub(super) fn contrast(&mut self, shared: &Shared, subject: Subject, other: SkillIx) {
        let Some(pipeline) = shared.snapshot().filter(|_| shared.is_newest(subject.id)) else { return };
        // As for a retrieval: both skills are of the snapshot's library.
        if !Arc::ptr_eq(&pipeline.library, &subject.library) {
            return;
        }
        let skills = [subject.skill, other];
        let run = contrast::Run::new(pipeline, &subject.text, subject.settings, skills, Lens::default());
        self.contrast = Some(Contrasting { subject, other, run });
    }

    /// Begins an erasure; nothing is scored yet.
    pub(super) fn erase(&mut self, shared: &Shared, request: EraseRequest) {
        let EraseRequest { subject, grain, manner, rivals } = request;
        let Some(pipeline) = shared.snapshot().filter(|_| shared.is_newest(subject.id)) else { return };
        let Some(reranker) = pipeline.reranker.clone() else {
            return shared.fail(subject.id, &SearchError::NoReranker);
        };
        let pair = Pair::new(&subject.text, &subject.library[subject.skill], subject.settings.fields);
        let run = Run::new(&reranker, pair, rivals, grain, manner).with_embedder(pipeline.embedder().cloned());
        // After a reload the list on screen is not of the library that would be searched again.
        let same = Arc::ptr_eq(&pipeline.library, &subject.library);
        let run = run.with_lists(same.then(|| Relist::new(pipeline, subject.settings, subject.skill, false)));
        self.erasure = Some(Erasing { subject, reranker, run });
    }

    /// One step of what is under way, given up where a message comes and done again afterwards.
    pub(super) fn step(&mut self, shared: &Shared, woken: &Receiver<Wake>) {
        let _live = shared.gate.enter();
        if let Some(subject) = self.retrieval.take_if(|subject| !shared.is_newest(subject.id)) {
            tracing::debug!("request {}: its stage 1 is no longer asked for", subject.id.0);
        }
        self.contrast.take_if(|contrasting| !shared.is_newest(contrasting.subject.id));
        self.erasure.take_if(|erasing| !shared.is_newest(erasing.subject.id));
        let stop = || shared.is_stopping() || !woken.is_empty();
        if let Some(subject) = self.retrieval.take() {
            self.retrieval = sentences(shared, subject, &stop);
        } else if let Some(mut contrasting) = self.contrast.take() {
            match contrasting.run.step(&stop) {
                Ok(()) => self.contrast = (!contrasting.publish(shared)).then_some(contrasting),
                Err(SearchError::Model(ModelError::Stopped)) => self.contrast = Some(contrasting),
                Err(error) => shared.fail(contrasting.subject.id, &error),
            }
        } else if let Some(mut erasing) = self.erasure.take() {
            match erasing.run.step(&erasing.reranker, &stop) {
                Ok(()) => {
                    let finished = erasing.run.report().is_finished();
                    erasing.publish(shared);
                    self.erasure = (!finished).then_some(erasing);
                }
                Err(SearchError::Model(ModelError::Stopped)) => self.erasure = Some(erasing),
                Err(error) => shared.fail(erasing.subject.id, &error),
            }
        }
    }
}

impl Contrasting {
    /// Whether that was all of it.
    fn publish(&self, shared: &Shared) -> bool {
        let contrast = self.run.finished().map(Arc::new);
        let is_finished = contrast.is_some();
        shared.publish(Response::Contrasted {
            id: self.subject.id,
            skill: self.subject.skill,
            other: self.other,
            library: self.subject.library.clone(),
            progress: self.run.progress(),
            contrast,
        });
        is_finished
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

/// The second capture of a reading, by the same snapshot's network.
fn beside(
    pipeline: &Pipeline,
    subject: &Subject,
    reading: Reading,
    capture: &Capture,
    stop: Stop,
) -> Result<Option<Beside>, SearchError> {
    Ok(match (reading, &pipeline.reranker) {
        (Reading::Scored, _) | (_, None) => None,
        (Reading::Request, Some(reranker)) => {
            Some(Beside::FromRequest(reranker.from_request(capture, stop)?.map(Arc::new)))
        }
        (Reading::Calibrated, Some(_)) => {
            let free = pipeline.capture(CONTENT_FREE, subject.settings.fields, subject.skill, stop)?;
            Some(Beside::ContentFree(Arc::new(free)))
        }
    })
}

/// The second half of a retrieval; gives the subject back if it was stopped.
fn sentences(shared: &Shared, subject: Subject, stop: Stop) -> Option<Subject> {
    let pipeline = shared.snapshot()?;
    let embedder = pipeline.embedder()?;
    if !Arc::ptr_eq(&pipeline.library, &subject.library) {
        return None;
    }
    let (fields, skill) = (subject.settings.fields, &subject.library[subject.skill]);
    match DenseView::new(embedder, &subject.text, skill, fields, stop) {
        Ok(dense) => {
            publish(
                shared,
                &subject,
                LexicalView::new(&pipeline, &subject.text, subject.settings, subject.skill),
                Some(dense),
            );
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
