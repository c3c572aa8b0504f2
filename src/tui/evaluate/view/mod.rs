//! Draws the Evaluate tab; reads only.

mod charts;
mod chooser;
pub mod head;
mod numbers;
pub mod rows;
mod runs;
mod tables;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::evaluation::digest::Digest;
use crate::tui::evaluation::Phase;
use crate::tui::session::Session;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::counted;
use crate::tui::widgets::{Pen, pane, sentence, thousands, window};

use super::layout::{Areas, areas};
use super::{Evaluate, View};

pub use charts::CHARTS;
pub use tables::beside_rows;

impl Evaluate {
    pub fn draw(&self, frame: &mut Frame, area: Rect, session: &Session, theme: &Theme) {
        let area = area.intersection(frame.area());
        let pen = Pen::new(session, theme);
        if area.is_empty() {
            return;
        }
        if self.chooses(session) {
            return self.draw_chooser(frame, area, &pen);
        }
        let areas = areas(area, self.view);
        self.draw_head(frame, areas.head, &pen);
        let digest = self.digest(session).cloned();
        if let Some(digest) = &digest {
            self.draw_numbers(frame, areas, digest, &pen);
        }
        self.draw_title(frame, areas, digest.as_deref(), &pen);
        self.page.set(usize::from(areas.main.height).saturating_sub(1));
        match (&digest, self.view) {
            (_, View::Runs) => self.draw_runs(frame, areas.main, &pen),
            (Some(digest), View::Requests) => self.draw_requests(frame, areas, digest, &pen),
            (Some(digest), View::Metrics) => self.draw_metrics(frame, areas, digest, &pen),
            (Some(digest), View::Strata) => self.draw_strata(frame, areas.main, digest, &pen),
            (Some(digest), View::Charts) => self.draw_charts(frame, areas.main, digest, &pen),
            (Some(digest), View::Problems) => self.draw_problems(frame, areas.main, digest, &pen),
            (None, _) => {
                let (words, role) = waiting(session);
                sentence(frame, areas.main, &words, role, theme);
            }
        }
    }

    /// The names of all views with the present one in brackets, or only that; and what is listed.
    fn draw_title(&self, frame: &mut Frame, areas: Areas, digest: Option<&Digest>, pen: &Pen) {
        let about = self.about(digest, pen);
        if areas.titles {
            let title = View::ALL.iter().map(|view| match *view == self.view {
                true => pen.span(format!("[{}] ", view.title()), Role::Title),
                false => pen.span(format!(" {}  ", view.title()), Role::Muted),
            });
            pane(frame, areas.title, title.collect(), true, pen.theme, pen.symbols);
            frame.render_widget(Line::from(about), areas.about);
        } else {
            let mut title = vec![pen.span(format!("{} ", self.view.title()), Role::Title)];
            title.extend(about);
            pane(frame, areas.title, title, true, pen.theme, pen.symbols);
        }
    }

    fn about(&self, digest: Option<&Digest>, pen: &Pen) -> Vec<Span<'static>> {
        let dot = format!(" {} ", pen.symbols.dot);
        let Some(digest) = digest.filter(|_| self.view != View::Runs) else {
            return self.about_runs(pen);
        };
        match self.view {
            View::Requests => {
                let (shown, of) = (thousands(self.rows.len()), thousands(digest.requests.len()));
                let mut parts =
                    vec![format!("{shown} of {of}"), self.wish.show.label().into(), self.wish.sort.label().into()];
                if let Some((group, name)) = &self.wish.stratum {
                    parts.insert(1, format!("{group} {name}"));
                }
                let mut about = vec![pen.span(parts.join(&dot), Role::Muted)];
                if self.searching || !self.wish.text.is_empty() {
                    let cursor = if self.searching { "_" } else { "" };
                    about.push(pen.span(format!("{dot}/{}{cursor}", self.wish.text), Role::Accent));
                }
                about
            }
            View::Strata | View::Charts => {
                let name = digest.metrics.get(self.metric).map_or("", |metric| metric.name.as_str());
                let symbols = pen.symbols;
                let mut about = vec![pen.span(format!("{name}{dot}"), Role::Accent)];
                about.extend([
                    pen.span(symbols.bar[symbols.bar.len() - 1], Role::ScoreBar),
                    pen.span(" kept  ", Role::Muted),
                    pen.span(symbols.gained, Role::Promoted),
                    pen.span(" gained  ", Role::Muted),
                    pen.span(symbols.lost, Role::Demoted),
                    pen.span(" lost  ", Role::Muted),
                    pen.span(format!("{} most the shortlist allows", symbols.ceiling), Role::Muted),
                ]);
                if self.view == View::Charts {
                    about.truncate(1);
                    about.push(pen.span(self.charts_shown(), Role::Muted));
                }
                about
            }
            View::Metrics => vec![pen.span(digest.protocol.describe(), Role::Muted)],
            View::Problems => {
                let (unscored, problems) = (digest.unscored.len(), digest.problems.len());
                let words =
                    format!("{} not scored, {} not used", counted(unscored, "request"), counted(problems, "row"));
                vec![pen.span(words, if unscored + problems > 0 { Role::Warning } else { Role::Muted })]
            }
            View::Runs => Vec::new(),
        }
    }

    fn draw_problems(&self, frame: &mut Frame, area: Rect, digest: &Digest, pen: &Pen) {
        let of = digest.unscored.len() + digest.problems.len();
        if of == 0 {
            let words = "Every row of the benchmark was read, and every request is scored.";
            return sentence(frame, area, words, Role::Muted, pen.theme);
        }
        let columns = usize::from(area.width);
        let rows = window(Some(self.problem), of, area.height.into()).map(|at| {
            let line = match digest.unscored.get(at) {
                Some((task, why)) => Line::from(vec![
                    pen.span(" ", Role::Text),
                    pen.cell(task.shown(), 20.min(columns / 3), Role::Accent),
                    pen.cell(&format!(" not scored: {why}"), columns - 20.min(columns / 3) - 1, Role::Text),
                ]),
                None => {
                    let problem = digest.problems[at - digest.unscored.len()].shown();
                    Line::from(pen.cell(&format!(" {problem}"), columns, Role::Warning))
                }
            };
            pen.selectable(line, at == self.problem)
        });
        pen.rows(frame, area, rows);
    }
}

/// Words while there are no numbers.
fn waiting(session: &Session) -> (String, Role) {
    let evaluation = &session.evaluation;
    match evaluation.phase {
        Phase::Failed => {
            let why = evaluation.failed.as_ref().map_or("", |failed| failed.shown());
            (format!("The evaluation failed: {why}"), Role::Error)
        }
        Phase::Preparing => {
            let words = "Reading the benchmark's skills and making the vectors that are not there yet. Live search \
                         stays usable meanwhile, and comes first.";
            (words.into(), Role::Muted)
        }
        Phase::Paused => ("Paused before the first request was done.".into(), Role::Warning),
        Phase::Running => (format!("The first of {} requests is under way.", thousands(evaluation.of)), Role::Muted),
        Phase::Cancelled => ("Stopped before the first request was done.".into(), Role::Muted),
        Phase::Idle | Phase::Finished => ("There are no numbers yet.".into(), Role::Muted),
    }
}
