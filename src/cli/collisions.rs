//! `skillscope collisions`: skills that take each other's place.

use std::io::Write;

use serde_json::{Value, json};

use crate::library::Library;
use crate::library::similarity::NEAR_DUPLICATE;
use crate::model::never;
use crate::search::collisions::{Collision, NEAR_VECTOR, of_library, of_skill};
use crate::search::confusion::{Confused, confusion};
use crate::search::{Pipeline, Stage1};

use super::{Outcome, RouterArgs, named, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of one skill: its collisions and its nearest by vector. Without it, every colliding pair of the library.
    skill: Option<String>,
    /// Rows for one skill, at least all that collide.
    #[arg(long, value_name = "N", default_value_t = 10)]
    nearest: usize,
    /// Ask for every skill by its own description instead, and list those that another one comes before.
    #[arg(long, conflicts_with = "skill")]
    confusion: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Pairs printed for people; --json has all.
const PRINTED: usize = 200;

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let mut options = prepare::Options::resolve(router)?;
    // Pairs are compared, nothing is ranked: only vectors are needed.
    (options.reranker, options.settings.rerank) = (None, false);
    if !args.confusion && options.settings.stage1 == Stage1::Fused {
        options.settings.stage1 = Stage1::Dense;
    }
    let pipeline = options.pipeline()?;
    let library = &pipeline.library;
    let fields = options.settings.fields;
    if args.confusion {
        return confused(&pipeline, &options, args.json);
    }
    let rows = match &args.skill {
        Some(id) => of_skill(&pipeline, fields, named::skill(library, id)?, args.nearest),
        None => of_library(&pipeline, fields),
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        let value = json!({
            "skills": library.len(),
            "limits": { "body_jaccard": NEAR_DUPLICATE, "cosine": NEAR_VECTOR },
            "pairs": rows.iter().map(|row| to_json(library, row)).collect::<Vec<_>>(),
            "profile": options.profile_json(&pipeline),
        });
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        print(&mut out, library, &rows)?;
    }
    Ok(if rows.iter().any(Collision::collides) { Outcome::Done } else { Outcome::Nothing })
}

fn confused(pipeline: &Pipeline, options: &prepare::Options, json: bool) -> anyhow::Result<Outcome> {
    let library = &pipeline.library;
    let bar = prepare::progress_bar("asking", library.len());
    let found = confusion(pipeline, options.settings, &never, &mut || bar.inc(1))?;
    bar.finish_and_clear();
    let mut out = std::io::stdout().lock();
    let id = |skill| library[skill].id.shown();
    if json {
        let row = |row: &Confused| json!({ "id": id(row.skill), "rank": row.rank, "first": id(row.first) });
        let mut profile = options.profile_json(pipeline);
        profile.insert("protocol".into(), pipeline.describe(options.settings).into());
        let value = json!({
            "asked": found.asked,
            "found_first": found.asked - found.confused.len(),
            "without_description": found.silent.iter().map(|&skill| id(skill)).collect::<Vec<_>>(),
            "confused": found.confused.iter().map(row).collect::<Vec<_>>(),
            "profile": profile,
        });
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        let right = found.asked - found.confused.len();
        writeln!(out, "{right} of {} skills are found first by their own description", found.asked)?;
        let groups = found.by_winner();
        for (first, group) in groups.iter().take(PRINTED) {
            writeln!(out, "{} is found first for", id(*first))?;
            for row in group {
                let rank = row.rank.map_or("-".into(), |rank| rank.to_string());
                writeln!(out, "  {rank:>5}  {}", id(row.skill))?;
            }
        }
        if groups.len() > PRINTED {
            writeln!(out, "and {} more skills come before others; --json has them all", groups.len() - PRINTED)?;
        }
    }
    Ok(if found.confused.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

fn to_json(library: &Library, row: &Collision) -> Value {
    json!({
        "id": library[row.skill].id.shown(),
        "other": library[row.other].id.shown(),
        "collides": row.collides(),
        "same_name": row.same_name,
        "copy": row.copy,
        "body_jaccard": row.jaccard,
        "cosine": row.cosine,
    })
}

fn print(out: &mut impl Write, library: &Library, rows: &[Collision]) -> std::io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "No skill of {} takes another's place.", library.len());
    }
    writeln!(out, "{:>6} {:>6}  {:<32} skills", "body", "cosine", "why")?;
    for row in rows.iter().take(PRINTED) {
        let cosine = row.cosine.map_or("-".to_string(), |cosine| format!("{cosine:.3}"));
        let reasons = row.reasons().join(", ");
        let (skill, other) = (&library[row.skill].id, &library[row.other].id);
        writeln!(out, "{:>6.3} {cosine:>6}  {reasons:<32} {skill}  {other}", row.jaccard)?;
    }
    match rows.len().saturating_sub(PRINTED) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more pairs; --json has them all"),
    }
}
