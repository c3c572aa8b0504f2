//! `skillscope probe`: an author's tests, request by request, with an exit code for CI.
//!
//! A request passes when every skill that should be found stands within the limit in the final order, and none that
//! should not be found does.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use serde_json::{Value, json};

use crate::eval::Benchmark;
use crate::library::{self, Library, SkillIx, Text};
use crate::model::never;
use crate::search::what_if::FOUND_WITHIN;
use crate::search::{Pipeline, Ranking, Settings, WhatIf};

use super::{Outcome, RouterArgs, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A test file (eval_queries.json, evals.json, tests.yml, requests.yml), or a folder with such files.
    #[arg(long, value_name = "PATH", default_value = ".")]
    file: PathBuf,
    /// The last rank at which a skill counts as found.
    #[arg(long, value_name = "K", default_value_t = FOUND_WITHIN as u32, value_parser = clap::value_parser!(u32).range(1..=1000))]
    within: u32,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// One skill of one request.
struct Check {
    id: String,
    should: bool,
    /// Ranks of stage 1 and of the final order; `None` where it is not in the list.
    stage1: Option<usize>,
    last: Option<usize>,
    passed: bool,
}

struct Row {
    request: Text,
    checks: Vec<Check>,
    /// The first of the final order.
    first: Option<SkillIx>,
}

impl Row {
    fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let benchmark = Benchmark::open(&args.file)?;
    for problem in &benchmark.problems {
        eprintln!("skillscope: {problem}");
    }
    let library = match &benchmark.pool {
        Some(pool) if router.library.is_empty() => std::sync::Arc::new(library::load(pool)?),
        _ => options.library()?,
    };
    let (pipeline, _) = options.pipeline_over(library, options.models()?)?;
    let within = args.within as usize;
    let mut rows = Vec::new();
    for (task, qrels) in &benchmark.tasks {
        rows.push(check(&pipeline, options.settings, &task.request, &qrels.grades, &qrels.gold, within)?);
    }
    if rows.is_empty() {
        bail!("{}: no request could be read", Text::line(args.file.to_string_lossy()));
    }
    let passed = rows.iter().filter(|row| row.passed()).count();
    // A test that cannot be read is a test that does not pass.
    let whole = passed == rows.len() && benchmark.problems.is_empty();
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut profile = options.profile_json(&pipeline);
        profile.insert("protocol".into(), pipeline.describe(options.settings).into());
        let value = json!({
            "passed": passed,
            "failed": rows.len() - passed,
            "within": within,
            "requests": rows.iter().map(|row| to_json(&pipeline.library, row)).collect::<Vec<_>>(),
            "problems": benchmark.problems.iter().map(Text::shown).collect::<Vec<_>>(),
            "profile": profile,
        });
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        print(&mut out, &pipeline.library, &rows, within)?;
        writeln!(out, "{passed} of {} requests pass ({})", rows.len(), pipeline.describe(options.settings))?;
    }
    Ok(if whole { Outcome::Done } else { Outcome::Nothing })
}

fn check(
    pipeline: &Pipeline,
    settings: Settings,
    request: &Text,
    grades: &std::collections::BTreeMap<String, u32>,
    gold: &[String],
    within: usize,
) -> anyhow::Result<Row> {
    // The list is of the library as it is, whichever skill is asked about.
    let whole = WhatIf::unchanged(pipeline, settings, SkillIx(0));
    let asked = request.for_model();
    let ranking = match pipeline.library.is_empty() {
        true => Ranking::default(),
        false => whole.rank(asked, &never)?,
    };
    let mut checks = Vec::new();
    for id in grades.keys() {
        let should = gold.contains(id);
        let skill = pipeline.library.find(id);
        let stage1 = match skill {
            Some(skill) => whole.stage1_of(asked, skill)?.rank,
            None => None,
        };
        // Without stage 2 the order of stage 1 is the final one.
        let last = match (&ranking.reranked, skill) {
            (Some(_), Some(skill)) => ranking.final_rank(skill),
            (None, _) => stage1,
            (_, None) => None,
        };
        // A skill that is not in the library cannot be found, which no test wants to hear as success.
        let passed = skill.is_some() && last.is_some_and(|rank| rank <= within) == should;
        checks.push(Check { id: id.clone(), should, stage1, last, passed });
    }
    Ok(Row { request: request.clone(), checks, first: ranking.winner() })
}

fn to_json(library: &Library, row: &Row) -> Value {
    let checks = row.checks.iter().map(|check| {
        json!({
            "id": check.id,
            "should": check.should,
            "in_library": library.find(&check.id).is_some(),
            "stage1": check.stage1,
            "rank": check.last,
            "passed": check.passed,
        })
    });
    json!({
        "request": row.request.shown(),
        "passed": row.passed(),
        "skills": checks.collect::<Vec<_>>(),
        "first": row.first.map(|skill| library[skill].id.shown()),
    })
}

fn print(out: &mut impl Write, library: &Library, rows: &[Row], within: usize) -> std::io::Result<()> {
    for row in rows {
        let word = if row.passed() { "pass" } else { "FAIL" };
        writeln!(out, "{word}  {}", row.request)?;
        for check in row.checks.iter().filter(|check| !check.passed) {
            let wanted = if check.should { "should be" } else { "should not be" };
            let is = match (library.find(&check.id), check.last, check.stage1) {
                (None, ..) => "is not in the library".to_string(),
                (_, Some(last), _) => format!("is {last}"),
                (_, None, Some(stage1)) => format!("is {stage1} in stage 1, not in the shortlist"),
                (_, None, None) => "is not found".to_string(),
            };
            let first = row.first.map_or(String::new(), |skill| format!("; first is {}", library[skill].id));
            writeln!(out, "      {} {wanted} among the first {within} and {is}{first}", check.id)?;
        }
    }
    Ok(())
}
