//! Choosing what to run: benchmarks that are known, or a path; each is read and described before it runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{BenchEntry, BenchEvent, BenchRequest, Described, Request};
use crate::library::Text;
use crate::tui::session::Outbox;
use crate::tui::widgets::window::step;

/// How long the selection rests before a benchmark is read for it.
const REST: Duration = Duration::from_millis(150);

/// What is known of one benchmark.
#[derive(Debug, Clone)]
pub enum Known {
    /// It is being read.
    Reading,
    Read(Arc<Described>),
    /// A sentence.
    Refused(Text),
}

#[derive(Debug, Default)]
pub struct Setup {
    /// `None` until the engine has looked.
    entries: Option<Vec<BenchEntry>>,
    known: HashMap<String, Known>,
    pub selected: usize,
    /// A path being typed.
    pub typed: Option<String>,
    /// When the selected one is read.
    due: Option<Instant>,
    /// Start it as soon as it is read.
    pub start_when_read: bool,
}

impl Setup {
    pub fn entries(&self) -> &[BenchEntry] {
        self.entries.as_deref().unwrap_or_default()
    }

    pub fn is_listed(&self) -> bool {
        self.entries.is_some()
    }

    pub fn selected(&self) -> Option<&BenchEntry> {
        self.entries().get(self.selected)
    }

    /// What is known of the selected one.
    pub fn chosen(&self) -> Option<&Known> {
        self.known.get(&self.selected()?.spec)
    }

    pub fn described(&self) -> Option<&Arc<Described>> {
        match self.chosen()? {
            Known::Read(described) => Some(described),
            _ => None,
        }
    }

    /// A benchmark that was read, by its fingerprint.
    pub fn by_fingerprint(&self, fingerprint: &str) -> Option<&Arc<Described>> {
        self.known.values().find_map(|known| match known {
            Known::Read(described) if described.benchmark.fingerprint == fingerprint => Some(described),
            _ => None,
        })
    }

    pub fn go(&mut self, by: isize) {
        self.select(step(Some(self.selected), by, self.entries().len()).unwrap_or(0));
    }

    pub fn select(&mut self, at: usize) {
        self.selected = at;
        self.start_when_read = false;
        self.due = None;
    }

    /// Takes what was typed as a path, or the name of one that is listed.
    pub fn accept(&mut self, out: &mut Outbox) {
        let Some(typed) = self.typed.take() else { return };
        let spec = typed.trim().to_owned();
        if spec.is_empty() {
            return;
        }
        let entries = self.entries.get_or_insert_default();
        let at = entries.iter().position(|entry| entry.spec == spec).unwrap_or_else(|| {
            let name = Text::line(&spec);
            entries.push(BenchEntry { spec: spec.clone(), name, about: Text::line("a path you gave"), missing: None });
            entries.len() - 1
        });
        self.select(at);
        // Typed again, it may be another folder by now.
        self.read(spec, out);
    }

    pub fn read(&mut self, spec: String, out: &mut Outbox) {
        self.known.insert(spec.clone(), Known::Reading);
        out.requests.push(Request::Bench(BenchRequest::Open(spec)));
    }

    pub fn take(&mut self, event: &BenchEvent) {
        match event {
            BenchEvent::Listed(entries) => {
                let typed: Vec<BenchEntry> = self.entries.take().unwrap_or_default();
                let mut all = entries.to_vec();
                all.extend(typed.into_iter().filter(|one| entries.iter().all(|other| other.spec != one.spec)));
                self.entries = Some(all);
            }
            BenchEvent::Opened { spec, outcome } => {
                let known = match outcome {
                    Ok(described) => Known::Read(described.clone()),
                    Err(message) => Known::Refused(Text::line(message)),
                };
                self.known.insert(spec.clone(), known);
            }
            _ => {}
        }
    }

    /// Reads the selected one once it has rested; says when to ask again.
    pub fn tick(&mut self, now: Instant, out: &mut Outbox) -> Option<Instant> {
        let entry = self.selected().filter(|entry| entry.missing.is_none() && !self.known.contains_key(&entry.spec))?;
        let spec = entry.spec.clone();
        let due = *self.due.get_or_insert(now + REST);
        if now < due {
            return Some(due);
        }
        self.read(spec, out);
        None
    }
}
