//! Reports and comparisons as plain text.

use std::io::{self, Write};

use crate::eval::compare::Comparison;
use crate::eval::stats::bootstrap;
use crate::eval::{Audit, EvalReport, Failure, MetricRow, Protocol};

/// Columns of a row's label and of a number.
const LABEL: usize = 30;
const NUMBER: usize = 17;
/// Requests named where only the most telling fit.
const NAMED: usize = 5;

pub fn report(out: &mut impl Write, report: &EvalReport) -> io::Result<()> {
    let protocol = report.protocol();
    let (scored, unscored) = (report.scored(), report.unscored.len());
    let nothing = match report.no_skill.len() {
        0 => String::new(),
        count => format!(", {count} that no skill answers"),
    };
    writeln!(out, "{}: {scored} requests scored, {unscored} not{nothing}", report.header.benchmark)?;
    writeln!(out, "{}", report.header.system)?;
    writeln!(out, "{}", protocol.describe())?;
    if !report.header.id.is_empty() {
        writeln!(out, "run {}", report.header.id)?;
    }
    write!(out, "\n{:<LABEL$}", "")?;
    for &metric in protocol.main() {
        write!(out, "{:>NUMBER$}", protocol.spell(metric))?;
    }
    writeln!(out)?;
    if report.reranked() {
        row(out, protocol, "shortlist", &report.all.before())?;
        row(out, protocol, "reranked", &report.all.after())?;
    } else {
        row(out, protocol, "shortlist", &report.all.after())?;
    }
    intervals(out, report)?;
    row(out, protocol, "best order of the shortlist", &report.all.ceiling())?;
    let mut group = "";
    for (stratum, part) in &report.strata {
        if stratum.group != group {
            writeln!(out, "{}", stratum.group)?;
            group = &stratum.group;
        }
        row(out, protocol, &format!("  {} ({})", stratum.name, part.count), &part.after())?;
    }
    outcomes(out, report)?;
    writeln!(out, "{:.1} s", report.elapsed.as_secs_f64())
}

/// The 95 % bootstrap interval of what counts in the end.
fn intervals(out: &mut impl Write, report: &EvalReport) -> io::Result<()> {
    write!(out, "{:<LABEL$}", "  95 % interval")?;
    for &metric in report.protocol().main() {
        match bootstrap(&report.values(metric)) {
            Some(interval) => write!(out, "{:>NUMBER$}", format!("{:.3} to {:.3}", interval.low, interval.high))?,
            None => write!(out, "{:>NUMBER$}", "-")?,
        }
    }
    writeln!(out)
}

fn outcomes(out: &mut impl Write, report: &EvalReport) -> io::Result<()> {
    let counted = |counts: Vec<(usize, &str)>| {
        let named = counts.into_iter().filter(|(count, _)| *count > 0);
        named.map(|(count, label)| format!("{count} {label}")).collect::<Vec<_>>().join(", ")
    };
    writeln!(out)?;
    if report.reranked() {
        let cells = Audit::ALL.map(|audit| (report.audited(audit), audit.label()));
        writeln!(out, "first place: {}", counted(cells.to_vec()))?;
    }
    let failures = Failure::ALL.map(|failure| (report.count(failure), failure.label()));
    if failures.iter().any(|(count, _)| *count > 0) {
        writeln!(out, "what went wrong: {}", counted(failures.to_vec()))?;
    }
    let distractors = report.distractors();
    if !distractors.is_empty() {
        let named = distractors.iter().take(NAMED).map(|d| format!("{} ({} times first)", d.id, d.wins));
        writeln!(out, "most often above gold: {}", named.collect::<Vec<_>>().join(", "))?;
    }
    if !report.no_skill.is_empty() {
        let curve = report.abstention();
        writeln!(
            out,
            "knowing when nothing fits: area under risk and coverage {:.3}, at best {:.3}",
            curve.aurc, curve.ideal
        )?;
    }
    for (id, why) in report.unscored.iter().take(NAMED) {
        writeln!(out, "not scored: {id}: {why}")?;
    }
    if report.unscored.len() > NAMED {
        writeln!(out, "not scored: {} more", report.unscored.len() - NAMED)?;
    }
    Ok(())
}

fn row(out: &mut impl Write, protocol: Protocol, label: &str, row: &MetricRow) -> io::Result<()> {
    write!(out, "{label:<LABEL$}")?;
    for &metric in protocol.main() {
        match row.get(metric) {
            Some(value) => write!(out, "{value:>NUMBER$.4}")?,
            None => write!(out, "{:>NUMBER$}", "-")?,
        }
    }
    writeln!(out)
}

pub fn comparisons(out: &mut impl Write, base: &EvalReport, comparisons: &[Comparison]) -> io::Result<()> {
    let protocol = base.protocol();
    for comparison in comparisons {
        writeln!(out, "\n{} against {} ({} common requests)", comparison.run, base.header.id, comparison.common)?;
        if comparison.other_data {
            writeln!(out, "the benchmark's files differ: the same ids may not be the same requests")?;
        }
        writeln!(
            out,
            "{:<18}{:>9}{:>9}{:>10}{:>20}{:>14}{:>8}{:>8}",
            "", "base", "other", "change", "95 % interval", "win/tie/loss", "p", "Holm"
        )?;
        for d in &comparison.differences {
            let interval = d.interval.map_or("-".into(), |i| format!("{:+.4} to {:+.4}", i.low, i.high));
            let counts = format!("{}/{}/{}", d.wins, d.ties, d.losses);
            writeln!(
                out,
                "{:<18}{:>9.4}{:>9.4}{:>+10.4}{interval:>20}{counts:>14}{:>8.4}{:>8.4}  {}",
                protocol.spell(d.metric),
                d.base,
                d.other,
                d.other - d.base,
                d.p,
                d.p_holm,
                d.verdict.label(),
            )?;
        }
        writeln!(
            out,
            "lists: {:.0} % of the first ten shared, rank-biased overlap {:.3}",
            comparison.jaccard_10 * 100.0,
            comparison.overlap
        )?;
        for moved in comparison.moved.iter().filter(|moved| moved.other < moved.base).take(NAMED) {
            let (id, headline) = (&moved.outcome.record.task_id, protocol.spell(protocol.headline()));
            writeln!(out, "fell: {id}: {headline} {:.4} to {:.4}", moved.base, moved.other)?;
        }
    }
    Ok(())
}
