use super::*;
use crate::eval::{Protocol, QueryRecord, RunHeader, Scored, Stratum};

const HOSTILE: &str = "</script><b>,\"x\"\n|&_%";

fn report(protocol: Protocol) -> EvalReport {
    let header = RunHeader { id: "r".into(), benchmark: HOSTILE.into(), protocol, planned: 2, ..RunHeader::default() };
    let scored = |id: &str, score| Scored { id: id.into(), score };
    let record = |id: &str| QueryRecord {
        task_id: id.into(),
        request: HOSTILE.into(),
        gold: vec![HOSTILE.into()],
        strata: vec![Stratum::new("domain", HOSTILE)],
        shortlist: vec![scored("a", 2.0), scored(HOSTILE, 1.0)],
        ranking: vec![scored(HOSTILE, 0.5), scored("b", 0.5)],
        ..QueryRecord::default()
    };
    EvalReport::from_records(header, [record(HOSTILE), record("t")])
}

#[test]
fn every_format_is_known_by_its_word_and_has_a_file_of_its_own() {
    let names: std::collections::HashSet<_> = Format::ALL.iter().map(|format| format.file_name()).collect();
    assert_eq!(names.len(), Format::ALL.len());
    for format in Format::ALL {
        assert_eq!(Format::parse(format.key()), Some(format));
        assert!(!format.write(&report(Protocol::SkillRouter)).is_empty());
    }
}

#[test]
fn hostile_ids_break_no_format() {
    let report = report(Protocol::SkillRouter);
    let html = Format::Html.write(&report);
    assert_eq!(html.matches("</script>").count(), 2, "the data's and the code's own");
    assert!(!html.contains("<b>"));
    let data = html.split("type=\"application/json\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["queries"][0]["id"], HOSTILE);
    assert!(!html.contains("http:") || html.matches("http").count() == html.matches("http-equiv").count() + 1);

    for format in [Format::Trec, Format::Qrels] {
        let fields = if format == Format::Trec { 6 } else { 4 };
        for line in format.write(&report).lines() {
            assert_eq!(line.split_whitespace().count(), fields, "{line}");
        }
    }
    let csv = Format::Csv.write(&report);
    assert!(csv.contains("\"</script><b>,\"\"x\"\"\n|&_%\""), "{csv}");
    let markdown = Format::Markdown.write(&report);
    let pipes = |line: &str| line.matches('|').count();
    let table: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert!(table.iter().all(|line| pipes(line) == pipes(table[0])) && !markdown.contains("<b>"), "{markdown}");
    let latex = Format::Latex.write(&report);
    assert!(latex.contains(r"\&\_\%") && !latex.contains("<b>"), "{latex}");
}

#[test]
fn an_order_that_trec_eval_would_change_gets_falling_numbers() {
    // Equal scores: trec_eval puts "b" before "<…", the router did not.
    let run = Format::Trec.write(&report(Protocol::SkillRouter));
    let lines: Vec<Vec<&str>> = run.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!((lines[2][3], lines[2][4], lines[3][2], lines[3][4]), ("1", "2", "b", "1"));
    // Under trec_eval's own rules the scores are left alone.
    let run = Format::Trec.write(&report(Protocol::Trec));
    let lines: Vec<Vec<&str>> = run.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!((lines[2][2], lines[2][4], lines[3][4]), ("b", "0.5", "0.5"));
}

#[test]
fn predictions_are_read_back_as_the_same_numbers() {
    let report = report(Protocol::SkillRouter);
    let dir = tempfile::tempdir().unwrap();
    for format in [Format::SkillRouter, Format::SkillRet] {
        let path = dir.path().join(format.file_name());
        std::fs::write(&path, format.write(&report)).unwrap();
        crate::eval::predictions::Predictions::read(&path, None).unwrap();
        let value: serde_json::Value = serde_json::from_str(&format.write(&report)).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 2);
    }
    let lists: Vec<Vec<String>> = serde_json::from_str(&Format::R3.write(&report)).unwrap();
    assert_eq!(lists, [[HOSTILE, "b"], [HOSTILE, "b"]]);
}
