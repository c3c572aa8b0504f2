//! The attention view's words and numbers: heat, what the reranker never saw, what the caps cut.

use std::sync::Arc;

use crate::engine::Request;
use crate::explain::{Attribution, Band, Lens, Word, attribute};
use crate::library::{Field, Library, SkillIx};
use crate::model::Capture;
use crate::search::{QueryId, Shortlist};
use crate::tui::widgets::layer_strip::step;
use crate::tui::widgets::text::bounded;
use crate::tui::widgets::{Ink, Page, RunText, Symbols, clip, thousands};

use super::preview::SHOWN_BYTES;

/// Words that are named with their share, and the columns each may take.
const NAMED_WORDS: usize = 5;
const NAMED_COLUMNS: usize = 24;

/// A capture, and what the present lens makes of it.
pub struct Explained {
    pub skill: SkillIx,
    pub library: Arc<Library>,
    pub capture: Arc<Capture>,
    pub attribution: Attribution,
    /// The words with the most attention, found once per lens and not once per frame.
    pub most: Vec<(String, f32)>,
    pub page: Page,
}

impl Explained {
    pub fn new(skill: SkillIx, library: Arc<Library>, capture: Arc<Capture>, lens: Lens, symbols: &Symbols) -> Self {
        let attribution = attribute(&capture, lens);
        let page = Page::new(heat_text(&capture, &attribution, symbols));
        let most = named(&attribution, symbols);
        Explained { skill, library, capture, attribution, most, page }
    }

    pub fn look_through(&mut self, lens: Lens, symbols: &Symbols) {
        self.attribution = attribute(&self.capture, lens);
        self.most = named(&self.attribution, symbols);
        self.page.set(heat_text(&self.capture, &self.attribution, symbols));
    }
}

/// What was asked about which skill of which search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub id: QueryId,
    pub skill: SkillIx,
}

impl Asked {
    pub fn request(self, shortlist: &Shortlist) -> Request {
        Request::Explain {
            id: self.id,
            text: shortlist.request.clone(),
            settings: shortlist.settings,
            library: shortlist.library.clone(),
            skill: self.skill,
        }
    }
}

/// The words of the document under their heat. Words carry the white space after them; it is painted only between two
/// words of one ink, which makes them one run.
pub fn heat_text(capture: &Capture, attribution: &Attribution, symbols: &Symbols) -> RunText {
    let most = heaviest(attribution, 1).first().map_or(0.0, |(_, weight)| *weight);
    let rule = symbols.rule.repeat(2);
    let mut text = RunText::default();
    let (mut space, mut field, mut before) = ("", None, Ink::Plain);
    for word in &attribution.words {
        let ink = ink_of(word, most, capture);
        let starts_field = word.field.is_some() && word.field != field;
        if text.text().len() > SHOWN_BYTES {
            text.push("\n(the rest is not shown here)", Ink::Warning);
            break;
        }
        if ink == Ink::Unseen && before != Ink::Unseen {
            text.push(&format!("\n{rule} not seen by the reranker {rule}\n"), Ink::Warning);
        } else if starts_field && !text.is_empty() {
            text.push("\n", Ink::Plain);
        } else {
            text.push(space, if before == ink { ink } else { Ink::Plain });
        }
        if let (true, Some(starting)) = (starts_field, word.field) {
            text.push(&format!("{}: ", starting.key()), Ink::Field(starting));
            field = word.field;
        }
        let shown = word.text.shown();
        let inked = shown.trim_end();
        text.push(bounded(inked, SHOWN_BYTES).0, ink);
        (space, before) = (&shown[inked.len()..], ink);
    }
    if attribution.unlisted > 0 {
        let more = thousands(attribution.unlisted);
        let unseen = if before == Ink::Unseen { "not seen and " } else { "" };
        text.push(&format!("\n{rule} {more} more characters, {unseen}not shown {rule}"), Ink::Warning);
    }
    for (field, cut) in cuts(attribution) {
        let note = format!("\n{rule} {} characters of {} cut before the reranker {rule}", thousands(cut), field.key());
        text.push(&note, Ink::Warning);
    }
    text
}

fn ink_of(word: &Word, most: f32, capture: &Capture) -> Ink {
    match word.weight {
        // Linear in the heaviest word, so that equal steps are equal attention; the lowest stays unpainted.
        Some(weight) if most > 0.0 => Ink::Heat(step(weight / most)),
        Some(_) => Ink::Heat(0),
        None if word.bytes.start >= capture.encoding.seen_bytes => Ink::Unseen,
        // Read, but part of no field: a separator.
        None => Ink::Muted,
    }
}

/// Fields that a cap of the profile shortened, with the code points lost.
pub fn cuts(attribution: &Attribution) -> impl Iterator<Item = (Field, usize)> {
    Field::ALL.into_iter().zip(attribution.cut).filter(|(_, cut)| *cut > 0)
}

/// The words with the most attention and their shares, heaviest first.
fn heaviest(attribution: &Attribution, count: usize) -> Vec<(&str, f32)> {
    let mut words: Vec<(&str, f32)> =
        attribution.words.iter().filter_map(|word| Some((word.text.shown().trim(), word.weight?))).collect();
    let by_weight = |a: &(&str, f32), b: &(&str, f32)| b.1.total_cmp(&a.1);
    if count < words.len() {
        words.select_nth_unstable_by(count, by_weight);
        words.truncate(count);
    }
    words.sort_by(by_weight);
    words
}

/// The words of the legend; a blob without a space is a word too, so they are cut.
fn named(attribution: &Attribution, symbols: &Symbols) -> Vec<(String, f32)> {
    let clipped = |(word, weight)| (clip(word, NAMED_COLUMNS, symbols.ellipsis), weight);
    heaviest(attribution, NAMED_WORDS).into_iter().map(clipped).collect()
}

pub fn band_label(band: Band) -> String {
    match band {
        Band::Early => "early layers".into(),
        Band::Middle => "middle layers".into(),
        Band::Late => "late layers".into(),
        Band::All => "all layers".into(),
        Band::One(layer) => format!("layer {}", layer + 1),
    }
}

/// The next (or previous) band: middle, late, all, each layer, early, and round again.
pub fn next_band(band: Band, layers: usize, by: isize) -> Band {
    let order: Vec<Band> =
        [Band::Early, Band::Middle, Band::Late, Band::All].into_iter().chain((0..layers).map(Band::One)).collect();
    order[round(order.iter().position(|other| *other == band), by, order.len())]
}

/// The next (or previous) head: all, then each.
pub fn next_head(head: Option<usize>, heads: usize, by: isize) -> Option<usize> {
    round(Some(head.map_or(0, |head| head + 1)), by, heads + 1).checked_sub(1)
}

fn round(at: Option<usize>, by: isize, of: usize) -> usize {
    (at.unwrap_or(0) as isize + by).rem_euclid(of as isize) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::explore::fixture;
    use crate::tui::theme::HEAT_STEPS;
    use crate::tui::widgets::symbols::UNICODE;

    #[test]
    fn heat_is_relative_to_the_heaviest_word_and_unseen_text_is_marked_once() {
        let (capture, attribution) = fixture::attribution();
        let text = heat_text(&capture, &attribution, &UNICODE);
        let ink = |needle: &str| {
            let at = text.text().rfind(needle).expect(needle);
            text.runs(at..at + 1).next().expect("run").1
        };
        assert_eq!(ink("name:"), Ink::Field(Field::Name));
        assert_eq!(ink("kubernetes"), Ink::Heat(HEAT_STEPS - 1), "the heaviest word has the highest step");
        assert_eq!(ink("unread"), Ink::Unseen);
        assert_eq!(text.text().matches("not seen by the reranker").count(), 1);
        assert!(text.text().contains("1,200 characters of body cut"));
    }

    #[test]
    fn bands_go_round() {
        let mut band = Band::default();
        for _ in 0..4 + 6 {
            band = next_band(band, 6, 1);
        }
        assert_eq!(band, Band::default());
        assert_eq!(next_band(Band::Early, 6, -1), Band::One(5));
    }

    #[test]
    fn heads_go_round_through_all() {
        assert_eq!(next_head(None, 12, 1), Some(0));
        assert_eq!(next_head(Some(11), 12, 1), None);
        assert_eq!(next_head(None, 12, -1), Some(11));
        assert_eq!(next_head(None, 0, 1), None);
    }
}
