use std::sync::Arc;

use super::advice::{Lens, Measured, advise};
use super::coexistence::{coexistence, nearest};
use super::*;
use crate::index::LexicalIndex;
use crate::library::load::{self, Source};
use crate::library::{Library, LoadReport};
use crate::model::{Device, Reranker, never};
use crate::search::collisions::{self, NEAR_VECTOR};
use crate::search::vectorise::{dense_index, vector_key, vectorise};
use crate::search::{Models, QueryId, Undisturbed, assemble};

const REQUESTS: [&str; 4] =
    ["which commit broke the build", "merge two PDF files", "draw a chart of retention", "zzz qqq"];

fn models(rerank: bool) -> Models {
    let reranker = rerank.then(|| Arc::new(Reranker::load("builtin", Device::Cpu).unwrap()));
    Models { embedder: Some(Arc::new(Embedder::load("builtin", Device::Cpu).unwrap())), reranker }
}

fn pipeline_of(library: Library, models: Models) -> Pipeline {
    assemble(Arc::new(library), models, Settings::default(), None, &Undisturbed, &mut |_| {}).unwrap().0
}

fn demo(rerank: bool) -> Pipeline {
    pipeline_of(load::load(&Source::Demo).unwrap(), models(rerank))
}

fn settings() -> [Settings; 3] {
    Stage1::ALL.map(|stage1| Settings { stage1, ..Settings::default() })
}

fn skill(pipeline: &Pipeline, id: &str) -> SkillIx {
    pipeline.library.find(id).unwrap()
}

/// The oracle: a library that really holds the edited skill, indexed and embedded from nothing, asked by the ordinary
/// way of a request.
#[test]
fn a_scratch_edit_ranks_as_the_saved_file_would() {
    let pipeline = demo(true);
    let edited = skill(&pipeline, "git-bisect-regressions");
    let draft = Draft {
        name: "pdf-tool".into(),
        description: "Merge two PDF files, and find a commit.".into(),
        body: "Pages are appended.\n\nzzz".into(),
    };
    let skills = pipeline.library.iter().map(
        |(ix, skill)| {
            if ix == edited { skill.with_text(draft.parts()) } else { skill.clone() }
        },
    );
    let saved = Library::new(skills.collect(), pipeline.library.roots.clone(), LoadReport::default());
    let models = Models { embedder: pipeline.embedder().cloned(), reranker: pipeline.reranker.clone() };
    let saved = pipeline_of(saved, models);
    for (settings, request) in settings().into_iter().flat_map(|settings| REQUESTS.map(|request| (settings, request))) {
        let what_if = WhatIf::edited(&pipeline, settings, edited, &draft, &never).unwrap();
        let ranking = what_if.rank(request, &never).unwrap();
        let list = Arc::new(saved.stage1(QueryId(1), &request.into(), settings, Some(edited), true).unwrap());
        let expected: Vec<SkillIx> = list.hits.iter().map(|hit| hit.skill).collect();
        let shortlist: Vec<SkillIx> = ranking.shortlist.iter().map(|found| found.skill).collect();
        assert_eq!(shortlist, expected, "{request} {settings:?}");
        let standing = list.pinned.unwrap();
        assert_eq!(ranking.rank, standing.rank);
        if settings.stage1 != Stage1::Dense {
            assert_eq!(ranking.lexical, standing.lexical.map(|placed| placed.rank));
        }
        assert_eq!(ranking.dense, standing.dense.map(|placed| placed.rank));
        let reranked = saved.rerank(&list, &never, &mut |_| {}).unwrap();
        let expected: Vec<SkillIx> = reranked.rows.iter().map(|row| row.skill).collect();
        assert_eq!(ranking.reranked, Some(expected), "{request} {settings:?}");
    }
}

#[test]
fn editing_to_and_fro_leaves_every_rank_where_it_was() {
    let pipeline = demo(false);
    let before: Vec<Vec<Ranking>> = ranks(&pipeline);
    for (ix, own) in pipeline.library.iter().step_by(7) {
        let mut draft = Draft::of(own);
        draft.description.push_str(" and PDF files");
        let there = WhatIf::edited(&pipeline, Settings::default(), ix, &draft, &never).unwrap();
        there.stage1("merge two PDF files").unwrap();
        draft.description.truncate(draft.description.len() - " and PDF files".len());
        let back = WhatIf::edited(&pipeline, Settings::default(), ix, &draft, &never).unwrap();
        assert!(matches!(back.change, Change::None));
    }
    assert_eq!(ranks(&pipeline), before);
}

/// Where every third skill stands for every request, in all three kinds of stage 1.
fn ranks(pipeline: &Pipeline) -> Vec<Vec<Ranking>> {
    let of = |settings| {
        let rows = pipeline.library.iter().step_by(3).flat_map(|(ix, _)| REQUESTS.map(|request| (ix, request)));
        rows.map(|(ix, request)| WhatIf::unchanged(pipeline, settings, ix).stage1(request).unwrap()).collect()
    };
    settings().map(of).into()
}

/// The same text put through the changed side is stored, rounded and ranked as the original is.
#[test]
fn an_edit_that_changes_nothing_changes_nothing() {
    let pipeline = demo(false);
    for (settings, (ix, own)) in settings()
        .into_iter()
        .flat_map(|settings| pipeline.library.iter().step_by(11).map(move |row| (settings, row)).collect::<Vec<_>>())
    {
        let lexical = ChangedLexical::new(pipeline.words(settings.stage1), ix, Some(own));
        let embedder = pipeline.embedder().unwrap();
        let vector = Some(embed(&pipeline, embedder, own, settings.fields, &never).unwrap());
        let change = Change::Text { skill: Box::new(own.clone()), lexical, vector };
        let forced = WhatIf { pipeline: &pipeline, settings, skill: ix, change };
        let plain = WhatIf::unchanged(&pipeline, settings, ix);
        for request in REQUESTS {
            assert_eq!(forced.stage1(request).unwrap(), plain.stage1(request).unwrap(), "{request} {settings:?}");
        }
    }
}

#[test]
fn a_removed_skill_is_found_by_nobody_and_gives_its_place() {
    let pipeline = demo(false);
    let gone = skill(&pipeline, "pdf-merge-and-split");
    let settings = Settings::default();
    let before = WhatIf::unchanged(&pipeline, settings, gone).stage1("merge two PDF files").unwrap();
    assert_eq!(before.rank, Some(1));
    let removed = WhatIf::removed(&pipeline, settings, gone);
    let after = removed.stage1("merge two PDF files").unwrap();
    assert_eq!((after.rank, after.lexical, after.dense), (None, None, None));
    assert!(!after.in_shortlist(gone));
    let rows = coexistence(&pipeline, settings, gone, &Draft::of(&pipeline.library[gone]), 5, &never).unwrap();
    assert_eq!(rows.len(), 5);
    assert!(rows.windows(2).all(|pair| pair[0].cosine >= pair[1].cosine));
    for row in rows {
        assert_eq!(row.with, row.drafted, "the draft is the text itself");
        assert!(row.without <= row.with, "a rival that is gone takes no rank: {row:?}");
    }
}

#[test]
fn advice_is_measured_and_names_what_it_changed() {
    let pipeline = demo(false);
    let ix = skill(&pipeline, "git-bisect-regressions");
    let draft = Draft {
        description: "Regression regression regression finder.".into(),
        body: "Nothing to see in this line.\n\nWe look for the commit that broke the build.\n\nAnother line.".into(),
        ..Draft::of(&pipeline.library[ix])
    };
    let request = "which commit broke the build";
    let mut rows: Vec<Measured> = Vec::new();
    advise(&pipeline, Settings::default(), ix, &draft, request, &never, &mut |row| rows.push(row)).unwrap();
    let of = |lens: Lens| rows.iter().filter(move |row| row.lens == lens).collect::<Vec<_>>();
    assert_eq!(of(Lens::Fields).len(), 4);
    assert_eq!(of(Lens::Truncation).len(), 1, "the body has fewer than 250 characters");
    assert!(of(Lens::BodyWords)[0].what.ends_with("commit broke build"), "{:?}", of(Lens::BodyWords)[0].what);
    assert!(of(Lens::Stuffing)[0].what.ends_with("regression"), "{:?}", of(Lens::Stuffing)[0].what);
    let position = of(Lens::Position);
    assert!(position[0].what.contains("the commit that broke the build"), "{}", position[0].what);
    assert!(position[1].draft.as_ref().unwrap().body.starts_with("We look for the commit that broke the build."));
    for row in rows.iter().filter_map(|row| row.draft.as_ref().map(|draft| (row, draft))) {
        let again = WhatIf::edited(&pipeline, Settings::default(), ix, row.1, &never).unwrap();
        assert_eq!(again.rank(request, &never).unwrap(), row.0.ranking, "the number belongs to the text");
    }
}

#[test]
fn collisions_are_those_of_the_three_rules() {
    let demo = load::load(&Source::Demo).unwrap();
    let mut skills = demo.skills().to_vec();
    let mut copy = skills[3].clone();
    copy.id = crate::library::Text::line("a/copy");
    let mut namesake = skills[5].with_text([
        skills[9].name.for_model().to_ascii_uppercase().as_str(),
        "Something else altogether about gardens.",
        "Water the roses in the evening, not at noon.",
    ]);
    namesake.id = crate::library::Text::line("a/namesake");
    skills.extend([copy, namesake]);
    let library = Arc::new(Library::new(skills, demo.roots.clone(), LoadReport::default()));
    let (first, last) = (library.len() as u32 - 2, library.len() as u32 - 1);
    let models = models(false);
    let embedder = models.embedder.unwrap();
    let mut store = crate::index::VectorStore::in_memory(vector_key(&embedder, FieldSet::Full));
    vectorise(&library, FieldSet::Full, &embedder, &mut store, &Undisturbed, &mut |_| {}).unwrap();
    let mut pipeline = Pipeline::new(library.clone(), Arc::new(LexicalIndex::build(&library)));
    pipeline.set_dense(FieldSet::Full, Arc::new(dense_index(&store, &library)));
    let found = collisions::of_library(&pipeline, FieldSet::Full);
    let pair = |a, b| found.iter().find(|row| (row.skill, row.other) == (SkillIx(a), SkillIx(b)));
    let copies = pair(3, first).unwrap();
    assert!(copies.copy && copies.same_name && copies.jaccard == 1.0 && copies.cosine > Some(0.999));
    let names = pair(9, last).unwrap();
    assert!(names.same_name && !names.copy && names.jaccard == 0.0);
    for row in &found {
        assert!(row.collides() && row.skill < row.other, "{row:?}");
    }
    // The rule for vectors, worked out pair by pair.
    let dense = pipeline.dense(FieldSet::Full).unwrap();
    for (ix, _) in library.iter() {
        for scored in dense.search(&dense.vector(ix).unwrap(), usize::MAX, true) {
            if scored.skill > ix && scored.score > NEAR_VECTOR {
                assert!(pair(ix.0, scored.skill.0).is_some(), "{ix:?} {scored:?}");
            }
        }
    }
    let own = collisions::of_skill(&pipeline, FieldSet::Full, SkillIx(3), 5);
    assert_eq!((own[0].other, own.len()), (SkillIx(first), 5));
    assert_eq!(nearest(&pipeline, Settings::default(), SkillIx(3), 1)[0].0, SkillIx(first));
}

#[test]
fn a_body_without_text_is_ranked_by_what_is_left() {
    let pipeline = demo(false);
    let ix = SkillIx(0);
    let empty = Draft::default();
    for settings in settings() {
        let ranking = WhatIf::edited(&pipeline, settings, ix, &empty, &never).unwrap().stage1("pdf").unwrap();
        assert_eq!(ranking.lexical, None);
        assert_eq!(ranking.dense.is_some(), settings.stage1 != Stage1::Lexical);
    }
}
