//! Pools: one skill per line of JSON, in SkillRouter's layout or near it (papers: SkillRouter, release format).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;
use serde_json::{Map, Value};

use super::draft::{Batch, row};
use super::file::{HARD_LIMIT, decode, open_regular, reason};
use super::frontmatter::{self, Draft, Finding};
use super::{Origin, Severity, Text, parquet};

/// Bytes of one pool file after decompression, a hundred times the largest published shard: gzip can hide any size.
const MAX_POOL_BYTES: u64 = 8 * 1024 * 1024 * 1024;
/// Rows parsed at a time: enough to keep all cores busy, little enough to hold beside the skills.
const ROWS_AT_A_TIME: usize = 1024;
/// The same bound in bytes, for pools of long rows.
const BYTES_AT_A_TIME: usize = 32 * 1024 * 1024;

const ID_KEYS: [&str; 3] = ["skill_id", "id", "_id"];
/// `title` is BEIR's.
const NAME_KEYS: [&str; 2] = ["name", "title"];
const DESCRIPTION_KEYS: [&str; 2] = ["description", "desc"];
const BODY_KEYS: [&str; 2] = ["body", "text"];
/// SkillRet's key for a whole SKILL.md, front matter included (papers: SkillRet, skill record).
const FILE_KEY: &str = "skill_md";
/// What R3-Skill puts between the fields of its `text` (papers: R3-Skill, schema).
const JOINT: &str = " | ";

pub(super) fn is_pool(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    [".jsonl", ".jsonl.gz", ".parquet"].iter().any(|ending| name.ends_with(ending))
}

/// The pool files that lie directly in a folder, by name.
pub(super) fn shards(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut shards: Vec<PathBuf> = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if is_pool(&path) {
            shards.push(path);
        }
    }
    shards.sort();
    Ok(shards)
}

/// Reads one pool file; `whole` as in [`super::load::Source::WholeFiles`]. What cannot be read is in the rows, what
/// came before it is kept.
pub(super) fn read(path: &Path, root: usize, whole: bool) -> Batch {
    let mut batch = Batch::default();
    let pool = Pool { path, shown: Text::line(path.to_string_lossy()), root, whole };
    match open(path) {
        Ok(mut reader) => pool.read(&mut reader, &mut batch),
        Err(error) => {
            let finding = Finding::new("unreadable", None, format!("cannot be read: {}", reason(&error)));
            pool.refuse(&finding, &mut batch);
        }
    }
    batch
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file: BufReader<File> = BufReader::with_capacity(1 << 16, open_regular(path)?);
    if file.fill_buf()?.starts_with(parquet::MAGIC) {
        return Ok(Box::new(parquet::lines(open_regular(path)?)?));
    }
    let zipped = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
        || file.fill_buf()?.starts_with(&[0x1F, 0x8B]);
    Ok(match zipped {
        true => Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file))),
        false => Box::new(file),
    })
}

/// A line and its 1-based number; too long a line is `None`.
type Line = (u64, Option<Vec<u8>>);

struct Pool<'a> {
    path: &'a Path,
    shown: Text,
    root: usize,
    whole: bool,
}

impl Pool<'_> {
    fn read(&self, reader: &mut (dyn BufRead + Send), batch: &mut Batch) {
        let mut reader = reader.take(MAX_POOL_BYTES);
        let mut number = 0;
        loop {
            let (lines, end) = read_lines(&mut reader, &mut number);
            let rows: Vec<_> = lines.into_par_iter().filter_map(|line| self.row(line)).collect();
            for (line, id, result) in rows {
                batch.push(&id, result, self.origin(line));
            }
            match end {
                Ok(true) => (),
                Ok(false) => break,
                Err(error) => {
                    let what = "the file breaks off here, what came before was loaded";
                    let finding = Finding::new("broken-file", number + 1, format!("{what}: {}", reason(&error)));
                    return self.refuse(&finding, batch);
                }
            }
        }
        if reader.limit() == 0 {
            let message = format!("not read beyond {} GiB: split the pool", MAX_POOL_BYTES >> 30);
            batch.rows.push(row(Severity::Limit, &self.shown, &Finding::new("pool-too-large", number, message), None));
        }
    }

    fn refuse(&self, finding: &Finding, batch: &mut Batch) {
        batch.seen += 1;
        batch.rows.push(row(Severity::Skipped, &self.shown, finding, None));
    }

    fn origin(&self, line: u64) -> Origin {
        Origin { root: self.root, path: self.path.to_path_buf(), shown: self.shown.clone(), line: Some(line) }
    }

    /// Reads one row, `None` if the line is empty.
    fn row(&self, (number, line): Line) -> Option<(u64, String, Result<Draft, Finding>)> {
        let Some(mut line) = line else {
            let message = format!("this row is longer than {} MiB: split it", HARD_LIMIT / 1048576);
            return Some((number, String::new(), Err(Finding::new("line-too-long", number, message))));
        };
        if number == 1 && line.starts_with("\u{FEFF}".as_bytes()) {
            line.drain(..3);
        }
        if line.trim_ascii().is_empty() {
            return None;
        }
        let mut notes = Vec::new();
        let parsed = decode(line, &mut notes)
            .and_then(|text| object(&text))
            .and_then(|object| draft(object, self.whole, || self.stand_in(number), notes));
        // Lines are those of the file, not of the row's text.
        let at = |finding| Finding { line: Some(number), ..finding };
        Some(match parsed {
            Ok((id, mut draft)) => {
                draft.notes = draft.notes.into_iter().map(at).collect();
                (number, id, Ok(draft))
            }
            Err(finding) => (number, String::new(), Err(at(finding))),
        })
    }

    /// The id of a row without one.
    fn stand_in(&self, number: u64) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        format!("{}:{number}", name.split('.').next().unwrap_or_default())
    }
}

/// Reads the next lines. `Ok(false)` at the end of the file, an error where it breaks off.
fn read_lines(reader: &mut impl BufRead, number: &mut u64) -> (Vec<Line>, io::Result<bool>) {
    let mut lines = Vec::new();
    let mut bytes = 0;
    while lines.len() < ROWS_AT_A_TIME && bytes < BYTES_AT_A_TIME {
        match read_line(reader) {
            Ok(Some(line)) => {
                *number += 1;
                bytes += line.as_ref().map_or(0, Vec::len);
                lines.push((*number, line));
            }
            Ok(None) => return (lines, Ok(false)),
            Err(error) => return (lines, Err(error)),
        }
    }
    (lines, Ok(true))
}

/// The next line; `Some(None)` is one beyond the limit, `None` the end.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<Option<Vec<u8>>>> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(HARD_LIMIT as u64 + 1).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if read > HARD_LIMIT && !line.ends_with(b"\n") {
        reader.skip_until(b'\n')?;
        return Ok(Some(None));
    }
    Ok(Some(Some(line)))
}

fn object(text: &str) -> Result<Map<String, Value>, Finding> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Finding::new("not-an-object", None, "this row is JSON, but no object with skill_id and name")),
        Err(error) => {
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            Err(Finding::new("not-json", None, format!("this row is not JSON: {what} in column {}", error.column())))
        }
    }
}

/// The fields of a row. Anything missing is made up with a note; a row with no text at all is refused.
fn draft(
    mut object: Map<String, Value>,
    whole: bool,
    stand_in: impl Fn() -> String,
    mut notes: Vec<Finding>,
) -> Result<(String, Draft), Finding> {
    let id = take(&mut object, &ID_KEYS);
    let mut name = take(&mut object, &NAME_KEYS);
    let mut description = take(&mut object, &DESCRIPTION_KEYS);
    let mut body = take(&mut object, &BODY_KEYS).unwrap_or_default();
    let file = take(&mut object, &[FILE_KEY]).filter(|_| body.is_empty());
    if whole && (name.is_some() || description.is_some()) {
        body = file.or_else(|| description.clone()).unwrap_or_default();
        [&mut name, &mut description].into_iter().flatten().for_each(strip);
        strip(&mut body);
    } else if let Some(file) = file {
        let read = frontmatter::read(&file, name.as_deref().unwrap_or_default())?;
        name = name.or(Some(read.name));
        description = description.or(Some(read.description));
        body = read.body;
    }
    if name.is_none() && description.is_none() {
        (name, description, body) = unjoin(body, &mut notes);
    }
    if name.is_none() && description.is_none() && body.is_empty() {
        return Err(Finding::new("not-a-skill", None, "this row has neither name nor description nor body"));
    }
    let id = id.or_else(|| name.clone()).unwrap_or_else(|| {
        let made_up = stand_in();
        notes.push(Finding::new("missing-id", None, format!("has no skill_id, it is called {made_up}")));
        made_up
    });
    let name = name.unwrap_or_else(|| {
        notes.push(Finding::new("missing-name", None, "has no name, it is called after its id: add `name`"));
        id.rsplit('/').next().unwrap_or(&id).to_string()
    });
    if description.is_none() {
        notes.push(Finding::new("missing-description", None, "has no description: add `description`"));
    }
    let mut extra = Vec::new();
    for (key, value) in object {
        leaves(value, key, &mut extra);
    }
    Ok((id, Draft { name, description: description.unwrap_or_default(), body, extra, notes }))
}

/// Takes the first of the keys that holds something.
fn take(object: &mut Map<String, Value>, keys: &[&str]) -> Option<String> {
    let key = keys.iter().find(|key| object.get(**key).is_some_and(|value| !flat(value).trim().is_empty()))?;
    match object.shift_remove(*key)? {
        Value::String(text) => Some(text),
        value => Some(flat(&value).into_owned()),
    }
}

/// Without the white space around it.
fn strip(text: &mut String) {
    *text = text.trim().to_owned();
}

/// R3-Skill's rows hold all fields in one text.
fn unjoin(text: String, notes: &mut Vec<Finding>) -> (Option<String>, Option<String>, String) {
    let mut parts = text.splitn(3, JOINT);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(description), Some(body)) if !name.contains('\n') => {
            let message = "name, description and body were one text, parted at \" | \"";
            notes.push(Finding::new("joined-text", None, message));
            (Some(name.to_string()), Some(description.to_string()), body.to_string())
        }
        _ => (None, None, text),
    }
}

/// A value as one text, lists joined with commas.
fn flat(value: &Value) -> std::borrow::Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) => text.into(),
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(", ").into(),
        value => value.to_string().into(),
    }
}

fn leaves(value: Value, key: String, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (inner, value) in object {
                leaves(value, format!("{key}.{inner}"), out);
            }
        }
        Value::Null => (),
        value => out.push((key, flat(&value).into_owned())),
    }
}
