//! Only the rows that are visible are built: ratatui would draw only those, but building all costs 50 ms at 100,000
//! rows (tui.md, pitfall 5).

use std::ops::Range;

/// The rows of a list of `total` to show in `height` rows: the selected one is in the middle where the list is longer
/// than the pane, so no scroll position has to be kept.
pub fn window(selected: Option<usize>, total: usize, height: usize) -> Range<usize> {
    let height = height.min(total);
    let selected = selected.unwrap_or(0).min(total.saturating_sub(1));
    let start = selected.saturating_sub(height / 2).min(total - height);
    start..start + height
}

/// Where a selection goes when it moves by `by` rows in a list of `total`.
pub fn step(selected: Option<usize>, by: isize, total: usize) -> Option<usize> {
    let last = total.checked_sub(1)?;
    Some(selected.map_or(0, |selected| selected.saturating_add_signed(by)).min(last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_selected_row_is_always_in_the_window(total in 0usize..200, selected in 0usize..200, height in 0usize..60) {
            let shown = window(Some(selected), total, height);
            prop_assert_eq!(shown.len(), height.min(total));
            prop_assert!(shown.end <= total);
            if total > 0 && height > 0 {
                prop_assert!(shown.contains(&selected.min(total - 1)));
            }
        }
    }

    #[test]
    fn steps_stop_at_both_ends() {
        assert_eq!(step(Some(3), -9, 5), Some(0));
        assert_eq!(step(Some(3), 9, 5), Some(4));
        assert_eq!(step(None, 1, 5), Some(0));
        assert_eq!(step(Some(3), 1, 0), None);
    }
}
