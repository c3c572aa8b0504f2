//! Runs on disk: one append-only file of JSON lines each. The first line says what is run, then comes one line per
//! request as it is done, and a closing line when all are.
//!
//! A file gets its name when its first line is in it. Each line after that is written with one call and reaches the
//! disk within [`SYNC_EVERY`]; a run that is killed keeps every line that was written, and loses at most the one under
//! way. A torn last line is cut off when the run is resumed.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::library::Text;

use super::record::{QueryRecord, Scored};
use super::report::{EvalReport, RunHeader};

/// What a power cut can cost at most.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// The name that stands for the newest run.
pub const LAST: &str = "last";

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    #[error("no run called {name:?}: {hint}")]
    Unknown { name: String, hint: String },
    #[error("run {id} is of something else: its {what} differs; run without --resume to begin anew")]
    Differs { id: String, what: &'static str },
}

impl StoreError {
    fn file(path: &Path, reason: impl ToString) -> Self {
        let line = |text: String| Text::line(text).shown().to_string();
        StoreError::File { path: line(path.display().to_string()), reason: line(reason.to_string()) }
    }
}

/// A line of a run file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Header {
        #[serde(flatten)]
        header: Box<RunHeader>,
        unscored: Vec<(String, String)>,
        problems: Vec<String>,
    },
    Query(Box<QueryRecord>),
    End {
        elapsed_ms: f64,
    },
}

/// A run as it was read.
#[derive(Debug, Default)]
pub struct StoredRun {
    pub report: EvalReport,
    pub finished: bool,
    /// Lines that could not be used, each a sentence with file and line.
    pub damage: Vec<String>,
    /// Bytes up to the end of the last whole line.
    whole: u64,
}

impl StoredRun {
    /// Requests that are done.
    pub fn done(&self) -> HashSet<String> {
        let outcomes = self.report.outcomes.iter().map(|outcome| outcome.record.task_id.clone());
        outcomes.chain(self.report.no_skill.iter().map(|record| record.task_id.clone())).collect()
    }
}

/// The folder that runs are kept in.
#[derive(Debug, Clone)]
pub struct RunStore {
    dir: PathBuf,
}

impl RunStore {
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        RunStore { dir: dir.into() }
    }

    /// Begins a run: gives the report its id and time, and writes the first line.
    ///
    /// # Errors
    /// If the folder or the file cannot be made.
    pub fn create(&self, report: &mut EvalReport) -> Result<RunWriter, StoreError> {
        fs::create_dir_all(&self.dir).map_err(|error| StoreError::file(&self.dir, error))?;
        let now = OffsetDateTime::now_utc();
        report.header.started = now.format(&Rfc3339).unwrap_or_default();
        let slug: String =
            report.header.benchmark.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(24).collect();
        loop {
            let stamp = (now.year(), u8::from(now.month()), now.day(), now.hour(), now.minute(), now.second());
            let (year, month, day, hour, minute, second) = stamp;
            let random = fastrand::u16(..);
            report.header.id =
                format!("{year}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-{slug}-{random:04x}").to_lowercase();
            let path = self.path(&report.header.id);
            let header = encoded(&Line::Header {
                header: Box::new(report.header.clone()),
                unscored: report.unscored.iter().map(|(id, why)| (id.shown().into(), why.clone())).collect(),
                problems: report.problems.iter().map(|problem| problem.shown().into()).collect(),
            });
            let begun = header.and_then(|header| self.begin(&path, &header));
            match begun {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => return RunWriter::new(path.clone(), file.map_err(|error| StoreError::file(&path, error))?),
            }
        }
    }

    /// A new file under this name, with its first line in it: a program killed here leaves a run or none.
    fn begin(&self, path: &Path, header: &[u8]) -> io::Result<File> {
        let mut file = tempfile::Builder::new().append(true).tempfile_in(&self.dir)?;
        file.write_all(header)?;
        file.persist_noclobber(path).map_err(|error| error.error)
    }

    /// Goes on with the newest unfinished run of the same benchmark; `None` if there is none. The report gets what is
    /// done already.
    ///
    /// # Errors
    /// If that run is of other data, settings or models, or its file cannot be used or is being written.
    pub fn resume(&self, report: &mut EvalReport) -> Result<Option<(RunWriter, HashSet<String>)>, StoreError> {
        for id in self.ids()? {
            let stored = self.read(&id)?;
            if stored.finished || stored.report.header.benchmark != report.header.benchmark {
                continue;
            }
            return self.go_on(id, stored, report).map(Some);
        }
        Ok(None)
    }

    /// Goes on with this run.
    ///
    /// # Errors
    /// As [`RunStore::resume`].
    pub fn resume_run(&self, id: &str, report: &mut EvalReport) -> Result<(RunWriter, HashSet<String>), StoreError> {
        self.go_on(id.to_owned(), self.read(id)?, report)
    }

    fn go_on(
        &self,
        id: String,
        stored: StoredRun,
        report: &mut EvalReport,
    ) -> Result<(RunWriter, HashSet<String>), StoreError> {
        if let Some(what) = differing(&stored.report.header, &report.header) {
            return Err(StoreError::Differs { id, what });
        }
        let path = self.path(&id);
        let file = OpenOptions::new().append(true).open(&path).map_err(|error| StoreError::file(&path, error))?;
        let writer = RunWriter::new(path.clone(), file)?;
        writer.file.set_len(stored.whole).map_err(|error| StoreError::file(&path, error))?;
        let done = stored.done();
        *report = stored.report;
        Ok((writer, done))
    }

    /// Ids, newest first.
    ///
    /// # Errors
    /// If the folder is there and cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, StoreError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::file(&self.dir, error)),
        };
        let id = |entry: io::Result<fs::DirEntry>| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".jsonl").map(str::to_owned)
        };
        let mut ids: Vec<String> = entries.filter_map(id).collect();
        // An id begins with its time.
        ids.sort_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    /// The run of this id, of this unique beginning of one, or the last one.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub fn find(&self, name: &str) -> Result<String, StoreError> {
        let ids = self.ids()?;
        let unknown = |hint: String| StoreError::Unknown { name: name.to_owned(), hint };
        if name == LAST {
            return ids.into_iter().next().ok_or_else(|| unknown("there are no runs yet".into()));
        }
        if ids.iter().any(|id| id == name) {
            return Ok(name.to_owned());
        }
        let matching: Vec<&String> = ids.iter().filter(|id| id.contains(name)).collect();
        match matching[..] {
            [id] => Ok(id.clone()),
            [] => Err(unknown("skillscope runs list shows what there is".into())),
            _ => Err(unknown(format!("{} runs are called something like it", matching.len()))),
        }
    }

    /// Reads a run; its numbers are made anew from its records.
    ///
    /// # Errors
    /// If the file cannot be read, or its first line is not that of a run.
    pub fn read(&self, id: &str) -> Result<StoredRun, StoreError> {
        read(&self.path(id))
    }

    /// # Errors
    /// If the file cannot be removed.
    pub fn remove(&self, id: &str) -> Result<(), StoreError> {
        let path = self.path(id);
        fs::remove_file(&path).map_err(|error| StoreError::file(&path, error))
    }

    pub fn path(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.jsonl"))
    }
}

fn encoded(line: &Line) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What a resumed run must have in common with what it was, in words; `None` if all is the same.
fn differing(stored: &RunHeader, wanted: &RunHeader) -> Option<&'static str> {
    let pairs = [
        ("benchmark", stored.benchmark_fingerprint == wanted.benchmark_fingerprint),
        ("protocol", stored.protocol == wanted.protocol),
        ("pool of skills", stored.pool_fingerprint == wanted.pool_fingerprint),
        ("settings", stored.settings == wanted.settings),
        ("models or their settings", stored.system == wanted.system && stored.profile == wanted.profile),
        ("number of requests", stored.planned == wanted.planned),
        ("program version", stored.program == wanted.program),
    ];
    pairs.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}

fn read(path: &Path) -> Result<StoredRun, StoreError> {
    let fail = |reason: &dyn ToString| StoreError::file(path, reason.to_string());
    let mut reader = BufReader::new(File::open(path).map_err(|error| fail(&error))?);
    let mut stored = StoredRun::default();
    let (mut number, mut bytes) = (0, 0);
    let mut line = Vec::new();
    let mut has_header = false;
    while reader.read_until(b'\n', &mut line).map_err(|error| fail(&error))? > 0 {
        number += 1;
        bytes += line.len() as u64;
        let whole = line.ends_with(b"\n");
        let parsed = serde_json::from_slice::<Line>(&line);
        line.clear();
        match parsed {
            Ok(Line::Header { header, unscored, problems }) if !has_header => {
                has_header = true;
                stored.report = EvalReport::new(shown_header(*header));
                stored.report.unscored =
                    unscored.into_iter().map(|(id, why)| (Text::line(id), Text::line(why).shown().into())).collect();
                stored.report.problems = problems.into_iter().map(Text::line).collect();
            }
            _ if !has_header => return Err(fail(&"is not a run: its first line is not a header")),
            Ok(Line::Query(record)) if whole => {
                let timing = record.timing;
                stored.report.push(shown(*record));
                let elapsed = stored.report.elapsed.saturating_add(milliseconds(timing.stage1_ms + timing.stage2_ms));
                stored.report.elapsed = elapsed;
            }
            Ok(Line::End { elapsed_ms }) => {
                stored.finished = true;
                stored.report.elapsed = milliseconds(elapsed_ms);
            }
            _ if !whole => {
                stored.damage.push(format!("{}:{number}: the last line is torn; it is left out", path.display()));
                break;
            }
            _ => stored.damage.push(format!("{}:{number}: is not a line of a run; it is left out", path.display())),
        }
        if whole {
            stored.whole = bytes;
        }
    }
    match has_header {
        true => Ok(stored),
        false => Err(fail(&"is empty")),
    }
}

/// Zero for what is no time.
fn milliseconds(count: f64) -> Duration {
    Duration::try_from_secs_f64(count / 1000.0).unwrap_or_default()
}

/// A run file may come from elsewhere: what is printed of it is made harmless, as everywhere.
fn shown(record: QueryRecord) -> QueryRecord {
    let line = |text: String| Text::line(text).shown().to_owned();
    let lines = |texts: Vec<String>| texts.into_iter().map(line).collect();
    let scored = |list: Vec<Scored>| {
        list.into_iter().map(|scored| Scored { id: line(scored.id), score: scored.score }).collect()
    };
    QueryRecord {
        task_id: line(record.task_id),
        gold: lines(record.gold),
        grades: record.grades.into_iter().map(|(id, grade)| (line(id), grade)).collect(),
        gold_missing: lines(record.gold_missing),
        shortlist: scored(record.shortlist),
        ranking: scored(record.ranking),
        cut: lines(record.cut),
        near_duplicates: record.near_duplicates.into_iter().map(|(a, b)| (line(a), line(b))).collect(),
        strata: record.strata.into_iter().map(|s| super::Stratum::new(line(s.group), line(s.name))).collect(),
        ..record
    }
}

fn shown_header(header: RunHeader) -> RunHeader {
    let line = |text: String| Text::line(text).shown().to_owned();
    RunHeader {
        id: line(header.id),
        started: line(header.started),
        program: line(header.program),
        benchmark: line(header.benchmark),
        system: line(header.system),
        revision: header.revision.map(line),
        ..header
    }
}

/// The open file of a run.
#[derive(Debug)]
pub struct RunWriter {
    path: PathBuf,
    file: File,
    synced: Instant,
}

impl RunWriter {
    /// # Errors
    /// If another process holds the file.
    fn new(path: PathBuf, file: File) -> Result<Self, StoreError> {
        file.try_lock().map_err(|_| StoreError::file(&path, "is being written by another process"))?;
        Ok(RunWriter { path, file, synced: Instant::now() })
    }

    /// # Errors
    /// If it cannot be written; what was written stays.
    pub fn append(&mut self, record: &QueryRecord) -> Result<(), StoreError> {
        self.line(&Line::Query(Box::new(record.clone())))?;
        if self.synced.elapsed() >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    /// Closes a run that is done.
    ///
    /// # Errors
    /// As [`RunWriter::append`].
    pub fn finish(mut self, elapsed: Duration) -> Result<(), StoreError> {
        self.line(&Line::End { elapsed_ms: elapsed.as_micros() as f64 / 1000.0 })?;
        self.sync()
    }

    fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        let written = encoded(line).and_then(|bytes| self.file.write_all(&bytes));
        written.map_err(|error| StoreError::file(&self.path, error))
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.synced = Instant::now();
        self.file.sync_data().map_err(|error| StoreError::file(&self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> QueryRecord {
        QueryRecord {
            task_id: id.into(),
            gold: vec!["a".into()],
            shortlist: vec![Scored { id: "a".into(), score: 0.5 }],
            ..QueryRecord::default()
        }
    }

    fn report() -> EvalReport {
        EvalReport::new(RunHeader { benchmark: "Demo: äö".into(), planned: 3, ..RunHeader::default() })
    }

    #[test]
    fn a_run_reads_back_with_the_same_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let store = RunStore::new(dir.path().join("runs"));
        let mut live = report();
        let mut writer = store.create(&mut live).unwrap();
        for id in ["one", "two", "three"] {
            writer.append(&record(id)).unwrap();
            live.push(record(id));
        }
        writer.finish(Duration::from_millis(1500)).unwrap();
        let stored = store.read(&store.find(LAST).unwrap()).unwrap();
        assert!(stored.finished && stored.damage.is_empty());
        assert_eq!(stored.report.header, live.header);
        assert_eq!(stored.report.all.after(), live.all.after());
        assert_eq!(stored.report.elapsed, Duration::from_millis(1500));
        assert!(store.resume(&mut report()).unwrap().is_none(), "a finished run is not resumed");
    }

    #[test]
    fn a_torn_run_goes_on_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let store = RunStore::new(dir.path());
        let mut begun = report();
        let mut writer = store.create(&mut begun).unwrap();
        writer.append(&record("one")).unwrap();
        drop(writer);
        let path = store.path(&begun.header.id);
        let whole = fs::read(&path).unwrap();
        let torn = [&whole[..], b"{\"kind\":\"query\",\"task_id\":\"tw"].concat();
        fs::write(&path, &torn).unwrap();
        assert!(store.read(&begun.header.id).unwrap().damage[0].contains(":3: the last line is torn"));

        let mut resumed = report();
        let (mut writer, done) = store.resume(&mut resumed).unwrap().unwrap();
        assert_eq!((done, resumed.scored()), (HashSet::from(["one".to_owned()]), 1));
        assert_eq!(fs::read(&path).unwrap(), whole, "the torn line is gone");
        let other = store.resume(&mut report()).unwrap_err().to_string();
        assert!(other.contains("being written by another process"), "{other}");
        writer.append(&record("two")).unwrap();
        writer.finish(Duration::ZERO).unwrap();
        assert!(store.read(&begun.header.id).unwrap().damage.is_empty());
    }

    #[test]
    fn hostile_numbers_are_read_as_far_as_they_mean_something() {
        let dir = tempfile::tempdir().unwrap();
        let store = RunStore::new(dir.path());
        let mut begun = report();
        let mut unscored = record("one");
        unscored.ranking = vec![Scored { id: "a".into(), score: f32::NEG_INFINITY }];
        unscored.timing.stage1_ms = 1e300;
        let mut writer = store.create(&mut begun).unwrap();
        writer.append(&unscored).unwrap();
        drop(writer);
        let stored = store.read(&begun.header.id).unwrap();
        assert!(stored.damage.is_empty(), "a skill that no model scored is written as null: {:?}", stored.damage);
        assert_eq!(stored.report.outcomes[0].record.ranking, unscored.ranking);
        assert_eq!(stored.report.elapsed, Duration::ZERO);
    }

    #[test]
    fn another_system_does_not_go_on_with_this_run() {
        let dir = tempfile::tempdir().unwrap();
        let store = RunStore::new(dir.path());
        drop(store.create(&mut report()).unwrap());
        let mut other = report();
        other.header.system = "another".into();
        let error = store.resume(&mut other).unwrap_err().to_string();
        assert!(error.contains("models or their settings differs"), "{error}");
        let mut unrelated = report();
        unrelated.header.benchmark = "another".into();
        assert!(store.resume(&mut unrelated).unwrap().is_none());
    }

    #[test]
    fn what_is_no_run_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let store = RunStore::new(dir.path());
        assert!(store.find(LAST).unwrap_err().to_string().contains("no runs yet"));
        for (content, says) in [("", "is empty"), ("{}\n", "first line is not a header")] {
            fs::write(store.path("x"), content).unwrap();
            assert!(store.read("x").unwrap_err().to_string().contains(says));
        }
        assert!(store.find("nothing").unwrap_err().to_string().contains("runs list"));
    }
}
