//! Tables: one row per request (CSV), and the means (Markdown, LaTeX).

use super::escape;
use crate::eval::stats::bootstrap;
use crate::eval::{EvalReport, Metric, MetricRow};
use crate::library::Text;

/// One row per request; metrics of the final ranking under the protocol's names.
pub fn csv(report: &EvalReport) -> String {
    let protocol = report.protocol();
    let mut head: Vec<String> = [
        "task_id",
        "request",
        "gold",
        "first",
        "best_before",
        "best_after",
        "audit",
        "failures",
        "stage1_ms",
        "stage2_ms",
    ]
    .map(str::to_owned)
    .into();
    head.extend(protocol.metrics().iter().map(|&metric| protocol.spell(metric)));
    let mut text = row(head.iter().map(String::as_str));
    for outcome in &report.outcomes {
        let record = &outcome.record;
        let rank = |rank: Option<usize>| rank.map_or_else(String::new, |rank| rank.to_string());
        let first = protocol.ordered(record.last()).first().map_or("", |scored| scored.id.as_str()).to_owned();
        let failures: Vec<&str> = outcome.failures.iter().map(|failure| failure.key()).collect();
        let mut cells = vec![
            record.task_id.clone(),
            Text::line(&record.request).shown().to_owned(),
            record.gold.join(" "),
            first,
            rank(outcome.best_before),
            rank(outcome.best_after),
            outcome.audit.key().to_owned(),
            failures.join(" "),
            record.timing.stage1_ms.to_string(),
            record.timing.stage2_ms.to_string(),
        ];
        cells.extend(outcome.after.iter().map(|(_, value)| value.map_or_else(String::new, |value| value.to_string())));
        text.push_str(&row(cells.iter().map(String::as_str)));
    }
    text
}

fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    format!("{}\r\n", cells.map(escape::csv).collect::<Vec<_>>().join(","))
}

/// Rows of a table of means: label, requests, values.
pub(super) fn rows(report: &EvalReport) -> Vec<(String, usize, MetricRow)> {
    let mut rows = Vec::new();
    if report.reranked() {
        rows.push(("shortlist".into(), report.all.count, report.all.before()));
    }
    rows.push(("final".into(), report.all.count, report.all.after()));
    rows.push(("best order of the shortlist".into(), report.all.count, report.all.ceiling()));
    let strata = report.strata.iter();
    rows.extend(strata.map(|(part, row)| (format!("{}: {}", part.group, part.name), row.count, row.after())));
    rows
}

/// What stands below each table: enough to make the numbers comparable.
fn caption(report: &EvalReport) -> String {
    let header = &report.header;
    let revision = header.revision.as_ref().map_or_else(String::new, |revision| format!(" {revision}"));
    format!(
        "{}{revision}, {} requests, pool of {} skills; {}; {}; 95 % bootstrap intervals; run {}",
        header.benchmark,
        report.scored(),
        header.pool,
        header.system,
        report.protocol().describe(),
        header.id
    )
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.4}"))
}

/// The interval of the final ranking's mean.
fn interval(report: &EvalReport, metric: Metric) -> String {
    bootstrap(&report.values(metric)).map_or_else(String::new, |i| format!("[{:.3}, {:.3}]", i.low, i.high))
}

pub fn markdown(report: &EvalReport) -> String {
    let protocol = report.protocol();
    let metrics = protocol.metrics();
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = ["".to_owned(), "n".into()].into_iter().chain(metrics.iter().map(|&metric| protocol.spell(metric)));
    let mut text = line(head.collect());
    text.push_str(&line(["---".to_owned()].into_iter().chain(vec!["---:".to_owned(); metrics.len() + 1]).collect()));
    for (label, count, row) in rows(report) {
        let values = row.iter().map(|(_, value)| number(value));
        text.push_str(&line([escape::markdown(&label), count.to_string()].into_iter().chain(values).collect()));
        if label == "final" {
            let intervals = metrics.iter().map(|&metric| interval(report, metric));
            text.push_str(&line(["95 %".to_owned(), String::new()].into_iter().chain(intervals).collect()));
        }
    }
    format!("{text}\n{}\n", escape::markdown(&caption(report)))
}

/// A `tabular` with booktabs' rules.
pub fn latex(report: &EvalReport) -> String {
    let protocol = report.protocol();
    let metrics = protocol.main();
    let line = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
    let mut text = format!("% {}\n", escape::latex(&caption(report)));
    text.push_str(&format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "r".repeat(metrics.len() + 1)));
    let head = ["".to_owned(), "$n$".into()].into_iter();
    text.push_str(&line(head.chain(metrics.iter().map(|&m| escape::latex(&protocol.spell(m)))).collect()));
    text.push_str("\\midrule\n");
    for (label, count, row) in rows(report) {
        let values = metrics.iter().map(|&metric| number(row.get(metric)).replace('–', "--"));
        text.push_str(&line([escape::latex(&label), count.to_string()].into_iter().chain(values).collect()));
        if label == "final" {
            let intervals = metrics.iter().map(|&metric| format!("{{\\small {}}}", interval(report, metric)));
            text.push_str(&line(["95\\,\\%".to_owned(), String::new()].into_iter().chain(intervals).collect()));
        }
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    text
}
