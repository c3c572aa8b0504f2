//! Downloading, as `models pull` and `bench pull` do it: what and how much is shown, then it is asked, then it is done.

use std::io::{BufRead, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::library::Text;
use crate::model::hub::{self, Hub, Plan, Repository, Selection, Step};

use super::Outcome;

/// What to download, and how often to ask.
pub struct Order {
    pub wanted: Vec<(Repository, Selection)>,
    /// Answers the question.
    pub yes: bool,
    /// Looks for a newer commit than the one that was recorded.
    pub update: bool,
}

/// # Errors
/// As [`Hub::plan`] and [`Hub::pull`]; and if there is nobody to ask.
pub fn run(order: &Order) -> anyhow::Result<Outcome> {
    let hub = Hub::from_env()?;
    let plans = order
        .wanted
        .iter()
        .map(|(repository, selection)| hub.plan(repository, selection, order.update))
        .collect::<Result<Vec<Plan>, _>>()?;
    let mut out = std::io::stdout().lock();
    for plan in &plans {
        show(&mut out, plan)?;
    }
    let missing: u64 = plans.iter().map(Plan::missing).sum();
    let question = format!("Download {} into {}?", hub::size(missing), shown(hub.cache().root()));
    if missing > 0 && !order.yes && !ask(&question)? {
        writeln!(out, "nothing was downloaded")?;
        return Ok(Outcome::Nothing);
    }
    for plan in &plans {
        let path = download(&hub, plan)?;
        writeln!(out, "{}", shown(&path))?;
    }
    Ok(Outcome::Done)
}

fn show(out: &mut impl Write, plan: &Plan) -> std::io::Result<()> {
    let commit = &plan.commit[..plan.commit.len().min(12)];
    let pinned = if plan.is_pinned() { ", as pulled before (--update looks for a newer one)" } else { "" };
    writeln!(out, "{} at commit {commit}{pinned}", plan.repository)?;
    let width = plan.files.iter().map(|planned| planned.file.path.chars().count()).max().unwrap_or(0).min(60);
    for planned in &plan.files {
        let (path, size) = (Text::line(&planned.file.path).to_string(), hub::size(planned.file.size));
        let here = match planned.here {
            0 => String::new(),
            here if here == planned.file.size => "  here".into(),
            here => format!("  {} of it here", hub::size(here)),
        };
        writeln!(out, "  {path:<width$}  {size:>9}{here}")?;
    }
    writeln!(out, "  {} in all, {} to download", hub::size(plan.total()), hub::size(plan.missing()))
}

/// A question with yes and no, no unless yes is said.
///
/// # Errors
/// If there is no terminal to ask at.
pub fn ask(question: &str) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        anyhow::bail!("there is no terminal to ask at ({question}); --yes answers it");
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn download(hub: &Hub, plan: &Plan) -> anyhow::Result<std::path::PathBuf> {
    let bar = bar(plan.total());
    let (mut before, mut size) = (0, 0);
    let pulled = hub.pull(plan, &mut |step| match step {
        Step::Begin { file, here } => {
            size = file.size;
            bar.set_message(Text::line(&file.path).to_string());
            bar.set_position(before + here);
        }
        Step::Bytes(bytes) => bar.set_position(before + bytes),
        Step::Checking => bar.set_message("checking"),
        Step::Done => before += size,
    });
    bar.finish_and_clear();
    Ok(pulled?)
}

/// A bar in bytes on standard error, hidden when that is not a terminal.
fn bar(length: u64) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    let template = "{msg:24!} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar
}

/// A path for people.
pub fn shown(path: &std::path::Path) -> String {
    Text::line(path.to_string_lossy()).to_string()
}
