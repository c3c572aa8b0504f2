//! The change of a rank, as visible down as up: symbol, number and role, never colour alone.

use crate::search::Ranked;
use crate::tui::theme::Role;

use super::Symbols;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankChange {
    Promoted(usize),
    Demoted(usize),
    Same,
    /// The reranker has not scored it yet.
    Unscored,
}

impl RankChange {
    pub fn of(row: &Ranked) -> Self {
        match (row.score, row.change()) {
            (None, _) => RankChange::Unscored,
            (_, 0) => RankChange::Same,
            (_, change) if change > 0 => RankChange::Promoted(change.unsigned_abs() as usize),
            (_, change) => RankChange::Demoted(change.unsigned_abs() as usize),
        }
    }

    /// "↑3", "↓5", "=", "·".
    pub fn label(self, symbols: &Symbols) -> String {
        match self {
            RankChange::Promoted(by) => format!("{}{by}", symbols.promoted),
            RankChange::Demoted(by) => format!("{}{by}", symbols.demoted),
            RankChange::Same => symbols.same.into(),
            RankChange::Unscored => symbols.unscored.into(),
        }
    }

    pub fn role(self) -> Role {
        match self {
            RankChange::Promoted(_) => Role::Promoted,
            RankChange::Demoted(_) => Role::Demoted,
            RankChange::Same | RankChange::Unscored => Role::Muted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::SkillIx;
    use crate::tui::widgets::symbols::{ASCII, UNICODE};

    #[test]
    fn both_directions_have_a_sign_a_number_and_a_role() {
        let row = |before, after, score| Ranked { skill: SkillIx(0), before, after, score };
        for (row, unicode, ascii, role) in [
            (row(9, 3, Some(1.0)), "↑6", "^6", Role::Promoted),
            (row(3, 9, Some(1.0)), "↓6", "v6", Role::Demoted),
            (row(3, 3, Some(1.0)), "=", "=", Role::Muted),
            (row(3, 5, None), "·", ".", Role::Muted),
        ] {
            let change = RankChange::of(&row);
            assert_eq!((change.label(&UNICODE).as_str(), change.label(&ASCII).as_str()), (unicode, ascii));
            assert_eq!(change.role(), role);
        }
    }
}
