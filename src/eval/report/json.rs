//! `eval --json`, and the numbers of `runs show --json`.

use serde_json::{Map, Value, json};

use crate::eval::metrics::MetricRow;
use crate::eval::{Audit, Failure, Protocol};
use crate::library::Text;

use super::{EvalReport, QueryOutcome, StratumRow};

impl EvalReport {
    /// Stable field names:
    /// `{"benchmark", "protocol", "rules", "system", "complete", "metrics": {"all" | "before" | "ceiling" | "single" |
    /// "multi": {metric under the protocol's own name: value, "count"}}, "strata": [{"group", "name", "before", "after"}],
    /// "audit", "failures", "distractors", "abstention", "per_query": {task id: …}, "no_skill": {task id: …},
    /// "unscored": [{"task_id", "reason"}], "problems": […], "provenance": {…}}`. A part without requests is null: it
    /// has no mean. Metrics are rounded where the protocol rounds.
    pub fn to_json(&self) -> Value {
        let protocol = self.protocol();
        let stratum =
            |name: &str| self.stratum("skills", name).map(|row| metrics(protocol, &row.after(), Some(row.count)));
        let count = Some(self.all.count);
        json!({
            "benchmark": self.header.benchmark,
            "protocol": protocol.key(),
            "rules": protocol.describe(),
            "system": self.header.system,
            "complete": self.is_complete(),
            "metrics": {
                "all": metrics(protocol, &self.all.after(), count),
                "before": metrics(protocol, &self.all.before(), count),
                "ceiling": metrics(protocol, &self.all.ceiling(), count),
                "single": stratum("single"),
                "multi": stratum("multi"),
            },
            "strata": self.strata.iter().map(|(stratum, row)| strata_row(protocol, &stratum.group, &stratum.name, row)).collect::<Vec<_>>(),
            "audit": Audit::ALL.map(|audit| (audit.key().to_string(), self.audited(audit).into())).into_iter().collect::<Map<_, _>>(),
            "failures": Failure::ALL.map(|failure| (failure.key().to_string(), self.count(failure).into())).into_iter().collect::<Map<_, _>>(),
            "distractors": self.distractors().iter().take(20).map(|d| json!({ "id": d.id, "wins": d.wins, "above": d.above })).collect::<Vec<_>>(),
            "abstention": self.abstention_json(),
            "per_query": self.outcomes.iter().map(|outcome| (outcome.record.task_id.clone(), query(protocol, outcome))).collect::<Map<_, _>>(),
            "no_skill": self.no_skill.iter().map(|record| (record.task_id.clone(), json!({ "ranking": record.last() }))).collect::<Map<_, _>>(),
            "unscored": self.unscored.iter().map(|(id, reason)| json!({ "task_id": id.shown(), "reason": reason })).collect::<Vec<_>>(),
            "problems": self.problems.iter().map(Text::shown).collect::<Vec<_>>(),
            "provenance": self.provenance(),
        })
    }

    fn abstention_json(&self) -> Value {
        let curve = self.abstention();
        let points = curve.points.iter().map(|p| json!([p.threshold, p.coverage, p.risk])).collect::<Vec<_>>();
        json!({ "aurc": curve.aurc, "ideal_aurc": curve.ideal, "threshold_coverage_risk": points })
    }

    fn provenance(&self) -> Value {
        let header = &self.header;
        json!({
            "run": header.id,
            "started": header.started,
            "program": header.program,
            "benchmark": header.benchmark,
            "benchmark_fingerprint": header.benchmark_fingerprint,
            "revision": header.revision,
            "pool_skills": header.pool,
            "pool_fingerprint": header.pool_fingerprint,
            "stage1": header.settings.stage1.key(),
            "fields": header.settings.fields.key(),
            "depth": header.settings.depth,
            "rerank": header.settings.rerank,
            "profile": header.profile,
            "machine": header.machine,
            "planned": header.planned,
            "scored": self.scored(),
            "provisional": self.provisional,
            "elapsed_ms": self.elapsed.as_micros() as f64 / 1000.0,
        })
    }
}

fn strata_row(protocol: Protocol, group: &str, name: &str, row: &StratumRow) -> Value {
    json!({
        "group": group,
        "name": name,
        "before": metrics(protocol, &row.before(), Some(row.count)),
        "after": metrics(protocol, &row.after(), Some(row.count)),
    })
}

fn query(protocol: Protocol, outcome: &QueryOutcome) -> Value {
    let record = &outcome.record;
    json!({
        "gold": record.gold,
        "gold_missing": record.gold_missing,
        "shortlist": record.shortlist,
        "ranking": record.last(),
        "best_before": outcome.best_before,
        "best_after": outcome.best_after,
        "before": metrics(protocol, &outcome.before, None),
        "after": metrics(protocol, &outcome.after, None),
        "audit": outcome.audit.key(),
        "failures": outcome.failures.iter().map(|failure| failure.key()).collect::<Vec<_>>(),
        "provisional": record.provisional,
        "stage1_ms": record.timing.stage1_ms,
        "stage2_ms": record.timing.stage2_ms,
    })
}

fn metrics(protocol: Protocol, row: &MetricRow, count: Option<usize>) -> Value {
    if count == Some(0) {
        return Value::Null;
    }
    let round = |value: f64| match protocol.decimals() {
        Some(decimals) if count.is_some() => {
            let scale = 10f64.powi(decimals as i32);
            (value * scale).round() / scale
        }
        _ => value,
    };
    let values = row.iter().map(|(metric, value)| (protocol.spell(metric), value.map(round).into()));
    Value::Object(values.chain(count.map(|count| ("count".to_string(), count.into()))).collect())
}
