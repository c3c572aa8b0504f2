//! Findings that somebody has looked at and accepted.
//!
//! A finding is known by a hash of what it was found in, so that an edited line comes back; not by its line number,
//! which changes with every line above it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::library::Text;

/// Larger files are no baselines.
const LARGEST: u64 = 16 * 1024 * 1024;
const HEADER: &str = "# Accepted findings: hash of the evidence, rule, skill. Delete a line to hear of it again.";

/// Why a baseline cannot be used. The texts are safe to print.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("{path}: cannot be read: {reason}; name a file that --write-baseline has written")]
    Unreadable { path: Text, reason: String },
    #[error("{path}, line {line}: is not `hash rule skill`; write the file again with --write-baseline")]
    Malformed { path: Text, line: usize },
    #[error("{path}: cannot be written: {reason}; check the folder and its permissions")]
    Unwritable { path: Text, reason: String },
}

/// The accepted findings by key, with rule and skill for whoever reads the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, (String, String)>);

/// What a finding is known by: BLAKE3 over rule, skill and evidence, 16 bytes in hex. White space at the ends of the
/// evidence does not count.
pub fn evidence_key(rule: &str, skill: &Text, evidence: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [rule, skill.for_model(), evidence.trim()] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_string()
}

impl Baseline {
    pub fn add(&mut self, key: String, rule: &str, skill: &Text) {
        // One line each: a name with a line break in it must not make a second one.
        let skill = Text::line(skill.shown());
        self.0.insert(key, (rule.to_string(), skill.shown().to_string()));
    }

    pub fn holds(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let unreadable = |reason: String| BaselineError::Unreadable { path: shown(path), reason };
        let size = std::fs::metadata(path).map_err(|error| unreadable(reason(&error)))?.len();
        if size > LARGEST {
            return Err(unreadable(format!("{} MiB are too many", size >> 20)));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(reason(&error)))?;
        let mut baseline = Baseline::default();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let mut parts = line.splitn(3, ' ');
            match (parts.next(), parts.next(), parts.next()) {
                (Some(key), Some(rule), Some(skill))
                    if key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
                {
                    baseline.0.insert(key.to_string(), (rule.to_string(), skill.to_string()));
                }
                _ => return Err(BaselineError::Malformed { path: shown(path), line: at + 1 }),
            }
        }
        Ok(baseline)
    }

    /// Writes beside the file and renames: a crash leaves the old one or the new one.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let unwritable = |error: io::Error| BaselineError::Unwritable { path: shown(path), reason: reason(&error) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder).map_err(unwritable)?;
        writeln!(file, "{HEADER}").map_err(unwritable)?;
        for (key, (rule, skill)) in &self.0 {
            writeln!(file, "{key} {rule} {skill}").map_err(unwritable)?;
        }
        file.persist(path).map_err(|error| unwritable(error.error))?;
        Ok(())
    }
}

fn shown(path: &Path) -> Text {
    Text::line(path.to_string_lossy())
}

fn reason(error: &io::Error) -> String {
    crate::library::file::reason(error)
}
