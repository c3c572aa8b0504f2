//! Charts for looking rather than reading. They take plain numbers, know nothing of evaluation, and say everything in
//! symbols and digits: colour only repeats it.

mod bars;
mod curve;
mod ranks;
mod scatter;

pub use bars::{Bar, Bars, track};
pub use curve::{Curve, Point};
pub use ranks::{RankCount, RankHistogram};
pub use scatter::Scatter;

/// A number and its sign as a change: "↑0.1210", "↓0.0310", "=".
pub fn change(by: f64, digits: usize, symbols: &super::Symbols) -> (String, crate::tui::theme::Role) {
    use crate::tui::theme::Role;
    // Below what the digits show there is no change to speak of.
    let least = 0.5 * 10f64.powi(-(digits as i32));
    match by {
        by if by >= least => (format!("{}{by:.digits$}", symbols.promoted), Role::Promoted),
        by if by <= -least => (format!("{}{:.digits$}", symbols.demoted, -by), Role::Demoted),
        _ => (symbols.same.into(), Role::Muted),
    }
}

#[cfg(test)]
mod tests;
