use super::palette::{ANSI, ColorDepth, Rgb, contrast, lab, rgb_of_index};
use super::*;
use crate::config::ThemeChoice;

fn themes(depth: ColorDepth) -> Themes {
    let (themes, problems) = Themes::load(depth, None);
    assert_eq!(problems, Vec::<String>::new());
    themes
}

fn each(depth: ColorDepth) -> Vec<Theme> {
    let themes = themes(depth);
    let names: Vec<String> = themes.names().map(str::to_string).collect();
    names.iter().map(|name| themes.get(name).unwrap()).collect()
}

fn rgb(color: Color) -> Option<Rgb> {
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index) if index >= 16 => Some(rgb_of_index(index)),
        _ => None,
    }
}

/// The 24-bit themes, with their page.
fn painted(depth: ColorDepth) -> Vec<(Theme, Rgb)> {
    each(depth)
        .into_iter()
        .filter_map(|theme| {
            let page = theme.style(Role::Text).bg.and_then(rgb)?;
            Some((theme, page))
        })
        .collect()
}

#[test]
fn there_are_two_colour_pairs_a_terminal_pair_and_one_without_colour() {
    let themes = themes(ColorDepth::True);
    for background in [Background::Dark, Background::Light] {
        assert_eq!(themes.names().filter(|name| themes.background(name) == Some(background)).count(), 3);
    }
    assert_eq!(painted(ColorDepth::True).len(), 4);
}

#[test]
fn every_text_role_can_be_read() {
    for depth in [ColorDepth::True, ColorDepth::Ansi256] {
        for (theme, page) in painted(depth) {
            for role in Role::ALL {
                // Lines are not read.
                if matches!(role, Role::Border | Role::BorderFocused) {
                    continue;
                }
                let style = theme.style(role);
                let ink = style.fg.and_then(rgb).unwrap_or_else(|| panic!("{} {role:?} has no colour", theme.name));
                let ground = style.bg.and_then(rgb).unwrap_or(page);
                let ratio = contrast(ink, ground);
                assert!(ratio >= 4.5, "{} {role:?} at {depth:?}: {ratio:.2}", theme.name);
            }
            for step in 1..HEAT_STEPS {
                let style = theme.heat(step);
                let (ink, ground) = (style.fg.and_then(rgb).unwrap(), style.bg.and_then(rgb).unwrap());
                let ratio = contrast(ink, ground);
                assert!(ratio >= 4.5, "{} heat {step} at {depth:?}: {ratio:.2}", theme.name);
            }
        }
    }
}

#[test]
fn heat_moves_away_from_the_page_in_lightness_at_every_step() {
    for depth in [ColorDepth::True, ColorDepth::Ansi256] {
        for (theme, page) in painted(depth) {
            let light = lab(page)[0] > 50.0;
            let grounds: Vec<f32> = std::iter::once(page)
                .chain((1..HEAT_STEPS).map(|step| theme.heat(step).bg.and_then(rgb).unwrap()))
                .map(|ground| lab(ground)[0])
                .collect();
            for pair in grounds.windows(2) {
                let step = if light { pair[0] - pair[1] } else { pair[1] - pair[0] };
                // 5 in L* is about two just noticeable differences for large patches.
                assert!(step >= 5.0, "{} at {depth:?}: {grounds:?}", theme.name);
            }
        }
    }
}

#[test]
fn what_must_not_be_confused_looks_different_in_every_theme_and_depth() {
    let pairs = [
        (Role::Text, Role::Selection),
        (Role::Text, Role::Muted),
        (Role::Text, Role::Unseen),
        (Role::Text, Role::Pinned),
        (Role::Promoted, Role::Demoted),
        (Role::Border, Role::BorderFocused),
        (Role::Gold, Role::Pinned),
        (Role::Warning, Role::Error),
        (Role::FieldName, Role::FieldDescription),
        (Role::FieldDescription, Role::FieldBody),
        (Role::FieldName, Role::FieldBody),
    ];
    for depth in [ColorDepth::None, ColorDepth::Ansi16, ColorDepth::Ansi256, ColorDepth::True] {
        for theme in each(depth) {
            for (a, b) in pairs {
                assert_ne!(theme.style(a), theme.style(b), "{} at {depth:?}: {a:?} and {b:?}", theme.name);
            }
            for a in 0..HEAT_STEPS {
                for b in 0..a {
                    assert_ne!(theme.heat(a), theme.heat(b), "{} at {depth:?}: heat {a} and {b}", theme.name);
                }
            }
        }
    }
}

#[test]
fn no_theme_brings_a_colour_the_terminal_lacks() {
    for theme in each(ColorDepth::None) {
        for style in Role::ALL.map(|role| theme.style(role)).into_iter().chain((0..HEAT_STEPS).map(|s| theme.heat(s))) {
            assert_eq!((style.fg, style.bg), (None, None), "{}", theme.name);
        }
    }
    for (depth, allowed) in [(ColorDepth::Ansi16, 16), (ColorDepth::Ansi256, 256)] {
        for theme in each(depth) {
            for role in Role::ALL {
                let style = theme.style(role);
                for color in [style.fg, style.bg].into_iter().flatten() {
                    assert!(!matches!(color, Color::Rgb(..)), "{} {role:?}", theme.name);
                    assert!(allowed == 256 || !matches!(color, Color::Indexed(_)), "{} {role:?}", theme.name);
                }
            }
        }
    }
}

/// A simulation of the two red-green deficiencies (Machado et al. 2009, severity 1.0, on linear RGB would be exact;
/// on the encoded values it is close enough to tell "same" from "different").
#[test]
fn beacon_keeps_promotion_and_demotion_apart_for_red_green_blind_eyes() {
    let protan = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]];
    let deutan = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]];
    let seen = |matrix: [[f32; 3]; 3], (r, g, b): Rgb| {
        let rgb = [f32::from(r), f32::from(g), f32::from(b)];
        let [r, g, b] = matrix.map(|row| row.iter().zip(rgb).map(|(m, c)| m * c).sum::<f32>().clamp(0.0, 255.0) as u8);
        (r, g, b)
    };
    for name in ["beacon-dark", "beacon-light"] {
        let theme = themes(ColorDepth::True).get(name).unwrap();
        for (a, b) in [
            (Role::Promoted, Role::Demoted),
            (Role::FieldName, Role::FieldDescription),
            (Role::FieldName, Role::FieldBody),
        ] {
            let [a, b] = [a, b].map(|role| theme.style(role).fg.and_then(rgb).unwrap());
            for matrix in [protan, deutan] {
                let (a, b) = (lab(seen(matrix, a)), lab(seen(matrix, b)));
                let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
                assert!(distance > 25.0, "{name}: {distance}");
            }
        }
    }
}

#[test]
fn a_missing_role_takes_its_parents_style() {
    let (mut themes, _) = Themes::load(ColorDepth::True, None);
    let heat = "heat = ['', 'bold', 'dim', 'italic', 'red', 'green', 'blue', 'cyan']\n";
    let source = format!("about = 'x'\nbackground = 'dark'\n{heat}[roles]\nwarning = 'red'\n");
    themes.add("mine", "mine.toml", &source).unwrap();
    let theme = themes.get("mine").unwrap();
    assert_eq!(theme.style(Role::Error), Style::new().fg(Color::Red));
    assert_eq!(theme.style(Role::Gold), Style::new());
    assert_eq!(theme.style(Role::Selection), Style::new().add_modifier(Modifier::REVERSED));
}

#[test]
fn errors_in_a_theme_file_name_line_and_column() {
    let (mut themes, _) = Themes::load(ColorDepth::True, None);
    let check = |themes: &mut Themes, source: &str, wanted: &str| {
        let error = themes.add("mine", "mine.toml", source).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    };
    let head = "about = 'x'\nbackground = 'dark'\ninherits = 'mono'\n[roles]\n";
    check(&mut themes, &format!("{head}txet = 'red'\n"), "mine.toml:5:1: no role \"txet\"");
    check(&mut themes, &format!("{head}text = 'rde'\n"), "mine.toml:5:8: \"rde\" is not a colour");
    check(&mut themes, &format!("{head}text = '#f'\n"), "mine.toml:5:8: \"#f\" is not");
    check(&mut themes, &format!("{head}text = '#é12345'\n"), "mine.toml:5:8: ");
    check(&mut themes, "about = 'x'\nbackground = 'dark'\nheat = ['red']\n", "mine.toml:3:8: `heat` needs 8");
    check(&mut themes, "about = 'x'\nbackground = 'dark'\ncolour = 1\n", "mine.toml:3:1: ");
}

#[test]
fn the_background_decides_and_an_unknown_name_is_only_a_warning() {
    let themes = themes(ColorDepth::True);
    let name = |choice: &ThemeChoice, light| themes.choose(choice, light).0.name;
    assert_eq!(name(&ThemeChoice::Auto, None), "terminal-dark");
    assert_eq!(name(&ThemeChoice::Auto, Some(true)), "terminal-light");
    let pair = ThemeChoice::Pair { dark: "harbor-dark".into(), light: "beacon-light".into() };
    assert_eq!(name(&pair, Some(true)), "beacon-light");
    let (theme, problem) = themes.choose(&ThemeChoice::Named("nope".into()), Some(true));
    assert_eq!(theme.name, "terminal-light");
    assert!(problem.unwrap().contains("nope"));
    assert_eq!(themes.after("mono").name, "terminal-dark");
}

#[test]
fn colour_depth_follows_the_environment() {
    let depth = |pairs: &[(&str, &str)]| {
        let find = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
        ColorDepth::detect(&find)
    };
    assert_eq!(depth(&[("TERM", "xterm-256color")]), ColorDepth::Ansi256);
    assert_eq!(depth(&[("TERM", "xterm")]), ColorDepth::Ansi16);
    assert_eq!(depth(&[("TERM", "tmux-256color"), ("COLORTERM", "truecolor")]), ColorDepth::True);
    assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), ColorDepth::None);
    // An empty NO_COLOR means unset.
    assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]), ColorDepth::Ansi256);
    assert_eq!(depth(&[("TERM", "dumb"), ("COLORTERM", "truecolor")]), ColorDepth::None);
}

#[test]
fn reduction_finds_exact_colours_and_keeps_greys_grey() {
    for (color, (r, g, b)) in ANSI {
        assert_eq!(ColorDepth::Ansi16.reduce(Color::Rgb(r, g, b)), Some(color));
    }
    for index in 16..=255u8 {
        let (r, g, b) = rgb_of_index(index);
        let Some(Color::Indexed(found)) = ColorDepth::Ansi256.reduce(Color::Rgb(r, g, b)) else { panic!() };
        assert_eq!(rgb_of_index(found), (r, g, b));
    }
    let Some(Color::Indexed(grey)) = ColorDepth::Ansi256.reduce(Color::Rgb(20, 20, 21)) else { panic!() };
    let (r, g, b) = rgb_of_index(grey);
    assert!(r == g && g == b);
    // The user's own colours are left alone.
    assert_eq!(ColorDepth::Ansi256.reduce(Color::Red), Some(Color::Red));
}
