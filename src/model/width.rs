//! How many threads models run on: what products really scale to on this machine, measured once in a process.
//!
//! Two hardware threads of one core share the units that multiply. Whether the second one helps (while the first waits
//! for memory) or harms (their tiles no longer fit the core's cache) differs from processor to processor, so both widths
//! are tried where they differ; elsewhere nothing is measured and nothing waits.

use std::sync::LazyLock;
use std::time::Duration;

use super::{Speed, pool};

/// Of each width. With its threads and operands a width costs 25 ms (measured), so both of them 50 ms before the first
/// product, on the thread that loads the models.
const MEASURED: Duration = Duration::from_millis(20);

/// What more threads must give over fewer: below that it is noise, and fewer leave room for others.
const WORTH: f64 = 1.05;

static CHOSEN: LazyLock<Width> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut width = Width { threads: processors, reached: Vec::new() };
    let cores = num_cpus::get_physical();
    if (1..processors).contains(&cores) {
        let measure = |threads| Some((threads, pool::build(threads)?.install(|| Speed::here(MEASURED)).gflops));
        width.reached = [cores, processors].into_iter().filter_map(measure).collect();
        width.threads = choose(&width.reached).unwrap_or(processors);
    }
    width
});

/// The number of threads that models run on, and what it was chosen by.
#[derive(Debug)]
pub struct Width {
    pub threads: usize,
    /// Threads and GFLOP/s of what was tried; empty where every core has one thread.
    pub reached: Vec<(usize, f64)>,
}

impl Width {
    pub fn chosen() -> &'static Width {
        &CHOSEN
    }
}

/// The widest of `reached`, narrowest first, that is worth its threads.
fn choose(reached: &[(usize, f64)]) -> Option<usize> {
    let (first, wider) = reached.split_first()?;
    let best = wider.iter().fold(first, |best, next| if next.1 > best.1 * WORTH { next } else { best });
    Some(best.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_threads_are_used_where_they_help() {
        assert_eq!(choose(&[(8, 400.0), (16, 500.0)]), Some(16));
        assert_eq!(choose(&[(8, 400.0), (16, 410.0)]), Some(8), "noise");
        assert_eq!(choose(&[(8, 400.0), (16, 250.0)]), Some(8));
        assert_eq!(choose(&[]), None, "threads could not be made");
    }

    #[test]
    fn models_run_on_what_was_chosen() {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let width = Width::chosen();
        assert!((1..=processors).contains(&width.threads), "{width:?} of {processors}");
        assert_eq!(pool::run(rayon::current_num_threads), width.threads);
    }
}
