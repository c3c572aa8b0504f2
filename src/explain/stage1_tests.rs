use std::sync::Arc;

use super::*;
use crate::explain::calibration::CONTENT_FREE;
use crate::explain::{Lens, attribute, calibrate, contrast};
use crate::index::LexicalIndex;
use crate::library::{Library, load};
use crate::model::{Device, Reranker, never};
use crate::search::Stage1;

fn demo() -> Pipeline {
    let library: Arc<Library> = load(&load::Source::Demo).unwrap().into();
    let lexical = Arc::new(LexicalIndex::build(&library));
    Pipeline::new(library, lexical)
}

const REQUESTS: [&str; 4] = [
    "merge pdf files and keep the pdf bookmarks",
    "why is this SQL query slow, and how do I make the query faster?",
    "bisect a regression with git",
    "xylophone",
];

/// The search adds words up on another road than the view does.
fn terms_and_fields_sum_to_the_score_of_the_search(pipeline: &Pipeline) {
    let settings = Stage1::ALL
        .into_iter()
        .flat_map(|stage1| FieldSet::ALL.map(|fields| Settings { stage1, fields, ..Settings::default() }));
    for (settings, request) in settings.flat_map(|settings| REQUESTS.map(|request| (settings, request))) {
        for hit in pipeline.words(settings.stage1).search(request, settings.fields, 1000) {
            let view = LexicalView::new(pipeline, request, settings, hit.skill);
            let near = |sum: f64| (sum - f64::from(hit.score)).abs() <= 1e-6 * f64::from(hit.score).max(1.0);
            let terms: f64 = view.terms.iter().map(|term| f64::from(term.score)).sum();
            let parts = view.terms.iter().flat_map(|term| term.by_field).map(f64::from).sum();
            assert!(near(terms) && near(parts), "{request} {terms} {parts} {}", hit.score);
            assert_eq!(view.placed.map(|placed| placed.score), Some(hit.score));
        }
    }
}

#[test]
fn terms_and_fields_of_bm25_sum_to_the_score_of_the_search() {
    terms_and_fields_sum_to_the_score_of_the_search(&demo());
}

/// With an embedder whose profile weighs fields apart.
#[cfg(feature = "builtin-models")]
#[test]
fn terms_and_fields_of_bm25f_sum_to_the_score_of_the_search() {
    let mut pipeline = demo();
    let embedder = Embedder::load("builtin", Device::Cpu).unwrap();
    assert!(embedder.profile().fusion.is_some());
    pipeline.set_models(Some(Arc::new(embedder)), None);
    terms_and_fields_sum_to_the_score_of_the_search(&pipeline);
}

#[test]
fn words_the_skill_lacks_are_named() {
    let pipeline = demo();
    let skill = pipeline.words(Stage1::Lexical).search("bisect", FieldSet::Full, 1)[0].skill;
    let view = LexicalView::new(&pipeline, "bisect the Xylophone, bisect the zither", Settings::default(), skill);
    let missing: Vec<&str> = view.missing.iter().map(Text::shown).collect();
    assert_eq!(missing, ["xylophone", "zither"]);
    assert_eq!(view.terms.len(), 1);
    let nothing = LexicalView::new(&pipeline, "xylophone", Settings::default(), skill);
    assert_eq!((nothing.placed, nothing.terms.len()), (None, 0));
}

#[cfg(feature = "builtin-models")]
#[test]
fn the_nearest_sentence_is_the_one_that_embeds_nearest() {
    let pipeline = demo();
    let embedder = Embedder::load("builtin", Device::Cpu).unwrap();
    let skill =
        &pipeline.library[pipeline.words(Stage1::Lexical).search("merge pdf files", FieldSet::Full, 1)[0].skill];
    let request = "put several pdf files together";
    let view = DenseView::new(&embedder, request, skill, FieldSet::Full, &never).unwrap();
    assert!(view.sentences.len() > 3 && view.unlisted == 0);
    assert!(view.sentences.is_sorted_by(|a, b| a.cosine >= b.cosine));
    // Each alone, by the embedder's own word: unit vectors, so the dot product is the cosine.
    let one = |text: &str| embedder.embed(&[embedder.encode(text, Role::Document)], &never).unwrap().remove(0);
    let asked = embedder.embed_queries(&[request], &never).unwrap().remove(0);
    let dot = |vector: &[f32]| asked.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>();
    for near in &view.sentences {
        let want = dot(&one(near.text.for_model()));
        assert!((near.cosine - want).abs() < 1e-5, "{near:?} {want}");
    }
    let whole = embedder.document(skill, FieldSet::Full);
    assert!((view.cosine - dot(&one(&whole.text))).abs() < 1e-5);
}

#[cfg(feature = "builtin-models")]
#[test]
fn calibrated_words_sum_to_zero_and_to_their_fields() {
    let mut pipeline = demo();
    pipeline.reranker = Some(Arc::new(Reranker::load("builtin", Device::Cpu).unwrap()));
    let skill = SkillIx(5);
    let look =
        |request: &str| attribute(&pipeline.capture(request, FieldSet::Full, skill, &never).unwrap(), Lens::default());
    let (own, free) = (look(REQUESTS[0]), look(CONTENT_FREE));
    let calibrated = calibrate(&own, &free);
    let sum: f32 = calibrated.words.iter().flatten().sum();
    assert!(sum.abs() < 1e-4 && calibrated.fields.iter().sum::<f32>().abs() < 1e-4, "{sum}");
    assert!(calibrated.words.iter().flatten().any(|weight| *weight < 0.0));
    let same = calibrate(&free, &free);
    assert!(same.words.iter().flatten().all(|weight| weight.abs() < 1e-6), "nothing is added by nothing");
    assert_eq!(calibrated.score, free.score);
}

#[cfg(feature = "builtin-models")]
#[test]
fn a_contrast_is_symmetric_and_its_words_are_scored_as_the_reranker_does() {
    let mut pipeline = demo();
    let reranker = Arc::new(Reranker::load("builtin", Device::Cpu).unwrap());
    pipeline.reranker = Some(reranker.clone());
    let hits = pipeline.words(Stage1::Lexical).search(REQUESTS[0], FieldSet::Full, 2);
    let [a, b] = [hits[0].skill, hits[1].skill];
    let compare = |pair| contrast(&pipeline, REQUESTS[0], Settings::default(), pair, Lens::default(), &never).unwrap();
    let (one, other) = (compare([a, b]), compare([b, a]));
    assert!(!one.words.is_empty() && !one.terms.is_empty());
    assert_eq!((one.mine.score, one.other.score), (other.other.score, other.mine.score));
    for word in &one.words {
        let back = other.words.iter().find(|back| back.word == word.word).unwrap();
        assert_eq!((word.mine, word.lead()), (back.other, -back.lead()));
    }
    // One word by hand: all its occurrences out, whatever the case and the punctuation around them.
    let word = one.words.iter().find(|word| word.mine.is_some()).unwrap();
    let skill = &pipeline.library[a];
    let score = |parts: [String; 3]| {
        let document = reranker.document_of_parts([&parts[0], &parts[1], &parts[2]]);
        reranker.score(&[reranker.encode(REQUESTS[0], &document.text)], &never).unwrap()[0]
    };
    let raw = Field::ALL.map(|field| skill.field(field).for_model().to_owned());
    let edited = raw.clone().map(|text| {
        let same = |piece: &&str| {
            piece.trim_end().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase() != word.word.for_model()
        };
        text.split_inclusive(char::is_whitespace).filter(same).collect::<String>()
    });
    assert_eq!(word.mine.unwrap().change, score(edited) - score(raw), "{}", word.word);
}
