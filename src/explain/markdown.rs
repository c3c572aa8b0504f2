//! Sections and sentences of a Markdown text: the units in which people think about a skill.
//!
//! Both are parts of the whole text, in order and without gaps; white space after a part belongs to it. A full Markdown
//! parser would not do: it gives trees and drops what stands between them, and here every byte must be someone's.

use std::ops::Range;

/// A heading with all that follows up to the next heading of any level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub bytes: Range<usize>,
    /// The heading's words without its marks; empty for what stands before the first heading.
    pub heading: Range<usize>,
}

/// What a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Heading,
    /// Inside a fenced code block, its fences included.
    Code,
    /// A list item, a row of a table or a quotation: a block of its own even without a blank line before it.
    Item,
    Text,
}

/// Sections by headings written with `#`. Underlined headings are left to the section they stand in: their marks are
/// also those of a rule and of front matter.
pub fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for (line, kind) in lines(text) {
        match sections.last_mut() {
            _ if kind == Kind::Heading => {
                let words = text[line.clone()].trim().trim_matches('#').trim();
                let start = line.start + text[line.clone()].find(words).unwrap_or(0);
                sections.push(Section { bytes: line, heading: start..start + words.len() });
            }
            Some(section) => section.bytes.end = line.end,
            None => sections.push(Section { heading: line.start..line.start, bytes: line }),
        }
    }
    // Blank lines before the first heading are no section.
    if let [first, second, ..] = &mut sections[..]
        && text[first.bytes.clone()].trim().is_empty()
    {
        second.bytes.start = first.bytes.start;
        sections.remove(0);
    }
    sections
}

/// Sentences. A heading, a list item, a row of a table and a fenced code block end where they end; code is one
/// sentence, since half a program says nothing. What has no letter or digit (rules, the dashes of a table) belongs to
/// what stands before it.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for (block, kind) in blocks(text) {
        let ends = if kind == Kind::Code { Vec::new() } else { ends(&text[block.clone()]) };
        let mut start = block.start;
        for end in ends.into_iter().map(|end| block.start + end).chain([block.end]) {
            if start < end {
                parts.push(start..end);
            }
            start = end;
        }
    }
    joined(text, parts)
}

/// Lines with their breaks; what has no letter or digit (a blank line, a rule, the end of a code block) belongs to the
/// line before it.
pub fn whole_lines(text: &str) -> Vec<Range<usize>> {
    joined(text, lines(text).into_iter().map(|(line, _)| line).collect())
}

/// Parts of which each says something; together they are the text, unless it is blank.
fn joined(text: &str, parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let says_something = |part: &Range<usize>| text[part.clone()].contains(char::is_alphanumeric);
        match joined.last_mut() {
            Some(last) if !says_something(&part) || !says_something(last) => last.end = part.end,
            _ => joined.push(part),
        }
    }
    joined.retain(|part| !text[part.clone()].trim().is_empty());
    if let Some(first) = joined.first_mut() {
        first.start = 0;
    }
    joined
}

/// Blocks with the blank lines after them.
fn blocks(text: &str) -> Vec<(Range<usize>, Kind)> {
    let mut blocks: Vec<(Range<usize>, Kind)> = Vec::new();
    let mut before = Kind::Heading;
    for (line, kind) in lines(text) {
        let goes_on = match kind {
            Kind::Blank => true,
            Kind::Heading | Kind::Item => false,
            Kind::Code => before == Kind::Code,
            // A line of text goes on with the paragraph or item above it, but not with a heading or code.
            Kind::Text => matches!(before, Kind::Text | Kind::Item),
        };
        match blocks.last_mut() {
            Some((block, _)) if goes_on => block.end = line.end,
            _ => blocks.push((line, kind)),
        }
        before = kind;
    }
    blocks
}

/// Lines with their line breaks.
fn lines(text: &str) -> Vec<(Range<usize>, Kind)> {
    let mut at = 0;
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let bytes = at..at + line.len();
        at = bytes.end;
        let inner = line.trim();
        let kind = match (fence, fence_of(inner)) {
            (Some(open), Some(close)) if close.starts_with(open) && close.len() == inner.len() => {
                fence = None;
                Kind::Code
            }
            (Some(_), _) => Kind::Code,
            (None, Some(open)) => {
                fence = Some(open);
                Kind::Code
            }
            (None, None) => kind_of(inner),
        };
        lines.push((bytes, kind));
    }
    lines
}

/// The three or more backticks or tildes a line begins with.
fn fence_of(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    // `code` on one line, in three backticks, is no fence.
    (length >= 3 && !(mark == '`' && line[length..].contains('`'))).then(|| &line[..length])
}

fn kind_of(line: &str) -> Kind {
    let marks = line.len() - line.trim_start_matches('#').len();
    let rest = &line[marks..];
    match line.chars().next() {
        None => Kind::Blank,
        Some('#') if marks <= 6 && (rest.is_empty() || rest.starts_with(char::is_whitespace)) => Kind::Heading,
        Some('|' | '>') => Kind::Item,
        Some('-' | '*' | '+') if line[1..].starts_with(char::is_whitespace) => Kind::Item,
        Some('0'..='9') if is_numbered(line) => Kind::Item,
        Some(_) => Kind::Text,
    }
}

/// `1. ` or `12) `.
fn is_numbered(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.starts_with(['.', ')']) && rest[1..].starts_with(char::is_whitespace)
}

/// Words before whose full stop a sentence does not end although a capital follows.
const ABBREVIATIONS: [&str; 17] =
    ["e.g", "i.e", "vs", "cf", "mr", "mrs", "ms", "dr", "prof", "st", "fig", "eq", "approx", "incl", "esp", "al", "no"];

/// Ends of the sentences in one block, the last left out: behind a full stop and its like, what closes a bracket or
/// quotation, and white space, unless a small letter follows or the stop is an abbreviation's, an initial's or a list
/// number's. The full stops of Chinese and Japanese need no white space.
fn ends(block: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut characters = block.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if !matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '｡') {
            continue;
        }
        let tail = block[at..].find(|c: char| !is_closing(c)).map_or(block.len(), |length| at + length);
        let rest = block[tail..].trim_start();
        let wide = block[at..tail].contains(['。', '！', '？', '｡']);
        let next = rest.chars().next();
        let parted = wide || tail < block.len() - rest.len();
        if parted && next.is_some_and(|next| wide || !next.is_lowercase()) && (c != '.' || !is_short(&block[..at])) {
            ends.push(block.len() - rest.len());
        }
        // What closes this sentence does not close another.
        while characters.peek().is_some_and(|(next, _)| *next < tail) {
            characters.next();
        }
    }
    ends
}

/// Stops and what may stand behind them before a sentence is over.
fn is_closing(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | '?'
            | '…'
            | '。'
            | '！'
            | '？'
            | '｡'
            | '"'
            | '\''
            | '”'
            | '’'
            | ')'
            | ']'
            | '}'
            | '»'
            | '」'
            | '』'
            | '）'
            | '*'
            | '_'
            | '`'
    )
}

/// Whether a text ends with a word whose full stop is no end.
fn is_short(before: &str) -> bool {
    let start = before.rfind(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '"' | '“'));
    let word = &before[start.map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))..];
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let is_number = start.is_none() && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    is_initial || is_number || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|part| &text[part]).collect()
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        assert_eq!(cut("Merge files. Use `a.b` now! Why?\n"), ["Merge files. ", "Use `a.b` now! ", "Why?\n"]);
        assert_eq!(
            cut("See e.g. Alice and J. Smith, v1.2 or so. Then go."),
            ["See e.g. Alice and J. Smith, v1.2 or so. ", "Then go."]
        );
        assert_eq!(cut("He said \"stop.\" Then (done.) Next"), ["He said \"stop.\" ", "Then (done.) ", "Next"]);
        assert_eq!(cut("wait... what? yes"), ["wait... what? yes"], "small letters go on");
        assert_eq!(cut("文書を校正する。次に！終わり"), ["文書を校正する。", "次に！", "終わり"]);
        assert_eq!(cut(""), [""; 0]);
        assert_eq!(cut(" \n\n "), [""; 0]);
    }

    #[test]
    fn blocks_end_sentences_and_code_is_one() {
        let text = "\n# Title\nText goes\non. More.\n\n- one\n- two. Three\n\n| a | b |\n|---|---|\n| c | d |\n\n```sh\n# no heading\nls. Ls\n```\nEnd";
        assert_eq!(
            cut(text),
            [
                "\n# Title\n",
                "Text goes\non. ",
                "More.\n\n",
                "- one\n",
                "- two. ",
                "Three\n\n",
                "| a | b |\n|---|---|\n",
                "| c | d |\n\n",
                "```sh\n# no heading\nls. Ls\n```\n",
                "End"
            ]
        );
        assert_eq!(cut("1. First\n2. Second. Half"), ["1. First\n", "2. Second. ", "Half"]);
    }

    #[test]
    fn lines_take_what_says_nothing_with_them() {
        let text = "\n# Title\n\ntwo\nlines\n---\n- item\n```\nls\n```\n";
        let cut: Vec<&str> = whole_lines(text).into_iter().map(|line| &text[line]).collect();
        assert_eq!(cut, ["\n# Title\n\n", "two\n", "lines\n---\n", "- item\n```\n", "ls\n```\n"]);
        assert!(whole_lines(" \n").is_empty());
    }

    #[test]
    fn sections_follow_headings_and_not_comments_in_code() {
        let text = "Intro.\n\n# One\na\n```\n# code\n```\n## Two ##\nb\n####### seven\n#tag\n";
        let found: Vec<(&str, &str)> =
            sections(text).into_iter().map(|section| (&text[section.heading], &text[section.bytes])).collect();
        assert_eq!(
            found,
            [
                ("", "Intro.\n\n"),
                ("One", "# One\na\n```\n# code\n```\n"),
                ("Two", "## Two ##\nb\n####### seven\n#tag\n"),
            ]
        );
        assert_eq!(sections("\n\n# A\n").len(), 1, "blank lines are no section");
        assert_eq!(sections(""), []);
        assert_eq!(sections("#\n")[0].heading.len(), 0);
    }

    #[test]
    fn an_open_fence_reaches_to_the_end() {
        assert_eq!(cut("a\n~~~\nb\n```\n# c\n"), ["a\n", "~~~\nb\n```\n# c\n"]);
        assert_eq!(cut("```not a fence``` x\n\n# H\n"), ["```not a fence``` x\n\n", "# H\n"]);
    }

    proptest! {
        /// Nothing is lost and nothing is said twice, whatever the text.
        #[test]
        fn parts_are_the_text(text in "([a-cA-C]{1,3}|[ \n]{1,2}|[-.|#`~!>*]|1\\. |```\n|。|你|é|…|\u{301}){0,40}") {
            let whole: String = sections(&text).into_iter().map(|section| &text[section.bytes]).collect();
            prop_assert_eq!(&whole, &text);
            let parts = sentences(&text);
            let whole: String = parts.iter().map(|part| &text[part.clone()]).collect();
            prop_assert!(whole == text || (text.trim().is_empty() && parts.is_empty()), "{:?}", parts);
            let lines: String = whole_lines(&text).into_iter().map(|line| &text[line]).collect();
            prop_assert_eq!(lines, whole);
        }
    }
}
