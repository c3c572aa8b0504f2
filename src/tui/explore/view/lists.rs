//! The shortlist and the reranked column. Every row says its rank, its score and, once there are two stages, what
//! became of it.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::engine::ModelState;
use crate::library::{Library, SkillIx};
use crate::model::Verdict;
use crate::search::{Hit, Ranked, Shortlist, Stage1};
use crate::tui::explore::Explore;
use crate::tui::explore::layout::Focus;
use crate::tui::explore::preview::badge_letters;
use crate::tui::theme::Role;
use crate::tui::widgets::bar::between;
use crate::tui::widgets::{Pen, RankChange, fit, pane, score_bar, sentence, window};

/// Rows of a list above its first row.
pub const TITLE_ROWS: u16 = 1;
/// "-12.345", the longest score.
const NUMBER: usize = 7;
/// Marker, mark and rank.
const RANK: usize = 6;
/// "↓12".
const CHANGE: usize = 4;
/// "112+31": the ranks the fused score is made of.
const SIDES: usize = 8;
/// Columns a list needs before the ranks of both sides are shown.
const SIDES_FROM: usize = 52;
const WIDEST_BAR: usize = 12;
/// With less for name and bar there is no bar.
const NAME: usize = 16;

/// What the columns of one list are wide.
struct Columns {
    name: usize,
    change: usize,
    sides: usize,
    bar: usize,
}

impl Columns {
    fn of(width: u16, change: bool, sides: bool) -> Self {
        let width = usize::from(width);
        let change = if change { CHANGE } else { 0 };
        let sides = if sides && width >= SIDES_FROM { SIDES } else { 0 };
        let rest = width.saturating_sub(RANK + change + sides + NUMBER + 1);
        let bar = if rest < NAME { 0 } else { (rest / 4).min(WIDEST_BAR) };
        let name = rest.saturating_sub(bar + usize::from(bar > 0));
        Columns { name, change, sides, bar }
    }
}

impl Explore {
    /// Which rows of a column are in sight, given which of them is selected.
    pub(super) fn window_of(&self, rows: impl Iterator<Item = SkillIx>, of: usize, area: Rect) -> Range<usize> {
        let mut rows = rows;
        let at = self.selected().and_then(|selected| rows.position(|skill| skill == selected.skill));
        window(at, of, usize::from(area.height.saturating_sub(TITLE_ROWS)))
    }

    pub(super) fn draw_shortlist(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let Some(shortlist) = self.results.shortlist().filter(|_| !area.is_empty()) else {
            return;
        };
        let inner =
            pane(frame, area, shortlist_title(shortlist, pen), self.focus == Focus::Shortlist, pen.theme, pen.symbols);
        let hits = &shortlist.hits;
        let shown = self.window_of(hits.iter().map(|hit| hit.skill), hits.len(), area);
        let columns = Columns::of(inner.width, false, shortlist.ran == Stage1::Fused);
        let highest = hits.iter().map(Hit::score).fold(f32::MIN, f32::max);
        let lowest = hits.iter().map(Hit::score).fold(f32::MAX, f32::min);
        for (y, hit) in hits[shown].iter().enumerate() {
            let style = self.row_style(hit.skill, pen);
            let mut row = self.row_head(&shortlist.library, hit.skill, hit.rank, pen);
            row.extend(self.name(&shortlist.library, hit.skill, columns.name, pen));
            if columns.sides > 0 {
                row.push(pen.span(format!("{:>1$}", sides(hit), columns.sides), Role::Muted));
            }
            let part = between(hit.score(), lowest, highest);
            row.extend(score(part, score_text(hit.score(), shortlist.ran), columns.bar, pen));
            draw_row(frame, inner, y, row, style);
        }
    }

    pub(super) fn draw_reranked(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let Some(shortlist) = self.results.shortlist().filter(|_| !area.is_empty()) else {
            return;
        };
        let title = self.reranked_title(pen);
        let inner = pane(frame, area, title, self.focus == Focus::Reranked, pen.theme, pen.symbols);
        let Some(reranking) = self.results.reranking() else {
            return sentence(
                frame,
                inner,
                "Reranking is off: the shortlist is the final order.",
                Role::Muted,
                pen.theme,
            );
        };
        if let (Some(why), 0) = (no_reranker(pen), reranking.scored) {
            return sentence(frame, inner, &why, Role::Warning, pen.theme);
        }
        let rows = &reranking.rows;
        let shown = self.window_of(rows.iter().map(|row| row.skill), rows.len(), area);
        let columns = Columns::of(inner.width, true, false);
        let scores = || rows.iter().filter_map(|row| row.score);
        let (lowest, highest) = (scores().fold(f32::MAX, f32::min), scores().fold(f32::MIN, f32::max));
        for (y, row) in rows[shown].iter().enumerate() {
            let style = self.row_style(row.skill, pen);
            let mut spans = self.row_head(&shortlist.library, row.skill, row.after, pen);
            spans.push(change_span(row, columns.change, pen));
            spans.extend(self.name(&shortlist.library, row.skill, columns.name, pen));
            match row.score {
                Some(own) => {
                    spans.extend(score(between(own, lowest, highest), format!("{own:.2}"), columns.bar, pen));
                }
                None => spans.extend(score(0.0, pen.symbols.unscored.into(), columns.bar, pen)),
            }
            draw_row(frame, inner, y, spans, style);
        }
    }

    fn reranked_title(&self, pen: &Pen) -> Vec<Span<'static>> {
        let mut title = vec![pen.span("Reranked", Role::Title)];
        match self.results.scored() {
            Some((scored, of)) if scored < of && no_reranker(pen).is_none() => {
                title.push(pen.span(format!(" reranking {scored}/{of}"), Role::Warning));
            }
            Some((scored, of)) => title.push(pen.span(format!(" {scored}/{of}"), Role::Muted)),
            None => title.push(pen.span(" off", Role::Muted)),
        }
        let Some(reranking) = self.results.reranking().filter(|reranking| reranking.is_finished()) else {
            return title;
        };
        if !reranking.prior.is_none() {
            title.push(pen.span(" mixed with stage 1", Role::Muted));
        }
        title
    }

    /// Marker, mark and rank.
    fn row_head(&self, library: &Library, skill: SkillIx, rank: usize, pen: &Pen) -> Vec<Span<'static>> {
        let id = library[skill].id.shown();
        let selected = self.selected().is_some_and(|selected| selected.skill == skill);
        let (mark, role) = match (self.gold.contains(id), self.mine.as_deref() == Some(id)) {
            (true, _) => (pen.symbols.gold, Role::Gold),
            (false, true) => (pen.symbols.pinned, Role::Pinned),
            (false, false) => (" ", Role::Text),
        };
        vec![
            pen.span(if selected { pen.symbols.selected } else { " " }, Role::Accent),
            pen.span(mark, role),
            pen.span(format!("{rank:>3} "), Role::Muted),
        ]
    }

    fn name(&self, library: &Library, skill: SkillIx, columns: usize, pen: &Pen) -> Vec<Span<'static>> {
        let id = library[skill].id.shown();
        let badges = badge_letters(library, skill);
        let room = if badges.is_empty() { columns } else { columns.saturating_sub(badges.len() + 1) };
        let role = match (self.gold.contains(id), self.mine.as_deref() == Some(id)) {
            (true, _) => Role::Gold,
            (false, true) => Role::Pinned,
            (false, false) => Role::Text,
        };
        let name = library[skill].name.shown();
        // A skill without a name still has an id.
        let name = if name.trim().is_empty() { id } else { name };
        let mut spans = vec![pen.span(fit(name, room, pen.symbols.ellipsis), role)];
        if !badges.is_empty() && columns > badges.len() {
            spans.push(pen.span(format!(" {badges}"), Role::Badge));
        }
        spans
    }

    fn row_style(&self, skill: SkillIx, pen: &Pen) -> Option<Style> {
        let selected = self.selected().is_some_and(|selected| selected.skill == skill);
        selected.then(|| pen.theme.style(Role::Selection))
    }
}

/// A selected row has one style: colours on a reversed row would be backgrounds of every colour.
fn draw_row(frame: &mut Frame, area: Rect, y: usize, mut row: Vec<Span>, selected: Option<Style>) {
    if let Some(style) = selected {
        row.iter_mut().for_each(|span| span.style = style);
    }
    frame.render_widget(Line::from(row), Rect { y: area.y + y as u16, height: 1, ..area });
}

pub(super) fn change_span(row: &Ranked, columns: usize, pen: &Pen) -> Span<'static> {
    let change = RankChange::of(row);
    pen.span(fit(&change.label(pen.symbols), columns, ""), change.role())
}

fn score(part: f32, number: String, bar: usize, pen: &Pen) -> Vec<Span<'static>> {
    let mut spans = Vec::with_capacity(2);
    if bar > 0 {
        spans.push(pen.span(format!(" {}", score_bar(part, bar, pen.symbols)), Role::ScoreBar));
    }
    spans.push(pen.span(format!(" {number:>NUMBER$}"), Role::Text));
    spans
}

/// As many digits as tell neighbours apart: fused scores differ in the fourth.
pub(super) fn score_text(score: f32, ran: Stage1) -> String {
    match ran {
        Stage1::Lexical => format!("{score:.2}"),
        Stage1::Dense => format!("{score:.3}"),
        Stage1::Fused => format!("{score:.4}"),
    }
}

fn sides(hit: &Hit) -> String {
    let rank = |placed: Option<crate::search::Placed>| placed.map_or("-".into(), |placed| placed.rank.to_string());
    format!("{}+{}", rank(hit.lexical), rank(hit.dense))
}

fn shortlist_title(shortlist: &Shortlist, pen: &Pen) -> Vec<Span<'static>> {
    let settings = shortlist.settings;
    let dot = pen.symbols.dot;
    let mut title = vec![pen.span("Shortlist", Role::Title)];
    // Before the settings: half of 80 columns has room for one of the two.
    if let Some(Verdict { fits: false, confidence }) = shortlist.verdict {
        title.push(pen.span(format!(" nothing fits? ({confidence:.2})"), Role::Warning));
    }
    if shortlist.is_provisional() {
        let (ready, of) = shortlist.vectors;
        let what = if shortlist.ran == Stage1::Lexical { "lexical only" } else { "provisional" };
        title.push(pen.span(format!(" {what} {ready}/{of}"), Role::Warning));
    } else {
        let what = format!(" {} {dot} {} {dot} {}", settings.stage1.key(), settings.fields.key(), settings.depth);
        title.push(pen.span(what, Role::Muted));
    }
    title
}

/// Why nothing will be scored, if that is so.
fn no_reranker(pen: &Pen) -> Option<String> {
    match &pen.session.models {
        ModelState::Failed(reason) => Some(format!("No reranker: {}", crate::library::Text::line(reason))),
        ModelState::Ready { reranker: None, .. } => Some("No reranker was asked for (--reranker none).".into()),
        ModelState::Loading => Some("The models are loading; scores follow by themselves.".into()),
        ModelState::Ready { .. } => None,
    }
}
