//! The log of the interface: a file, because nothing may write to the terminal while the screen is up.

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

use crate::config::Dirs;

/// Logs of this many days are kept.
const DAYS: usize = 7;

/// Logs to a file in the state directory, at the level `SKILLSCOPE_LOG` asks for (`info` by default). Without a place
/// to write nothing is logged: a missing log must not keep anyone from working. Drop the guard last.
pub fn to_file(dirs: Option<&Dirs>) -> Option<WorkerGuard> {
    let dir = &dirs?.state;
    std::fs::create_dir_all(dir).ok()?;
    let appender = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("skillscope")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(dir)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    let filter = EnvFilter::try_from_env("SKILLSCOPE_LOG").unwrap_or_else(|_| EnvFilter::new("skillscope=info"));
    tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_env_filter(filter).try_init().ok()?;
    Some(guard)
}
