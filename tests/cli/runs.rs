//! Evaluations that are written down: killed, gone on with, compared, exported.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::{Program, stderr};

const QUICK: [&str; 5] = ["eval", "demo", "--stage1", "lexical", "--json"];

/// Files of the runs of this program.
fn files(program: &Program) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(program.home.path().join("data/skillscope/runs")) else { return Vec::new() };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "jsonl"))
        .collect()
}

/// The lines of a run file without what differs between any two runs: its id, its beginning and its timings.
fn lasting(path: &PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        let differing: &[&str] = match line["kind"].as_str().unwrap() {
            "header" => &["id", "started"],
            "query" => &["timing"],
            _ => &["elapsed_ms"],
        };
        differing.iter().for_each(|key| assert!(line.shift_remove(*key).is_some(), "{key}"));
    }
    lines
}

/// Moments are spread by a fixed rule over the start of the program and the requests after it.
#[test]
fn a_run_killed_at_twenty_moments_and_gone_on_with_is_the_same_file() {
    let args = ["eval", "demo", "--stage1", "lexical", "--depth", "4", "--json"];
    let resumed = [&args[..], &["--resume"]].concat();
    let whole = Program::default();
    whole.json(&args);
    let whole = lasting(&files(&whole)[0]);
    assert!(whole.len() > 120);

    let broken = Program::default();
    let mut amid = 0;
    for moment in 0u64..20 {
        let mut command = broken.command();
        command.args(&resumed).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(40 + (moment * 7919) % 400));
        let _ = child.kill();
        child.wait().unwrap();
        let Some(path) = files(&broken).pop() else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("{\"kind\":\"end\"") {
            assert_eq!(lasting(&path), whole, "after the kill at moment {moment}");
            std::fs::remove_file(path).unwrap();
        } else {
            amid += usize::from(text.lines().count() > 1);
        }
    }
    broken.json(&resumed);
    let files = files(&broken);
    assert_eq!(files.len(), 1, "every resumption went on with the one run");
    assert_eq!(lasting(&files[0]), whole);
    assert!(amid > 0, "no kill came amid the requests");
}

#[test]
fn a_missed_threshold_is_exit_code_one_and_named() {
    let program = Program::default();
    let eval =
        |threshold: &str| program.run(&[&QUICK[..], &["--reranker", "none", "--fail-under", threshold]].concat());
    assert_eq!(eval("nDCG@10=0.01").status.code(), Some(0));
    let output = eval("ndcg@10=1");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nDCG@10 is 0.") && stderr(&output).contains("below 1"), "{}", stderr(&output));
    let output = eval("Set-Compat=0.5");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("does not report it"), "{}", stderr(&output));
}

#[test]
fn runs_are_listed_shown_compared_and_removed() {
    let program = Program::default();
    assert_eq!(program.run(&["runs", "list"]).status.code(), Some(1));
    let lexical = program.json(&[&QUICK[..], &["--reranker", "none"]].concat());
    let first = lexical["provenance"]["run"].as_str().unwrap();
    let short = program.json(&[&QUICK[..], &["--reranker", "none", "--depth", "1", "--compare-with", "last"]].concat());
    assert_eq!(short["compared_with"], first);
    let second = short["provenance"]["run"].as_str().unwrap();

    let list = program.json(&["runs", "list", "--json"]);
    let ids: Vec<&str> = list.as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&first) && ids.contains(&second));
    let shown = program.json(&["runs", "show", first, "--json"]);
    assert_eq!(shown["metrics"], lexical["metrics"], "a file gives the numbers of the run");
    assert_eq!(shown["per_query"], lexical["per_query"]);

    let compared = program.json(&["runs", "compare", first, second, "--json"]);
    let metrics = &compared["comparisons"][0]["metrics"];
    let hit = &metrics["Hit@1"];
    assert_eq!((hit["difference"].as_f64(), hit["p"].as_f64()), (Some(0.0), Some(1.0)), "the first result is the same");
    let ndcg = &metrics["nDCG@10"];
    let difference =
        short["metrics"]["all"]["nDCG@10"].as_f64().unwrap() - lexical["metrics"]["all"]["nDCG@10"].as_f64().unwrap();
    assert!((ndcg["difference"].as_f64().unwrap() - difference).abs() < 1e-9);
    assert_eq!((ndcg["verdict"].as_str(), ndcg["wins"].as_u64()), (Some("worse"), Some(0)));
    let text = program.run(&["runs", "compare", first, second]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("fell: ") && text.contains("rank-biased overlap"), "{text}");
    assert_eq!(program.run(&["runs", "remove", first]).status.code(), Some(0));
    assert_eq!(program.run(&["runs", "show", first]).status.code(), Some(2));
    assert_eq!(program.run(&["runs", "show", "last"]).status.code(), Some(0));
}

#[test]
fn exported_predictions_score_the_same() {
    let program = Program::default();
    let searched = program.json(&[&QUICK[..], &["--reranker", "none"]].concat());
    assert_eq!(program.run(&["runs", "export", "last", "--format", "all"]).status.code(), Some(2), "no folder");
    assert!(program.run(&["runs", "export", "last", "--format", "all", "--out", "out"]).status.success());
    for file in ["predictions-skillrouter.json", "predictions-skillret.json", "run.trec"] {
        let path = format!("out/{file}");
        let scored = program.json(&["eval", "demo", "--predictions", &path, "--json"]);
        assert_eq!(scored["metrics"], searched["metrics"], "{file}");
    }
    let html = std::fs::read_to_string(program.home.path().join("out/report.html")).unwrap();
    assert!(html.contains("Content-Security-Policy"));
    let csv = program.run(&["runs", "export", "last", "--format", "csv"]);
    assert_eq!(String::from_utf8(csv.stdout).unwrap().lines().next().unwrap().split(',').next(), Some("task_id"));
}

/// trec_eval itself (through pytrec_eval) reads our run and judgements and computes the same numbers.
#[test]
fn trec_eval_agrees_with_our_numbers() {
    let Some(python) = std::env::var_os("SKILLSCOPE_PYTHON") else {
        println!("skipped: SKILLSCOPE_PYTHON is not set");
        return;
    };
    const SCRIPT: &str = "
import json, pytrec_eval
def table(path, columns):
    rows = {}
    for line in open(path):
        fields = line.split()
        rows.setdefault(fields[0], {})[fields[2]] = columns(fields)
    return rows
run = table('out/run.trec', lambda fields: float(fields[4]))
out = {}
for qrels, measures in (('qrels', {'ndcg_cut.10', 'ndcg_cut.3'}), ('qrels-gold', {'recall.10,50', 'P.3', 'success.1'})):
    judged = table(f'out/{qrels}.trec', lambda fields: int(fields[3]))
    for task, values in pytrec_eval.RelevanceEvaluator(judged, measures).evaluate(run).items():
        out.setdefault(task, {}).update(values)
print(json.dumps(out))
";
    let program = Program::default();
    let ours = program.json(&QUICK);
    assert!(program.run(&["runs", "export", "last", "--format", "all", "--out", "out"]).status.success());
    let output = Command::new(python).args(["-c", SCRIPT]).current_dir(program.home.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();
    let queries = ours["per_query"].as_object().unwrap();
    assert!(queries.len() > 100);
    for (task, query) in queries {
        let names = [
            ("nDCG@10", "ndcg_cut_10"),
            ("nDCG@3", "ndcg_cut_3"),
            ("Recall@10", "recall_10"),
            ("Recall@50", "recall_50"),
            ("Precision@3", "P_3"),
            ("Hit@1", "success_1"),
        ];
        for (name, their) in names {
            let (a, b) = (query["after"][name].as_f64().unwrap(), theirs[task][their].as_f64().unwrap());
            assert!((a - b).abs() < 1e-9, "{task} {name}: {a}, trec_eval says {b}");
        }
    }
}
