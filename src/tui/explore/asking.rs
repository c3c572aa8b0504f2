//! What is asked of the engine for the selected skill once the selection rests, and what becomes of the answers.

use std::sync::Arc;

use crate::engine::{Beside, Request};
use crate::explain::erasure::Pair;
use crate::explain::{Erased, Reading};
use crate::library::Library;
use crate::model::Capture;
use crate::tui::action::Action;
use crate::tui::session::Outbox;

use super::attention::{Asked, Explained, next_band, next_head};
use super::erasure::{AskedErasure, ErasedView};
use super::{Explore, View};

impl Explore {
    /// The selection has rested: now the expensive things.
    pub(super) fn rested(&mut self, out: &mut Outbox) {
        let Some(selected) = self.selected() else {
            return;
        };
        let skill = &selected.library[selected.skill];
        match self.view {
            View::Preview if !self.inks.contains(&skill.hash) => self.worker.highlight(skill),
            View::Attention => self.explain(Asked { id: self.results.newest(), skill: selected.skill }, out),
            View::Erasure => self.erase(Asked { id: self.results.newest(), skill: selected.skill }, out),
            View::Contrast => self.ask_contrast(Asked { id: self.results.newest(), skill: selected.skill }, out),
            View::Retrieval => self.retrieve(Asked { id: self.results.newest(), skill: selected.skill }, out),
            _ => {}
        }
    }

    /// Asks once, and only when stage 2 is done with this skill: before, it would stand in the way of the scores.
    fn explain(&mut self, asked: Asked, out: &mut Outbox) {
        let waiting = self
            .results
            .reranking()
            .and_then(|reranking| reranking.row(asked.skill))
            .is_some_and(|row| row.score.is_none());
        let reading = self.gaze.reading;
        let there = self.explained().is_some_and(|explained| explained.has(reading));
        if there || self.asked == Some((asked, reading)) || waiting || !self.results.is_current() {
            return;
        }
        if let Some(shortlist) = self.results.shortlist() {
            out.requests.push(asked.request(shortlist, reading));
            self.asked = Some((asked, reading));
            self.refused = None;
        }
    }

    /// A capture, and perhaps a second one. A reading that this network does not have is passed over.
    pub(super) fn take_attention(
        &mut self,
        asked: Asked,
        library: &Arc<Library>,
        capture: &Arc<Capture>,
        beside: Option<&Beside>,
        out: &mut Outbox,
    ) {
        if self.asked.is_none_or(|(wanted, _)| wanted != asked) {
            return;
        }
        let symbols = self.symbols();
        let same = |old: &Explained| old.asked == asked && Arc::ptr_eq(&old.capture, capture);
        if !self.explained.as_ref().is_some_and(same) {
            self.explained = Some(Explained::new(asked, library.clone(), capture.clone(), &self.gaze, symbols));
        }
        let Some(explained) = &mut self.explained else { return };
        if let Some(beside) = beside {
            explained.take(beside);
            explained.look(&self.gaze, symbols);
        }
        if explained.causal && self.gaze.reading == Reading::Request {
            self.gaze.reading = self.gaze.reading.next(true);
            let why = "A causal reranker's request stands before the document and cannot look at it";
            out.status = Some(format!("{why}: {} attention instead.", self.gaze.reading.key()));
        }
        self.lay_out_erasure();
    }

    /// Asks once the whole list is scored: the skill's rank is one among the others' scores.
    fn erase(&mut self, asked: Asked, out: &mut Outbox) {
        let reranking = self.results.reranking();
        if !self.results.is_current() || reranking.is_some_and(|reranking| !reranking.is_finished()) {
            return;
        }
        // For the badge.
        self.explain(asked, out);
        let wanted = AskedErasure { asked, grain: self.grain, manner: self.manner };
        if self.asked_erasure == Some(wanted) {
            return;
        }
        if let Some(shortlist) = self.results.shortlist() {
            out.requests.push(wanted.request(shortlist, self.results.reranking().map(|list| &**list)));
            self.asked_erasure = Some(wanted);
            self.erased = None;
            self.refused = None;
        }
    }

    pub(super) fn take_erasure(
        &mut self,
        asked: Asked,
        library: &Arc<Library>,
        pair: &Arc<Pair>,
        erased: &Arc<Erased>,
    ) {
        let wanted = AskedErasure { asked, grain: erased.grain, manner: erased.manner };
        if self.asked_erasure != Some(wanted) {
            return;
        }
        match &mut self.erased {
            Some(view) => view.take(erased.clone()),
            None => {
                self.erased = Some(ErasedView::new(asked, library.clone(), pair.clone(), erased.clone()));
            }
        }
        self.lay_out_erasure();
    }

    /// The numbers of the erasure, with the attention of the same skill if that is there.
    pub(super) fn lay_out_erasure(&mut self) {
        let symbols = self.symbols();
        let Some(view) = &mut self.erased else { return };
        let explained = self
            .explained
            .as_ref()
            .filter(|explained| explained.asked == view.asked && Arc::ptr_eq(&explained.library, &view.library));
        view.lay_out(explained.map(|explained| (&*explained.capture, &explained.attribution)), symbols);
    }

    fn retrieve(&mut self, asked: Asked, out: &mut Outbox) {
        if self.asked_retrieval == Some(asked) || !self.results.is_current() {
            return;
        }
        if let Some(shortlist) = self.results.shortlist() {
            out.requests.push(Request::ExplainRetrieval(asked.subject(shortlist)));
            self.asked_retrieval = Some(asked);
            self.retrieved = None;
            self.refused = None;
        }
    }

    /// Another look at the attention; the numbers of the erasure follow.
    pub(super) fn turn_gaze(&mut self, action: Action, out: &mut Outbox) {
        let symbols = self.symbols();
        let shown = self.grid_shown.get();
        let Some(explained) = &mut self.explained else { return };
        let (gaze, attention) = (&mut self.gaze, &explained.capture.attention);
        match action {
            Action::NextBand => gaze.lens.band = next_band(gaze.lens.band, attention.layers, 1),
            Action::PreviousBand => gaze.lens.band = next_band(gaze.lens.band, attention.layers, -1),
            Action::NextHead => gaze.lens.head = next_head(gaze.lens.head, attention.heads, 1),
            Action::PreviousHead => gaze.lens.head = next_head(gaze.lens.head, attention.heads, -1),
            Action::CycleReading => gaze.reading = gaze.reading.next(explained.causal),
            Action::CycleUnits => gaze.kind = gaze.kind.next(),
            Action::ToggleHeads => gaze.grid = Some(!shown),
            Action::CycleTarget => gaze.wanted = gaze.wanted.next(explained.most.len()),
            Action::MarkHeads => {
                gaze.mark(attention);
                out.status = Some(format!("{} heads are marked.", gaze.marked.len()));
            }
            _ => gaze.by_marks = !gaze.by_marks && !gaze.marked.is_empty(),
        }
        let turns_lens =
            matches!(action, Action::NextBand | Action::PreviousBand | Action::NextHead | Action::PreviousHead);
        gaze.by_marks &= !turns_lens;
        match action {
            Action::ToggleHeads => {}
            Action::CycleTarget => explained.aim(gaze),
            _ => explained.look(gaze, symbols),
        }
        if action == Action::CycleUnits {
            explained.aim(gaze);
        }
        self.lay_out_erasure();
    }
}
