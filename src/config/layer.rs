//! One source of settings, in which everything is optional.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::library::{FieldSet, Text};
use crate::model::packed::KERNELS;
use crate::model::{Device, Precision};
use crate::search::Stage1;

use super::words::{ColorChoice, Word, depth, depth_of, device_of, word};
use super::{ConfigError, Position};

/// Which theme to start with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "RawTheme")]
pub enum ThemeChoice {
    /// The terminal's own colours, for the background it says it has.
    #[default]
    Auto,
    Named(String),
    Pair {
        dark: String,
        light: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a theme's name, or { dark = \"…\", light = \"…\" }")]
enum RawTheme {
    Name(String),
    Pair(RawPair),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPair {
    dark: String,
    light: String,
}

impl From<RawTheme> for ThemeChoice {
    fn from(raw: RawTheme) -> Self {
        match raw {
            RawTheme::Name(name) => ThemeChoice::named(&name),
            RawTheme::Pair(RawPair { dark, light }) => ThemeChoice::Pair { dark, light },
        }
    }
}

impl ThemeChoice {
    /// From one word, as in a flag: "auto" or a name.
    pub fn named(name: &str) -> Self {
        if name == "auto" { ThemeChoice::Auto } else { ThemeChoice::Named(name.into()) }
    }
}

/// Settings of one source: the file, the environment, or the flags.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    pub theme: Option<ThemeChoice>,
    #[serde(deserialize_with = "word")]
    pub color: Option<ColorChoice>,
    pub keymap: Option<String>,
    /// Changes to the keymap, `[keys.SECTION]`; checked by the keymap.
    pub keys: Option<toml::Table>,
    pub ascii: Option<bool>,
    pub mouse: Option<bool>,
    #[serde(deserialize_with = "word")]
    pub stage1: Option<Stage1>,
    #[serde(deserialize_with = "word")]
    pub fields: Option<FieldSet>,
    #[serde(deserialize_with = "depth_of")]
    pub depth: Option<usize>,
    pub rerank: Option<bool>,
    pub embedder: Option<String>,
    /// "none" for no reranker.
    pub reranker: Option<String>,
    #[serde(deserialize_with = "device_of")]
    pub device: Option<Device>,
    #[serde(deserialize_with = "word")]
    pub dtype: Option<Precision>,
    pub libraries: Option<Vec<PathBuf>>,
    /// Folders of benchmarks that can be run by name.
    pub benchmarks: Option<Vec<PathBuf>>,
}

/// Variables that other parts of the program read.
const READ_ELSEWHERE: [&str; 5] =
    ["SKILLSCOPE_CONFIG", KERNELS, "SKILLSCOPE_LOG", "SKILLSCOPE_PYTHON", "SKILLSCOPE_TEST_PANIC"];

/// Variables of this module, as documented in the user's guide.
const VARIABLES: [&str; 15] = [
    "SKILLSCOPE_THEME",
    "SKILLSCOPE_COLOR",
    "SKILLSCOPE_KEYMAP",
    "SKILLSCOPE_ASCII",
    "SKILLSCOPE_MOUSE",
    "SKILLSCOPE_STAGE1",
    "SKILLSCOPE_FIELDS",
    "SKILLSCOPE_DEPTH",
    "SKILLSCOPE_RERANK",
    "SKILLSCOPE_EMBEDDER",
    "SKILLSCOPE_RERANKER",
    "SKILLSCOPE_DEVICE",
    "SKILLSCOPE_DTYPE",
    "SKILLSCOPE_LIBRARIES",
    "SKILLSCOPE_BENCHMARKS",
];

impl Layer {
    /// The content of a config.toml; `path` as it may be shown.
    pub fn parse(path: &str, source: &str) -> Result<Self, ConfigError> {
        toml::from_str(source).map_err(|error| ConfigError::File {
            path: path.into(),
            position: Position::of(source, error.span().map_or(0, |span| span.start)),
            reason: Text::line(error.message()).shown().to_string(),
        })
    }

    /// `SKILLSCOPE_…` and `NO_COLOR`. The more specific `SKILLSCOPE_COLOR` comes before `NO_COLOR`.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // An empty variable counts as unset, as NO_COLOR has it.
        let get = |name: &str| env(name).filter(|value| !value.is_empty());
        fn read<T>(
            name: &str,
            value: Option<String>,
            parse: impl Fn(&str) -> Result<T, String>,
        ) -> Result<Option<T>, ConfigError> {
            let wrong = |reason: String| ConfigError::Environment {
                name: name.into(),
                reason: Text::line(reason).shown().to_string(),
            };
            value.map(|value| parse(&value).map_err(wrong)).transpose()
        }
        fn words<T: Word>(name: &str, value: Option<String>) -> Result<Option<T>, ConfigError> {
            read(name, value, T::parse)
        }
        let paths = |name: &str| get(name).map(|paths| std::env::split_paths(&paths).collect());
        let no_color = get("NO_COLOR").map(|_| ColorChoice::None);
        Ok(Layer {
            theme: get("SKILLSCOPE_THEME").map(|name| ThemeChoice::named(&name)),
            color: words("SKILLSCOPE_COLOR", get("SKILLSCOPE_COLOR"))?.or(no_color),
            keymap: get("SKILLSCOPE_KEYMAP"),
            keys: None,
            ascii: words("SKILLSCOPE_ASCII", get("SKILLSCOPE_ASCII"))?,
            mouse: words("SKILLSCOPE_MOUSE", get("SKILLSCOPE_MOUSE"))?,
            stage1: words("SKILLSCOPE_STAGE1", get("SKILLSCOPE_STAGE1"))?,
            fields: words("SKILLSCOPE_FIELDS", get("SKILLSCOPE_FIELDS"))?,
            depth: read("SKILLSCOPE_DEPTH", get("SKILLSCOPE_DEPTH"), depth)?,
            rerank: words("SKILLSCOPE_RERANK", get("SKILLSCOPE_RERANK"))?,
            embedder: get("SKILLSCOPE_EMBEDDER"),
            reranker: get("SKILLSCOPE_RERANKER"),
            device: read("SKILLSCOPE_DEVICE", get("SKILLSCOPE_DEVICE"), Device::parse)?,
            dtype: words("SKILLSCOPE_DTYPE", get("SKILLSCOPE_DTYPE"))?,
            libraries: paths("SKILLSCOPE_LIBRARIES"),
            benchmarks: paths("SKILLSCOPE_BENCHMARKS"),
        })
    }

    /// Sentences about variables that look like ours and are not: a misspelt one must not pass unseen.
    pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
        let known = |name: &str| VARIABLES.contains(&name) || READ_ELSEWHERE.contains(&name);
        names
            .filter(|name| name.starts_with("SKILLSCOPE_") && !known(name))
            .map(|name| format!("environment variable {} is not one of ours", Text::line(&name)))
            .collect()
    }

    /// Paths in a file are meant from where the file is, and `~` is the home directory.
    pub(super) fn root_libraries(&mut self, dir: Option<&Path>, home: Option<&Path>) {
        for path in self.libraries.iter_mut().chain(&mut self.benchmarks).flatten() {
            if let (Ok(rest), Some(home)) = (path.strip_prefix("~"), home) {
                *path = home.join(rest);
            } else if let Some(dir) = dir {
                *path = dir.join(&*path);
            }
        }
    }
}
