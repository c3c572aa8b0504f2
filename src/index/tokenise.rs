//! Words as bm25s cuts them: lower case, Python's `\b\w\w+\b`, without the 33 stop words (papers.md 3.2).

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// The stop words of Lucene's English analyser, as bm25s ships them. Sorted, for the binary search.
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
];

/// Bytes of the longest stop word: anything longer needs no search.
const LONGEST_STOP_WORD: usize = 5;

/// The words of a text that is already in lower case, in order, repeats included.
///
/// The caller lowers the whole text first, because lower case may add code points that end a word (`İ` becomes `i`
/// and a combining dot).
pub(super) fn words(lowered: &str) -> impl Iterator<Item = &str> {
    // A run of word characters is maximal, so both `\b` hold by construction; `\w\w+` asks for two code points.
    lowered
        .split(|c| !is_word(c))
        .filter(|run| run.chars().nth(1).is_some())
        .filter(|run| run.len() > LONGEST_STOP_WORD || STOP_WORDS.binary_search(run).is_err())
}

/// Python's `\w` on text: `str.isalnum` or an underscore. `isalnum` is true exactly for the general categories L* and
/// N*; Rust's `char::is_alphanumeric` and a regex `\w` also take marks, which would join words that Python cuts.
fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        words(&text.to_lowercase()).map(str::to_string).collect()
    }

    /// Expected values printed by Python 3.11: `re.findall(r"(?u)\b\w\w+\b", text.lower())` without the stop words.
    #[test]
    fn words_are_pythons() {
        let cases: [(&str, &[&str]); 9] = [
            ("The PDF-reader's x2_y v1.10", &["pdf", "reader", "x2_y", "v1", "10"]),
            ("a b c I", &[]),
            ("naïve café", &["naïve", "café"]),
            // The same with combining marks (category Mn), which are not word characters.
            ("nai\u{308}ve cafe\u{301}", &["nai", "ve", "cafe"]),
            // Devanagari vowel signs are marks too.
            ("हिन्दी", &[]),
            ("技能检索 技", &["技能检索"]),
            ("x² ½ Ⅷ ①② 10⁵", &["x²", "①②", "10⁵"]),
            ("İstanbul ΟΔΟΣ ΟΔΟΣ.", &["stanbul", "οδος", "οδος"]),
            ("don't\u{200b}stop__now 🦀🦀", &["don", "stop__now"]),
        ];
        for (text, expected) in cases {
            assert_eq!(cut(text), expected, "{text}");
        }
    }

    #[test]
    fn stop_words_are_sorted_and_none_is_too_long() {
        assert!(STOP_WORDS.is_sorted());
        assert_eq!(STOP_WORDS.iter().map(|word| word.len()).max(), Some(LONGEST_STOP_WORD));
        assert!(cut(&STOP_WORDS.join(" ")).is_empty());
    }
}
