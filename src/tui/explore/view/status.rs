//! One line that says what made the numbers: models, device, times, library, vectors.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::engine::ModelState;
use crate::index::SearchKind;
use crate::search::Stage1;
use crate::tui::explore::Explore;
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, thousands, width};

use super::detail::models;
use super::pieces;

/// Columns below which stage 1 has one time instead of three.
const SHORT: u16 = 112;

impl Explore {
    /// In order of importance: what does not fit is left off at the end.
    fn status(&self, short: bool, pen: &Pen) -> Vec<(String, Role)> {
        let mut parts = Vec::new();
        let mut part = |text: String, role| parts.push((text, role));
        let shortlist = self.results.shortlist();
        let (embedder, reranker, device) = models(pen);
        match &pen.session.models {
            ModelState::Ready { .. } => {
                part(format!("{embedder} {} {reranker} on {device}", pen.symbols.arrow), Role::Text)
            }
            ModelState::Loading => part("models loading".into(), Role::Warning),
            ModelState::Failed(_) => part("no models: lexical only".into(), Role::Error),
        }
        if let Some((shortlist, (ready, of))) = shortlist.map(|list| (list, list.vectors)) {
            if shortlist.is_provisional() {
                let what = if shortlist.ran == Stage1::Lexical { "lexical only" } else { "provisional" };
                part(format!("{what}: vectors {}/{}", thousands(ready), thousands(of)), Role::Warning);
            }
            let times = shortlist.timings;
            let (lexical, embed, dense) = (ms(times.lexical), ms(times.embed), ms(times.dense));
            part(
                match short {
                    true => format!("stage 1 {} ms", ms(times.total)),
                    false => format!("lexical {lexical} embed {embed} dense {dense} ms"),
                },
                Role::Muted,
            );
        }
        if let Some(reranking) = self.results.reranking().filter(|reranking| reranking.scored > 0) {
            let cached = if reranking.cached > 0 { format!(" ({} cached)", reranking.cached) } else { String::new() };
            part(format!("rerank {} ms{cached}", ms(reranking.elapsed)), Role::Muted);
        }
        // The number of vectors says it too.
        if let Some(library) = pen.session.library.as_ref().filter(|_| !short || pen.session.indexing.is_none()) {
            part(format!("{} skills", thousands(library.len())), Role::Muted);
        }
        match pen.session.indexing {
            Some(indexing) if !indexing.finished => {
                let speed = thousands(indexing.tokens_per_second as usize);
                let (ready, of) = (thousands(indexing.ready), thousands(indexing.of));
                part(format!("indexing {ready}/{of}, {speed} tokens/s"), Role::Warning);
            }
            Some(indexing) => {
                part(format!("vectors {}/{}", thousands(indexing.ready), thousands(indexing.of)), Role::Muted)
            }
            None => {}
        }
        match shortlist.map(|shortlist| shortlist.kind) {
            Some(SearchKind::Approximate { recall_at_10 }) => {
                part(format!("approximate, recall@10 {recall_at_10:.3}"), Role::Warning);
            }
            Some(SearchKind::Exact) => part("exact".into(), Role::Muted),
            None => {}
        }
        parts
    }

    pub(super) fn draw_status(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let between = format!(" {} ", pen.symbols.dot);
        let mut line = Vec::new();
        let mut used = 0;
        for (text, role) in self.status(area.width < SHORT, pen) {
            let lead = if line.is_empty() { 0 } else { width(&between) };
            if used + lead + width(&text) > area.width.into() {
                continue;
            }
            if lead > 0 {
                line.push((between.clone(), Role::Border));
            }
            used += lead + width(&text);
            line.push((text, role));
        }
        frame.render_widget(pieces(line, pen), area);
    }
}

/// Milliseconds with a digit only where it says something.
fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}
