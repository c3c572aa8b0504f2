//! What the commands print: the documented fields, with values that hold together.

use serde_json::Value;

use crate::{Program, write_skill};

fn small_library(program: &Program) -> String {
    let root = program.home.path().join("skills");
    write_skill(
        &root,
        "pdf-merge",
        "Merge several PDF files into one",
        "# Merge\n\nUse a PDF writer and append pages.",
    );
    write_skill(&root, "pid-tuning", "Tune a PID controller", "# PID\n\nRaise Kp until it oscillates.");
    write_skill(&root, "bread", "Bake sourdough bread", "# Bread\n\nFeed the starter with rye flour.");
    root.to_str().unwrap().to_string()
}

#[test]
fn search_prints_both_stages_in_final_order() {
    let program = Program::default();
    let library = small_library(&program);
    let value = program.json(&["search", "merge two pdf documents", "--library", &library, "--json"]);
    assert_eq!(value["query"], "merge two pdf documents");
    let hits = value["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 3);
    let mut before: Vec<u64> = hits.iter().map(|hit| hit["stage1"]["rank"].as_u64().unwrap()).collect();
    let after: Vec<u64> = hits.iter().map(|hit| hit["stage2"]["rank"].as_u64().unwrap()).collect();
    assert_eq!(after, [1, 2, 3], "hits are in final order");
    before.sort();
    assert_eq!(before, [1, 2, 3]);
    let pdf = hits.iter().find(|hit| hit["id"] == "pdf-merge").unwrap();
    assert_eq!(pdf["stage1"]["rank"], 1);
    assert!(pdf["stage1"]["lexical"].as_f64().unwrap() > 0.0);
    assert!(pdf["stage1"]["dense"].as_f64().unwrap() > 0.3);
    let (fused, cosine) = (pdf["stage1"]["fused"].as_f64().unwrap(), pdf["stage1"]["dense"].as_f64().unwrap());
    assert_eq!(pdf["stage1"]["lexical_rank"], 1);
    assert!(
        (fused - (cosine + 0.5)).abs() < 1e-6,
        "the best by words gets all of the profile's 0.5: {cosine}, {fused}"
    );
    assert!(value["profile"]["fusion"].as_str().unwrap().starts_with("cosine + 0.5 · BM25F"), "{value}");
    assert!(pdf["path"].as_str().unwrap().ends_with("pdf-merge/SKILL.md"));
    assert!(value["timings_ms"]["stage1"].as_f64().unwrap() > 0.0);
    assert_eq!(value["profile"]["reranker"]["name"], "builtin");
}

/// The curve of the built-in profile, worked out here from the printed cosine of the first of stage 1 and what
/// training/fits.py (bm25s) says that it covers; and a request that three skills about PDF, controllers and bread cannot
/// serve.
#[test]
fn search_says_whether_anything_fits() {
    let program = Program::default();
    let library = small_library(&program);
    let search = |request: &str, more: &[&str]| {
        let args = ["search", request, "--library", &library, "--reranker", "none", "--json"];
        program.json(&[args.as_slice(), more].concat())
    };
    for (request, covered, fits) in
        [("merge two pdf documents", 0.190_413, true), ("renew the passport of my daughter", 0.0, false)]
    {
        let value = search(request, &[]);
        let first = value["hits"].as_array().unwrap().iter().find(|hit| hit["stage1"]["rank"] == 1).unwrap();
        let cosine = first["stage1"]["dense"].as_f64().unwrap();
        // Four words that are no stop words in either request, three skills.
        let size = 0.598 * 5f64.ln() - 0.150 * 3f64.ln();
        let expected = 1.0 / (1.0 + (-(13.038 * cosine + 18.057 * covered + size - 7.067)).exp());
        assert_eq!(value["fits"], fits, "{request}: cosine {cosine}");
        assert!((value["confidence"].as_f64().unwrap() - expected).abs() < 1e-4, "{value}");
    }
    // The same skill is first by vectors alone, and its words are weighed as beside them.
    let request = "merge two pdf documents";
    assert_eq!(search(request, &["--stage1", "dense"])["confidence"], search(request, &[])["confidence"]);
    for unknown in [["--stage1", "lexical"], ["--fields", "nd"]] {
        let value = search(request, &unknown);
        assert!(value["fits"].is_null() && value["confidence"].is_null(), "{unknown:?}: {value}");
    }
}

#[test]
fn search_without_a_reranker_has_no_second_stage() {
    let program = Program::default();
    let library = small_library(&program);
    let value = program.json(&[
        "search",
        "bread",
        "--library",
        &library,
        "--reranker",
        "none",
        "--stage1",
        "lexical",
        "--json",
    ]);
    assert!(
        value["hits"].as_array().unwrap().iter().all(|hit| hit["stage2"].is_null() && hit["stage1"]["dense"].is_null())
    );
    assert_eq!(value["hits"][0]["id"], "bread");
}

#[test]
fn finding_nothing_is_exit_code_one() {
    let program = Program::default();
    let library = small_library(&program);
    let output = program.run(&["search", "zzzz", "--library", &library, "--stage1", "lexical"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn explain_shares_sum_to_one_and_words_redraw_the_document() {
    let program = Program::default();
    let library = small_library(&program);
    let value = program.json(&["explain", "merge two pdf documents", "pdf-merge", "--library", &library, "--json"]);
    let fields = ["name", "description", "body"];
    for key in ["share", "token_share"] {
        let sum: f64 = fields.iter().map(|field| value["fields"][field][key].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{key} sums to {sum}");
    }
    for layer in value["layers"].as_array().unwrap() {
        let sum: f64 = fields.iter().map(|field| layer[field].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-4);
    }
    assert_eq!(value["layers"].as_array().unwrap().len(), 6);
    let removed = value["removed_share"].as_f64().unwrap();
    assert!(removed > 0.0 && removed < 1.0);
    let weights: f64 = value["words"].as_array().unwrap().iter().filter_map(|word| word["weight"].as_f64()).sum();
    assert!((weights - 1.0).abs() < 1e-3, "word weights sum to {weights}");
    assert_eq!(value["seen_tokens"], value["total_tokens"], "a short skill is seen whole");
}

/// The oracle: shares computed here from `rerank --attention` by the definition of SkillRouter's appendix C.
#[test]
fn explain_agrees_with_an_independent_computation_from_raw_attention() {
    let program = Program::default();
    let library = small_library(&program);
    let request = "merge two pdf documents";
    let value = program.json(&["explain", request, "pid-tuning", "--library", &library, "--json"]);
    let input = serde_json::json!({
        "query": request, "name": "pid-tuning", "description": "Tune a PID controller",
        "body": "# PID\n\nRaise Kp until it oscillates.\n",
    });
    let output =
        program.run_with_input(&["rerank", "--reranker", "builtin", "--attention"], format!("{input}\n").as_bytes());
    let raw: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!((raw["score"].as_f64().unwrap() - value["score"].as_f64().unwrap()).abs() < 1e-4);
    // Body tokens stand at the end, before the last [SEP]; the name's stand right after the first [SEP].
    let ids = raw["ids"].as_array().unwrap();
    let separator = ids.iter().position(|id| id == 102).unwrap();
    let bar = |from: usize| (from..ids.len()).find(|&at| ids[at] == 1064).unwrap();
    let first_bar = bar(separator + 1);
    let second_bar = bar(first_bar + 1);
    let spans = [separator + 1..first_bar, first_bar + 1..second_bar, second_bar + 1..ids.len() - 1];
    for (layer, heads) in raw["attention"].as_array().unwrap().iter().enumerate() {
        let mass = spans.clone().map(|span| -> f64 {
            heads
                .as_array()
                .unwrap()
                .iter()
                .map(|row| span.clone().map(|at| row[at].as_f64().unwrap()).sum::<f64>())
                .sum()
        });
        let total: f64 = mass.iter().sum();
        for (field, mass) in ["name", "description", "body"].iter().zip(mass) {
            let share = value["layers"][layer][field].as_f64().unwrap();
            assert!((share - mass / total).abs() < 1e-4, "layer {layer}, {field}: {share} against {}", mass / total);
        }
    }
}

#[test]
fn index_reports_counts_and_reuses_its_cache() {
    let program = Program::default();
    let library = small_library(&program);
    let first = program.json(&["index", "--library", &library, "--json"]);
    assert_eq!(first["counts"]["skills"], 3);
    assert_eq!(first["counts"]["vectors"], 3);
    assert!(first["counts"]["embedded_tokens"].as_u64().unwrap() > 30);
    assert!(first["bytes_on_disk"].as_u64().unwrap() >= 3 * 384 * 2);
    let second = program.json(&["index", "--library", &library, "--json"]);
    assert_eq!(second["counts"]["vectors"], 3);
    assert_eq!(second["counts"]["embedded_tokens"], 0, "nothing changed, nothing is embedded again");
}

#[test]
fn eval_runs_the_built_in_benchmark() {
    let program = Program::default();
    let value = program.json(&["eval", "--limit", "10", "--json"]);
    let metrics = &value["metrics"]["all"];
    for name in ["Hit@1", "MRR@10", "nDCG@10", "Recall@10", "FullCoverage@10"] {
        let metric = metrics[name].as_f64().unwrap_or_else(|| panic!("no {name}"));
        assert!((0.0..=1.0).contains(&metric));
    }
    assert_eq!(value["per_query"].as_object().unwrap().len(), 10);
    assert!(value["provenance"]["profile"]["embedder"]["fingerprint"].as_str().unwrap().len() >= 8);
}

#[test]
fn doctor_names_models_cache_and_library() {
    let program = Program::default();
    let value = program.json(&["doctor", "--json"]);
    let checks = value["checks"].as_array().unwrap();
    for name in ["embedder", "reranker", "cache", "library", "terminal"] {
        let check = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no check {name}"));
        assert_eq!(check["ok"], true, "{check}");
    }
    let library = checks.iter().find(|check| check["name"] == "library").unwrap();
    assert!(library["finding"].as_str().unwrap().contains("demo library"), "an empty home opens the demo library");
}
