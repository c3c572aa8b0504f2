//! What runs, with what, and how far it is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::search::Settings;
use crate::tui::evaluate::Evaluate;
use crate::tui::evaluation::{Evaluation, Phase};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, score_bar, thousands, width};

/// Columns of the bar of progress.
const BAR: usize = 20;
const SHORT_BAR: usize = 8;
/// Columns below which the bar is short.
const NARROW: u16 = 70;
/// Columns below which the speed is left out: what is left says the same.
const SPEED_FROM: u16 = 50;

impl Evaluate {
    pub(super) fn draw_head(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let evaluation = &pen.session.evaluation;
        let mut rows = Vec::with_capacity(2);
        let (name, settings, system) = match (&self.opened, &evaluation.digest) {
            (Some(digest), _) => (digest.benchmark.clone(), digest.settings, digest.system.clone()),
            (None, Some(digest)) => (digest.benchmark.clone(), digest.settings, digest.system.clone()),
            (None, None) => (evaluation.benchmark.clone(), evaluation.settings, String::new()),
        };
        let dot = pen.symbols.dot;
        let mut first =
            vec![pen.span(name, Role::Title), pen.span(format!(" {dot} {}", words(settings, dot)), Role::Text)];
        let used: usize = first.iter().map(|span| width(&span.content)).sum();
        let room = usize::from(area.width).saturating_sub(used + 4);
        if !system.is_empty() && room > BAR {
            first.push(pen.cell(&format!(" {dot} {system}"), room, Role::Muted));
        }
        rows.push(Line::from(first));
        rows.push(match &self.opened {
            Some(digest) => Line::from(vec![
                pen.span("A kept run", Role::Accent),
                pen.span(
                    format!(" of {}, {} of {} requests", digest.started, done(digest), digest.planned),
                    Role::Muted,
                ),
            ]),
            None => Line::from(progress(evaluation, area.width, pen)),
        });
        // With one row, how far it is says more than what it is.
        rows.drain(..rows.len().saturating_sub(area.height.into()));
        pen.rows(frame, area, rows);
    }
}

fn done(digest: &crate::engine::evaluation::digest::Digest) -> usize {
    digest.scored + digest.no_skill
}

/// Stage 1, fields, depth and stage 2 in words.
pub fn words(settings: Settings, dot: &str) -> String {
    let rerank = if settings.rerank { "reranked" } else { "not reranked" };
    format!("{} {dot} {} {dot} {} {dot} {rerank}", settings.stage1.key(), settings.fields.key(), settings.depth)
}

/// Bar, count, speed and what is left.
pub fn progress(evaluation: &Evaluation, columns: u16, pen: &Pen) -> Vec<Span<'static>> {
    let part = if evaluation.of > 0 { evaluation.done as f32 / evaluation.of as f32 } else { 0.0 };
    let bar = if columns < NARROW { SHORT_BAR } else { BAR };
    let count = format!(" {}/{}  ", thousands(evaluation.done), thousands(evaluation.of));
    let (state, role) = state(evaluation, columns >= SPEED_FROM);
    let mut spans = vec![
        pen.span(score_bar(part, bar, pen.symbols), Role::ScoreBar),
        pen.span(count, Role::Text),
        pen.span(state, role),
    ];
    let provisional = evaluation.digest.as_ref().map_or(0, |digest| digest.provisional);
    if provisional > 0 {
        spans.push(pen.span(format!("  {} without all vectors", thousands(provisional)), Role::Warning));
    }
    spans
}

fn state(evaluation: &Evaluation, with_speed: bool) -> (String, Role) {
    let speed = evaluation.speed.filter(|_| with_speed);
    let speed = speed.map_or(String::new(), |speed| format!("{speed:.1} requests/s  "));
    match evaluation.phase {
        Phase::Idle => ("no evaluation yet".into(), Role::Muted),
        Phase::Preparing => ("preparing the skills".into(), Role::Accent),
        Phase::Running => match evaluation.seconds_left() {
            Some(left) => (format!("{speed}{} left", clock(left)), Role::Text),
            None => ("running".into(), Role::Text),
        },
        Phase::Paused => ("paused".into(), Role::Warning),
        Phase::Cancelled => ("stopped".into(), Role::Warning),
        Phase::Failed => ("failed".into(), Role::Error),
        Phase::Finished => {
            let seconds = evaluation.digest.as_ref().map_or(0.0, |digest| digest.elapsed.as_secs_f64());
            (format!("done in {}", clock(seconds)), Role::Muted)
        }
    }
}

/// "4.2 s", "42 s", "3 min 05 s", "2 h 10 min".
pub fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn times_have_as_many_digits_as_matter() {
        assert_eq!(
            [0.0, 9.94, 9.96, 59.6, 185.0, 7_825.0].map(clock),
            ["0.0 s", "9.9 s", "10 s", "1 min 00 s", "3 min 05 s", "2 h 10 min"]
        );
    }
}
