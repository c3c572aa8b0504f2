//! The stage-1 view's rows: BM25 by word and field, then the sentences nearest to the request.

use crate::explain::Retrieval;
use crate::explain::stage1::{DenseView, LexicalView};
use crate::tui::widgets::text::bounded;
use crate::tui::widgets::{Ink, Page, RunText, Symbols, fit};

/// Columns of a word.
const TERM: usize = 18;
/// Words and sentences listed.
const LISTED: usize = 60;
/// Bytes of a sentence that are shown.
const SHOWN: usize = 320;

pub struct RetrievedView {
    pub page: Page,
}

impl RetrievedView {
    /// `dense` is whether sentences may still come.
    pub fn new(retrieval: &Retrieval, dense: bool, symbols: &Symbols) -> Self {
        RetrievedView { page: Page::new(rows(retrieval, dense, symbols)) }
    }
}

fn rows(retrieval: &Retrieval, dense: bool, symbols: &Symbols) -> RunText {
    let mut text = RunText::default();
    lexical(&mut text, &retrieval.lexical, symbols);
    text.push("\n", Ink::Plain);
    match &retrieval.dense {
        Some(found) => sentences(&mut text, found, symbols),
        None if dense => text.push("\nThe nearest sentences come next.", Ink::Muted),
        None => text.push("\nThere is no embedder, so no sentence is nearer than another.", Ink::Muted),
    }
    text
}

fn lexical(text: &mut RunText, lexical: &LexicalView, symbols: &Symbols) {
    let by = lexical.weighing.label();
    let place = match lexical.placed {
        Some(placed) => format!("{by} {:.3}, rank {} of all skills", placed.score, placed.rank),
        None => format!("{by}: no word of the request is in this skill"),
    };
    text.push(&place, Ink::Heading);
    if !lexical.terms.is_empty() {
        text.push(&format!("\n{:TERM$}{:>8}{:>8}{:>8}{:>8}", "word", "score", "name", "descr.", "body"), Ink::Muted);
    }
    for term in lexical.terms.iter().take(LISTED) {
        text.push(&format!("\n{}", fit(term.term.shown(), TERM, symbols.ellipsis)), Ink::Plain);
        text.push(&format!("{:>8.3}", term.score), Ink::Strong);
        term.by_field.iter().for_each(|&part| match part {
            0.0 => text.push(&format!("{:>8}", symbols.dot), Ink::Muted),
            part => text.push(&format!("{part:>8.3}"), Ink::Plain),
        });
    }
    if !lexical.missing.is_empty() {
        let missing: Vec<&str> = lexical.missing.iter().take(LISTED).map(|word| word.shown()).collect();
        text.push("\nnot in the skill: ", Ink::Warning);
        text.push(&missing.join(", "), Ink::Plain);
    }
}

fn sentences(text: &mut RunText, dense: &DenseView, symbols: &Symbols) {
    text.push(&format!("\nNearest sentences; the whole skill has a cosine of {:.3}", dense.cosine), Ink::Heading);
    for near in dense.sentences.iter().take(LISTED) {
        text.push(&format!("\n{:>6.3}  ", near.cosine), Ink::Strong);
        text.hang();
        text.push(near.field.key(), Ink::Field(near.field));
        let (shown, left) = bounded(near.text.shown(), SHOWN);
        text.push(&format!(": {shown}"), Ink::Plain);
        if left > 0 {
            text.push(symbols.ellipsis, Ink::Muted);
        }
    }
    let more = dense.sentences.len().saturating_sub(LISTED) + dense.unlisted;
    if more > 0 {
        text.push(&format!("\n{more} more sentences are not listed"), Ink::Muted);
    }
    if dense.unseen > 0 {
        let rule = symbols.rule.repeat(2);
        text.push(&format!("\n{rule} {} more were not seen by the embedder {rule}", dense.unseen), Ink::Warning);
    }
}
