//! TREC: qrels (`qid iter docno rel`) and topics, beside a pool (domain.md 3.2). Run files are predictions.
//!
//! Topics are tab-separated (`qid`, text), JSON lines, or TREC's own mark-up with `<num>` and `<title>`.

use std::path::{Path, PathBuf};

use crate::eval::{Benchmark, BenchmarkError, Protocol};
use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::judgements::{Judgements, joined};
use super::queries::text;
use super::source::{Source, fingerprint};
use super::{Options, first_of};

const LAYOUT: &str = "a TREC benchmark has a qrels file (qid iter docno rel) and topics.tsv, .jsonl or .txt";
const TOPICS: [&str; 2] = ["topics", "queries"];
const POOLS: [&str; 6] =
    ["corpus.jsonl", "corpus.jsonl.gz", "skills.jsonl", "skills.jsonl.gz", "skills.parquet", "skills"];

/// A folder with a file that has "qrels" in its name.
pub fn root(dir: &Path) -> Option<PathBuf> {
    named(dir, |name| name.contains("qrels")).map(|_| dir.to_path_buf())
}

pub fn open(root: &Path, name: &str, _: Options) -> Result<Benchmark, BenchmarkError> {
    let is_topics = |name: &str| TOPICS.iter().any(|word| name.contains(word)) && !name.contains("qrels");
    let qrels =
        Source::read(&named(root, |name| name.contains("qrels")).unwrap_or_else(|| root.join("qrels")), LAYOUT)?;
    let topics = Source::read(&named(root, is_topics).unwrap_or_else(|| root.join("topics.tsv")), LAYOUT)?;
    let mut problems = Vec::new();
    let judged = judgements(&qrels, &mut problems);
    let requests = requests(&topics, &mut problems);
    let tasks = joined(&topics, requests, &qrels, judged, &mut problems);
    if tasks.is_empty() && problems.is_empty() {
        return Err(BenchmarkError::new(qrels.label(), "judges no request"));
    }
    Ok(Benchmark {
        name: name.to_owned(),
        fingerprint: fingerprint([&topics, &qrels]),
        protocol: Protocol::Trec,
        revision: None,
        pool: first_of(root, &POOLS).map(|pool| PoolSource::Paths(vec![pool])),
        tasks,
        skipped: Vec::new(),
        problems,
    })
}

/// The first file, by name, whose name (lower case) is as asked.
fn named(dir: &Path, wanted: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let fits = |path: &PathBuf| {
        path.is_file() && path.file_name().is_some_and(|name| wanted(&name.to_string_lossy().to_lowercase()))
    };
    let mut files: Vec<PathBuf> = dir.read_dir().ok()?.flatten().map(|entry| entry.path()).filter(fits).collect();
    files.sort();
    files.into_iter().next()
}

fn judgements(source: &Source, problems: &mut Vec<Text>) -> Judgements {
    let mut judged = Judgements::default();
    for (line, row) in source.lines() {
        let row = String::from_utf8_lossy(row);
        let fields: Vec<&str> = row.split_whitespace().collect();
        match fields.as_slice() {
            [query, _, skill, grade] => judged.add(source, line, query, skill, grade, problems),
            _ => problems.push(source.problem(
                line,
                format_args!("has {} fields, not qid, iter, docno and rel; the row is left out", fields.len()),
            )),
        }
    }
    judged
}

/// Line, id and text of each topic.
fn requests(source: &Source, problems: &mut Vec<Text>) -> Vec<(usize, String, String)> {
    match source.content().trim_ascii_start().first() {
        Some(b'{') => json_topics(source, problems),
        Some(b'<') => marked_topics(source, problems),
        _ => tab_topics(source, problems),
    }
}

fn json_topics(source: &Source, problems: &mut Vec<Text>) -> Vec<(usize, String, String)> {
    let mut topics = Vec::new();
    for (line, row) in source.objects(problems) {
        let id = text(&row, &["_id", "id", "qid", "query_id"]);
        match (id, text(&row, &["text", "query", "title"])) {
            (Some(id), Some(request)) => topics.push((line, id.to_owned(), request.to_owned())),
            _ => problems.push(source.problem(line, "names no id or no text; the row is left out")),
        }
    }
    topics
}

fn tab_topics(source: &Source, problems: &mut Vec<Text>) -> Vec<(usize, String, String)> {
    let mut topics = Vec::new();
    for (line, row) in source.lines() {
        let Ok(row) = std::str::from_utf8(row) else {
            problems.push(source.problem(line, "is not UTF-8; the row is left out"));
            continue;
        };
        match row.trim_end().split_once('\t') {
            Some((id, request)) if !id.trim().is_empty() && !request.trim().is_empty() => {
                topics.push((line, id.trim().to_owned(), request.trim().to_owned()));
            }
            _ => problems.push(source.problem(line, "is not an id, a tab and a text; the row is left out")),
        }
    }
    topics
}

/// `<num> Number: 301` and `<title> the request` up to the next tag, one pair per `<top>`.
fn marked_topics(source: &Source, problems: &mut Vec<Text>) -> Vec<(usize, String, String)> {
    let content = String::from_utf8_lossy(source.content());
    let mut topics = Vec::new();
    let mut line = 1;
    for part in content.split_inclusive("</top>") {
        let at = line + part.find("<top>").map_or(0, |start| part[..start].matches('\n').count());
        line += part.matches('\n').count();
        if !part.contains("<top>") {
            continue;
        }
        let id = tag(part, "<num>").map(|text| text.trim_start_matches("Number:").trim().to_owned());
        let title = tag(part, "<title>").map(|text| text.trim_start_matches("Topic:").trim().to_owned());
        match (id, title) {
            (Some(id), Some(title)) if !id.is_empty() && !title.is_empty() => topics.push((at, id, title)),
            _ => problems.push(source.problem(at, "this topic has no <num> or no <title>; it is left out")),
        }
    }
    topics
}

/// The text after a tag, up to the next one, its white space made single spaces.
fn tag(part: &str, name: &str) -> Option<String> {
    let rest = &part[part.find(name)? + name.len()..];
    let text = &rest[..rest.find('<').unwrap_or(rest.len())];
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}
