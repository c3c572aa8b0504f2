//! Long text with meaning on it: previews and heat. Wrapped once per (text, width); a frame touches visible rows only.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::library::Field;
use crate::tui::theme::{Role, Theme};

use super::text::{Row, TAB, width, wrap_hanging};

/// What a run of text is. Looks come from the theme, so a preview follows it into light, 16 colours and no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Plain,
    Muted,
    Heading,
    Strong,
    Emphasis,
    /// Literals: inline code, strings, numbers.
    Code,
    Keyword,
    Link,
    /// List marks and the like.
    Mark,
    Badge,
    Warning,
    /// Heading of a field.
    Field(Field),
    Heat(u8),
    /// A number that speaks for the skill, or against it; its sign says so too.
    For,
    Against,
    /// Text the model never saw.
    Unseen,
}

impl Ink {
    pub fn style(self, theme: &Theme) -> Style {
        match self {
            Ink::Plain => theme.style(Role::Text),
            Ink::Muted => theme.style(Role::Muted),
            Ink::Heading => theme.style(Role::Title).add_modifier(Modifier::BOLD),
            Ink::Strong | Ink::Keyword => theme.style(Role::Text).add_modifier(Modifier::BOLD),
            Ink::Emphasis => theme.style(Role::Text).add_modifier(Modifier::ITALIC),
            Ink::Code | Ink::Mark => theme.style(Role::Accent),
            Ink::Link => theme.style(Role::Accent).add_modifier(Modifier::UNDERLINED),
            Ink::Badge => theme.style(Role::Badge),
            Ink::Warning => theme.style(Role::Warning),
            Ink::Field(field) => theme.style(field_role(field)),
            Ink::Heat(0) => theme.style(Role::Text),
            Ink::Heat(step) => theme.style(Role::Text).patch(theme.heat(step)),
            Ink::For => theme.style(Role::Promoted),
            Ink::Against => theme.style(Role::Demoted),
            Ink::Unseen => theme.style(Role::Unseen),
        }
    }
}

pub fn field_role(field: Field) -> Role {
    match field {
        Field::Name => Role::FieldName,
        Field::Description => Role::FieldDescription,
        Field::Body => Role::FieldBody,
    }
}

/// A text and its runs. Neighbours of one ink are one run, which is what keeps a frame small on a slow link.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunText {
    text: String,
    /// End of each run, ascending.
    runs: Vec<(usize, Ink)>,
    /// A byte of a line and the columns its further rows go in, in order.
    hangs: Vec<(usize, usize)>,
}

impl RunText {
    pub fn push(&mut self, text: &str, ink: Ink) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        let end = self.text.len();
        match self.runs.last_mut() {
            Some((last, before)) if *before == ink => *last = end,
            _ => self.runs.push((end, ink)),
        }
    }

    /// Where the present line wraps, it goes on under the column that it has reached now.
    pub fn hang(&mut self) {
        let line = self.text.rfind('\n').map_or(0, |at| at + 1);
        self.hangs.push((self.text.len(), width(&self.text[line..])));
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The inks of a byte range, in order, with their parts of the text.
    pub fn runs(&self, range: Range<usize>) -> impl Iterator<Item = (&str, Ink)> {
        let first = self.runs.partition_point(|(end, _)| *end <= range.start);
        let mut at = range.start;
        self.runs[first..].iter().map_while(move |&(end, ink)| {
            let part = at..end.min(range.end);
            at = part.end;
            (part.start < part.end).then(|| (&self.text[part], ink))
        })
    }
}

/// A [`RunText`] in a pane that scrolls.
#[derive(Debug, Default)]
pub struct Page {
    text: RunText,
    /// Width and rows of the last wrapping: drawing fills it, nothing else reads it.
    rows: RefCell<(u16, Vec<Row>)>,
    scroll: usize,
    /// Rows of the pane in the last frame, for paging.
    height: Cell<usize>,
}

impl Page {
    pub fn new(text: RunText) -> Self {
        Page { text, ..Page::default() }
    }

    pub fn text(&self) -> &RunText {
        &self.text
    }

    /// The same words in other inks, or other words: the place is kept, the wrapping only where the words are the same.
    pub fn set(&mut self, text: RunText) {
        if self.text.text != text.text || self.text.hangs != text.hangs {
            self.rows.take();
        }
        self.text = text;
    }

    pub fn scroll_by(&mut self, rows: isize) {
        self.scroll = self.scroll.saturating_add_signed(rows).min(self.last_scroll());
    }

    pub fn scroll_pages(&mut self, pages: isize) {
        // One row of the last page stays, so that the eye finds its place.
        self.scroll_by(pages.saturating_mul(self.height.get().saturating_sub(1).max(1) as isize));
    }

    pub fn scroll_to_end(&mut self, end: bool) {
        self.scroll = if end { self.last_scroll() } else { 0 };
    }

    fn last_scroll(&self) -> usize {
        self.rows.borrow().1.len().saturating_sub(self.height.get())
    }

    pub fn draw(&self, frame: &mut Frame, area: Rect, theme: &Theme) {
        if area.is_empty() {
            return;
        }
        let mut rows = self.rows.borrow_mut();
        if rows.0 != area.width || rows.1.is_empty() {
            *rows = (area.width, wrap_hanging(&self.text.text, area.width as usize, &self.text.hangs));
        }
        self.height.set(area.height as usize);
        let first = self.scroll.min(rows.1.len().saturating_sub(area.height as usize));
        for (y, row) in rows.1[first..].iter().take(area.height as usize).enumerate() {
            let spans: Vec<Span> = self
                .text
                .runs(row.bytes.clone())
                .map(|(text, ink)| {
                    let style = ink.style(theme);
                    if text.contains('\t') {
                        Span::styled(text.replace('\t', TAB), style)
                    } else {
                        Span::styled(text, style)
                    }
                })
                .collect();
            let indent = row.indent as u16;
            let at = Rect { x: area.x + indent, y: area.y + y as u16, width: area.width - indent, height: 1 };
            frame.render_widget(Line::from(spans), at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_ink_are_one_run() {
        let mut text = RunText::default();
        for (part, ink) in [("a ", Ink::Heat(1)), ("b ", Ink::Heat(1)), ("c", Ink::Heat(2)), ("", Ink::Plain)] {
            text.push(part, ink);
        }
        assert_eq!(text.runs(0..5).collect::<Vec<_>>(), [("a b ", Ink::Heat(1)), ("c", Ink::Heat(2))]);
        assert_eq!(text.runs(2..5).collect::<Vec<_>>(), [("b ", Ink::Heat(1)), ("c", Ink::Heat(2))]);
        assert_eq!(text.runs(1..2).collect::<Vec<_>>(), [(" ", Ink::Heat(1))]);
        assert_eq!(text.runs(3..3).count(), 0);
    }
}
