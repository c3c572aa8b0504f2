//! The one place where untrusted text becomes harmless (design invariant 3).
//!
//! Terminals obey control characters, and readers are deceived by characters that change what they see without being
//! seen themselves. Both are *shown* here, never dropped: a hidden message is evidence. Everything a script or an
//! emoji really needs (joiners, variation selectors, combining marks) stays.

use std::fmt::{self, Write};
use std::sync::Arc;

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

/// Combining marks kept on one base. Real scripts stack up to four or five (Vietnamese, Tibetan, pointed Hebrew);
/// more only covers the lines above and below.
const MARKS_PER_BASE: usize = 8;

/// Carries a combining mark that would otherwise sit on whatever was drawn before the text.
const DOTTED_CIRCLE: char = '\u{25CC}';

/// Untrusted text: what a model may read, and what a person may see.
///
/// `Display` and [`Text::shown`] give the visible form; the raw form has to be asked for by its purpose.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Text {
    raw: Arc<str>,
    /// `None` when the raw text is already harmless, as nearly all real text is.
    shown: Option<Arc<str>>,
    hidden: u32,
}

impl Text {
    /// A single line: line breaks are made visible too. For names, ids, paths, error messages.
    pub fn line(raw: impl AsRef<str>) -> Self {
        Text::new(raw.as_ref(), Form::Line)
    }

    /// A quotation on one line: every run of spaces and line breaks is one space. For sentences and headings of a body.
    pub fn quoted(raw: &str) -> Self {
        Text::line(raw.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
    }

    /// Several lines: `\n` and `\t` stay, `\r\n` is shown as a line break. For descriptions and bodies.
    pub fn block(raw: impl AsRef<str>) -> Self {
        Text::new(raw.as_ref(), Form::Block)
    }

    fn new(raw: &str, form: Form) -> Self {
        let (shown, hidden) = match visible(raw, form) {
            Some((shown, hidden)) => (Some(shown.into()), hidden),
            None => (None, 0),
        };
        Text { raw: raw.into(), shown, hidden }
    }

    /// What the author wrote, for models, indexes and hashes. Never print this.
    pub fn for_model(&self) -> &str {
        &self.raw
    }

    /// What may be printed, drawn, copied or logged.
    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.raw)
    }

    /// How many hidden or control characters were made visible.
    pub fn hidden(&self) -> u32 {
        self.hidden
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.shown())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.shown(), f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    Block,
}

/// The visible form of `text` and the number of characters made visible in it, or `None` if nothing had to change.
///
/// The visible form of a visible form is itself: whether a character may stay is decided by what was written before
/// it, not by what was read.
fn visible(text: &str, form: Form) -> Option<(String, u32)> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') || (form == Form::Block && matches!(byte, b'\n' | b'\t'))) {
        return None;
    }
    let mut shown = Shown { text, copied: 0, out: String::new(), changed: false, hidden: 0, last: None, marks: 0 };
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        match verdict(c, next, shown.last, form) {
            Verdict::Keep => shown.keep(c),
            Verdict::Drop => shown.replace(at, c, |_| ()),
            Verdict::Show => {
                shown.hidden += 1;
                shown.replace(at, c, |out| picture(c, out));
            }
            Verdict::Mark if shown.marks < MARKS_PER_BASE => shown.keep_mark(at, c),
            Verdict::Mark => {
                let mut count = 1;
                let mut end = at + c.len_utf8();
                while let Some(&(_, next)) = chars.peek()
                    && is_mark(next)
                {
                    chars.next();
                    count += 1;
                    end += next.len_utf8();
                }
                shown.hidden = shown.hidden.saturating_add(count);
                shown.replace_span(at, end, |out| _ = write!(out, "⟦+{count} marks⟧"));
            }
        }
    }
    shown.finish()
}

/// What to do with one character.
enum Verdict {
    Keep,
    Mark,
    Show,
    /// The `\r` of a `\r\n`: a line break is a line break.
    Drop,
}

fn verdict(c: char, next: Option<char>, last: Option<char>, form: Form) -> Verdict {
    match c {
        ' '..='~' => Verdict::Keep,
        '\n' | '\t' if form == Form::Block => Verdict::Keep,
        '\r' if form == Form::Block && next == Some('\n') => Verdict::Drop,
        // The joiners: needed between the parts of an emoji and by the scripts that join letters, a hiding place else.
        '\u{200C}' if last.is_some_and(joins) && next.is_some_and(|next| joins(next) && is_letter(next)) => {
            Verdict::Keep
        }
        '\u{200D}' if last.is_some_and(joins) => Verdict::Keep,
        '\u{200D}' if last.is_some_and(ends_emoji) && next.is_some_and(is_pictograph) => Verdict::Keep,
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => match last {
            Some(base) if selects(c, base, next) => Verdict::Keep,
            _ => Verdict::Show,
        },
        _ if is_invisible(c) => Verdict::Show,
        _ if is_mark(c) => Verdict::Mark,
        _ => Verdict::Keep,
    }
}

/// The visible form under construction. Nothing is copied before the first change.
struct Shown<'a> {
    text: &'a str,
    /// Everything before this byte of `text` is in `out`, if anything changed at all.
    copied: usize,
    out: String,
    changed: bool,
    hidden: u32,
    /// The character written last: the context of the next one.
    last: Option<char>,
    /// Combining marks written since the last base.
    marks: usize,
}

impl Shown<'_> {
    fn keep(&mut self, c: char) {
        self.last = Some(c);
        // A joiner or selector is part of the cluster before it; it must not buy another eight marks.
        if !matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}') {
            self.marks = 0;
        }
    }

    fn keep_mark(&mut self, at: usize, c: char) {
        if matches!(self.last, None | Some('\n' | '\t')) {
            self.hidden += 1;
            self.replace_span(at, at, |out| out.push(DOTTED_CIRCLE));
        }
        self.last = Some(c);
        self.marks += 1;
    }

    fn replace(&mut self, at: usize, c: char, write: impl FnOnce(&mut String)) {
        self.replace_span(at, at + c.len_utf8(), write);
    }

    fn replace_span(&mut self, from: usize, to: usize, write: impl FnOnce(&mut String)) {
        self.changed = true;
        self.out.push_str(&self.text[self.copied..from]);
        self.copied = to;
        let before = self.out.len();
        write(&mut self.out);
        if self.out.len() > before {
            self.last = self.out.chars().next_back();
            self.marks = 0;
        }
    }

    fn finish(mut self) -> Option<(String, u32)> {
        if !self.changed {
            return None;
        }
        self.out.push_str(&self.text[self.copied..]);
        Some((self.out, self.hidden))
    }
}

/// C0 and DEL have pictures in Unicode; everything else is named by its number.
fn picture(c: char, out: &mut String) {
    match c {
        '\0'..='\u{1F}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('␀')),
        '\u{7F}' => out.push('␡'),
        _ => _ = write!(out, "⟦U+{:04X}⟧", c as u32),
    }
}

fn is_mark(c: char) -> bool {
    // Below U+0300 there are none; most text stays below.
    c >= '\u{300}' && c.general_category_group() == GeneralCategoryGroup::Mark && !is_invisible(c)
}

fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter && !is_invisible(c)
}

/// Controls, and characters that are drawn as nothing or change how others are drawn: Unicode's general categories Cc,
/// Cf, Zl and Zp, and what `Default_Ignorable_Code_Point` adds to them.
fn is_invisible(c: char) -> bool {
    match c {
        ' '..='~' => false,
        '\u{A0}'..='\u{2FF}' => c == '\u{AD}',
        // The prepended signs of numbers and verses are format characters with a visible shape.
        '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}' => false,
        '\u{110BD}' | '\u{110CD}' => false,
        // Fillers and joiners that are not format characters by category.
        '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' => true,
        '\u{2065}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' => true,
        '\u{16FE4}' | '\u{1D159}' | '\u{E0000}'..='\u{E0FFF}' => true,
        // Noncharacters of the basic plane, which terminals treat as they like.
        '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}' => true,
        _ => matches!(
            c.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        ),
    }
}

/// Blocks whose scripts use U+200C and U+200D to choose between letter shapes.
const JOINING_BLOCKS: [(char, char); 9] = [
    ('\u{600}', '\u{8FF}'),     // Arabic, Syriac, N'Ko, Mandaic
    ('\u{900}', '\u{DFF}'),     // Devanagari to Sinhala
    ('\u{1000}', '\u{109F}'),   // Myanmar
    ('\u{1780}', '\u{18AF}'),   // Khmer, Mongolian
    ('\u{1B00}', '\u{1BFF}'),   // Balinese, Sundanese, Batak
    ('\u{A8E0}', '\u{A9DF}'),   // Devanagari Extended, Javanese
    ('\u{FB50}', '\u{FDFF}'),   // Arabic presentation forms A
    ('\u{FE70}', '\u{FEFE}'),   // Arabic presentation forms B
    ('\u{11000}', '\u{11FFF}'), // Brahmi and its younger relatives
];

fn joins(c: char) -> bool {
    JOINING_BLOCKS.iter().any(|&(first, last)| (first..=last).contains(&c))
        && (is_letter(c) || c.general_category_group() == GeneralCategoryGroup::Mark)
}

/// An emoji that is a picture by itself; digits, `#` and `*` are emoji only by name.
fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char()
}

/// The end of an emoji to which U+200D may join another.
fn ends_emoji(c: char) -> bool {
    c == '\u{FE0F}' || is_pictograph(c)
}

/// Whether the variation selector means something on this base. Anywhere else, and in series, selectors carry bytes.
fn selects(selector: char, base: char, next: Option<char>) -> bool {
    match selector {
        '\u{FE0E}' | '\u{FE0F}' => is_pictograph(base) || (base.is_emoji_char() && next == Some('\u{20E3}')),
        '\u{FE00}'..='\u{FE0D}' => {
            matches!(base.general_category(), GeneralCategory::MathSymbol | GeneralCategory::OtherLetter)
        }
        _ => is_ideograph(base),
    }
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(raw: &str) -> String {
        Text::block(raw).shown().to_string()
    }

    #[test]
    fn a_quotation_has_no_line_breaks_and_hides_nothing() {
        assert_eq!(Text::quoted("\n a  check,\r\n\tnot\u{1b} a search \n").shown(), "a check, not␛ a search");
        assert_eq!(Text::quoted(" \n ").shown(), "");
    }

    #[test]
    fn controls_become_pictures() {
        assert_eq!(block("a\x1b[31mred\x1b]52;c;aGk=\x07"), "a␛[31mred␛]52;c;aGk=␇");
        assert_eq!(block("\0\x7f\u{9b}2J"), "␀␡⟦U+009B⟧2J");
        assert_eq!(Text::line("a\r\n\tb").shown(), "a␍␊␉b");
        assert_eq!(block("one\r\ntwo\rthree\u{2028}four"), "one\ntwo␍three⟦U+2028⟧four");
    }

    #[test]
    fn hidden_counts_what_was_made_visible() {
        assert_eq!(Text::block("one\r\ntwo\r\n").hidden(), 0);
        assert_eq!(Text::block("a\u{202E}b\u{200B}\u{E0041}\x1b").hidden(), 4);
        assert_eq!(Text::line("a\nb").hidden(), 1);
    }

    #[test]
    fn bidi_zero_width_and_tags_are_named() {
        for c in
            "\u{61C}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            assert_eq!(block(&format!("a{c}b")), format!("a⟦U+{:04X}⟧b", c as u32));
        }
        for c in
            "\u{200B}\u{200C}\u{200D}\u{2060}\u{2063}\u{FEFF}\u{AD}\u{34F}\u{3164}\u{180E}\u{E0001}\u{E0061}\u{E007F}"
                .chars()
        {
            assert_eq!(block(&format!("a{c}b")), format!("a⟦U+{:04X}⟧b", c as u32));
        }
    }

    #[test]
    fn what_scripts_and_emoji_need_stays() {
        for text in [
            "می\u{200C}خواهم",                               // Persian
            "ක්\u{200D}රියා",                                   // Sinhala
            "👩\u{200D}💻 👩🏽\u{200D}🚀 🏳\u{FE0F}\u{200D}🌈", // joined emoji
            "⚠\u{FE0F} ✔\u{FE0E} 1\u{FE0F}\u{20E3}",         // emoji and text presentation, keycap
            "葛\u{E0100}飾区",                               // ideographic variation
            "Việt Nam, e\u{301}, שָׁלוֹם, naïve — “quoted” 日本語",
        ] {
            assert_eq!(Text::block(text).shown, None, "{text}");
        }
    }

    #[test]
    fn joiners_and_selectors_out_of_place_are_shown() {
        assert_eq!(block("a\u{200D}b"), "a⟦U+200D⟧b");
        assert_eq!(block("1\u{200D}2"), "1⟦U+200D⟧2");
        assert_eq!(block("👩\u{200D}x"), "👩⟦U+200D⟧x");
        assert_eq!(block("ه\u{200B}\u{200C}ه"), "ه⟦U+200B⟧⟦U+200C⟧ه");
        assert_eq!(block("😀\u{FE0F}\u{FE01}\u{E0101}"), "😀\u{FE0F}⟦U+FE01⟧⟦U+E0101⟧");
        assert_eq!(block("a\u{E0100}"), "a⟦U+E0100⟧");
    }

    #[test]
    fn marks_are_capped_and_need_a_base() {
        let zalgo = format!("a{}b", "\u{301}".repeat(100));
        assert_eq!(block(&zalgo), format!("a{}⟦+92 marks⟧b", "\u{301}".repeat(8)));
        assert_eq!(Text::block(&zalgo).hidden(), 92);
        assert_eq!(block("\u{301}a\n\u{301}"), "◌\u{301}a\n◌\u{301}");
    }

    #[test]
    fn clean_text_is_not_copied() {
        assert_eq!(Text::block("# Title\n\n\tplain text — with “typography” and 日本語\n").shown, None);
        assert_eq!(Text::line("owner/skill").shown, None);
    }

    /// The rule stated again, as a list of what must never reach a terminal.
    fn forbidden(c: char, form: Form) -> bool {
        let code = c as u32;
        let control =
            (code < 0x20 || (0x7F..0xA0).contains(&code)) && !(form == Form::Block && (c == '\n' || c == '\t'));
        let bidi = matches!(code, 0x61C | 0x200E | 0x200F | 0x202A..=0x202E | 0x2066..=0x2069);
        let unseen = matches!(code, 0xAD | 0x200B | 0x2028 | 0x2029 | 0x2060..=0x2065 | 0x206A..=0x206F | 0xFEFF);
        control || bidi || unseen || (0xE0000..=0xE00FF).contains(&code)
    }

    /// Text in which the characters that matter are frequent.
    fn hostile() -> impl Strategy<Value = String> {
        let special = prop::sample::select(
            "\0\t\n\r\x1b\x7f\u{85}\u{9b}\u{ad}\u{301}\u{302}\u{34f}\u{61c}\u{627}\u{647}\u{64b}\u{915}\u{94d}\u{200b}\u{200c}\
             \u{200d}\u{200e}\u{2028}\u{202e}\u{2060}\u{2069}\u{20e3}\u{fe00}\u{fe0e}\u{fe0f}\u{feff}\u{1f600}\u{1f3fd}\u{1f469}\
             \u{2764}\u{845b}\u{e0001}\u{e0041}\u{e007f}\u{e0100}1a ⟧"
                .chars()
                .collect::<Vec<_>>(),
        );
        prop::collection::vec(prop_oneof![3 => special, 1 => any::<char>()], 0..60)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_forbidden_is_shown(raw in hostile()) {
            for (form, text) in [(Form::Line, Text::line(&raw)), (Form::Block, Text::block(&raw))] {
                let bad: Vec<char> = text.shown().chars().filter(|&c| forbidden(c, form)).collect();
                prop_assert!(bad.is_empty(), "{bad:?}");
                prop_assert_eq!(text.for_model(), &raw);
            }
        }

        #[test]
        fn showing_twice_is_showing_once(raw in hostile()) {
            let line = Text::line(&raw);
            prop_assert_eq!(Text::line(line.shown()).shown, None);
            let block = Text::block(&raw);
            prop_assert_eq!(Text::block(block.shown()).shown, None);
        }

        #[test]
        fn no_cluster_carries_more_than_eight_marks(raw in "[a\u{301}\u{302}\u{64b}\u{627}\u{200d}]{0,80}") {
            let shown = block(&raw);
            let mut marks = 0;
            for c in shown.chars() {
                match c {
                    '\u{301}' | '\u{302}' | '\u{64b}' => marks += 1,
                    '\u{200d}' => (),
                    _ => marks = 0,
                }
                prop_assert!(marks <= MARKS_PER_BASE);
            }
        }

        #[test]
        fn printable_ascii_is_left_alone(raw in "[ -~\n\t]{0,200}") {
            prop_assert_eq!(Text::block(&raw).shown, None);
        }
    }
}
