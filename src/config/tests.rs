use super::*;
use crate::library::FieldSet;
use crate::search::Stage1;

fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
}

fn resolve(file: &str, pairs: &[(&str, &str)], flags: Layer) -> Result<Config, ConfigError> {
    let file = Some((PathBuf::from("/home/ada/.config/skillscope/config.toml"), file.to_string()));
    Config::resolve(file, &env(pairs), flags)
}

#[test]
fn each_layer_covers_the_one_below_and_only_where_it_speaks() {
    let file = "stage1 = 'lexical'\ndepth = 10\nfields = 'nd'\ntheme = { dark = 'a', light = 'b' }\n";
    let flags = Layer { depth: Some(50), ..Layer::default() };
    let config = resolve(file, &[("SKILLSCOPE_DEPTH", "30"), ("SKILLSCOPE_STAGE1", "dense")], flags).unwrap();
    assert_eq!(config.settings.depth, 50);
    assert_eq!(config.settings.stage1, Stage1::Dense);
    assert_eq!(config.settings.fields, FieldSet::NameDescription);
    assert_eq!(config.theme, ThemeChoice::Pair { dark: "a".into(), light: "b".into() });
    assert!(config.settings.rerank && config.mouse);
}

#[test]
fn colour_goes_flag_then_own_variable_then_no_color_then_file() {
    let file = "color = 256";
    let color =
        |pairs: &[(&str, &str)], flag| resolve(file, pairs, Layer { color: flag, ..Layer::default() }).unwrap().color;
    assert_eq!(color(&[], None), ColorChoice::Ansi256);
    assert_eq!(color(&[("NO_COLOR", "")], None), ColorChoice::Ansi256);
    assert_eq!(color(&[("NO_COLOR", "1")], None), ColorChoice::None);
    assert_eq!(color(&[("NO_COLOR", "1"), ("SKILLSCOPE_COLOR", "16")], None), ColorChoice::Ansi16);
    assert_eq!(color(&[("NO_COLOR", "1")], Some(ColorChoice::True)), ColorChoice::True);
}

#[test]
fn errors_name_path_line_and_column() {
    let check = |file: &str, wanted: &str| {
        let error = resolve(file, &[], Layer::default()).unwrap_err().to_string();
        let wanted = format!("/home/ada/.config/skillscope/config.toml:{wanted}");
        assert!(error.starts_with(&wanted), "{error}\nis not {wanted}");
        assert!(!error.contains('\n'), "{error}");
    };
    check("mouse = true\ntheem = 'mono'\n", "2:1: unknown field `theem`");
    check("mouse = 'ja'\n", "1:9: ");
    check("\n\n  stage1 = 'fast'\n", "3:12: \"fast\" is not one of lexical, dense, fused");
    check("depth = 0\n", "1:9: depth is a number from 1 to 1000");
    check("theme = { dark = 'a' }\n", "1:9: expected a theme's name");
    check("mouse = tru\n", "1:9: ");
    // A column counts characters, not bytes.
    check("theme = 'é' x = 1\n", "1:13: ");
}

#[test]
fn a_wrong_variable_is_named() {
    let error = resolve("", &[("SKILLSCOPE_FIELDS", "body")], Layer::default()).unwrap_err().to_string();
    assert_eq!(error, "environment variable SKILLSCOPE_FIELDS: \"body\" is not one of name, nd, full");
    let names = ["SKILLSCOPE_THEME", "SKILLSCOPE_THEEM", "HOME"].map(String::from);
    assert_eq!(Layer::unknown_variables(names.into_iter()).len(), 1);
}

#[test]
fn libraries_in_a_file_are_meant_from_the_file() {
    let config = resolve("libraries = ['../skills', '/opt/pool.jsonl']", &[], Layer::default()).unwrap();
    assert_eq!(config.libraries[0], PathBuf::from("/home/ada/.config/skillscope/../skills"));
    assert_eq!(config.libraries[1], PathBuf::from("/opt/pool.jsonl"));
    let mut layer = Layer { libraries: Some(vec!["~/skills".into()]), ..Layer::default() };
    layer.root_libraries(Some(Path::new("/etc")), Some(Path::new("/home/ada")));
    assert_eq!(layer.libraries.unwrap()[0], PathBuf::from("/home/ada/skills"));
}

#[test]
fn no_reranker_can_be_asked_for() {
    assert_eq!(resolve("reranker = 'none'", &[], Layer::default()).unwrap().reranker, None);
    assert_eq!(resolve("", &[], Layer::default()).unwrap().reranker.as_deref(), Some(BUILTIN));
}

#[test]
fn a_missing_file_is_only_an_error_if_it_was_named() {
    let path = std::env::temp_dir().join("skillscope-no-such-config.toml");
    assert!(Config::load(Some(&path), &env(&[]), Layer::default()).is_err());
    assert_eq!(read(&path, false), Ok(None));
}

#[test]
fn positions_count_from_one() {
    assert_eq!(Position::of("ab\ncd", 4), Position { line: 2, column: 2 });
    assert_eq!(Position::of("", 9), Position { line: 1, column: 1 });
}
