//! What authors use in a script: what-if, probe, collisions.

use std::fs;

use crate::{Program, stderr, write_skill};

fn library(program: &Program) -> String {
    let root = program.home.path().join("skills");
    for (name, description, body) in [
        ("pdf-merge", "Merge several PDF files into one", "# Merge\n\nUse a PDF writer and append pages."),
        ("pid-tuning", "Tune a PID controller", "# PID\n\nRaise Kp until it oscillates."),
        ("bread", "Bake sourdough bread", "# Bread\n\nFeed the starter with rye flour."),
        ("rolls", "Bake rolls", "# Rolls\n\nA dough of wheat flour. They taste of butter."),
    ] {
        write_skill(&root, name, description, body);
    }
    root.to_str().unwrap().to_string()
}

#[test]
fn what_if_shows_the_rank_before_and_now_and_leaves_the_file_alone() {
    let program = Program::default();
    let library = library(&program);
    let file = format!("{library}/rolls/SKILL.md");
    let before = fs::read(&file).unwrap();
    let args = ["what-if", "rolls", "--request", "merge two pdf documents", "--description"];
    let new = "Merge two PDF documents, merge PDF documents";
    let rest = ["--library", &library, "--advice", "--neighbours", "2", "--json"];
    let value = program.json(&[&args[..], &[new], &rest].concat());
    assert_eq!(value["id"], "rolls");
    assert_eq!(value["changed"], true);
    let row = &value["requests"][0];
    assert_eq!(row["before"]["lexical"], serde_json::Value::Null);
    assert_eq!(row["before"]["first"], "pdf-merge");
    assert_eq!(row["now"]["lexical"], 1);
    assert!(row["now"]["stage1"].as_u64() < row["before"]["stage1"].as_u64(), "{row}");
    assert!(row["now"]["stage2"].as_u64().is_some_and(|rank| rank <= 2), "{row}");
    assert_eq!(row["advice"][0]["rank"], row["now"], "the first row is the draft as it is");
    assert_eq!(value["neighbours"].as_array().unwrap().len(), 2);
    assert_eq!(fs::read(&file).unwrap(), before, "the file is not touched");
    let saved = String::from_utf8(before).unwrap().replace("Bake rolls", new);
    fs::write(&file, saved).unwrap();
    let found = program.json(&["search", "merge two pdf documents", "--library", &library, "--json"]);
    let own = found["hits"].as_array().unwrap().iter().find(|hit| hit["id"] == "rolls").unwrap();
    assert_eq!(own["stage1"]["rank"], row["now"]["stage1"], "saving gives the rank that was promised");
    assert_eq!(own["stage2"]["rank"], row["now"]["stage2"]);
}

#[test]
fn what_if_names_what_is_wrong() {
    let program = Program::default();
    let library = library(&program);
    let body = ["what-if", "rolls", "--request", "x", "--body", "/no/such/body.md", "--library", &library];
    let output = program.run(&body);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("/no/such/body.md"), "{}", stderr(&output));
    let output = program.run(&["what-if", "roll", "--request", "x", "--library", &library]);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("did you mean rolls"), "{}", stderr(&output));
}

#[test]
fn probe_passes_fails_and_says_why() {
    let program = Program::default();
    let library = library(&program);
    let tests = format!("{library}/bread/tests.yml");
    let write = |wanted: &str| {
        let text = format!(
            "queries:\n  - input: bake sourdough bread\n  - input: tune a controller\n    should_match: {wanted}\n"
        );
        fs::write(&tests, text).unwrap();
    };
    write("false");
    let passes = program.run(&["probe", "--file", &tests, "--within", "1"]);
    assert_eq!(passes.status.code(), Some(0), "{}", stderr(&passes));
    write("true");
    let output = program.run(&["probe", "--file", &tests, "--within", "1", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["passed"], &value["failed"]), (&1.into(), &1.into()));
    let failed = &value["requests"][1];
    assert_eq!((&failed["passed"], &failed["first"]), (&false.into(), &"pid-tuning".into()));
    assert_eq!(failed["skills"][0]["id"], "bread");
    let printed = program.run(&["probe", "--file", &tests, "--within", "1"]);
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.contains("FAIL  tune a controller") && printed.contains("first is pid-tuning"), "{printed}");
}

#[test]
fn a_test_that_cannot_be_read_does_not_pass() {
    let program = Program::default();
    let library = library(&program);
    let tests = format!("{library}/bread/tests.yml");
    fs::write(&tests, "queries:\n  - input: bake sourdough bread\n  - nothing: here\n").unwrap();
    let output = program.run(&["probe", "--file", &tests]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("tests.yml:3"), "{}", stderr(&output));
}

#[test]
fn collisions_lists_pairs_with_their_reasons() {
    let program = Program::default();
    let library = library(&program);
    let none = program.run(&["collisions", "--library", &library]);
    assert_eq!(none.status.code(), Some(1), "{}", stderr(&none));
    write_skill(std::path::Path::new(&library), "copies/bread", "Bake sourdough bread", "Something\u{202e} else.");
    let text = fs::read_to_string(format!("{library}/copies/bread/SKILL.md")).unwrap();
    fs::write(format!("{library}/copies/bread/SKILL.md"), text.replace("name: copies/bread", "name: Bread")).unwrap();
    let value = program.json(&["collisions", "--library", &library, "--json"]);
    let pairs = value["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    assert_eq!((&pairs[0]["same_name"], &pairs[0]["copy"]), (&true.into(), &false.into()));
    let confused = program.json(&["collisions", "--confusion", "--library", &library, "--json"]);
    assert_eq!(confused["asked"], 5);
    let rows = confused["confused"].as_array().unwrap();
    assert_eq!(confused["found_first"].as_u64().unwrap() as usize, 5 - rows.len());
    // Two skills with one name and one description: one of them has to come second.
    assert_eq!(rows.len(), 1, "{rows:?}");
    let pair = [rows[0]["id"].as_str().unwrap(), rows[0]["first"].as_str().unwrap()];
    assert!(pair.contains(&"bread") && pair.contains(&"copies/bread"), "{rows:?}");
    assert_eq!(rows[0]["rank"], 2);
    let own = program.json(&["collisions", "bread", "--nearest", "3", "--library", &library, "--json"]);
    let own = own["pairs"].as_array().unwrap();
    assert_eq!((own.len(), &own[0]["other"], &own[0]["collides"]), (3, &"copies/bread".into(), &true.into()));
    assert!(own[1]["cosine"].as_f64() >= own[2]["cosine"].as_f64());
}

#[test]
fn real_and_malformed_libraries_pass_through_collisions() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/libraries");
    if !shared.exists() {
        println!("skipped: {} is not here", shared.display());
        return;
    }
    let program = Program::default();
    for name in ["community", "malformed"] {
        let library = shared.join(name);
        let args = ["collisions", "--stage1", "lexical", "--library", library.to_str().unwrap()];
        let output = program.run(&args);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {}", stderr(&output));
        let printed = String::from_utf8(output.stdout).unwrap();
        let raw = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!printed.contains(raw), "{name}: hostile text is shown, never printed raw");
    }
}
