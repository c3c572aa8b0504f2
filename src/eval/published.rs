//! What publishers printed (`assets/published.toml`), to stand beside a run and always marked as theirs.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::metrics::Metric;
use super::protocol::Protocol;

/// One printed table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Paper and table.
    pub source: String,
    pub protocol: Protocol,
    /// The revision of the data set, or the tier.
    pub revision: String,
    pub requests: usize,
    /// Skills in the pool; `None` where the table is a mean over two pools.
    pub pool: Option<usize>,
    /// "retrieval" or "reranking".
    pub stage: String,
    /// The part of the requests it is about, in the words of [`super::Stratum::name`]; `None` for all.
    pub stratum: Option<String>,
    pub metrics: Vec<Metric>,
    pub rows: Vec<Row>,
}

/// One system of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub system: String,
    /// In the order of [`Table::metrics`], as fractions; `None` where nothing was printed.
    pub values: Vec<Option<f64>>,
}

impl Table {
    /// The value of a metric in one of its rows.
    pub fn get(&self, row: &Row, metric: Metric) -> Option<f64> {
        let index = self.metrics.iter().position(|&known| known == metric)?;
        row.values.get(index).copied().flatten()
    }

    /// Whether a run over this many requests and skills is about the same data. A subset under the same protocol is
    /// not.
    pub fn is_comparable(&self, requests: usize, pool: usize) -> bool {
        self.requests == requests && self.pool == Some(pool)
    }

    /// What has to stand beside its numbers.
    pub fn label(&self) -> String {
        let pool = self.pool.map_or(String::new(), |pool| format!(" × {pool} skills"));
        let stratum = self.stratum.as_ref().map_or(String::new(), |name| format!(", {name}"));
        format!(
            "published: {}, {}, {}{stratum}, {} requests{pool}, {} metrics",
            self.source,
            self.revision,
            self.stage,
            self.requests,
            self.protocol.label()
        )
    }
}

static TABLES: LazyLock<Vec<Table>> =
    // A test reads the file, so that the fallback is never taken.
    LazyLock::new(|| parse(include_str!("../../assets/published.toml")).unwrap_or_default());

/// All tables, in the order of the file.
pub fn tables() -> &'static [Table] {
    &TABLES
}

/// The tables of a protocol, those of the given revision only where it is one that was published.
pub fn lookup(protocol: Protocol, revision: Option<&str>) -> impl Iterator<Item = &'static Table> {
    let of_protocol = move |table: &&Table| table.protocol == protocol;
    let known: BTreeSet<&str> = tables().iter().filter(of_protocol).map(|table| table.revision.as_str()).collect();
    let revision = revision.filter(|revision| known.contains(revision)).map(str::to_owned);
    tables()
        .iter()
        .filter(of_protocol)
        .filter(move |table| revision.as_ref().is_none_or(|revision| table.revision == *revision))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    table: Vec<TableRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableRow {
    source: String,
    /// See [`Protocol::key`].
    protocol: String,
    revision: String,
    requests: usize,
    pool: usize,
    stage: String,
    #[serde(default)]
    percent: bool,
    stratum: Option<String>,
    metrics: Vec<String>,
    rows: Vec<Vec<toml::Value>>,
}

fn parse(text: &str) -> Result<Vec<Table>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    file.table.into_iter().map(table).collect()
}

fn table(read: TableRow) -> Result<Table, String> {
    let protocol = Protocol::parse(&read.protocol).ok_or_else(|| format!("no protocol {}", read.protocol))?;
    let metric = |name: &String| Metric::parse(name).ok_or_else(|| format!("{}: no metric {name}", read.source));
    let metrics: Vec<Metric> = read.metrics.iter().map(metric).collect::<Result<_, _>>()?;
    let unit = if read.percent { 100.0 } else { 1.0 };
    let row = |cells: Vec<toml::Value>| {
        let values: Vec<Option<f64>> = cells.iter().skip(1).map(|cell| Some(cell.as_float()? / unit)).collect();
        let system = cells.first().and_then(|cell| cell.as_str()).unwrap_or_default().to_owned();
        match values.len() == metrics.len() && !system.is_empty() {
            true => Ok(Row { system, values }),
            false => Err(format!("{}: a row of {} values for {} metrics", read.source, values.len(), metrics.len())),
        }
    };
    let rows = read.rows.into_iter().map(row).collect::<Result<_, _>>()?;
    Ok(Table {
        rows,
        metrics,
        source: read.source,
        protocol,
        revision: read.revision,
        requests: read.requests,
        pool: Some(read.pool).filter(|&pool| pool > 0),
        stage: read.stage,
        stratum: read.stratum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protocol, revision, stage, system, metric and value, copied by hand from papers.md 2.4, 3.2, 3.3 and 4.3.
    const KNOWN: [(&str, &str, &str, &str, &str, f64); 12] = [
        ("skillrouter", "easy", "retrieval", "BM25", "Hit@1", 0.347),
        ("skillrouter", "hard", "retrieval", "SR-Emb-0.6B", "Recall@20", 0.745),
        ("skillrouter", "mean of easy and hard", "retrieval", "Qwen3-Emb-8B", "MRR@10", 0.698),
        ("skillrouter", "mean of easy and hard", "reranking", "SR-Emb-0.6B + SR-Rank-0.6B", "Hit@1", 0.740),
        ("skillret", "v1.1", "retrieval", "BM25", "NDCG@10", 0.5169),
        ("skillret", "v1.1", "retrieval", "BM25", "MAP@15", 0.4510),
        ("skillret", "v1.0", "retrieval", "BM25", "NDCG@10", 0.4886),
        ("skillret", "v1.0", "retrieval", "SkillRet-Emb-8B", "Completeness@10", 0.8463),
        ("skillret", "v1.0", "reranking", "SkillRet-Emb-0.6B + SkillRet-Reranker", "NDCG@5", 0.8071),
        ("skillret", "v1.1", "reranking", "SkillRet-Emb-8B + SkillRet-Reranker", "NDCG@10", 0.8774),
        ("r3", "v2", "retrieval", "R3-Embedding", "recall@15", 0.9338),
        ("r3", "v2", "reranking", "R3-Embedding + R3-Reranker", "set_compat", 0.3188),
    ];

    #[test]
    fn known_values_are_found_under_their_protocol() {
        for (protocol, revision, stage, system, metric, value) in KNOWN {
            let (protocol, metric) = (Protocol::parse(protocol).unwrap(), Metric::parse(metric).unwrap());
            let rows = lookup(protocol, Some(revision)).filter(|table| table.stage == stage && table.stratum.is_none());
            let found: Vec<f64> = rows
                .flat_map(|table| table.rows.iter().map(move |row| (table, row)))
                .filter(|(_, row)| row.system == system)
                .filter_map(|(table, row)| table.get(row, metric))
                .collect();
            assert!(found.iter().any(|found| (found - value).abs() < 1e-9), "{system} {metric}: {found:?}");
        }
    }

    #[test]
    fn every_table_is_whole() {
        let tables = parse(include_str!("../../assets/published.toml")).unwrap();
        assert_eq!(tables, super::tables());
        for table in &tables {
            assert!(!table.rows.is_empty() && ["retrieval", "reranking"].contains(&table.stage.as_str()));
            for metric in &table.metrics {
                assert!(table.protocol.metrics().contains(metric), "{} has no {metric}", table.protocol.label());
            }
            let mut values = table.rows.iter().flat_map(|row| row.values.iter().flatten());
            assert!(values.all(|value| (0.0..=1.0).contains(value)), "{}", table.source);
            assert!(table.label().starts_with("published: "), "{}", table.label());
        }
    }

    #[test]
    fn a_subset_is_not_comparable() {
        let easy = lookup(Protocol::SkillRouter, Some("easy")).next().unwrap();
        assert!(easy.is_comparable(75, 78_361));
        assert!(!easy.is_comparable(37, 6_810));
        assert!(lookup(Protocol::SkillRouter, Some("of our own")).count() > 3);
        assert_eq!(lookup(Protocol::Author, None).count(), 0);
    }
}
