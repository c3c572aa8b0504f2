//! `skillscope search`: both stages once.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::index::SearchKind;
use crate::model::{Verdict, never};
use crate::search::{Hit, Placed, QueryId, Ranked, Reranking, Shortlist};

use super::{Outcome, RouterArgs, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to search for.
    request: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let pipeline = options.pipeline()?;
    let request: Arc<str> = args.request.as_str().into();
    let shortlist = Arc::new(pipeline.stage1(QueryId::default(), &request, options.settings, None, false)?);
    let reranking = match pipeline.reranker {
        Some(_) if options.settings.rerank => Some(pipeline.rerank(&shortlist, &never, &mut |_| {})?),
        _ => None,
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut profile = options.profile_json(&pipeline);
        profile.insert("protocol".into(), pipeline.describe(options.settings).into());
        serde_json::to_writer(&mut out, &to_json(&shortlist, reranking.as_ref(), profile))?;
        writeln!(out)?;
    } else {
        print(&mut out, &shortlist, reranking.as_ref())?;
    }
    Ok(if shortlist.hits.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

/// Rows in final order: a hit, and its place after reranking if there was any.
fn rows<'a>(shortlist: &'a Shortlist, reranking: Option<&'a Reranking>) -> Vec<(&'a Hit, Option<&'a Ranked>)> {
    match reranking {
        Some(reranking) => reranking.rows.iter().map(|row| (&shortlist.hits[row.before - 1], Some(row))).collect(),
        None => shortlist.hits.iter().map(|hit| (hit, None)).collect(),
    }
}

/// `"fits"` and `"confidence"` are null where [`Shortlist::verdict`] is.
fn to_json(shortlist: &Shortlist, reranking: Option<&Reranking>, profile: Map<String, Value>) -> Value {
    let verdict = shortlist.verdict;
    let score = |placed: Option<Placed>| placed.map(|placed| placed.score);
    let rank = |placed: Option<Placed>| placed.map(|placed| placed.rank);
    let hits: Vec<Value> = rows(shortlist, reranking)
        .into_iter()
        .map(|(hit, ranked)| {
            let skill = &shortlist.library[hit.skill];
            json!({
                "id": skill.id.shown(),
                "name": skill.name.shown(),
                "path": skill.origin.shown.shown(),
                "line": skill.origin.line,
                "stage1": {
                    "rank": hit.rank,
                    "lexical": score(hit.lexical),
                    "dense": score(hit.dense),
                    "fused": hit.fused,
                    "lexical_rank": rank(hit.lexical),
                    "dense_rank": rank(hit.dense),
                },
                "stage2": ranked.map(|row| json!({ "rank": row.after, "score": row.score })),
            })
        })
        .collect();
    json!({
        "query": shortlist.request.as_ref(),
        "hits": hits,
        "fits": verdict.map(|verdict| verdict.fits),
        "confidence": verdict.map(|verdict| verdict.confidence),
        "timings_ms": timings(shortlist, reranking),
        "search": match shortlist.kind {
            SearchKind::Exact => json!({ "kind": "exact" }),
            SearchKind::Approximate { recall_at_10 } => json!({ "kind": "approximate", "recall_at_10": recall_at_10 }),
        },
        "profile": profile,
    })
}

fn timings(shortlist: &Shortlist, reranking: Option<&Reranking>) -> Value {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    json!({
        "lexical": ms(shortlist.timings.lexical),
        "embed": ms(shortlist.timings.embed),
        "dense": ms(shortlist.timings.dense),
        "stage1": ms(shortlist.timings.total),
        "stage2": reranking.map(|reranking| ms(reranking.elapsed)),
    })
}

fn print(out: &mut impl Write, shortlist: &Shortlist, reranking: Option<&Reranking>) -> std::io::Result<()> {
    if shortlist.hits.is_empty() {
        return writeln!(out, "No skill found among {}.", shortlist.library.len());
    }
    if shortlist.ran != shortlist.settings.stage1 {
        writeln!(out, "(searched by words only: no vectors)")?;
    }
    if let Some(Verdict { fits: false, confidence }) = shortlist.verdict {
        writeln!(out, "(probably nothing here fits: confidence {confidence:.2})")?;
    }
    writeln!(out, "{:>4} {:>6} {:>6} {:>8}  skill", "rank", "before", "score", shortlist.ran.key())?;
    for (index, (hit, ranked)) in rows(shortlist, reranking).into_iter().enumerate() {
        let skill = &shortlist.library[hit.skill];
        let score = ranked.and_then(|row| row.score).map_or("-".to_string(), |score| format!("{score:.2}"));
        let description: String =
            skill.description.shown().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect();
        writeln!(out, "{:>4} {:>6} {score:>6} {:>8.4}  {}  {description}", index + 1, hit.rank, hit.score(), skill.id)?;
    }
    Ok(())
}
