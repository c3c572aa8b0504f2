//! A table of what was measured, in Markdown, with the aim beside it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub struct Report {
    rows: Vec<[String; 3]>,
    notes: Vec<String>,
    probe: f64,
}

/// Median and 95th percentile.
pub struct Quantiles {
    pub p50: Duration,
    pub p95: Duration,
    pub count: usize,
}

impl Quantiles {
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |quantile: f64| {
            let index = ((times.len() as f64 * quantile) as usize).min(times.len().saturating_sub(1));
            times.get(index).copied().unwrap_or_default()
        };
        Quantiles { p50: at(0.5), p95: at(0.95), count: times.len() }
    }
}

impl Report {
    pub fn new() -> Self {
        Report { rows: Vec::new(), notes: Vec::new(), probe: probe() }
    }

    pub fn text(&mut self, what: &str, value: String, aim: Option<&str>) {
        eprintln!("{what}: {value}");
        self.rows.push([what.into(), value, aim.unwrap_or("").into()]);
    }

    pub fn row(&mut self, what: &str, time: Duration, aim: Option<&str>) {
        self.text(what, milliseconds(time), aim);
    }

    pub fn quantiles(&mut self, what: &str, times: Quantiles, aim: Option<&str>) {
        let value = format!("p50 {}, p95 {} (n = {})", milliseconds(times.p50), milliseconds(times.p95), times.count);
        self.text(what, value, aim);
    }

    pub fn note(&mut self, note: String) {
        eprintln!("{note}");
        self.notes.push(note);
    }

    pub fn print(&self) {
        let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / 86_400);
        println!("\nDate: {} · {}", date(days), machine());
        println!(
            "Speed probe (additions of a dependent chain per second, before and after): {:.2} and {:.2} G/s\n",
            self.probe,
            probe()
        );
        println!("| what | measured | aim |\n|---|---|---|");
        for [what, value, aim] in &self.rows {
            println!("| {what} | {value} | {aim} |");
        }
        for note in &self.notes {
            println!("\n{note}");
        }
    }
}

pub fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).and_then(|line| line.split(": ").nth(1));
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    format!("{} · {threads} threads · {}", model.unwrap_or("processor unknown"), std::env::consts::OS)
}

/// A shared machine has fast and slow moments; this tells which one a run met.
fn probe() -> f64 {
    (0..50)
        .map(|_| {
            let start = std::time::Instant::now();
            let mut x = 0u64;
            for i in 0..200_000u64 {
                x = std::hint::black_box(x.wrapping_add(i));
            }
            std::hint::black_box(x);
            200_000.0 / start.elapsed().as_secs_f64() / 1e9
        })
        .fold(0.0, f64::max)
}

/// Days since 1970 as a date (Hinnant, "chrono-compatible low-level date algorithms").
fn date(days: u64) -> String {
    let z = days as i64 + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    format!("{}-{month:02}-{day:02}", yoe + era * 400 + i64::from(month <= 2))
}
