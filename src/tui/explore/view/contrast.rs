//! The contrast view: who is compared with whom, then whose words won.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::ModelState;
use crate::library::SkillIx;
use crate::tui::explore::Explore;
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, clip, fit, sentence};

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

    /// Both skills with their ranks and scores.
    fn opponents(&self, other: SkillIx, columns: usize, pen: &Pen) -> Vec<Line<'static>> {
        let contrast = self.contrasted().and_then(|view| view.contrast.as_ref());
        let scores = contrast.map(|contrast| [contrast.mine.score, contrast.other.score]);
        let skills = [self.selected().map(|selected| selected.skill), Some(other)];
        let mut rows = Vec::new();
        for (at, (which, skill)) in ["here", "there"].into_iter().zip(skills).enumerate() {
            let (Some(skill), Some(library)) = (skill, self.results.library()) else { continue };
            let name = clip(library[skill].name.shown().trim(), NAME, pen.symbols.ellipsis);
            let score = scores.map_or(String::new(), |scores| format!(", score {:.3}", scores[at]));
            let line = format!("{which:5}  {name}, {}{score}", self.rank_words(skill));
            rows.push(Line::from(pen.span(fit(&line, columns, pen.symbols.ellipsis), Role::Accent)));
        }
        rows
    }

    /// Where a skill stands at the end of the way, in words.
    fn rank_words(&self, skill: SkillIx) -> String {
        let ranked = self.results.reranking().and_then(|list| list.row(skill)).map(|row| row.after);
        let rank = ranked.or_else(|| Some(self.results.shortlist()?.hit(skill)?.rank));
        rank.map_or("not in the list".into(), |rank| format!("rank {rank}"))
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
