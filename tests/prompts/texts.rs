//! What a model is given, written out byte for byte from the papers' code (papers.md 2.3, 3.2, 4.2).

use skillscope::library::FieldSet;

use super::{profile, written};

const QUERY: &str = " merge two\r\nPDF files ";
const PARTS: [&str; 3] = [" pdf", "Merge files ", "\n# PDF\nUse it. "];

/// What every Qwen3 reranker's prompt begins and ends with.
const PREFIX: &str = "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the \
                      Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n\
                      <|im_start|>user\n";
const SUFFIX: &str = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

#[test]
fn reranker_prompts() {
    let cases = [
        (
            "skillrouter",
            "<Instruct>: Given a task description, judge whether the skill document is relevant and useful for \
             completing the task\n\n<Query>:  merge two\r\nPDF files \n\n<Document>:  pdf | Merge files  | \n# PDF\n\
             Use it. ",
        ),
        (
            "skillrouter:instruction=code",
            "<Instruct>: Given a coding task description, judge whether the skill document is relevant and useful for \
             completing the task\n\n<Query>:  merge two\r\nPDF files \n\n<Document>:  pdf | Merge files  | \n# PDF\n\
             Use it. ",
        ),
        (
            "skillrouter:separator=single",
            "<Instruct>: Given a task description, judge whether the skill document is relevant and useful for \
             completing the task\n<Query>:  merge two\r\nPDF files \n<Document>:  pdf | Merge files  | \n# PDF\n\
             Use it. ",
        ),
        (
            "skillrouter:format=flat-nd",
            "<Instruct>: Given a task description, judge whether the skill document is relevant and useful for \
             completing the task\n\n<Query>:  merge two\r\nPDF files \n\n<Document>:  pdf | Merge files ",
        ),
        (
            "skillrouter:format=struct,instruction=code",
            "<Instruct>: Given a coding task description, judge whether the skill document is relevant and useful for \
             completing the task\n\n<Query>:  merge two\r\nPDF files \n\n<Skill>:\n<Name>:  pdf\n<Description>: Merge \
             files \n<Body>: \n# PDF\nUse it. ",
        ),
        (
            "skillrouter:caps=none",
            "<Instruct>: Given a task description, judge whether the skill document is relevant and useful for \
             completing the task\n\n<Query>:  merge two\r\nPDF files \n\n<Document>: pdf | Merge files | # PDF\nUse it.",
        ),
        (
            "skillret",
            "<Instruct>: Given a skill search query, judge whether the skill document is relevant and useful for the \
             query\n<Query>:  merge two\r\nPDF files \n<Document>: pdf | Merge files | # PDF\nUse it.",
        ),
        (
            "qwen3-8b:instruction=card",
            "<Instruct>: Given a web search query, retrieve relevant passages that answer the query\n<Query>:  merge \
             two\r\nPDF files \n<Document>: pdf | Merge files | # PDF\nUse it.",
        ),
    ];
    for (name, content) in cases {
        let profile = profile(name);
        let document = profile.reranker.as_ref().unwrap().document.render_parts(PARTS, FieldSet::Full);
        let rendered = written(&profile).unwrap().render(QUERY, &document.text);
        assert_eq!(rendered, format!("{PREFIX}{content}{SUFFIX}"), "{name}");
    }
}

#[test]
fn what_encoders_read() {
    let sr = "Instruct: Given a task description, retrieve the most relevant skill document that would help an agent \
              complete the task\nQuery:";
    let code = "Instruct: Given a coding task description, retrieve the most relevant skill document that would help \
                an agent complete the task\nQuery:";
    let st = "Instruct: Given a skill search query, retrieve relevant skills that match the query\nQuery: ";
    let r3 = "Instruct: Given a user request, retrieve the agent skill that solves it.\nQuery: ";
    let bge = "Represent this sentence for searching relevant passages: ";
    let (raw, stripped) = (" pdf | Merge files  | \n# PDF\nUse it. ", "pdf | Merge files | # PDF\nUse it.");
    let cases = [
        ("skillrouter", sr, raw),
        ("skillrouter:instruction=code", code, raw),
        ("skillrouter:caps=none", sr, stripped),
        ("skillrouter-8b", sr, raw),
        ("skillret", st, stripped),
        ("skillret-8b", st, stripped),
        ("qwen3-0.6b", st, stripped),
        ("r3", r3, raw),
        ("bge-small", bge, stripped),
        ("bge-large", bge, stripped),
        ("minilm", "", raw),
        ("builtin", "", raw),
    ];
    for (name, prefix, document) in cases {
        let embedder = profile(name).embedder.unwrap();
        assert_eq!((embedder.query_prefix.as_str(), embedder.document_prefix.as_str()), (prefix, ""), "{name}");
        assert_eq!(embedder.document.render_parts(PARTS, FieldSet::Full).text, document, "{name}");
    }
}

/// Caps count code points and come before anything else is put around the text.
#[test]
fn caps() {
    let long = "é".repeat(10_000);
    let lengths = |name: &str, of: &str| {
        let profile = profile(name);
        let template = match of {
            "embedder" => profile.embedder.unwrap().document,
            _ => profile.reranker.unwrap().document,
        };
        let document = template.render_parts([&long, &long, &long], FieldSet::Full);
        document.text.split(" | ").map(|field| field.chars().count()).collect::<Vec<_>>()
    };
    assert_eq!(lengths("skillrouter", "embedder"), [10_000, 300, 2_500]);
    assert_eq!(lengths("skillrouter:caps=eval", "embedder"), [10_000, 500, 8_000]);
    assert_eq!(lengths("skillrouter", "reranker"), [10_000, 500, 2_000]);
    assert_eq!(lengths("skillrouter:caps=eval", "reranker"), [10_000, 500, 2_000]);
    assert_eq!(lengths("skillrouter:caps=none", "reranker"), [10_000; 3]);
    assert_eq!(lengths("skillret", "embedder"), [10_000; 3]);
}

/// SkillRet reads the description where there is no body.
#[test]
fn a_blank_body() {
    let document = |name: &str| {
        profile(name).embedder.unwrap().document.render_parts(["pdf", " Merge files", " \n"], FieldSet::Full).text
    };
    assert_eq!(document("skillret"), "pdf | Merge files | Merge files");
    assert_eq!(document("skillrouter"), "pdf |  Merge files |  \n");
}
