//! Profiles in use: what a name with settings loads, what it says of itself, and what it refuses.

use std::fs;
use std::path::Path;

use skillscope::model::{Device, Embedder, Placement, Profiles, Reranker};

use super::damage::assert_names;
use super::fixture::SMALL;

/// A user's profiles over one small BERT.
fn profiles(directory: &Path, texts: &[String]) -> Profiles {
    for (index, text) in texts.iter().enumerate() {
        fs::write(directory.join(format!("{index}.toml")), text).unwrap();
    }
    Profiles::with_users(Some(directory)).unwrap()
}

fn model(directory: &Path) -> String {
    let model = directory.join("model");
    fs::create_dir(&model).unwrap();
    SMALL.write(&model, &SMALL.tensors(1));
    format!("source = {:?}", model.to_str().unwrap())
}

#[test]
fn halves_that_a_profile_lacks() {
    let reranker = Reranker::load("bge-small", Device::Cpu).map(|_| ()).unwrap_err().to_string();
    assert_names(&reranker, &["bge-small", "no reranker", "combine", "minilm"]);
    assert!(!reranker.contains("bge-large"), "{reranker}");
    let unpublished = Embedder::load("skillrouter-8b", Device::Cpu).map(|_| ()).unwrap_err().to_string();
    assert_names(&unpublished, &["skillrouter-8b", "no published weights"]);
    let setting = Embedder::load("skillrouter:caps=wide", Device::Cpu).map(|_| ()).unwrap_err().to_string();
    assert_names(&setting, &["skillrouter:caps=wide", "training", "eval", "none"]);
}

#[test]
fn prompts_are_not_for_encoders() {
    let directory = tempfile::tempdir().unwrap();
    let source = model(directory.path());
    let texts = ["skillrouter", "r3"].map(|base| {
        format!("name = 'my-{base}'\nabout = ''\nbase = '{base}'\n[embedder]\n{source}\n[reranker]\n{source}\n")
    });
    let profiles = profiles(directory.path(), &texts);
    let error = |name: &str| Reranker::load_from(&profiles, name, Device::Cpu).map(|_| ()).unwrap_err().to_string();
    assert_names(&error("my-skillrouter"), &["model", "an encoder", "prompt"]);
    assert_names(&error("my-r3"), &["model", "no chat template"]);
}

#[test]
fn settings_change_the_text_the_fingerprint_and_the_badge() {
    let directory = tempfile::tempdir().unwrap();
    let source = model(directory.path());
    let text = format!(
        "name = 'mine'\nabout = ''\n[embedder]\n{source}\nmax_tokens = 30\nquery_prefix = 'find: '\nquery_cap = 4\n\
         [reranker]\n{source}\nmax_tokens = 30\nquery_cap = 3\n[reranker.document]\ncaps = {{ body = 5 }}\n\
         [options.width]\nabout = ''\ndefault = 'narrow'\n[options.width.choices.wide]\nembedder.query_cap = 'none'\n\
         [options.similarity]\nabout = ''\ndefault = 'f32'\n[options.similarity.choices.bf16]\n\
         embedder.similarity = 'bf16'\n"
    );
    let profiles = profiles(directory.path(), &[text]);
    let embedder = |name: &str| Embedder::load_from(&profiles, name, Placement::REFERENCE).unwrap();
    let (plain, wide, rounded) = (embedder("mine"), embedder("mine:width=wide"), embedder("mine:similarity=bf16"));
    let ids = |embedder: &Embedder| embedder.encode_query("ab cd ef gh").remove(0).ids;
    assert_eq!(ids(&plain), ids(&embedder("mine:width=narrow")));
    assert!(ids(&wide).len() > ids(&plain).len());
    let fingerprints = [&plain, &wide, &rounded].map(|embedder| embedder.id().fingerprint.clone());
    assert!(fingerprints[0] != fingerprints[1] && fingerprints[0] != fingerprints[2]);
    assert_names(
        &plain.badge().long,
        &["mine", "f32", "\"find: \"", "query at most 4", "30 tokens", "mean pooling", "similarity f32", "no caps"],
    );
    assert_eq!(wide.badge().short, "mine:width=wide f32");
    assert!(!wide.badge().long.contains("query at most"));
    assert_names(&rounded.badge().long, &["similarity bf16"]);

    let never = skillscope::model::never;
    let text = [plain.encode("ab cd ef gh", skillscope::model::Role::Document)];
    let (exact, kept) = (plain.embed(&text, &never).unwrap(), rounded.embed(&text, &never).unwrap());
    for (exact, kept) in exact[0].iter().zip(&kept[0]) {
        assert_eq!(kept.to_bits() & 0xffff, 0, "{kept} is no bf16");
        assert!((exact - kept).abs() <= exact.abs() / 256.0);
    }

    let reranker = Reranker::load_from(&profiles, "mine", Placement::REFERENCE).unwrap();
    assert_eq!(reranker.encode("ab cd ef", "x").ids, reranker.encode("ab ", "x").ids);
    assert_names(&reranker.badge().long, &["query at most 3", "body at most 5 characters", "score logit"]);
}
