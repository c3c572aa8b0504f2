use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

use super::*;
use crate::tui::session::Session;
use crate::tui::theme::{ColorDepth, Themes};
use crate::tui::widgets::Pen;

/// What `draw` puts on a screen of this size, rows without trailing blanks.
fn drawn(size: (u16, u16), ascii: bool, draw: impl Fn(&mut ratatui::Frame, Rect, &Pen)) -> Vec<String> {
    let session = Session { ascii, ..crate::tui::explore::fixture::session() };
    let (themes, _) = Themes::load(ColorDepth::True, None);
    let theme = themes.get("mono").unwrap();
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(frame, frame.area(), &Pen::new(&session, &theme))).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..size.0).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>().trim_end().to_owned();
    (0..size.1).map(row).collect()
}

fn bar(label: &str, before: f64, after: f64, ceiling: Option<f64>) -> Bar {
    Bar { label: label.into(), count: 1234, before, after, ceiling }
}

#[test]
fn a_bar_says_what_was_kept_gained_lost_and_possible() {
    let rows = [bar("up", 0.5, 0.7, Some(1.0)), bar("down", 0.7, 0.5, Some(0.8)), bar("flat", 0.5, 0.5, None)];
    let bars =
        |frame: &mut ratatui::Frame, area, pen: &Pen| Bars { rows: &rows, selected: Some(1) }.draw(frame, area, pen);
    let columns = 4 + 5 + 15 + 4 + 10;
    assert_eq!(
        drawn((columns, 3), false, bars),
        [
            " up   1,234 █████▒▒  ┆ 0.7000 ↑0.2000",
            "▌down 1,234 █████░░┆   0.5000 ↓0.2000",
            " flat 1,234 █████      0.5000 =",
        ]
    );
    assert_eq!(
        drawn((columns, 3), true, bars),
        [
            " up   1,234 #####++  | 0.7000 ^0.2000",
            ">down 1,234 #####--|   0.5000 v0.2000",
            " flat 1,234 #####      0.5000 =",
        ]
    );
    assert_eq!(drawn((26, 1), true, bars), [">do~ 1,234  0.5000 v0.2000"], "the selected row, no bar");
}

#[test]
fn ranks_of_both_stages_share_a_scale() {
    let rows =
        [("1", 8, 16), ("2-5", 4, 0)].map(|(label, before, after)| RankCount { label: label.into(), before, after });
    let chart = |frame: &mut ratatui::Frame, area, pen: &Pen| RankHistogram { rows: &rows }.draw(frame, area, pen);
    assert_eq!(
        drawn((32, 3), true, chart),
        ["rank  shortlist    final", "   1    8 ####      16 ########", " 2-5    4 ##         0"]
    );
}

#[test]
fn points_lie_where_they_belong_and_the_diagonal_is_drawn() {
    let mut points = vec![(0.0, 1.0), (1.0, 0.0), (0.5, 0.5)];
    points.extend(vec![(1.0, 1.0); 12]);
    let scatter = Scatter { points: &points };
    assert_eq!(scatter.balance(), (1, 13, 1));
    let rows = drawn((4 + 9, 3 + 3), true, |frame, area, pen| Scatter { points: &points }.draw(frame, area, pen));
    assert_eq!(rows[..3], ["  1|.       @", "   |    .", "  0|/       ."]);
    assert_eq!(rows[3..5], ["   +---------", "    0       1"]);
}

#[test]
fn a_curve_goes_through_its_points() {
    let points = [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)].map(|(x, y)| Point { x, y });
    let curve = |frame: &mut ratatui::Frame, area, pen: &Pen| {
        Curve { points: &points, marked: Some(points[1]) }.draw(frame, area, pen);
    };
    assert_eq!(
        drawn((5 + 5, 5 + 2), true, curve),
        ["1.00|    *", "    |   *", "    |  @", "    | *", "   0|*", "    +-----", "     0   1"]
    );
    // Ten by twenty dots in five by five cells: the first and last cell hold the ends.
    let braille = drawn((5 + 5, 5 + 2), false, curve);
    assert!(braille[0].ends_with(['⢀', '⣀', '⡇', '⠏', '⣠', '⡰', '⡎', '⢠', '⡜']), "{braille:?}");
    assert!(braille[2].contains('◆'), "{braille:?}");
}

#[test]
fn no_size_and_no_number_breaks_a_chart() {
    let rows = [bar("x", f64::NAN, 7.0, Some(-1.0))];
    let ranks = [RankCount { label: "1".into(), before: 0, after: 0 }];
    let points = [(f64::NAN, 0.5), (2.0, -1.0)];
    let curve = [Point { x: 0.4, y: f64::NAN }, Point { x: 0.4, y: 9.0 }];
    for width in 1..60 {
        for height in 1..12 {
            for ascii in [false, true] {
                drawn((width, height), ascii, |frame, area, pen| {
                    Bars { rows: &rows, selected: None }.draw(frame, area, pen);
                    RankHistogram { rows: &ranks }.draw(frame, area, pen);
                    Scatter { points: &points }.draw(frame, area, pen);
                    Curve { points: &curve, marked: Some(curve[0]) }.draw(frame, area, pen);
                });
            }
        }
    }
}
