//! Columns, not characters: everything that measures or cuts text for the screen goes through here.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Spaces a tab is drawn as, wherever it stands.
pub const TAB: &str = "    ";

/// Columns a text takes. Tabs and line breaks are the caller's business.
pub fn width(text: &str) -> usize {
    text.width()
}

fn grapheme_width(grapheme: &str) -> usize {
    if grapheme == "\t" { TAB.len() } else { grapheme.width() }
}

/// The first `most` bytes at most, whole characters only, and how many bytes were left off.
pub fn bounded(text: &str, most: usize) -> (&str, usize) {
    let end = (0..=most.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    (&text[..end], text.len() - end)
}

/// What can matter of a text for this many columns: a name of a megabyte must not be measured for every frame. A
/// column takes four bytes at most, and sanitised text has few that take none.
fn head(text: &str, columns: usize) -> &str {
    bounded(text, columns * 8 + 64).0
}

/// At most `columns` columns, cut with `ellipsis` where it is longer; nothing is padded.
pub fn clip(text: &str, columns: usize, ellipsis: &str) -> String {
    let own = width(&one_line(head(text, columns)));
    fit(text, columns.min(own), ellipsis)
}

/// One line of exactly `columns` columns: cut with `ellipsis` where it is too long, padded where it is too short, line
/// breaks and tabs as spaces.
pub fn fit(text: &str, columns: usize, ellipsis: &str) -> String {
    let text = one_line(head(text, columns));
    let own = width(&text);
    if own <= columns {
        return format!("{text}{}", " ".repeat(columns - own));
    }
    let room = columns.saturating_sub(width(ellipsis));
    let mut out = String::with_capacity(columns + 4);
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let own = grapheme.width();
        if used + own > room {
            break;
        }
        out.push_str(grapheme);
        used += own;
    }
    if columns >= width(ellipsis) {
        out.push_str(ellipsis);
        used += width(ellipsis);
    }
    out.push_str(&" ".repeat(columns.saturating_sub(used)));
    out
}

/// Line breaks and tabs become spaces; borrowed when there are none.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match text.contains(char::is_control) {
        false => Cow::Borrowed(text),
        true => Cow::Owned(text.replace(char::is_control, " ")),
    }
}

/// Byte ranges of the rows a text takes at a width: breaks after spaces, inside a word only where it is longer than a
/// row. Line breaks are in no range; a space may hang over the edge. Linear in the text, so it is done once per width.
pub fn wrap(text: &str, columns: usize) -> Vec<Range<usize>> {
    wrap_hanging(text, columns, &[]).into_iter().map(|row| row.bytes).collect()
}

/// One row of a wrapped text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub bytes: Range<usize>,
    /// Blank columns before it.
    pub indent: usize,
}

/// As [`wrap`]; a line with a hang (a byte of the line, and columns) goes on that far in, but never by more than half
/// of the width. Hangs are in the order of the text.
pub fn wrap_hanging(text: &str, columns: usize, hangs: &[(usize, usize)]) -> Vec<Row> {
    let columns = columns.max(1);
    let mut hangs = hangs.iter().peekable();
    let mut rows = Vec::new();
    let mut base = 0;
    for line in text.split('\n') {
        let hang = std::iter::from_fn(|| hangs.next_if(|(at, _)| *at <= base + line.len())).last();
        let indent = hang.map_or(0, |(_, hang)| (*hang).min(columns / 2));
        let width = Width { columns, indent };
        if line.is_ascii() {
            // Every ASCII character is its own grapheme, which is what makes long plain files cheap.
            wrap_line(line, base, width, (0..line.len()).map(|at| (at, &line[at..=at])), &mut rows);
        } else {
            wrap_line(line, base, width, line.grapheme_indices(true), &mut rows);
        }
        base += line.len() + 1;
    }
    rows
}

/// Columns of a row, and how many of them stay blank in every row but the first.
#[derive(Clone, Copy)]
struct Width {
    columns: usize,
    indent: usize,
}

fn wrap_line<'a>(
    line: &'a str,
    base: usize,
    width: Width,
    graphemes: impl Iterator<Item = (usize, &'a str)>,
    rows: &mut Vec<Row>,
) {
    let (mut start, mut used, mut indent) = (0, 0, 0);
    // Where the row could be broken, and the columns used up to there.
    let (mut gap, mut used_at_gap) = (0, 0);
    for (at, grapheme) in graphemes {
        let own = grapheme_width(grapheme);
        let blank = matches!(grapheme, " " | "\t");
        while !blank && used + own + indent > width.columns && at > start {
            let (cut, cut_used) = if gap > start { (gap, used_at_gap) } else { (at, used) };
            rows.push(Row { bytes: base + start..base + cut, indent });
            start = cut;
            used -= cut_used;
            indent = width.indent;
        }
        used += own;
        if blank {
            (gap, used_at_gap) = (at + grapheme.len(), used);
        }
    }
    rows.push(Row { bytes: base + start..base + line.len(), indent });
}

/// 1234567 as "1,234,567".
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "1 skill", "1,234 skills": nouns whose plural is an s more.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// A share as "31.2 %".
pub fn percent(share: f32) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, columns: usize) -> Vec<&str> {
        wrap(text, columns).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn wraps_at_spaces_and_inside_words_only_if_it_must() {
        assert_eq!(rows("one two three", 7), ["one two ", "three"]);
        assert_eq!(rows("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(rows("ab abcdefgh", 4), ["ab ", "abcd", "efgh"]);
        assert_eq!(rows("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(rows("", 9), [""]);
    }

    #[test]
    fn a_hanging_line_goes_on_under_its_text() {
        let text = "1 one two three\nfour five six seven";
        let rows: Vec<_> =
            wrap_hanging(text, 8, &[(2, 2)]).into_iter().map(|row| (row.indent, &text[row.bytes])).collect();
        assert_eq!(rows, [(0, "1 one "), (2, "two "), (2, "three"), (0, "four "), (0, "five six "), (0, "seven")]);
        assert!(wrap_hanging(text, 8, &[(2, 99)]).iter().all(|row| row.indent <= 4), "half of the width is left");
    }

    #[test]
    fn a_wide_character_takes_two_columns() {
        assert_eq!(rows("犬猫鳥", 4), ["犬猫", "鳥"]);
        assert_eq!(fit("犬猫鳥", 4, "~"), "犬~ ");
        assert_eq!(fit("犬", 4, "~"), "犬  ");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1234567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }

    proptest! {
        #[test]
        fn fit_is_exactly_as_wide_as_asked(text in "\\PC{0,40}", columns in 0usize..30) {
            prop_assert_eq!(width(&fit(&text, columns, "…")), columns);
        }

        #[test]
        fn clip_is_never_wider_and_keeps_what_fits(text in "\\PC{0,40}", columns in 0usize..60) {
            let clipped = clip(&text, columns, "…");
            prop_assert!(width(&clipped) <= columns);
            prop_assert!(width(&text) > columns || clipped == text);
        }

        #[test]
        fn wrapping_loses_nothing_and_fits(text in "[a-z 犬é\n]{0,80}", columns in 2usize..20) {
            let rows = rows(&text, columns);
            prop_assert_eq!(rows.concat(), text.replace('\n', ""));
            for row in rows {
                prop_assert!(width(row.trim_end_matches(' ')) <= columns, "{row:?}");
            }
        }
    }
}
