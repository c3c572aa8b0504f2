//! `skillscope doctor`: what this program finds on this machine. Reads and measures; changes nothing but a probe file
//! in the cache directory.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::config::Dirs;
use crate::library::load::Source;
use crate::library::{RootKind, Text};
use crate::model::hub::{Kind, size};
use crate::model::packed::Level;
use crate::model::{Device, Embedder, Role, Speed, Width, device, memory, never};

use super::{Outcome, RouterArgs, models, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// One thing looked at.
struct Check {
    name: &'static str,
    ok: bool,
    /// What was found, and if it is not well, what to do.
    finding: String,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let mut checks = vec![Check { name: "version", ok: true, finding: env!("CARGO_PKG_VERSION").into() }];
    match prepare::Options::resolve(router) {
        Ok(options) => {
            checks.push(configuration());
            checks.push(embedder(&options));
            checks.push(reranker(&options));
            checks.push(cache(options.cache.as_deref()));
            checks.push(libraries(&options));
        }
        Err(error) => checks.push(Check { name: "configuration", ok: false, finding: format!("{error:#}") }),
    }
    checks.push(processor());
    checks.push(devices());
    checks.push(hub());
    checks.push(terminal());

    let mut out = std::io::stdout().lock();
    if args.json {
        let rows: Vec<Value> = checks
            .iter()
            .map(|check| json!({ "name": check.name, "ok": check.ok, "finding": check.finding }))
            .collect();
        serde_json::to_writer(&mut out, &json!({ "checks": rows }))?;
        writeln!(out)?;
    } else {
        for check in &checks {
            writeln!(out, "{:<4} {:<14} {}", if check.ok { "ok" } else { "!!" }, check.name, check.finding)?;
        }
    }
    Ok(if checks.iter().all(|check| check.ok) { Outcome::Done } else { Outcome::Nothing })
}

fn configuration() -> Check {
    let finding = match Dirs::find().map(|dirs| dirs.config.join("config.toml")) {
        Some(path) if path.exists() => shown(&path),
        Some(path) => format!("none; defaults are used ({} would be read)", shown(&path)),
        None => "no home directory; defaults are used".into(),
    };
    Check { name: "configuration", ok: true, finding }
}

fn embedder(options: &prepare::Options) -> Check {
    let start = Instant::now();
    match options.embedder() {
        Ok(embedder) => {
            let load = start.elapsed();
            let (tokens, speed) = embedding_speed(&embedder);
            let id = embedder.id();
            Check {
                name: "embedder",
                ok: true,
                finding: format!(
                    "{} ({}), {} dimensions, loaded in {:.0} ms, {speed:.0} tokens a second at {tokens} tokens on {}",
                    id.name,
                    &id.fingerprint[..id.fingerprint.len().min(8)],
                    embedder.dimensions(),
                    load.as_secs_f64() * 1e3,
                    embedder.placement()
                ),
            }
        }
        Err(error) => Check { name: "embedder", ok: false, finding: error.to_string() },
    }
}

/// Best of five forward passes over one full-length text.
fn embedding_speed(embedder: &Embedder) -> (usize, f64) {
    let text = "measure how fast this machine reads ".repeat(200);
    let encoding = embedder.encode(&text, Role::Document);
    let tokens = encoding.ids.len();
    let seconds = (0..5)
        .filter_map(|_| {
            let start = Instant::now();
            embedder.embed(std::slice::from_ref(&encoding), &never).ok()?;
            Some(start.elapsed().as_secs_f64())
        })
        .fold(f64::INFINITY, f64::min);
    (tokens, tokens as f64 / seconds)
}

fn reranker(options: &prepare::Options) -> Check {
    let start = Instant::now();
    match options.reranker() {
        Ok(None) => Check { name: "reranker", ok: true, finding: "none chosen".into() },
        Ok(Some(reranker)) => Check {
            name: "reranker",
            ok: true,
            finding: format!(
                "{}, at most {} tokens, loaded in {:.0} ms",
                reranker.id().name,
                reranker.profile().max_tokens,
                start.elapsed().as_secs_f64() * 1e3
            ),
        },
        Err(error) => Check { name: "reranker", ok: false, finding: error.to_string() },
    }
}

fn cache(dir: Option<&Path>) -> Check {
    let Some(dir) = dir else {
        return Check { name: "cache", ok: true, finding: "off: vectors are kept in memory".into() };
    };
    let probe = std::fs::create_dir_all(dir).and_then(|()| tempfile::tempfile_in(dir));
    match probe {
        Ok(_) => Check { name: "cache", ok: true, finding: format!("{} can be written", shown(dir)) },
        Err(error) => Check {
            name: "cache",
            ok: false,
            finding: format!("{} cannot be written ({error}); vectors are built anew each time", shown(dir)),
        },
    }
}

fn libraries(options: &prepare::Options) -> Check {
    match options.library() {
        Ok(library) => {
            let demo = library.roots.iter().any(|root| root.kind == RootKind::Demo);
            let found: Vec<String> =
                library.roots.iter().map(|root| format!("{} ({} skills)", root.label, root.skills)).collect();
            let hint = match (&options.source, demo) {
                (Source::Discover { .. }, true) => "no skills found where agents keep them; ",
                _ => "",
            };
            Check { name: "library", ok: true, finding: format!("{hint}{}", found.join(", ")) }
        }
        Err(error) => Check { name: "library", ok: false, finding: error.to_string() },
    }
}

fn processor() -> Check {
    #[cfg(target_arch = "x86_64")]
    let features = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("f16c", std::arch::is_x86_feature_detected!("f16c")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx512-bf16", Level::Avx512Bf16.available()),
        ("amx-bf16", Level::Amx.available()),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let features: [(&str, bool); 0] = [];
    let present: Vec<&str> = features.iter().filter(|(_, present)| *present).map(|(name, _)| *name).collect();
    let Speed { kernels, gflops } = Speed::measure();
    let (arch, present) = (std::env::consts::ARCH, present.join(" "));
    let Width { threads, reached } = Width::chosen();
    let tried: Vec<String> = reached.iter().map(|(threads, gflops)| format!("{threads}: {gflops:.0}")).collect();
    let why = if tried.is_empty() { String::new() } else { format!(" ({} GFLOP/s)", tried.join(", ")) };
    Check {
        name: "processor",
        ok: true,
        finding: format!("{arch}, {threads} threads{why}, {present}; products by {kernels}, {gflops:.0} GFLOP/s"),
    }
}

/// The GPU features of this build, what `auto` means here, and the memory models would have.
fn devices() -> Check {
    let features = device::features();
    let built = if features.is_empty() {
        "built for the processor only".into()
    } else {
        format!("built with {}", features.join(", "))
    };
    let auto = Device::Auto.settled();
    let free =
        auto.resolve().ok().and_then(|opened| memory::free(&opened)).map(|bytes| format!(" with {} free", size(bytes)));
    // A GPU that this build could use and does not see is worth a word, and no fault.
    let without = match Device::Cuda(0).resolve() {
        Err(error) if cfg!(feature = "cuda") => format!("; {error}"),
        _ => String::new(),
    };
    let finding = format!("{built}; auto means {auto}{}{without}", free.unwrap_or_default());
    Check { name: "devices", ok: true, finding }
}

/// Models in the hub cache.
fn hub() -> Check {
    match models::cache().and_then(|cache| Ok((cache.held()?, cache))) {
        Ok((held, cache)) => {
            let models: Vec<_> = held.iter().filter(|held| held.kind == Kind::Model).collect();
            let bytes: u64 = models.iter().map(|held| held.bytes).sum();
            let finding = format!("{} models, {}, in {}", models.len(), size(bytes), shown(cache.root()));
            Check { name: "hub cache", ok: true, finding }
        }
        Err(error) => Check { name: "hub cache", ok: false, finding: error.to_string() },
    }
}

fn terminal() -> Check {
    let finding = if std::io::stdout().is_terminal() {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        format!(
            "TERM={} COLORTERM={} NO_COLOR={}",
            Text::line(variable("TERM")),
            Text::line(variable("COLORTERM")),
            Text::line(variable("NO_COLOR"))
        )
    } else {
        "standard output is not a terminal: commands work, the interface does not open".into()
    };
    Check { name: "terminal", ok: true, finding }
}

fn shown(path: &Path) -> String {
    Text::line(path.to_string_lossy()).to_string()
}
