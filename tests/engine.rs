//! The engine from outside: requests in, responses out, with the built-in models.

#[path = "engine/evaluations.rs"]
mod evaluations;
#[path = "engine/explaining.rs"]
mod explaining;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skillscope::engine::{
    Engine, EngineOptions, ModelChoice, ModelState, Request, Response, SearchRequest, Subject, Switching,
};
use skillscope::explain::Reading;
use skillscope::library::FieldSet;
use skillscope::library::load::Source;
use skillscope::model::{Device, Prior};
use skillscope::search::groups::Grouping;
use skillscope::search::{QueryId, Ranked, Settings, Stage1};

/// No single step takes this long even on a busy machine; reaching it means that the response never comes.
const PATIENCE: Duration = Duration::from_secs(120);

fn options(source: Source, cache: Option<&Path>) -> EngineOptions {
    EngineOptions {
        source,
        cache: cache.map(Path::to_path_buf),
        models: ModelChoice { embedder: "builtin".into(), reranker: Some("builtin".into()) },
        placement: Device::Cpu.into(),
        benchmarks: Vec::new(),
        hub: None,
        runs: None,
        profiles: None,
        watch: true,
        approximate: false,
    }
}

fn search(id: u64, text: &str, settings: Settings) -> Request {
    Request::Search(SearchRequest {
        id: QueryId(id),
        text: text.into(),
        settings,
        pinned: None,
        rerank_delay: Duration::ZERO,
    })
}

/// Reads responses until one satisfies `wanted`; gives all that were read.
fn until(engine: &Engine, mut wanted: impl FnMut(&Response) -> bool) -> Vec<Response> {
    let deadline = Instant::now() + PATIENCE;
    let mut seen = Vec::new();
    loop {
        let response = engine.responses().recv_deadline(deadline).expect("the awaited response never came");
        let done = wanted(&response);
        seen.push(response);
        if done {
            return seen;
        }
    }
}

fn ready(engine: &Engine) {
    let (mut models, mut vectors) = (false, false);
    until(engine, |response| {
        match response {
            Response::Models(ModelState::Ready { .. }) => models = true,
            Response::Models(ModelState::Failed(sentence)) => panic!("{sentence}"),
            Response::Indexing(indexing) => vectors = indexing.finished,
            _ => {}
        }
        models && vectors
    });
}

fn write_skill(root: &Path, name: &str, description: &str) {
    let dir = root.join(name);
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!("---\nname: {name}\ndescription: {description}\n---\n\n# {name}\n\n{description}\n");
    std::fs::write(dir.join("SKILL.md"), text).unwrap();
}

#[test]
fn both_stages_answer_with_the_id_of_the_request() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    engine.send(search(1, "which commit broke the build", Settings::default()));
    let responses =
        until(&engine, |response| matches!(response, Response::Stage2(reranking) if reranking.is_finished()));

    let shortlist = responses.iter().find_map(|response| match response {
        Response::Stage1(shortlist) => Some(shortlist.clone()),
        _ => None,
    });
    let shortlist = shortlist.expect("stage 1 is published before stage 2");
    assert_eq!(shortlist.id, QueryId(1));
    assert_eq!(shortlist.ran, Stage1::Fused);
    assert!(!shortlist.is_provisional());
    assert_eq!(shortlist.hits.len(), 20);
    let partial =
        responses.iter().filter(|response| matches!(response, Response::Stage2(r) if !r.is_finished())).count();
    assert!(partial >= 3, "twenty pairs in batches are published as they come, saw {partial} partial results");
    let Some(Response::Stage2(last)) = responses.last() else { unreachable!() };
    let before: HashSet<_> = shortlist.hits.iter().map(|hit| hit.skill).collect();
    let after: HashSet<_> = last.rows.iter().map(|row| row.skill).collect();
    assert_eq!(before, after, "reranking reorders the shortlist and loses nothing");
    assert!(last.rows.iter().all(|row| row.score.is_some()));
    // By score and the profile's prior of stage 1, computed here from the rows themselves.
    let Prior::Scores(weight) = last.prior else { panic!("{:?}", last.prior) };
    let stage1 = |row: &Ranked| shortlist.hit(row.skill).unwrap().fused.unwrap();
    let weigh = |row: &Ranked| row.score.unwrap() + f32::from(weight) * stage1(row);
    assert!(last.rows.windows(2).all(|pair| weigh(&pair[0]) >= weigh(&pair[1])));
}

#[test]
fn scores_come_from_the_cache_the_second_time() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let mut finished = Vec::new();
    for id in 1..=2 {
        engine.send(search(id, "merge two PDF files", Settings::default()));
        until(&engine, |response| match response {
            Response::Stage2(reranking) if reranking.is_finished() && reranking.shortlist.id == QueryId(id) => {
                finished.push(reranking.clone());
                true
            }
            _ => false,
        });
    }
    assert_eq!(finished[0].cached, 0);
    assert_eq!(finished[1].cached, 20);
    assert_eq!(finished[0].rows, finished[1].rows);
}

#[test]
fn a_newer_request_stops_the_older_ones_reranking() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let deep = Settings { depth: 50, ..Settings::default() };
    engine.send(search(1, "rotate a leaked credential", deep));
    until(&engine, |response| matches!(response, Response::Stage2(_)));
    engine.send(search(2, "draw a chart of retention", deep));
    let responses = until(
        &engine,
        |response| matches!(response, Response::Stage2(r) if r.shortlist.id == QueryId(2) && r.is_finished()),
    );
    let first_finished = responses
        .iter()
        .any(|response| matches!(response, Response::Stage2(r) if r.shortlist.id == QueryId(1) && r.is_finished()));
    assert!(!first_finished, "the older request went on to its end");
    let late = responses.iter().skip_while(|response| !matches!(response, Response::Stage1(s) if s.id == QueryId(2)));
    for response in late {
        if let Response::Stage2(reranking) = response {
            assert_eq!(reranking.shortlist.id, QueryId(2), "a stale batch after the newer shortlist");
        }
    }
}

#[test]
fn a_changed_file_reloads_and_only_that_skill_is_embedded_again() {
    let root = tempfile::tempdir().unwrap();
    for (name, description) in
        [("alpha", "Fold paper cranes"), ("beta", "Tune a piano by ear"), ("gamma", "Bake rye bread")]
    {
        write_skill(root.path(), name, description);
    }
    let engine = Engine::start(options(Source::Paths(vec![root.path().into()]), None));
    ready(&engine);
    write_skill(root.path(), "beta", "Repair a bicycle chain");
    let mut reloaded = false;
    let mut embedded = Vec::new();
    until(&engine, |response| match response {
        Response::Library(library) => {
            let beta = &library.skills()[library.find("beta").unwrap().index()];
            reloaded = beta.description.shown().contains("bicycle");
            false
        }
        Response::Indexing(indexing) if reloaded => {
            embedded.push(*indexing);
            indexing.finished
        }
        _ => false,
    });
    let last = embedded.last().unwrap();
    assert_eq!((last.ready, last.of), (3, 3));

    engine.send(search(1, "my bike is broken", Settings { rerank: false, ..Settings::default() }));
    let responses = until(&engine, |response| matches!(response, Response::Stage1(_)));
    let Some(Response::Stage1(shortlist)) = responses.last() else { unreachable!() };
    assert_eq!(shortlist.library[shortlist.hits[0].skill].id.shown(), "beta");
}

#[test]
fn a_vanished_library_is_a_sentence_and_work_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("skills");
    write_skill(&path, "alpha", "Fold paper cranes");
    let engine = Engine::start(options(Source::Paths(vec![path.clone()]), None));
    ready(&engine);
    std::fs::remove_dir_all(&path).unwrap();
    engine.send(Request::Reload);
    until(&engine, |response| matches!(response, Response::Notice(sentence) if sentence.contains("skills")));
    engine.send(search(1, "cranes", Settings::default()));
    let responses = until(&engine, |response| matches!(response, Response::Stage1(_)));
    let Some(Response::Stage1(shortlist)) = responses.last() else { unreachable!() };
    assert_eq!(shortlist.hits.len(), 1, "what was loaded before stays searchable");
}

#[test]
fn explains_the_pair_that_was_scored() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let text: Arc<str> = "subtitles for a lecture video".into();
    engine.send(search(1, &text, Settings::default()));
    let responses = until(&engine, |response| matches!(response, Response::Stage2(r) if r.is_finished()));
    let Some(Response::Stage2(reranking)) = responses.last() else { unreachable!() };
    let top = reranking.rows[0];
    let subject = Subject {
        id: QueryId(1),
        text,
        settings: Settings::default(),
        library: reranking.shortlist.library.clone(),
        skill: top.skill,
    };
    engine.send(Request::Explain { subject, reading: Reading::Scored });
    let responses = until(&engine, |response| matches!(response, Response::Explained { .. }));
    let Some(Response::Explained { capture, skill, .. }) = responses.last() else { unreachable!() };
    assert_eq!(*skill, top.skill);
    let difference = (capture.score - top.score.unwrap()).abs();
    assert!(difference < 1e-4, "the score with capture differs from the one without by {difference}");
}

#[test]
fn a_visited_library_is_left_again() {
    let root = tempfile::tempdir().unwrap();
    write_skill(root.path(), "alpha", "Fold paper cranes");
    let engine = Engine::start(options(Source::Paths(vec![root.path().into()]), None));
    ready(&engine);
    let skills_after = |request| {
        engine.send(request);
        let mut visiting = None;
        let responses = until(&engine, |response| {
            if let Response::Visiting(now) = response {
                visiting = Some(*now);
            }
            matches!(response, Response::Library(_))
        });
        let Some(Response::Library(library)) = responses.last() else { unreachable!() };
        (visiting, library.len())
    };
    assert_eq!(skills_after(Request::Open(Some(Source::Demo))), (Some(true), 76));
    assert_eq!(skills_after(Request::Open(None)), (Some(false), 1));
}

/// The built-in networks as directories, the way a user's own would be.
fn own_models(root: &Path) -> ModelChoice {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/models");
    let copy = |kind: &str| {
        let directory = root.join(kind);
        std::fs::create_dir_all(&directory).unwrap();
        for file in ["config.json", "model.safetensors"] {
            std::fs::copy(assets.join(kind).join(file), directory.join(file)).unwrap();
        }
        std::fs::copy(assets.join("tokenizer.json"), directory.join("tokenizer.json")).unwrap();
        directory.to_str().unwrap().to_owned()
    };
    ModelChoice { embedder: copy("embedder"), reranker: Some(copy("reranker")) }
}

#[test]
fn other_networks_are_loaded_while_the_old_ones_serve() {
    let root = tempfile::tempdir().unwrap();
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    engine.send(search(1, "which commit broke the build", Settings::default()));
    let finished = |response: &Response| matches!(response, Response::Stage2(reranking) if reranking.is_finished());
    until(&engine, finished);

    let wanted = own_models(root.path());
    engine.send(Request::UseModels(wanted.clone()));
    let names = |response: &Response| match response {
        Response::Models(ModelState::Ready { embedder, reranker, .. }) => {
            Some((embedder.name.clone(), reranker.as_ref().map(|id| id.name.clone())))
        }
        _ => None,
    };
    let responses = until(&engine, |response| names(response).is_some());
    assert!(
        responses.iter().any(|response| matches!(response, Response::Switching(Switching::Started(c)) if *c == wanted))
    );
    assert_eq!(names(responses.last().unwrap()), Some((wanted.embedder, wanted.reranker)));
    // The request on screen is answered again, by the new networks over vectors of their own.
    let responses = until(
        &engine,
        |response| matches!(response, Response::Stage2(r) if r.is_finished() && !r.shortlist.is_provisional()),
    );
    let reranked: Vec<_> = responses
        .iter()
        .filter_map(|response| match response {
            Response::Stage2(reranking) => Some(reranking),
            _ => None,
        })
        .collect();
    assert_eq!(reranked[0].cached, 0, "the old network's scores are not the new one's");
    assert_eq!(reranked[reranked.len() - 1].shortlist.vectors, (76, 76));

    engine.send(Request::UseModels(ModelChoice { embedder: "builtin".into(), reranker: None }));
    let responses = until(&engine, |response| names(response).is_some());
    assert_eq!(names(responses.last().unwrap()), Some(("builtin".into(), None)));
    until(&engine, |response| matches!(response, Response::Stage1(shortlist) if !shortlist.is_provisional()));
}

#[test]
fn networks_that_cannot_be_loaded_leave_the_old_ones() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let missing = ModelChoice { embedder: "nobody/such-model".into(), reranker: Some("builtin".into()) };
    engine.send(Request::UseModels(missing));
    let responses = until(&engine, |response| matches!(response, Response::Switching(Switching::Failed(_))));
    let Some(Response::Switching(Switching::Failed(sentence))) = responses.last() else { unreachable!() };
    assert!(sentence.contains("nobody/such-model"), "{sentence}");
    engine.send(search(1, "merge two PDF files", Settings::default()));
    let responses = until(&engine, |response| matches!(response, Response::Stage2(r) if r.is_finished()));
    assert!(responses.iter().any(|response| matches!(response, Response::Stage1(s) if s.ran == Stage1::Fused)));
}

#[test]
fn groups_come_beside_a_search_and_name_what_decided() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    engine.send(search(1, "merge two files", Settings::default()));
    for by in Grouping::ALL {
        engine.send(Request::Group { by, fields: FieldSet::Full });
        let seen = until(&engine, |response| matches!(response, Response::Grouped(groups) if groups.by == by));
        let Some(Response::Grouped(groups)) = seen.last() else { unreachable!() };
        assert_eq!(groups.open(), 0);
        assert_eq!(groups.groups.iter().map(|group| group.skills).sum::<usize>(), groups.library.len());
        match by {
            Grouping::Root => assert_eq!(groups.groups.len(), 1),
            Grouping::Category => assert!((2..=6).contains(&groups.groups.len())),
            Grouping::SubCategory => assert!((6..=18).contains(&groups.groups.len())),
            Grouping::Cluster => assert!((2..=6).contains(&groups.groups.len())),
        }
        // Skills of the demo name their category and sub-category themselves.
        let decided = match by {
            Grouping::Root => "",
            Grouping::Category | Grouping::SubCategory => "labels in the skills' own metadata",
            Grouping::Cluster => "by builtin",
        };
        assert!(groups.sentence().contains(decided), "{by:?}: {}", groups.sentence());
    }
}
