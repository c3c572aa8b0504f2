//! A hub of one repository: the listing, files by `resolve`, large ones by a redirect to another host.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::json;
use sha1::Digest;
use skillscope::model::hub::{Hub, HubError, Kind, Plan, Repository, Selection};

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub const NEWER: &str = "fedcba9876543210fedcba9876543210fedcba98";
pub const NAME: &str = "owner/name";

/// How the server misbehaves. Counts go down with every answer they spoil.
#[derive(Debug, Clone, Default)]
pub struct Mood {
    /// Answers of large files that end after so many bytes.
    pub cut: Option<(usize, u32)>,
    /// Large files always come from their first byte on, with status 200.
    pub ignores_ranges: bool,
    /// Large files have a wrong byte.
    pub alters: bool,
    /// Instead of everything: a status and the hub's word for it.
    pub refuses: Option<(u16, &'static str)>,
    /// Large files: so many answers are 503.
    pub busy: u32,
}

/// One request, as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    /// "hub" or "cdn".
    pub host: &'static str,
    pub range: Option<String>,
    pub token: Option<String>,
}

pub struct Server {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// Path to content; what has `.safetensors` is large, as LFS has it.
    files: BTreeMap<&'static str, Vec<u8>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    mood: Mood,
    main: Option<&'static str>,
    seen: Vec<Seen>,
}

impl Server {
    pub fn start(files: &[(&'static str, Vec<u8>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { files: files.iter().cloned().collect(), state: Mutex::default() });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, Ok(stream)) = (serving.clone(), stream) else { continue };
                std::thread::spawn(move || {
                    let _ = shared.answer(stream, port);
                });
            }
        });
        Server { port, shared }
    }

    /// A hub with a small model of 300,000 bytes.
    pub fn with_model() -> Self {
        Server::start(&[
            ("README.md", b"# Not needed\n".to_vec()),
            ("config.json", br#"{"model_type":"bert"}"#.to_vec()),
            ("tokenizer.json", b"{}".to_vec()),
            ("1_Pooling/config.json", b"{ }".to_vec()),
            ("model.safetensors", weights(300_000)),
            ("pytorch_model.bin", b"code".to_vec()),
        ])
    }

    pub fn set(&self, mood: Mood) {
        self.shared.state.lock().unwrap().mood = mood;
    }

    /// Where `main` leads.
    pub fn move_main(&self, commit: &'static str) {
        self.shared.state.lock().unwrap().main = Some(commit);
    }

    /// The requests since the last call.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared.state.lock().unwrap().seen)
    }

    /// The environment of a program whose hub this is.
    pub fn environment(&self, home: &Path) -> Vec<(&'static str, String)> {
        let home = |part: &str| home.join(part).display().to_string();
        vec![
            ("HF_ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("HF_HOME", home("hf")),
            ("HF_TOKEN", "secret".into()),
            ("HOME", home("home")),
            ("XDG_CONFIG_HOME", home("config")),
            ("XDG_DATA_HOME", home("data")),
            ("XDG_CACHE_HOME", home("cache")),
        ]
    }

    pub fn hub(&self, home: &Path) -> Hub {
        let set = self.environment(home);
        let variable = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Hub::of(&variable, None).unwrap().retrying_after(std::time::Duration::from_millis(1))
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream, port: u16) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut first, mut headers) = (String::new(), BTreeMap::new());
        reader.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let mut words = first.split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let host = if headers.get("host").is_some_and(|host| host.starts_with("localhost")) { "cdn" } else { "hub" };
        let (range, token) = (headers.get("range").cloned(), headers.get("authorization").cloned());
        let mut state = self.state.lock().unwrap();
        state.seen.push(Seen { method: method.clone(), path: path.clone(), host, range: range.clone(), token });
        let (status, extra, mut body) = self.reply(&mut state, &path, host, range.as_deref(), port);
        let cut = match state.mood.cut.as_mut().filter(|_| host == "cdn" && body.len() > 1) {
            Some((bytes, times)) if *times > 0 => {
                *times -= 1;
                Some(*bytes)
            }
            _ => None,
        };
        drop(state);
        let length = body.len();
        body.truncate(cut.unwrap_or(length));
        let mut out = stream;
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{extra}\r\n");
        out.write_all(head.as_bytes())?;
        if method != "HEAD" {
            out.write_all(&body)?;
        }
        out.flush()
    }

    /// Status, further headers and body.
    fn reply(
        &self,
        state: &mut State,
        path: &str,
        host: &str,
        range: Option<&str>,
        port: u16,
    ) -> (u16, String, Vec<u8>) {
        if let Some((status, word)) = state.mood.refuses {
            return (status, format!("X-Error-Code: {word}\r\n"), Vec::new());
        }
        let main = state.main.unwrap_or(COMMIT);
        if let Some(page) = path.strip_prefix(&format!("/api/models/{NAME}/commits/main?p=")) {
            let ids = if page == "0" { vec![json!({"id": NEWER}), json!({"id": COMMIT})] } else { Vec::new() };
            return (200, String::new(), serde_json::to_vec(&ids).unwrap());
        }
        if let Some(revision) = path.strip_prefix(&format!("/api/models/{NAME}/revision/")) {
            let revision = revision.trim_end_matches("?blobs=true");
            let commit = if revision == "main" { main } else { revision };
            return match [COMMIT, NEWER].contains(&commit) {
                true => (200, String::new(), self.listing(commit)),
                false => (404, "X-Error-Code: RevisionNotFound\r\n".into(), Vec::new()),
            };
        }
        let (commit, file) = match path.strip_prefix(&format!("/{NAME}/resolve/")).and_then(|rest| rest.split_once('/'))
        {
            Some(("main", file)) => (main, file),
            Some((commit, file)) => (commit, file),
            None => match path.strip_prefix("/cdn/") {
                Some(file) if host == "cdn" => return self.content(state, file, range),
                _ => return (404, "X-Error-Code: RepoNotFound\r\n".into(), Vec::new()),
            },
        };
        let Some(content) = self.files.get(file) else {
            return (404, "X-Error-Code: EntryNotFound\r\n".into(), Vec::new());
        };
        let etag = etag(file, content);
        let commit = format!("X-Repo-Commit: {commit}\r\n");
        match is_large(file) {
            true => {
                let size = content.len();
                let to = format!("Location: http://localhost:{port}/cdn/{file}\r\n");
                (302, format!("{commit}X-Linked-Etag: \"{etag}\"\r\nX-Linked-Size: {size}\r\n{to}"), Vec::new())
            }
            false => (200, format!("{commit}ETag: \"{etag}\"\r\n"), content.clone()),
        }
    }

    fn content(&self, state: &mut State, file: &str, range: Option<&str>) -> (u16, String, Vec<u8>) {
        if state.mood.busy > 0 {
            state.mood.busy -= 1;
            return (503, String::new(), Vec::new());
        }
        let mut content = self.files[file].clone();
        let total = content.len();
        if state.mood.alters {
            content[total / 2] ^= 1;
        }
        let start = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        match start.filter(|_| !state.mood.ignores_ranges) {
            None => (200, String::new(), content),
            Some(start) if start >= total => (416, format!("Content-Range: bytes */{total}\r\n"), Vec::new()),
            Some(start) => {
                let range = format!("Content-Range: bytes {start}-{}/{total}\r\n", total - 1);
                (206, range, content.split_off(start))
            }
        }
    }

    fn listing(&self, commit: &str) -> Vec<u8> {
        let sibling = |(path, content): (&&str, &Vec<u8>)| {
            let (size, hash) = (content.len(), etag(path, content));
            match is_large(path) {
                true => json!({"rfilename": path, "size": size, "blobId": "0".repeat(40),
                               "lfs": {"sha256": hash, "size": size, "pointerSize": 134}}),
                false => json!({"rfilename": path, "size": size, "blobId": hash}),
            }
        };
        let siblings: Vec<_> = self.files.iter().map(sibling).collect();
        serde_json::to_vec(&json!({"id": NAME, "sha": commit, "siblings": siblings})).unwrap()
    }
}

fn is_large(path: &str) -> bool {
    path.ends_with(".safetensors")
}

/// SHA-256 of a large file, git's name of a small one.
pub fn etag(path: &str, content: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if is_large(path) {
        return hex(&sha2::Sha256::digest(content));
    }
    let mut hasher = sha1::Sha1::new();
    hasher.update(format!("blob {}\0", content.len()));
    hasher.update(content);
    hex(&hasher.finalize())
}

/// A safetensors file with one tensor of so many bytes, not all equal.
pub fn weights(bytes: usize) -> Vec<u8> {
    let mut header = json!({"w": {"dtype": "U8", "shape": [bytes], "data_offsets": [0, bytes]}}).to_string();
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.into_bytes());
    out.extend((0..bytes).map(|at| (at.wrapping_mul(2_654_435_761) >> 7) as u8));
    out
}

pub fn model(revision: &str) -> Repository {
    Repository::new(Kind::Model, NAME, revision).unwrap()
}

pub fn plan(hub: &Hub) -> Result<Plan, HubError> {
    hub.plan(&model("main"), &Selection::Model, false)
}

pub fn pull(hub: &Hub) -> Result<PathBuf, HubError> {
    hub.pull(&plan(hub)?, &mut |_| {})
}

/// All of a reader, for comparing.
pub fn read(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    std::fs::File::open(path).unwrap().read_to_end(&mut content).unwrap();
    content
}
