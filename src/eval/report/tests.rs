use super::*;

fn scored(ids: &[&str]) -> Vec<Scored> {
    ids.iter().enumerate().map(|(index, id)| Scored { id: id.to_string(), score: -(index as f32) }).collect()
}

fn record(id: &str, gold: &[&str], shortlist: &[&str], ranking: &[&str]) -> QueryRecord {
    QueryRecord {
        task_id: id.into(),
        gold: gold.iter().map(|id| id.to_string()).collect(),
        strata: vec![Stratum::new("skills", if gold.len() == 1 { "single" } else { "multi" })],
        shortlist: scored(shortlist),
        ranking: scored(ranking),
        ..QueryRecord::default()
    }
}

fn report(records: Vec<QueryRecord>) -> EvalReport {
    EvalReport::from_records(RunHeader { planned: records.len(), ..RunHeader::default() }, records)
}

#[test]
fn the_four_cells_are_told_apart() {
    let report = report(vec![
        record("right", &["a"], &["a", "b"], &["a", "b"]),
        record("fixed", &["a"], &["b", "a"], &["a", "b"]),
        record("degraded", &["a"], &["a", "b"], &["b", "a"]),
        record("missed", &["a"], &["b"], &["b"]),
    ]);
    assert_eq!(report.outcomes.iter().map(|outcome| outcome.audit).collect::<Vec<_>>(), Audit::ALL);
    assert!(report.is_complete() && report.reranked());
}

#[test]
fn the_ceiling_is_the_best_order_of_what_stage_1_found() {
    let report = report(vec![record("one", &["a", "z"], &["x", "y", "a"], &["x", "y", "a"])]);
    let ceiling = report.all.ceiling();
    assert_eq!(ceiling.get(Metric::HIT_1), Some(1.0));
    assert_eq!(ceiling.get(Metric::RECALL_10), Some(0.5), "what was not found no order brings back");
    assert_eq!(report.all.after().get(Metric::HIT_1), Some(0.0));
}

#[test]
fn strata_have_their_own_means() {
    let report = report(vec![
        record("one", &["a"], &["a"], &[]),
        record("two", &["b"], &["a"], &[]),
        record("both", &["a", "b"], &["b", "a"], &[]),
    ]);
    let single = report.stratum("skills", "single").unwrap();
    assert_eq!((single.count, single.after().get(Metric::HIT_1)), (2, Some(0.5)));
    assert_eq!(report.stratum("skills", "multi").unwrap().after().get(Metric::HIT_1), Some(1.0));
    assert_eq!(report.all.count, 3);
}

#[test]
fn distractors_are_what_stands_above_gold() {
    let report = report(vec![
        record("one", &["a"], &["x", "y", "a"], &[]),
        record("two", &["a"], &["x", "z"], &[]),
        record("three", &["a"], &["a", "x"], &[]),
    ]);
    let found: Vec<(String, usize, usize)> =
        report.distractors().into_iter().map(|d| (d.id, d.wins, d.above)).collect();
    assert_eq!(found, [("x".into(), 2, 2), ("y".into(), 0, 1), ("z".into(), 0, 1)]);
}

#[test]
fn requests_that_no_skill_answers_count_only_for_abstention() {
    let mut none = record("none", &[], &["x"], &[]);
    none.no_skill = true;
    let report = report(vec![record("one", &["a"], &["a"], &[]), none]);
    assert_eq!((report.all.count, report.no_skill.len()), (1, 1));
    assert!(report.is_complete());
    // Both best scores are 0: one of two answers is wrong.
    assert_eq!(report.abstention().points.last().map(|point| point.risk), Some(0.5));
}

#[test]
fn skillret_means_are_rounded_to_five_decimals_and_spelt_its_way() {
    let header = RunHeader { protocol: Protocol::SkillRet, ..RunHeader::default() };
    let records = vec![record("one", &["a", "b", "c"], &["a"], &[]), record("two", &["a"], &["a"], &[])];
    let json = EvalReport::from_records(header, records).to_json();
    assert_eq!(json["metrics"]["all"]["Recall@10"], 0.66667);
    assert!(json["metrics"]["all"]["NDCG@10"].is_number());
    assert_eq!(json["metrics"]["single"]["count"], 1);
    assert_eq!(json["per_query"]["one"]["after"]["Recall@10"], 1.0 / 3.0);
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    let mut record = record("one", &["a"], &["a", "b"], &["b", "a"]);
    record.ranking[0].score = 0.1;
    record.near_duplicates = vec![("b".into(), "a".into())];
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<QueryRecord>(&json).unwrap(), record);
}
