//! No subcommand: the interface.

use std::io::IsTerminal;

use anyhow::bail;

use crate::engine::{Engine, EngineOptions};

use super::{Outcome, RouterArgs, log, prepare};

pub fn run(router: RouterArgs) -> anyhow::Result<Outcome> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        bail!(
            "the interface needs a terminal, and standard input or output is not one; for scripts use \
             `skillscope search \"REQUEST\" --json` (see --help)"
        );
    }
    let config = prepare::configuration(&router)?;
    let options = prepare::Options::from_config(&router, &config)?;
    let _log = log::to_file();
    let engine = Engine::start(EngineOptions {
        source: options.source,
        cache: options.cache,
        embedder: options.embedder,
        reranker: options.reranker,
        device: options.device,
        watch: true,
        approximate: options.settings.approximate,
    });
    crate::tui::run(&engine, options.settings, &config)?;
    Ok(Outcome::Done)
}
