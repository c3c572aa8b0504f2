//! The contrast view: who is compared with whom, then whose words won.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::ModelState;
use crate::explain::contrast::WORDS;
use crate::library::SkillIx;
use crate::tui::explore::Explore;
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, clip, sentence};

use super::attention::wrapped;

/// Columns a name may take in the heading.
const NAME: usize = 40;

impl Explore {
    pub(super) fn draw_contrast(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let Some(other) = self.opponent() else {
            return sentence(frame, area, "There is no other skill to compare with.", Role::Muted, pen.theme);
        };
        let columns = usize::from(area.width);
        let mut rows = self.opponents(other, columns, pen);
        let view = self.contrasted();
        if view.is_none_or(|view| view.contrast.is_none()) {
            let (words, role) = self.no_contrast_yet(pen);
            rows.extend(wrapped(&words, columns, role, pen));
        }
        let used = (rows.len() as u16).min(area.height);
        pen.rows(frame, area, rows);
        if let Some(view) = view {
            view.page.draw(frame, Rect { y: area.y + used, height: area.height - used, ..area }, pen.theme);
        }
    }

    /// Both skills with their ranks and scores, and what the numbers below are.
    fn opponents(&self, other: SkillIx, columns: usize, pen: &Pen) -> Vec<Line<'static>> {
        let named = |skill: SkillIx| {
            let library = self.results.library()?;
            let ranked = self.results.reranking().and_then(|list| list.row(skill)).map(|row| row.after);
            let rank = ranked.or_else(|| Some(self.results.shortlist()?.hit(skill)?.rank));
            let rank = rank.map_or("not listed".into(), |rank| format!("rank {rank}"));
            Some(format!("{} ({rank})", clip(library[skill].name.shown().trim(), NAME, pen.symbols.ellipsis)))
        };
        let (mine, other) = (self.selected().and_then(|selected| named(selected.skill)), named(other));
        let names = [mine, other].map(Option::unwrap_or_default);
        let scores = self.contrasted().and_then(|view| view.contrast.as_ref());
        let scores = scores.map_or(String::new(), |contrast| {
            format!(": score {:.3} here, {:.3} there", contrast.mine.score, contrast.other.score)
        });
        let mut rows = wrapped(&format!("{} against {}{scores}", names[0], names[1]), columns, Role::Accent, pen);
        let means = format!(
            "change of score without the word, and attention (middle layers, all heads), of the {WORDS} most attended words of each"
        );
        rows.extend(wrapped(&means, columns, Role::Muted, pen));
        rows
    }

    fn no_contrast_yet(&self, pen: &Pen) -> (String, Role) {
        if let Some(refused) = &self.refused {
            return (format!("They could not be compared: {refused}"), Role::Error);
        }
        match (&pen.session.models, self.contrasted()) {
            (_, Some(view)) => (format!("{}/{} pairs scored so far", view.progress.0, view.progress.1), Role::Warning),
            (ModelState::Ready { reranker: None, .. }, _) => ("There is no reranker to ask.".into(), Role::Muted),
            (ModelState::Failed(_), _) => ("There are no models to ask.".into(), Role::Warning),
            (ModelState::Loading, _) => ("The models are loading.".into(), Role::Muted),
            (ModelState::Ready { .. }, _) => ("Waiting for the reranker to be done with the list.".into(), Role::Muted),
        }
    }
}
