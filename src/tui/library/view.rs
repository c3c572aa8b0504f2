//! How the Library tab looks: the same rules and marks as Explore.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::library::{Library, LoadReport, LoadRow, Severity, SkillIx};

use super::super::session::Session;
use super::super::theme::{Role, Theme};
use super::super::widgets::text::counted;
use super::super::widgets::{Symbols, clip, fit, pane, thousands, width, window};
use super::groups::{Row, Rows};
use super::layout::areas;
use super::listing::Listing;
use super::{LibraryTab, Pane, detail, headings, places};
use crate::library::lint;
use crate::library::marks::Mark;

pub struct View<'a> {
    pub tab: &'a LibraryTab,
    pub session: &'a Session,
    pub theme: &'a Theme,
}

impl View<'_> {
    pub fn draw(&self, frame: &mut Frame, area: Rect) {
        let areas = areas(area, self.tab.wants(self.session));
        self.draw_summary(frame, areas.summary);
        if let Some(area) = areas.skills {
            self.draw_skills(frame, area);
        }
        if let Some(area) = areas.report {
            self.draw_report(frame, area);
        }
        if let Some(area) = areas.report_line {
            self.draw_report_line(frame, area);
        }
        if let Some(area) = areas.detail {
            self.draw_detail(frame, area);
        }
    }

    fn symbols(&self) -> &'static Symbols {
        Symbols::of(self.session.ascii)
    }

    fn clip(&self, text: &str, columns: usize) -> String {
        clip(text, columns, self.symbols().ellipsis)
    }

    fn pad(&self, text: &str, columns: usize) -> String {
        fit(text, columns, self.symbols().ellipsis)
    }

    /// The title of a pane with a word about what is in it; returns what is below.
    fn pane(&self, frame: &mut Frame, area: Rect, of: Pane, name: &'static str, what: &str) -> Rect {
        // The mark and a space before the name, a space before the rule after it.
        let room = usize::from(area.width).saturating_sub(name.len() + 4);
        let mut title = vec![Span::styled(name, self.theme.style(Role::Title))];
        if !what.is_empty() {
            title.push(Span::styled(self.clip(&format!(" {what}"), room), self.theme.style(Role::Muted)));
        }
        pane(frame, area, title, self.tab.focus == of, self.theme, self.symbols())
    }

    /// The filter while there is one, else what was loaded from where.
    fn draw_summary(&self, frame: &mut Frame, area: Rect) {
        let columns = usize::from(area.width);
        if let Some(filter) = self.tab.filter() {
            let text = self.clip(&format!("filter: {filter}"), columns.saturating_sub(1));
            if self.tab.filtering {
                frame.set_cursor_position((area.x + width(&text) as u16, area.y));
            }
            frame.render_widget(Line::styled(text, self.theme.style(Role::Accent)), area);
            return;
        }
        let rows = match &self.session.library {
            None => vec!["reading the library".into()],
            Some(library) => places::rows(library, area.height.into()),
        };
        let line = |row: String| Line::styled(self.clip(&row, columns), self.theme.style(Role::Muted));
        frame.render_widget(Paragraph::new(rows.into_iter().map(line).collect::<Vec<_>>()), area);
    }

    fn draw_skills(&self, frame: &mut Frame, area: Rect) {
        let rows = self.tab.visible();
        let (of, listed) = rows.as_ref().map_or((0, 0), |rows| (rows.listing.library.len(), rows.listing.rows.len()));
        let count = if listed == of { thousands(of) } else { format!("{} of {}", thousands(listed), thousands(of)) };
        let (dot, order) = (self.symbols().dot, self.tab.wish.sort.about());
        let by = match (self.tab.grouped.by(), self.tab.is_grouped()) {
            (None, _) => String::new(),
            (Some(by), true) => format!(" {dot} by {}", by.key()),
            (Some(by), false) => format!(" {dot} by {}: grouping", by.key()),
        };
        let inner = self.pane(frame, area, Pane::Skills, "Skills", &format!("{count}{by} {dot} order: {order}"));
        let Some(rows) = rows.filter(|_| inner.height > 1) else { return };
        let width = usize::from(inner.width);
        let columns = Columns::of(&rows.listing.library, width);
        let mut lines = vec![self.heading(&columns)];
        if let Some(groups) = &rows.listing.groups {
            let source = self.clip(&format!(" {}", groups.sentence()), width);
            let role = if groups.open() > 0 { Role::Warning } else { Role::Muted };
            lines.insert(0, Line::styled(source, self.theme.style(role)));
        }
        let height = usize::from(inner.height).saturating_sub(lines.len());
        if self.tab.focus == Pane::Skills {
            self.tab.page.set(height);
        }
        lines.extend(window(Some(self.tab.selected), rows.len(), height).filter_map(|at| {
            let selected = at == self.tab.selected;
            Some(match rows.get(at)? {
                Row::Heading(section) => self.group_line(&rows, section, selected, &columns, width),
                Row::Skill(ix) => self.skill_line(rows.listing, ix, selected, &columns, width),
            })
        }));
        if rows.len() == 0 {
            lines.push(Line::styled(self.nothing(of), self.theme.style(Role::Muted)));
        }
        frame.render_widget(Paragraph::new(lines), inner);
    }

    fn nothing(&self, of: usize) -> &'static str {
        if of == 0 { "no skill was loaded; the load report says why" } else { "no skill contains that" }
    }

    fn heading(&self, columns: &Columns) -> Line<'static> {
        let mut text = format!(" {}", self.pad("name", columns.name));
        let words = [("place", columns.root), ("body", columns.body)];
        let words = words.into_iter().chain(MARKS.map(|column| (column.heading, columns.each_mark)));
        for (word, size) in words.chain([("marks", columns.marks)]) {
            if size > 0 {
                text.push(' ');
                let right = word != "place" && word != "marks";
                text.push_str(&if right { format!("{word:>size$}") } else { self.pad(word, size) });
            }
        }
        Line::styled(text, self.theme.style(Role::Muted))
    }

    /// The heading of a group: its name, its skills, their share of the library, and how many of them have marks.
    fn group_line(
        &self,
        rows: &Rows<'_>,
        section: usize,
        selected: bool,
        columns: &Columns,
        width: usize,
    ) -> Line<'static> {
        let listing = rows.listing;
        let listed = &listing.sections[section];
        let style = |role| self.theme.style(if selected { Role::Selection } else { role });
        let fold = if rows.is_open(section) { self.symbols().open } else { self.symbols().closed };
        let amount = headings::amount(listed.rows.len(), listing.library.len());
        // The share ends where the column of sizes does: the mark of the selection, the fold with a space, another.
        let room = columns.before_marks().saturating_sub(amount.len() + 4);
        let mut spans = vec![
            Span::styled(if selected { self.symbols().selected } else { " " }, style(Role::Accent)),
            Span::styled(format!("{fold} "), style(Role::Accent)),
            Span::styled(self.pad(listing.heading(section), room), style(Role::Title)),
            Span::styled(format!(" {amount}"), style(Role::Muted)),
        ];
        if columns.each_mark > 0 {
            for (text, role) in headings::cells(listed.sums, self.symbols().ellipsis) {
                spans.push(Span::styled(format!(" {text:>size$}", size = columns.each_mark), style(role)));
            }
        }
        self.filled(spans, width, style(Role::Text))
    }

    /// The whole row is selected, not only its words.
    fn filled(&self, mut spans: Vec<Span<'static>>, width: usize, style: Style) -> Line<'static> {
        let used: usize = spans.iter().map(|span| span.width()).sum();
        spans.push(Span::styled(" ".repeat(width.saturating_sub(used)), style));
        Line::from(spans)
    }

    fn skill_line(
        &self,
        listing: &Listing,
        ix: SkillIx,
        selected: bool,
        columns: &Columns,
        width: usize,
    ) -> Line<'static> {
        let library = &listing.library;
        let skill = &library[ix];
        let role = |role| self.theme.style(if selected { Role::Selection } else { role });
        // Under its heading.
        let indent = if listing.groups.is_some() { "  " } else { "" };
        let name = self.pad(&format!("{indent}{}", skill.name), columns.name);
        let mut spans = vec![
            Span::styled(if selected { self.symbols().selected } else { " " }, role(Role::Accent)),
            Span::styled(name, role(Role::Text)),
        ];
        if columns.root > 0 {
            let label = library.roots.get(skill.origin.root).map_or("", |root| root.label.shown());
            spans.push(Span::styled(format!(" {}", self.pad(label, columns.root)), role(Role::Muted)));
        }
        if columns.body > 0 {
            let size = columns.body;
            spans.push(Span::styled(format!(" {:>size$}", bytes(skill.body.shown().len())), role(Role::Muted)));
        }
        if columns.each_mark > 0 {
            let mark = self.tab.marks_of(library).map(|marks| marks.get(ix));
            for column in &MARKS {
                let (text, its) = match mark.flatten() {
                    Some(mark) => (column.cell)(mark),
                    // Not looked at yet, or without a thread to look.
                    None => (self.symbols().ellipsis.to_string(), Role::Muted),
                };
                spans.push(Span::styled(format!(" {text:>size$}", size = columns.each_mark), role(its)));
            }
        }
        if columns.marks > 0 {
            let badges = self.pad(&detail::badges(library, ix), columns.marks);
            spans.push(Span::styled(format!(" {badges}"), role(Role::Badge)));
        }
        self.filled(spans, width, role(Role::Text))
    }

    fn draw_report(&self, frame: &mut Frame, area: Rect) {
        let Some(library) = &self.session.library else { return };
        let report = &library.report;
        let inner = self.pane(frame, area, Pane::Report, "Load report", &amounts(report));
        let height = usize::from(inner.height);
        if self.tab.focus == Pane::Report {
            self.tab.page.set(height);
        }
        let (selected, rows) = (self.tab.report_selected, &self.tab.report);
        let shown = window(Some(selected), rows.len(), height)
            .filter_map(|at| Some(self.report_row(report.rows.get(rows[at])?, at == selected, inner.width.into())));
        frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
    }

    fn report_row(&self, row: &LoadRow, selected: bool, columns: usize) -> Line<'static> {
        let chosen = selected && self.tab.focus == Pane::Report;
        let style = |role| self.theme.style(if chosen { Role::Selection } else { role });
        let line = row.line.map(|line| format!(":{line}")).unwrap_or_default();
        let mark = if selected { self.symbols().selected } else { " " };
        let word = format!("{mark}{} ", self.pad(detail::severity_word(row.severity), 10));
        let rest = format!("{} {}{line}: {}", self.pad(row.rule, 22), row.path, row.message);
        let columns = columns.saturating_sub(width(&word));
        Line::from(vec![
            Span::styled(word, style(detail::severity_role(row.severity))),
            Span::styled(self.pad(&rest, columns), style(Role::Text)),
        ])
    }

    /// What the report amounts to, without its rows.
    fn draw_report_line(&self, frame: &mut Frame, area: Rect) {
        let Some(library) = &self.session.library else { return };
        let what = match library.report.rows.is_empty() {
            true => "nothing to report".into(),
            false => amounts(&library.report),
        };
        self.pane(frame, area, Pane::Report, "Load report", &what);
    }

    fn draw_detail(&self, frame: &mut Frame, area: Rect) {
        let report = self.tab.selected_report(self.session).filter(|_| self.tab.focus == Pane::Report);
        let rows = self.tab.visible();
        let row = rows.as_ref().and_then(|rows| Some((rows, rows.get(self.tab.selected)?)));
        let (title, lines) = match (report, row) {
            (Some(row), _) => ("Reason", detail::of_report(row)),
            (None, Some((rows, Row::Heading(section)))) => ("Group", headings::detail(rows, section)),
            (None, Some((rows, Row::Skill(ix)))) => {
                let library = &rows.listing.library;
                let mark = self.tab.marks_of(library).and_then(|marks| marks.get(ix));
                ("Skill", detail::of_skill(library, ix, mark))
            }
            (None, None) => ("Skill", Vec::new()),
        };
        let inner = self.pane(frame, area, Pane::Detail, title, "");
        let (columns, height) = (usize::from(inner.width), usize::from(inner.height));
        if self.tab.focus == Pane::Detail {
            self.tab.page.set(height.saturating_sub(1));
        }
        let (rows, top) = detail::scrolled(&lines, columns, height, self.tab.detail_top.get(), self.theme);
        self.tab.detail_top.set(top);
        frame.render_widget(Paragraph::new(rows), inner);
    }
}

fn amounts(report: &LoadReport) -> String {
    let [skipped, limits, notes] = [Severity::Skipped, Severity::Limit, Severity::Note].map(|s| report.count(s));
    format!("{} not loaded, {}, {}", thousands(skipped), counted(limits, "limit"), counted(notes, "note"))
}

/// A column of what the marks of a skill come to.
struct MarkColumn {
    heading: &'static str,
    cell: fn(&Mark) -> (String, Role),
}

const MARKS: [MarkColumn; 3] = [
    MarkColumn { heading: "lint", cell: lint_cell },
    MarkColumn { heading: "trust", cell: |mark| count_cell(mark.signals.len()) },
    MarkColumn { heading: "alike", cell: |mark| count_cell(mark.alike.len()) },
];
/// "12 err", a little more than the headings.
const MARK_WIDTH: usize = 6;

/// How many of the worst kind there are.
fn lint_cell(mark: &Mark) -> (String, Role) {
    let kinds = [
        (lint::Severity::Error, "err", Role::Error),
        (lint::Severity::Warning, "warn", Role::Warning),
        (lint::Severity::Note, "note", Role::Muted),
    ];
    let counted = kinds.iter().map(|&(severity, word, role)| (mark.count(severity), word, role));
    match counted.into_iter().find(|(count, ..)| *count > 0) {
        Some((count, word, role)) => (format!("{} {word}", count.min(9)), role),
        None => ("-".into(), Role::Muted),
    }
}

fn count_cell(count: usize) -> (String, Role) {
    if count == 0 { ("-".into(), Role::Muted) } else { (count.to_string(), Role::Badge) }
}

/// Widths of the columns; 0 for one that has no room.
struct Columns {
    name: usize,
    root: usize,
    body: usize,
    /// Of lint, trust and duplicates.
    each_mark: usize,
    marks: usize,
}

impl Columns {
    /// Columns up to lint, trust and duplicates: the mark of the selection, name, place and size.
    fn before_marks(&self) -> usize {
        let one = |size: usize| if size > 0 { size + 1 } else { 0 };
        1 + self.name + one(self.root) + one(self.body)
    }

    fn of(library: &Library, columns: usize) -> Self {
        let body = if columns >= 34 { 7 } else { 0 };
        let each_mark = if columns >= 56 { MARK_WIDTH } else { 0 };
        let marks = if columns >= 90 { 21.max(columns / 5) } else { 0 };
        let root = if library.roots.len() > 1 && columns >= 76 { columns / 5 } else { 0 };
        let gaps = [body, marks, root].iter().filter(|&&size| size > 0).count();
        let three = if each_mark > 0 { MARKS.len() * (each_mark + 1) } else { 0 };
        Columns { name: columns.saturating_sub(1 + body + marks + root + gaps + three), root, body, each_mark, marks }
    }
}

/// A size in a few columns.
fn bytes(size: usize) -> String {
    match size {
        0..1000 => format!("{size} B"),
        1000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        _ => format!("{:.1} MB", size as f64 / 1e6),
    }
}
