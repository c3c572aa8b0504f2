//! Killed at any moment of indexing, the cache opens or is rebuilt; what it holds is right.

use std::process::Stdio;
use std::time::Duration;

use crate::{Program, write_skill};

#[test]
fn a_kill_while_indexing_leaves_a_cache_that_opens() {
    let program = Program::default();
    let root = program.home.path().join("skills");
    for number in 0..600 {
        let words = "different words for every skill so that each has a vector of its own ".repeat(6);
        write_skill(
            &root,
            &format!("skill-{number}"),
            &format!("Does thing number {number}"),
            &format!("{number} {words}"),
        );
    }
    let library = root.to_str().unwrap();
    // Moments spread over the run by a fixed rule; each kill leaves more in the cache than the one before.
    for moment in 0u64..20 {
        let mut child = program
            .command()
            .args(["index", "--library", library, "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(60 + (moment * 7919) % 450));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let interrupted =
        program.json(&["search", "thing number 123", "--library", library, "--reranker", "none", "--json"]);
    let fresh = program.json(&[
        "search",
        "thing number 123",
        "--library",
        library,
        "--reranker",
        "none",
        "--no-cache",
        "--json",
    ]);
    assert_eq!(interrupted["hits"].as_array().unwrap().len(), 20);
    for (a, b) in interrupted["hits"].as_array().unwrap().iter().zip(fresh["hits"].as_array().unwrap()) {
        assert_eq!(a["id"], b["id"], "the surviving cache changes the ranking");
        let difference = a["stage1"]["dense"].as_f64().unwrap() - b["stage1"]["dense"].as_f64().unwrap();
        assert!(difference.abs() < 1e-3, "a vector in the cache is wrong by {difference}");
    }
}
