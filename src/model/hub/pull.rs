//! Downloading: what is missing, into a part beside its place, checked, and only then given its name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::client::Hub;
use super::select::Selection;
use super::{HubError, RemoteFile, Repository};

/// Attempts in a row in which not a byte comes, before giving up.
const ATTEMPTS: u32 = 4;
const BUFFER: usize = 256 << 10;

/// What a pull would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub repository: Repository,
    pub commit: String,
    pub files: Vec<Planned>,
    /// The commit is what the revision is at now, and not one recorded earlier.
    newest: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub file: RemoteFile,
    /// Bytes of it that are here: all, or those of a part.
    pub here: u64,
}

impl Plan {
    /// Bytes of all files.
    pub fn total(&self) -> u64 {
        self.files.iter().map(|planned| planned.file.size).sum()
    }

    /// Bytes to download.
    pub fn missing(&self) -> u64 {
        self.files.iter().map(|planned| planned.file.size.saturating_sub(planned.here)).sum()
    }

    pub fn is_pinned(&self) -> bool {
        !self.newest
    }
}

/// How a pull goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A file begins; `here` of its bytes need not come again.
    Begin { file: &'a RemoteFile, here: u64 },
    /// So many of its bytes are here now.
    Bytes(u64),
    /// It is whole and its hash is being computed.
    Checking,
    /// It is in its place.
    Done,
}

impl Hub {
    /// What has to be downloaded. A revision that was pulled before stays at the recorded commit unless `update`.
    ///
    /// # Errors
    /// As [`Hub::list`], and if the repository lacks what the selection needs.
    pub fn plan(&self, repository: &Repository, selection: &Selection, update: bool) -> Result<Plan, HubError> {
        let pinned = self.cache.pinned(repository).filter(|_| !update);
        let newest = pinned.is_none();
        let listing = self.list(&pinned.map_or_else(|| repository.clone(), |commit| repository.at(&commit)))?;
        let files = selection.of(repository, listing.files)?.into_iter().map(|file| {
            let blob = self.cache.blob(repository, file.hash.digits());
            let here = length(&blob).filter(|length| *length == file.size).or_else(|| length(&part_of(&blob)));
            Planned { here: here.unwrap_or(0).min(file.size), file }
        });
        Ok(Plan { repository: repository.clone(), commit: listing.commit, files: files.collect(), newest })
    }

    /// Downloads what is missing and records the commit. Gives the directory of the files.
    ///
    /// # Errors
    /// Too little room, an interruption (what came is kept), a wrong hash (what came is thrown away), or a file that
    /// cannot be written.
    pub fn pull(&self, plan: &Plan, progress: &mut dyn FnMut(Step<'_>)) -> Result<PathBuf, HubError> {
        let root = self.cache.root();
        if let Some(free) = free_space(root).filter(|free| *free < plan.missing()) {
            return Err(HubError::Space { needed: plan.missing(), free, path: root.display().to_string() });
        }
        for Planned { file, .. } in &plan.files {
            self.fetch(plan, file, progress)?;
            self.cache.link(&plan.repository, &plan.commit, &file.path, file.hash.digits())?;
            progress(Step::Done);
        }
        self.cache.record(&plan.repository, &plan.commit, plan.newest)?;
        self.cache.need(&plan.repository, "models pull")
    }

    /// Brings a file's blob into its place.
    fn fetch(&self, plan: &Plan, file: &RemoteFile, progress: &mut dyn FnMut(Step<'_>)) -> Result<(), HubError> {
        let blob = self.cache.blob(&plan.repository, file.hash.digits());
        let _lock = self.locked(&plan.repository, file)?;
        if length(&blob) == Some(file.size) {
            progress(Step::Begin { file, here: file.size });
            return Ok(());
        }
        if let Some(directory) = blob.parent() {
            std::fs::create_dir_all(directory).map_err(HubError::file(directory))?;
        }
        let part = part_of(&blob);
        progress(Step::Begin { file, here: length(&part).unwrap_or(0) });
        self.whole(plan, file, &part, progress)?;
        progress(Step::Checking);
        let found = file.hash.of_file(&part).map_err(HubError::file(&part))?;
        if found != file.hash.digits() {
            std::fs::remove_file(&part).map_err(HubError::file(&part))?;
            return Err(HubError::Altered { file: file.path.clone(), expected: file.hash.digits().to_owned(), found });
        }
        std::fs::rename(&part, &blob).map_err(HubError::file(&blob))
    }

    /// Attempts until the part has all bytes; each goes on where the last one ended.
    fn whole(
        &self,
        plan: &Plan,
        file: &RemoteFile,
        part: &Path,
        progress: &mut dyn FnMut(Step<'_>),
    ) -> Result<(), HubError> {
        let mut fruitless = 0;
        loop {
            let before = length(part).unwrap_or(0);
            if before == file.size && part.exists() {
                return Ok(());
            }
            let reason = match self.attempt(plan, file, part, progress) {
                Ok(()) => "it ended early".to_owned(),
                // Another attempt may go better; all other errors would be the same again.
                Err(HubError::Unreachable { reason, .. }) => reason,
                Err(HubError::Status { status, .. }) if status == 429 || status >= 500 => format!("status {status}"),
                Err(error) => return Err(error),
            };
            let got = length(part).unwrap_or(0);
            if got == file.size {
                return Ok(());
            }
            fruitless = if got > before { 0 } else { fruitless + 1 };
            if fruitless == ATTEMPTS {
                return Err(HubError::Interrupted { file: file.path.clone(), got, of: file.size, reason });
            }
            std::thread::sleep(self.pause * fruitless);
        }
    }

    /// One request, from the end of the part on.
    fn attempt(
        &self,
        plan: &Plan,
        file: &RemoteFile,
        part: &Path,
        progress: &mut dyn FnMut(Step<'_>),
    ) -> Result<(), HubError> {
        let mut out = OpenOptions::new().append(true).create(true).open(part).map_err(HubError::file(part))?;
        let mut have = out.metadata().map_err(HubError::file(part))?.len();
        let anew = |out: &File| out.set_len(0).map_err(HubError::file(part));
        if have > file.size {
            anew(&out)?;
            have = 0;
        }
        let response = self.content(&plan.repository, &plan.commit, &file.path, have)?;
        let follows = response.headers().get("content-range").and_then(|value| value.to_str().ok());
        let follows = follows.is_some_and(|range| range.starts_with(&format!("bytes {have}-")));
        match response.status().as_u16() {
            206 if follows => {}
            // The whole file, though a part was asked for: hosts may do that.
            200 => {
                anew(&out)?;
                have = 0;
            }
            _ => return anew(&out),
        }
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => {
                    return Err(HubError::Unreachable { endpoint: self.endpoint.clone(), reason: error.to_string() });
                }
            };
            have += read as u64;
            if have > file.size {
                anew(&out)?;
                let (file, of) = (file.path.clone(), file.size);
                return Err(HubError::Interrupted { file, got: 0, of, reason: "more came than the hub lists".into() });
            }
            out.write_all(&buffer[..read]).map_err(HubError::file(part))?;
            progress(Step::Bytes(have));
        }
        out.sync_data().map_err(HubError::file(part))
    }

    /// huggingface_hub's own lock, so that two programs do not write the same part.
    fn locked(&self, repository: &Repository, file: &RemoteFile) -> Result<File, HubError> {
        let path = self.cache.lock(repository, file.hash.digits());
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(HubError::file(directory))?;
        }
        let lock = OpenOptions::new().create(true).append(true).open(&path).map_err(HubError::file(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(HubError::Busy { file: file.path.clone() }),
            Err(TryLockError::Error(error)) => Err(HubError::file(&path)(error)),
        }
    }
}

/// Where a blob is until it is whole. Not huggingface_hub's `.incomplete`: it may fill that out of order.
fn part_of(blob: &Path) -> PathBuf {
    blob.with_extension("part")
}

fn length(path: &Path) -> Option<u64> {
    path.metadata().ok().map(|data| data.len())
}

/// Bytes free for us on the disk of a path that need not exist yet; `None` where it cannot be told.
#[cfg(unix)]
fn free_space(path: &Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt;

    let existing = path.ancestors().find(|path| path.exists())?;
    let path = std::ffi::CString::new(existing.as_os_str().as_bytes()).ok()?;
    let mut stat = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends in NUL and the place is as large as what is written into it.
    let answer = unsafe { libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) };
    // SAFETY: 0 means that it was written.
    let stat = (answer == 0).then(|| unsafe { stat.assume_init() })?;
    #[allow(clippy::unnecessary_cast, reason = "the fields' types differ between systems")]
    Some((stat.f_bavail as u64).saturating_mul(stat.f_frsize as u64))
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> Option<u64> {
    None
}
