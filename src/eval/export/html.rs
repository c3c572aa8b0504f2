//! One self-contained page: the template in `assets/report` with the run's data inside. It fetches nothing, and its
//! content policy forbids it to.

use serde_json::{Map, Value, json};

use super::escape;
use super::tables::rows;
use crate::eval::stats::{RESAMPLES, bootstrap};
use crate::eval::{Audit, EvalReport, Failure, QueryOutcome};
use crate::library::Text;

const TEMPLATE: &str = include_str!("../../../assets/report/report.html");

/// Results of each list that the page shows.
const SHOWN: usize = 20;

/// The page of one run.
pub fn report(report: &EvalReport) -> String {
    let title = format!("skillscope: {}", report.header.benchmark);
    let data = escape::script(&data(report).to_string());
    // The title first: nothing inside the data is looked at again.
    let (before, after) = TEMPLATE.split_once("@DATA@").unwrap_or((TEMPLATE, ""));
    format!("{}{data}{after}", before.replacen("@TITLE@", &escape::html(&title), 1))
}

fn data(report: &EvalReport) -> Value {
    let protocol = report.protocol();
    let headline = protocol.headline();
    let mut data = report.to_json();
    // The page has its own, shorter form of these.
    for key in ["per_query", "metrics", "no_skill", "strata"] {
        data[key] = Value::Null;
    }
    let metrics = protocol.metrics();
    let parts = report.strata.iter().map(|(part, row)| {
        json!({
            "label": format!("{}: {}", part.group, part.name),
            "count": row.count,
            "before": row.before().get(headline),
            "after": row.after().get(headline),
        })
    });
    let table = rows(report).into_iter().map(|(label, count, row)| {
        json!({ "label": label, "count": count, "values": row.iter().map(|(_, value)| value).collect::<Vec<_>>() })
    });
    let labels = |pairs: &[(&str, &str)]| -> Map<String, Value> {
        pairs.iter().map(|&(key, label)| (key.to_owned(), label.into())).collect()
    };
    let interval = |&metric| bootstrap(&report.values(metric)).map(|interval| [interval.low, interval.high]);
    data["reranked"] = report.reranked().into();
    data["resamples"] = RESAMPLES.into();
    data["headline"] = protocol.spell(headline).into();
    data["names"] = metrics.iter().map(|&metric| protocol.spell(metric)).collect();
    data["intervals"] = json!(metrics.iter().map(interval).collect::<Vec<_>>());
    data["table"] = table.collect();
    data["parts"] = parts.collect();
    data["audit_labels"] = labels(&Audit::ALL.map(|audit| (audit.key(), audit.label()))).into();
    data["failure_labels"] = labels(&Failure::ALL.map(|failure| (failure.key(), failure.label()))).into();
    data["queries"] = report.outcomes.iter().map(|outcome| query(report, outcome)).collect();
    data
}

fn query(report: &EvalReport, outcome: &QueryOutcome) -> Value {
    let record = &outcome.record;
    let headline = report.protocol().headline();
    let list = |list| {
        let list = report.protocol().ordered(list).into_iter().take(SHOWN);
        list.map(|scored| json!([scored.id, scored.score])).collect::<Value>()
    };
    json!({
        "id": record.task_id,
        "request": Text::block(&record.request).shown(),
        "gold": record.gold,
        "gold_missing": record.gold_missing,
        "before": outcome.before.value(headline),
        "after": outcome.after.value(headline),
        "rank_before": outcome.best_before,
        "rank": outcome.best_after,
        "audit": outcome.audit.key(),
        "failures": outcome.failures.iter().map(|failure| failure.key()).collect::<Vec<_>>(),
        "parts": record.strata.iter().map(|part| format!("{}: {}", part.group, part.name)).collect::<Vec<_>>(),
        "final": list(record.last()),
        "shortlist": if record.reranked() { list(&record.shortlist) } else { Value::Array(Vec::new()) },
    })
}
