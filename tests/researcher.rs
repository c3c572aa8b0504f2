//! A researcher's first ten minutes in Explore, key by key, with the real engine, the built-in models and the demo
//! library: a request that fails, why stage 1 and the reranker put its skill where it is, and what beats it.

mod script;

use std::process::Command;

use crossterm::event::{KeyCode, KeyModifiers};

use script::{Script, row};
use skillscope::library::load::Source;

/// One of the demo's, for `contract-clause-review`, without a word of its name.
const REQUEST: &str = "unlimited indemnity, can we push back";

fn searched(keymap: &str) -> Script {
    let mut script = Script::start(keymap, Source::Demo);
    script.until("models and vectors", |screen| screen.contains("vectors 76/76"));
    if keymap == "vim" {
        script.press(KeyCode::Esc, KeyModifiers::NONE).type_text("i");
    }
    script.type_text(REQUEST);
    script.until("both stages", |screen| screen.contains("Reranked 20/20"));
    script
}

/// The share or change in a row of the numbers, as printed.
fn number(screen: &str, field: &str) -> String {
    let wanted = format!("{field:12}");
    let line = screen.lines().find_map(|line| Some(line[line.find(&wanted)?..].to_owned())).unwrap_or_default();
    line[wanted.len().min(line.len())..].trim_start().chars().take_while(|c| !c.is_whitespace()).collect()
}

#[test]
fn the_first_ten_minutes_of_a_researcher() {
    let mut script = searched("emacs");

    // Attention, as SkillRouter reads it: shares, what was taken out, layers, and every head.
    script.press(KeyCode::Enter, KeyModifiers::NONE).control('o');
    let plain = script.until("attention", |screen| screen.contains("from the scored position"));
    assert!(plain.contains("removed ") && plain.contains(" first: special"), "{plain}");
    assert!(plain.contains("in the mean") && plain.contains("lift"), "{plain}");

    // From the request's words: another reading, other numbers.
    script.alt('c');
    let asked = script.until("the request's view", |screen| screen.contains("from the request's words;"));
    assert_ne!(number(&plain, "body"), number(&asked, "body"), "{plain}\n{asked}");
    script.type_text("c");
    let over = script.until("calibrated", |screen| screen.contains("scored position over an empty request;"));
    assert!(over.contains("empty") && over.contains("change") && over.contains("loses"), "{over}");
    assert_eq!(number(&over, "body"), number(&plain, "body"), "the shares it started from");
    script.type_text("c");
    script.until("plain again", |screen| screen.contains("from the scored position;"));

    // Pieces: tokens, lines, sections, and words again.
    script.type_text("u");
    script.until("tokens", |screen| screen.contains("heat of a token"));
    script.type_text("uu");
    let sections = script.until("sections", |screen| screen.contains("heat of a section"));
    assert!(sections.contains("tokens  section") && sections.contains("description"), "{sections}");
    script.type_text("u");

    // The heads: asked for, about the description, two of them marked and averaged.
    script.type_text("h");
    let heads = script.until("the heads", |screen| screen.contains("heads on: body"));
    assert!(heads.contains("9: ") && heads.contains(", layer "), "{heads}");
    script.type_text("l");
    script.until("another question", |screen| screen.contains("heads on: description"));
    script.type_text("]]]}m]}m");
    script.until("two marks", |screen| screen.contains("2 heads are marked"));
    script.type_text("o");
    let marked = script.until("their mean", |screen| screen.contains("marked heads (layer.head) 1.1 2.2"));
    assert!(marked.matches('◆').count() >= 2, "{marked}");
    script.type_text("oh");

    // Erasure: what really counts, with the badge beside it.
    script.control('o');
    let erased = script.until("an erasure with its badge", |screen| {
        screen.contains("sentence erasure, by deletion")
            && screen.contains("erasure (rho")
            && !screen.contains(" so far")
    });
    assert!(erased.contains("among the others' scores"), "{erased}");
    script.type_text("t");
    script.until("the neutral way", |screen| screen.contains("each word replaced by …"));

    // The request's own sentences, last with ranks from both stages.
    script.type_text("uuu");
    let request = script.until("the request's sentences", |screen| {
        screen.contains("query-sentence erasure") && screen.contains("pairs scored") && !screen.contains(" so far")
    });
    assert!(request.contains("ranks: both stages again over 76 skills"), "{request}");

    // Contrast: the best against the second, then another chosen as the opponent of both.
    script.control('o');
    let compared = |screen: &str, mine: &str, other: &str| {
        let rank = |which: &str| row(screen, which).split(", ").nth(1).map(str::to_owned);
        screen.contains("att.") && rank("here   ").as_deref() == Some(mine) && rank("there  ").as_deref() == Some(other)
    };
    script.until("a contrast", |screen| compared(screen, "rank 1", "rank 2"));
    script.press(KeyCode::Down, KeyModifiers::NONE).press(KeyCode::Down, KeyModifiers::NONE).type_text("W");
    script.press(KeyCode::Up, KeyModifiers::NONE);
    script.until("another opponent", |screen| compared(screen, "rank 2", "rank 3"));
    script.press(KeyCode::Up, KeyModifiers::NONE);

    // Stage 1: words and sentences.
    script.control('o');
    let found = script.until("stage 1", |screen| screen.contains("Nearest sentences"));
    assert!(found.contains("BM25"), "{found}");

    // All scores, each with what it is.
    script.control('o');
    let scores = script.until("scores", |screen| screen.contains("raw score of the cross-encoder"));
    assert!(row(&scores, "stage 1").contains("fused"), "{scores}");
}

#[test]
fn the_same_in_vim_and_on_the_command_line() {
    let mut script = searched("vim");
    script.press(KeyCode::Esc, KeyModifiers::NONE).type_text("v");
    script.until("attention", |screen| screen.contains("from the scored position"));
    script.type_text("CC");
    let over = script.until("calibrated", |screen| screen.contains("over an empty request;"));

    // The same skill, asked without a terminal: what wins against it, and the same change over the empty request.
    // In an empty home the demo library opens.
    let home = tempfile::tempdir().unwrap();
    let json = |args: &[&str]| -> serde_json::Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skillscope"));
        command.env_clear().env("HOME", home.path()).current_dir(home.path());
        let output = command.args(args).args(["--no-cache", "--json"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let hits = json(&["search", REQUEST]);
    let first = hits["hits"][0]["id"].as_str().unwrap().to_owned();
    let explained = json(&["explain", REQUEST, &first, "--contrast", "top"]);
    let change = explained["calibrated"]["fields"]["body"].as_f64().unwrap() * 100.0;
    let shown = format!("{change:+.1}");
    let body = over.lines().find(|line| line.contains("body     ") && line.contains('%')).unwrap_or_default();
    assert!(body.contains(&shown), "{shown} is not in {body}");
    assert!(!explained["contrast"]["words"].as_array().unwrap().is_empty());
}
