//! The document's text under its heat, what the reranker never saw, and what the caps cut.

use crate::explain::{Attribution, Span, SpanKind};
use crate::library::Field;
use crate::model::Capture;
use crate::tui::explore::preview::SHOWN_BYTES;
use crate::tui::widgets::heat::step;
use crate::tui::widgets::text::bounded;
use crate::tui::widgets::{Ink, RunText, Symbols, thousands};

/// The pieces of the document under their heat. They carry the white space after them; it is painted only between two
/// of one ink, which makes them one run. Lines and sections have their share in front. `signed` weights are changes, of
/// which a fall has a look of its own.
pub fn heat_text(
    capture: &Capture,
    attribution: &Attribution,
    spans: &[Span],
    kind: SpanKind,
    signed: bool,
    symbols: &Symbols,
) -> RunText {
    let most = spans.iter().filter_map(|span| span.weight).map(f32::abs).fold(0.0, f32::max);
    let rule = symbols.rule.repeat(2);
    let mut text = RunText::default();
    let (mut space, mut field, mut before) = (String::new(), None, Ink::Plain);
    for span in spans {
        let ink = ink_of(span, most, signed, capture);
        let starts_field = span.field.is_some() && span.field != field;
        let shown = span.text(&capture.document);
        let inked = shown.shown().trim_end();
        let share = share_of(span, kind, signed).filter(|_| !inked.is_empty());
        // A share stands at the beginning of its row, before the indent of a line.
        let line = space.rfind('\n').filter(|_| share.is_some()).map_or(space.len(), |at| at + 1);
        let (gap, indent) = space.split_at(line);
        if text.text().len() > SHOWN_BYTES {
            text.push("\n(the rest is not shown here)", Ink::Warning);
            break;
        }
        if ink == Ink::Unseen && before != Ink::Unseen {
            text.push(&format!("\n{rule} not seen by the reranker {rule}\n"), Ink::Warning);
        } else if starts_field && !text.is_empty() {
            text.push("\n", Ink::Plain);
        } else if gap.is_empty() && kind == SpanKind::Token && !text.is_empty() && ink != Ink::Unseen {
            // Where one token ends inside a word.
            text.push(symbols.vertical, Ink::Muted);
        } else {
            text.push(gap, if before == ink { ink } else { Ink::Plain });
        }
        if let Some(share) = &share {
            text.push(share, Ink::Muted);
            text.hang();
            text.push(if starts_field { "" } else { indent }, Ink::Plain);
        }
        if let (true, Some(starting)) = (starts_field, span.field) {
            text.push(&format!("{}: ", starting.key()), Ink::Field(starting));
            field = span.field;
        }
        text.push(bounded(inked, SHOWN_BYTES).0, ink);
        (space, before) = (shown.shown()[inked.len()..].to_owned(), ink);
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

/// What stands before a line or a section that was read.
fn share_of(span: &Span, kind: SpanKind, signed: bool) -> Option<String> {
    let points = span.weight.filter(|_| span.field.is_some())? * 100.0;
    match kind {
        SpanKind::Word | SpanKind::Token => None,
        SpanKind::Line | SpanKind::Section if signed => Some(format!("{points:>+5.1}  ")),
        SpanKind::Line | SpanKind::Section => Some(format!("{points:>4.1}%  ")),
    }
}

fn ink_of(span: &Span, most: f32, signed: bool, capture: &Capture) -> Ink {
    match span.weight {
        // As far down as the first painted step is up.
        Some(weight) if signed && most > 0.0 && step(-weight / most) > 0 => Ink::Against,
        // Linear in the heaviest piece, so that equal steps are equal attention; the lowest stays unpainted.
        Some(weight) if most > 0.0 => Ink::Heat(step(weight / most)),
        Some(_) => Ink::Heat(0),
        None if span.bytes.start >= capture.encoding.seen_bytes => Ink::Unseen,
        // Read, but part of no field: a separator.
        None => Ink::Muted,
    }
}

/// Fields that a cap of the profile shortened, with the code points lost.
pub fn cuts(attribution: &Attribution) -> impl Iterator<Item = (Field, usize)> {
    Field::ALL.into_iter().zip(attribution.cut).filter(|(_, cut)| *cut > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::spans;
    use crate::library::FieldSet;
    use crate::text::DocumentTemplate;
    use crate::tui::explore::fixture;
    use crate::tui::theme::HEAT_STEPS;
    use crate::tui::widgets::symbols::UNICODE;

    fn text(kind: SpanKind, signed: bool, weigh: impl Fn(&str, f32) -> f32) -> RunText {
        let (capture, attribution) = fixture::attribution();
        let mut spans = spans(&capture, &attribution, kind);
        for span in &mut spans {
            let shown = span.text(&capture.document);
            span.weight = span.weight.map(|weight| weigh(shown.shown().trim(), weight));
        }
        heat_text(&capture, &attribution, &spans, kind, signed, &UNICODE)
    }

    fn ink(text: &RunText, needle: &str) -> Ink {
        let at = text.text().rfind(needle).expect(needle);
        text.runs(at..at + 1).next().expect("run").1
    }

    #[test]
    fn heat_is_relative_to_the_heaviest_word_and_unseen_text_is_marked_once() {
        let text = text(SpanKind::Word, false, |_, weight| weight);
        assert_eq!(ink(&text, "name:"), Ink::Field(Field::Name));
        assert_eq!(ink(&text, "kubernetes"), Ink::Heat(HEAT_STEPS - 1), "the heaviest word has the highest step");
        assert_eq!(ink(&text, "unread"), Ink::Unseen);
        assert_eq!(text.text().matches("not seen by the reranker").count(), 1);
        assert!(text.text().contains("1,200 characters of body cut"));
    }

    #[test]
    fn a_change_is_heat_or_a_fall_and_a_small_one_is_neither() {
        let change = |word: &str, _| match word {
            "kubernetes" => 0.2,
            "service" => -0.1,
            "cluster." => -0.01,
            _ => 0.0,
        };
        let text = text(SpanKind::Word, true, change);
        assert_eq!(ink(&text, "kubernetes"), Ink::Heat(HEAT_STEPS - 1));
        assert_eq!((ink(&text, "service"), ink(&text, "cluster")), (Ink::Against, Ink::Heat(0)));
    }

    #[test]
    fn a_section_is_one_piece_of_one_ink() {
        let text = text(SpanKind::Section, false, |_, weight| weight);
        assert_eq!(ink(&text, "First"), ink(&text, "Steps"));
        assert!(text.text().contains(" 4.0%  body: # Steps"), "{}", text.text());
    }

    #[test]
    fn a_share_stands_before_the_indent_of_its_line() {
        let document = DocumentTemplate::default().render_parts(["n", "d", "one\n   two"], FieldSet::Full);
        let span = |needle: &str, length| {
            let at = document.text.find(needle).expect(needle);
            Span::new(at..at + length, Some(Field::Body), Some(0.5))
        };
        let spans = [span("one", 7), span("two", 3)];
        let (capture, attribution) = fixture::attribution();
        let capture = Capture { document: document.clone(), ..(*capture).clone() };
        let text = heat_text(&capture, &attribution, &spans, SpanKind::Line, false, &UNICODE);
        assert!(text.text().starts_with("50.0%  body: one\n50.0%     two"), "{}", text.text());
    }
}
