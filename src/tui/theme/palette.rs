//! Colours: how many a terminal has, and how to say one colour with fewer.

use ratatui::style::Color;

use crate::config::ColorChoice;

/// How many colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColorDepth {
    None,
    Ansi16,
    Ansi256,
    True,
}

impl ColorDepth {
    /// What the user asked for, else [`ColorDepth::detect`].
    pub fn choose(choice: ColorChoice, env: &dyn Fn(&str) -> Option<String>) -> Self {
        match choice {
            ColorChoice::Auto => ColorDepth::detect(env),
            ColorChoice::None => ColorDepth::None,
            ColorChoice::Ansi16 => ColorDepth::Ansi16,
            ColorChoice::Ansi256 => ColorDepth::Ansi256,
            ColorChoice::True => ColorDepth::True,
        }
    }

    /// From the environment. `NO_COLOR` counts when it is not empty (no-color.org); `COLORTERM` is often lost over
    /// ssh, so a terminal that does not say more gets 256 or 16 colours rather than a refusal.
    pub fn detect(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        if set("NO_COLOR").is_some() || term == "dumb" {
            return ColorDepth::None;
        }
        if set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit") || term.contains("direct") {
            return ColorDepth::True;
        }
        if term.contains("256") { ColorDepth::Ansi256 } else { ColorDepth::Ansi16 }
    }

    /// The nearest colour that this depth has; `None` if it has none.
    pub fn reduce(self, color: Color) -> Option<Color> {
        match (self, rgb_of_extended(color)) {
            (ColorDepth::None, _) => None,
            (ColorDepth::Ansi256, Some(rgb)) if matches!(color, Color::Rgb(..)) => {
                Some(Color::Indexed(nearest_256(rgb)))
            }
            (ColorDepth::Ansi16, Some(rgb)) => Some(nearest_16(rgb)),
            _ => Some(color),
        }
    }
}

pub type Rgb = (u8, u8, u8);

/// The 16 colours with the values xterm gives them (XTerm-col.ad); real terminals differ, which is why the terminal
/// themes are written in names and only reduced ones depend on this table.
pub const ANSI: [(Color, Rgb); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 0, 0)),
    (Color::LightGreen, (0, 255, 0)),
    (Color::LightYellow, (255, 255, 0)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 0, 255)),
    (Color::LightCyan, (0, 255, 255)),
    (Color::White, (255, 255, 255)),
];

/// Levels of the 6×6×6 cube that makes up colours 16 to 231.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Red, green and blue of a colour that is not one of the terminal's own 16.
fn rgb_of_extended(color: Color) -> Option<Rgb> {
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index) if index >= 16 => Some(rgb_of_index(index)),
        _ => None,
    }
}

/// Red, green and blue of colour 16 to 255 of the xterm palette.
pub fn rgb_of_index(index: u8) -> Rgb {
    if index >= 232 {
        let level = 8 + (index - 232) * 10;
        return (level, level, level);
    }
    let index = index.saturating_sub(16);
    (CUBE[usize::from(index / 36)], CUBE[usize::from(index / 6 % 6)], CUBE[usize::from(index % 6)])
}

fn nearest_256(rgb: Rgb) -> u8 {
    // The first 16 are the user's own colours, so they are never chosen.
    (16..=255).min_by(|&a, &b| distance(rgb, rgb_of_index(a)).total_cmp(&distance(rgb, rgb_of_index(b)))).unwrap_or(16)
}

fn nearest_16(rgb: Rgb) -> Color {
    ANSI.iter()
        .min_by(|a, b| distance(rgb, a.1).total_cmp(&distance(rgb, b.1)))
        .map_or(Color::Reset, |&(color, _)| color)
}

/// Difference as an eye sees it: CIE 1976 ΔE in L*a*b*. Plain RGB distance turns dark greys into blues.
fn distance(a: Rgb, b: Rgb) -> f32 {
    let (a, b) = (lab(a), lab(b));
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// CIE L*a*b* (D65) of an sRGB colour; L* from 0 to 100.
pub fn lab(rgb: Rgb) -> [f32; 3] {
    let [r, g, b] = linear(rgb);
    let x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47;
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83;
    let f = |t: f32| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
}

/// WCAG 2.2 contrast ratio, 1 to 21.
pub fn contrast(a: Rgb, b: Rgb) -> f32 {
    let luminance = |rgb| {
        let [r, g, b] = linear(rgb);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b): (f32, f32) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn linear((r, g, b): Rgb) -> [f32; 3] {
    [r, g, b].map(|channel| {
        let value = f32::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}
