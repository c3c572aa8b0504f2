//! No subcommand: the interface.

use crate::config::Dirs;
use crate::engine::{Engine, EngineOptions, ModelChoice};
use crate::tui::terminal::Guard;
use crate::tui::{self, TuiOptions};

use super::{InterfaceArgs, Outcome, RouterArgs, log, prepare};

pub fn run(router: RouterArgs, interface: InterfaceArgs) -> anyhow::Result<Outcome> {
    // Before anything is loaded: a script should be told at once.
    Guard::check(&|name| std::env::var(name).ok())?;
    let mut config = prepare::configuration(interface.over(router.layer()))?;
    let options = prepare::Options::from_config(&router, &config)?;
    config.settings = options.settings;
    let dirs = Dirs::find();
    let _log = log::to_file(dirs.as_ref());
    let engine = Engine::start(EngineOptions {
        source: options.source,
        cache: options.cache,
        models: ModelChoice { embedder: options.embedder, reranker: options.reranker },
        placement: options.placement,
        benchmarks: config.benchmarks.clone(),
        hub: crate::model::hub::Cache::from_env().map(|cache| cache.root().to_owned()),
        runs: dirs.as_ref().map(|dirs| dirs.data.join("runs")),
        profiles: options.profiles,
        watch: true,
        approximate: options.settings.approximate,
    });
    let log = dirs.as_ref().map(|dirs| dirs.state.join("stderr.log"));
    let status =
        tui::run(engine.handle(), engine.responses().clone(), TuiOptions { config, dirs, log, notices: Vec::new() })?;
    Ok(Outcome::Status(status))
}
