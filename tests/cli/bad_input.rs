//! Bad input: a message that names what and where, the right exit code, nothing lost.

use std::process::Stdio;

use crate::{Program, stderr, write_skill};

#[test]
fn no_terminal_and_no_command_says_so() {
    let output = Program::default().run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("not a terminal"), "{}", stderr(&output));
    assert!(output.stdout.is_empty(), "nothing may be written into a pipe");
}

#[test]
fn a_missing_library_is_named() {
    let output = Program::default().run(&["search", "x", "--library", "/no/such/place"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/no/such/place"), "{}", stderr(&output));
}

#[test]
fn an_unknown_skill_suggests_its_neighbours() {
    let program = Program::default();
    let root = program.home.path().join("skills");
    write_skill(&root, "group/pdf-merge", "Merge PDF files", "Append pages.");
    let output = program.run(&["explain", "x", "pdf", "--library", root.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("group/pdf-merge"), "{}", stderr(&output));
}

#[test]
fn a_bad_line_is_named_and_the_lines_before_it_are_answered() {
    let program = Program::default();
    for (args, good) in [
        (vec!["embed", "--embedder", "builtin"], r#"{"text": "one"}"#),
        (vec!["rerank", "--reranker", "builtin"], r#"{"query": "a", "document": "b"}"#),
    ] {
        let output = program.run_with_input(&args, format!("{good}\n[1, 2]\n{good}\n").as_bytes());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("line 2"), "{}", stderr(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    }
}

#[test]
fn an_unknown_model_says_what_would_do() {
    let program = Program::default();
    let output = program.run_with_input(&["embed", "--embedder", "no-such-model"], b"{\"text\": \"x\"}\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no-such-model"), "{}", stderr(&output));
}

#[test]
fn an_empty_request_finds_nothing_and_a_request_of_one_megabyte_is_answered() {
    let program = Program::default();
    let root = program.home.path().join("skills");
    write_skill(&root, "pdf-merge", "Merge PDF files", "Append pages.");
    let library = root.to_str().unwrap();
    let empty = program.run(&["search", "", "--library", library]);
    assert_eq!(empty.status.code(), Some(1), "{}", stderr(&empty));
    // Longer than one argument may be on Linux (128 KiB), so it goes through the reranker's standard input too.
    let long = "merge pdf ".repeat(12_000);
    let output = program.run(&["search", &long, "--library", library, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let megabyte = "merge pdf ".repeat(105_000);
    let line = serde_json::json!({ "query": megabyte, "document": "Append pages." }).to_string();
    let output = program.run_with_input(&["rerank", "--reranker", "builtin"], format!("{line}\n").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn hostile_text_is_visible_in_every_output() {
    let program = Program::default();
    let root = program.home.path().join("skills");
    write_skill(&root, "evil", "red \u{1b}[31malert\u{1b}]52;c;eA==\u{7} \u{202e}gnp\u{e0041}", "body \u{9b}2J");
    let library = root.to_str().unwrap();
    for args in [
        vec!["search", "alert", "--library", library],
        vec!["search", "alert", "--library", library, "--json"],
        vec!["explain", "alert", "evil", "--library", library],
        vec!["explain", "alert", "evil", "--library", library, "--json"],
        vec!["index", "--library", library],
        vec!["index", "--library", library, "--json"],
    ] {
        let output = program.run(&args);
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        let bad = text.chars().find(|&c| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
        });
        assert_eq!(bad, None, "{args:?} lets {bad:?} through");
    }
}

#[test]
fn a_reader_that_goes_away_is_not_an_error() {
    let program = Program::default();
    let mut child = program
        .command()
        .args(["eval", "--limit", "1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
}

#[test]
fn a_read_only_cache_is_a_sentence_and_work_goes_on() {
    let program = Program::default();
    let root = program.home.path().join("skills");
    write_skill(&root, "pdf-merge", "Merge PDF files", "Append pages.");
    // A file where the cache directory should be stops even root.
    std::fs::write(program.home.path().join("cache"), "not a directory").unwrap();
    let output = program.run(&["search", "merge pdf", "--library", root.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("cache"), "the user is told: {}", stderr(&output));
}
