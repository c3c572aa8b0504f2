//! The erasure view's rows: what became of score and rank without each piece, beside what attention says of it.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::engine::{EraseRequest, Request};
use crate::explain::erasure::{Agreement, Effect, Pair, Place, Rivals, Unit, agreement, attention_shares};
use crate::explain::{Attribution, Erased, Grain, Manner};
use crate::library::Library;
use crate::model::Capture;
use crate::search::{Reranking, Shortlist};
use crate::tui::widgets::text::bounded;
use crate::tui::widgets::{Ink, Page, RunText, Symbols};

use super::attention::Asked;

/// Bytes of a piece that are shown: a section may be a whole manual, and the text is one key away.
const SHOWN: usize = 320;

/// What was asked: which skill of which search, in which pieces, and how they are taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedErasure {
    pub asked: Asked,
    pub grain: Grain,
    pub manner: Manner,
}

impl AskedErasure {
    pub fn request(self, shortlist: &Shortlist, reranking: Option<&Reranking>) -> Request {
        let rivals = reranking.map(|reranking| Rivals::of(reranking, self.asked.skill));
        let subject = self.asked.subject(shortlist);
        Request::Erase(EraseRequest { subject, grain: self.grain, manner: self.manner, rivals })
    }
}

/// An erasure as far as it has come.
pub struct ErasedView {
    pub asked: Asked,
    pub library: Arc<Library>,
    pub pair: Arc<Pair>,
    pub erased: Arc<Erased>,
    /// Attention of the same units, once it is there.
    shares: Option<Vec<f32>>,
    /// Once all units are scored too.
    pub agreement: Option<Agreement>,
    pub page: Page,
}

impl ErasedView {
    pub fn new(asked: Asked, library: Arc<Library>, pair: Arc<Pair>, erased: Arc<Erased>) -> Self {
        let page = Page::default();
        ErasedView { asked, library, pair, erased, shares: None, agreement: None, page }
    }

    /// The next step of the same erasure; the place in the page is kept.
    pub fn take(&mut self, erased: Arc<Erased>) {
        self.erased = erased;
    }

    /// Lays the numbers out anew, with attention where it is known.
    pub fn lay_out(&mut self, attention: Option<(&Capture, &Attribution)>, symbols: &Symbols) {
        let erased = &self.erased;
        let has_scale = erased.grain != Grain::Request;
        self.shares = attention
            .filter(|_| has_scale)
            .map(|(capture, attribution)| attention_shares(capture, attribution, &self.pair, &erased.units));
        let finished = self.shares.as_ref().filter(|_| erased.is_finished());
        self.agreement = finished.map(|shares| agreement(shares, erased));
        self.page.set(rows(erased, self.shares.as_deref(), symbols));
    }
}

/// One paragraph for each piece: numbers, then its words.
fn rows(erased: &Erased, shares: Option<&[f32]>, symbols: &Symbols) -> RunText {
    let mut text = RunText::default();
    for (at, (unit, effect)) in erased.units.iter().zip(&erased.effects).enumerate() {
        if at > 0 {
            text.push("\n", Ink::Plain);
        }
        numbers(&mut text, *effect, erased, symbols);
        let share = match (shares, effect.and_then(|effect| effect.cosine_change)) {
            (Some(shares), _) => format!("{:>5.1}%", shares[at] * 100.0),
            (None, Some(change)) => format!("{change:>+6.3}"),
            (None, None) => String::new(),
        };
        text.push(&format!(" {share:>6}  "), Ink::Muted);
        text.hang();
        words(&mut text, unit, effect.is_none(), symbols);
    }
    if erased.unseen > 0 {
        let rule = symbols.rule.repeat(2);
        let more = format!("\n{rule} {} more were not seen by the reranker {rule}", erased.unseen);
        text.push(&more, Ink::Warning);
    }
    text
}

/// Columns of a rank before and after: "50→out", and in stage 1's longer list "100→out".
pub const RANK: usize = 7;
pub const STAGE1: usize = 9;

/// The change of score, and the ranks before and after where they are others: that of stage 1 too where it ran again.
fn numbers(text: &mut RunText, effect: Option<Effect>, erased: &Erased, symbols: &Symbols) {
    let stage1 = if erased.lists.is_some() { STAGE1 } else { 0 };
    let Some(effect) = effect else {
        return text.push(&format!("{:>7} {:RANK$}{:stage1$}", symbols.unscored, "", ""), Ink::Muted);
    };
    let ink = match effect.change {
        change if change < 0.0 => Ink::For,
        change if change > 0.0 => Ink::Against,
        _ => Ink::Muted,
    };
    text.push(&format!("{:>+7.2} ", effect.change), ink);
    match (erased.lists.and_then(|lists| lists.whole), effect.standing) {
        (Some(whole), Some(standing)) => {
            moved(text, whole.rank, standing.rank, RANK, symbols);
            moved(text, whole.stage1, standing.stage1, STAGE1, symbols);
        }
        _ if erased.lists.is_some() => text.push(&format!("{:<RANK$}{:STAGE1$}", symbols.unscored, ""), Ink::Muted),
        _ if effect.rank.is_none() => text.push(&format!("{:RANK$}", ""), Ink::Muted),
        _ => moved(text, erased.rank, effect.rank, RANK, symbols),
    }
}

/// A rank before and after; no rank is behind every rank.
fn moved(text: &mut RunText, before: Option<usize>, after: Option<usize>, columns: usize, symbols: &Symbols) {
    let of = |rank: Option<usize>| rank.map_or("out".to_owned(), |rank| rank.to_string());
    let behind = |rank: Option<usize>| rank.unwrap_or(usize::MAX);
    let (words, ink) = match behind(after).cmp(&behind(before)) {
        Ordering::Equal if after.is_none() => (of(None), Ink::Muted),
        Ordering::Equal => (symbols.same.to_owned(), Ink::Muted),
        Ordering::Greater => (format!("{}{}{}", of(before), symbols.arrow, of(after)), Ink::For),
        Ordering::Less => (format!("{}{}{}", of(before), symbols.arrow, of(after)), Ink::Against),
    };
    text.push(&format!("{words:<columns$}"), ink);
}

fn words(text: &mut RunText, unit: &Unit, waits: bool, symbols: &Symbols) {
    let ink = if waits { Ink::Muted } else { Ink::Plain };
    if let Place::Field(field) = unit.place {
        text.push(field.key(), Ink::Field(field));
        if unit.label.shown() == field.key() {
            return;
        }
        text.push(": ", Ink::Muted);
    }
    let (shown, left) = bounded(unit.label.shown(), SHOWN);
    text.push(shown, ink);
    if left > 0 {
        text.push(symbols.ellipsis, Ink::Muted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::explore::fixture;
    use crate::tui::widgets::symbols::UNICODE;

    #[test]
    fn rows_say_sign_rank_and_words_and_what_waits() {
        let erased = fixture::erased(2);
        let text = rows(&erased, Some(&[0.25, 0.5, 0.25]), &UNICODE);
        let lines: Vec<&str> = text.text().lines().collect();
        assert_eq!(lines[0], "  -2.50 1→7      25.0%  name");
        assert_eq!(lines[1], "  +0.75 =        50.0%  description: Roll a service out.");
        assert!(lines[2].trim_start().starts_with(UNICODE.unscored), "{lines:?}");
        assert!(lines[3].contains("37 more were not seen"));
        let ink = |needle: &str| {
            let at = text.text().find(needle).expect(needle);
            text.runs(at..at + 1).next().expect("run").1
        };
        assert_eq!((ink("-2.50"), ink("+0.75"), ink("1→7")), (Ink::For, Ink::Against, Ink::For));
    }

    #[test]
    fn a_request_has_both_ranks_and_says_what_is_out_and_what_waits() {
        let text = rows(&fixture::erased_request(3), None, &UNICODE);
        let lines: Vec<&str> = text.text().lines().collect();
        assert_eq!(lines[0], "  -2.50 3→out  2→104     -0.250  Roll out the new version.");
        assert_eq!(lines[1], "  +0.75 3→1    2→1       +0.075  It is Friday.");
        let waits = format!("  +0.00 {:<16} +0.000  Thanks!", UNICODE.unscored);
        assert_eq!(lines[3], waits);
        let ink = |needle: &str| {
            let at = text.text().find(needle).expect(needle);
            text.runs(at..at + 1).next().expect("run").1
        };
        assert_eq!((ink("3→out"), ink("3→1"), ink("2→14")), (Ink::For, Ink::Against, Ink::For));
    }
}
