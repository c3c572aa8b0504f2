//! The files of a benchmark and how messages call them.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use serde_json::{Map, Value};

use crate::eval::BenchmarkError;
use crate::library::{Text, parquet};

/// Largest file of a benchmark that is read, after decompression. SkillRet's queries are under 40 MB; the bound keeps a
/// wrong path, such as a pool, from filling memory.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// A file's content and how messages call it.
pub(in crate::eval) struct Source {
    label: String,
    bytes: Vec<u8>,
}

impl Source {
    pub(in crate::eval) fn new(label: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Source { label: label.into(), bytes: bytes.into() }
    }

    /// Reads a file, gzip or not; a Parquet table becomes one line of JSON per row. `layout` says in errors what a
    /// benchmark of this kind consists of.
    pub(in crate::eval) fn read(path: &Path, layout: &str) -> Result<Self, BenchmarkError> {
        let label = path.to_string_lossy();
        let fail = |reason: String| BenchmarkError::new(&label, reason);
        // Metadata first: opening a FIFO would wait for a writer.
        let metadata = path.metadata().map_err(|error| fail(format!("cannot be read ({error}); {layout}")))?;
        if !metadata.is_file() {
            return Err(fail("is not a regular file".into()));
        }
        let unreadable = |error: std::io::Error| fail(format!("cannot be read ({error})"));
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
        if bytes.starts_with(parquet::MAGIC) {
            bytes.clear();
            File::open(path)
                .and_then(parquet::lines)
                .and_then(|lines| lines.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
                .map_err(unreadable)?;
        }
        if bytes.starts_with(&[0x1F, 0x8B]) {
            let mut plain = Vec::new();
            MultiGzDecoder::new(&bytes[..])
                .take(MAX_FILE_BYTES + 1)
                .read_to_end(&mut plain)
                .map_err(|error| fail(format!("is not whole gzip ({error}); fetch it again")))?;
            bytes = plain;
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(fail(format!("is larger than {} MiB; is it a pool?", MAX_FILE_BYTES >> 20)));
        }
        Ok(Source::new(&label, bytes))
    }

    pub(in crate::eval) fn label(&self) -> &str {
        &self.label
    }

    pub(in crate::eval) fn content(&self) -> &[u8] {
        self.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&self.bytes)
    }

    /// What is wrong on a line (1-based).
    pub(in crate::eval) fn problem(&self, line: usize, message: impl fmt::Display) -> Text {
        Text::line(format!("{}:{line}: {message}", self.label))
    }

    pub(in crate::eval) fn not_json(&self, what: &str, error: &serde_json::Error) -> BenchmarkError {
        let label = format!("{}:{}:{}", self.label, error.line(), error.column());
        BenchmarkError::new(label, format!("not {what}: {}", without_place(error)))
    }

    /// The lines that hold something, with their 1-based numbers.
    pub(in crate::eval) fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let lines = self.content().split(|&byte| byte == b'\n').enumerate();
        lines.map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_ascii().is_empty())
    }

    /// The objects of JSON lines; a line that is none becomes a problem.
    pub(in crate::eval) fn objects(&self, problems: &mut Vec<Text>) -> Vec<(usize, Map<String, Value>)> {
        let mut objects = Vec::new();
        for (line, text) in self.lines() {
            match serde_json::from_slice(text) {
                Ok(object) => objects.push((line, object)),
                Err(error) => {
                    let place = format!("{} at column {}", without_place(&error), error.column());
                    problems.push(self.problem(line, format_args!("not a JSON object: {place}; the row is left out")));
                }
            }
        }
        objects
    }
}

/// serde_json's message without its own " at line 1 column 2", which counts within the row.
pub(in crate::eval) fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_string(),
        None => message,
    }
}

/// BLAKE3 of files (first 16 bytes, hex). Lengths keep them apart.
pub(in crate::eval) fn fingerprint<'a>(sources: impl IntoIterator<Item = &'a Source>) -> String {
    let mut hasher = blake3::Hasher::new();
    for source in sources {
        hasher.update(&(source.bytes.len() as u64).to_le_bytes());
        hasher.update(&source.bytes);
    }
    hasher.finalize().to_hex()[..32].to_string()
}
