use std::num::NonZeroUsize;
use std::path::PathBuf;

use proptest::prelude::*;
use tokenizers::{TruncationParams, TruncationStrategy};

use super::*;

fn json() -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/models/tokenizer.json")).unwrap()
}

thread_local! {
    /// Reading the vocabulary takes longer than most tests.
    static BERT: TextTokenizer = TextTokenizer::from_bytes(&json(), "tokenizer.json").unwrap();
}

fn bert<R>(work: impl FnOnce(&TextTokenizer) -> R) -> R {
    BERT.with(work)
}

/// Hugging Face's own truncation, the oracle for ours.
fn hugging_face(max_length: usize) -> Tokenizer {
    let mut tokenizer = Tokenizer::from_bytes(json()).unwrap();
    let strategy = TruncationStrategy::LongestFirst;
    tokenizer.with_truncation(Some(TruncationParams { max_length, strategy, ..Default::default() })).unwrap();
    tokenizer
}

/// The rule as one would say it: while there are too many, one goes from the longer; of two equal ones, from the one
/// that was not the longer at first.
fn one_at_a_time([mut query, mut document]: [usize; 2], limit: usize) -> [usize; 2] {
    let query_was_longer = query > document;
    while query + document > limit {
        if query > document || (query == document && !query_was_longer) {
            query -= 1;
        } else {
            document -= 1;
        }
    }
    [query, document]
}

proptest! {
    // Texts of a hundred words are slow to make, and each holds many cases.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn longest_first_is_the_rule(query in 0usize..80, document in 0usize..80, limit in 0usize..120) {
        prop_assert_eq!(longest_first([query, document], limit), one_at_a_time([query, document], limit));
    }

    #[test]
    fn reading_a_head_gives_the_ids_of_reading_all(
        query in texts(), document in texts(), max_tokens in 4usize..60,
    ) {
        bert(|tokenizer| {
            let whole = tokenizer.encode_pair(&query, &document, max_tokens);
            let mut head = tokenizer.encode_pair_head(&query, &document, max_tokens);
            tokenizer.complete(&mut head, &document);
            // A query that was not read to its end is not counted to its end.
            prop_assert!(head.total <= whole.total);
            let total = head.total;
            prop_assert_eq!(head, Encoding { total, ..whole });
            let (whole, mut head) = (tokenizer.encode(&document, max_tokens), tokenizer.encode_head("", &document, max_tokens));
            tokenizer.complete(&mut head, &document);
            prop_assert_eq!(head, whole);
            Ok(())
        })?;
    }

    #[test]
    fn every_token_points_at_its_own_text(query in texts(), document in texts(), max_tokens in 4usize..60) {
        let encoding = bert(|tokenizer| tokenizer.encode_pair(&query, &document, max_tokens));
        prop_assert!(encoding.ids.len() <= max_tokens);
        prop_assert!(encoding.seen_bytes <= document.len() && document.is_char_boundary(encoding.seen_bytes));
        for (segment, bytes) in encoding.segments.iter().zip(&encoding.offsets) {
            match segment {
                Segment::Special => prop_assert!(bytes.is_empty()),
                Segment::Query => prop_assert!(query.get(bytes.clone()).is_some_and(|text| !text.is_empty())),
                Segment::Document => {
                    prop_assert!(document.get(bytes.clone()).is_some_and(|text| !text.is_empty()));
                    prop_assert!(bytes.end <= encoding.seen_bytes);
                }
            }
        }
    }
}

/// Words, punctuation, wide and odd characters, and white space of several kinds, up to some hundred tokens.
fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => "[a-z]{1,12}",
        2 => "[A-Z][a-zé]{0,5}[.,;:!?-]{0,3}",
        1 => "\\PC{0,4}",
        1 => "[ \t\n]{1,20}",
        1 => Just("z".repeat(150)),
    ];
    proptest::collection::vec(word, 0..120).prop_map(|words| words.join(" "))
}

#[test]
fn pairs_are_cut_as_hugging_face_cuts_them() {
    let text = |words: usize| "alpha beta supercalifragilistic ".repeat(words);
    for max_length in [8, 9, 16, 33] {
        let oracle = hugging_face(max_length);
        // The last word is one of many pieces, which matters where reading stops at a word.
        for (query, document) in [(0, 0), (1, 2), (1, 30), (30, 1), (30, 30), (4, 5), (5, 4), (2, 4), (20, 31)] {
            let (query, document) = (text(query), text(document));
            let expected = oracle.encode((query.as_str(), document.as_str()), true).unwrap();
            for ours in bert(|t| {
                [t.encode_pair(&query, &document, max_length), t.encode_pair_head(&query, &document, max_length)]
            }) {
                assert_eq!(ours.ids, expected.get_ids(), "{} and {} bytes, {max_length}", query.len(), document.len());
                assert_eq!(ours.type_ids, expected.get_type_ids());
            }
        }
    }
}

#[test]
fn totals_and_seen_bytes() {
    bert(|tokenizer| {
        let document = "one two three four";
        let whole = tokenizer.encode_pair("query", document, 20);
        assert_eq!((whole.total, whole.seen_bytes, whole.unread), (8, document.len(), 0));
        let cut = tokenizer.encode_pair("query", document, 6);
        assert_eq!((cut.total, cut.seen_bytes, cut.ids.len()), (8, "one two".len(), 6));
        let long = "word ".repeat(50_000);
        let mut head = tokenizer.encode_pair_head("query", &long, 64);
        assert!(head.unread > 200_000, "only the beginning is read");
        assert_eq!(head.seen_bytes, "word ".len() * 60 - 1);
        tokenizer.complete(&mut head, &long);
        assert_eq!((head.total, head.unread), (50_004, 0));
    });
}

#[test]
fn a_query_of_a_megabyte_is_read_as_far_as_needed_and_cut_the_same() {
    bert(|tokenizer| {
        let (query, document) = ("merge files quickly ".repeat(50_000), "body words ".repeat(200));
        for (query, document) in [(query.as_str(), "short"), (&query, &document)] {
            let head = tokenizer.encode_pair_head(query, document, 64);
            assert_eq!(head.ids, tokenizer.encode_pair(query, document, 64).ids);
            assert!(head.total < 1_000, "{} tokens were made of what 64 are needed of", head.total);
        }
    });
}

#[test]
fn a_prefix_counts_as_special() {
    bert(|tokenizer| {
        let encoding = tokenizer.encode_head("query: ", "merge files", 20);
        assert_eq!(encoding.ids, tokenizer.encode("query: merge files", 20).ids);
        let own: Vec<_> = encoding
            .segments
            .iter()
            .zip(&encoding.offsets)
            .filter(|(segment, _)| **segment == Segment::Document)
            .map(|(_, bytes)| &"merge files"[bytes.clone()])
            .collect();
        assert_eq!(own, ["merge", "files"]);
        assert_eq!(encoding.seen_bytes, "merge files".len());
    });
}

/// Nothing is lost or read twice between parts, and none is too long.
#[test]
fn parts_are_the_whole_text_in_order() {
    let text = "Merge the reports, keep bookmarks; unhyphenatable words too. ".repeat(9);
    bert(|tokenizer| {
        let content = |encoding: &Encoding| encoding.ids[1..encoding.ids.len() - 1].to_vec();
        let whole = content(&tokenizer.encode(&text, usize::MAX));
        for limit in [3, 8, 20, whole.len() + 1, whole.len() + 2] {
            let most = NonZeroUsize::new(whole.len()).unwrap();
            let parts = tokenizer.encode_parts("", &text, limit, most);
            assert_eq!(parts.len(), whole.len().div_ceil(limit - 2), "{limit}");
            assert_eq!(parts.iter().flat_map(content).collect::<Vec<_>>(), whole, "{limit}");
            let lengths: Vec<_> = parts.iter().map(|part| part.ids.len()).collect();
            assert!(lengths.iter().all(|length| (3..=limit).contains(length)), "{lengths:?}");
        }
        let two = tokenizer.encode_parts("", &text, 20, NonZeroUsize::new(2).unwrap());
        assert_eq!(two.iter().flat_map(content).collect::<Vec<_>>(), whole[..36]);
        // No room but for the template, and nothing to say.
        assert!(
            tokenizer.encode_parts("", "", 1, NonZeroUsize::new(2).unwrap()).iter().all(|part| part.ids.len() == 2)
        );
    });
}

#[test]
fn limits_below_the_template_leave_only_the_template() {
    bert(|tokenizer| {
        assert_eq!(tokenizer.encode("text", 0).ids.len(), 2);
        assert_eq!(tokenizer.encode_pair("text", "text", 2).ids.len(), 3);
        assert_eq!(tokenizer.encode("", 8).ids.len(), 2);
    });
}

#[test]
fn what_is_no_tokenizer_says_so() {
    for json in ["", "{}", "[1]", r#"{"model": {"type": "WordPiece", "vocab": {}}}"#] {
        let error = TextTokenizer::from_bytes(json.as_bytes(), "some/tokenizer.json").unwrap_err();
        assert!(error.to_string().starts_with("some/tokenizer.json: "), "{error}");
    }
}

/// Byte-level BPE keeps white space with the following word and joins punctuation with line breaks: the cut of a head
/// must not show there either.
#[test]
fn heads_of_byte_level_bpe() {
    let tokenizers = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/tokenizers");
    let found = std::fs::read_dir(&tokenizers).into_iter().flatten().flatten();
    let found: Vec<_> = found.map(|entry| entry.path().join("tokenizer.json")).filter(|path| path.is_file()).collect();
    if found.is_empty() {
        println!("skipped: no tokenizers in {}", tokenizers.display());
    }
    let text = "# Title\n\n- item (one),\n\n\n    code();\n\ttab   spaces ...\n\n中文 text\r\n\r\n".repeat(40);
    for path in found {
        let tokenizer = TextTokenizer::from_bytes(&std::fs::read(&path).unwrap(), "shared").unwrap();
        for max_tokens in 8..120 {
            let head = tokenizer.encode_head("", &text, max_tokens);
            assert_eq!(head.ids, tokenizer.encode(&text, max_tokens).ids, "{} at {max_tokens}", path.display());
        }
    }
}

/// Whether the document was cut or not, the first text is the query's.
#[test]
fn a_pair_that_fits_has_its_query_too() {
    use Segment::{Document as D, Query as Q, Special as S};
    bert(|tokenizer| {
        let segments = |max_tokens| tokenizer.encode_pair("merge files", "read, split", max_tokens).segments;
        assert_eq!(segments(64), [S, Q, Q, S, D, D, D, S]);
        assert_eq!(segments(7), [S, Q, Q, S, D, D, S]);
    });
}
