use proptest::prelude::*;

use super::*;
use crate::library::{Field, FieldSet};
use crate::model::{Attention, Capture};
use crate::text::{Document, DocumentTemplate, Encoding, Segment};

mod spans;

/// What a test tokenizer makes of a document: byte ranges in order.
type Tokens = Vec<std::ops::Range<usize>>;

/// `[CLS] request [SEP] document [SEP]` with two request tokens, the first `keep` document tokens, and the given
/// attention (layers of heads of rows over all positions).
fn capture(document: Document, tokens: Tokens, keep: usize, rows: &[Vec<Vec<f32>>]) -> Capture {
    let keep = keep.min(tokens.len());
    let mut encoding = Encoding { total: tokens.len() + 5, ..Encoding::default() };
    let mut push = |segment, bytes| {
        encoding.ids.push(1);
        encoding.type_ids.push(0);
        encoding.segments.push(segment);
        encoding.offsets.push(bytes);
    };
    push(Segment::Special, 0..0);
    push(Segment::Query, 0..3);
    push(Segment::Query, 4..7);
    push(Segment::Special, 0..0);
    tokens[..keep].iter().for_each(|bytes| push(Segment::Document, bytes.clone()));
    push(Segment::Special, 0..0);
    encoding.seen_bytes = tokens[..keep].last().map_or(0, |bytes| bytes.end);
    let weights = rows.iter().flatten().flatten().copied().collect();
    let attention = Attention { layers: rows.len(), heads: rows[0].len(), positions: keep + 5, weights };
    Capture { score: 1.5, document, encoding, attention }
}

fn document(parts: [&str; 3]) -> Document {
    DocumentTemplate::default().render_parts(parts, FieldSet::Full)
}

/// Tokens as BERT's pre-tokenizer would give them: runs of letters, single other characters.
fn bert_like(text: &str) -> Tokens {
    let mut tokens: Tokens = Vec::new();
    for (at, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        match tokens.last_mut() {
            Some(last)
                if last.end == at && c.is_alphabetic() && text[last.clone()].chars().all(char::is_alphabetic) =>
            {
                last.end = at + c.len_utf8();
            }
            _ => tokens.push(at..at + c.len_utf8()),
        }
    }
    tokens
}

/// "ab cd" | "ef" | "gh-ij": tokens ab cd | ef | gh - ij.
fn small() -> (Document, Tokens) {
    let document = document(["ab cd", "ef", "gh-ij"]);
    let tokens = bert_like(&document.text);
    assert_eq!(tokens.len(), 8);
    (document, tokens)
}

fn close(got: f32, want: f32) {
    assert!((got - want).abs() < 1e-6, "{got} is not {want}");
}

fn lens(band: Band, head: Option<usize>) -> Lens {
    Lens { band, head }
}

#[test]
fn shares_worked_out_by_hand() {
    let (document, tokens) = small();
    //                CLS  q1   q2   SEP   ab   cd    |     ef    |     gh   -    ij   SEP
    let row = vec![0.3, 0.1, 0.05, 0.05, 0.08, 0.02, 0.03, 0.04, 0.02, 0.1, 0.05, 0.11, 0.05];
    let seen = attribute(&capture(document, tokens, 8, &[vec![row]]), Lens::default());
    let fields = 0.08 + 0.02 + 0.04 + 0.1 + 0.05 + 0.11;
    close(seen.fields[0].share, 0.1 / fields);
    close(seen.fields[1].share, 0.04 / fields);
    close(seen.fields[2].share, 0.26 / fields);
    close(seen.fields[0].token_share, 2.0 / 6.0);
    close(seen.fields[1].lift.unwrap(), (0.04 / fields) / (1.0 / 6.0));
    close(seen.removed.special, 0.4);
    close(seen.removed.request, 0.15);
    close(seen.removed.separators, 0.05);
    close(seen.removed.total(), 0.6);
    assert_eq!((seen.seen_tokens, seen.total_tokens, seen.score), (13, 13, 1.5));
    let words: Vec<_> = seen.words.iter().map(|word| (word.text.shown(), word.field, word.weight.unwrap())).collect();
    let texts =
        [("ab ", 0.08), ("cd", 0.02), (" ", 0.0), ("| ", 0.0), ("ef", 0.04), (" ", 0.0), ("| ", 0.0), ("gh-ij", 0.26)];
    assert_eq!(words.len(), texts.len(), "{words:?}");
    for ((text, field, weight), (want_text, mass)) in words.iter().zip(texts) {
        assert_eq!(*text, want_text);
        assert_eq!(field.is_none(), mass == 0.0);
        close(*weight, mass / fields);
    }
}

/// Layers are normalised before they are averaged: a layer that hardly looks at the fields counts as much as one that
/// looks at nothing else.
#[test]
fn a_band_is_the_mean_of_normalised_layers() {
    let (document, tokens) = small();
    let mut sink = vec![0.0; 13];
    (sink[0], sink[4]) = (0.99, 0.01); // All of the fields' attention on the name.
    let mut body = vec![0.0; 13];
    (body[9], body[3]) = (0.8, 0.2); // All of it on the body.
    let both = attribute(&capture(document, tokens, 8, &[vec![sink], vec![body]]), lens(Band::All, None));
    close(both.fields[0].share, 0.5);
    close(both.fields[2].share, 0.5);
    assert_eq!(both.layers, [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
    close(both.removed.special, (0.99 + 0.2) / 2.0);
}

#[test]
fn one_head_is_not_the_mean_of_heads() {
    let (document, tokens) = small();
    let on = |position: usize| {
        let mut row = vec![0.0; 13];
        row[position] = 1.0;
        row
    };
    let capture = capture(document, tokens, 8, &[vec![on(4), on(7)], vec![on(9), on(9)]]);
    let shares = |band, head| attribute(&capture, lens(band, head)).fields.map(|field| field.share);
    assert_eq!(shares(Band::One(0), None), [0.5, 0.5, 0.0]);
    assert_eq!(shares(Band::One(0), Some(1)), [0.0, 1.0, 0.0]);
    assert_eq!(shares(Band::Late, None), [0.0, 0.0, 1.0]);
    // What the network does not have is moved to its last.
    let far = attribute(&capture, lens(Band::One(9), Some(9)));
    assert_eq!(far.heads, Heads::Lens(lens(Band::One(1), Some(1))));
}

#[test]
fn text_past_the_limit_is_there_and_has_no_weight() {
    let (document, tokens) = small();
    let text = document.text.clone();
    let row = vec![1.0 / 11.0; 11];
    let seen = attribute(&capture(document, tokens, 6, &[vec![row]]), Lens::default());
    assert_eq!((seen.seen_tokens, seen.total_tokens), (11, 13));
    // "gh" was read, "-ij" was not.
    let last: Vec<_> = seen.words.iter().rev().take(2).map(|word| (word.text.shown(), word.weight.is_some())).collect();
    assert_eq!(last, [("-ij", false), ("gh", true)]);
    assert_eq!(seen.words.iter().map(|word| word.text.shown()).collect::<String>(), text);
}

/// Bodies of megabytes of which the model read 60 bytes, or all: because the rest has no token, or is one token.
#[test]
fn the_end_of_a_huge_body_is_counted_instead_of_listed() {
    let bodies = ["äb ".repeat(1 << 20), "\u{200b} ".repeat(1 << 20), "a".repeat(4 << 20), " ".repeat(4 << 20)];
    for (body, whole, most) in bodies.iter().flat_map(|body| [(body, false, 70_000), (body, true, 256 << 10)]) {
        let document = document(["n", "d", body]);
        let mut tokens = bert_like(&document.text[..60]);
        if let Some(last) = tokens.last_mut().filter(|_| whole) {
            last.end = document.text.len();
        }
        let keep = if whole { tokens.len() } else { tokens.len().saturating_sub(2) };
        let rows = vec![vec![vec![1.0 / (keep + 5) as f32; keep + 5]]];
        let seen = attribute(&capture(document.clone(), tokens, keep, &rows), Lens::default());
        let listed: String = seen.words.iter().map(|word| word.text.for_model()).collect();
        let what = format!("{:?} {whole}: {} bytes", &body[..4], listed.len());
        assert!(document.text.starts_with(&listed) && listed.len() <= most, "{what}");
        assert_eq!(seen.unlisted, document.text[listed.len()..].chars().count(), "{what}");
        let sum: f64 = seen.words.iter().filter_map(|word| word.weight).map(f64::from).sum();
        close(sum as f32, seen.fields.iter().map(|field| field.share).sum());
    }
}

/// A body that the model read to its end, most of which has no token: it would be millions of words.
#[test]
fn text_without_tokens_is_not_listed_without_end() {
    let document = document(["n", "d", &format!("read {}", "\u{200b} ".repeat(1 << 20))]);
    let tokens = bert_like(&document.text[..12]);
    let keep = tokens.len();
    let rows = vec![vec![vec![1.0 / (keep + 5) as f32; keep + 5]]];
    let seen = attribute(&capture(document, tokens, keep, &rows), Lens::default());
    assert!(seen.words.len() < 20_000 && seen.unlisted > 1 << 20, "{} {}", seen.words.len(), seen.unlisted);
    assert!(seen.words.iter().all(|word| word.weight.is_some()), "nothing was cut off, so nothing is unseen");
}

#[test]
fn nothing_is_unseen_when_nothing_was_cut() {
    let document = document(["a", "b", "c\u{301}\n\n"]);
    let tokens = bert_like("a | b | c");
    let seen = attribute(&capture(document, tokens, 9, &[vec![vec![0.1; 10]]]), Lens::default());
    assert!(seen.words.iter().all(|word| word.weight.is_some()), "{:?}", seen.words);
}

#[test]
fn a_field_without_tokens_has_no_lift() {
    let document = DocumentTemplate::default().render_parts(["ab", "cd", "ef"], FieldSet::Name);
    let tokens = bert_like(&document.text);
    let seen = attribute(&capture(document, tokens, 9, &[vec![vec![1.0 / 6.0; 6]]]), Lens::default());
    assert_eq!(seen.fields[0], FieldShare { share: 1.0, tokens: 1, token_share: 1.0, lift: Some(1.0) });
    assert_eq!(seen.fields[2], FieldShare::default());
}

#[test]
fn a_document_that_was_cut_away_has_no_shares() {
    let (document, tokens) = small();
    let seen = attribute(&capture(document, tokens, 0, &[vec![vec![0.2; 5]]]), Lens::default());
    assert_eq!(seen.fields, [FieldShare::default(); 3]);
    close(seen.removed.total(), 1.0);
    assert!(seen.words.iter().all(|word| word.weight.is_none()));
}

#[test]
fn a_token_across_a_border_belongs_to_no_field() {
    let document = document(["ab", "cd", "ef"]);
    // "ab" and the space and bar after it as one token.
    let tokens = vec![0..4, 5..7, 8..9, 10..12];
    let seen = attribute(&capture(document, tokens, 9, &[vec![vec![1.0 / 9.0; 9]]]), Lens::default());
    assert_eq!(seen.fields[0], FieldShare::default());
    close(seen.fields[1].share, 0.5);
    close(seen.removed.separators, 2.0 / 9.0);
    assert_eq!(seen.words[0].weight, Some(0.0));
}

fn words_of(body: &str) -> Vec<String> {
    let document = Document::plain(body);
    words::units(&document, body.len(), body.len()).into_iter().map(|unit| body[unit.bytes].to_string()).collect()
}

#[test]
fn words_keep_code_whole_and_part_scripts_without_spaces() {
    assert_eq!(words_of("run `git rebase -i`,\n\nthen"), ["run ", "`git ", "rebase ", "-i`,\n\n", "then"]);
    assert_eq!(words_of("\n\n# a"), ["\n\n", "# ", "a"]);
    assert_eq!(words_of("用Rust写代码。好"), ["用", "Rust", "写", "代", "码。", "好"]);
    assert_eq!(words_of("한국어 문서"), ["한국어 ", "문서"]);
    assert_eq!(words_of("カタログ ひ"), ["カ", "タ", "ロ", "グ ", "ひ"]);
    assert_eq!(words_of(" "), [" "]);
    assert_eq!(words_of(""), [""; 0]);
}

/// A byte-level tokenizer may hold the space before a word, or several words, in one token.
#[test]
fn tokens_give_their_weight_to_ink_not_to_white_space() {
    let document = Document::plain("ab cd 你好\n\nx");
    let units = words::units(&document, document.text.len(), document.text.len());
    let mut weights = vec![0.0; units.len()];
    for (token, weight) in [(0..2, 1.0), (2..5, 2.0), (5..12, 4.0), (12..14, 8.0), (14..15, 16.0)] {
        words::share_out(&units, &token, weight, &mut weights);
    }
    assert_eq!(weights, [1.0, 2.0, 2.0, 10.0, 16.0]);
}

#[test]
fn bands_of_a_deep_and_of_a_shallow_network() {
    // SkillRouter's groups (papers.md 5.2).
    assert_eq!([Band::Early, Band::Middle, Band::Late].map(|band| band.layers(28)), [0..7, 7..21, 21..28]);
    assert_eq!([Band::Early, Band::Middle, Band::Late].map(|band| band.layers(6)), [0..1, 1..5, 5..6]);
    for count in 1..40 {
        for band in [Band::Early, Band::Middle, Band::Late, Band::All, Band::One(0), Band::One(99)] {
            let layers = band.layers(count);
            assert!(!layers.is_empty() && layers.end <= count, "{band:?} of {count}: {layers:?}");
        }
        if count > 2 {
            let [early, middle, late] = [Band::Early, Band::Middle, Band::Late].map(|band| band.layers(count));
            assert_eq!((early.start, early.end, middle.end, late.end), (0, middle.start, late.start, count));
        }
    }
    assert_eq!(Band::Middle.layers(0), 0..0);
}

#[test]
fn json_has_the_documented_names() {
    let (document, tokens) = small();
    let row = vec![0.1; 11];
    let json = attribute(&capture(document, tokens, 6, &[vec![row]]), Lens::default()).to_json();
    assert_eq!(json["score"], 1.5);
    assert_eq!(json["fields"]["name"]["token_share"], 0.5);
    assert_eq!(json["layers"][0]["description"], 0.25);
    assert_eq!(json["removed"]["request"], 0.2);
    assert_eq!(json["words"][0], serde_json::json!({ "text": "ab ", "field": "name", "weight": 0.25 }));
    assert!(json["words"][3]["field"].is_null() && json["words"][8]["weight"].is_null());
    assert_eq!((&json["seen_tokens"], &json["total_tokens"]), (&11.into(), &13.into()));
    assert_eq!(json["lens"], serde_json::json!({ "band": "middle", "layers": [0, 0], "head": null }));
    assert!(json["removed_share"].is_number());
}

prop_compose! {
    /// A document of awkward text cut into tokens of random lengths, with attention rows that sum to one.
    fn any_capture()(
        parts in prop::array::uniform3("([a-c]{1,4}|[ \n]{1,2}|[-.|_]|你|好|é|\u{301}|😀){0,12}"),
        lengths in prop::collection::vec(1usize..5, 100),
        keep in 0usize..60,
        layers in 1usize..6,
        heads in 1usize..4,
        raw in prop::collection::vec(0.0f32..1.0, 6 * 4 * 70),
        peak in 0.0f32..50.0,
    ) -> Capture {
        let document = document([&parts[0], &parts[1], &parts[2]]);
        let ends: Vec<usize> = document.text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
        let (mut tokens, mut at, mut start) = (Tokens::new(), 0, 0);
        for length in lengths {
            at += length;
            let Some(&end) = ends.get(at - 1) else { break };
            tokens.push(start..end);
            start = end;
        }
        let positions = keep.min(tokens.len()) + 5;
        let mut raw = raw.into_iter().cycle();
        let mut row = || {
            let mut row: Vec<f32> = raw.by_ref().take(positions).collect();
            row[0] += peak; // A sink.
            let sum: f32 = row.iter().sum::<f32>().max(1e-6);
            row.iter().map(|weight| weight / sum).collect::<Vec<f32>>()
        };
        let rows: Vec<Vec<Vec<f32>>> = (0..layers).map(|_| (0..heads).map(|_| row()).collect()).collect();
        capture(document, tokens, keep, &rows)
    }
}

fn any_lens() -> impl Strategy<Value = Lens> {
    let band = prop_oneof![
        Just(Band::Early),
        Just(Band::Middle),
        Just(Band::Late),
        Just(Band::All),
        (0usize..6).prop_map(Band::One),
    ];
    (band, prop::option::of(0usize..4)).prop_map(|(band, head)| Lens { band, head })
}

/// Appendix C read aloud: shares of a field, and the mean raw mass of all fields.
fn slowly(capture: &Capture, seen: &Attribution) -> ([f64; 3], f64) {
    let (attention, encoding) = (&capture.attention, &capture.encoding);
    let Heads::Lens(lens) = seen.heads else { panic!("read through a lens") };
    let heads: Vec<usize> = lens.head.map_or((0..attention.heads).collect(), |head| vec![head]);
    let layers: Vec<usize> = lens.band.layers(attention.layers).collect();
    let (mut shares, mut looking, mut raw) = ([0.0; 3], 0.0, 0.0);
    for &layer in &layers {
        let mass = Field::ALL.map(|field| {
            let span = capture.document.span(field);
            let inside = |t: &usize| {
                if encoding.segments[*t] != Segment::Document {
                    return false;
                }
                // White space at a token's ends decides nothing, unless it is all there is.
                let bytes = encoding.offsets[*t].clone();
                let text = &capture.document.text[bytes.clone()];
                let ink = if text.trim().is_empty() { text } else { text.trim() };
                let start = bytes.start + text.find(ink).unwrap();
                start >= span.start && start + ink.len() <= span.end
            };
            let tokens: Vec<usize> = (0..encoding.ids.len()).filter(inside).collect();
            let of_head = |head: &usize| tokens.iter().map(|&t| f64::from(attention.row(layer, *head)[t])).sum::<f64>();
            heads.iter().map(of_head).sum::<f64>() / heads.len() as f64
        });
        let sum: f64 = mass.iter().sum();
        raw += sum / layers.len() as f64;
        if sum > 0.0 {
            looking += 1.0;
            (0..3).for_each(|field| shares[field] += mass[field] / sum);
        }
    }
    (shares.map(|share| if looking > 0.0 { share / looking } else { 0.0 }), raw)
}

proptest! {
    #[test]
    fn sums_hold_for_any_capture(capture in any_capture(), lens in any_lens()) {
        let seen = attribute(&capture, lens);
        let near = |got: f64, want: f64| (got - want).abs() < 1e-4;

        let (shares, fields_mass) = slowly(&capture, &seen);
        for (field, want) in seen.fields.iter().zip(shares) {
            prop_assert!(near(field.share.into(), want), "{:?} {:?}", seen.fields, shares);
            prop_assert_eq!(field.lift.is_some(), field.token_share > 0.0);
        }
        prop_assert!(near(f64::from(seen.removed.total()) + fields_mass, 1.0), "{:?} {}", seen.removed, fields_mass);
        let one = if shares.iter().sum::<f64>() > 0.0 { 1.0 } else { 0.0 };
        prop_assert!(near(seen.fields.iter().map(|field| f64::from(field.share)).sum(), one));
        let token_shares = seen.fields.iter().map(|field| f64::from(field.token_share)).sum::<f64>();
        let whole = if token_shares > 0.0 { 1.0 } else { 0.0 };
        prop_assert!(near(token_shares, whole));

        for field in Field::ALL {
            let of_field = seen.words.iter().filter(|word| word.field == Some(field));
            let sum: f64 = of_field.filter_map(|word| word.weight).map(f64::from).sum();
            prop_assert!(near(sum, seen.fields[field as usize].share.into()), "{field:?} {:?}", seen.words);
        }
        prop_assert_eq!(seen.layers.len(), capture.attention.layers);
    }

    #[test]
    fn words_are_the_text_in_order(capture in any_capture()) {
        let seen = attribute(&capture, Lens::default());
        let document = &capture.document;
        let text: String = seen.words.iter().map(|word| word.text.for_model()).collect();
        prop_assert_eq!(&text, &document.text);
        let mut at = 0;
        let mut unseen = false;
        for word in &seen.words {
            prop_assert_eq!(word.bytes.start, at);
            at = word.bytes.end;
            prop_assert_eq!(word.text.for_model(), &document.text[word.bytes.clone()]);
            prop_assert_eq!(word.field, document.field_of(&word.bytes));
            // What was read is a beginning of the text.
            unseen |= word.weight.is_none();
            prop_assert_eq!(word.weight.is_none(), unseen);
            let ink = word.text.for_model().trim_end();
            prop_assert!(!ink.contains(char::is_whitespace), "{word:?}");
        }
        let last = capture.encoding.seen_bytes;
        prop_assert!(seen.words.iter().all(|word| word.bytes.start >= last || word.weight.is_some()));
    }
}
