//! The contrast view's rows: two skills for one request, and whose words won.

use std::sync::Arc;

use crate::engine::Request;
use crate::explain::Contrast;
use crate::explain::contrast::{ContrastWord, Side, WORDS, WordEffect};
use crate::library::{Field, Library, SkillIx};
use crate::search::Shortlist;
use crate::tui::action::Action;
use crate::tui::session::Outbox;
use crate::tui::widgets::{Ink, Page, RunText, Symbols, clip, fit, percent};

use super::attention::Asked;
use super::{Explore, View};

/// Columns of a word, and of a name in a heading.
const WORD: usize = 18;
const NAME: usize = 40;
/// Words of the request listed.
const LISTED: usize = 60;

/// What was asked: which skill of which search, against which other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedContrast {
    pub asked: Asked,
    pub other: SkillIx,
}

impl AskedContrast {
    pub fn request(self, shortlist: &Shortlist) -> Request {
        Request::Contrast { subject: self.asked.subject(shortlist), other: self.other }
    }
}

/// A contrast as far as it has come.
pub struct ContrastView {
    /// Pairs done, and how many there are at most.
    pub progress: (usize, usize),
    pub contrast: Option<Arc<Contrast>>,
    pub page: Page,
}

impl ContrastView {
    pub fn new(
        library: &Library,
        progress: (usize, usize),
        contrast: Option<&Arc<Contrast>>,
        symbols: &Symbols,
    ) -> Self {
        let page = contrast.map_or_else(Page::default, |contrast| Page::new(rows(library, contrast, symbols)));
        ContrastView { progress, contrast: contrast.cloned(), page }
    }
}

impl Explore {
    /// What the selected skill is compared with: the skill that was chosen, or the one at rank 1; for that one itself,
    /// the next.
    pub(super) fn opponent(&self) -> Option<SkillIx> {
        let selected = self.selected()?.skill;
        let chosen = self.opponent.as_deref().and_then(|id| self.results.skill(id));
        let first = || {
            let mut ranked = self.results.ranked().iter().map(|row| row.skill);
            let mut hits = self.results.hits().iter().map(|hit| hit.skill);
            ranked.find(|skill| *skill != selected).or_else(|| hits.find(|skill| *skill != selected))
        };
        chosen.filter(|skill| *skill != selected).or_else(first)
    }

    /// The contrast of what is selected now, as far as it has come.
    pub(super) fn contrasted(&self) -> Option<&ContrastView> {
        let now = AskedContrast { asked: self.asking()?, other: self.opponent()? };
        self.contrasted.as_ref().filter(|_| self.asked_contrast == Some(now))
    }

    /// Opens the view, or takes the selected skill as the opponent of all others.
    pub(super) fn turn_contrast(&mut self, action: Action, out: &mut Outbox) {
        if action == Action::Contrast {
            self.view = View::Contrast;
            return;
        }
        let Some(selected) = self.selected() else { return };
        let skill = &selected.library[selected.skill];
        let id = skill.id.shown();
        let (opponent, words) = match self.opponent.as_deref() == Some(id) {
            true => (None, "Skills are compared with the one at rank 1 again.".to_owned()),
            false => (Some(id.to_owned()), format!("Skills are compared with {} now.", skill.name.shown())),
        };
        self.opponent = opponent;
        out.status = Some(words);
    }

    /// Asks once the whole list is scored: before, another skill may come to rank 1.
    pub(super) fn ask_contrast(&mut self, asked: Asked, out: &mut Outbox) {
        let waiting = self.results.reranking().is_some_and(|reranking| !reranking.is_finished());
        let Some(other) = self.opponent().filter(|_| self.results.is_current() && !waiting) else { return };
        let wanted = AskedContrast { asked, other };
        if self.asked_contrast == Some(wanted) {
            return;
        }
        if let Some(shortlist) = self.results.shortlist() {
            out.requests.push(wanted.request(shortlist));
            self.asked_contrast = Some(wanted);
            self.contrasted = None;
            self.refused = None;
        }
    }

    /// What has become of the last question; the answer to another is dropped.
    pub(super) fn take_contrast(
        &mut self,
        of: AskedContrast,
        library: &Library,
        progress: (usize, usize),
        contrast: Option<&Arc<Contrast>>,
    ) {
        if self.asked_contrast == Some(of) {
            self.contrasted = Some(ContrastView::new(library, progress, contrast, self.symbols()));
        }
    }
}

fn rows(library: &Library, contrast: &Contrast, symbols: &Symbols) -> RunText {
    let mut text = RunText::default();
    let name = |skill: SkillIx| clip(library[skill].name.shown().trim(), NAME, symbols.ellipsis);
    let (mine, other) = (name(contrast.mine.skill), name(contrast.other.skill));
    let won = |lead: fn(f32) -> bool| contrast.words.iter().filter(move |word| lead(word.lead())).collect::<Vec<_>>();
    words(&mut text, &format!("Words that do more for {mine}"), Ink::For, &won(|lead| lead > 0.0), symbols);
    words(&mut text, &format!("Words that do more for {other}"), Ink::Against, &won(|lead| lead < 0.0), symbols);
    words(&mut text, "Words that do as much for both", Ink::Muted, &won(|lead| lead == 0.0), symbols);
    terms(&mut text, contrast, symbols);
    fields(&mut text, contrast);
    let means = format!(
        "\n\nhere and there: change of score without the word, all its occurrences; att.: its share of attention (middle \
         layers, all heads); lead: what it does more for the first. The {WORDS} most attended words of each."
    );
    text.push(&means, Ink::Muted);
    text
}

/// Shares of the three fields on both sides.
fn fields(text: &mut RunText, contrast: &Contrast) {
    text.push(&format!("\n\n{:12}{:>8}{:>8}", "attention", "here", "there"), Ink::Muted);
    for field in Field::ALL {
        text.push("\n", Ink::Plain);
        text.push(&fit(field.key(), 12, ""), Ink::Field(field));
        let share = |side: &Side| percent(side.fields[field as usize].share);
        text.push(&format!("{:>8}{:>8}", share(&contrast.mine), share(&contrast.other)), Ink::Plain);
    }
}

/// Words whose lead has one sign, the widest first: what the score loses without each, and its share of attention.
fn words(text: &mut RunText, title: &str, ink: Ink, words: &[&ContrastWord], symbols: &Symbols) {
    if words.is_empty() {
        return;
    }
    let gap = if text.is_empty() { "" } else { "\n\n" };
    text.push(&format!("{gap}{title}"), Ink::Heading);
    let heads = format!("\n{:>7}  {:WORD$}{:>8}{:>7}{:>9}{:>7}", "lead", "word", "here", "att.", "there", "att.");
    text.push(&heads, Ink::Muted);
    for word in words {
        text.push(&format!("\n{:>+7.2}  ", word.lead()), ink);
        text.hang();
        text.push(&fit(word.word.shown(), WORD, symbols.ellipsis), Ink::Plain);
        effect(text, word.mine, 8, symbols);
        effect(text, word.other, 9, symbols);
    }
}

/// The change of score without the word, and its attention; a dot where the skill does not have it.
fn effect(text: &mut RunText, effect: Option<WordEffect>, columns: usize, symbols: &Symbols) {
    let Some(effect) = effect else {
        return text.push(&format!("{:>columns$}{:7}", symbols.dot, ""), Ink::Muted);
    };
    text.push(&format!("{:>+columns$.2}", effect.change), Ink::Plain);
    text.push(&format!("{:>7}", percent(effect.attention)), Ink::Muted);
}

fn terms(text: &mut RunText, contrast: &Contrast, symbols: &Symbols) {
    text.push(&format!("\n\nWords of the request in {}", contrast.weighing.label()), Ink::Heading);
    if contrast.terms.is_empty() {
        return text.push("\nneither skill has one", Ink::Muted);
    }
    text.push(&format!("\n{:>7}  {:WORD$}{:>8}{:>8}", "lead", "word", "here", "there"), Ink::Muted);
    for term in contrast.terms.iter().take(LISTED) {
        let lead = term.lead();
        let ink = if lead > 0.0 {
            Ink::For
        } else if lead < 0.0 {
            Ink::Against
        } else {
            Ink::Muted
        };
        text.push(&format!("\n{lead:>+7.2}  "), ink);
        text.push(&fit(term.term.shown(), WORD, symbols.ellipsis), Ink::Plain);
        for score in [term.mine, term.other] {
            match score {
                0.0 => text.push(&format!("{:>8}", symbols.dot), Ink::Muted),
                score => text.push(&format!("{score:>8.2}"), Ink::Plain),
            }
        }
    }
    let more = contrast.terms.len().saturating_sub(LISTED);
    if more > 0 {
        text.push(&format!("\n{more} more words are not listed"), Ink::Muted);
    }
}
