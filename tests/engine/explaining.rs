//! Explanations in steps: streamed, overtaken by a keystroke, and none of it lost to another question.

use std::sync::Arc;

use skillscope::engine::{Beside, Engine, EraseRequest, Request, Response, Subject};
use skillscope::explain::erasure::Rivals;
use skillscope::explain::{Grain, Manner, Reading};
use skillscope::library::SkillIx;
use skillscope::library::load::Source;
use skillscope::search::{QueryId, Reranking, Settings};
use skillscope::text::Segment;

use super::{options, ready, search, until};

const REQUEST: &str = "combine several pdf files into one document";

fn reranked(engine: &Engine, id: u64) -> Arc<Reranking> {
    engine.send(search(id, REQUEST, Settings::default()));
    let done = |response: &Response| matches!(response, Response::Stage2(list) if list.is_finished() && list.shortlist.id == QueryId(id));
    let responses = until(engine, done);
    let Some(Response::Stage2(reranking)) = responses.last() else { panic!("the last one was awaited") };
    reranking.clone()
}

fn subject(reranking: &Reranking, skill: SkillIx) -> Subject {
    let shortlist = &reranking.shortlist;
    Subject {
        id: shortlist.id,
        text: shortlist.request.clone(),
        settings: shortlist.settings,
        library: shortlist.library.clone(),
        skill,
    }
}

fn erase(reranking: &Reranking, skill: SkillIx, grain: Grain) -> Request {
    let rivals = Some(Rivals::of(reranking, skill));
    Request::Erase(EraseRequest { subject: subject(reranking, skill), grain, manner: Manner::Deletion, rivals })
}

#[test]
fn an_erasure_streams_beside_other_questions_and_starts_where_the_list_is() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let list = reranked(&engine, 1);
    let first = list.rows[0];
    engine.send(erase(&list, first.skill, Grain::Sentences));
    // Questions in between are answered and cost the erasure nothing.
    engine.send(Request::ExplainRetrieval(subject(&list, first.skill)));
    engine.send(Request::Explain { subject: subject(&list, first.skill), reading: Reading::Scored });
    let (mut steps, mut retrieved, mut explained) = (Vec::new(), Vec::new(), 0);
    until(&engine, |response| {
        match response {
            Response::Erased { erased, .. } => steps.push(erased.clone()),
            Response::Retrieved { retrieval, .. } => retrieved.push(retrieval.clone()),
            Response::Explained { .. } => explained += 1,
            Response::Failed { message, .. } => panic!("{message}"),
            _ => {}
        }
        steps.last().is_some_and(|erased| erased.is_finished()) && retrieved.len() == 2 && explained == 1
    });
    let last = steps.last().unwrap();
    assert!(steps.len() >= last.units.len() / 4 && steps.windows(2).all(|pair| pair[0].scored() < pair[1].scored()));
    assert_eq!((last.base, last.rank), (first.score, Some(first.after)), "the score and rank on screen, to the bit");
    assert!(retrieved[0].dense.is_none() && retrieved[1].dense.is_some(), "words first");
    assert!(!retrieved[1].lexical.terms.is_empty());
}

/// Scores first, ranks last; a question in between costs neither.
#[test]
fn an_erased_request_is_searched_again_and_says_what_that_costs() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let request = "Combine several pdf files into one document. Then write the minutes of a meeting.";
    engine.send(search(1, request, Settings::default()));
    let responses = until(&engine, |response| matches!(response, Response::Stage2(list) if list.is_finished()));
    let Some(Response::Stage2(list)) = responses.last() else { unreachable!() };
    let first = list.rows[0];
    engine.send(erase(list, first.skill, Grain::Request));
    engine.send(Request::Explain { subject: subject(list, first.skill), reading: Reading::Scored });
    let mut steps = Vec::new();
    until(&engine, |response| {
        match response {
            Response::Erased { erased, .. } => steps.push(erased.clone()),
            Response::Failed { message, .. } => panic!("{message}"),
            _ => {}
        }
        steps.last().is_some_and(|erased| erased.is_finished())
    });
    assert_eq!((steps[0].scored(), steps[0].listed(), steps[0].rank), (2, 0, None), "scores first");
    let last = steps.last().unwrap();
    let lists = last.lists.unwrap();
    let whole = lists.whole.unwrap();
    assert_eq!((whole.rank, whole.stage1), (Some(first.after), Some(first.before)), "the ranks on screen");
    assert_eq!((lists.skills, lists.depth), (list.shortlist.library.len(), list.rows.len()));
    assert!(lists.pairs > 0 && lists.pairs % lists.depth == 0, "{lists:?}");
    let ranks: Vec<_> = last.effects.iter().map(|effect| effect.unwrap().standing.unwrap().rank).collect();
    assert!(ranks.iter().any(|rank| *rank != whole.rank), "half a request finds other skills: {ranks:?}");
}

#[test]
fn a_contrast_streams_and_a_question_in_between_costs_it_nothing() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let list = reranked(&engine, 1);
    let [first, second] = [0, 1].map(|at| list.rows[at]);
    engine.send(Request::Contrast { subject: subject(&list, second.skill), other: first.skill });
    engine.send(Request::Explain { subject: subject(&list, first.skill), reading: Reading::Scored });
    let (mut done, mut found) = (Vec::new(), None);
    until(&engine, |response| {
        match response {
            Response::Contrasted { skill, other, progress, contrast, .. } => {
                assert_eq!((*skill, *other), (second.skill, first.skill));
                done.push(progress.0);
                found = contrast.clone();
            }
            Response::Failed { message, .. } => panic!("{message}"),
            _ => {}
        }
        found.is_some()
    });
    let found = found.unwrap();
    assert!(done.len() > 4 && done.is_sorted(), "{done:?}");
    for (side, row) in [(&found.mine, second), (&found.other, first)] {
        assert_eq!(side.skill, row.skill);
        assert!((side.score - row.score.unwrap()).abs() < 1e-5, "the score on screen, as with attention");
    }
    assert!(found.words.iter().any(|word| word.lead() != 0.0) && !found.terms.is_empty());
    // A newer search ends one that is under way.
    engine.send(Request::Contrast { subject: subject(&list, first.skill), other: second.skill });
    let newer = reranked(&engine, 2);
    engine.send(erase(&newer, first.skill, Grain::Fields));
    let seen = until(&engine, |response| matches!(response, Response::Erased { erased, .. } if erased.is_finished()));
    assert!(seen.iter().all(|response| !matches!(response, Response::Contrasted { contrast: Some(_), .. })));
}

#[test]
fn each_reading_comes_with_what_it_needs_and_the_pair_is_scored_once() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let list = reranked(&engine, 1);
    let skill = list.rows[0].skill;
    let ask = |reading| {
        engine.send(Request::Explain { subject: subject(&list, skill), reading });
        let responses = until(&engine, |response| matches!(response, Response::Explained { .. }));
        let Some(Response::Explained { capture, beside, .. }) = responses.last() else { unreachable!() };
        (capture.clone(), beside.clone())
    };
    let (plain, none) = ask(Reading::Scored);
    assert!(none.is_none());
    let (again, Some(Beside::FromRequest(Some(from_request)))) = ask(Reading::Request) else {
        panic!("the built-in reranker is an encoder")
    };
    assert!(Arc::ptr_eq(&plain, &again), "not scored again");
    assert_eq!(from_request.encoding.ids, plain.encoding.ids);
    assert_ne!(from_request.attention.weights, plain.attention.weights);
    let sum: f32 = from_request.attention.row(0, 0).iter().sum();
    assert!((sum - 1.0).abs() < 1e-3, "a mean of rows that sum to one: {sum}");
    let (_, Some(Beside::ContentFree(free))) = ask(Reading::Calibrated) else { panic!("a second capture") };
    assert!(free.encoding.segments.iter().all(|segment| *segment != Segment::Query), "no request in it");
    assert_eq!(free.document.text, plain.document.text);
}

#[test]
fn a_newer_search_ends_an_erasure_and_a_newer_erasure_takes_its_place() {
    let engine = Engine::start(options(Source::Demo, None));
    ready(&engine);
    let list = reranked(&engine, 1);
    let skill = list.rows[0].skill;
    engine.send(erase(&list, skill, Grain::Sentences));
    engine.send(erase(&list, skill, Grain::Fields));
    let seen = until(
        &engine,
        |response| matches!(response, Response::Erased { erased, .. } if erased.grain == Grain::Fields && erased.is_finished()),
    );
    let finished =
        seen.iter().filter(|response| matches!(response, Response::Erased { erased, .. } if erased.is_finished()));
    assert_eq!(finished.count(), 1, "the first was replaced");

    engine.send(erase(&list, skill, Grain::Sentences));
    let newer = reranked(&engine, 2);
    // Whatever is still to come of the old one would come before this.
    engine.send(erase(&newer, skill, Grain::Fields));
    let seen = until(
        &engine,
        |response| matches!(response, Response::Erased { id, erased, .. } if *id == QueryId(2) && erased.is_finished()),
    );
    assert!(seen.iter().all(|response| !matches!(response, Response::Erased { id, .. } if *id == QueryId(1))));
}
