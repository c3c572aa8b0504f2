//! Text in columns: all arithmetic is in display width, never in bytes or characters.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that `text` takes.
pub fn width(text: &str) -> usize {
    // Nearly all text is ASCII, whose width needs no table.
    if text.is_ascii() { text.len() } else { text.width() }
}

/// The longest beginning of `text`, in whole graphemes, that takes at most `columns`.
fn head(text: &str, columns: usize) -> &str {
    if text.is_ascii() {
        return &text[..text.len().min(columns)];
    }
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += width(grapheme);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// `text` in at most `columns`, with a mark at the end if something was left out.
pub fn fit(text: &str, columns: usize, ascii: bool) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mark = if ascii { "~" } else { "…" };
    match columns {
        0 => Cow::Borrowed(""),
        _ => Cow::Owned(format!("{}{mark}", head(text, columns - 1))),
    }
}

/// `text` in exactly `columns`, cut or filled up with spaces.
pub fn pad(text: &str, columns: usize, ascii: bool) -> String {
    let text = fit(text, columns, ascii);
    let fill = columns.saturating_sub(width(&text));
    format!("{text}{:fill$}", "")
}

/// One line of text broken into rows of at most `columns`: at spaces, and inside a word only if it is longer than a
/// row. Lazy, so that only the rows that are looked at are measured. An empty line is one empty row.
pub fn wrap(text: &str, columns: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let line = rest?;
        let mut row = head(line, columns);
        if row.len() == line.len() {
            rest = None;
            return Some(row);
        }
        if row.is_empty() {
            // A wide character in one column: drawn cut rather than never.
            row = line.graphemes(true).next()?;
        }
        // A break after the last space in the row, or right behind it.
        let end = if line[row.len()..].starts_with(' ') {
            row.len()
        } else {
            row.rfind(' ').map_or(row.len(), |space| space + 1)
        };
        rest = Some(line[end..].trim_start_matches(' ')).filter(|rest| !rest.is_empty());
        Some(line[..end].trim_end_matches(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_combined_characters_are_never_cut_in_half() {
        assert_eq!(fit("日本語", 6, false), "日本語");
        assert_eq!(fit("日本語", 5, false), "日本…");
        assert_eq!(fit("日本語", 4, false), "日…");
        assert_eq!(fit("e\u{301}a\u{308}o", 2, false), "e\u{301}…");
        assert_eq!(fit("abc", 0, true), "");
        assert_eq!(pad("日本語", 4, true), "日~ ");
    }

    #[test]
    fn wrapped_rows_fit_and_lose_no_word() {
        let check = |text: &str, columns: usize, rows: &[&str]| {
            assert_eq!(wrap(text, columns).collect::<Vec<_>>(), rows, "{text:?} in {columns}");
        };
        check("", 10, &[""]);
        check("the quick brown fox", 10, &["the quick", "brown fox"]);
        check("the quick brown fox", 9, &["the quick", "brown fox"]);
        check("abcdefgh ij", 3, &["abc", "def", "gh", "ij"]);
        check("日本語", 4, &["日本", "語"]);
        check("日", 1, &["日"]);
        check("a    b", 3, &["a", "b"]);
    }
}
