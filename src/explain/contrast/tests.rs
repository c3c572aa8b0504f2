use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::index::LexicalIndex;
use crate::library::{Library, load};
use crate::model::{ModelError, Placement, Profiles, Reranker, never};

const REQUEST: &str = "Merge two pdf files. Keep the page order!";

fn skill(root: &Path, name: &str, description: &str, body: &str) {
    std::fs::create_dir_all(root.join(name)).unwrap();
    let text = format!("---\nname: {name}\ndescription: {description}\n---\n\n{body}\n");
    std::fs::write(root.join(name).join("SKILL.md"), text).unwrap();
}

fn library(root: &Path) -> Arc<Library> {
    let skills = root.join("skills");
    skill(
        &skills,
        "pdf-merge",
        "Merge PDF files into one.",
        "# Merge\n\nAppend the pages of each PDF, in order. Keep pages.",
    );
    skill(
        &skills,
        "pdf-forms",
        "Fill in a form of a PDF.",
        "# Forms\n\nFind the fields of the form; fill them in. Save the PDF.",
    );
    Arc::new(load(&load::Source::Paths(vec![skills])).unwrap())
}

fn pipeline(library: Arc<Library>, reranker: Reranker) -> Pipeline {
    let lexical = Arc::new(LexicalIndex::build(&library));
    let mut pipeline = Pipeline::new(library, lexical);
    pipeline.reranker = Some(Arc::new(reranker));
    pipeline
}

/// SkillRouter's profile over a small random Qwen3: a causal network.
fn causal(root: &Path) -> Reranker {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3");
    let model = root.join("model");
    std::fs::create_dir(&model).unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(fixtures.join("plain").join(file), model.join(file)).unwrap();
    }
    std::fs::copy(fixtures.join("reranker-tokenizer.json"), model.join("tokenizer.json")).unwrap();
    let source = model.to_str().unwrap();
    let profile = format!("name = 'random'\nabout = ''\nbase = 'skillrouter'\n[reranker]\nsource = {source:?}\n");
    std::fs::write(root.join("random.toml"), profile).unwrap();
    Reranker::load_from(&Profiles::with_users(Some(root)).unwrap(), "random", Placement::REFERENCE).unwrap()
}

/// The oracle edits the texts by hand and asks the reranker alone.
fn effects_are_those_of_scoring_without_the_word(pipeline: &Pipeline) {
    let skills = [SkillIx(0), SkillIx(1)];
    let found = contrast(pipeline, REQUEST, Settings::default(), skills, Lens::default(), &never).unwrap();
    let reranker = pipeline.reranker.as_ref().unwrap();
    let score = |parts: [&str; 3]| {
        let document = reranker.document_of_parts(parts);
        reranker.score(&[reranker.encode(REQUEST, &document.text)], &never).unwrap()[0]
    };
    let mut checked = 0;
    for (side, skill) in skills.into_iter().enumerate() {
        let skill = &pipeline.library[skill];
        let texts = [&skill.name, &skill.description, &skill.body].map(|text| text.for_model());
        let whole = score(texts);
        for word in &found.words {
            // All white space after a word goes with it.
            let without = |text: &str| -> String {
                let mut is_it = false;
                let stays = |part: &&str| {
                    if !part.trim().is_empty() {
                        let form = part.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
                        is_it = form == word.word.shown();
                    }
                    !is_it
                };
                text.split_inclusive(char::is_whitespace).filter(stays).collect()
            };
            let edited = texts.map(without);
            let effect = if side == 0 { word.mine } else { word.other };
            assert_eq!(effect.is_none(), edited == texts.map(str::to_owned), "{word:?}");
            if let Some(effect) = effect {
                let want = score([&edited[0], &edited[1], &edited[2]]) - whole;
                assert!((effect.change - want).abs() < 1e-5, "{word:?} {want}");
                checked += 1;
            }
        }
    }
    assert!(checked >= 2 * WORDS, "{checked} words");
    assert!(found.words.iter().any(|word| word.mine.is_some() && word.other.is_some()), "pdf is in both");
}

#[test]
fn whose_words_won_is_what_scoring_without_them_says_for_a_causal_network() {
    let root = tempfile::tempdir().unwrap();
    effects_are_those_of_scoring_without_the_word(&pipeline(library(root.path()), causal(root.path())));
}

#[cfg(feature = "builtin-models")]
#[test]
fn whose_words_won_is_what_scoring_without_them_says_for_an_encoder() {
    let root = tempfile::tempdir().unwrap();
    let reranker = Reranker::load("builtin", crate::model::Device::Cpu).unwrap();
    effects_are_those_of_scoring_without_the_word(&pipeline(library(root.path()), reranker));
}

#[test]
fn a_contrast_can_be_stopped_and_gone_on_with() {
    let root = tempfile::tempdir().unwrap();
    let pipeline = pipeline(library(root.path()), causal(root.path()));
    let skills = [SkillIx(1), SkillIx(0)];
    let mut run = Run::new(pipeline.clone(), REQUEST, Settings::default(), skills, Lens::default());
    let mut before = (0, run.progress().1);
    while run.finished().is_none() {
        let stopped = run.step(&|| true);
        assert!(matches!(stopped, Err(SearchError::Model(ModelError::Stopped))), "{:?}", stopped.err());
        assert_eq!(run.progress().0, before.0, "nothing is lost and nothing half done");
        run.step(&never).unwrap();
        let now = run.progress();
        assert!(now.0 > before.0 && now.0 <= now.1 && now.1 <= before.1, "{before:?} {now:?}");
        before = now;
    }
    assert_eq!(before.0, before.1);
    let whole = contrast(&pipeline, REQUEST, Settings::default(), skills, Lens::default(), &never).unwrap();
    let found = run.finished().unwrap();
    assert_eq!((found.words, found.terms), (whole.words, whole.terms));
    assert_eq!((found.mine.skill, found.other.skill), (skills[0], skills[1]));
}
