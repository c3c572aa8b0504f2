//! Layouts by their files, and what is said of files that are not as they should be.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::*;
use crate::eval::describe::Grading;
use crate::eval::{Protocol, Qrels, Task};
use crate::library::{Library, load};

type File<'a> = (&'a str, &'a [u8]);

/// A folder with these files; a path that ends in "/" is a folder.
fn folder(files: &[File]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        if path.to_string_lossy().ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    folder
}

fn with(files: &[File]) -> Benchmark {
    Benchmark::open(folder(files).path()).unwrap()
}

fn pool_of(benchmark: &Benchmark) -> Library {
    load(benchmark.pool.as_ref().unwrap()).unwrap()
}

fn ids(tasks: &[(Task, Qrels)]) -> Vec<(&str, Vec<&str>)> {
    tasks.iter().map(|(task, qrels)| (task.id.shown(), qrels.gold.iter().map(String::as_str).collect())).collect()
}

fn zipped(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

const CORPUS: File = (
    "corpus.jsonl",
    b"{\"_id\": \"d1\", \"title\": \"First\", \"text\": \"one\"}\n{\"_id\": \"d2\", \"title\": \"Second\", \"text\": \"two\"}\n",
);
const QUERIES: File = (
    "queries.jsonl",
    b"{\"_id\": \"q1\", \"text\": \"alpha\"}\n{\"_id\": \"q2\", \"text\": \"beta\"}\n{\"_id\": \"q3\", \"text\": \"other split\"}\n",
);
const QRELS: File = ("qrels/test.tsv", b"query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td2\t1\n");

#[test]
fn a_beir_folder() {
    let dir = folder(&[CORPUS, QUERIES, QRELS, ("qrels/train.tsv", b"q3\td1\t1\n")]);
    let benchmark = Benchmark::open(dir.path()).unwrap();
    assert!(benchmark.problems.is_empty(), "{:?}", benchmark.problems);
    assert_eq!(benchmark.protocol, Protocol::Trec);
    assert_eq!(ids(&benchmark.tasks), [("q1", vec!["d1"]), ("q2", vec!["d2"])]);
    assert_eq!(benchmark.tasks[0].1.grades, [("d1".to_owned(), 2), ("d2".to_owned(), 0)].into());
    let pool = pool_of(&benchmark);
    let first = &pool[pool.find("d1").unwrap()];
    assert_eq!((first.name.for_model(), first.body.for_model()), ("First", "one"));
    let description = benchmark.describe(Some(&pool));
    assert_eq!((description.labels, description.grading), (2, Grading::Graded));
}

#[test]
fn trec_topics_in_three_forms() {
    let qrels: File = ("qrels.test.txt", b"1 0 a 1\n1 0 b -2\n2 0 b 3\n");
    let forms: [File; 3] = [
        ("topics.tsv", b"1\tfirst request\n2\tsecond\n"),
        ("queries.jsonl", b"{\"qid\": \"1\", \"query\": \"first request\"}\n{\"qid\": \"2\", \"query\": \"second\"}\n"),
        (
            "topics.301-302.txt",
            b"<top>\n<num> Number: 1\n<title> first\n request\n<desc> Description:\nlong\n</top>\n\n<top>\n<num> Number: 2\n<title> second\n</top>\n",
        ),
    ];
    for form in forms {
        let benchmark = with(&[qrels, form]);
        assert!(benchmark.problems.is_empty(), "{}: {:?}", form.0, benchmark.problems);
        assert_eq!(ids(&benchmark.tasks), [("1", vec!["a"]), ("2", vec!["b"])], "{}", form.0);
        assert_eq!(benchmark.tasks[0].0.request.shown(), "first request", "{}", form.0);
        // Spam is worth nothing, and it is judged.
        assert_eq!(benchmark.tasks[0].1.grades["b"], 0);
        assert!(benchmark.pool.is_none());
    }
}

#[test]
fn skill_usage_asks_each_short_query() {
    let benchmark = with(&[
        (
            "data/task_queries.json",
            b"{\n\"t1\": [\"mesh parsing\", \"STL files\"],\n\"t2\": [\"git\"],\n\"t3\": [\"x\"]}",
        ),
        (
            "data/task_skill_mapping.json",
            b"{\n\"t1\": [\"benchflow-ai--mesh\"],\n\"t2\": {\"skills\": [\"a--b\", \"c--d\"]},\n\"t4\": []}",
        ),
        ("skills-34k/skills_meta.jsonl", b"{\"id\": \"a--b\", \"name\": \"b\", \"description\": \"Uses git.\"}\n"),
    ]);
    assert_eq!(benchmark.protocol, Protocol::SkillUsage);
    let mesh = vec!["benchflow-ai--mesh"];
    assert_eq!(ids(&benchmark.tasks), [("t1#1", mesh.clone()), ("t1#2", mesh), ("t2#1", vec!["a--b", "c--d"])]);
    let problems: Vec<&str> = benchmark.problems.iter().map(|problem| problem.shown()).collect();
    assert!(problems[0].contains("task_queries.json:4: task t3 is not in"), "{problems:?}");
    assert!(problems[1].contains("task_skill_mapping.json:4: task t4 has no queries"), "{problems:?}");
}

/// Three tasks: one with core labels fewer than all, one with file-type labels only, one with two.
const TASKS: File = (
    "tasks.jsonl",
    b"{\"task_id\": \"a\", \"instruction_text\": \"x\"}\n{\"task_id\": \"b\", \"instruction_text\": \"y\"}\n{\"task_id\": \"c\", \"instruction_text\": \"z\"}\n",
);
const RELEVANCE: File = (
    "relevance.json",
    br#"{"a": {"gt_skill_ids": ["s", "pdf"], "core_gt_ids": ["s"], "task_type": "mixed"},
        "b": {"gt_skill_ids": ["pdf"], "core_gt_ids": [], "task_type": "generic_only"},
        "c": {"gt_skill_ids": ["s", "t"], "core_gt_ids": ["s", "t"], "task_type": "clean"}}"#,
);

#[test]
fn skillrouters_modes_and_tiers() {
    let row = b"{\"skill_id\": \"s\", \"name\": \"s\", \"description\": \"d\", \"body\": \"b\"}\n";
    let dir = folder(&[
        TASKS,
        RELEVANCE,
        ("easy/part-0.jsonl", row),
        ("hard/part-0.jsonl.gz", &zipped("{\"name\": \"h\"}\n")),
    ]);
    let open = |options: Options| Benchmark::open_with(dir.path(), options).unwrap();
    let core = open(Options::default());
    assert_eq!(ids(&core.tasks), [("a", vec!["s"]), ("c", vec!["s", "t"])]);
    assert_eq!(core.revision.as_deref(), Some("easy"));
    assert!(pool_of(&core).find("s").is_some());

    let all = open(Options { mode: Mode::All, tier: Tier::Hard, ..Options::default() });
    assert_eq!(ids(&all.tasks), [("a", vec!["s", "pdf"]), ("b", vec!["pdf"]), ("c", vec!["s", "t"])]);
    assert_eq!(all.revision.as_deref(), Some("hard, all"));
    assert!(pool_of(&all).find("h").is_some());

    let single = open(Options { mode: Mode::Single, protocol: Some(Protocol::Trec), ..Options::default() });
    assert_eq!(ids(&single.tasks), [("b", vec!["pdf"])]);
    assert_eq!((single.skipped.len(), single.protocol), (2, Protocol::Trec));

    fs::remove_dir_all(dir.path().join("hard")).unwrap();
    let error = Benchmark::open_with(dir.path(), Options { tier: Tier::Hard, ..Options::default() }).unwrap_err();
    assert!(error.to_string().contains("has not that tier"), "{error}");
}

/// Written by pyarrow's `write_table`: queries uncompressed, the rest snappy; `q1` stands twice.
#[test]
fn parquet_tables_are_read_like_json_lines() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/skillret-parquet");
    let benchmark = Benchmark::open(&dir).unwrap();
    assert!(benchmark.problems.is_empty(), "{:?}", benchmark.problems);
    assert_eq!(ids(&benchmark.tasks), [("q1", vec!["s/a", "s/c"]), ("q2", vec!["s/b", "s/c"])]);
    let pool = pool_of(&benchmark);
    assert_eq!(pool.len(), 3);
    let skill = |id: &str| &pool[pool.find(id).unwrap()];
    // Stripped, front matter and all; an empty file is its description.
    assert_eq!(skill("s/a").body.for_model(), "---\nname: a\n---\nBody of a");
    assert_eq!(skill("s/a").description.for_model(), "Fills forms.");
    assert!(skill("s/b").body.for_model().ends_with("Body of b — ünïcode"));
    assert_eq!(skill("s/c").body.for_model(), "Empty one.");
    assert!(skill("s/a").extra.iter().any(|(key, value)| (key.shown(), value.shown()) == ("tags", "x, y")));

    let whole = fs::read(dir.join("data/queries/test.parquet")).unwrap();
    let cut = folder(&[("data/queries/test.parquet", &whole[..whole.len() - 40]), ("data/skills/", b"")]);
    let error = Benchmark::open(cut.path()).unwrap_err().to_string();
    assert!(error.contains("test.parquet") && error.contains("not a whole Parquet file"), "{error}");
}

/// Files, and what the error says.
#[test]
fn folders_that_cannot_be_run_say_why() {
    const RET: &str = "{\"id\": \"q\", \"query\": \"x\", \"skill_ids\": [\"a\"]}\n";
    let cut = &zipped(&RET.repeat(50))[..30];
    let cases: [(&[File], &[&str]); 14] = [
        (&[], &["none of the known files", "relevance.json", "BEIR", "requests.yml"]),
        (&[TASKS], &["relevance.json", "cannot be read", "SkillRouter's layout"]),
        (&[TASKS, ("relevance.json", b"[]")], &["relevance.json:1", "not a JSON object"]),
        (&[TASKS, ("relevance.json/", b"")], &["relevance.json", "not a regular file"]),
        (&[("tasks.jsonl", b""), ("relevance.json", b"{}")], &["tasks.jsonl", "holds no request"]),
        (
            &[("data/queries/", b""), ("data/skills/", b"")],
            &["queries/test.jsonl", "cannot be read", "SkillRet's layout"],
        ),
        (&[("data/queries/test.jsonl/", b""), ("data/skills/", b"")], &["queries/test.jsonl", "not a regular file"]),
        (&[("data/queries/test.jsonl.gz", cut), ("data/skills/", b"")], &["test.jsonl.gz", "not whole gzip"]),
        (&[("data/queries/test.jsonl", b"\n"), ("data/skills/", b"")], &["queries/test.jsonl", "holds no request"]),
        (&[("data/skills_test.jsonl", b"")], &["test.jsonl", "cannot be read", "R3-Skill's layout"]),
        (&[CORPUS, QUERIES], &["qrels/test.tsv", "cannot be read", "BEIR"]),
        (&[QRELS], &["queries.jsonl", "cannot be read", "BEIR"]),
        (&[("qrels.txt", b"1 0 a 1\n")], &["topics.tsv", "cannot be read", "TREC"]),
        (&[("task_queries.json", b"{}")], &["task_skill_mapping.json", "cannot be read", "Skill-Usage's layout"]),
    ];
    for (files, wanted) in cases {
        let dir = folder(files);
        let error = Benchmark::open(dir.path()).expect_err(wanted[0]).to_string();
        wanted.iter().for_each(|part| assert!(error.contains(part), "{error} should say {part}"));
    }
    let error = Benchmark::open(Path::new("no/such/place")).unwrap_err().to_string();
    assert!(error.contains("no/such/place: cannot be read"), "{error}");
}

/// Files, ids that are still scored, and what is said of the rest.
#[test]
fn what_can_be_scored_is_and_the_rest_is_named() {
    let good = "{\"id\": \"q\", \"query\": \"x\", \"skill_ids\": \"[\\\"a\\\"]\"}\n";
    let ret = |rows: &[u8]| [good.as_bytes(), rows].concat();
    let r3 = "{\"query\": \"x\", \"skill_ids\": [\"a\"]}\n";
    let two = |rows: &[u8]| [r3.as_bytes(), rows].concat();
    let skillret: [(&[u8], &str); 6] = [
        (b"{\"id\": \"b\"}\n", "test.jsonl:2: \"id\" or \"query\" is missing"),
        (b"{\"id\": \"b\", \"query\": \"y\"}\n", "test.jsonl:2: neither \"skill_ids\" nor \"labels\""),
        (b"{\"id\": \"b\", \"query\": \"y\", \"skill_ids\": 3}\n", "test.jsonl:2: neither"),
        (b"\n{\"id\": \"b\", \"query\": \"\xFF\"}\n", "test.jsonl:3: not a JSON object"),
        (
            b"{\"id\": \"q\", \"query\": \"other text\", \"skill_ids\": [\"a\"]}\n",
            "test.jsonl:2: id q is already on line 1",
        ),
        (b"{\"id\": \"b\"", "test.jsonl:2: not a JSON object"),
    ];
    for (rows, wanted) in skillret {
        let benchmark = with(&[("data/queries/test.jsonl", &ret(rows)), ("data/skills/", b"")]);
        assert_eq!(ids(&benchmark.tasks), [("q", vec!["a"])], "{wanted}");
        assert_eq!(benchmark.problems.len(), 1, "{:?}", benchmark.problems);
        assert!(benchmark.problems[0].shown().contains(wanted), "{:?}: {wanted}", benchmark.problems);
    }
    let r3: [(&[u8], &str); 2] = [
        (b"{\"skill_ids\": [\"a\"]}\n", "test.jsonl:2: \"query\" is not a text"),
        (b"{\"query\": \"y\", \"skill_ids\": [3]}\n", "test.jsonl:2:"),
    ];
    for (rows, wanted) in r3 {
        let benchmark = with(&[("test.jsonl", &two(rows)), ("skills_test.jsonl", b"")]);
        assert_eq!(ids(&benchmark.tasks), [("0", vec!["a"])], "{wanted}");
        assert!(benchmark.problems[0].shown().contains(wanted), "{:?}", benchmark.problems);
    }
    let beir: [(&[u8], &str); 5] = [
        (b"q1\td2\n", "test.tsv:2: has 2 columns"),
        (b"q1\td2\tx\n", "test.tsv:2: the grade x is not a whole number"),
        (b"q1\td1\t1\n", "test.tsv:2: d1 is judged again for q1"),
        (b"q1\td1\t2\n", "test.tsv:2: d1 is judged again with another grade"),
        (b"\nq9\td1\t1\n", "test.tsv:3: request q9 is judged, but"),
    ];
    for (rows, wanted) in beir {
        let qrels = [&b"q1\td1\t1\n"[..], rows].concat();
        let benchmark = with(&[CORPUS, QUERIES, ("qrels/test.tsv", &qrels)]);
        assert_eq!(ids(&benchmark.tasks), [("q1", vec!["d1"])], "{wanted}");
        assert_eq!(benchmark.problems.len(), 1, "{:?}", benchmark.problems);
        assert!(benchmark.problems[0].shown().contains(wanted), "{:?}: {wanted}", benchmark.problems);
    }
    let twice = [QUERIES.1, b"{\"_id\": \"q1\", \"text\": \"again\"}\n{\"_id\": 3}\n"].concat();
    let benchmark = with(&[CORPUS, ("queries.jsonl", &twice), QRELS]);
    assert_eq!(benchmark.tasks.len(), 2);
    let said: Vec<&str> = benchmark.problems.iter().map(|problem| problem.shown()).collect();
    assert!(said.iter().any(|said| said.contains("queries.jsonl:4: id q1 is already on line 1")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("queries.jsonl:5: \"_id\" or \"text\"")), "{said:?}");
    let benchmark = with(&[("qrels.txt", b"1 0 a 1\n1 0 a\n"), ("topics.tsv", b"1\tx\nno tab\n")]);
    let said: Vec<&str> = benchmark.problems.iter().map(|problem| problem.shown()).collect();
    assert!(
        said[0].contains("qrels.txt:2: has 3 fields") && said[1].contains("topics.tsv:2: is not an id, a tab"),
        "{said:?}"
    );
}

#[test]
fn a_description_says_what_does_not_fit() {
    let pool = "{\"skill_id\": \"s\", \"name\": \"s\"}\nnot json\n{\"skill_id\": \"s\", \"name\": \"other\"}\n";
    let relevance = br#"{"a": {"core_gt_ids": ["s"], "relevance": {"s": 3, "degraded/s": 1}},
        "b": {"core_gt_ids": ["gone"]}, "c": {"core_gt_ids": ["s", "away"]}}"#;
    let dir = folder(&[TASKS, ("relevance.json", relevance), ("easy/part-0.jsonl", pool.as_bytes())]);
    let benchmark = Benchmark::open(dir.path()).unwrap();
    let pool = pool_of(&benchmark);
    let description = benchmark.describe(Some(&pool));
    assert_eq!((description.requests, description.labels, description.single), (3, 4, 2));
    assert_eq!(description.grading, Grading::EffectivelyBinary);
    let check = description.pool.as_ref().unwrap();
    assert_eq!((check.skills, check.duplicate_ids, check.not_loaded), (2, 1, 1));
    assert_eq!(check.missing.iter().collect::<Vec<_>>(), ["away", "gone"]);
    assert_eq!((check.missing_graded, check.unscorable), (1, 1));
    let lines = description.lines().join("\n");
    for said in [
        "2 gold skills not in the pool, such as away, gone",
        "1 request cannot be scored",
        "effectively binary",
        "skills: multi 1, single 2",
    ] {
        assert!(lines.contains(said), "{lines}\nshould say: {said}");
    }
    assert_eq!(benchmark.describe(None).grading, Grading::Graded);
}

/// Counts made by hand with Python from the files themselves.
#[test]
fn the_development_subset_is_described_as_it_is() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/benchmarks/skillrouter-dev");
    if !dir.exists() {
        println!("skipped: {} is not there", dir.display());
        return;
    }
    let counts = |mode: Mode| {
        let benchmark = Benchmark::open_with(&dir, Options { mode, ..Options::default() }).unwrap();
        let description = benchmark.describe(None);
        (description.requests, description.labels, description.single, description.left_out)
    };
    assert_eq!(counts(Mode::Core), (37, 109, 10, 0));
    assert_eq!(counts(Mode::All).1, 127);
    assert_eq!(counts(Mode::Single), (4, 4, 4, 33));
    let benchmark = Benchmark::open(&dir).unwrap();
    let description = benchmark.describe(Some(&pool_of(&benchmark)));
    let check = description.pool.unwrap();
    assert_eq!((check.skills, check.missing.len(), check.missing_graded), (6810, 1, 229));
    assert_eq!(description.grading, Grading::EffectivelyBinary);
}
