//! No subcommand: the interface.

use std::io::IsTerminal;

use anyhow::bail;

use crate::config::Dirs;
use crate::engine::{Engine, EngineOptions};
use crate::tui::{self, TuiOptions};

use super::{Outcome, RouterArgs, log, prepare};

pub fn run(router: RouterArgs) -> anyhow::Result<Outcome> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        bail!(
            "the interface needs a terminal, and standard input or output is not one; for scripts use \
             `skillscope search \"REQUEST\" --json` (see --help)"
        );
    }
    let mut config = prepare::configuration(&router)?;
    let options = prepare::Options::from_config(&router, &config)?;
    config.settings = options.settings;
    let dirs = Dirs::find();
    let _log = log::to_file(dirs.as_ref());
    let engine = Engine::start(EngineOptions {
        source: options.source,
        cache: options.cache,
        embedder: options.embedder,
        reranker: options.reranker,
        device: options.device,
        watch: true,
        approximate: options.settings.approximate,
    });
    let log = dirs.as_ref().map(|dirs| dirs.state.join("stderr.log"));
    let status =
        tui::run(engine.handle(), engine.responses().clone(), TuiOptions { config, dirs, log, notices: Vec::new() })?;
    Ok(Outcome::Status(status))
}
