//! The numbers of the attention view: what is read and averaged, the fields, what was taken out, the layers, and the
//! pieces that have the most.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::explain::{Reading, SpanKind};
use crate::library::Field;
use crate::tui::explore::Explore;
use crate::tui::explore::attention::{Explained, Named, cuts};
use crate::tui::theme::{HEAT_STEPS, Role};
use crate::tui::widgets::heat::Scale;
use crate::tui::widgets::layer_strip::STRIP_ROWS;
use crate::tui::widgets::run_text::field_role;
use crate::tui::widgets::{LayerStrip, Pen, fit, percent, score_bar, thousands};

use super::wrapped;

const BAR: usize = 9;
/// Field, share, token share and lift.
const WITHOUT_BAR: usize = 36;

impl Explore {
    /// Rows used.
    pub(super) fn draw_numbers(&self, frame: &mut Frame, area: Rect, explained: &Explained, pen: &Pen) -> u16 {
        let columns = usize::from(area.width);
        let mut rows = self.what_is_read(explained, columns, pen);
        rows.extend(field_rows(explained, columns, pen));
        rows.extend(notes(explained, columns, pen));
        let strip_after = rows.len() as u16;
        let heaviest = heaviest(explained, self.gaze.kind, columns, pen);
        // Lines and sections were asked for; the layers can be had with words.
        let listed = if is_row(self.gaze.kind) { heaviest.len() as u16 } else { 0 };
        let strip = strip_after + STRIP_ROWS + listed < area.height && explained.capture.attention.layers > 0;
        if strip {
            rows.extend((0..STRIP_ROWS).map(|_| Line::default()));
        }
        rows.push(legend(explained, self.gaze.kind, pen));
        rows.extend(heaviest);
        let used = (rows.len() as u16).min(area.height);
        pen.rows(frame, area, rows);
        if strip {
            draw_strip(frame, Rect { y: area.y + strip_after, height: STRIP_ROWS, ..area }, explained, pen);
        }
        used
    }

    /// From where attention is read, of which heads, and what is still to come.
    fn what_is_read(&self, explained: &Explained, columns: usize, pen: &Pen) -> Vec<Line<'static>> {
        let attention = &explained.capture.attention;
        let heads = explained.numbers().heads.label(attention.layers, attention.heads);
        let mut rows = wrapped(&format!("{}; {heads}", source(explained.reading())), columns, Role::Accent, pen);
        let marked = self.gaze.marked.within(attention).len();
        if marked > 0 && !self.gaze.by_marks {
            rows.extend(wrapped(&format!("{marked} marked"), columns, Role::Muted, pen));
        }
        if explained.reading() != self.gaze.reading {
            let (words, role) = match &self.refused {
                Some(refused) => (format!("{}: not read: {refused}", source(self.gaze.reading)), Role::Error),
                None => (format!("{}: being read", source(self.gaze.reading)), Role::Warning),
            };
            rows.extend(wrapped(&words, columns, role, pen));
        }
        rows
    }
}

/// Where attention is read, in words.
fn source(reading: Reading) -> &'static str {
    match reading {
        Reading::Scored => "from the scored position",
        Reading::Request => "from the request's words",
        Reading::Calibrated => "scored position over an empty request",
    }
}

fn field_rows(explained: &Explained, columns: usize, pen: &Pen) -> Vec<Line<'static>> {
    let bar = columns.saturating_sub(WITHOUT_BAR).min(BAR);
    let (third, fourth) = if explained.change().is_some() { ("empty", "change") } else { ("tokens", "lift") };
    let header = format!("{:12}{:>7} {:bar$} {third:>7} {fourth:>6}", "field", "share", "");
    let mut rows = vec![Line::from(pen.span(header, Role::Muted))];
    for field in Field::ALL {
        let own = explained.numbers().fields[field as usize];
        let (third, fourth, role) = match explained.change() {
            Some((free, change)) => {
                let change = change.fields[field as usize];
                let role = if change < 0.0 { Role::Demoted } else { Role::Text };
                (percent(free.fields[field as usize].share), points(change), role)
            }
            None => {
                let lift = own.lift.map_or("-".into(), |lift| format!("{lift:.2}"));
                (percent(own.token_share), lift, Role::Text)
            }
        };
        rows.push(Line::from(vec![
            pen.span(fit(field.key(), 12, ""), field_role(field)),
            pen.span(format!("{:>7} ", percent(own.share)), Role::Text),
            pen.span(score_bar(own.share, bar, pen.symbols), Role::ScoreBar),
            pen.span(format!(" {third:>7}"), Role::Muted),
            pen.span(format!(" {fourth:>6}"), role),
        ]));
    }
    rows
}

/// What was taken out, and what the model never saw.
fn notes(explained: &Explained, columns: usize, pen: &Pen) -> Vec<Line<'static>> {
    let attribution = explained.numbers();
    let removed = attribution.removed;
    let mut taken = format!(
        "removed {} first: special {}, request {}, separators {}",
        percent(removed.total()),
        percent(removed.special),
        percent(removed.request),
        percent(removed.separators)
    );
    if let Some((free, change)) = explained.change() {
        let (free, score) = (percent(free.removed.total()), change.score);
        taken.push_str(&format!("; then the shares for an empty request (removed {free}, score {score:.2})"));
    }
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

fn draw_strip(frame: &mut Frame, area: Rect, explained: &Explained, pen: &Pen) {
    let own = explained.numbers();
    let looks = |shares: &[f32; 3]| shares.iter().any(|share| *share > 0.0);
    let (layers, scale): (Vec<[Option<f32>; 3]>, Scale) = match explained.change() {
        None => {
            (own.layers.iter().map(|layer| layer.map(|share| looks(layer).then_some(share))).collect(), Scale::Whole)
        }
        Some((free, _)) => {
            let change = |(own, free): (&[f32; 3], &[f32; 3])| {
                let both = looks(own) && looks(free);
                [0, 1, 2].map(|field| both.then(|| own[field] - free[field]))
            };
            let layers: Vec<[Option<f32>; 3]> = own.layers.iter().zip(&free.layers).map(change).collect();
            let most = layers.iter().flatten().flatten().fold(0.0f32, |most, change| most.max(change.abs()));
            (layers, Scale::Change(most))
        }
    };
    let mean = own.heads.layers(&explained.capture.attention);
    LayerStrip { layers: &layers, scale, mean: &mean }.draw(frame, area, pen.theme, pen.symbols);
}

/// The steps of the heat, in their own looks and in digits, and the look of a fall.
fn legend(explained: &Explained, kind: SpanKind, pen: &Pen) -> Line<'static> {
    let steps = (1..HEAT_STEPS).map(|step| Span::styled(format!(" {step} "), pen.theme.heat(step)));
    let fall = explained.change().map(|_| pen.span(" loses", Role::Demoted));
    let heat = pen.span(format!("heat of a {} ", kind.key()), Role::Muted);
    std::iter::once(heat).chain(steps).chain(fall).collect()
}

/// The pieces with the most: words in a sentence, lines and sections with a row each.
fn heaviest(explained: &Explained, kind: SpanKind, columns: usize, pen: &Pen) -> Vec<Line<'static>> {
    let signed = explained.change().is_some();
    let share = |weight: f32| if signed { points(weight) } else { percent(weight) };
    let list = |named: &[Named]| {
        let each: Vec<String> = named.iter().map(|named| format!("{} {}", named.label, share(named.weight))).collect();
        each.join(", ")
    };
    if explained.most.is_empty() && explained.least.is_empty() {
        return wrapped("no word was read", columns, Role::Muted, pen);
    }
    if !is_row(kind) {
        let mut rows = Vec::new();
        if !explained.most.is_empty() {
            rows.extend(wrapped(&format!("most: {}", list(&explained.most)), columns, Role::Muted, pen));
        }
        if !explained.least.is_empty() {
            rows.extend(wrapped(&format!("least: {}", list(&explained.least)), columns, Role::Muted, pen));
        }
        return rows;
    }
    let header = format!("{:>7} {:>7}  {}", if signed { "change" } else { "share" }, "tokens", kind.key());
    let row = |named: &Named| {
        let tokens = named.tokens.0 as f32 / named.tokens.1.max(1) as f32;
        let label = fit(&named.label, columns.saturating_sub(17), pen.symbols.ellipsis);
        let role = if named.weight < 0.0 { Role::Demoted } else { Role::Text };
        Line::from(vec![
            pen.span(format!("{:>7} ", share(named.weight)), role),
            pen.span(format!("{:>7}  ", percent(tokens)), Role::Muted),
            pen.span(label, Role::Text),
        ])
    };
    let header = std::iter::once(Line::from(pen.span(header, Role::Muted)));
    header.chain(explained.most.iter().chain(&explained.least).map(row)).collect()
}

/// Whether a piece has a row of its own.
fn is_row(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Line | SpanKind::Section)
}

/// A change of a share in percentage points.
pub(super) fn points(change: f32) -> String {
    format!("{:+.1}", change * 100.0)
}
