//! Asking the hub. Every answer is untrusted: paths, commits and hashes are checked before they become file names.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use ureq::config::RedirectAuthHeaders;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::cache::{Cache, hf_home};
use super::{Hash, HubError, RemoteFile, Repository, is_commit, is_hex, is_inside};

const ENDPOINT: &str = "https://huggingface.co";
/// A listing with hashes has some 300 bytes per file; this is room for 200,000.
const LONGEST_LISTING: u64 = 64 << 20;
/// Pages of 50 commits looked through for an abbreviated one.
const COMMIT_PAGES: usize = 20;
const CONNECT: Duration = Duration::from_secs(20);
const FIRST_BYTE: Duration = Duration::from_secs(60);
/// A transfer that takes longer is cut and goes on where it was: this is how a stalled one is noticed.
const BODY: Duration = Duration::from_secs(180);

/// A connection to the hub, and the cache its files go to.
pub struct Hub {
    pub(super) endpoint: String,
    pub(super) cache: Cache,
    /// Between two attempts.
    pub(super) pause: Duration,
    token: Option<String>,
    offline: bool,
    agent: Agent,
}

/// A revision as the hub has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub commit: String,
    pub files: Vec<RemoteFile>,
}

/// `/api/models/<name>/revision/<revision>?blobs=true`, as far as it is read.
#[derive(Deserialize)]
struct Info {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
}

impl Hub {
    /// As huggingface_hub reads the environment: HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_TOKEN_PATH,
    /// HF_HUB_OFFLINE.
    ///
    /// # Errors
    /// If there is no place for a cache.
    pub fn from_env() -> Result<Self, HubError> {
        Self::of(&|name| std::env::var_os(name), std::env::home_dir())
    }

    /// [`Hub::from_env`] for given variables.
    ///
    /// # Errors
    /// If there is no place for a cache.
    pub fn of(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Result<Self, HubError> {
        let text =
            |name: &str| variable(name).and_then(|value| value.into_string().ok()).filter(|text| !text.is_empty());
        let yes = |name: &str| {
            text(name).is_some_and(|value| ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str()))
        };
        let cache = Cache::of(variable, home.clone()).ok_or(HubError::NoPlace)?;
        let kept = || {
            let usual = || Some(hf_home(variable, home)?.join("token"));
            std::fs::read_to_string(text("HF_TOKEN_PATH").map(PathBuf::from).or_else(usual)?).ok()
        };
        let token =
            text("HF_TOKEN").or_else(kept).map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(FIRST_BYTE))
            .timeout_recv_body(Some(BODY))
            .max_redirects(10)
            // Large files come from another host, which must not see the token.
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .user_agent(concat!("skillscope/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Hub {
            endpoint: text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()).trim_end_matches('/').to_owned(),
            cache,
            pause: Duration::from_secs(1),
            token,
            offline: yes("HF_HUB_OFFLINE") || yes("TRANSFORMERS_OFFLINE"),
            agent,
        })
    }

    /// With another pause before the second of two attempts in which nothing came (a second; the third waits twice as
    /// long, and so on).
    pub fn retrying_after(self, pause: Duration) -> Self {
        Hub { pause, ..self }
    }

    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The files of a revision, with sizes and hashes.
    ///
    /// # Errors
    /// Offline, unreachable, refused, unknown, or an answer that makes no sense: each says what to do.
    pub fn list(&self, repository: &Repository) -> Result<Listing, HubError> {
        match self.info(repository) {
            Err(HubError::NotFound { what, address }) if is_short_commit(repository.revision()) => {
                let commit = self.whole_commit(repository)?.ok_or(HubError::NotFound { what, address })?;
                self.info(&repository.at(&commit))
            }
            answer => answer,
        }
    }

    fn info(&self, repository: &Repository) -> Result<Listing, HubError> {
        let wrong = |reason: String| HubError::Listing { repository: repository.to_string(), reason };
        let url = format!("{}/api/{}?blobs=true", self.endpoint, repository.repo().api_url());
        let info: Info = self.json(repository, &url)?;
        if !is_commit(&info.sha) {
            return Err(wrong(format!("the hub names no commit for it ({:?})", info.sha)));
        }
        let files = info.siblings.into_iter().map(remote_file).collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Listing { commit: info.sha, files })
    }

    /// The commit that an abbreviated one stands for, from the history of `main`.
    fn whole_commit(&self, repository: &Repository) -> Result<Option<String>, HubError> {
        #[derive(Deserialize)]
        struct Commit {
            id: String,
        }
        let main = repository.at("main").repo();
        let base = main.api_url().replace("/revision/", "/commits/");
        for page in 0..COMMIT_PAGES {
            let commits: Vec<Commit> = self.json(repository, &format!("{}/api/{base}?p={page}", self.endpoint))?;
            if commits.is_empty() {
                break;
            }
            let found = commits.into_iter().find(|commit| commit.id.starts_with(repository.revision()));
            if let Some(commit) = found.filter(|commit| is_commit(&commit.id)) {
                return Ok(Some(commit.id));
            }
        }
        Ok(None)
    }

    fn json<T: for<'a> Deserialize<'a>>(&self, repository: &Repository, url: &str) -> Result<T, HubError> {
        let response = self.get(repository, &repository.to_string(), url, None)?;
        let mut text = Vec::new();
        let mut body = response.into_body().into_reader().take(LONGEST_LISTING);
        body.read_to_end(&mut text).map_err(|error| self.unreachable(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| HubError::Listing {
            repository: repository.to_string(),
            reason: format!("{} answers something else than the hub does: {error}", self.endpoint),
        })
    }

    /// The content of a file from byte `start` on; the answer is 200 (all of it), 206, or 416 (nothing there).
    pub(super) fn content(
        &self,
        repository: &Repository,
        commit: &str,
        path: &str,
        start: u64,
    ) -> Result<Response<Body>, HubError> {
        let repo = repository.at(commit).repo();
        let url = format!("{}/{}/resolve/{}/{}", self.endpoint, repo.url(), repo.url_revision(), escaped(path));
        self.get(repository, &format!("{path} of {repository}"), &url, Some(start))
    }

    fn get(
        &self,
        repository: &Repository,
        what: &str,
        url: &str,
        start: Option<u64>,
    ) -> Result<Response<Body>, HubError> {
        if self.offline {
            return Err(HubError::Offline { repository: repository.to_string() });
        }
        // A body packed on the way has other lengths than the hub lists.
        let mut request = self.agent.get(url).header("accept-encoding", "identity");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(start) = start.filter(|start| *start > 0) {
            request = request.header("range", format!("bytes={start}-"));
        }
        let response = request.call().map_err(|error| self.unreachable(error.to_string()))?;
        let address = || format!("{}/{}", self.endpoint, repository.repo().url());
        match response.status().as_u16() {
            200 | 206 | 416 => Ok(response),
            status @ (401 | 403) => Err(HubError::Denied {
                repository: repository.to_string(),
                status,
                detail: detail(&response),
                address: address(),
            }),
            404 => Err(HubError::NotFound { what: what.to_owned(), address: address() }),
            status => Err(HubError::Status { what: what.to_owned(), endpoint: self.endpoint.clone(), status }),
        }
    }

    fn unreachable(&self, reason: String) -> HubError {
        HubError::Unreachable { endpoint: self.endpoint.clone(), reason }
    }
}

/// The hub's own word for a refusal (`GatedRepo`, `RepoNotFound`), with a comma before it.
fn detail(response: &Response<Body>) -> String {
    let word = response.headers().get("x-error-code").and_then(|value| value.to_str().ok());
    let plain = |word: &&str| word.len() < 40 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    word.filter(plain).map(|word| format!(", {word}")).unwrap_or_default()
}

fn remote_file(sibling: Sibling) -> Result<RemoteFile, String> {
    let path = sibling.rfilename;
    if !is_inside(&path) || path.contains('\\') || path.chars().any(char::is_control) {
        return Err(format!("lists the file {path:?}, which is no path"));
    }
    let digits = sibling.lfs.map(|lfs| lfs.sha256).or(sibling.blob_id);
    let hash = digits.as_deref().and_then(Hash::parse);
    match (sibling.size, hash) {
        (Some(size), Some(hash)) => Ok(RemoteFile { path, size, hash }),
        _ => Err(format!("the server gives no size and hash of {path:?}; use the hub itself, or a full mirror of it")),
    }
}

fn is_short_commit(revision: &str) -> bool {
    (7..40).contains(&revision.len()) && is_hex(revision)
}

/// A path as part of an address.
fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(byte as char),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
