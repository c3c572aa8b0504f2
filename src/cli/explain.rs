//! `skillscope explain`: what the reranker looked at.

use std::io::Write;

use anyhow::Context;

use crate::explain::{Attribution, Lens, attribute};
use crate::library::Field;
use crate::model::never;

use super::{Outcome, RouterArgs, named, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The request.
    request: String,
    /// Id of the skill, as `search` prints it.
    skill: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let mut options = prepare::Options::resolve(router)?;
    // One pair needs no shortlist, so no vectors.
    options.settings.stage1 = crate::search::Stage1::Lexical;
    let pipeline = options.pipeline()?;
    pipeline.reranker.as_ref().context("nothing to explain without a reranker: leave out --reranker none")?;
    let skill = named::skill(&pipeline.library, &args.skill)?;
    let capture = pipeline.capture(&args.request, options.settings.fields, skill, &never)?;
    let attribution = attribute(&capture, Lens::default());
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut value = attribution.to_json();
        if let Some(object) = value.as_object_mut() {
            object.insert("query".into(), args.request.as_str().into());
            object.insert("id".into(), pipeline.library[skill].id.shown().into());
            object.insert("profile".into(), options.profile_json(&pipeline).into());
        }
        serde_json::to_writer(&mut out, &value)?;
        writeln!(out)?;
    } else {
        print(&mut out, &attribution)?;
    }
    Ok(Outcome::Done)
}

fn print(out: &mut impl Write, attribution: &Attribution) -> std::io::Result<()> {
    writeln!(out, "score {:.3}   attention (not an explanation), middle layers, all heads", attribution.score)?;
    writeln!(out, "{:<12} {:>7} {:>7} {:>6}", "field", "share", "tokens", "lift")?;
    for (field, share) in Field::ALL.into_iter().zip(&attribution.fields) {
        let lift = share.lift.map_or("-".to_string(), |lift| format!("{lift:.2}"));
        let (part, tokens) = (share.share * 100.0, share.token_share * 100.0);
        writeln!(out, "{:<12} {part:>6.1}% {tokens:>6.1}% {lift:>6}", field.key())?;
    }
    let removed = &attribution.removed;
    writeln!(
        out,
        "removed before normalising: {:.1}% (template and sinks {:.1}%, request {:.1}%, separators {:.1}%)",
        removed.total() * 100.0,
        removed.special * 100.0,
        removed.request * 100.0,
        removed.separators * 100.0
    )?;
    writeln!(out, "the model saw {} of {} tokens", attribution.seen_tokens, attribution.total_tokens)?;
    let mut words: Vec<_> = attribution.words.iter().filter(|word| word.weight.is_some()).collect();
    words.sort_by(|a, b| b.weight.partial_cmp(&a.weight).unwrap_or(std::cmp::Ordering::Equal));
    let top: Vec<String> = words
        .iter()
        .take(12)
        .map(|word| format!("{} {:.1}%", word.text.shown().trim(), word.weight.unwrap_or_default() * 100.0))
        .collect();
    writeln!(out, "most attention: {}", top.join(", "))
}
