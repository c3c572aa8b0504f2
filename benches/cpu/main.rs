//! How near the processor's limit the forward pass is, and how far from PyTorch:
//!
//! ```sh
//! SKILLSCOPE_PYTHON=/path/to/python cargo bench --bench cpu             # with torch and transformers in the same run
//! SKILLSCOPE_PYTHON=/path/to/python cargo bench --bench cpu -- --busy   # and another process holding a core
//! … -- --bf16-only                                                      # a quarter of the time
//! … -- --only whole                                                     # linear, forward, decoder or whole
//! ```
//!
//! Each number of threads runs in a process of its own that may use only so many processors. Ratios are of one run;
//! nothing else of these numbers may be compared between runs.

mod decoder;
mod forward;
mod linear;
mod reference;
mod whole;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Arguments by which this program knows that it is a part of itself.
const MEASURE: &str = "--measure-with-threads";
const SPIN: &str = "--spin";
/// Leaves out what is in f32, on either side.
const BF16_ONLY: &str = "--bf16-only";
/// Measures one part alone.
const ONLY: &str = "--only";

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let after = |flag: &str| args.iter().skip_while(|arg| *arg != flag).nth(1);
    if args.iter().any(|arg| arg == SPIN) {
        spin();
    }
    let bf16_only = args.iter().any(|arg| arg == BF16_ONLY);
    if let Some(threads) = after(MEASURE) {
        let threads = threads.parse()?;
        let wanted = |part: &str| after(ONLY).is_none_or(|only| only == part);
        if wanted("linear") {
            linear::measure(threads)?;
        }
        if wanted("forward") {
            forward::measure(threads, bf16_only)?;
        }
        if wanted("decoder") {
            decoder::measure(threads)?;
        }
        if wanted("whole") {
            whole::measure(threads)?;
        }
        return Ok(());
    }
    let busy = args.iter().any(|arg| arg == "--busy");
    let neighbour = busy.then(Neighbour::start).transpose()?;
    for threads in [1, 2] {
        println!("\n## {threads} threads{}\n", if neighbour.is_some() { ", a busy neighbour" } else { "" });
        // Confining the process is what confines our pool, which has as many threads as there are processors.
        let status = Command::new("taskset")
            .args(["-c", &format!("0-{}", threads - 1)])
            .arg(std::env::current_exe()?)
            .args([MEASURE, &threads.to_string()])
            .args(bf16_only.then_some(BF16_ONLY))
            .args(after(ONLY).into_iter().flat_map(|part| [ONLY, part]))
            .status()?;
        anyhow::ensure!(status.success(), "the measurement with {threads} threads ended with {status}");
    }
    Ok(())
}

/// A process that takes a whole core, ended when this is dropped.
struct Neighbour(Child);

impl Neighbour {
    fn start() -> anyhow::Result<Self> {
        Ok(Neighbour(Command::new("taskset").args(["-c", "0"]).arg(std::env::current_exe()?).arg(SPIN).spawn()?))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Best and median of `seconds` of work.
pub fn repeat(seconds: u64, mut work: impl FnMut()) -> [Duration; 2] {
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 3 || start.elapsed() < Duration::from_secs(seconds) {
        let start = Instant::now();
        work();
        times.push(start.elapsed());
    }
    times.sort();
    [times[0], times[times.len() / 2]]
}
