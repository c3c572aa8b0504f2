//! Compares kept runs, and says in words what each of them is.

use std::sync::Arc;

use crate::eval::compare::{self as pairs, compare};
use crate::eval::store::RunStore;
use crate::eval::{EvalReport, RunHeader};
use crate::library::Text;

use super::comparison::{Against, Comparison, Difference, Regression};
use super::digest::line;
use super::kept::in_words;

/// Regressions that are kept of each run: more than anybody walks through.
const REGRESSIONS: usize = 100;

/// The error is a sentence.
pub(super) fn runs(store: &RunStore, ids: &[String]) -> Result<Comparison, String> {
    let read = |id: &String| store.read(id).map(|stored| stored.report).map_err(|error| error.to_string());
    let reports = ids.iter().map(read).collect::<Result<Vec<EvalReport>, String>>()?;
    let compared = compare(&reports).map_err(|error| error.to_string())?;
    let (base, others) = reports.split_first().ok_or("nothing to compare")?;
    let mut comparison = Comparison {
        benchmark: base.header.benchmark.clone(),
        fingerprint: base.header.benchmark_fingerprint.clone(),
        base: name(&base.header),
        ..Comparison::default()
    };
    for (report, pair) in others.iter().zip(compared) {
        if pair.other_data {
            let other = name(&report.header);
            comparison
                .warnings
                .push(format!("{other} was run on other files of the benchmark: read its numbers with care."));
        }
        if !report.is_complete() || !base.is_complete() {
            comparison.warnings.push("A run is not complete: only requests that both have done are compared.".into());
        }
        comparison.others.push(against(report, pair));
    }
    comparison.warnings.dedup();
    Ok(comparison)
}

fn against(report: &EvalReport, pair: pairs::Comparison) -> Against {
    let difference = |one: pairs::Difference| Difference {
        name: report.protocol().spell(one.metric),
        base: one.base,
        other: one.other,
        interval: one.interval,
        wins: one.wins,
        ties: one.ties,
        losses: one.losses,
        p: one.p,
        p_holm: one.p_holm,
        verdict: one.verdict,
    };
    let falls = pair.moved.iter().filter(|moved| moved.other < moved.base).take(REGRESSIONS);
    let regression = |moved: &pairs::Moved| Regression {
        line: Arc::new(line(&moved.outcome, report)),
        base: moved.base,
        other: moved.other,
    };
    Against {
        id: pair.run.clone(),
        name: name(&report.header),
        common: pair.common,
        regressions: falls.map(regression).collect(),
        metrics: pair.differences.into_iter().map(difference).collect(),
        overlap: pair.overlap,
        jaccard: pair.jaccard_10,
    }
}

/// Settings tell runs of one afternoon apart; the time tells those of the same settings apart.
fn name(header: &RunHeader) -> String {
    let started = header.started.get(..16).unwrap_or(&header.started).replace('T', " ");
    Text::line(format!("{}, {started}", in_words(header.settings))).shown().to_owned()
}
