//! From a path to text, without trusting the path: only regular files, never more than the limit, never a wait.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use super::frontmatter::Finding;

/// Larger files load with a note (domain notes 5.4; the largest of 16,456 real ones has 294 KB).
const SOFT_LIMIT: usize = 1024 * 1024;
/// Larger files do not load (domain notes 5.4).
pub(super) const HARD_LIMIT: usize = 16 * 1024 * 1024;
/// Share of bytes that are no UTF-8 above which a file is taken for something else than text.
const MAX_BAD_SHARE: f64 = 0.1;

/// Opens a regular file, following links. Anything else is an error, and a FIFO put in its place between the check and
/// the opening cannot make us wait.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let refuse = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    // Looked at before it is opened: opening a device can have effects.
    if !path.metadata()?.is_file() {
        return Err(refuse());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refuse()) }
}

/// Reads a file of text within the limits. Notes say what was put right, an error why it cannot be read.
pub(super) fn read_text(path: &Path, notes: &mut Vec<Finding>) -> Result<String, Finding> {
    let unreadable = |error: io::Error| Finding::new("unreadable", None, format!("cannot be read: {}", reason(&error)));
    let file = open_regular(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > HARD_LIMIT as u64 {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // With a limit although the size is known: the file may grow while it is read.
    file.take(HARD_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > HARD_LIMIT {
        return Err(too_large(bytes.len() as u64));
    }
    if bytes.len() > SOFT_LIMIT {
        let message =
            format!("has {:.1} MiB, much more than any agent reads: split it", bytes.len() as f64 / 1048576.0);
        notes.push(Finding::new("large-file", None, message));
    }
    decode(bytes, notes)
}

fn too_large(size: u64) -> Finding {
    let message =
        format!("has {:.1} MiB, the limit is {} MiB: split it", size as f64 / 1048576.0, HARD_LIMIT / 1048576);
    Finding::new("file-too-large", None, message)
}

/// UTF-8, or mostly: a few bad bytes are replaced with a note, more make it something else than text.
pub(super) fn decode(bytes: Vec<u8>, notes: &mut Vec<Finding>) -> Result<String, Finding> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Finding::new("not-text", 1, "is UTF-16: save it as UTF-8"));
    }
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        return Err(Finding::new("not-text", line_at(&bytes, at), "holds a zero byte, so it is no text"));
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    let mut first = None;
    let (mut bad, mut at) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            first.get_or_insert(at);
        }
        at += chunk.invalid().len();
        bad += chunk.invalid().len();
    }
    let line = line_at(&bytes, first.unwrap_or(0));
    if bad as f64 > bytes.len() as f64 * MAX_BAD_SHARE {
        return Err(Finding::new(
            "not-text",
            line,
            format!("{bad} of {} bytes are not UTF-8: save it as UTF-8", bytes.len()),
        ));
    }
    notes.push(Finding::new(
        "not-utf8",
        line,
        format!("{bad} bytes are not UTF-8 and were replaced: save it as UTF-8"),
    ));
    Ok(match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(text) => text.to_string(),
        Cow::Owned(text) => text,
    })
}

fn line_at(bytes: &[u8], at: usize) -> u64 {
    1 + bytes[..at].iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// The reason alone, without "(os error 13)", which tells a reader nothing.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text or the rule that refused it, and the line of the first replaced byte.
    fn decoded(bytes: &[u8]) -> (Result<String, &'static str>, Option<u64>) {
        let mut notes = Vec::new();
        let text = decode(bytes.to_vec(), &mut notes).map_err(|finding| finding.rule);
        (text, notes.first().and_then(|note| note.line))
    }

    #[test]
    fn a_few_bad_bytes_are_replaced_many_are_refused() {
        assert_eq!(decoded("é".as_bytes()), (Ok("é".into()), None));
        let latin1 = [b"plain text, long enough\nwith one caf".as_slice(), b"\xe9 in it"].concat();
        let (text, line) = decoded(&latin1);
        assert_eq!(text.unwrap(), "plain text, long enough\nwith one caf\u{FFFD} in it");
        assert_eq!(line, Some(2));
        assert_eq!(decoded(b"\x89PNG\xff\xfe\xfd").0, Err("not-text"));
        assert_eq!(decoded(b"text\0more").0, Err("not-text"));
        assert_eq!(decoded(b"\xff\xfea\0b\0").0, Err("not-text"));
    }

    #[test]
    fn reasons_have_no_numbers() {
        assert_eq!(reason(&io::Error::from_raw_os_error(libc::EACCES)), "permission denied");
    }
}
