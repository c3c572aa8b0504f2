//! Words as bm25s cuts them: lower case, Python's `\b\w\w+\b`, without the 33 stop words (papers.md 3.2).

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// The stop words of Lucene's English analyser, as bm25s ships them.
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
];

/// [`STOP_WORDS`] as numbers: every second word of a skill is short enough to be one, and comparing strings took a
/// sixth of the time to build an index.
const STOP_NUMBERS: [u64; STOP_WORDS.len()] = {
    let mut numbers = [0; STOP_WORDS.len()];
    let mut i = 0;
    while i < numbers.len() {
        numbers[i] = number(STOP_WORDS[i].as_bytes());
        i += 1;
    }
    numbers
};

/// A word of at most eight bytes as a number. No two words share one, because no word begins with NUL.
const fn number(word: &[u8]) -> u64 {
    let mut number = 0;
    let mut i = 0;
    while i < word.len() {
        number = number << 8 | word[i] as u64;
        i += 1;
    }
    number
}

fn is_stop_word(word: &str) -> bool {
    word.len() <= size_of::<u64>() && STOP_NUMBERS.contains(&number(word.as_bytes()))
}

/// The words of a text that is already in lower case, in order, repeats included.
///
/// The caller lowers the whole text first, because lower case may add code points that end a word (`İ` becomes `i`
/// and a combining dot).
pub(super) fn words(lowered: &str) -> impl Iterator<Item = &str> {
    // A run of word characters is maximal, so both `\b` hold by construction; `\w\w+` asks for two code points.
    lowered.split(|c| !is_word(c)).filter(|run| run.chars().nth(1).is_some()).filter(|run| !is_stop_word(run))
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
    fn exactly_the_stop_words_are_stopped() {
        for word in STOP_WORDS {
            assert!(is_stop_word(word), "{word}");
            // One letter more or less makes another word, unless that is in the list too.
            for other in [format!("{word}x"), format!("x{word}"), format!("{word}{word}{word}")] {
                assert!(!is_stop_word(&other), "{other}");
            }
        }
        assert!(cut(&STOP_WORDS.join(" ")).is_empty());
        assert_eq!(cut("thesis into8 withs nota"), ["thesis", "into8", "withs", "nota"]);
    }
}
