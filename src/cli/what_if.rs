//! `skillscope what-if`: the rank of a skill as it is and as it would be with another text. No file is changed.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::library::{Library, SkillIx, Text};
use crate::model::never;
use crate::search::what_if::advice::{self, Measured};
use crate::search::what_if::coexistence::{Neighbour, coexistence};
use crate::search::{Draft, Ranking, WhatIf};

use super::{Outcome, RouterArgs, named, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the skill, as `search` prints it.
    skill: String,
    /// A request the skill should be found for (repeatable).
    #[arg(long, value_name = "TEXT", required = true)]
    request: Vec<String>,
    /// Another name.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Another description.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A file with another body, without front matter.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Also measure what could be changed, for each request: fields, truncation, words only in the body, stuffing, the
    /// place of the decisive sentence.
    #[arg(long)]
    advice: bool,
    /// Also measure what this does to so many of the nearest skills.
    #[arg(long, value_name = "N", default_value_t = 0)]
    neighbours: usize,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// One request before and after.
struct Row<'a> {
    request: &'a str,
    before: Ranking,
    now: Ranking,
    advice: Vec<Measured>,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let body = args.body.as_ref().map(|path| {
        let shown = Text::line(path.to_string_lossy());
        std::fs::read_to_string(path).with_context(|| format!("{shown}: cannot be read as the new body"))
    });
    let body = body.transpose()?;
    let pipeline = options.pipeline()?;
    let skill = named::skill(&pipeline.library, &args.skill)?;
    let own = Draft::of(&pipeline.library[skill]);
    let draft = Draft {
        name: args.name.clone().unwrap_or_else(|| own.name.clone()),
        description: args.description.clone().unwrap_or_else(|| own.description.clone()),
        body: body.unwrap_or_else(|| own.body.clone()),
    };
    if let Some(blank) = args.request.iter().position(|request| request.trim().is_empty()) {
        bail!("--request number {} is empty; name what a user would ask", blank + 1);
    }
    let settings = options.settings;
    let before = WhatIf::unchanged(&pipeline, settings, skill);
    let now = WhatIf::edited(&pipeline, settings, skill, &draft, &never)?;
    let mut rows = Vec::new();
    for request in &args.request {
        let mut found = Vec::new();
        if args.advice {
            advice::advise(&pipeline, settings, skill, &draft, request, &never, &mut |row| found.push(row))?;
        }
        let (before, now) = (before.rank(request, &never)?, now.rank(request, &never)?);
        rows.push(Row { request, before, now, advice: found });
    }
    let neighbours = coexistence(&pipeline, settings, skill, &draft, args.neighbours, &never)?;
    let mut out = std::io::stdout().lock();
    let library = &pipeline.library;
    if args.json {
        let reach = |request: &str| advice::reach(&pipeline, settings, skill, &draft, request);
        let requests: Vec<Value> = rows.iter().map(|row| row.to_json(library, skill, &reach(row.request))).collect();
        let mut profile = options.profile_json(&pipeline);
        profile.insert("protocol".into(), pipeline.describe(settings).into());
        let value = json!({
            "id": library[skill].id.shown(),
            "changed": draft != own,
            "requests": requests,
            "neighbours": neighbours.iter().map(|row| neighbour_json(library, row)).collect::<Vec<_>>(),
            "profile": profile,
        });
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        print(&mut out, library, skill, &rows, &neighbours)?;
    }
    Ok(Outcome::Done)
}

fn ranking_json(library: &Library, skill: SkillIx, ranking: &Ranking) -> Value {
    json!({
        "stage1": ranking.rank,
        "lexical": ranking.lexical,
        "dense": ranking.dense,
        "in_shortlist": ranking.in_shortlist(skill),
        "stage2": ranking.final_rank(skill),
        "first": ranking.winner().map(|skill| library[skill].id.shown()),
    })
}

fn neighbour_json(library: &Library, row: &Neighbour) -> Value {
    json!({
        "id": library[row.skill].id.shown(),
        "cosine": row.cosine,
        "rank_with": row.with,
        "rank_with_draft": row.drafted,
        "rank_without": row.without,
    })
}

impl Row<'_> {
    fn to_json(&self, library: &Library, skill: SkillIx, reach: &[advice::Reach]) -> Value {
        let advice = self.advice.iter().map(|row| {
            json!({
                "lens": row.lens.key(),
                "what": Text::line(&row.what).shown(),
                "rank": ranking_json(library, skill, &row.ranking),
            })
        });
        let reach = reach.iter().map(|reach| json!({ "by": reach.stage, "read": reach.read, "of": reach.of }));
        json!({
            "request": self.request,
            "before": ranking_json(library, skill, &self.before),
            "now": ranking_json(library, skill, &self.now),
            "body_read": reach.collect::<Vec<_>>(),
            "advice": advice.collect::<Vec<_>>(),
        })
    }
}

fn number(rank: Option<usize>) -> String {
    rank.map_or("-".into(), |rank| rank.to_string())
}

fn print(
    out: &mut impl Write,
    library: &Library,
    skill: SkillIx,
    rows: &[Row],
    neighbours: &[Neighbour],
) -> std::io::Result<()> {
    writeln!(out, "{}: rank before -> now (- is not in the list)", library[skill].id)?;
    writeln!(out, "{:>14} {:>14}  request", "stage 1", "stage 2")?;
    let change = |before: Option<usize>, now: Option<usize>| format!("{} -> {}", number(before), number(now));
    for row in rows {
        let stage1 = change(row.before.rank, row.now.rank);
        let stage2 = change(row.before.final_rank(skill), row.now.final_rank(skill));
        writeln!(out, "{stage1:>14} {stage2:>14}  {}", Text::line(row.request))?;
        for advice in &row.advice {
            let stage1 = change(row.now.rank, advice.ranking.rank);
            let stage2 = change(row.now.final_rank(skill), advice.ranking.final_rank(skill));
            writeln!(out, "{stage1:>14} {stage2:>14}    {}: {}", advice.lens.key(), Text::line(&advice.what))?;
        }
    }
    if !neighbours.is_empty() {
        writeln!(
            out,
            "\nNearest skills, each asked for by its own description: rank with -> with the draft -> without"
        )?;
    }
    for row in neighbours {
        let ranks = [row.with, row.drafted, row.without].map(number).join(" -> ");
        writeln!(out, "{ranks:>14} {:>14.3}  {}", row.cosine, library[row.skill].id)?;
    }
    Ok(())
}
