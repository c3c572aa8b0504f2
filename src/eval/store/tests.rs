use serde_json::json;

use super::*;
use crate::eval::{Protocol, Scored};

fn blank(id: &str) -> EvalReport {
    let header = RunHeader {
        id: id.into(),
        benchmark: "A b/c: é".into(),
        benchmark_fingerprint: "f".into(),
        protocol: Protocol::R3,
        planned: 3,
        profile: json!({ "embedder": null }),
        ..RunHeader::default()
    };
    EvalReport { unscored: vec![(Text::line("t9"), "no gold".into())], ..EvalReport::new(header) }
}

fn record(id: &str) -> QueryRecord {
    let scored = |id: &str, score| Scored { id: id.into(), score };
    QueryRecord {
        task_id: id.into(),
        request: "two\nlines \u{1b}[31m".into(),
        gold: vec!["a".into()],
        shortlist: vec![scored("a", 0.1), scored("b", 1e-7)],
        ranking: vec![scored("b", 3.5), scored("a", f32::NEG_INFINITY)],
        ..QueryRecord::default()
    }
}

fn store() -> (tempfile::TempDir, RunStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = RunStore::new(dir.path());
    (dir, store)
}

#[test]
fn what_is_written_is_read_back_to_the_bit() {
    let (_dir, store) = store();
    let mut writer = store.create(&blank("one")).unwrap();
    for id in ["t1", "t2"] {
        writer.push(&record(id)).unwrap();
    }
    writer.finish(Duration::from_millis(1500)).unwrap();
    let run = store.load("one").unwrap();
    assert_eq!(run.header, blank("one").header);
    assert_eq!(run.records, [record("t1"), record("t2")]);
    assert_eq!((run.elapsed, run.dropped.len()), (Some(Duration::from_millis(1500)), 0));
    let report = run.report();
    assert_eq!((report.scored(), report.unscored.len()), (2, 1));
}

#[test]
fn torn_and_foreign_lines_are_told_and_gone_after_resuming() {
    let (_dir, store) = store();
    let mut writer = store.create(&blank("one")).unwrap();
    writer.push(&record("t1")).unwrap();
    drop(writer);
    let path = store.path("one");
    let clean = std::fs::read(&path).unwrap();
    let mut damaged = clean.clone();
    damaged.extend_from_slice(b"not a line\n{\"query\":{\"task_id\":\"t1\"}}\n{\"query\":{\"task_id\":\"t2\",\"gold");
    std::fs::write(&path, &damaged).unwrap();

    let (run, mut writer) = store.resume("one", &blank("other id").header).unwrap();
    assert_eq!(run.records, [record("t1")]);
    let places = ["jsonl:3: is no line of a run", "jsonl:4: answers request t1 again", "jsonl:5: is torn"];
    assert_eq!(run.dropped.len(), 3);
    for (sentence, want) in run.dropped.iter().zip(places) {
        assert!(sentence.contains(want), "{sentence}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), clean);
    writer.push(&record("t2")).unwrap();
    drop(writer);
    assert_eq!(store.load("one").unwrap().task_ids().len(), 2);
}

#[test]
fn a_run_of_something_else_is_not_gone_on_with() {
    let (_dir, store) = store();
    drop(store.create(&blank("one")).unwrap());
    let refused = |change: fn(&mut RunHeader), word: &str| {
        let mut header = blank("two").header;
        change(&mut header);
        let sentence = store.resume("one", &header).unwrap_err().to_string();
        assert!(sentence.contains(word), "{sentence}");
    };
    refused(|header| header.benchmark_fingerprint = "g".into(), "the benchmark's files differ");
    refused(|header| header.pool_fingerprint = "g".into(), "the pool of skills differs");
    refused(|header| header.settings.depth += 1, "the settings differ");
    refused(|header| header.profile = json!({ "embedder": "other" }), "the models or their profiles differ");
    refused(|header| header.protocol = Protocol::Trec, "the protocol differs");
    refused(|header| header.planned = 2, "the number of requests differs");
}

#[test]
fn one_process_at_a_time_writes_a_run_and_none_takes_its_name() {
    let (_dir, store) = store();
    let writer = store.create(&blank("one")).unwrap();
    assert!(matches!(store.resume("one", &blank("one").header), Err(StoreError::Busy { .. })));
    assert!(matches!(store.create(&blank("one")), Err(StoreError::Io { .. })));
    drop(writer);
    assert!(store.resume("one", &blank("one").header).is_ok());
}

#[test]
fn runs_are_found_by_beginning_and_by_age() {
    let (_dir, store) = store();
    assert!(store.find("last").unwrap_err().to_string().contains("there are no runs yet"));
    for id in ["2026a", "2026b", "2026bb"] {
        drop(store.create(&blank(id)).unwrap());
    }
    assert_eq!(store.ids().unwrap(), ["2026bb", "2026b", "2026a"]);
    assert_eq!(store.find("last").unwrap(), "2026bb");
    assert_eq!(store.find("2026a").unwrap(), "2026a");
    assert_eq!(store.find("2026b").unwrap(), "2026b", "a whole id wins over a beginning");
    assert!(matches!(store.find("2026"), Err(StoreError::Ambiguous { .. })));
    assert!(store.find("1999").unwrap_err().to_string().contains("2026bb"));
    store.remove("2026a").unwrap();
    assert!(store.find("2026a").is_err());
}

#[test]
fn ids_are_file_names() {
    let header = RunHeader { started: "2026-11-21T07:00:01Z".into(), ..blank("").header };
    let id = RunStore::fresh_id(&header);
    assert!(id.starts_with("20261121T070001Z-a-b-c-"), "{id}");
    assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
    assert_ne!(id, RunStore::fresh_id(&header));
}
