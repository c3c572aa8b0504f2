//! Marked heads, the grid of heads, and the document in other pieces.

use super::*;
use crate::explain::heads::{HeadGrid, HeadSet, Heads, Target};
use crate::explain::spans::{SpanKind, spans};

/// Attention on single positions, a row for each.
fn on(position: usize) -> Vec<f32> {
    let mut row = vec![0.0; 13];
    row[position] = 1.0;
    row
}

fn marked(heads: &[(usize, usize)]) -> HeadSet {
    let mut set = HeadSet::default();
    heads.iter().for_each(|&(layer, head)| set.toggle(layer..layer + 1, head..head + 1));
    set
}

/// Two layers of two heads: name and description, twice the body.
fn four_heads() -> Capture {
    let (document, tokens) = small();
    capture(document, tokens, 8, &[vec![on(4), on(7)], vec![on(9), on(0)]])
}

#[test]
fn marked_heads_are_averaged_per_layer_and_then_over_layers() {
    let capture = four_heads();
    let shares = |set| attribute(&capture, Heads::Marked(set)).fields.map(|field| field.share);
    assert_eq!(shares(marked(&[(0, 0), (0, 1), (1, 0)])), [0.25, 0.25, 0.5]);
    assert_eq!(shares(marked(&[(0, 1)])), [0.0, 1.0, 0.0]);
    // A head that looks at no field has no share; nothing marked is nothing.
    assert_eq!(shares(marked(&[(1, 1)])), [0.0; 3]);
    assert_eq!(shares(HeadSet::default()), [0.0; 3]);
    let partly = attribute(&capture, Heads::Marked(marked(&[(0, 0), (7, 7)])));
    assert_eq!(partly.heads, Heads::Marked(marked(&[(0, 0)])), "what the network does not have is left out");
    assert_eq!(partly.layers, [[1.0, 0.0, 0.0], [0.0; 3]]);
}

#[test]
fn marking_twice_is_not_marking() {
    let mut set = HeadSet::default();
    set.toggle(0..2, 0..3);
    set.toggle(0..1, 0..1);
    assert_eq!((set.len(), set.contains(0, 0), set.contains(1, 2)), (5, false, true));
    set.toggle(0..1, 0..3);
    assert_eq!(set.len(), 6, "what is partly marked becomes marked");
    set.toggle(0..2, 0..3);
    assert!(set.is_empty());
}

#[test]
fn the_grid_says_what_each_head_looks_at() {
    let capture = four_heads();
    let cells = |target: Target| {
        let grid = HeadGrid::new(&capture, &target);
        [grid.at(0, 0), grid.at(0, 1), grid.at(1, 0), grid.at(1, 1)]
    };
    assert_eq!(cells(Target::Field(Field::Body)), [Some(0.0), Some(0.0), Some(1.0), None]);
    assert_eq!(cells(Target::Fields), [1.0, 1.0, 1.0, 0.0].map(Some));
    // "gh-ij" begins at byte 13; its first token is "gh".
    assert_eq!(capture.document.text.find("gh"), Some(13));
    assert_eq!(cells(Target::Span(13..18)), [Some(0.0), Some(0.0), Some(1.0), None]);
    assert_eq!(cells(Target::Span(0..3)), [Some(1.0), Some(0.0), Some(0.0), None]);
    let grid = HeadGrid::new(&capture, &Target::Field(Field::Body));
    assert_eq!(grid.peak(), Some((1, 0, 1.0)));
    let change = HeadGrid::new(&capture, &Target::Fields).minus(&grid);
    assert_eq!([change.at(0, 0), change.at(1, 0), change.at(1, 1)], [Some(1.0), Some(0.0), None]);
}

#[test]
fn lines_sections_and_tokens_worked_out_by_hand() {
    let document = document(["ab", "cd", "ef gh\nij\n\n# Kl\nmn op"]);
    let tokens = bert_like(&document.text);
    let text = document.text.clone();
    // ab | cd | ef gh ij # Kl mn op, of which "mn" and "op" are not seen.
    assert_eq!(tokens.len(), 11);
    let weights = [0.0, 0.0, 0.0, 0.0, 0.1, 0.0, 0.2, 0.0, 0.05, 0.15, 0.2, 0.1, 0.2, 0.0];
    let capture = capture(document, tokens, 9, &[vec![weights.to_vec()]]);
    let seen = attribute(&capture, Lens::default());
    let of = |kind| -> Vec<(String, Option<f32>, usize)> {
        let spans = spans(&capture, &seen, kind).into_iter().filter(|span| span.field.is_some());
        spans.map(|span| (span.label(&capture.document).shown().to_owned(), span.weight, span.tokens)).collect()
    };
    let expect = |got: Vec<(String, Option<f32>, usize)>, wanted: &[(&str, Option<f32>, usize)]| {
        assert_eq!(got.len(), wanted.len(), "{got:?}");
        for ((label, weight, tokens), (want, share, count)) in got.iter().zip(wanted) {
            assert_eq!((label.as_str(), tokens, weight.is_some()), (*want, count, share.is_some()), "{got:?}");
            close(weight.unwrap_or_default(), share.unwrap_or_default());
        }
    };
    expect(
        of(SpanKind::Line),
        &[
            ("ab", Some(0.1), 1),
            ("cd", Some(0.2), 1),
            ("ef gh", Some(0.2), 2),
            ("ij", Some(0.2), 1),
            ("# Kl", Some(0.3), 2),
            ("mn op", None, 0),
        ],
    );
    expect(
        of(SpanKind::Section),
        &[
            ("name", Some(0.1), 1),
            ("description", Some(0.2), 1),
            ("(no heading)", Some(0.4), 3),
            ("Kl", Some(0.3), 2),
            ("Kl", None, 0),
        ],
    );
    let tokens = of(SpanKind::Token);
    assert_eq!(
        tokens.iter().map(|(label, ..)| label.as_str()).collect::<Vec<_>>(),
        ["ab", "cd", "ef", "gh", "ij", "#", "Kl", "mn", "op"]
    );
    close(tokens[5].1.unwrap(), 0.1);
    for kind in SpanKind::ALL {
        let joined: String = spans(&capture, &seen, kind).iter().map(|span| &text[span.bytes.clone()]).collect();
        assert_eq!(joined, text, "{kind:?}");
    }
}

#[test]
fn the_changes_of_lines_are_those_of_their_words() {
    let (document, tokens) = small();
    let with = capture(document.clone(), tokens.clone(), 8, &[vec![on(4)]]);
    let without = capture(document, tokens, 8, &[vec![on(9)]]);
    let (own, free) = (attribute(&with, Lens::default()), attribute(&without, Lens::default()));
    let change = calibrate(&own, &free);
    for kind in SpanKind::ALL {
        let spans = change.spans((&with, &own), (&without, &free), kind);
        let of =
            |field| spans.iter().filter(|span| span.field == Some(field)).filter_map(|span| span.weight).sum::<f32>();
        assert_eq!([of(Field::Name), of(Field::Body)], [1.0, -1.0], "{kind:?} {spans:?}");
    }
}

proptest! {
    #[test]
    fn every_way_of_parting_has_the_same_text_and_shares(capture in any_capture(), lens in any_lens()) {
        let seen = attribute(&capture, lens);
        let near = |a: f32, b: f32| (a - b).abs() < 1e-4;
        for kind in SpanKind::ALL {
            let spans = spans(&capture, &seen, kind);
            let mut at = 0;
            for span in &spans {
                prop_assert_eq!(span.bytes.start, at, "{:?} {:?}", kind, spans);
                at = span.bytes.end;
            }
            prop_assert_eq!(at, capture.document.text.len());
            let sum: f32 = spans.iter().filter_map(|span| span.weight).sum();
            prop_assert!(near(sum, seen.fields.iter().map(|field| field.share).sum()), "{kind:?} {sum}");
            let counted: usize = spans.iter().map(|span| span.tokens).sum();
            prop_assert_eq!(counted, seen.fields.iter().map(|field| field.tokens).sum::<usize>());
        }
    }

    #[test]
    fn marking_all_heads_of_a_band_is_the_band(capture in any_capture(), lens in any_lens()) {
        let (layers, heads) = (capture.attention.layers, capture.attention.heads);
        let through = attribute(&capture, lens);
        let Heads::Lens(fitted) = through.heads else { panic!("read through a lens") };
        let mut set = HeadSet::default();
        set.toggle(fitted.band.layers(layers), fitted.heads(heads));
        let marked = attribute(&capture, Heads::Marked(set));
        prop_assert_eq!(through.fields, marked.fields);
        prop_assert_eq!(through.words, marked.words);
        prop_assert_eq!(through.removed, marked.removed);
    }

    /// A head's row of the grid sums to one over the fields, and a single head's shares are its row.
    #[test]
    fn the_grid_is_what_one_head_at_a_time_gives(capture in any_capture()) {
        let grids = Field::ALL.map(|field| HeadGrid::new(&capture, &Target::Field(field)));
        let fields = HeadGrid::new(&capture, &Target::Fields);
        for layer in 0..capture.attention.layers {
            for head in 0..capture.attention.heads {
                let one = attribute(&capture, lens(Band::One(layer), Some(head)));
                for (grid, share) in grids.iter().zip(one.fields) {
                    prop_assert!((grid.at(layer, head).unwrap_or(0.0) - share.share).abs() < 1e-4);
                }
                prop_assert!((fields.at(layer, head).unwrap() - (1.0 - one.removed.total())).abs() < 1e-4);
            }
        }
    }
}
