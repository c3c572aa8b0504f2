//! Work for the Author tab, on the search thread: a scratch edit never touches a file or the index, and live search
//! comes first.

pub mod messages;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use similar::TextDiff;

use crate::eval::author_tests;
use crate::library::edit::Base;
use crate::library::{Library, Skill, SkillIx, Text};
use crate::model::{ModelError, Stop};
use crate::search::what_if::{advice, coexistence};
use crate::search::{Draft, Pipeline, QueryId, SearchError, WhatIf, collisions};

use super::Shared;
use super::messages::Response;
use messages::{AuthorEvent, AuthorRequest, Drafted, Opened, Probe, Standing};

/// Neighbours whose ranks are compared with and without the skill: each costs three searches.
const NEIGHBOURS: usize = 10;
/// Rows of collisions for one skill.
const COLLISIONS: usize = 12;

/// What became of a request.
pub(super) enum Done {
    Yes,
    /// Live search came between: ask again afterwards. What was computed is in the caches.
    Again(AuthorRequest),
}

pub(super) fn answer(shared: &Shared, request: AuthorRequest) -> Done {
    let Some(pipeline) = shared.snapshot() else { return Done::Again(request) };
    let say = |event| shared.publish(Response::Author(event));
    match &request {
        AuthorRequest::Open { skill } => say(match pipeline.library.find(skill) {
            Some(ix) => AuthorEvent::Opened(Arc::new(open(&pipeline.library, ix))),
            None => AuthorEvent::Refused(format!("{} is no longer in the library", Text::line(skill))),
        }),
        AuthorRequest::Diff { id, base, draft } => say(diff(*id, base, draft)),
        AuthorRequest::Save { base, text } => say(match base.save(text) {
            Ok(base) => AuthorEvent::Saved(Arc::new(base)),
            Err(error) => AuthorEvent::Refused(error.to_string()),
        }),
        AuthorRequest::WhatIf { drafted, .. }
        | AuthorRequest::Advise { drafted, .. }
        | AuthorRequest::Collisions { drafted } => {
            let newest = shared.newest();
            let stale = || !shared.is_drafted(drafted.id) || shared.is_stopping();
            let stop = || stale() || shared.newest() != newest;
            if stale() {
                return Done::Yes;
            }
            let Some(skill) = pipeline.library.find(&drafted.skill) else {
                say(AuthorEvent::Refused(format!("{} is no longer in the library", Text::line(&drafted.skill))));
                return Done::Yes;
            };
            let _live = shared.gate.enter();
            match measure(&pipeline, skill, &request, drafted, &stop, &say) {
                Ok(()) => {}
                Err(SearchError::Model(ModelError::Stopped)) if stale() => {}
                Err(SearchError::Model(ModelError::Stopped)) => return Done::Again(request),
                Err(error) => say(AuthorEvent::Failed { id: drafted.id, message: error.to_string() }),
            }
        }
    }
    Done::Yes
}

fn measure(
    pipeline: &Pipeline,
    skill: SkillIx,
    request: &AuthorRequest,
    drafted: &Drafted,
    stop: Stop,
    say: &dyn Fn(AuthorEvent),
) -> Result<(), SearchError> {
    let Drafted { id, draft, settings, .. } = drafted;
    let (id, settings) = (*id, *settings);
    match request {
        AuthorRequest::WhatIf { requests, .. } => {
            let before = WhatIf::unchanged(pipeline, settings, skill);
            let now = WhatIf::edited(pipeline, settings, skill, draft, stop)?;
            let ranked = |probe, standing: &Standing| {
                let (library, standing) = (pipeline.library.clone(), Arc::new(standing.clone()));
                say(AuthorEvent::Ranked { id, probe, library, skill, standing });
            };
            // Every shortlist first: they take milliseconds, and a person is typing.
            let mut standings = Vec::new();
            for (probe, request) in requests.iter().enumerate() {
                if stop() {
                    return Err(ModelError::Stopped.into());
                }
                let standing = Standing { before: before.stage1(request)?, now: now.stage1(request)? };
                ranked(probe, &standing);
                standings.push(standing);
            }
            if pipeline.reranker.is_none() || !settings.rerank {
                return Ok(());
            }
            for (probe, (request, mut standing)) in requests.iter().zip(standings).enumerate() {
                before.stage2(request, &mut standing.before, stop)?;
                now.stage2(request, &mut standing.now, stop)?;
                ranked(probe, &standing);
            }
            Ok(())
        }
        AuthorRequest::Advise { request, .. } => {
            let reach = advice::reach(pipeline, settings, skill, draft, request);
            say(AuthorEvent::Reach { id, request: request.clone(), reach });
            let mut at = 0;
            advice::advise(pipeline, settings, skill, draft, request, stop, &mut |row| {
                say(AuthorEvent::Advice { id, request: request.clone(), at, row: Arc::new(row) });
                at += 1;
            })
        }
        AuthorRequest::Collisions { .. } => {
            let rows = Arc::new(collisions::of_skill(pipeline, settings.fields, skill, COLLISIONS));
            let library = pipeline.library.clone();
            let neighbours = coexistence::coexistence(pipeline, settings, skill, draft, NEIGHBOURS, stop)?;
            say(AuthorEvent::Collisions { id, library, rows, neighbours: Arc::new(neighbours) });
            Ok(())
        }
        AuthorRequest::Open { .. } | AuthorRequest::Diff { .. } | AuthorRequest::Save { .. } => Ok(()),
    }
}

fn open(library: &Arc<Library>, ix: SkillIx) -> Opened {
    let skill = &library[ix];
    let base = Base::open(&skill.origin).map(Arc::new);
    let (mut probes, mut problems) = (Vec::new(), Vec::new());
    let places = if base.is_ok() { test_places(library, skill) } else { Vec::new() };
    for tests in places.iter().filter_map(|place| author_tests(place)) {
        match tests {
            Err(error) => problems.push(Text::line(error.to_string())),
            Ok(tests) => {
                problems.extend(tests.problems);
                // The files name the skill by its folder, which is the last part of its id here.
                let own = |id: &str| skill.id.shown() == id || skill.id.shown().rsplit('/').next() == Some(id);
                for (task, qrels) in tests.tasks {
                    if let Some(id) = qrels.grades.keys().find(|id| own(id)) {
                        let probe = Probe { request: task.request, should: qrels.gold.contains(id) };
                        if !probes.iter().any(|known: &Probe| known.request == probe.request) {
                            probes.push(probe);
                        }
                    }
                }
            }
        }
    }
    Opened { library: library.clone(), skill: ix, base, probes, problems }
}

/// Where tests of a skill are looked for: in its own folder, and in the file for many skills beside them all.
fn test_places(library: &Library, skill: &Skill) -> Vec<PathBuf> {
    let own = skill.origin.path.parent().map(Path::to_path_buf);
    let root = library.roots.get(skill.origin.root).map(|root| &root.path);
    let shared = root.into_iter().flat_map(|root| ["requests.yml", "requests.yaml"].map(|name| root.join(name)));
    own.into_iter().chain(shared).collect()
}

fn diff(id: QueryId, base: &Base, draft: &Draft) -> AuthorEvent {
    match base.rewritten(draft.parts()) {
        Err(error) => AuthorEvent::Refused(error.to_string()),
        Ok(text) => {
            let name = base.shown();
            let diff = TextDiff::from_lines(base.text(), &text).unified_diff().header(name, name).to_string();
            AuthorEvent::Diff { id, diff: Text::block(diff), text: text.into() }
        }
    }
}
