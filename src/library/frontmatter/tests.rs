use proptest::prelude::*;

use super::*;

fn rules(draft: &Draft) -> Vec<(&'static str, Option<u64>)> {
    draft.notes.iter().map(|note| (note.rule, note.line)).collect()
}

fn draft(text: &str) -> Draft {
    read(text, "folder").unwrap()
}

fn refusal(text: &str) -> (&'static str, Option<u64>) {
    let finding = read(text, "folder").unwrap_err();
    (finding.rule, finding.line)
}

#[test]
fn a_good_file_has_no_notes() {
    let good =
        draft("---\nname: pdf\ndescription: \"Read: PDFs\"\nmetadata:\n  tags: [a, b]\n---\n\n# PDF\n\nDo it.\n");
    assert_eq!((good.name.as_str(), good.description.as_str()), ("pdf", "Read: PDFs"));
    assert_eq!(good.body, "# PDF\n\nDo it.");
    assert_eq!(good.extra, [("metadata.tags".to_string(), "a, b".to_string())]);
    assert_eq!(good.notes, []);
}

#[test]
fn byte_order_mark_windows_lines_and_blank_lines() {
    let found = draft("\u{FEFF}\r\n---\r\nname: a\r\ndescription: b\r\n---\r\nbody\r\nmore\r\n");
    assert_eq!((found.name.as_str(), found.description.as_str()), ("a", "b"));
    assert_eq!(found.body, "body\r\nmore");
    assert_eq!(rules(&found), [("bom", Some(1)), ("crlf", None), ("blank-lines-first", Some(2))]);
}

#[test]
fn no_front_matter_at_all() {
    let found = draft("# Title\n\n```sh\nls\n```\n\nFirst line\nsecond line.\n\nNot this.\n");
    assert_eq!((found.name.as_str(), found.description.as_str()), ("folder", "First line second line."));
    assert!(found.body.starts_with("# Title"));
    assert_eq!(rules(&found), [("no-frontmatter", Some(1))]);
}

#[test]
fn unquoted_colon() {
    let found = draft("---\nname: a\ndescription: Use when: it's \"late\"\nlicense: MIT\n---\nbody");
    assert_eq!(found.description, "Use when: it's \"late\"");
    assert_eq!(found.extra, [("license".to_string(), "MIT".to_string())]);
    assert_eq!(rules(&found), [("unquoted-colon", Some(3))]);
}

#[test]
fn values_that_are_no_yaml() {
    let found = draft("---\nname: a\ndescription: *Fast* tool\nargument-hint: [file] [page]\nb: \"x\" y\n---\nbody");
    assert_eq!(found.description, "*Fast* tool");
    assert_eq!(found.extra[0].1, "[file] [page]");
    assert_eq!(found.extra[1].1, "\"x\" y");
    assert_eq!(rules(&found), [("unquoted-value", Some(3))]);
}

#[test]
fn read_line_by_line_when_nothing_else_helps() {
    let found = draft("---\nname: a\ndescription: |\n  one\n\ttwo\nbroken: [\n---\nbody");
    assert_eq!((found.name.as_str(), found.description.as_str()), ("a", "one\ntwo"));
    assert_eq!(rules(&found)[0].0, "yaml-syntax");
}

#[test]
fn front_matter_never_closed() {
    let found = draft("---\nname: a\ndescription: b\n\n# Title\n\nText.\n");
    assert_eq!((found.name.as_str(), found.description.as_str()), ("a", "b"));
    assert_eq!(found.body, "# Title\n\nText.");
    assert_eq!(rules(&found), [("unclosed-frontmatter", Some(1))]);
    // A blank line inside a block of text does not end it.
    let found = draft("---\nname: a\ndescription: |\n  one\n\n  two\n\nText: here.\n");
    assert_eq!((found.description.as_str(), found.body.as_str()), ("one\n\ntwo", "Text: here."));
    // A horizontal rule further down is not the closing line.
    let found = draft("---\nname: a\ndescription: b\n\n# Title\n\nText.\n\n---\n\nMore.\n");
    assert_eq!(found.body, "# Title\n\nText.\n\n---\n\nMore.");
    assert_eq!(rules(&found), [("unclosed-frontmatter", Some(1))]);
}

#[test]
fn front_matter_never_opened() {
    let found = draft("name: a\ndescription: b\n\n---\n\n# Title\n\n---\nmore");
    assert_eq!((found.name.as_str(), found.description.as_str()), ("a", "b"));
    assert_eq!(found.body, "# Title\n\n---\nmore");
    assert_eq!(rules(&found), [("unopened-frontmatter", Some(1))]);
    assert_eq!(rules(&draft("name: a thing\n\nText.\n"))[0].0, "no-frontmatter");
}

#[test]
fn text_before_the_front_matter() {
    let found = draft(
        "--------------------------80187b9f\nContent-Type: text/plain\n\n---\nname: a\ndescription: b\n---\nbody",
    );
    assert_eq!(found.name, "a");
    assert_eq!(rules(&found), [("text-before-frontmatter", Some(4))]);
    assert_eq!(rules(&draft("Real text.\n---\nname: a\n---\n"))[0].0, "no-frontmatter");
}

#[test]
fn odd_types() {
    let found = draft("---\nname: 42\ndescription:\n  - one\n  - two\n---\nbody");
    assert_eq!((found.name.as_str(), found.description.as_str()), ("42", "one, two"));
    assert_eq!(rules(&found), [("name-not-text", Some(2)), ("description-not-text", Some(3))]);
    let found = draft("---\nname: ~\ndescription: ''\n---\n# T\n\nFirst.");
    assert_eq!((found.name.as_str(), found.description.as_str()), ("folder", "First."));
    assert_eq!(rules(&found), [("missing-name", Some(2)), ("missing-description", Some(3))]);
    let found = draft("---\nname: a\nname: b\ndescription: c\n---\nbody");
    assert_eq!((found.name.as_str(), rules(&found)), ("b", vec![("duplicate-key", Some(3))]));
    assert_eq!(rules(&draft("---\nlicense: MIT\n---\nText."))[0], ("missing-name", Some(1)));
}

#[test]
fn what_is_no_skill() {
    assert_eq!(refusal(" \n\n"), ("empty-file", None));
    assert_eq!(refusal("---\njust words\n---\nbody"), ("frontmatter-not-a-map", Some(2)));
    assert_eq!(refusal("---\n- a\n- b\n---\nbody"), ("frontmatter-not-a-map", Some(2)));
    assert_eq!(refusal("---\n{ \" [\n---\nbody"), ("yaml-unreadable", Some(2)));
    let deep = format!("---\nname: a\nx: {}{}\n---\n", "[".repeat(100), "]".repeat(100));
    assert_eq!(refusal(&deep), ("yaml-too-deep", Some(3)));
    let many: String = (0..20_000).map(|n| format!("k{n}: v\n")).collect();
    assert_eq!(refusal(&format!("---\n{many}---\n")).0, "yaml-too-many-values");
    assert_eq!(refusal(&format!("---\nbad: [\n{many}---\n")).0, "yaml-too-many-values");
    let long = "x".repeat(300 * 1024);
    assert_eq!(refusal(&format!("---\nname: {long}\n---\n")), ("frontmatter-too-long", Some(1)));
}

#[test]
fn aliases_are_text() {
    let mut bomb = "---\nname: bomb\na0: &a0 lol\n".to_string();
    for n in 1..30 {
        bomb += &format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1);
    }
    let found = draft(&(bomb + "---\nbody"));
    assert_eq!(rules(&found)[0], ("yaml-alias", Some(3)));
    assert_eq!(found.extra[1].1, "&a1 [*a0, *a0, *a0, *a0]");
}

#[test]
fn too_long_for_clients() {
    let long = format!("---\nname: {}\ndescription: {}\n---\nbody", "n".repeat(65), "d".repeat(1025));
    assert_eq!(rules(&draft(&long)), [("long-name", Some(2)), ("long-description", Some(3))]);
    let fits = format!("---\nname: {}\ndescription: {}\n---\nbody", "n".repeat(64), "é".repeat(1024));
    assert_eq!(rules(&draft(&fits)), []);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(parts in prop::collection::vec(prop::sample::select(vec![
        "---\n", "---", "name: ", "description: ", "a", ": ", "\n", "\r\n", "  ", "- ", "[", "]", "\"", "'", "|\n", "# ",
        "```", "\u{feff}", "é", "\0", "&a ", "*a", "{", "}", "Content-Type: x\n",
    ]), 0..40)) {
        let _ = read(&parts.concat(), "folder");
    }
}
