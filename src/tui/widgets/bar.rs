//! A bar that says how much, beside the number that says it exactly.

use super::Symbols;

/// `part` of 0 to 1 as a bar of exactly `columns` columns. Anything above nothing shows at least the smallest mark.
pub fn score_bar(part: f32, columns: usize, symbols: &Symbols) -> String {
    let steps = symbols.bar.len();
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
    let filled = (part * (columns * steps) as f32).round() as usize;
    let filled = if part > 0.0 { filled.max(1) } else { filled }.min(columns * steps);
    let (full, rest) = (filled / steps, filled % steps);
    let mut bar = symbols.bar[steps - 1].repeat(full);
    if rest > 0 {
        bar.push_str(symbols.bar[rest - 1]);
    }
    bar.push_str(&" ".repeat(columns - full - usize::from(rest > 0)));
    bar
}

/// Where a score lies between the lowest and the highest of its list, 0.1 to 1, so that the lowest still has a bar:
/// raw scores of a cross-encoder may be negative and have no zero of their own.
pub fn between(score: f32, lowest: f32, highest: f32) -> f32 {
    if highest > lowest { 0.1 + 0.9 * (score - lowest) / (highest - lowest) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::{symbols, width};

    #[test]
    fn bars_are_as_long_as_their_part() {
        let bar = |part| score_bar(part, 4, &symbols::UNICODE);
        assert_eq!([bar(0.0), bar(0.5), bar(1.0)], ["    ", "██  ", "████"]);
        assert_eq!(bar(0.03125 * 9.0), "█▏  ");
        assert_eq!(bar(0.0001), "▏   ", "something is not nothing");
        assert_eq!(score_bar(0.5, 4, &symbols::ASCII), "##  ");
        for part in [f32::NAN, f32::INFINITY, -1.0, 7.0] {
            assert_eq!(width(&bar(part)), 4);
        }
    }

    #[test]
    fn negative_scores_keep_their_order() {
        assert!(between(-3.0, -9.0, 2.0) < between(1.0, -9.0, 2.0));
        assert_eq!(between(5.0, 5.0, 5.0), 1.0);
    }
}
