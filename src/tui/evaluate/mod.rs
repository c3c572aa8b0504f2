//! The Evaluate tab: the demo benchmark through the same two stages as live search, and the requests that failed.

mod list;
mod update;
mod view;

use std::sync::Arc;

use crate::engine::RunId;
use crate::eval::EvalReport;
use crate::library::load::Source;

use list::{List, Show, Sort};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Running,
    Finished,
    Cancelled,
}

#[derive(Debug)]
pub struct Evaluate {
    run: RunId,
    phase: Phase,
    /// Requests done, of how many.
    done: (usize, usize),
    report: Option<Arc<EvalReport>>,
    /// The skills the benchmark is run over, where it brings its own.
    pool: Option<Source>,
    failed: Option<crate::library::Text>,
    show: Show,
    sort: Sort,
    list: List,
    selected: usize,
    ascii: bool,
}

impl Default for Evaluate {
    fn default() -> Self {
        Evaluate::new()
    }
}

impl Evaluate {
    pub fn new() -> Self {
        Evaluate {
            run: RunId::default(),
            phase: Phase::Idle,
            done: (0, 0),
            report: None,
            pool: None,
            failed: None,
            show: Show::default(),
            sort: Sort::default(),
            list: List::default(),
            selected: 0,
            ascii: false,
        }
    }

    /// No text is typed here.
    pub fn text_input(&self) -> bool {
        false
    }

    fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }
}
