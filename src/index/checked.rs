//! Files that are whole or not there (design invariant 8): what every cache on disk is made of.
//!
//! A file is its contents followed by the BLAKE3 hash of the contents. It is written under a temporary name in the
//! same directory, synced, and renamed; a name is never used twice and a file is never changed after its rename. A
//! process that dies while writing leaves a temporary file, which [`sweep`] removes.
//!
//! Files are read into memory, not mapped. A checksum says nothing about a mapping, which can change after it was
//! checked, and a mapped file that someone truncates kills the process with SIGBUS, which no Rust code can turn into a
//! sentence. To check the sum every byte has to be read anyway; what mapping would save is memory that the kernel
//! could take back: 77 MB at 100,000 vectors of 384.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

/// Start of the name of a file that is being written.
const WRITING: &str = ".writing-";

/// Bytes of the hash at the end.
const CHECKSUM: u64 = blake3::OUT_LEN as u64;

/// Where the file system cannot lock, a temporary file is taken for abandoned after this time.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A file that has its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub path: PathBuf,
    /// Size on disk, checksum included.
    pub bytes: u64,
}

/// Writes `directory/<stem>-<process>-<random>.<extension>`; `fill` writes the contents and may be called twice.
///
/// When this returns, the file survives a power cut (as far as the file system keeps its promises). On an error there
/// is no such file.
pub fn write_new(
    directory: &Path,
    stem: &str,
    extension: &str,
    fill: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Written> {
    match attempt(directory, stem, extension, &fill) {
        // The directory was removed, or another process swept the file in the moment before it was locked.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(directory)?;
            attempt(directory, stem, extension, &fill)
        }
        outcome => outcome,
    }
}

fn attempt(
    directory: &Path,
    stem: &str,
    extension: &str,
    fill: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Written> {
    let temporary = temporary(directory, &format!("{stem}-{}-", std::process::id()), &format!(".{extension}"))?;
    // Held until the rename, so that no other process takes the file for a leftover. Without locks, its age protects
    // it.
    let _ = temporary.as_file().try_lock();

    let mut out = Hashing { inner: BufWriter::new(temporary.as_file()), hasher: blake3::Hasher::new(), bytes: 0 };
    fill(&mut out)?;
    out.inner.write_all(out.hasher.finalize().as_bytes())?;
    out.inner.flush()?;
    let bytes = out.bytes + CHECKSUM;
    drop(out);
    temporary.as_file().sync_all()?;

    let name = temporary.path().file_name().unwrap_or_default().to_string_lossy();
    let path = directory.join(name.trim_start_matches(WRITING));
    temporary.persist_noclobber(&path).map_err(|refused| refused.error)?;
    sync_directory(directory);
    Ok(Written { path, bytes })
}

/// An empty file that is removed when it is dropped.
fn temporary(directory: &Path, prefix: &str, suffix: &str) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(&format!("{WRITING}{prefix}")).suffix(suffix).rand_bytes(8).tempfile_in(directory)
}

/// Makes the rename durable. Not every platform can; the file itself is synced, so the worst is that it is missing.
fn sync_directory(directory: &Path) {
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}

/// Whether files can be created in a directory, by creating one.
pub fn probe(directory: &Path) -> io::Result<()> {
    temporary(directory, "probe-", "").map(drop)
}

/// Removes what processes that died while writing have left, and nothing that is still being written.
pub fn sweep(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_temporary = entry.file_name().to_string_lossy().starts_with(WRITING);
        if is_temporary && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_abandoned(&entry.path()) {
            // Someone else may have been faster.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A writer holds a lock, which ends with its process.
fn is_abandoned(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => {
            let age = file.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
            age.is_ok_and(|age| age.is_ok_and(|age| age > ABANDONED_AFTER))
        }
    }
}

/// Hashes and counts what passes through.
struct Hashing<W> {
    inner: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads the contents of a file. Nothing that was read may be believed before [`Reader::finish`] has agreed.
#[derive(Debug)]
pub struct Reader {
    file: File,
    hasher: blake3::Hasher,
    left: u64,
}

impl Reader {
    /// Fails with [`io::ErrorKind::InvalidData`] if the file is too short to have a checksum.
    pub fn open(path: &Path) -> io::Result<Reader> {
        let file = File::open(path)?;
        let left = file.metadata()?.len().checked_sub(CHECKSUM).ok_or_else(|| damaged("it is cut short"))?;
        Ok(Reader { file, hasher: blake3::Hasher::new(), left })
    }

    /// Bytes of the contents that have not been read yet. Checked against the file's real size, so it is safe to
    /// allocate for.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Reads what is left of the contents and compares the checksum.
    pub fn finish(mut self) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink())?;
        let mut stored = [0; blake3::OUT_LEN];
        self.file.read_exact(&mut stored)?;
        if self.hasher.finalize() == stored { Ok(()) } else { Err(damaged("its checksum does not match")) }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(damaged("it was cut short while it was read"));
        }
        self.hasher.update(&buffer[..read]);
        self.left -= read as u64;
        Ok(read)
    }
}

/// The error of a file that is not what was written.
pub(super) fn damaged(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(path: &Path) -> io::Result<Vec<u8>> {
        let mut reader = Reader::open(path)?;
        let mut contents = vec![0; reader.left() as usize];
        reader.read_exact(&mut contents)?;
        reader.finish().map(|()| contents)
    }

    fn files(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn what_was_written_is_read_and_any_change_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let written = write_new(directory.path(), "scores", "bin", |out| out.write_all(b"contents")).unwrap();
        assert_eq!(files(directory.path()), 1);
        assert_eq!(written.bytes, fs::metadata(&written.path).unwrap().len());
        assert_eq!(contents(&written.path).unwrap(), b"contents");

        let whole = fs::read(&written.path).unwrap();
        for position in 0..whole.len() {
            let mut changed = whole.clone();
            changed[position] ^= 0x10;
            fs::write(&written.path, changed).unwrap();
            assert_eq!(contents(&written.path).unwrap_err().kind(), io::ErrorKind::InvalidData, "byte {position}");
            fs::write(&written.path, &whole[..position]).unwrap();
            assert_eq!(contents(&written.path).unwrap_err().kind(), io::ErrorKind::InvalidData, "cut at {position}");
        }
        fs::write(&written.path, [&whole[..], b"x"].concat()).unwrap();
        assert!(contents(&written.path).is_err(), "one byte more");
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let outcome = write_new(directory.path(), "x", "bin", |out| out.write_all(b"half").and(Err(full())));
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(files(directory.path()), 0);
    }

    #[test]
    fn a_directory_that_vanished_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let gone = directory.path().join("a/b");
        let written = write_new(&gone, "x", "bin", |out| out.write_all(b"contents")).unwrap();
        assert_eq!(contents(&written.path).unwrap(), b"contents");
    }

    #[test]
    fn leftovers_go_and_files_in_use_stay() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".writing-000001-77-abcdefgh.vec"), b"half").unwrap();
        fs::write(directory.path().join("other.txt"), b"not ours").unwrap();
        let written = write_new(directory.path(), "x", "bin", |out| {
            sweep(directory.path());
            out.write_all(b"contents")
        });
        assert_eq!(contents(&written.unwrap().path).unwrap(), b"contents");
        assert_eq!(files(directory.path()), 2);
    }
}
