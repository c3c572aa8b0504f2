use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::library::load::Source;

const GOOD: &str = "---\nname: pdf-merge\ndescription: Merges several PDF files into one. Use it when pages must be joined.\n---\n\n# Merge\n\nUse the tool that is there, check the page count before and after, and name the file after its first part.\n";

fn ids(text: &str) -> Vec<(&'static str, Option<u64>)> {
    lint(&Subject::of_text(text, "pdf-merge")).iter().map(|found| (found.rule.id.as_str(), found.line)).collect()
}

/// The good skill with one line exchanged.
fn with(line: &str, other: &str) -> String {
    assert!(GOOD.contains(line));
    GOOD.replace(line, other)
}

fn fate(text: &str, client: &str) -> Fate {
    let subject = Subject::of_text(text, "pdf-merge");
    let fates = fates(&subject, &lint(&subject));
    fates.into_iter().find(|fate| fate.client().id == client).unwrap()
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is absent", path.display());
    None
}

#[test]
fn the_tables_are_whole() {
    let tables = Tables::read().unwrap();
    let clients: Vec<&str> = tables.clients.iter().map(|client| client.id.as_str()).chain(["spec"]).collect();
    let mut seen = std::collections::BTreeSet::new();
    for blinding in tables.clients.iter().flat_map(|client| &client.blinded_by) {
        assert!(tables.rules.iter().any(|rule| rule.id == *blinding), "{blinding} is no rule");
    }
    for rule in &tables.rules {
        assert!(seen.insert(&rule.id), "{} twice", rule.id);
        for client in rule.clients.iter().chain(&rule.drops) {
            assert!(clients.contains(&client.as_str()), "{}: {client} is in no table", rule.id);
        }
        assert!(!rule.source.is_empty() && !rule.checked.is_empty());
        // Some client must really lose something for an error.
        assert!(rule.severity < Severity::Error || !rule.drops.is_empty(), "{}", rule.id);
    }
}

#[test]
fn a_good_skill_has_no_problem_and_loads_everywhere() {
    assert_eq!(ids(GOOD), []);
    let subject = Subject::of_text(GOOD, "pdf-merge");
    assert!(fates(&subject, &lint(&subject)).iter().all(|fate| matches!(
        fate,
        Fate::Loads { name, visible: 68, of: 68, .. } if name.shown() == "pdf-merge"
    )));
}

/// Each fault with the line a reader must look at, worked out by hand.
#[test]
fn faults_are_named_with_their_lines() {
    let description = "description: Merges several PDF files into one. Use it when pages must be joined.";
    for (text, expected) in [
        (with("name: pdf-merge\n", ""), vec![("missing-name", Some(1))]),
        (with("name: pdf-merge", "name: PDF_Merge"), vec![("name-form", Some(2)), ("name-not-folder", Some(2))]),
        (with("name: pdf-merge", "name: pdf--merge"), vec![("name-form", Some(2)), ("name-not-folder", Some(2))]),
        (with("name: pdf-merge", "name: 7"), vec![("name-not-text", Some(2)), ("name-not-folder", Some(2))]),
        (
            with("name: pdf-merge", &format!("name: {}", "a".repeat(65))),
            vec![("name-too-long", Some(2)), ("name-not-folder", Some(2))],
        ),
        (with(description, "description:"), vec![("missing-description", Some(3))]),
        (with(description, "description: Merges PDFs"), vec![("short-description", Some(3))]),
        (with(description, &format!("description: {}", "word ".repeat(206))), vec![("description-too-long", Some(3))]),
        (with(description, "description: Use when: pages must be joined, always"), vec![("invalid-yaml", Some(3))]),
        (with(description, "description: Give it <file> and it joins the pages"), vec![("description-tags", Some(3))]),
        (with("\n---\n\n#", "\nversion: 1\nauthor: me\n---\n\n#"), vec![("unknown-key", Some(4))]),
        (with("\n---\n\n#", "\nmetadata: none\n---\n\n#"), vec![("metadata-not-map", Some(4))]),
        (
            with("\n---\n\n#", "\nallowed-tools: [a, b]\n---\n\n#"),
            vec![("flow-style", Some(4)), ("allowed-tools-form", Some(4))],
        ),
        (with("\n---\n\n#", "\nmetadata:\n  tags:\n    - a\n---\n\n#"), vec![("metadata-not-strings", Some(5))]),
        (format!("\u{FEFF}{GOOD}"), vec![("byte-order-mark", Some(1))]),
        (format!("\n\n{GOOD}"), vec![("blank-lines-first", Some(3))]),
        (GOOD.replace("---\n", ""), vec![("no-frontmatter", Some(1))]),
        (String::new(), vec![("unreadable-file", None)]),
        (GOOD.replace("Use the tool", &format!("{}Use the tool", "\n".repeat(60))), vec![("blank-run", Some(7))]),
        (GOOD.replace("Use the tool", "See [x](a/b/c.md). Use the tool"), vec![("deep-reference", Some(8))]),
        (GOOD.split("# Merge").next().unwrap().to_string(), vec![("empty-body", None)]),
    ] {
        assert_eq!(ids(&text), expected, "{text}");
    }
}

#[test]
fn a_column_points_at_the_value() {
    let problems = lint(&Subject::of_text(&with("name: pdf-merge", "name: PDF"), "pdf-merge"));
    assert_eq!((problems[0].line, problems[0].column), (Some(2), Some(7)));
    assert_eq!(problems[0].todo.shown(), "call it `pdf`");
}

/// What the clients' sources say (clients.toml names them).
#[test]
fn each_client_drops_what_its_source_drops() {
    let dropped = |text: &str| -> Vec<&'static str> {
        let subject = Subject::of_text(text, "pdf-merge");
        let fates = fates(&subject, &lint(&subject));
        fates.iter().filter(|fate| matches!(fate, Fate::Dropped { .. })).map(|fate| fate.client().id.as_str()).collect()
    };
    let description = "description: Merges several PDF files into one. Use it when pages must be joined.";
    let long = with(description, &format!("description: {}", "x".repeat(1025)));
    assert_eq!(dropped(&long), ["codex", "claude-api"]);
    assert_eq!(dropped(&with("name: pdf-merge\n", "")), ["gemini-cli", "opencode", "goose", "claude-api"]);
    assert_eq!(dropped(&with(description, "")), ["codex", "gemini-cli", "opencode", "claude-api"]);
    assert_eq!(dropped(&with("name: pdf-merge", "name: pdf-merge\ntags: a")), ["claude-api"]);
    assert_eq!(dropped(&with("name: pdf-merge", "name: pdf/merge")), ["goose", "claude-api"]);
    assert_eq!(dropped("no front matter"), ["codex", "gemini-cli", "opencode", "goose", "claude-api"]);
}

#[test]
fn clients_name_and_cut_in_their_own_ways() {
    let colon = with("name: pdf-merge", "name: 'pdf:merge'");
    let Fate::Loads { name, .. } = fate(&colon, "gemini-cli") else { panic!() };
    assert_eq!(name.shown(), "pdf-merge");
    let Fate::Loads { name, .. } = fate(&with("name: pdf-merge\n", ""), "codex") else { panic!() };
    assert_eq!(name.shown(), "pdf-merge", "called after its folder");
    let when = format!("name: pdf-merge\nwhen_to_use: {}", "y".repeat(1600));
    let Fate::Loads { visible, of, .. } = fate(&with("name: pdf-merge", &when), "claude-code") else { panic!() };
    assert_eq!((visible, of), (1536, 68 + 1 + 1600));
    let Fate::Loads { name, of, .. } = fate(&format!("```\n{}", GOOD.replace("pdf-merge", "other")), "claude-code")
    else {
        panic!()
    };
    assert_eq!(name.shown(), "pdf-merge", "front matter that it does not find names nothing");
    assert_ne!(of, 68);
    let Fate::Loads { of, .. } = fate("# Title\n\nFirst words here.\n", "claude-code") else { panic!() };
    assert_eq!(of, "First words here.".len());
}

fn library_of(descriptions: &[usize]) -> Vec<(Subject, Vec<Problem>)> {
    let text = |length: &usize| format!("---\nname: pdf-merge\ndescription: {}\n---\nbody\n", "x".repeat(*length));
    descriptions
        .iter()
        .map(|length| {
            let subject = Subject::of_text(&text(length), "pdf-merge");
            let problems = lint(&subject);
            (subject, problems)
        })
        .collect()
}

fn listing(client: &str, descriptions: &[usize], context: Option<u64>) -> Listing {
    let client = clients().iter().find(|one| one.id == client).unwrap();
    let fates: Vec<Fate> =
        library_of(descriptions).iter().map(|(subject, problems)| client.fate(subject, problems)).collect();
    simulate(client, &fates.iter().collect::<Vec<_>>(), context).unwrap()
}

/// Each entry costs its name (9) and 5 characters besides the description.
#[test]
fn the_budget_is_spent_as_the_clients_do() {
    let fits = |listing: &Listing| listing.rows.iter().map(|row| row.fit).collect::<Vec<_>>();
    // 1 % of 5,000 tokens of 4 characters: 200. Needed 3 · 14 + 150 = 192.
    let whole = listing("claude-code", &[50, 50, 50], Some(5_000));
    assert_eq!((whole.room, whole.needed, fits(&whole)), (200, 192, vec![Fit::Whole; 3]));
    // 4 · 14 + 200 = 256: the last description goes, then the one before it: 156.
    let dropped = listing("claude-code", &[50; 4], Some(5_000));
    assert_eq!(fits(&dropped), [Fit::Whole, Fit::Whole, Fit::NameOnly, Fit::NameOnly].map(|fit| fit));
    // 2 % of 2,500 tokens: 200 too. 56 for names leave 144: 10 is whole, the rest shares 134 by 3.
    let cut = listing("codex", &[10, 80, 80, 80], Some(2_500));
    assert_eq!(fits(&cut), [Fit::Whole, Fit::Cut(44), Fit::Cut(44), Fit::Cut(44)]);
    // 2 % of 500 tokens: 40, which holds two names.
    let names = listing("codex", &[80; 3], Some(500));
    assert_eq!(fits(&names), [Fit::Cut(6), Fit::Cut(6), Fit::LeftOut]);
    assert_eq!(listing("codex", &[1], None).room, 8_000);
    assert_eq!(listing("claude-code", &[1], None).room, 8_000);
    // Domain notes 1.7: about 29 skills of the median description with a name of 20 characters.
    let median = listing("claude-code", &[255; 60], None);
    assert_eq!(median.count(|fit| fit == Fit::Whole), (8_000 - 60 * 14) / 255);
}

#[test]
fn an_edited_line_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baseline");
    let name = Text::line("pdf\nmerge");
    let mut baseline = Baseline::default();
    baseline.add(evidence_key("name-form", &name, " name: PDF "), "name-form", &name);
    baseline.write(&path).unwrap();
    let again = Baseline::read(&path).unwrap();
    assert_eq!(again, baseline);
    assert!(again.holds(&evidence_key("name-form", &name, "name: PDF")));
    for other in [
        evidence_key("name-form", &name, "name: PDF2"),
        evidence_key("name-slash", &name, "name: PDF"),
        evidence_key("name-form", &Text::line("other"), "name: PDF"),
    ] {
        assert!(!again.holds(&other));
    }
    std::fs::write(&path, "# fine\n\nnot a hash\n").unwrap();
    assert!(Baseline::read(&path).unwrap_err().to_string().ends_with("write the file again with --write-baseline"));
    assert!(Baseline::read(&path).unwrap_err().to_string().contains("line 3"));
}

/// Severity is calibrated: an error means that a client drops the skill, and even so it is rare among real skills.
#[test]
fn errors_are_rare_among_real_skills() {
    let Some(path) = shared("libraries/community") else { return };
    let (_, subjects) = subjects(&Source::Paths(vec![path])).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut valid, mut lost) = (0, BTreeMap::<&str, usize>::new());
    for subject in &subjects {
        let problems = lint(subject);
        valid += usize::from(is_valid(&problems));
        problems.iter().for_each(|problem| *counts.entry(&problem.rule.id).or_default() += 1);
        for fate in fates(subject, &problems) {
            *lost.entry(&fate.client().id).or_default() += usize::from(matches!(fate, Fate::Dropped { .. }));
        }
    }
    println!("{} skills, {valid} valid by the specification, not loaded: {lost:?}", subjects.len());
    for rule in rules() {
        let count = counts.get(rule.id.as_str()).copied().unwrap_or(0);
        let share = count as f64 / subjects.len() as f64;
        println!("{:>5} {:>5.1} %  {:<8} {}", count, share * 100.0, rule.severity.key(), rule.id);
        assert!(rule.severity < Severity::Error || share <= 0.15, "{} fires on {count}", rule.id);
    }
    assert_eq!(subjects.len(), 772);
}

/// Each of the 120 files gets a verdict that names the fault its folder is called after.
#[test]
fn malformed_files_get_their_verdicts() {
    let Some(path) = shared("libraries/malformed") else { return };
    let faults: [(&str, &[&str]); 3] = [
        ("almost-empty-body", &["short-body", "empty-body"]),
        (
            "bad-frontmatter",
            &[
                "missing-name",
                "missing-description",
                "invalid-yaml",
                "text-before-frontmatter",
                "unclosed-frontmatter",
                "frontmatter-refused",
                "no-frontmatter",
                "description-too-long",
            ],
        ),
        ("no-frontmatter", &["no-frontmatter", "text-before-frontmatter"]),
    ];
    for (kind, expected) in faults {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        // One by one: equal files in one library would be one skill.
        for number in 1..=40 {
            let file = path.join(kind).join(format!("{number:03}"));
            let (_, subjects) = subjects(&Source::Paths(vec![file.clone()])).unwrap();
            assert_eq!(subjects.len(), 1, "{}", file.display());
            let problems = lint(&subjects[0]);
            let found: Vec<&str> = problems.iter().map(|problem| problem.rule.id.as_str()).collect();
            assert!(found.iter().any(|id| expected.contains(id)), "{}: {found:?}", file.display());
            found.iter().filter(|id| expected.contains(id)).for_each(|id| *counts.entry(id).or_default() += 1);
            assert_eq!(fates(&subjects[0], &problems).len(), clients().len());
        }
        println!("{kind}: {counts:?}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "(---\n)?(name: [a-z<>/\\[\u{202e}é]{0,9}\n)?(description: .{0,20}\n)?(---\n)?.{0,60}") {
        let subject = Subject::of_text(&text, "folder");
        let problems = lint(&subject);
        fates(&subject, &problems);
    }
}
