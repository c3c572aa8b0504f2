use std::path::Path;

use super::*;

fn fixture(name: &str) -> Modules {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders");
    Modules::read(&Place::directory(&fixtures.join(name))).unwrap()
}

/// Files that sentence-transformers wrote (`make.py`).
#[test]
fn a_causal_cross_encoder() {
    let modules = fixture("causal-cross");
    assert_eq!(modules.answer, Some(Answer { yes: 93, no: Some(94) }));
    assert_eq!(modules.default_prompt.as_deref(), Some("Find the skill."));
    assert_eq!(modules.activation, Activation::Identity);
    assert_eq!(modules.max_tokens, Some(64));
    let template = "{% for message in messages %}<{{ message.role }}>{{ message.content }}{% endfor %}";
    assert_eq!(modules.chat_template.as_deref(), Some(template));
}

#[test]
fn a_cross_encoder_names_its_activation_in_its_config() {
    assert_eq!(fixture("bert-cross").activation, Activation::Identity);
    assert_eq!(fixture("xlmr-cross").activation, Activation::Sigmoid, "sentence-transformers' default");
    assert!(fixture("bert-cross").segments && !fixture("xlmr-cross").segments);
}

/// A directory of these files.
fn written(files: &[(&str, &str)]) -> Result<Modules, String> {
    let directory = tempfile::tempdir().unwrap();
    for (file, content) in files {
        let path = directory.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    Modules::read(&Place::directory(directory.path())).map_err(|error| error.to_string())
}

#[test]
fn a_directory_that_says_nothing() {
    assert_eq!(written(&[]), Ok(Modules::default()));
}

/// As repositories of 2019 to 2021 have it: the network in a directory of its own.
#[test]
fn old_repositories() {
    let modules = written(&[
        (
            "modules.json",
            r#"[{"idx": 0, "name": "0", "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
                {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#,
        ),
        ("0_Transformer/sentence_roberta_config.json", r#"{"max_seq_length": 128}"#),
        ("0_Transformer/tokenizer_config.json", r#"{"model_max_length": 512}"#),
        (
            "0_Transformer/config.json",
            r#"{"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}"#,
        ),
        ("1_Pooling/config.json", r#"{"word_embedding_dimension": 768, "pooling_mode_cls_token": false}"#),
    ]);
    let modules = modules.unwrap();
    assert_eq!((modules.base.as_str(), modules.max_tokens), ("0_Transformer/", Some(128)));
    assert_eq!((modules.pooling, modules.activation), (Some(Pooling::Mean), Activation::Identity));
}

#[test]
fn prompts() {
    let prompts = |json: &str| {
        let modules = written(&[("config_sentence_transformers.json", json)]).unwrap();
        (modules.query_prompt, modules.document_prompt)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(prompts(r#"{"prompts": {"query": "q: ", "passage": "p: "}}"#), (some("q: "), some("p: ")));
    assert_eq!(prompts(r#"{"prompts": {"query": "q: ", "document": "", "passage": "p: "}}"#), (some("q: "), some("")));
    assert_eq!(prompts(r#"{"prompts": {}, "default_prompt_name": null}"#), (None, None));
}

#[test]
fn lengths_and_templates_of_a_tokenizer() {
    let endless = r#"{"model_max_length": 1000000000000000019884624838656,
        "chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": "d"}]}"#;
    let modules = written(&[("tokenizer_config.json", endless)]).unwrap();
    assert_eq!((modules.max_tokens, modules.chat_template.as_deref()), (None, Some("d")));
    assert!(modules.segments, "unless it says that it does not");
    let with_file = written(&[("tokenizer_config.json", endless), ("chat_template.jinja", "file")]).unwrap();
    assert_eq!(with_file.chat_template.as_deref(), Some("file"));
}

#[test]
fn capitals() {
    let asks = ("sentence_bert_config.json", r#"{"do_lower_case": true}"#);
    let lowers =
        r#"{"normalizer": {"type": "Sequence", "normalizers": [{"type": "BertNormalizer", "lowercase": true}]}}"#;
    assert!(written(&[asks, ("tokenizer.json", lowers)]).is_ok());
    let keeps = written(&[asks, ("tokenizer.json", r#"{"normalizer": null}"#)]).unwrap_err();
    assert!(keeps.contains("sentence_bert_config.json") && keeps.contains("do_lower_case"), "{keeps}");
}
