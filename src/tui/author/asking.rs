//! What is asked of the engine about the draft, and what becomes of the answers.

use std::sync::Arc;

use crate::engine::{AuthorEvent, AuthorRequest, ModelState, Request, Response};
use crate::library::{Library, Text};
use crate::tui::session::{Outbox, Session};

use super::bench::{Bench, Compared, Diff};
use super::{Author, Side};

impl Author {
    /// Asks where the draft stands; everything asked before is out of date.
    pub(super) fn rank(&mut self, session: &Session, out: &mut Outbox) {
        self.newest = self.newest.next();
        let Some(bench) = &mut self.bench else { return };
        bench.forget(self.newest);
        if bench.rows.is_empty() {
            return;
        }
        let requests = bench.rows.iter().map(|row| row.probe.request.for_model().into()).collect();
        let drafted = bench.drafted(session.settings);
        out.requests.push(Request::Author(AuthorRequest::WhatIf { drafted, requests }));
    }

    /// Asks for what the side shows, unless it is there.
    pub(super) fn ask_side(&mut self, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        let drafted = bench.drafted(session.settings);
        let request = match self.side {
            Side::Probes => return,
            Side::Advice if bench.advised.is_some() => return,
            Side::Advice => {
                let Some(row) = bench.rows.get(self.probed.min(bench.rows.len().saturating_sub(1))) else { return };
                bench.advised = Some(row.probe.request.clone());
                AuthorRequest::Advise { drafted, request: row.probe.request.for_model().into() }
            }
            Side::Neighbours if bench.compared.is_some() => return,
            Side::Neighbours => AuthorRequest::Collisions { drafted },
            Side::Diff if bench.diff.is_some() => return,
            Side::Diff => match &bench.base {
                Ok(base) => AuthorRequest::Diff { id: drafted.id, base: base.clone(), draft: drafted.draft },
                Err(_) => return,
            },
        };
        // A draft that nobody ranked yet is new to the engine: it must not take this for an older one.
        out.requests.push(Request::Author(request));
    }

    pub(super) fn answered(&mut self, response: &Response, session: &Session, out: &mut Outbox) {
        match response {
            Response::Author(event) => self.told(event, session, out),
            Response::Library(library) => {
                self.chooser.set_library(library.clone());
                self.reloaded(library, session, out);
            }
            // Other numbers than those on screen: another model, or vectors that were missing.
            Response::Models(ModelState::Ready { .. }) => self.changed(session, out),
            Response::Indexing(indexing) if indexing.finished => self.changed(session, out),
            _ => {}
        }
    }

    fn told(&mut self, event: &AuthorEvent, session: &Session, out: &mut Outbox) {
        if let AuthorEvent::Opened(opened) = event {
            self.newest = self.newest.next();
            let mut bench = Box::new(Bench::new(opened, self.newest));
            let kept = self.bench.take().filter(|old| old.id == bench.id).map(|old| old.rows);
            let brought = kept.into_iter().flatten().map(|row| row.probe).chain(self.waiting.drain(..));
            brought.for_each(|probe| {
                bench.add(probe);
            });
            if let Some(problem) = bench.problems.first() {
                out.status = Some(problem.shown().to_owned());
            }
            self.bench = Some(bench);
            (self.choosing, self.selected) = (false, 0);
            self.chooser.set_filter(String::new());
            return self.changed(session, out);
        }
        let Some(bench) = &mut self.bench else { return };
        match event {
            AuthorEvent::Opened(_) => {}
            AuthorEvent::Ranked { id, probe, standing, library, .. } => {
                if let Some(row) =
                    bench.rows.get_mut(*probe).filter(|_| *id == bench.draft_id && Arc::ptr_eq(library, &bench.library))
                {
                    row.standing = Some(standing.clone());
                }
            }
            AuthorEvent::Reach { id, request, reach } if *id == bench.draft_id && bench.is_advised(request) => {
                bench.reach.clone_from(reach);
            }
            AuthorEvent::Advice { id, request, at, row } if *id == bench.draft_id && bench.is_advised(request) => {
                bench.advice.truncate(*at);
                bench.advice.push(row.clone());
            }
            AuthorEvent::Collisions { id, library, rows, neighbours } if *id == bench.draft_id => {
                let (library, collisions, neighbours) = (library.clone(), rows.clone(), neighbours.clone());
                bench.compared = Some(Compared { library, collisions, neighbours });
            }
            AuthorEvent::Diff { id, diff, text } if *id == bench.draft_id => {
                let lines = diff.shown().lines().map(str::to_owned).collect();
                bench.diff = Some(Diff { of: *id, lines, text: text.clone() });
            }
            AuthorEvent::Saved(base) => {
                out.status = Some(format!("saved {}", base.shown()));
                (bench.base, bench.diff) = (Ok(base.clone()), None);
                self.side = Side::Probes;
                // The watcher may be off.
                out.requests.push(Request::Reload);
            }
            AuthorEvent::Refused(reason) => out.status = Some(reason.clone()),
            AuthorEvent::Failed { id, message } if *id == bench.draft_id => bench.failed = Some(Text::line(message)),
            _ => {}
        }
    }

    /// The same skill in another library: its own text may be another one.
    fn reloaded(&mut self, library: &Arc<Library>, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        let Some(skill) = library.find(&bench.id) else { return };
        let (was, is) = (bench.library[bench.skill].hash, library[skill].hash);
        let edited = bench.is_changed();
        (bench.library, bench.skill) = (library.clone(), skill);
        if was != is && !edited {
            let id = bench.id.clone();
            return self.reopen(&id, session, out);
        }
        if was != is && bench.is_changed() {
            out.status = Some("the file changed on disk; saving is refused, so revert to open what it says now".into());
        }
        self.changed(session, out);
    }
}
