use std::fs;

use super::*;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const SKILL: &str = "---\nname: x\ndescription: Does a thing.\n---\nBody\n";

fn opened(path: &Path) -> Benchmark {
    Benchmark::open(path).unwrap()
}

/// Request, gold and every grade.
type Row = (String, Vec<String>, Vec<(String, u32)>);

fn rows(benchmark: &Benchmark) -> Vec<Row> {
    let row = |(task, qrels): &(Task, Qrels)| {
        (task.request.shown().to_owned(), qrels.gold.clone(), qrels.grades.clone().into_iter().collect())
    };
    benchmark.tasks.iter().map(row).collect()
}

#[test]
fn every_format_is_read_beside_its_skill() {
    let dir = folder(&[
        ("pdf/SKILL.md", SKILL),
        (
            "pdf/eval_queries.json",
            r#"[{"query": "fill a form", "should_trigger": true}, {"query": "sing", "should_trigger": false}]"#,
        ),
        ("csv/SKILL.md", SKILL),
        ("csv/evals/evals.json", r#"{"skill_name": "other", "evals": [{"id": 1, "prompt": "sum a column"}]}"#),
        ("deep/er/SKILL.md", SKILL),
        (
            "deep/er/tests.yml",
            "queries:\n  - input: \"dig\"\n    should_match: true\n    min_score: 0.3\n  - input: fly\n    should_match: false\n",
        ),
    ]);
    let benchmark = opened(dir.path());
    assert!(benchmark.problems.is_empty(), "{:?}", benchmark.problems);
    assert_eq!(benchmark.protocol, Protocol::Author);
    let one = |id: &str, grade: u32| vec![(id.to_owned(), grade)];
    assert_eq!(
        rows(&benchmark),
        [
            ("sum a column".to_owned(), vec!["csv".to_owned()], one("csv", 1)),
            ("dig".to_owned(), vec!["deep/er".to_owned()], one("deep/er", 1)),
            ("fly".to_owned(), vec![], one("deep/er", 0)),
            ("fill a form".to_owned(), vec!["pdf".to_owned()], one("pdf", 1)),
            ("sing".to_owned(), vec![], one("pdf", 0)),
        ]
    );
    // The ids are those of the loader of skills.
    let library = crate::library::load(benchmark.pool.as_ref().unwrap()).unwrap();
    for (_, qrels) in &benchmark.tasks {
        qrels.grades.keys().for_each(|id| assert!(library.find(id).is_some(), "{id}"));
    }
    let no_skill: Vec<bool> = benchmark.tasks.iter().map(|(task, _)| task.is_no_skill()).collect();
    assert_eq!(no_skill, [false, false, true, false, true]);
}

#[test]
fn a_skill_is_searched_among_its_neighbours() {
    let dir = folder(&[
        ("pdf/SKILL.md", SKILL),
        ("pdf/evals/eval_queries.json", r#"[{"query": "fill a form"}]"#),
        ("csv/SKILL.md", SKILL),
    ]);
    for path in ["pdf", "pdf/evals", "pdf/evals/eval_queries.json"] {
        let benchmark = opened(&dir.path().join(path));
        assert_eq!(benchmark.tasks[0].1.gold, ["pdf"], "{path}");
        assert_eq!(crate::library::load(benchmark.pool.as_ref().unwrap()).unwrap().len(), 2, "{path}");
    }
}

#[test]
fn one_file_speaks_for_many_skills_and_near_misses_are_scored() {
    let dir = folder(&[(
        "requests.yml",
        "pdf:\n  should:\n    - fill a form\n  should-not:\n    - sum a column\ncsv:\n  should:\n    - sum a column\n    - |\n      two\n      lines\n",
    )]);
    let benchmark = opened(dir.path());
    assert!(benchmark.problems.is_empty(), "{:?}", benchmark.problems);
    assert!(benchmark.pool.is_none());
    let (task, qrels) = &benchmark.tasks[1];
    assert_eq!((task.id.shown(), task.is_no_skill()), ("pdf#2", false));
    assert_eq!(qrels.gold, ["csv"]);
    assert_eq!(qrels.grades, [("csv".to_owned(), 1), ("pdf".to_owned(), 0)].into());
    assert_eq!(task.strata, [Stratum::new("skill", "csv"), Stratum::new("near miss of", "pdf")]);
    assert_eq!(benchmark.tasks[2].0.request.for_model(), "two\nlines\n");
}

#[test]
fn what_cannot_be_read_is_named_with_its_line() {
    let cases: [(&str, &[u8], &str); 10] = [
        ("s/eval_queries.json", b"[\n{\"query\": \"a\"},\n{\"quer\": \"b\"}]", "eval_queries.json:2: entry 2 has no"),
        ("s/eval_queries.json", b"[{\"query\": \"a\", \"should_trigger\": \"yes\"}]", "entry 1 has no"),
        ("s/eval_queries.json", b"[\n{]", "eval_queries.json:2: not JSON"),
        ("s/evals.json", b"{\"evals\": 3}", "has no list"),
        ("eval_queries.json", b"[{\"query\": \"a\"}]", "names no skill_name"),
        ("s/tests.yml", b"queries:\n  - inp: x\n", "tests.yml:2: has no \"input\""),
        ("s/tests.yml", b"queries:\n  - input: x\n    should_match: maybe\n", "tests.yml:2:"),
        ("requests.yml", b"a:\n  should:\n    - x\n  could:\n    - y\n", "requests.yml:4: could is not"),
        ("requests.yml", b"a: 3\n", "requests.yml:1: a has neither"),
        ("s/tests.yml", b"queries:\n  - input: \xFF\n", "tests.yml:2: is not UTF-8"),
    ];
    for (path, text, wanted) in cases {
        let dir = folder(&[("s/SKILL.md", SKILL)]);
        fs::write(dir.path().join(path), text).unwrap();
        let problems = opened(dir.path()).problems;
        assert_eq!(problems.len(), 1, "{path}: {problems:?}");
        assert!(problems[0].shown().contains(wanted), "{problems:?}: {wanted}");
    }
}

#[test]
fn contradictions_are_named_and_the_first_counts() {
    let dir = folder(&[("requests.yml", "a:\n  should: x\n  should-not: x\n")]);
    let benchmark = opened(dir.path());
    assert_eq!(benchmark.tasks[0].1.gold, ["a"]);
    assert!(benchmark.problems[0].shown().contains("requests.yml:3:"), "{:?}", benchmark.problems);
}

#[test]
fn an_empty_test_file_is_an_error() {
    let dir = folder(&[("s/SKILL.md", SKILL), ("s/eval_queries.json", "[]")]);
    assert!(Benchmark::open(dir.path()).unwrap_err().to_string().contains("hold no request"));
}
