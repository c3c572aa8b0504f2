//! The symbols of the chrome. All take one column in unicode-width; terminals that draw ambiguous characters wide are
//! what `ascii = true` is for.

#[derive(Debug, PartialEq, Eq)]
pub struct Symbols {
    pub promoted: &'static str,
    pub demoted: &'static str,
    pub same: &'static str,
    pub unscored: &'static str,
    pub gold: &'static str,
    pub pinned: &'static str,
    pub selected: &'static str,
    pub rule: &'static str,
    pub vertical: &'static str,
    /// Connector from a row: turning down, turning up; into a row: from above, from below.
    pub out_down: &'static str,
    pub out_up: &'static str,
    pub in_from_above: &'static str,
    pub in_from_below: &'static str,
    pub head: &'static str,
    pub ellipsis: &'static str,
    pub dot: &'static str,
    pub arrow: &'static str,
    pub minus: &'static str,
    /// Eighths of a bar cell, 1/8 to 8/8.
    pub bar: &'static [&'static str],
    pub prompt: &'static str,
    /// "This one", below or above what it marks.
    pub mark: &'static str,
    /// A group whose rows are shown, and one whose rows are not.
    pub open: &'static str,
    pub closed: &'static str,
    /// Parts of a bar: added by a later stage, taken away by it, and the most it could have reached.
    pub gained: &'static str,
    pub lost: &'static str,
    pub ceiling: &'static str,
    /// How many points are in one cell: one, a few, some, many.
    pub density: [&'static str; 4],
    /// Where the axes of a plot meet.
    pub corner: &'static str,
    /// Dots of a curve in Braille patterns, eight to a cell; else one mark to a cell.
    pub braille: bool,
}

pub const UNICODE: Symbols = Symbols {
    promoted: "↑",
    demoted: "↓",
    same: "=",
    unscored: "·",
    gold: "★",
    pinned: "◆",
    selected: "▌",
    rule: "─",
    vertical: "│",
    out_down: "╮",
    out_up: "╯",
    in_from_above: "╰",
    in_from_below: "╭",
    head: "▶",
    ellipsis: "…",
    dot: "·",
    arrow: "→",
    minus: "−",
    bar: &["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    prompt: "❯",
    mark: "▾",
    open: "▾",
    closed: "▸",
    gained: "▒",
    lost: "░",
    ceiling: "┆",
    density: ["·", "o", "O", "@"],
    corner: "└",
    braille: true,
};

pub const ASCII: Symbols = Symbols {
    promoted: "^",
    demoted: "v",
    same: "=",
    unscored: ".",
    gold: "*",
    pinned: "@",
    selected: ">",
    rule: "-",
    vertical: "|",
    out_down: "\\",
    out_up: "/",
    in_from_above: "\\",
    in_from_below: "/",
    head: ">",
    ellipsis: "~",
    dot: "-",
    arrow: "->",
    minus: "-",
    bar: &["#"],
    prompt: ">",
    mark: "v",
    open: "-",
    closed: "+",
    gained: "+",
    lost: "-",
    ceiling: "|",
    density: [".", "o", "O", "@"],
    corner: "+",
    braille: false,
};

impl Symbols {
    pub fn of(ascii: bool) -> &'static Symbols {
        if ascii { &ASCII } else { &UNICODE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::width;

    #[test]
    fn every_symbol_is_one_column_and_ascii_is_ascii() {
        let single = [
            UNICODE.promoted,
            UNICODE.demoted,
            UNICODE.same,
            UNICODE.unscored,
            UNICODE.gold,
            UNICODE.pinned,
            UNICODE.selected,
            UNICODE.rule,
            UNICODE.vertical,
            UNICODE.head,
            UNICODE.ellipsis,
            UNICODE.prompt,
            UNICODE.open,
            UNICODE.closed,
            UNICODE.gained,
            UNICODE.lost,
            UNICODE.ceiling,
            UNICODE.corner,
        ];
        assert!(single.iter().chain(UNICODE.bar).chain(&UNICODE.density).all(|symbol| width(symbol) == 1));
        assert!(format!("{ASCII:?}").is_ascii());
    }
}
