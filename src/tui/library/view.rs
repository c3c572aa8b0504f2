//! How the Library tab looks.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use crate::library::{Library, Root, Severity, SkillIx};

use super::super::chrome::ASCII_BORDER;
use super::super::session::Session;
use super::super::theme::{Role, Theme};
use super::super::widgets::{Symbols, clip, fit, thousands, width};
use super::{LibraryTab, Pane, detail};

/// From this width on list and detail stand side by side.
const SIDE_BY_SIDE: u16 = 90;

/// From this height on the load report has a place of its own.
const REPORT_FROM: u16 = 24;

/// Rows of the load report beside the rest, borders included: enough to see that there is something.
const REPORT_ROWS: u16 = 9;

/// Where the panes are; `None` for one that is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub summary: Rect,
    pub skills: Option<Rect>,
    pub detail: Option<Rect>,
    pub report: Option<Rect>,
}

impl Areas {
    /// The pane at a cell of the screen.
    pub fn at(&self, column: u16, row: u16) -> Option<(Pane, Rect)> {
        [(Pane::Skills, self.skills), (Pane::Detail, self.detail), (Pane::Report, self.report)]
            .into_iter()
            .filter_map(|(pane, area)| Some((pane, area?)))
            .find(|(_, area)| area.contains(Position::new(column, row)))
    }
}

/// In tiers: all three panes; without room below, the report takes the list's place while it has the focus; without
/// room beside, only the pane that has the focus.
pub fn areas(area: Rect, focus: Pane, report_rows: usize) -> Areas {
    let report_below = report_rows > 0 && area.height >= REPORT_FROM;
    let report_height = if report_below { REPORT_ROWS.min(report_rows as u16 + 3) } else { 0 };
    let [summary, main, report] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(report_height)]).areas(area);
    let report_in_main = focus == Pane::Report && !report_below;
    let mut areas = Areas { summary, skills: None, detail: None, report: report_below.then_some(report) };
    let list = if area.width >= SIDE_BY_SIDE {
        let [list, detail] = Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(main);
        areas.detail = Some(detail);
        list
    } else if focus == Pane::Detail {
        areas.detail = Some(main);
        return areas;
    } else {
        main
    };
    if report_in_main {
        areas.report = Some(list);
    } else {
        areas.skills = Some(list);
    }
    areas
}

/// Rows of a pane that are not list: borders, and the heading over the skills.
fn chrome_rows(pane: Pane) -> (u16, u16) {
    match pane {
        Pane::Skills => (2, 3),
        Pane::Detail | Pane::Report => (1, 2),
    }
}

/// The first row of a list that is shown: the selected one stays in the middle, away from the ends.
fn top_row(selected: usize, rows: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(rows.saturating_sub(height))
}

/// The row of a list at a row of the screen.
pub fn row_at(area: Rect, screen_row: u16, pane: Pane, selected: usize, rows: usize) -> Option<usize> {
    let (above, all) = chrome_rows(pane);
    let height = area.height.saturating_sub(all);
    let offset = screen_row.checked_sub(area.y + above).filter(|&offset| offset < height)?;
    Some(top_row(selected, rows, usize::from(height)) + usize::from(offset)).filter(|&row| row < rows)
}

pub struct View<'a> {
    pub tab: &'a LibraryTab,
    pub session: &'a Session,
    pub theme: &'a Theme,
}

impl View<'_> {
    pub fn draw(&self, frame: &mut Frame, area: Rect) {
        let areas = areas(area, self.tab.focus, self.tab.report.len());
        self.draw_summary(frame, areas.summary);
        if let Some(area) = areas.skills {
            self.draw_skills(frame, area);
        }
        if let Some(area) = areas.report {
            self.draw_report(frame, area);
        }
        if let Some(area) = areas.detail {
            self.draw_detail(frame, area);
        }
    }

    fn fit(&self, text: &str, columns: usize) -> String {
        clip(text, columns, Symbols::of(self.session.ascii).ellipsis)
    }

    fn pad(&self, text: &str, columns: usize) -> String {
        fit(text, columns, Symbols::of(self.session.ascii).ellipsis)
    }

    /// A bordered pane; returns what is inside. The focused one has another border and a mark in its title.
    fn pane(&self, frame: &mut Frame, area: Rect, pane: Pane, title: &str) -> Rect {
        let focused = self.tab.focus == pane;
        let (border, mark) = if focused { (Role::BorderFocused, "> ") } else { (Role::Border, "") };
        let title = self.fit(&format!(" {mark}{title} "), usize::from(area.width.saturating_sub(2)));
        let title_role = if focused { Role::Title } else { Role::Muted };
        let mut block = Block::bordered()
            .title(Span::styled(title, self.theme.style(title_role)))
            .border_style(self.theme.style(border));
        if self.session.ascii {
            block = block.border_set(ASCII_BORDER);
        }
        let inner = block.inner(area);
        frame.render_widget(block, area);
        inner
    }

    /// The filter while there is one, else what was loaded from where.
    fn draw_summary(&self, frame: &mut Frame, area: Rect) {
        let wish = &self.tab.wish;
        if self.tab.filtering || !wish.filter.is_empty() {
            let text = self.fit(&format!("filter: {}", wish.filter), usize::from(area.width.saturating_sub(1)));
            if self.tab.filtering {
                frame.set_cursor_position((area.x + width(&text) as u16, area.y));
            }
            frame.render_widget(Line::styled(text, self.theme.style(Role::Accent)), area);
            return;
        }
        let Some(library) = &self.session.library else {
            return frame.render_widget(Line::styled("reading the library", self.theme.style(Role::Muted)), area);
        };
        let place = |root: &Root| {
            let readers = match root.agents.as_slice() {
                [] => String::new(),
                [agent] => format!(", read by {agent}"),
                [agent, others @ ..] => format!(", read by {agent} and {} more", others.len()),
            };
            format!("{} in {}{readers}", thousands(root.skills), root.label)
        };
        let places: Vec<String> = library.roots.iter().map(place).collect();
        let text = format!("skills found: {}", places.join("; "));
        let text = self.fit(&text, usize::from(area.width));
        frame.render_widget(Line::styled(text, self.theme.style(Role::Muted)), area);
    }

    fn draw_skills(&self, frame: &mut Frame, area: Rect) {
        let (library, rows) = self.tab.rows();
        let of = library.map_or(0, |library| library.len());
        let count =
            if rows.len() == of { thousands(of) } else { format!("{} of {}", thousands(rows.len()), thousands(of)) };
        let title = format!("Skills: {count}, order: {}", self.tab.wish.sort.about());
        let inner = self.pane(frame, area, Pane::Skills, &title);
        let Some(library) = library.filter(|_| inner.height > 1) else { return };
        let columns = Columns::of(library, usize::from(inner.width));
        let height = usize::from(inner.height) - 1;
        if self.tab.focus == Pane::Skills {
            self.tab.page.set(height);
        }
        let top = top_row(self.tab.selected, rows.len(), height);
        let mut lines = vec![self.heading(&columns)];
        lines.extend(rows.iter().enumerate().skip(top).take(height).map(|(row, &ix)| {
            self.skill_line(library, ix, row == self.tab.selected, &columns, usize::from(inner.width))
        }));
        if rows.is_empty() {
            lines.push(Line::styled(self.nothing(of), self.theme.style(Role::Muted)));
        }
        frame.render_widget(Paragraph::new(lines), inner);
    }

    fn nothing(&self, of: usize) -> &'static str {
        if of == 0 { "no skill was loaded; the load report says why" } else { "no skill contains that" }
    }

    fn heading(&self, columns: &Columns) -> Line<'static> {
        let mut text = format!("  {}", self.pad("name", columns.name));
        for (word, size) in [("place", columns.root), ("body", columns.body), ("marks", columns.marks)] {
            if size > 0 {
                text.push(' ');
                text.push_str(&if word == "body" { format!("{word:>size$}") } else { self.pad(word, size) });
            }
        }
        Line::styled(text, self.theme.style(Role::Muted))
    }

    fn skill_line(
        &self,
        library: &Library,
        ix: SkillIx,
        selected: bool,
        columns: &Columns,
        width: usize,
    ) -> Line<'static> {
        let skill = &library[ix];
        let role = |role| self.theme.style(if selected { Role::Selection } else { role });
        let mut spans = vec![
            Span::styled(if selected { "> " } else { "  " }, role(Role::Accent)),
            Span::styled(self.pad(skill.name.shown(), columns.name), role(Role::Text)),
        ];
        if columns.root > 0 {
            let label = library.roots.get(skill.origin.root).map_or("", |root| root.label.shown());
            spans.push(Span::styled(format!(" {}", self.pad(label, columns.root)), role(Role::Muted)));
        }
        if columns.body > 0 {
            let size = columns.body;
            spans.push(Span::styled(format!(" {:>size$}", bytes(skill.body.shown().len())), role(Role::Muted)));
        }
        if columns.marks > 0 {
            let badges = self.pad(&detail::badges(library, ix), columns.marks);
            spans.push(Span::styled(format!(" {badges}"), role(Role::Badge)));
        }
        let used: usize = spans.iter().map(|span| span.width()).sum();
        // The whole row is selected, not only its words.
        spans.push(Span::styled(" ".repeat(width.saturating_sub(used)), role(Role::Text)));
        Line::from(spans)
    }

    fn draw_report(&self, frame: &mut Frame, area: Rect) {
        let Some(library) = &self.session.library else { return };
        let report = &library.report;
        let [skipped, limits, notes] = [Severity::Skipped, Severity::Limit, Severity::Note].map(|s| report.count(s));
        let title = format!("Load report: {skipped} not loaded, {limits} limits, {notes} notes");
        let inner = self.pane(frame, area, Pane::Report, &title);
        let height = usize::from(inner.height);
        if self.tab.focus == Pane::Report {
            self.tab.page.set(height);
        }
        let (selected, rows) = (self.tab.report_selected, &self.tab.report);
        let top = top_row(selected, rows.len(), height);
        let shown = rows.iter().enumerate().skip(top).take(height).filter_map(|(at, &row)| {
            let row = report.rows.get(row)?;
            let chosen = at == selected && self.tab.focus == Pane::Report;
            let style = |role| self.theme.style(if chosen { Role::Selection } else { role });
            let line = row.line.map(|line| format!(":{line}")).unwrap_or_default();
            let mark = if at == selected { "> " } else { "  " };
            let word = format!("{mark}{} ", self.pad(detail::severity_word(row.severity), 10));
            let rest = format!("{} {}{line}: {}", self.pad(row.rule, 22), row.path, row.message);
            let columns = usize::from(inner.width).saturating_sub(width(&word));
            Some(Line::from(vec![
                Span::styled(word, style(detail::severity_role(row.severity))),
                Span::styled(self.pad(&rest, columns), style(Role::Text)),
            ]))
        });
        frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
    }

    fn draw_detail(&self, frame: &mut Frame, area: Rect) {
        let report = self.tab.selected_report(self.session).filter(|_| self.tab.focus == Pane::Report);
        let (title, lines) = match (report, self.tab.selected_skill(), self.tab.rows().0) {
            (Some(row), ..) => ("Reason", detail::of_report(row)),
            (None, Some((ix, _)), Some(library)) => ("Skill", detail::of_skill(library, ix)),
            _ => ("Skill", Vec::new()),
        };
        let inner = self.pane(frame, area, Pane::Detail, title);
        let (columns, height) = (usize::from(inner.width), usize::from(inner.height));
        if self.tab.focus == Pane::Detail {
            self.tab.page.set(height.saturating_sub(1));
        }
        let (rows, top) = detail::window(&lines, columns, height, self.tab.detail_top.get(), self.theme);
        self.tab.detail_top.set(top);
        frame.render_widget(Paragraph::new(rows), inner);
    }
}

/// Widths of the columns; 0 for one that has no room.
struct Columns {
    name: usize,
    root: usize,
    body: usize,
    marks: usize,
}

impl Columns {
    fn of(library: &Library, columns: usize) -> Self {
        let body = if columns >= 34 { 7 } else { 0 };
        let marks = if columns >= 48 { 21.max(columns / 4) } else { 0 };
        let root = if library.roots.len() > 1 && columns >= 64 { columns / 5 } else { 0 };
        let gaps = [body, marks, root].iter().filter(|&&size| size > 0).count();
        Columns { name: columns.saturating_sub(2 + body + marks + root + gaps), root, body, marks }
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
