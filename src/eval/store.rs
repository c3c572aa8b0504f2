//! Runs on disk: one file of JSON lines each, written as the run goes.
//!
//! ```text
//! {"run": {header, "unscored": […], "problems": […]}}
//! {"query": {one QueryRecord}}          … one line each, in the order they were answered
//! {"end": {"elapsed_ms": …}}            only of a run that is complete
//! ```
//!
//! A file comes into being whole, with its header. Each line after it is one `write` of the whole line, so that a killed
//! program loses nothing but the request it was at; against a power cut the file is synced every [`SYNC_EVERY`] and at
//! its end. Who appends holds a lock on the file. A line that is torn or foreign is left out, with a sentence.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::library::Text;

use super::{EvalReport, QueryRecord, RunHeader};

/// What a power cut may cost.
pub const SYNC_EVERY: Duration = Duration::from_secs(2);

const SUFFIX: &str = "jsonl";

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("{path}: its first line is no header of a run: {reason}")]
    NoHeader { path: String, reason: String },
    #[error("no run is called {name}{}", newest(.known))]
    Unknown { name: String, known: Vec<String> },
    #[error("{name} is the beginning of several runs: {}", .matches.join(", "))]
    Ambiguous { name: String, matches: Vec<String> },
    #[error("run {id} cannot go on: {differences}; start a new one, or give the settings of that run")]
    Different { id: String, differences: String },
    #[error("run {id} is being written by another process")]
    Busy { id: String },
}

fn newest(known: &[String]) -> String {
    match known {
        [] => "; there are no runs yet".into(),
        known => format!("; the newest are {}", known.iter().take(5).cloned().collect::<Vec<_>>().join(", ")),
    }
}

fn shown(path: &Path) -> String {
    Text::line(path.display().to_string()).shown().to_string()
}

/// One line of a run file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Run(Box<Head>),
    Query(Box<QueryRecord>),
    End(End),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Head {
    #[serde(flatten)]
    header: RunHeader,
    unscored: Vec<(String, String)>,
    problems: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct End {
    elapsed_ms: f64,
}

/// A run as its file tells it.
#[derive(Debug, Clone, Default)]
pub struct StoredRun {
    pub header: RunHeader,
    pub records: Vec<QueryRecord>,
    /// How long the whole run took; `None` if it has no end.
    pub elapsed: Option<Duration>,
    /// Lines that were left out, each a sentence with file and line.
    pub dropped: Vec<String>,
    unscored: Vec<(String, String)>,
    problems: Vec<String>,
}

impl StoredRun {
    /// Time that its requests took, without loading and what is between them.
    pub fn answering(&self) -> Duration {
        let milliseconds: f64 = self.records.iter().map(|r| r.timing.stage1_ms + r.timing.stage2_ms).sum();
        Duration::from_secs_f64(milliseconds.max(0.0) / 1000.0)
    }

    pub fn task_ids(&self) -> HashSet<String> {
        self.records.iter().map(|record| record.task_id.clone()).collect()
    }

    /// Its numbers, computed anew.
    pub fn report(self) -> EvalReport {
        let elapsed = self.elapsed.unwrap_or_else(|| self.answering());
        EvalReport {
            unscored: self.unscored.into_iter().map(|(id, reason)| (Text::line(id), reason)).collect(),
            problems: self.problems.into_iter().map(Text::line).collect(),
            elapsed,
            ..EvalReport::from_records(self.header, self.records)
        }
    }
}

/// Reads a run file with the bytes of its good lines.
fn read(path: &Path) -> Result<(StoredRun, Vec<u8>), StoreError> {
    let content = std::fs::read(path).map_err(|source| StoreError::Io { path: shown(path), source })?;
    let mut lines = content.split_inclusive(|&byte| byte == b'\n').enumerate();
    let first = lines.next().map_or(&[][..], |(_, line)| line);
    let no_header = |reason: String| StoreError::NoHeader { path: shown(path), reason };
    let head = match serde_json::from_slice(first) {
        Ok(Line::Run(head)) => head,
        Ok(_) => return Err(no_header("it is another line of one".into())),
        Err(error) => return Err(no_header(error.to_string())),
    };
    let mut run =
        StoredRun { header: head.header, unscored: head.unscored, problems: head.problems, ..StoredRun::default() };
    let mut good = first.to_vec();
    let mut seen = HashSet::new();
    for (index, line) in lines {
        let whole = line.ends_with(b"\n");
        let fault = match serde_json::from_slice::<Line>(line) {
            _ if !whole => Some("is torn".to_string()),
            Err(error) => Some(format!("is no line of a run ({error})")),
            Ok(Line::Run(_)) => Some("is a second header".into()),
            Ok(Line::Query(record)) if !seen.insert(record.task_id.clone()) => {
                Some(format!("answers request {} again", Text::line(&record.task_id)))
            }
            Ok(Line::Query(record)) => {
                run.records.push(*record);
                None
            }
            Ok(Line::End(end)) => {
                run.elapsed = Some(Duration::try_from_secs_f64(end.elapsed_ms / 1000.0).unwrap_or_default());
                None
            }
        };
        match fault {
            Some(fault) => run.dropped.push(format!("{}:{}: {fault}; it is left out", shown(path), index + 1)),
            None => good.extend_from_slice(line),
        }
    }
    Ok((run, good))
}

/// The folder of runs.
#[derive(Debug, Clone)]
pub struct RunStore {
    dir: PathBuf,
}

impl RunStore {
    /// `data` is the program's data directory ([`crate::config::Dirs::data`]).
    pub fn new(data: &Path) -> Self {
        RunStore { dir: data.join("runs") }
    }

    pub fn path(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.{SUFFIX}"))
    }

    /// Ids of all runs, the newest first: ids begin with the time.
    ///
    /// # Errors
    /// If the folder is there and cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, StoreError> {
        let failed = |source| StoreError::Io { path: shown(&self.dir), source };
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|suffix| suffix == SUFFIX)
                && let Some(id) = path.file_stem().and_then(|stem| stem.to_str())
            {
                ids.push(id.to_owned());
            }
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    /// The run of this id, of the id that begins so, or the newest for "last".
    ///
    /// # Errors
    /// If there is none or more than one.
    pub fn find(&self, name: &str) -> Result<String, StoreError> {
        let ids = self.ids()?;
        if name == "last"
            && let Some(newest) = ids.first()
        {
            return Ok(newest.clone());
        }
        let matches: Vec<&String> = ids.iter().filter(|id| id.starts_with(name) && !name.is_empty()).collect();
        match matches[..] {
            [only] => Ok(only.clone()),
            [..] if ids.iter().any(|id| id == name) => Ok(name.to_owned()),
            [] => Err(StoreError::Unknown { name: Text::line(name).shown().to_string(), known: ids }),
            _ => Err(StoreError::Ambiguous { name: name.into(), matches: matches.into_iter().cloned().collect() }),
        }
    }

    pub fn load(&self, id: &str) -> Result<StoredRun, StoreError> {
        Ok(read(&self.path(id))?.0)
    }

    pub fn remove(&self, id: &str) -> Result<(), StoreError> {
        let path = self.path(id);
        std::fs::remove_file(&path).map_err(|source| StoreError::Io { path: shown(&path), source })
    }

    /// An id for a run of this benchmark that begins now: time, benchmark, and four letters against chance.
    pub fn fresh_id(header: &RunHeader) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = header.benchmark.chars().map(word).collect();
        let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
        let name: String = parts.join("-").chars().take(24).collect();
        let chance: String = (0..4).map(|_| fastrand::lowercase()).collect();
        format!("{}-{}-{chance}", header.started.replace([':', '-'], ""), name.trim_end_matches('-'))
    }

    /// Begins the file of a run in which nothing is answered yet.
    ///
    /// # Errors
    /// If the folder cannot be made or written, or the id is taken.
    pub fn create(&self, report: &EvalReport) -> Result<RunWriter, StoreError> {
        let path = self.path(&report.header.id);
        let failed = |source| StoreError::Io { path: shown(&path), source };
        std::fs::create_dir_all(&self.dir).map_err(failed)?;
        let head = Head {
            header: report.header.clone(),
            unscored: report.unscored.iter().map(|(id, why)| (id.shown().to_owned(), why.clone())).collect(),
            problems: report.problems.iter().map(|problem| problem.shown().to_owned()).collect(),
        };
        let file = self.placed(&path, &encoded(&Line::Run(Box::new(head))).map_err(failed)?, false)?;
        Ok(RunWriter::new(path, file))
    }

    /// Opens a run to go on where it was. What its file holds wrongly is gone from it afterwards.
    ///
    /// # Errors
    /// If the run was made from something else than `header` says, or another process is writing it.
    pub fn resume(&self, id: &str, header: &RunHeader) -> Result<(StoredRun, RunWriter), StoreError> {
        let path = self.path(id);
        let failed = |source| StoreError::Io { path: shown(&path), source };
        let file = OpenOptions::new().append(true).open(&path).map_err(failed)?;
        lock(&file, id).map_err(|error| error.unwrap_or_else(failed))?;
        let (run, good) = read(&path)?;
        let differences = differences(&run.header, header);
        if !differences.is_empty() {
            return Err(StoreError::Different { id: id.into(), differences: differences.join(", ") });
        }
        // The old file stays locked until the new one, locked too, has its name.
        let file = if run.dropped.is_empty() { file } else { self.placed(&path, &good, true)? };
        Ok((run, RunWriter::new(path, file)))
    }

    /// A locked file with this content, under its name at once and not before.
    fn placed(&self, path: &Path, content: &[u8], replace: bool) -> Result<File, StoreError> {
        let failed = |source| StoreError::Io { path: shown(path), source };
        let mut file = tempfile::Builder::new().append(true).tempfile_in(&self.dir).map_err(failed)?;
        file.write_all(content).and_then(|()| file.as_file().sync_data()).map_err(failed)?;
        lock(file.as_file(), "").map_err(|error| error.unwrap_or_else(failed))?;
        let placed = if replace { file.persist(path) } else { file.persist_noclobber(path) };
        placed.map_err(|error| failed(error.error))
    }
}

/// The error is a function of how to name the file where the system gave one.
fn lock(file: &File, id: &str) -> Result<(), LockError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(LockError::Busy(id.into())),
        // Some network file systems have no locks; a run there is as safe as its owner makes it.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
    }
}

enum LockError {
    Busy(String),
    Io(io::Error),
}

impl LockError {
    fn unwrap_or_else(self, failed: impl FnOnce(io::Error) -> StoreError) -> StoreError {
        match self {
            LockError::Busy(id) => StoreError::Busy { id },
            LockError::Io(error) => failed(error),
        }
    }
}

/// What makes two headers different runs, in words.
fn differences(old: &RunHeader, new: &RunHeader) -> Vec<&'static str> {
    [
        (old.benchmark_fingerprint != new.benchmark_fingerprint, "the benchmark's files differ"),
        (old.protocol != new.protocol, "the protocol differs"),
        (old.planned != new.planned, "the number of requests differs"),
        (old.pool_fingerprint != new.pool_fingerprint || old.pool != new.pool, "the pool of skills differs"),
        (old.settings != new.settings, "the settings differ"),
        (old.system != new.system || old.profile != new.profile, "the models or their profiles differ"),
        (old.program != new.program, "it was made by another version of the program"),
    ]
    .into_iter()
    .filter_map(|(differs, what)| differs.then_some(what))
    .collect()
}

fn encoded(line: &Line) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Appends to a run.
#[derive(Debug)]
pub struct RunWriter {
    path: PathBuf,
    file: File,
    synced: Instant,
}

impl RunWriter {
    fn new(path: PathBuf, file: File) -> Self {
        RunWriter { path, file, synced: Instant::now() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// If the file cannot be written: the disk may be full.
    pub fn push(&mut self, record: &QueryRecord) -> Result<(), StoreError> {
        self.append(&Line::Query(Box::new(record.clone())))?;
        if self.synced.elapsed() >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    /// The run is complete.
    pub fn finish(mut self, elapsed: Duration) -> Result<(), StoreError> {
        self.append(&Line::End(End { elapsed_ms: elapsed.as_micros() as f64 / 1000.0 }))?;
        self.sync()
    }

    fn append(&mut self, line: &Line) -> Result<(), StoreError> {
        let written = encoded(line).and_then(|bytes| self.file.write_all(&bytes));
        written.map_err(|source| StoreError::Io { path: shown(&self.path), source })
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.synced = Instant::now();
        self.file.sync_data().map_err(|source| StoreError::Io { path: shown(&self.path), source })
    }
}

#[cfg(test)]
mod tests;
