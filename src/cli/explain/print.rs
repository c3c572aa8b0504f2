//! An explanation as plain text.

use std::io::{Result, Write};

use crate::explain::contrast::WordEffect;
use crate::explain::erasure::{Effect, Manner, NEUTRAL};
use crate::explain::look::Pieces;
use crate::explain::{Attribution, Compared, Contrast, Erased, Explanation, Look, Reading, Retrieval};
use crate::index::Weighing;
use crate::library::{Field, Text};

/// Rows of each list; all of them are in the JSON.
const ROWS: usize = 12;
/// Columns of a sentence.
const SENTENCE: usize = 72;

pub fn explanation(out: &mut impl Write, explanation: &Explanation) -> Result<()> {
    attention(out, explanation)?;
    explanation.from_request.iter().try_for_each(|view| from_request(out, view))?;
    heads(out, &explanation.look)?;
    explanation.look.pieces.iter().try_for_each(|found| pieces(out, found, explanation.look.reading))?;
    explanation.erasures.iter().try_for_each(|compared| erasure(out, compared))?;
    explanation.contrast.iter().try_for_each(|against| contrast(out, against))?;
    explanation.retrieval.iter().try_for_each(|found| retrieval(out, found))
}

fn attention(out: &mut impl Write, explanation: &Explanation) -> Result<()> {
    let Explanation { attribution, calibrated, look, .. } = explanation;
    writeln!(out, "score {:.3}   attention (not an explanation), {}", attribution.score, look.heads_label())?;
    writeln!(
        out,
        "{:<12} {:>7} {:>7} {:>6} {:>10} {:>16}",
        "field", "share", "tokens", "lift", "per token", "over no request"
    )?;
    for (field, share) in Field::ALL.into_iter().zip(&attribution.fields) {
        let lift = share.lift.map_or("-".to_string(), |lift| format!("{lift:.2}"));
        let per_token = share.per_token().map_or("-".to_string(), |share| format!("{:.3}%", share * 100.0));
        let (part, tokens) = (share.share * 100.0, share.token_share * 100.0);
        let over = calibrated.fields[field as usize] * 100.0;
        writeln!(out, "{:<12} {part:>6.1}% {tokens:>6.1}% {lift:>6} {per_token:>10} {over:>+9.1} points", field.key())?;
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
        .take(ROWS)
        .map(|word| format!("{} {:.1}%", word.text.shown().trim(), word.weight.unwrap_or_default() * 100.0))
        .collect();
    writeln!(out, "most attention: {}", top.join(", "))
}

fn from_request(out: &mut impl Write, view: &Attribution) -> Result<()> {
    let [name, description, body] = view.fields.map(|share| share.share * 100.0);
    writeln!(
        out,
        "seen from the request's words instead of the scored position: name {name:.1}%, description {description:.1}%, \
         body {body:.1}%"
    )
}

/// Where the heads differ most; all of them are in the JSON and on the page.
fn heads(out: &mut impl Write, look: &Look) -> Result<()> {
    let most = look.grids.iter().filter_map(|(name, grid)| {
        let (layer, head, value) = grid.peak()?;
        Some(format!("{name} {} (layer {} head {})", share(value, look.reading), layer + 1, head + 1))
    });
    let most: Vec<String> = most.collect();
    writeln!(out, "heads with the most on, {}: {}", look.reading.key(), most.join(", "))
}

/// A share, or a change of one.
fn share(value: f32, reading: Reading) -> String {
    match reading {
        Reading::Calibrated => format!("{:+.1} points", value * 100.0),
        Reading::Scored | Reading::Request => format!("{:.1}%", value * 100.0),
    }
}

/// The pieces with the most attention, or those that change most.
fn pieces(out: &mut impl Write, pieces: &Pieces, reading: Reading) -> Result<()> {
    let mut all: Vec<_> = pieces.all.iter().filter_map(|piece| Some((piece, piece.weight?))).collect();
    all.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    writeln!(out, "\n{:>14} {:>7}  {}, {}", "attention", "tokens", pieces.kind.key(), reading.key())?;
    for (piece, weight) in all.into_iter().filter(|(piece, _)| piece.field.is_some()).take(ROWS) {
        let field = piece.field.map_or("", Field::key);
        writeln!(out, "{:>14} {:>7}  {field}: {}", share(weight, reading), piece.tokens, clipped(piece.label.shown()))?;
    }
    Ok(())
}

fn erasure(out: &mut impl Write, compared: &Compared) -> Result<()> {
    let erased = &compared.erased;
    let how = match erased.manner {
        Manner::Deletion => "by deletion".to_owned(),
        Manner::Neutral => format!("each word replaced by {NEUTRAL}"),
    };
    let choice = erased.choice().map_or(String::new(), |choice| format!(": {choice}"));
    writeln!(out, "\n{}, {how}{choice}", erased.grain.title())?;
    if let Some(agreement) = compared.agreement {
        writeln!(out, "{}", agreement.label())?;
    }
    let third = if compared.shares.is_some() { "attention" } else { "Δcosine" };
    if let Some(lists) = erased.lists {
        writeln!(out, "{}", lists.sentence(erased.units.len()))?;
    }
    writeln!(out, "{:>8} {} {third:>9}  without", "Δscore", ranks(erased, "rank", "stage 1"))?;
    let whole = erased.lists.and_then(|lists| lists.whole);
    let (rank, stage1) = (place(erased, erased.rank), place(erased, whole.and_then(|whole| whole.stage1)));
    writeln!(out, "{:>8} {} {:>9}  (nothing)", "", ranks(erased, &rank, &stage1), "")?;
    let rows = erased.units.iter().zip(&erased.effects).enumerate();
    for (at, (unit, effect)) in rows {
        let Some(effect) = effect else { continue };
        let share = match (&compared.shares, effect.cosine_change) {
            (Some(shares), _) => format!("{:.1}%", shares[at] * 100.0),
            (None, Some(change)) => format!("{change:+.3}"),
            (None, None) => "-".into(),
        };
        let text = clipped(unit.label.shown());
        let field = unit.place.key();
        let text = if text == field { String::new() } else { format!(": {text}") };
        writeln!(out, "{:>+8.3} {} {share:>9}  {field}{text}", effect.change, after(erased, effect))?;
    }
    match erased.unseen {
        0 => Ok(()),
        more => writeln!(out, "{more} more were never seen by the model"),
    }
}

/// One rank, and beside it that of stage 1 where both stages ran again.
fn ranks(erased: &Erased, rank: &str, stage1: &str) -> String {
    if erased.lists.is_some() { format!("{rank:>5} {stage1:>7}") } else { format!("{rank:>5}") }
}

fn after(erased: &Erased, effect: &Effect) -> String {
    let stage1 = effect.standing.and_then(|standing| standing.stage1);
    ranks(erased, &place(erased, effect.rank), &place(erased, stage1))
}

/// A rank; "out" of a list that was made and does not have the skill.
fn place(erased: &Erased, rank: Option<usize>) -> String {
    let none = if erased.lists.is_some() { "out" } else { "-" };
    rank.map_or(none.into(), |rank| rank.to_string())
}

fn contrast(out: &mut impl Write, contrast: &Contrast) -> Result<()> {
    writeln!(
        out,
        "\nagainst {}: score {:.3}, theirs {:.3}",
        contrast.other.id, contrast.mine.score, contrast.other.score
    )?;
    let wide = widest(contrast.words.iter().map(|word| &word.word));
    writeln!(out, "{:<wide$} {:>16} {:>16} {:>8}", "word", "here (att., Δ)", "there (att., Δ)", "lead")?;
    let effect = |effect: Option<WordEffect>| {
        effect.map_or("-".into(), |effect| format!("{:.1}% {:+.3}", effect.attention * 100.0, effect.change))
    };
    for word in contrast.words.iter().take(ROWS) {
        let (mine, other) = (effect(word.mine), effect(word.other));
        writeln!(out, "{:<wide$} {mine:>16} {other:>16} {:>+8.3}", word.word, word.lead())?;
    }
    let wide = widest(contrast.terms.iter().map(|term| &term.term));
    writeln!(out, "{:<wide$} {:>16} {:>16} {:>8}", term_of(contrast.weighing), "here", "there", "lead")?;
    for term in contrast.terms.iter().take(ROWS) {
        writeln!(out, "{:<wide$} {:>16.3} {:>16.3} {:>+8.3}", term.term, term.mine, term.other, term.lead())?;
    }
    Ok(())
}

/// Columns that the listed words need: what a word is must not be cut in text that goes into files.
fn widest<'a>(words: impl Iterator<Item = &'a Text>) -> usize {
    words.take(ROWS).map(|word| word.shown().chars().count()).max().unwrap_or_default().max(20)
}

/// The head of a column of words.
fn term_of(weighing: Weighing) -> String {
    format!("{} term", weighing.label())
}

fn retrieval(out: &mut impl Write, retrieval: &Retrieval) -> Result<()> {
    let rank = |rank: Option<usize>| rank.map_or("none".into(), |rank| rank.to_string());
    let (lexical, standing) = (&retrieval.lexical, retrieval.standing);
    writeln!(
        out,
        "\nstage 1: {} rank {}, cosine rank {}, in the list the shortlist is cut from {}",
        lexical.weighing.label(),
        rank(lexical.placed.map(|placed| placed.rank)),
        rank(standing.and_then(|standing| standing.dense).map(|placed| placed.rank)),
        rank(standing.and_then(|standing| standing.rank))
    )?;
    let wide = widest(lexical.terms.iter().map(|term| &term.term));
    writeln!(
        out,
        "{:<wide$} {:>8} {:>8} {:>12} {:>8}",
        term_of(lexical.weighing),
        "score",
        "name",
        "description",
        "body"
    )?;
    for term in lexical.terms.iter().take(ROWS) {
        let [name, description, body] = term.by_field;
        writeln!(out, "{:<wide$} {:>8.3} {name:>8.3} {description:>12.3} {body:>8.3}", term.term, term.score)?;
    }
    if let Some(placed) = lexical.placed {
        let [name, description, body] = lexical.by_field();
        writeln!(out, "{:<wide$} {:>8.3} {name:>8.3} {description:>12.3} {body:>8.3}", "sum", placed.score)?;
    }
    let missing: Vec<&str> = lexical.missing.iter().map(|word| word.shown()).collect();
    if !missing.is_empty() {
        writeln!(out, "not in the skill: {}", missing.join(", "))?;
    }
    let Some(dense) = &retrieval.dense else { return Ok(()) };
    writeln!(out, "nearest sentences (whole skill: cosine {:.3})", dense.cosine)?;
    for near in dense.sentences.iter().take(ROWS) {
        writeln!(out, "{:>7.3}  {}: {}", near.cosine, near.field.key(), clipped(near.text.shown()))?;
    }
    Ok(())
}

/// The beginning of a sentence.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(SENTENCE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
