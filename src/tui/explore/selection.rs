//! Which skill is selected: one for both columns, so that a row always has its counterpart.

use std::sync::Arc;

use crate::library::{Library, SkillIx};
use crate::tui::widgets::window::step;

use super::Explore;
use super::layout::Focus;

/// What a person chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// Nothing yet: the best row, whichever that is while rows still move.
    #[default]
    Best,
    /// A skill by id, for as long as it is in the lists (or pinned).
    Skill(String),
}

/// A skill and the library its number belongs to.
#[derive(Debug, Clone)]
pub struct Selected {
    pub library: Arc<Library>,
    pub skill: SkillIx,
}

impl PartialEq for Selected {
    fn eq(&self, other: &Self) -> bool {
        self.skill == other.skill && Arc::ptr_eq(&self.library, &other.library)
    }
}

impl Explore {
    /// Skills in the order that a focused column shows, and behind them "mine" where the lists do not have it: it can
    /// be selected wherever it stands.
    pub(super) fn order(&self) -> Vec<SkillIx> {
        let mut order: Vec<SkillIx> = match self.results.reranking() {
            Some(reranking) if self.focus != Focus::Shortlist => reranking.rows.iter().map(|row| row.skill).collect(),
            _ => self.results.hits().iter().map(|hit| hit.skill).collect(),
        };
        let mine = self.mine.as_deref().and_then(|id| self.results.skill(id));
        order.extend(mine.filter(|mine| !order.contains(mine)));
        order
    }

    pub(super) fn selected(&self) -> Option<Selected> {
        let library = self.results.library()?.clone();
        let chosen = match &self.choice {
            Choice::Skill(id) => self.results.skill(id).filter(|&skill| self.is_selectable(skill)),
            Choice::Best => None,
        };
        let best = || self.results.ranked().first().map(|row| row.skill).or(Some(self.results.hits().first()?.skill));
        Some(Selected { library, skill: chosen.or_else(best)? })
    }

    fn is_selectable(&self, skill: SkillIx) -> bool {
        let is_mine = || self.mine.as_deref().and_then(|id| self.results.skill(id)) == Some(skill);
        self.results.hits().iter().any(|hit| hit.skill == skill) || is_mine()
    }

    /// Moves by rows in the focused column; `isize::MIN` and `MAX` are its ends.
    pub(super) fn move_selection(&mut self, by: isize) {
        let order = self.order();
        let at = self.selected().and_then(|selected| order.iter().position(|skill| *skill == selected.skill));
        if let Some(next) = step(at, by, order.len()) {
            self.select(order[next]);
        }
    }

    pub(super) fn select(&mut self, skill: SkillIx) {
        if let Some(library) = self.results.library() {
            self.choice = Choice::Skill(library[skill].id.shown().to_owned());
        }
    }
}
