//! The attention view: numbers first, heat second, and always how much was taken out and never seen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::ModelState;
use crate::explain::Attribution;
use crate::library::Field;
use crate::tui::explore::Explore;
use crate::tui::explore::attention::{Explained, band_label, cuts};
use crate::tui::theme::{HEAT_STEPS, Role};
use crate::tui::widgets::layer_strip::STRIP_ROWS;
use crate::tui::widgets::run_text::field_role;
use crate::tui::widgets::text::wrap;
use crate::tui::widgets::{LayerStrip, Pen, fit, percent, score_bar, sentence, thousands};

/// Columns of the numbers where they stand beside the text.
const NUMBERS: u16 = 46;
/// From here the text gets at least 30 columns beside the numbers.
const BESIDE_FROM: u16 = NUMBERS + 31;
/// Rows from which numbers and text stand one above the other well.
const ABOVE_FROM: u16 = 30;
const BAR: usize = 9;
/// Field, share, token share and lift.
const WITHOUT_BAR: usize = 36;

impl Explore {
    pub(super) fn draw_attention(&self, frame: &mut Frame, area: Rect, pen: &Pen) {
        let Some(explained) = self.explained() else {
            let (words, role) = self.no_attention(pen);
            return sentence(frame, area, &words, role, pen.theme);
        };
        if area.width >= BESIDE_FROM && area.height < ABOVE_FROM {
            self.draw_numbers(frame, Rect { width: NUMBERS, ..area }, explained, pen);
            let text = Rect { x: area.x + NUMBERS + 1, width: area.width - NUMBERS - 1, ..area };
            explained.page.draw(frame, text, pen.theme);
        } else {
            // The text gets half, or less where the shares of all three fields would not fit.
            let numbers = Rect { height: (area.height / 2).max(area.height.min(7).saturating_sub(2)), ..area };
            let used = self.draw_numbers(frame, numbers, explained, pen);
            let text = Rect { y: area.y + used, height: area.height - used, ..area };
            explained.page.draw(frame, text, pen.theme);
        }
    }

    fn no_attention(&self, pen: &Pen) -> (String, Role) {
        if let Some(refused) = &self.refused {
            return (format!("The attention could not be read: {refused}"), Role::Error);
        }
        match &pen.session.models {
            ModelState::Ready { reranker: None, .. } => ("There is no reranker to look into.".into(), Role::Muted),
            ModelState::Failed(_) => ("There are no models to look into.".into(), Role::Warning),
            ModelState::Loading => ("The models are loading.".into(), Role::Muted),
            ModelState::Ready { .. } => ("Waiting for the reranker's score of this skill.".into(), Role::Muted),
        }
    }

    /// Rows used.
    fn draw_numbers(&self, frame: &mut Frame, area: Rect, explained: &Explained, pen: &Pen) -> u16 {
        let attribution = &explained.attribution;
        let columns = usize::from(area.width);
        let mut rows = vec![self.lens_row(explained, pen)];
        rows.extend(field_rows(attribution, columns, pen));
        rows.extend(notes(attribution, pen, columns));
        let strip_after = rows.len() as u16;
        let strip = strip_after + STRIP_ROWS < area.height && !attribution.layers.is_empty();
        if strip {
            rows.extend((0..STRIP_ROWS).map(|_| Line::default()));
        }
        rows.push(legend(pen));
        rows.extend(wrapped(&heaviest_words(&explained.most), columns, Role::Muted, pen));
        let used = (rows.len() as u16).min(area.height);
        for (y, row) in rows.into_iter().take(used.into()).enumerate() {
            frame.render_widget(row, Rect { y: area.y + y as u16, height: 1, ..area });
        }
        if strip {
            let layers = attribution.layers.len();
            let strip = LayerStrip { layers: &attribution.layers, band: attribution.lens.band.layers(layers) };
            let area = Rect { y: area.y + strip_after, height: STRIP_ROWS, ..area };
            strip.draw(frame, area, pen.theme, pen.symbols);
        }
        used
    }

    /// What is averaged.
    fn lens_row(&self, explained: &Explained, pen: &Pen) -> Line<'static> {
        let lens = explained.attribution.lens;
        let heads = explained.capture.attention.heads;
        let head = lens.head.map_or(format!("all {heads} heads"), |head| format!("head {} of {heads}", head + 1));
        let layers = explained.capture.attention.layers;
        let band = lens.band.layers(layers);
        let which = if band.len() > 1 { format!(" {}-{}", band.start + 1, band.end) } else { String::new() };
        let what = format!("mean of {}{which} of {layers}, {head}", band_label(lens.band));
        Line::from(pen.span(what, Role::Accent))
    }
}

fn field_rows(attribution: &Attribution, columns: usize, pen: &Pen) -> Vec<Line<'static>> {
    let bar = columns.saturating_sub(WITHOUT_BAR).min(BAR);
    let header = format!("{:12}{:>7} {:bar$} {:>7} {:>6}", "field", "share", "", "tokens", "lift");
    let mut rows = vec![Line::from(pen.span(header, Role::Muted))];
    for field in Field::ALL {
        let own = attribution.fields[field as usize];
        let lift = own.lift.map_or("-".into(), |lift| format!("{lift:.2}"));
        rows.push(Line::from(vec![
            pen.span(fit(field.key(), 12, ""), field_role(field)),
            pen.span(format!("{:>7} ", percent(own.share)), Role::Text),
            pen.span(score_bar(own.share, bar, pen.symbols), Role::ScoreBar),
            pen.span(format!(" {:>7}", percent(own.token_share)), Role::Muted),
            pen.span(format!(" {lift:>6}"), Role::Text),
        ]));
    }
    rows
}

/// What was taken out, and what the model never saw.
fn notes(attribution: &Attribution, pen: &Pen, columns: usize) -> Vec<Line<'static>> {
    let removed = attribution.removed;
    let taken = format!(
        "removed {}: special {}, request {}, separators {}",
        percent(removed.total()),
        percent(removed.special),
        percent(removed.request),
        percent(removed.separators)
    );
    let (seen, total) = (attribution.seen_tokens, attribution.total_tokens);
    let saw = format!("saw {} of {} tokens", thousands(seen), thousands(total));
    let cut: String = cuts(attribution)
        .map(|(field, cut)| format!("; caps cut {} characters of {}", thousands(cut), field.key()))
        .collect();
    let role = if seen < total || !cut.is_empty() { Role::Warning } else { Role::Muted };
    let mut rows = wrapped(&taken, columns, Role::Muted, pen);
    rows.extend(wrapped(&format!("{saw}{cut}"), columns, role, pen));
    rows
}

/// The steps of the heat, in their own looks and in digits.
fn legend(pen: &Pen) -> Line<'static> {
    let steps = (1..HEAT_STEPS).map(|step| Span::styled(format!(" {step} "), pen.theme.heat(step)));
    std::iter::once(pen.span("heat of a word ", Role::Muted)).chain(steps).collect()
}

fn heaviest_words(most: &[(String, f32)]) -> String {
    let words: Vec<String> = most.iter().map(|(word, weight)| format!("{word} {}", percent(*weight))).collect();
    match words.is_empty() {
        true => "no word was read".into(),
        false => format!("most: {}", words.join(", ")),
    }
}

pub(super) fn wrapped(text: &str, columns: usize, role: Role, pen: &Pen) -> Vec<Line<'static>> {
    wrap(text, columns).into_iter().map(|row| Line::from(pen.span(text[row].to_owned(), role))).collect()
}
