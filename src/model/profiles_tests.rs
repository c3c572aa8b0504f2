use super::*;
use crate::model::{Precision, PromptProfile, Score, Similarity};
use crate::text::WrittenPrompt;

fn builtin() -> Profiles {
    Profiles::builtin().unwrap()
}

fn resolve(name: &str) -> Profile {
    builtin().resolve(name).unwrap().unwrap()
}

fn written(profile: &Profile) -> WrittenPrompt {
    match profile.reranker.as_ref().unwrap().prompt.clone().unwrap() {
        PromptProfile::Written(prompt) => prompt,
        PromptProfile::Repository { .. } => panic!("{} has no written prompt", profile.name),
    }
}

/// Adds one profile of a user to the built-in ones.
fn with(text: &str) -> Result<Profiles, ModelError> {
    builtin().with(std::iter::once(Written::parse(text.as_bytes(), "mine.toml")))
}

#[test]
fn the_default_profile_is_built_in_and_written_as_data() {
    let profile = resolve(DEFAULT);
    let (embedder, reranker) = (profile.embedder.clone().unwrap(), profile.reranker.clone().unwrap());
    assert_eq!((embedder.max_tokens, reranker.max_tokens), (256, 320));
    assert_eq!((embedder.document.caps.description, embedder.document.caps.body), (Some(300), Some(2500)));
    assert_eq!(reranker.document.caps.body, None, "what is not read must be visible, so nothing is cut before");
    for profile in builtin().iter() {
        let text = toml::to_string(profile).unwrap();
        assert_eq!(&toml::from_str::<Profile>(&text).unwrap(), profile);
    }
}

#[test]
fn the_profiles_the_papers_speak_of_are_there() {
    let names = [
        "builtin",
        "bge-large",
        "bge-small",
        "minilm",
        "qwen3-0.6b",
        "qwen3-8b",
        "r3",
        "skillret",
        "skillret-8b",
        "skillrouter",
        "skillrouter-8b",
    ];
    let profiles = builtin();
    for name in names {
        assert!(profiles.get(name).is_some(), "{name}");
    }
    assert_eq!(profiles.iter().count(), names.len());
    // (profile, tokens of the encoder, of the reranker), papers.md 1.4, 2.3, 3.2, 4.2.
    let lengths = [
        ("skillrouter", Some(2048), Some(4096)),
        ("skillrouter:caps=eval", Some(4096), Some(4096)),
        ("skillret", Some(32768), Some(32768)),
        ("r3", Some(4096), Some(4096)),
        ("bge-large", Some(512), None),
    ];
    for (name, embedder, reranker) in lengths {
        let profile = resolve(name);
        assert_eq!(profile.embedder.map(|part| part.max_tokens), embedder, "{name}");
        assert_eq!(profile.reranker.map(|part| part.max_tokens), reranker, "{name}");
    }
}

#[test]
fn a_choice_is_laid_over_the_profile() {
    let plain = resolve("skillrouter");
    assert_eq!(resolve("skillrouter:instruction=card,caps=training"), plain, "defaults change nothing");
    assert_eq!((plain.embedder.as_ref().unwrap().query_cap, written(&plain).separator.as_str()), (Some(1500), "\n\n"));
    let other = resolve("skillrouter:caps=eval,separator=single,similarity=bf16,score=probability");
    let (embedder, reranker) = (other.embedder.clone().unwrap(), other.reranker.clone().unwrap());
    assert_eq!((embedder.query_cap, embedder.document.caps.body), (Some(2000), Some(8000)));
    assert_eq!((embedder.similarity, reranker.score), (Similarity::Bf16, Score::ProbabilityF16));
    assert_eq!(written(&other).separator, "\n");
    assert_eq!(reranker.document, plain.reranker.unwrap().document, "the encoder's caps are not the reranker's");
    let bare = resolve("skillrouter:caps=none");
    let embedder = bare.embedder.unwrap();
    assert_eq!((embedder.query_cap, embedder.document.caps.body, embedder.document.strip), (None, None, true));
}

#[test]
fn a_wrong_setting_is_answered_with_the_known_ones() {
    let error = |name: &str| builtin().resolve(name).unwrap_err().to_string();
    assert!(error("skillrouter:caps=wide").contains("training, eval, none"));
    assert!(error("skillrouter:cap=eval").contains("caps, format, instruction"));
    assert!(error("skillrouter:eval").contains("setting=choice"));
    assert!(error("minilm:caps=none").contains("has no settings"));
    assert_eq!(builtin().resolve("owner/name:x=y").unwrap(), None, "another name may be a repository");
}

#[test]
fn a_profile_can_be_built_on_another() {
    let mine = "name = 'mine'\nabout = 'my copy'\nbase = 'skillrouter-8b'\nembedder.source = '/weights'\n";
    let profiles = with(mine).unwrap();
    let profile = profiles.resolve("mine:instruction=code").unwrap().unwrap();
    let embedder = profile.embedder.unwrap();
    assert_eq!((embedder.source.as_deref(), embedder.dtype), (Some("/weights"), Precision::Bf16));
    assert!(embedder.query_prefix.contains("coding task"));
    assert_eq!(profile.reranker.unwrap().source, None);
    let circle = "name = 'skillret'\nabout = ''\nbase = 'skillret-8b'\n";
    assert!(with(circle).unwrap_err().to_string().contains("built on itself"));
    assert!(with("name = 'a'\nabout = ''\nbase = 'b'").unwrap_err().to_string().contains("no profile \"b\""));
}

#[test]
fn faults_name_file_line_and_choice() {
    let error = |text: &str| with(text).unwrap_err().to_string();
    let typing = error("name = 'a'\nabout = ''\n[embedder]\nsource = 'x'\nmax_tokens = 9\npoling = 'cls'\n");
    assert!(typing.starts_with("mine.toml: ") && typing.contains("line 6") && typing.contains("poling"), "{typing}");
    assert!(error("name = 'a:b'\nabout = ''").contains("without colon"));
    let choice = "name = 'a'\nabout = ''\nbase = 'minilm'\n[options.x]\nabout = ''\ndefault = 'y'\n\
                  [options.x.choices.z]\nembedder.maximum = 3\n";
    let choice = error(choice);
    assert!(choice.contains("choice z of x") && choice.contains("maximum"), "{choice}");
}

/// What the guide shows works.
#[test]
fn the_guides_example() {
    let guide = include_str!("../../docs/guide.md");
    let start = guide.find("```toml\nname = \"mine\"").unwrap() + "```toml\n".len();
    let example = &guide[start..start + guide[start..].find("```").unwrap()];
    let profiles = with(example).unwrap();
    let embedder = |name: &str| profiles.resolve(name).unwrap().unwrap().embedder.unwrap();
    let (plain, bare) = (embedder("mine"), embedder("mine:prefix=bare,caps=eval"));
    assert_eq!((plain.document.caps.body, plain.document.caps.description), (Some(4000), Some(300)));
    assert!(plain.query_prefix.starts_with("Instruct: ") && bare.query_prefix.is_empty());
    assert_eq!(bare.max_tokens, 4096);
}
