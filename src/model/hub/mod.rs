//! The Hugging Face hub: which files of a repository are needed, getting them, and the cache they lie in.
//!
//! Names and addresses are hf-hub's ([`hf_hub::Repo`]) and the cache has the layout that all of Hugging Face's tools
//! share, so that what one of them got, the others find. The transfer is our own, over the client hf-hub uses (ureq):
//! hf-hub 0.5 appends whatever answers a resumed request, even the whole file, and checks neither the length nor the
//! hash of what came.
//!
//! Nothing here runs unless the user asked: only `models pull` and `bench pull` make a [`Hub`]; everything that loads
//! looks into the [`Cache`].

mod cache;
mod client;
mod pull;
mod select;
mod verify;

pub use cache::{Cache, Held};
pub use client::{Hub, Listing};
pub use pull::{Plan, Planned, Step};
pub use select::Selection;
pub use verify::{Finding, Verdict};

use std::fmt;
use std::path::{Component, Path};

use sha1::Digest;

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Model,
    Dataset,
}

/// A repository of the hub at a branch, tag or commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repository {
    pub kind: Kind,
    name: String,
    revision: String,
}

impl Repository {
    /// # Errors
    /// If `name` is not `owner/name` in the characters the hub allows, or `revision` could lead out of the cache.
    pub fn new(kind: Kind, name: &str, revision: &str) -> Result<Self, HubError> {
        let allowed = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let is_name = name.split_once('/').is_some_and(|(owner, name)| allowed(owner) && allowed(name));
        let is_revision = is_inside(revision) && revision.chars().all(|c| c.is_ascii_graphic());
        if !is_name {
            return Err(HubError::Name { name: name.to_owned(), what: "a repository of the hub (owner/name)" });
        }
        if !is_revision {
            return Err(HubError::Name { name: revision.to_owned(), what: "a branch, tag or commit" });
        }
        Ok(Repository { kind, name: name.to_owned(), revision: revision.to_owned() })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The same repository at another revision (a commit, from the hub's own answer).
    fn at(&self, revision: &str) -> Self {
        Repository { revision: revision.to_owned(), ..self.clone() }
    }

    fn repo(&self) -> hf_hub::Repo {
        let kind = match self.kind {
            Kind::Model => hf_hub::RepoType::Model,
            Kind::Dataset => hf_hub::RepoType::Dataset,
        };
        hf_hub::Repo::with_revision(self.name.clone(), kind, self.revision.clone())
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.kind == Kind::Dataset { "datasets/" } else { "" };
        write!(f, "{prefix}{}@{}", self.name, self.revision)
    }
}

/// A relative path that stays below where it starts and has a name.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Forty hexadecimal digits.
fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A file of a repository, as the hub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Within the repository, `/` between its parts.
    pub path: String,
    /// Bytes.
    pub size: u64,
    pub hash: Hash,
}

/// What the hub knows of a file's content; its hexadecimal digits are the name of the file in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hash {
    /// Of a large file's (LFS, Xet) bytes.
    Sha256(String),
    /// Of "blob", length and bytes, as git names its objects; SHA-1.
    GitBlob(String),
}

impl Hash {
    /// By its length; `None` if it is neither.
    pub fn parse(digits: &str) -> Option<Self> {
        match digits.len() {
            64 if is_hex(digits) => Some(Hash::Sha256(digits.to_owned())),
            40 if is_hex(digits) => Some(Hash::GitBlob(digits.to_owned())),
            _ => None,
        }
    }

    pub fn digits(&self) -> &str {
        match self {
            Hash::Sha256(digits) | Hash::GitBlob(digits) => digits,
        }
    }

    /// The digits a file really has, by the same function.
    ///
    /// # Errors
    /// If it cannot be read.
    fn of_file(&self, path: &Path) -> std::io::Result<String> {
        let mut file = std::fs::File::open(path)?;
        match self {
            Hash::Sha256(_) => {
                let mut hasher = sha2::Sha256::new();
                std::io::copy(&mut file, &mut hasher)?;
                Ok(hex(&hasher.finalize()))
            }
            Hash::GitBlob(_) => {
                let mut hasher = sha1::Sha1::new();
                hasher.update(format!("blob {}\0", file.metadata()?.len()));
                std::io::copy(&mut file, &mut hasher)?;
                Ok(hex(&hasher.finalize()))
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sizes for people: powers of ten, as the hub shows them.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1e3;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Why something could not be had from the hub or the cache: what, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error("{name:?} is not {what}")]
    Name { name: String, what: &'static str },
    #[error("there is no place for a hub cache: set HF_HOME, or HOME")]
    NoPlace,
    #[error("HF_HUB_OFFLINE is set, so {repository} is not asked for; unset it to download")]
    Offline { repository: String },
    #[error("cannot reach {endpoint}: {reason}; check the network (HF_ENDPOINT chooses another server)")]
    Unreachable { endpoint: String, reason: String },
    #[error(
        "{repository}: the hub refuses ({status}{detail}). If the repository is gated, accept its conditions at \
         {address} and set HF_TOKEN to a token of that account (or log in with `hf auth login`); without a token it \
         answers the same for a name that does not exist"
    )]
    Denied { repository: String, status: u16, detail: String, address: String },
    #[error("{what} is not on the hub (404): check the spelling of name, revision and file at {address}")]
    NotFound { what: String, address: String },
    #[error("{what}: {endpoint} answers {status}; try again later")]
    Status { what: String, endpoint: String, status: u16 },
    #[error("{repository}: {reason}")]
    Listing { repository: String, reason: String },
    #[error(
        "{file}: the connection broke ({reason}) after {} of {}; pull again to go on from there", size(*.got), size(*.of)
    )]
    Interrupted { file: String, got: u64, of: u64, reason: String },
    #[error(
        "{file} came whole, but is not what the hub lists (hash {found}, not {expected}); it was thrown away. Pull \
         again; if that does not help, something between here and the hub changes files"
    )]
    Altered { file: String, expected: String, found: String },
    #[error("{file}: another program is downloading it; wait until it has finished and pull again")]
    Busy { file: String },
    #[error("{} are needed in {path}, and {} are free there; make room, or set HF_HOME to a larger disk",
            size(*.needed), size(*.free))]
    Space { needed: u64, free: u64, path: String },
    #[error("{repository} is not in the local hub cache ({cache}); get it with `skillscope {command}`")]
    Absent { repository: String, cache: String, command: String },
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
}

impl HubError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> HubError {
        let path = path.display().to_string();
        move |error| HubError::File { path, reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_revisions_cannot_lead_out_of_the_cache() {
        let new = |name: &str, revision: &str| Repository::new(Kind::Model, name, revision);
        for revision in ["main", "refs/pr/1", "v1.1-review", "0123456789abcdef0123456789abcdef01234567"] {
            assert_eq!(new("owner/na.me_1", revision).unwrap().to_string(), format!("owner/na.me_1@{revision}"));
        }
        for name in ["owner", "owner/", "/name", "../name", "owner/..", "a/b/c", "owner/na me", "owner/na\\me", ""] {
            assert!(new(name, "main").is_err(), "{name}");
        }
        for revision in ["", "..", "../main", "/etc", "a/../../b", "a\nb", "a b"] {
            assert!(new("owner/name", revision).is_err(), "{revision:?}");
        }
    }

    #[test]
    fn hashes_are_gits_and_sha256() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "hello\n").unwrap();
        // `git hash-object` and `sha256sum` of the same six bytes.
        let git = Hash::parse("ce013625030ba8dba906f756967f9e9ca394464a").unwrap();
        let sha = Hash::parse("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03").unwrap();
        assert!(matches!((&git, &sha), (Hash::GitBlob(_), Hash::Sha256(_))));
        assert_eq!(git.of_file(&path).unwrap(), git.digits());
        assert_eq!(sha.of_file(&path).unwrap(), sha.digits());
        assert_eq!(Hash::parse("ce01"), None);
        assert_eq!(Hash::parse(&"G".repeat(40)), None);
    }

    #[test]
    fn sizes_are_the_hubs() {
        let shown = [0, 999, 1000, 999_949, 999_950, 1_191_586_416, 16_000_000_000].map(size);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "1.2 GB", "16.0 GB"]);
    }
}
