//! Settings: defaults < file < environment < flags.
//!
//! `~/.config/skillscope/config.toml` is read, never written. Each source becomes a [`Layer`] in which everything is
//! optional; [`Config`] is what comes out when they are laid over one another. Unknown keys are errors with path, line
//! and column, so that a typing mistake cannot pass for a setting.

mod layer;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::library::Text;
use crate::model::{Device, Precision};
use crate::search::Settings;

pub use layer::{Layer, ThemeChoice};
pub use words::{ColorChoice, Word};

/// A place in a text file, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Position {
    /// Of a byte offset in `source`; an offset beyond the end is the end.
    pub fn of(source: &str, offset: usize) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}:{position}: {reason}")]
    File { path: String, position: Position, reason: String },
    #[error("{path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("environment variable {name}: {reason}")]
    Environment { name: String, reason: String },
}

/// The text of a configuration file: `[keys]` is checked by the keymap, which needs it for line and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// As it may be shown.
    pub path: String,
    pub source: String,
}

/// What the program goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub theme: ThemeChoice,
    pub color: ColorChoice,
    pub keymap: String,
    /// Chrome from ASCII only.
    pub ascii: bool,
    pub mouse: bool,
    /// Stage 1, fields, depth and reranking.
    pub settings: Settings,
    /// Profile, directory or repository.
    pub embedder: String,
    /// `None` for no reranker.
    pub reranker: Option<String>,
    pub device: Device,
    pub dtype: Precision,
    /// Empty: discover them.
    pub libraries: Vec<PathBuf>,
    /// Folders of benchmarks that can be run by name.
    pub benchmarks: Vec<PathBuf>,
    /// The file that was read, if there was one.
    pub file: Option<ConfigFile>,
}

/// The name of the models inside the binary.
pub const BUILTIN: &str = "builtin";

impl Default for Config {
    fn default() -> Self {
        Config {
            theme: ThemeChoice::Auto,
            color: ColorChoice::Auto,
            keymap: "emacs".into(),
            ascii: false,
            mouse: true,
            settings: Settings::default(),
            embedder: BUILTIN.into(),
            reranker: Some(BUILTIN.into()),
            device: Device::default(),
            dtype: Precision::default(),
            libraries: Vec::new(),
            benchmarks: Vec::new(),
            file: None,
        }
    }
}

impl Config {
    /// Reads the file (`path`, or `SKILLSCOPE_CONFIG`, or the usual place) and the environment, and lays `flags` on
    /// top. A missing file is no error unless it was named.
    pub fn load(path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>, flags: Layer) -> Result<Self, ConfigError> {
        let named = path.map(Path::to_path_buf).or_else(|| env("SKILLSCOPE_CONFIG").map(PathBuf::from));
        let usual = || Dirs::find().map(|dirs| dirs.config.join("config.toml"));
        let (path, must_exist) = match named {
            Some(path) => (Some(path), true),
            None => (usual(), false),
        };
        let file = match path {
            Some(path) => read(&path, must_exist)?.map(|source| (path, source)),
            None => None,
        };
        Self::resolve(file, env, flags)
    }

    /// [`Config::load`] without the disk.
    pub fn resolve(
        file: Option<(PathBuf, String)>,
        env: &dyn Fn(&str) -> Option<String>,
        flags: Layer,
    ) -> Result<Self, ConfigError> {
        let mut config = Config::default();
        if let Some((path, source)) = file {
            let shown = shown(&path);
            let mut layer = Layer::parse(&shown, &source)?;
            layer.root_libraries(path.parent(), Dirs::home().as_deref());
            config.lay_over(layer);
            config.file = Some(ConfigFile { path: shown, source });
        }
        config.lay_over(Layer::from_env(env)?);
        config.lay_over(flags);
        Ok(config)
    }

    fn lay_over(&mut self, layer: Layer) {
        fn set<T>(value: &mut T, over: Option<T>) {
            if let Some(over) = over {
                *value = over;
            }
        }
        set(&mut self.theme, layer.theme);
        set(&mut self.color, layer.color);
        set(&mut self.keymap, layer.keymap);
        set(&mut self.ascii, layer.ascii);
        set(&mut self.mouse, layer.mouse);
        set(&mut self.settings.stage1, layer.stage1);
        set(&mut self.settings.fields, layer.fields);
        set(&mut self.settings.depth, layer.depth);
        set(&mut self.settings.rerank, layer.rerank);
        set(&mut self.embedder, layer.embedder);
        set(&mut self.reranker, layer.reranker.map(|name| Some(name).filter(|name| name != "none")));
        set(&mut self.device, layer.device);
        set(&mut self.dtype, layer.dtype);
        set(&mut self.libraries, layer.libraries);
        set(&mut self.benchmarks, layer.benchmarks);
    }
}

fn read(path: &Path, must_exist: bool) -> Result<Option<String>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(source) => Ok(Some(source)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => Ok(None),
        Err(error) => Err(ConfigError::Unreadable { path: shown(path), reason: error.to_string() }),
    }
}

fn shown(path: &Path) -> String {
    Text::line(path.display().to_string()).shown().to_string()
}

/// Where the program keeps things: the XDG places, on macOS too, where people of the terminal look for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirs {
    /// config.toml, themes/, keymaps/, profiles/.
    pub config: PathBuf,
    /// Vectors; may be deleted at any time.
    pub cache: PathBuf,
    /// Evaluation runs.
    pub data: PathBuf,
    /// Logs.
    pub state: PathBuf,
}

impl Dirs {
    /// `None` if there is no home directory.
    pub fn find() -> Option<Self> {
        let xdg = etcetera::base_strategy::Xdg::new().ok()?;
        let own = |dir: PathBuf| dir.join("skillscope");
        Some(Dirs {
            config: own(xdg.config_dir()),
            cache: own(xdg.cache_dir()),
            data: own(xdg.data_dir()),
            state: own(xdg.state_dir().unwrap_or_else(|| xdg.data_dir())),
        })
    }

    /// The user's own profiles.
    pub fn profiles(&self) -> PathBuf {
        self.config.join("profiles")
    }

    pub fn home() -> Option<PathBuf> {
        etcetera::home_dir().ok()
    }
}

#[cfg(test)]
mod tests;
