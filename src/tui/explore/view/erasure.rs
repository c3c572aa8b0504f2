//! The erasure and stage-1 views: what the numbers are, then the pieces.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::ModelState;
use crate::explain::erasure::{NEUTRAL, Verdict};
use crate::explain::{Erased, Grain, Manner};
use crate::tui::explore::Explore;
use crate::tui::explore::erasure::{ErasedView, RANK, STAGE1};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, sentence};

use super::attention::wrapped;

impl Explore {
    pub(super) fn draw_erasure(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let Some(view) = self.erased() else {
            let (words, role) = self.not_yet(pen);
            return sentence(frame, area, &words, role, pen.theme);
        };
        let columns = usize::from(area.width);
        let rows: Vec<Line> =
            heading(view, pen).into_iter().flat_map(|(text, role)| wrapped(&text, columns, role, pen)).collect();
        // The pieces get at least half.
        let used = (rows.len() as u16).min(area.height / 2);
        pen.rows(frame, Rect { height: used, ..area }, rows);
        view.page.draw(frame, Rect { y: area.y + used, height: area.height - used, ..area }, pen.theme);
    }

    pub(super) fn draw_retrieval(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        match (self.retrieved(), &self.refused) {
            (Some(view), _) => view.page.draw(frame, area, pen.theme),
            (None, Some(refused)) => {
                sentence(frame, area, &format!("Stage 1 could not be explained: {refused}"), Role::Error, pen.theme);
            }
            (None, None) => sentence(frame, area, "Asking why stage 1 found this skill.", Role::Muted, pen.theme),
        }
    }

    fn not_yet(&self, pen: &Pen) -> (String, Role) {
        if let Some(refused) = &self.refused {
            return (format!("Nothing could be erased: {refused}"), Role::Error);
        }
        match &pen.session.models {
            ModelState::Ready { reranker: None, .. } => ("There is no reranker to ask again.".into(), Role::Muted),
            ModelState::Failed(_) => ("There are no models to ask again.".into(), Role::Warning),
            ModelState::Loading => ("The models are loading.".into(), Role::Muted),
            ModelState::Ready { .. } => ("Waiting for the reranker to be done with the list.".into(), Role::Muted),
        }
    }
}

/// What is taken away and how, where the skill stands now, the badge, and the heads of the columns.
fn heading(view: &ErasedView, pen: &Pen) -> Vec<(String, Role)> {
    let erased = &view.erased;
    let how = match erased.manner {
        Manner::Deletion => "by deletion".to_owned(),
        Manner::Neutral if pen.session.ascii => "each word made neutral".to_owned(),
        Manner::Neutral => format!("each word replaced by {NEUTRAL}"),
    };
    let choice = erased.choice().map_or(String::new(), |choice| format!(": {choice}"));
    let mut rows = vec![(format!("{}, {how}{choice}", erased.grain.title()), Role::Accent)];
    rows.push((standing(erased), Role::Text));
    rows.push(match (view.agreement, erased.lists) {
        (Some(agreement), _) => (agreement.label(), badge(agreement.verdict)),
        (None, Some(lists)) => (lists.sentence(erased.units.len()), Role::Muted),
        (None, None) if erased.grain == Grain::Request => {
            ("no ranks: the library has changed since this list was made".into(), Role::Muted)
        }
        (None, None) => ("attention against erasure: not known yet".into(), Role::Muted),
    });
    let third = if erased.grain == Grain::Request { "cosine" } else { "atten." };
    let stage1 = if erased.lists.is_some() { format!("{:<STAGE1$}", "stage 1") } else { String::new() };
    rows.push((format!("{:>7} {:<RANK$}{stage1} {third:>6}  without", "change", "rank"), Role::Muted));
    rows
}

/// Score and rank of the whole pair, and how far the erasure is.
fn standing(erased: &Erased) -> String {
    let score = erased.base.map_or(String::new(), |base| format!("score {base:.3}"));
    let of = |rank: Option<usize>| rank.map_or("out".to_owned(), |rank| rank.to_string());
    let rank = match (erased.lists.and_then(|lists| lists.whole), erased.rank) {
        (Some(whole), _) => format!(", rank {}, stage 1 {}", of(whole.rank), of(whole.stage1)),
        (None, Some(rank)) => format!(", rank {rank} among the others' scores"),
        (None, None) => String::new(),
    };
    let (done, steps) = erased.progress();
    let done = if erased.is_finished() { String::new() } else { format!(", {done}/{steps} so far") };
    format!("{score}{rank}{done}")
}

fn badge(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Agrees => Role::Promoted,
        Verdict::Weak => Role::Warning,
        Verdict::Disagrees => Role::Demoted,
        Verdict::TooFew | Verdict::NoOrder => Role::Muted,
    }
}
