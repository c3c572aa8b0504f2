//! From flags and configuration to models, a library and a pipeline.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value};

use crate::config::{Config, Dirs, Layer};
use crate::eval::Catalogue;
use crate::library::load::Source;
use crate::library::{self, Library};
use crate::model::hub::Cache;
use crate::model::{Embedder, ModelError, Placement, Profiles, Reranker};
use crate::search::vectorise::{Event, Progress};
use crate::search::{Models, Pipeline, Settings, Stage1, Undisturbed, assemble};

use super::RouterArgs;

/// Everything decided: defaults < file < environment < flags.
pub struct Options {
    pub source: Source,
    pub settings: Settings,
    pub embedder: String,
    /// `None` for "none".
    pub reranker: Option<String>,
    pub placement: Placement,
    /// Where the user's profiles are.
    pub profiles: Option<PathBuf>,
    /// `None` keeps vectors in memory.
    pub cache: Option<PathBuf>,
    /// Folders of benchmarks that can be named.
    pub benchmarks: Vec<PathBuf>,
}

impl Options {
    pub fn resolve(args: &RouterArgs) -> anyhow::Result<Self> {
        let config = configuration(args.layer())?;
        Self::from_config(args, &config)
    }

    pub fn from_config(args: &RouterArgs, config: &Config) -> anyhow::Result<Self> {
        let source = if config.libraries.is_empty() {
            Source::Discover { cwd: std::env::current_dir()?, home: Dirs::home() }
        } else {
            Source::Paths(config.libraries.clone())
        };
        let rerank = config.settings.rerank && config.reranker.is_some();
        Ok(Options {
            source,
            settings: Settings { rerank, approximate: args.approximate, ..config.settings },
            embedder: config.embedder.clone(),
            reranker: config.reranker.clone(),
            placement: Placement { device: config.device, precision: config.dtype },
            benchmarks: config.benchmarks.clone(),
            profiles: Dirs::find().map(|dirs| dirs.profiles()),
            cache: Dirs::find().filter(|_| !args.no_cache).map(|dirs| dirs.cache.join("vectors")),
        })
    }

    /// The benchmarks that can be run by name.
    pub fn catalogue(&self) -> Catalogue {
        let cache = Cache::from_env();
        Catalogue::find(&self.benchmarks, cache.as_ref().map(Cache::root))
    }

    pub fn library(&self) -> anyhow::Result<Arc<Library>> {
        Ok(Arc::new(library::load(&self.source)?))
    }

    /// The profiles that came with the program and the user's own.
    pub fn profiles(&self) -> Result<Profiles, ModelError> {
        Profiles::with_users(self.profiles.as_deref())
    }

    pub fn embedder(&self) -> anyhow::Result<Arc<Embedder>> {
        Ok(Arc::new(Embedder::load_from(&self.profiles()?, &self.embedder, self.placement)?))
    }

    pub fn reranker(&self) -> anyhow::Result<Option<Arc<Reranker>>> {
        let Some(name) = &self.reranker else { return Ok(None) };
        Ok(Some(Arc::new(Reranker::load_from(&self.profiles()?, name, self.placement)?)))
    }

    /// The networks these settings need, and no other.
    pub fn models(&self) -> anyhow::Result<Models> {
        let embedder = if self.settings.stage1 == Stage1::Lexical { None } else { Some(self.embedder()?) };
        Ok(Models { embedder, reranker: self.reranker()? })
    }

    /// Library, models and vectors, with progress on standard error when it is a terminal.
    pub fn pipeline(&self) -> anyhow::Result<Pipeline> {
        Ok(self.pipeline_over(self.library()?, self.models()?)?.0)
    }

    pub fn pipeline_over(&self, library: Arc<Library>, models: Models) -> anyhow::Result<(Pipeline, Progress)> {
        let bar = progress_bar("embedding", library.len());
        let assembled =
            assemble(library, models, self.settings, self.cache.as_deref(), &Undisturbed, &mut |event| match event {
                Event::Notice(notice) => bar.suspend(|| eprintln!("skillscope: {}", notice.0)),
                Event::Stored(_, progress) => {
                    bar.set_length(progress.of as u64);
                    bar.set_position(progress.ready as u64);
                }
            });
        bar.finish_and_clear();
        Ok(assembled?)
    }

    /// See [`Pipeline::profile_json`].
    pub fn profile_json(&self, pipeline: &Pipeline) -> Map<String, Value> {
        pipeline.profile_json(self.settings, self.placement.device)
    }
}

/// Defaults < file < environment < these flags; misspelt variables are named on standard error.
pub fn configuration(flags: Layer) -> anyhow::Result<Config> {
    for sentence in Layer::unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        eprintln!("skillscope: {sentence}");
    }
    Ok(Config::load(None, &|name| std::env::var(name).ok(), flags)?)
}

/// A bar on standard error, hidden when that is not a terminal.
pub fn progress_bar(what: &'static str, length: usize) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length as u64), target);
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix(what);
    bar
}
