use super::*;

fn parse_text(tasks: &str, relevance: &str) -> Result<Benchmark, BenchmarkError> {
    let files = Files {
        tasks: Source::new("b/tasks.jsonl", tasks),
        relevance: Source::new("b/relevance.json", relevance),
        manifest: None,
    };
    parse(&files, "b", None, Mode::Core)
}

fn task_row(id: &str) -> String {
    format!("{{\"task_id\": \"{id}\", \"instruction_text\": \"do it\", \"tags\": [\"x\", 3], \"excluded\": true}}\n")
}

fn problems(benchmark: &Benchmark) -> Vec<&str> {
    benchmark.problems.iter().map(Text::shown).collect()
}

#[test]
fn core_ids_come_before_all_ids_and_each_counts_once() {
    let benchmark = parse_text(
        &(task_row("a") + &task_row("b")),
        r#"{"a": {"core_gt_ids": ["x", "x"], "gt_skill_ids": ["x", "y"], "relevance": {"x": 3, "y": 3.0, "d": 1}},
            "b": {"gt_skill_ids": ["y"]}}"#,
    )
    .unwrap();
    assert_eq!(problems(&benchmark), [""; 0]);
    let (task, qrels) = &benchmark.tasks[0];
    assert_eq!((task.id.shown(), task.tags.len()), ("a", 1));
    assert_eq!(qrels.gold, ["x"]);
    assert_eq!(qrels.grades, [("d", 1), ("x", 3), ("y", 3)].map(|(id, grade)| (id.to_string(), grade)).into());
    assert_eq!(benchmark.tasks[1].1.gold, ["y"]);
}

#[test]
fn an_empty_core_list_does_not_fall_back() {
    let benchmark = parse_text(&task_row("a"), r#"{"a": {"core_gt_ids": [], "gt_skill_ids": ["x"]}}"#).unwrap();
    assert_eq!(benchmark.tasks[0].1.gold, [""; 0]);
}

#[test]
fn generic_only_is_named_not_scored() {
    let benchmark = parse_text(&task_row("a"), r#"{"a": {"task_type": "generic_only", "core_gt_ids": []}}"#).unwrap();
    assert!(benchmark.tasks.is_empty());
    assert_eq!(benchmark.skipped[0].0.shown(), "a");
    assert!(benchmark.skipped[0].1.contains("generic_only"));
}

#[test]
fn every_bad_row_is_named_with_its_line() {
    let tasks = format!(
        "\u{feff}{}not json\r\n\n[1]\n{{\"task_id\": \"n\"}}\n{}{}{}",
        task_row("ok"),
        task_row("ok"),
        task_row("unjudged"),
        task_row("bad"),
    );
    let relevance = "{\n\"ok\": {\"gt_skill_ids\": [\"x\"], \"relevance\": {\"x\": 3,\n \"y\": -1}},\n\n\
        \"bad\": {\"gt_skill_ids\": \"x\"},\n\"ok\": {},\n\"\\u006frphan\": {\"gt_skill_ids\": []}}";
    let benchmark = parse_text(&tasks, relevance).unwrap();
    assert_eq!(benchmark.tasks.len(), 1);
    let expected = [
        "b/tasks.jsonl:2: not a JSON object",
        "b/tasks.jsonl:4: not a JSON object",
        "b/tasks.jsonl:5: \"instruction_text\" is missing",
        "b/tasks.jsonl:6: task_id ok is already on line 1",
        "b/relevance.json:2: task ok: the grade of y is not a whole number",
        "b/relevance.json:5: task bad: \"gt_skill_ids\" is not a list of strings",
        "b/relevance.json:6: task ok: judged a second time",
        "b/tasks.jsonl:7: request unjudged has no entry",
        "b/relevance.json:7: task orphan is not in tasks.jsonl",
    ];
    let problems = problems(&benchmark);
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem} / {expected}");
    }
}

#[test]
fn a_broken_relevance_file_is_an_error_with_its_place() {
    for relevance in ["{\n\"a\": ", "[]", "{}x", ""] {
        let error = parse_text(&task_row("a"), relevance).unwrap_err();
        assert!(error.path.starts_with("b/relevance.json:"), "{error}");
    }
    assert!(parse_text(&task_row("a"), "{\n\"a\": x}").unwrap_err().path.starts_with("b/relevance.json:2:"));
}

#[test]
fn text_that_is_not_utf8_is_a_problem_of_its_row() {
    let mut tasks = task_row("a").into_bytes();
    tasks.extend(b"{\"task_id\": \"\xff\", \"instruction_text\": \"x\"}\n");
    let files = Files {
        tasks: Source::new("t", tasks),
        relevance: Source::new("r", r#"{"a": {"gt_skill_ids": ["x"]}}"#),
        manifest: None,
    };
    let benchmark = parse(&files, "b", None, Mode::Core).unwrap();
    assert_eq!((benchmark.tasks.len(), benchmark.problems.len()), (1, 1));
    assert!(benchmark.problems[0].shown().starts_with("t:2: "));
}

#[test]
fn nothing_at_all_is_an_error() {
    assert!(parse_text("\n", "{}").unwrap_err().to_string().contains("holds no request"));
}

#[test]
fn deep_json_is_refused_not_followed() {
    let deep = format!("{{\"a\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse_text(&task_row("a"), &deep).is_err());
    let row = format!("{}\n", "[".repeat(100_000));
    assert_eq!(parse_text(&(task_row("a") + &row), r#"{"a": {"gt_skill_ids": []}}"#).unwrap().problems.len(), 1);
}
