//! The real binary on a pseudo-terminal: how soon it can be used, and how much memory it takes.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::SIZE;
use crate::report::Report;

const RUNS: usize = 5;
/// A start slower than this is a failure, not a number.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rare enough to be found nowhere but in the request and in the names it finds.
const REQUEST: &str = "tune a pid controller";

struct Times {
    frame: Duration,
    lexical: Duration,
    reranked: Duration,
    peak_kb: u64,
}

/// Warm: vectors are in the cache; the file system's cache is warm as well after the first run, which is not counted.
pub fn start(shared: &Path, cache: &Path, report: &mut Report) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let own = home.path().join("cache/skillscope");
    std::fs::create_dir_all(&own)?;
    std::os::unix::fs::symlink(cache, own.join("vectors"))?;
    let mut runs = Vec::new();
    for run in 0..=RUNS {
        let times = run_once(shared, home.path())?;
        if run > 0 {
            runs.push(times);
        }
    }
    let median = |value: fn(&Times) -> Duration| {
        let mut values: Vec<Duration> = runs.iter().map(value).collect();
        values.sort();
        values[values.len() / 2]
    };
    report.row("warm start to the first frame, keys accepted", median(|times| times.frame), Some("200 ms"));
    report.row("warm start to the first shortlist (typed at once)", median(|times| times.lexical), None);
    report.row("warm start to 20 of 20 reranked", median(|times| times.reranked), None);
    let peak = runs.iter().map(|times| times.peak_kb).max().unwrap_or_default();
    report.text("peak memory, vectors ready, after a search", format!("{} MB", peak / 1024), Some("600 MB"));
    report.text(
        "peak memory while indexing from nothing",
        format!("{} MB", indexing_peak(shared)? / 1024),
        Some("600 MB"),
    );
    Ok(())
}

fn parser() -> anyhow::Result<vt100::Parser> {
    let [rows, columns] = [SIZE.1, SIZE.0].map(std::num::NonZero::new);
    let size = rows.zip(columns).ok_or_else(|| anyhow::anyhow!("a screen of no size"))?;
    Ok(vt100::Parser::new(size.0, size.1, 0))
}

fn run_once(shared: &Path, home: &Path) -> anyhow::Result<Times> {
    let pair = native_pty_system().openpty(PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 })?;
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_skillscope"));
    command.args(["--library".as_ref(), shared.join("easy").as_os_str()]);
    for (name, value) in [("HOME", home.to_path_buf()), ("XDG_CACHE_HOME", home.join("cache"))] {
        command.env(name, value);
    }
    command.env("TERM", "xterm-256color");
    let start = Instant::now();
    let mut child = pair.slave.spawn_command(command)?;
    let screen = Arc::new(Mutex::new(parser()?));
    let mut output = pair.master.try_clone_reader()?;
    let mut keys = pair.master.take_writer()?;
    let painter = std::thread::spawn({
        let screen = screen.clone();
        move || {
            let mut bytes = [0; 65_536];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                screen.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).process(&bytes[..count]);
            }
        }
    });
    let until = |wanted: &dyn Fn(&str) -> bool| -> anyhow::Result<Duration> {
        while start.elapsed() < PATIENCE {
            let text = screen.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).screen().contents();
            if wanted(&text) {
                return Ok(start.elapsed());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        anyhow::bail!("the screen never came")
    };
    let frame = until(&|text| text.contains("1 Explore"))?;
    keys.write_all(REQUEST.as_bytes())?;
    let lexical = until(&|text| text.contains("pid-controller"))?;
    let reranked = until(&|text| text.contains("20/20"))?;
    let peak_kb = child.process_id().and_then(peak).unwrap_or_default();
    keys.write_all(b"\x11")?; // ctrl-q
    child.wait()?;
    drop((keys, pair));
    let _ = painter.join();
    Ok(Times { frame, lexical, reranked, peak_kb })
}

/// Largest resident size so far, in kB.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// Of `skillscope index` without a cache, looked at until half a minute in: memory does not grow with time after that.
fn indexing_peak(shared: &Path) -> anyhow::Result<u64> {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_skillscope"))
        .args(["index", "--no-cache", "--library"])
        .arg(shared.join("easy"))
        .stdout(std::process::Stdio::null())
        .spawn()?;
    let start = Instant::now();
    let mut most = 0;
    while start.elapsed() < Duration::from_secs(30) && child.try_wait()?.is_none() {
        most = most.max(peak(child.id()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    child.wait()?;
    Ok(most)
}
