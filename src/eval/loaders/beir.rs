//! BEIR: `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`), `qrels/SPLIT.tsv` with a header
//! `query-id corpus-id score` (domain.md 3.2).

use std::path::{Path, PathBuf};

use crate::eval::{Benchmark, BenchmarkError, Protocol};
use crate::library::Text;
use crate::library::load::Source as PoolSource;

use super::judgements::{Judgements, joined};
use super::queries::text;
use super::source::{Source, fingerprint};
use super::{Options, first_of};

const LAYOUT: &str = "a BEIR folder has corpus.jsonl, queries.jsonl and qrels/test.tsv";
const CORPUS: [&str; 3] = ["corpus.jsonl", "corpus.jsonl.gz", "corpus.parquet"];
const QUERIES: [&str; 3] = ["queries.jsonl", "queries.jsonl.gz", "queries.parquet"];
/// What is scored where a folder brings more than one split, in this order.
const SPLITS: [&str; 3] = ["qrels/test.tsv", "qrels/dev.tsv", "qrels/train.tsv"];

pub fn root(dir: &Path) -> Option<PathBuf> {
    (first_of(dir, &CORPUS).is_some() && first_of(dir, &QUERIES).is_some() || dir.join(SPLITS[0]).exists())
        .then(|| dir.to_path_buf())
}

pub fn open(root: &Path, name: &str, _: Options) -> Result<Benchmark, BenchmarkError> {
    let queries = Source::read(&first_of(root, &QUERIES).unwrap_or_else(|| root.join(QUERIES[0])), LAYOUT)?;
    let qrels = Source::read(&first_of(root, &SPLITS).unwrap_or_else(|| root.join(SPLITS[0])), LAYOUT)?;
    let mut problems = Vec::new();
    let judged = judgements(&qrels, &mut problems);
    let mut requests = Vec::new();
    for (line, row) in queries.objects(&mut problems) {
        match (text(&row, &["_id", "id"]), text(&row, &["text", "query"])) {
            (Some(id), Some(request)) => requests.push((line, id.to_owned(), request.to_owned())),
            _ => problems.push(
                queries.problem(line, "\"_id\" or \"text\" is missing, empty or not a string; the row is left out"),
            ),
        }
    }
    let tasks = joined(&queries, requests, &qrels, judged, &mut problems);
    if tasks.is_empty() && problems.is_empty() {
        return Err(BenchmarkError::new(qrels.label(), "judges no request"));
    }
    Ok(Benchmark {
        name: name.to_owned(),
        fingerprint: fingerprint([&queries, &qrels]),
        protocol: Protocol::Trec,
        revision: None,
        pool: first_of(root, &CORPUS).map(|corpus| PoolSource::Paths(vec![corpus])),
        tasks,
        skipped: Vec::new(),
        problems,
    })
}

/// Three columns after a header that names them; a file without the header is read as well.
fn judgements(source: &Source, problems: &mut Vec<Text>) -> Judgements {
    let mut judged = Judgements::default();
    for (line, row) in source.lines() {
        let row = String::from_utf8_lossy(row);
        let fields: Vec<&str> = row.trim_end().split('\t').map(str::trim).collect();
        match fields.as_slice() {
            [query, _, _] if *query == "query-id" => (),
            [query, skill, grade] => judged.add(source, line, query, skill, grade, problems),
            _ => problems.push(source.problem(
                line,
                format_args!("has {} columns, not query-id, corpus-id and score; the row is left out", fields.len()),
            )),
        }
    }
    judged
}
