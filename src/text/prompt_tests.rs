use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::*;

/// Byte-level BPE with one merge: nearly every byte is a token, so that characters beyond ASCII are parted.
fn bytes() -> TextTokenizer {
    let mut alphabet: Vec<char> = ByteLevel::alphabet().into_iter().collect();
    alphabet.sort_unstable();
    let names = alphabet.into_iter().map(String::from).chain(["Ġp".to_owned()]);
    let vocabulary: BTreeMap<String, usize> = names.zip(0..).collect();
    let added = json!({ "id": vocabulary.len(), "content": "<|end|>", "special": true, "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false });
    let byte_level =
        json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true });
    let model = json!({ "type": "BPE", "vocab": vocabulary, "merges": ["Ġ p"] });
    let json = json!({ "version": "1.0", "added_tokens": [added], "pre_tokenizer": byte_level, "model": model });
    TextTokenizer::from_bytes(json.to_string().as_bytes(), "bytes").unwrap()
}

thread_local! {
    static BYTES: TextTokenizer = bytes();
}

fn written() -> WrittenPrompt {
    WrittenPrompt {
        prefix: "<|end|>judge\n".into(),
        instruct_label: "I: ".into(),
        instruction: "is it any good".into(),
        separator: "\n".into(),
        query_label: "Q: ".into(),
        document_label: "D: ".into(),
        suffix: "<|end|>\n".into(),
    }
}

fn with_prompt<R>(work: impl FnOnce(&TextTokenizer, &PairPrompt) -> R) -> R {
    BYTES.with(|tokenizer| work(tokenizer, &PairPrompt::new(written().template(), tokenizer)))
}

/// Words of several scripts, emoji made of several characters, white space of several kinds.
fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[a-z|]{1,9}",
        2 => "\\PC{0,4}",
        1 => "[ \t\r\n]{1,4}",
        1 => Just("日本語🚀👩‍👩‍👧e\u{301}".to_owned()),
    ];
    proptest::collection::vec(word, 0..20).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn only_the_content_is_cut(query in texts(), document in texts(), max_tokens in 20usize..300) {
        with_prompt(|tokenizer, prompt| {
            let cut = prompt.encode(tokenizer, &query, &document, max_tokens);
            let whole = prompt.encode(tokenizer, &query, &document, usize::MAX);
            prop_assert!(cut.ids.len() <= max_tokens);
            prop_assert_eq!((cut.total, whole.total), (whole.ids.len(), whole.ids.len()));
            let end = prompt.suffix.len();
            let kept = cut.ids.len() - end;
            prop_assert_eq!(&cut.ids[..kept], &whole.ids[..kept]);
            prop_assert_eq!(&cut.offsets[..kept], &whole.offsets[..kept]);
            prop_assert_eq!(&cut.ids[kept..], &prompt.suffix[..]);
            if cut.ids.len() < max_tokens {
                prop_assert_eq!(&cut, &whole);
            }
            Ok(())
        })?;
    }

    #[test]
    fn reading_a_head_changes_nothing(query in texts(), document in texts(), max_tokens in 20usize..200) {
        with_prompt(|tokenizer, prompt| {
            let long = document.repeat(20);
            let whole = prompt.encode(tokenizer, &query, &long, max_tokens);
            let mut head = prompt.encode_head(tokenizer, &query, &long, max_tokens);
            tokenizer.complete(&mut head, &long);
            let total = head.total;
            prop_assert_eq!(head, Encoding { total, ..whole });
            Ok(())
        })?;
    }

    /// No offset parts a character, and together they cover every character that is not white space.
    #[test]
    fn tokens_cover_their_texts(query in texts(), document in texts(), max_tokens in 40usize..400) {
        let encoding = with_prompt(|tokenizer, prompt| prompt.encode(tokenizer, &query, &document, max_tokens));
        prop_assert!(document.is_char_boundary(encoding.seen_bytes));
        let covered = |wanted: Segment, text: &str, seen: usize| -> Result<(), TestCaseError> {
            let mut is_covered = vec![false; text.len()];
            for (segment, bytes) in encoding.segments.iter().zip(&encoding.offsets).filter(|(s, _)| **s == wanted) {
                prop_assert!(text.get(bytes.clone()).is_some_and(|text| !text.is_empty()), "{segment:?} {bytes:?}");
                is_covered[bytes.clone()].fill(true);
            }
            for (at, c) in text[..seen].char_indices().filter(|(_, c)| !c.is_whitespace()) {
                prop_assert!(is_covered[at..at + c.len_utf8()].iter().all(|&covered| covered), "{c:?} at {at}");
            }
            Ok(())
        };
        covered(Segment::Document, &document, encoding.seen_bytes)?;
        if encoding.seen_bytes > 0 {
            covered(Segment::Query, &query, query.len())?;
        }
    }
}

#[test]
fn a_space_of_the_template_does_not_take_the_first_word() {
    with_prompt(|tokenizer, prompt| {
        let encoding = prompt.encode(tokenizer, "ape", "pdf", usize::MAX);
        let pieces = |wanted: Segment, text: &str| -> Vec<String> {
            let own = encoding.segments.iter().zip(&encoding.offsets).filter(|(segment, _)| **segment == wanted);
            own.map(|(_, bytes)| text[bytes.clone()].to_owned()).collect()
        };
        // `Ġp` begins in the template's `D: `.
        assert_eq!(pieces(Segment::Document, "pdf"), ["p", "d", "f"]);
        assert_eq!(pieces(Segment::Query, "ape"), ["a", "p", "e"]);
    });
}

#[test]
fn bytes_of_one_character_point_at_all_of_it() {
    with_prompt(|tokenizer, prompt| {
        let document = "a🚀";
        let whole = prompt.encode(tokenizer, "q", document, usize::MAX);
        let own: Vec<_> = whole.offsets.iter().filter(|bytes| **bytes == (1..5)).collect();
        assert_eq!(own.len(), 4, "{:?}", whole.offsets);
        // Cut after the rocket's second byte: the character counts as seen.
        let cut = prompt.encode(tokenizer, "q", document, whole.ids.len() - 2);
        assert_eq!((cut.seen_bytes, cut.ids.len()), (5, whole.ids.len() - 2));
    });
}

#[test]
fn a_request_longer_than_the_limit_leaves_no_document() {
    with_prompt(|tokenizer, prompt| {
        let mut encoding = prompt.encode_head(tokenizer, &"why ".repeat(100_000), "pdf", 64);
        assert_eq!((encoding.ids.len(), encoding.seen_bytes, encoding.unread), (64, 0, 3));
        assert!(encoding.total < 1_000, "{} tokens were made of what 64 are needed of", encoding.total);
        tokenizer.complete(&mut encoding, "pdf");
        assert_eq!(encoding.unread, 0);
    });
}

#[test]
fn white_space_that_the_template_trims_is_in_no_token() {
    BYTES.with(|tokenizer| {
        let template = PairTemplate { trims: true, framed: false, ..written().template() };
        let prompt = PairPrompt::new(template, tokenizer);
        let encoding = prompt.encode(tokenizer, " \nape\t", "  pdf\n\n", usize::MAX);
        let own: Vec<_> = encoding.offsets.iter().filter(|bytes| !bytes.is_empty()).cloned().collect();
        assert_eq!(own, [2..3, 3..4, 4..5, 2..3, 3..4, 4..5]);
        assert_eq!(encoding.seen_bytes, "  pdf\n\n".len());
    });
}
