//! The detail pane: the skill's text, or its numbers and what each of them is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::ModelState;
use crate::explain::Reading;
use crate::library::SkillIx;
use crate::model::Fusion;
use crate::search::Shortlist;
use crate::tui::explore::attention::Explained;
use crate::tui::explore::layout::Focus;
use crate::tui::explore::{Explore, View};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, RankChange, clip, fit, pane, sentence};

use super::lists::score_text;

/// Columns in which the names of all views have room beside a mark.
const ALL_VIEWS: u16 = 57;

impl Explore {
    pub(super) fn draw_detail(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        if area.is_empty() {
            return;
        }
        let inner =
            pane(frame, area, self.detail_title(area.width, pen), self.focus == Focus::Detail, pen.theme, pen.symbols);
        let Some(selected) = self.selected() else {
            let words = "The text of the selected skill, what the reranker looked at, and all scores appear here.";
            return sentence(frame, inner, words, Role::Muted, pen.theme);
        };
        match self.view {
            View::Preview => {
                if let Some((_, page)) = &self.preview {
                    page.draw(frame, inner, pen.theme);
                }
            }
            View::Attention => self.draw_attention(frame, inner, pen),
            View::Erasure => self.draw_erasure(frame, inner, pen),
            View::Contrast => self.draw_contrast(frame, inner, pen),
            View::Retrieval => self.draw_retrieval(frame, inner, pen),
            View::Scores => {
                let rows = self.results.shortlist().map(|shortlist| self.score_rows(shortlist, selected.skill, pen));
                for (y, row) in rows.into_iter().flatten().take(inner.height.into()).enumerate() {
                    frame.render_widget(row, Rect { y: inner.y + y as u16, height: 1, ..inner });
                }
            }
        }
    }

    /// The views with the present one in brackets, and whose they are; where they do not fit, the present one alone.
    fn detail_title(&self, columns: u16, pen: &Pen) -> Vec<Span<'static>> {
        let shown = |view: &&View| columns >= ALL_VIEWS || **view == self.view;
        let mut title: Vec<Span> = View::ALL
            .iter()
            .filter(shown)
            .map(|view| (view, view.title()))
            .flat_map(|(view, name)| match *view == self.view {
                // The caveat belongs to the name of the thing.
                true if self.view == View::Attention => {
                    let reading = match self.explained().map_or(Reading::Scored, Explained::reading) {
                        Reading::Scored => String::new(),
                        other => format!(", {}", other.key()),
                    };
                    [pen.span(format!("[{name}{reading} (not an explanation)]"), Role::Title), Span::raw(" ")]
                }
                true => [pen.span(format!("[{name}]"), Role::Title), Span::raw(" ")],
                false => [pen.span(name, Role::Muted), Span::raw(" ")],
            })
            .collect();
        if let Some(selected) = self.selected() {
            let name = selected.library[selected.skill].name.shown().trim();
            title.push(pen.span(clip(name, 40, pen.symbols.ellipsis), Role::Accent));
        }
        title
    }

    fn score_rows(&self, shortlist: &Shortlist, skill: SkillIx, pen: &Pen) -> Vec<Line<'static>> {
        let (embedder, reranker, device) = models(pen);
        let settings = shortlist.settings;
        let hit = shortlist.hit(skill);
        let pinned = shortlist.pinned.filter(|pinned| pinned.skill == skill);
        let lexical = hit.map_or(pinned.and_then(|pinned| pinned.lexical), |hit| hit.lexical);
        let dense = hit.map_or(pinned.and_then(|pinned| pinned.dense), |hit| hit.dense);
        let rank = hit.map(|hit| hit.rank).or(pinned.and_then(|pinned| pinned.rank));
        let of = |rank: Option<usize>| rank.map_or("-".into(), |rank| rank.to_string());
        let row = |what: &str, rank: String, score: String, means: String| {
            Line::from(vec![
                pen.span(fit(what, 12, ""), Role::Accent),
                pen.span(format!("{rank:>5} {score:>9}  "), Role::Text),
                pen.span(means, Role::Muted),
            ])
        };
        let placed = |placed: Option<crate::search::Placed>, digits: usize| match placed {
            Some(placed) => (placed.rank.to_string(), format!("{:.digits$}", placed.score)),
            None => ("-".into(), "-".into()),
        };
        let (lexical_rank, lexical_score) = placed(lexical, 3);
        let (dense_rank, dense_score) = placed(dense, 4);
        let mut rows = vec![
            Line::from(pen.span(format!("{:12}{:>5} {:>9}", "", "rank", "score"), Role::Muted)),
            row(
                shortlist.weighing.label(),
                lexical_rank,
                lexical_score,
                "shared words, the rare ones count more".into(),
            ),
            row("cosine", dense_rank, dense_score, format!("nearness of the vectors, embedder {embedder}")),
        ];
        if let Some(fused) = hit.and_then(|hit| hit.fused) {
            let means = match shortlist.fusion {
                None => "sum of 1/(60 + rank); only the order counts".into(),
                Some(Fusion { words, .. }) => format!("cosine + {words} · score by words / the best one"),
            };
            rows.push(row("fused", of(rank), format!("{fused:.5}"), means));
        }
        let in_list = if hit.is_some() { "in the shortlist" } else { "not in the shortlist" };
        let how = format!("{in_list} of {}: {}, fields {}", settings.depth, shortlist.ran.key(), settings.fields.key());
        let score = hit.map_or("-".into(), |hit| score_text(hit.score(), shortlist.ran));
        rows.push(row("stage 1", of(rank), score, how));
        rows.push(self.stage2_row(skill, &reranker, &row, pen));
        rows.push(Line::default());
        rows.push(Line::from(
            pen.span(format!("embedder {embedder}, reranker {reranker}, device {device}"), Role::Muted),
        ));
        let compare = "Scores of two requests cannot be compared: a reranker's score has no fixed zero.";
        rows.push(Line::from(pen.span(compare, Role::Muted)));
        rows
    }

    fn stage2_row(
        &self,
        skill: SkillIx,
        reranker: &str,
        row: &dyn Fn(&str, String, String, String) -> Line<'static>,
        pen: &Pen,
    ) -> Line<'static> {
        let Some(ranked) = self.results.reranking().and_then(|list| list.row(skill)) else {
            return row("stage 2", "-".into(), "-".into(), "not reranked".into());
        };
        let change = RankChange::of(ranked);
        let means = format!("raw score of the cross-encoder {reranker}, change ");
        let score = ranked.score.map_or("-".into(), |score| format!("{score:.4}"));
        let mut line = row("stage 2", ranked.after.to_string(), score, means);
        line.push_span(pen.span(change.label(pen.symbols), change.role()));
        line
    }
}

/// Names of what made the numbers: embedder, reranker, device.
pub(super) fn models(pen: &Pen) -> (String, String, String) {
    match &pen.session.models {
        ModelState::Ready { embedder, reranker, device, .. } => {
            let reranker = reranker.as_ref().map_or("none".into(), |reranker| reranker.name.clone());
            (embedder.name.clone(), reranker, device.label())
        }
        ModelState::Loading => ("loading".into(), "loading".into(), "-".into()),
        ModelState::Failed(_) => ("none".into(), "none".into(), "-".into()),
    }
}
