//! Choosing a benchmark and what it is run with.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::BenchEntry;
use crate::library::Text;
use crate::tui::evaluate::Evaluate;
use crate::tui::evaluate::layout::chooser;
use crate::tui::evaluate::setup::Known;
use crate::tui::theme::Role;
use crate::tui::widgets::text::wrap;
use crate::tui::widgets::{Pen, clip, pane, thousands, width, window};

use super::head::words;

/// Problems of a benchmark that are named before it runs; all of them are in the view of that name afterwards.
const PROBLEMS: usize = 5;

impl Evaluate {
    pub(super) fn draw_chooser(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let areas = chooser(area, self.setup.entries().len());
        let dot = pen.symbols.dot;
        let pipeline = vec![
            pen.span("Runs with ", Role::Muted),
            pen.span(words(pen.session.settings, dot), Role::Text),
            pen.span(format!(" {dot} {}", pen.session.choice.label()), Role::Muted),
        ];
        frame.render_widget(Line::from(pipeline), areas.pipeline);
        self.draw_entries(frame, areas.list, pen);
        let title = vec![pen.span("What it is", Role::Title)];
        let inner = pane(frame, areas.about, title, false, pen.theme, pen.symbols);
        let mut rows = Vec::new();
        for (text, role) in self.description(pen) {
            for range in wrap(&text, inner.width.into()) {
                rows.push(Line::from(pen.span(text[range].to_owned(), role)));
            }
        }
        pen.rows(frame, inner, rows);
    }

    fn draw_entries(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let title = match &self.setup.typed {
            Some(typed) => {
                let room = usize::from(area.width).saturating_sub(20);
                let typed = clip(Text::line(typed).shown(), room, pen.symbols.ellipsis);
                frame.set_cursor_position((area.x + 14 + width(&typed) as u16, area.y));
                vec![pen.span("Benchmark: ", Role::Title), pen.span(format!(" {typed}_"), Role::Accent)]
            }
            None => vec![pen.span("Benchmarks", Role::Title), pen.span(" (or type a path)", Role::Muted)],
        };
        let inner = pane(frame, area, title, true, pen.theme, pen.symbols);
        if !self.setup.is_listed() {
            return frame.render_widget(pen.span("Looking what is there.", Role::Muted), inner);
        }
        let entries = self.setup.entries();
        let names = entries.iter().map(|entry| width(entry.name.shown())).max().unwrap_or(0);
        let names = names.min(usize::from(inner.width) / 2);
        let shown = window(Some(self.setup.selected), entries.len(), inner.height.into());
        let rows = shown.map(|at| entry(&entries[at], names, inner, at == self.setup.selected, pen));
        pen.rows(frame, inner, rows);
    }

    fn description(&self, pen: &Pen) -> Vec<(String, Role)> {
        let Some(entry) = self.setup.selected() else {
            return vec![("Type the path of a benchmark's folder.".into(), Role::Muted)];
        };
        if let Some(how) = &entry.missing {
            let get = format!("It is not on this machine: {how}");
            return vec![(entry.about.shown().to_owned(), Role::Text), (get, Role::Warning)];
        }
        let described = match self.setup.chosen() {
            Some(Known::Read(described)) => described,
            Some(Known::Refused(why)) => return vec![(why.shown().to_owned(), Role::Error)],
            Some(Known::Reading) => return vec![("Reading it.".into(), Role::Muted)],
            None => return Vec::new(),
        };
        let benchmark = &described.benchmark;
        let mut rows: Vec<(String, Role)> = Vec::new();
        if let Some(line) = self.unfinished(pen.session) {
            let left = format!(
                "A run of exactly this was left after {} of {} requests (started {}). It can be resumed; a new run starts from the first request.",
                thousands(line.done),
                thousands(line.planned),
                line.started
            );
            rows.extend([(left, Role::Accent), (String::new(), Role::Text)]);
        }
        rows.extend(described.about.iter().map(|about| (about.clone(), Role::Text)));
        if benchmark.pool.is_none() {
            let words = "It brings no skills of its own: it runs over the library that is open in Explore.";
            rows.push((words.into(), Role::Warning));
        }
        let revision = benchmark.revision.as_ref().map_or(String::new(), |revision| format!(", revision {revision}"));
        rows.push((format!("fingerprint {}{revision}", benchmark.fingerprint), Role::Muted));
        let problems = &benchmark.problems;
        if !problems.is_empty() {
            rows.push((format!("{} rows cannot be used:", thousands(problems.len())), Role::Warning));
            rows.extend(problems.iter().take(PROBLEMS).map(|problem| (problem.shown().to_owned(), Role::Warning)));
        }
        rows
    }
}

fn entry<'l>(entry: &BenchEntry, names: usize, area: Rect, selected: bool, pen: &Pen) -> Line<'l> {
    let (role, state) = match entry.missing {
        None => (Role::Text, ""),
        Some(_) => (Role::Muted, "not here: "),
    };
    let room = usize::from(area.width).saturating_sub(names + 3);
    let row: Vec<Span> = vec![
        pen.span(if selected { pen.symbols.selected } else { " " }, Role::Accent),
        pen.cell(entry.name.shown(), names, role),
        pen.span("  ", Role::Text),
        pen.cell(&format!("{state}{}", entry.about.shown()), room, Role::Muted),
    ];
    pen.selectable(Line::from(row), selected)
}
