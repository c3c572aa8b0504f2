//! Draws the Explore tab; reads only.

mod attention;
mod contrast;
mod detail;
mod erasure;
mod gutter;
pub(super) mod lists;
mod side;
mod status;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::ModelState;
use crate::tui::session::Session;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::{Pen, sentence};

use super::Explore;
use super::layout::{Focus, Layout, Tier};
use super::standing::{Pieces, short_standing, standing};

/// Columns of the prompt before the query.
pub const PROMPT: u16 = 2;

/// Columns below which "mine" is two ranks instead of a sentence.
const SHORT_STANDING: u16 = 66;

impl Explore {
    pub fn draw(&self, frame: &mut Frame, area: Rect, session: &Session, theme: &Theme) {
        let area = area.intersection(frame.area());
        let pen = Pen::new(session, theme);
        let layout = self.layout(area);
        if layout.tier == Tier::Sentence {
            return sentence(frame, area, "Too small: 24 columns and 5 rows are needed.", Role::Warning, theme);
        }
        self.draw_query(frame, layout.query, &pen);
        self.draw_mine(frame, layout.mine, &pen);
        match self.instead_of_lists(session) {
            Some((text, role)) => sentence(frame, lists_area(&layout), &text, role, theme),
            None => {
                self.draw_shortlist(frame, layout.shortlist, &pen);
                self.draw_reranked(frame, layout.reranked, &pen);
                self.draw_gutter(frame, &layout, &pen);
            }
        }
        self.draw_detail(frame, layout.detail, &pen);
        self.draw_side(frame, layout.side, &pen);
        self.draw_status(frame, layout.status, &pen);
    }

    fn draw_query(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let focused = self.focus == Focus::Query;
        let role = if focused { Role::Accent } else { Role::Muted };
        frame.render_widget(pen.span(pen.symbols.prompt, role), Rect { width: 1.min(area.width), ..area });
        let text = Rect { x: area.x + PROMPT, width: area.width.saturating_sub(PROMPT), ..area };
        self.query.draw(frame, text, focused, pen.theme);
    }

    fn draw_mine(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let shortlist = self.results.shortlist();
        let library = shortlist.map(|shortlist| &shortlist.library).or(pen.session.library.as_ref());
        let (Some(id), Some(library), false) = (&self.mine, library, area.is_empty()) else {
            return;
        };
        let results = shortlist.map(|shortlist| (&**shortlist, self.results.reranking().map(|list| &**list)));
        let (mut ranks, above) = standing(id, library, results, pen.symbols);
        let mark = format!("{} ", pen.symbols.pinned);
        if area.width < SHORT_STANDING {
            let results = results.as_ref().map(|(shortlist, reranking)| (*shortlist, *reranking));
            let mut short = short_standing(id, library, results, pen.symbols);
            short.insert(0, (mark, Role::Pinned));
            return frame.render_widget(pieces(short, pen), Rect { height: 1, ..area });
        }
        ranks.insert(0, (mark, Role::Pinned));
        if area.height == 1 {
            if !above.is_empty() {
                ranks.push(("; ".into(), Role::Text));
            }
            ranks.extend(above);
            frame.render_widget(pieces(ranks, pen), area);
        } else {
            let mut above = above;
            above.insert(0, ("  ".into(), Role::Text));
            frame.render_widget(pieces(ranks, pen), Rect { height: 1, ..area });
            frame.render_widget(pieces(above, pen), Rect { y: area.y + 1, height: 1, ..area });
        }
    }

    /// Plain words where there are no rows to show.
    fn instead_of_lists(&self, session: &Session) -> Option<(String, Role)> {
        let shortlist = self.results.shortlist();
        let Some(library) = &session.library else {
            return Some(("Loading the library. You can type already.".into(), Role::Muted));
        };
        if library.is_empty() {
            let words = "The library has no skills. The Library tab says where skills were looked for and what was not \
                         loaded, and why; --library PATH names another place.";
            return Some((words.into(), Role::Warning));
        }
        if let Some(failed) = self.results.failed() {
            return Some((format!("This request was not answered: {failed}"), Role::Error));
        }
        match shortlist {
            None if self.query.is_empty() => Some((welcome(session), Role::Muted)),
            None => Some(("Searching.".into(), Role::Muted)),
            Some(shortlist) if shortlist.hits.is_empty() => {
                let words = "No skill has a word of this request. Other words may find one; so may another stage 1 \
                             (dense finds meaning, not words) or more fields.";
                Some((words.into(), Role::Muted))
            }
            Some(_) => None,
        }
    }
}

fn welcome(session: &Session) -> String {
    let models = match &session.models {
        ModelState::Loading => "\nThe models are loading; until then only words are matched.".to_owned(),
        ModelState::Failed(reason) => {
            format!("\nThere are no models, so only words are matched: {}", crate::library::Text::line(reason))
        }
        ModelState::Ready { .. } => String::new(),
    };
    format!(
        "Type or paste a request as you would give it to an agent, for example \"review the open pull request\".\n\
         What a router would find appears while you type: the shortlist first, then the reranked order beside it.\n\
         Enter searches at once and goes to the rows; the line at the bottom names the keys.{models}"
    )
}

/// The columns and what is between them.
fn lists_area(layout: &Layout) -> Rect {
    [layout.shortlist, layout.gutter, layout.reranked]
        .into_iter()
        .filter(|pane| !pane.is_empty())
        .reduce(|all, pane| all.union(pane))
        .unwrap_or_default()
}

fn pieces(pieces: Pieces, pen: &Pen) -> Line<'static> {
    pieces.into_iter().map(|(text, role)| pen.span(text, role)).collect()
}
