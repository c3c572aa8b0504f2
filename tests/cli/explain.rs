//! `explain`: its numbers against other commands and hand-made edits, and pages that hostile text can not break out of.

use serde_json::{Value, json};
use skillscope::library::load::{Source, load};

use crate::{Program, stderr, write_skill};

const REQUEST: &str = "Merge two pdf documents. Keep the page order!";
const NAME: &str = "pdf-merge";
const DESCRIPTION: &str = "Merge several PDF files into one. Works on reports and scans.";
const BODY: &str = "Read this first.\n\n# Merge\n\nUse a PDF writer and append pages. Keep bookmarks.\n\n# Check\n\n- Count the pages.\n- Open the result.";

fn library(program: &Program) -> String {
    let root = program.home.path().join("skills");
    write_skill(&root, NAME, DESCRIPTION, BODY);
    write_skill(&root, "pid-tuning", "Tune a PID controller", "# PID\n\nRaise Kp until it oscillates.");
    write_skill(&root, "pdf-forms", "Fill in a PDF form", "# Forms\n\nFill the fields of a document.");
    root.to_str().unwrap().to_owned()
}

fn rerank(program: &Program, inputs: &[Value]) -> Vec<f64> {
    let lines: String = inputs.iter().map(|input| format!("{input}\n")).collect();
    let output = program.run_with_input(&["rerank", "--reranker", "builtin"], lines.as_bytes());
    assert!(output.status.success(), "{}", stderr(&output));
    let score = |line: &str| serde_json::from_str::<Value>(line).unwrap()["score"].as_f64().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(score).collect()
}

/// The oracle is another command, given texts that are edited here.
#[test]
fn every_change_of_score_is_what_rerank_says_of_the_edited_skill() {
    let program = Program::default();
    let library = library(&program);
    let value = program.json(&[
        "explain",
        REQUEST,
        NAME,
        "--library",
        &library,
        "--erase",
        "fields,sections,sentences,lines,words,request",
        "--by",
        "deletion,neutral",
        "--json",
    ]);
    let erasures = value["erasure"].as_array().unwrap();
    assert_eq!(erasures.len(), 12);
    let whole = json!({"query": REQUEST, "name": NAME, "description": DESCRIPTION, "body": format!("{BODY}\n")});
    let (mut inputs, mut expected) = (vec![whole.clone()], vec![value["score"].as_f64().unwrap()]);
    for erasure in erasures {
        for unit in erasure["units"].as_array().unwrap() {
            let field = match unit["field"].as_str().unwrap() {
                "request" => "query",
                field => field,
            };
            let text = whole[field].as_str().unwrap();
            let at = |end: usize| unit["bytes"][end].as_u64().unwrap() as usize;
            let put: String = match erasure["neutral"].as_str() {
                None => String::new(),
                Some(sign) => {
                    let word = |word: &str| match word.trim_end() {
                        "" => word.to_owned(),
                        ink => word.replacen(ink, sign, 1),
                    };
                    text[at(0)..at(1)].split_inclusive(char::is_whitespace).map(word).collect()
                }
            };
            let mut edited = whole.clone();
            edited[field] = format!("{}{put}{}", &text[..at(0)], &text[at(1)..]).into();
            inputs.push(edited);
            expected.push(unit["score"].as_f64().unwrap());
        }
    }
    assert!(inputs.len() > 30, "{} edits", inputs.len());
    let scores = rerank(&program, &inputs);
    // The first is the score with attention, whose promise is 1e-5; the others are exact.
    assert!((scores[0] - expected[0]).abs() < 1e-5);
    assert_eq!(scores[1..], expected[1..]);
    let base = erasures[0]["score"].as_f64().unwrap();
    assert_eq!(base, scores[0]);
    for unit in erasures.iter().flat_map(|erasure| erasure["units"].as_array().unwrap()) {
        let change = unit["score"].as_f64().unwrap() as f32 - base as f32;
        assert_eq!(unit["change"].as_f64().unwrap() as f32, change);
    }
    let request = erasures.last().unwrap();
    assert_eq!(request["units"].as_array().unwrap().len(), 2, "both sentences of the request");
    assert!(value["removed"]["request"].as_f64().unwrap() > 0.0, "its tokens are no template's");
    assert!(request["title"].as_str().unwrap().contains("our reconstruction of SkillRet's"));
    assert!(request["agreement"].is_null(), "attention on a request is another scale");
}

/// Where the three fields lie among the tokens that `rerank --attention` prints: behind the first [SEP] (102), parted
/// by two bars (1064).
fn field_spans(raw: &Value) -> [std::ops::Range<usize>; 3] {
    let ids: Vec<u64> = raw["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
    let next = |id: u64, from: usize| (from..ids.len()).find(|&at| ids[at] == id).unwrap();
    let first = next(102, 0) + 1;
    let bar = next(1064, first);
    let second = next(1064, bar + 1);
    [first..bar, bar + 1..second, second + 1..ids.len() - 1]
}

/// SkillRouter's appendix C by the definition, from the raw rows that another command prints: 20 skills people wrote.
#[test]
fn shares_of_twenty_real_pairs_are_those_of_the_raw_attention() {
    let program = Program::default();
    let skills = load(&Source::Demo).unwrap();
    // Two bars part the fields, so none may stand in a name or description.
    let plain = skills.skills().iter().filter(|skill| !skill.description.for_model().contains('|'));
    let pairs: Vec<_> = plain.step_by(3).take(20).collect();
    assert_eq!(pairs.len(), 20);
    let request = "review the open pull request and look for missing tests";
    let input = |skill: &&skillscope::library::Skill| {
        let [name, description, body] = [&skill.name, &skill.description, &skill.body].map(|text| text.for_model());
        format!("{}\n", json!({"query": request, "name": name, "description": description, "body": body}))
    };
    let lines: String = pairs.iter().map(input).collect();
    let output = program.run_with_input(&["rerank", "--reranker", "builtin", "--attention"], lines.as_bytes());
    let raw: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (skill, raw) in pairs.iter().zip(raw) {
        let value = program.json(&["explain", request, skill.id.shown(), "--stage1", "lexical", "--json"]);
        let spans = field_spans(&raw);
        let layers = raw["attention"].as_array().unwrap();
        let mut middle = [0.0; 3];
        for (layer, heads) in layers.iter().enumerate() {
            let heads = heads.as_array().unwrap();
            let mass = spans.clone().map(|span| {
                heads.iter().map(|row| span.clone().map(|at| row[at].as_f64().unwrap()).sum::<f64>()).sum::<f64>()
            });
            let total: f64 = mass.iter().sum();
            for (field, key) in ["name", "description", "body"].iter().enumerate() {
                let share = value["layers"][layer][key].as_f64().unwrap();
                assert!((share - mass[field] / total).abs() < 1e-6, "{} layer {layer} {key}", skill.id);
                // Six layers, of which the middle half rounds to the four inside.
                if (1..5).contains(&layer) {
                    middle[field] += mass[field] / total / 4.0;
                }
            }
        }
        for (field, key) in ["name", "description", "body"].iter().enumerate() {
            let own = &value["fields"][key];
            assert!((own["share"].as_f64().unwrap() - middle[field]).abs() < 1e-6, "{} {key}", skill.id);
            assert_eq!(own["tokens"].as_u64().unwrap() as usize, spans[field].len());
        }
    }
}

/// The reranker without `score_prior`.
const ALONE: &str = r#"
    name = "alone"
    about = "the built-in reranker by itself"
    [reranker]
    source = "builtin"
    max_tokens = 320
    [reranker.document]
    separator = " | "
"#;

/// Ranks are places among what `search` orders by: its printed scores of both stages, mixed as the profile says. Of the
/// built-in one that is `score_prior` and `score_prior_per_token` of the request's ten (eight words and two marks); a profile
/// without them leaves the order to the reranker, where a skill that loses its body changes places.
#[test]
fn ranks_are_those_among_the_scores_of_the_search() {
    let program = Program::default();
    let library = library(&program);
    let profiles = program.home.path().join("config/skillscope/profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    std::fs::write(profiles.join("alone.toml"), ALONE).unwrap();
    // The reranker alone has it before the other, mixed with stage 1 behind it, and both are near enough for the loss of
    // a field to count.
    let root = program.home.path().join("skills");
    write_skill(&root, "pdf-join", "Merge several PDF files into one.", "# Join\n\nAppend pages.");
    assert!(changed_ranks(&program, &library, "builtin", 15.0 + 10.0 * 0.2) > 0);
    assert!(changed_ranks(&program, &library, "alone", 0.0) > 0);
}

/// Compares every rank that erasing fields prints, of every skill; says how many differ from the whole skill's.
fn changed_ranks(program: &Program, library: &str, reranker: &str, weight: f64) -> usize {
    let mixed =
        |score: &Value, hit: &Value| score.as_f64().unwrap() + weight * hit["stage1"]["fused"].as_f64().unwrap();
    let command =
        |rest: &[&str]| program.json(&[rest, &["--library", library, "--reranker", reranker, "--json"]].concat());
    let found = command(&["search", REQUEST]);
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 4);
    let mut changed = 0;
    for hit in hits {
        let others = hits.iter().filter(|other| other["id"] != hit["id"]);
        let others: Vec<f64> = others.map(|other| mixed(&other["stage2"]["score"], other)).collect();
        let rank = |score: &Value| 1 + others.iter().filter(|&&other| other > mixed(score, hit)).count() as u64;
        let value = command(&["explain", REQUEST, hit["id"].as_str().unwrap(), "--erase", "fields"]);
        let erasure = &value["erasure"][0];
        assert_eq!(erasure["rank"], rank(&erasure["score"]), "{}", hit["id"]);
        for unit in erasure["units"].as_array().unwrap() {
            assert_eq!(unit["rank"], rank(&unit["score"]), "{unit}");
            let change = unit["rank"].as_i64().unwrap() - erasure["rank"].as_i64().unwrap();
            assert_eq!(unit["rank_change"].as_i64(), Some(change));
            changed += usize::from(change != 0);
        }
        assert_eq!(erasure["agreement"]["verdict"], "too few units");
    }
    changed
}

/// The oracle is `search`, given the edited request: only its shortlist of two says who is out.
#[test]
fn an_erased_request_has_the_ranks_that_a_search_for_it_has() {
    let program = Program::default();
    let library = library(&program);
    let request = "Merge two pdf documents. Fill in a form! Raise the oscillating Kp.";
    let shared = ["--library", &library, "--depth", "2", "--json"];
    let rank = |skill: &str, request: &str| {
        let output = program.run(&[&["search", request], &shared[..]].concat());
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let hits = found["hits"].as_array().unwrap();
        hits.iter().position(|hit| hit["id"] == skill).map(|at| at + 1)
    };
    let mut seen = std::collections::BTreeSet::new();
    for skill in [NAME, "pid-tuning"] {
        let value = program.json(&[&["explain", request, skill, "--erase", "request"], &shared[..]].concat());
        let erasure = &value["erasure"][0];
        assert_eq!(erasure["rank"].as_u64().map(|rank| rank as usize), rank(skill, request), "{skill}");
        let units = erasure["units"].as_array().unwrap();
        assert_eq!((units.len(), &erasure["lists"]["depth"], &erasure["lists"]["skills"]), (3, &json!(2), &json!(3)));
        for unit in units {
            let [from, to] = [0, 1].map(|end| unit["bytes"][end].as_u64().unwrap() as usize);
            let want = rank(skill, &format!("{}{}", &request[..from], &request[to..]));
            assert_eq!(unit["rank"].as_u64().map(|rank| rank as usize), want, "{unit}");
            seen.insert(want);
        }
    }
    assert!(seen.len() > 1, "the ranks differ, else they prove nothing: {seen:?}");
}

#[test]
fn retrieval_sums_to_the_score_of_the_search_and_contrast_names_the_rival() {
    let program = Program::default();
    let library = library(&program);
    let found = program.json(&["search", REQUEST, "--library", &library, "--json"]);
    let hit = found["hits"].as_array().unwrap().iter().find(|hit| hit["id"] == NAME).unwrap().clone();
    let value =
        program.json(&["explain", REQUEST, NAME, "--library", &library, "--retrieval", "--contrast", "top", "--json"]);
    let lexical = &value["retrieval"]["lexical"];
    let terms = lexical["terms"].as_array().unwrap();
    let sum: f64 = terms.iter().map(|term| term["score"].as_f64().unwrap()).sum();
    assert!((sum - hit["stage1"]["lexical"].as_f64().unwrap()).abs() < 1e-6, "{lexical}");
    let fields = ["name", "description", "body"];
    for term in terms {
        let parts: f64 = fields.iter().map(|field| term["fields"][field].as_f64().unwrap()).sum();
        assert!((parts - term["score"].as_f64().unwrap()).abs() < 1e-6);
    }
    let dense = value["retrieval"]["dense"]["cosine"].as_f64().unwrap();
    assert!((dense - hit["stage1"]["dense"].as_f64().unwrap()).abs() < 2e-3, "the index keeps f16");
    assert_eq!(value["contrast"]["mine"]["id"], NAME);
    assert_ne!(value["contrast"]["other"]["id"], NAME);
    assert!(!value["contrast"]["words"].as_array().unwrap().is_empty());
    let calibrated: f64 = fields.iter().map(|field| value["calibrated"]["fields"][field].as_f64().unwrap()).sum();
    let seen: f64 = fields.iter().map(|field| value["from_request"]["fields"][field]["share"].as_f64().unwrap()).sum();
    assert!((seen - 1.0).abs() < 1e-4, "the request's words look at the document too");
    assert!(calibrated.abs() < 1e-4, "what the request adds to one field it takes from another");
}

/// The grid against the raw rows that `rerank --attention` prints, the marked heads against the grid's own cells.
#[test]
fn the_grid_of_heads_is_that_of_the_raw_attention_and_flags_choose_what_is_averaged() {
    let program = Program::default();
    let library = library(&program);
    let explain =
        |flags: &[&str]| program.json(&[&["explain", REQUEST, NAME, "--library", &library, "--json"], flags].concat());
    let value = explain(&["--units", "lines", "--heads", "3.5"]);
    let input = json!({"query": REQUEST, "name": NAME, "description": DESCRIPTION, "body": format!("{BODY}\n")});
    let output =
        program.run_with_input(&["rerank", "--reranker", "builtin", "--attention"], format!("{input}\n").as_bytes());
    let raw: Value = serde_json::from_slice(&output.stdout).unwrap();
    let spans = field_spans(&raw);
    let grid = &value["head_grid"];
    assert_eq!(
        (grid["layers"].as_u64(), grid["heads"].as_u64(), &grid["reading"]),
        (Some(6), Some(12), &json!("plain"))
    );
    for (layer, head) in (0..6).flat_map(|layer| (0..12).map(move |head| (layer, head))) {
        let row = &raw["attention"][layer][head];
        let mass = spans.clone().map(|span| span.map(|at| row[at].as_f64().unwrap()).sum::<f64>());
        let total: f64 = mass.iter().sum();
        let cell = |target: &str| grid["targets"][target][layer][head].as_f64().unwrap();
        assert!((cell("fields") - total).abs() < 1e-5, "layer {layer} head {head}");
        for (field, key) in ["name", "description", "body"].iter().enumerate() {
            assert!((cell(key) - mass[field] / total).abs() < 1e-5, "layer {layer} head {head} {key}");
        }
    }
    // One marked head is its own cell of the grid, whatever is averaged elsewhere.
    for key in ["name", "description", "body"] {
        let share = value["fields"][key]["share"].as_f64().unwrap();
        assert!((share - grid["targets"][key][2][4].as_f64().unwrap()).abs() < 1e-5, "{key}");
    }
    assert_eq!(value["lens"], json!({"band": "marked", "heads": [[2, 4]]}));
    let units = value["units"]["pieces"].as_array().unwrap();
    let sum: f64 = units.iter().filter_map(|unit| unit["weight"].as_f64()).sum();
    assert!((sum - 1.0).abs() < 1e-4 && units.iter().any(|unit| unit["text"] == "- Count the pages."), "{units:?}");

    let one = explain(&["--band", "3", "--head", "5", "--reading", "calibrated", "--units", "sections"]);
    assert_eq!(one["fields"], value["fields"], "the same head by another flag");
    let changes = one["units"]["pieces"].as_array().unwrap();
    let sum: f64 = changes.iter().filter_map(|unit| unit["weight"].as_f64()).sum();
    assert!(sum.abs() < 1e-4, "what the request draws to one section it takes from others: {changes:?}");
    let request = explain(&["--reading", "request"]);
    assert_ne!(request["head_grid"]["targets"], value["head_grid"]["targets"]);
    assert!(request["units"].is_null());
}

#[test]
fn a_page_is_whole_and_hostile_text_stays_text() {
    let program = Program::default();
    let root = program.home.path().join("skills");
    let hostile = "</title><script>alert(1)</script> <img src=x onerror=alert(2)> @BODY@ @TITLE@";
    write_skill(&root, "evil", &format!("'{hostile}'"), &format!("# {hostile}\n\nMerge pdf. \u{1b}[2J {hostile}"));
    write_skill(&root, "other", "Merge pdf", "Merge <b>pdf</b>");
    let page = program.home.path().join("page.html");
    let output = program.run(&[
        "explain",
        &format!("merge pdf {hostile}"),
        "evil",
        "--library",
        root.to_str().unwrap(),
        "--erase",
        "sections,sentences,request",
        "--by",
        "deletion,neutral",
        "--contrast",
        "other",
        "--retrieval",
        "--units",
        "lines",
        "--reading",
        "calibrated",
        "--html",
        page.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(!shown.contains('\u{1b}') && shown.contains("nearest sentences"));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)"));
    for forbidden in ["<script", "<img", "<b>", "\u{1b}", "http:", "https:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert_eq!((page.matches("<title>").count(), page.matches("</html>").count()), (1, 1));
    for heading in
        ["Attention", "Heads", "Attention by line, calibrated", "Sentence erasure, neutral", "Against other", "Stage 1"]
    {
        assert!(page.contains(&format!("<h2>{heading}")), "{heading}");
    }
}

#[test]
fn a_corpus_report_is_the_mean_of_single_explanations() {
    let program = Program::default();
    let value = program.json(&["explain", "--benchmark", "demo", "--limit", "4", "--stage1", "lexical", "--json"]);
    let pairs = value["all"]["pairs"].as_u64().unwrap();
    assert!(pairs > 0 && pairs + value["unused"].as_array().unwrap().len() as u64 == 4);
    let parts = ["correct", "wrong"].map(|part| value[part]["pairs"].as_u64().unwrap_or(0));
    assert_eq!(parts.iter().sum::<u64>(), pairs);
    assert_eq!(value["all"]["layers"].as_array().unwrap().len(), 6);
    let sum: f64 = ["name", "description", "body"]
        .iter()
        .map(|field| value["all"]["fields"][field]["mean"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-5);
    let text = program.run(&["explain", "--benchmark", "demo", "--limit", "4", "--stage1", "lexical"]);
    let text = String::from_utf8(text.stdout).unwrap();
    let chart: Vec<&str> = text.split("by layer").nth(1).unwrap().lines().skip(2).take(6).collect();
    for (line, layer) in chart.iter().zip(value["all"]["layers"].as_array().unwrap()) {
        let bar = line.split_whitespace().last().unwrap();
        assert_eq!(bar.trim_start_matches('n').trim_start_matches('d').trim_start_matches('b'), "", "{line}");
        for field in ["name", "description", "body"] {
            let columns = bar.matches(&field[..1]).count() as f64;
            let share = layer[field]["mean"].as_f64().unwrap() * bar.len() as f64;
            assert!((columns - share).abs() <= 1.0, "{field}: {share} of {line}");
        }
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let program = Program::default();
    let library = library(&program);
    let refused = |args: &[&str], because: &str| {
        let output = program.run(&[&["explain"], args, &["--library", &library]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(because), "{args:?}: {}", stderr(&output));
    };
    refused(&[], "required");
    refused(&[REQUEST, "pdf-merg"], "did you mean pdf-merge");
    refused(&[REQUEST, NAME, "--contrast", "nobody"], "no skill with id");
    refused(&[REQUEST, NAME, "--erase", "letters"], "fields, sections, sentences, lines, words, request");
    refused(&[REQUEST, NAME, "--html", "/nowhere/page.html"], "cannot write /nowhere/page.html");
    refused(&["--benchmark", "/nowhere"], "/nowhere");
    refused(&["--benchmark", "demo", "--band", "late"], "cannot be used with");
    refused(&[REQUEST, NAME, "--band", "upper"], "early, middle, late, all, or the number of a layer");
    refused(&[REQUEST, NAME, "--band", "7"], "no layer 7: this reranker has 6 layers");
    refused(&[REQUEST, NAME, "--head", "13"], "no head 13: this reranker has 12 heads");
    refused(&[REQUEST, NAME, "--heads", "3.0"], "layer.head, both from 1");
    refused(&[REQUEST, NAME, "--heads", "3.5", "--head", "1"], "cannot be used with");
}
