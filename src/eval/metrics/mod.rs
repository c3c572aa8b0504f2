//! Metrics: one number of one ranking. Names are those of the protocols (papers.md 2.2, 3.2, 4.2).

mod values;

use std::fmt;

use values::Judged;

use super::Qrels;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricKind {
    /// One if any gold skill is among the first k.
    Hit,
    /// One over the rank of the first gold skill, if that is at most k.
    Mrr,
    /// Linear gain, discount log2(rank + 1), ideal from the grades.
    Ndcg,
    /// Gold skills among the first k, over k.
    Precision,
    /// Gold skills among the first k, over all of them.
    Recall,
    /// Precision at the ranks of gold skills among the first k, summed, over all gold skills (trec_eval's map_cut).
    Map,
    /// SkillRouter: one if all gold skills are among the first k.
    FullCoverage,
    /// SkillRet's name for the same: recall at k is one.
    Completeness,
    /// R3's completeness: gold skills among the first k, over the smaller of their number and k.
    Comp,
    /// R3: whether the first |gold| results are exactly the gold skills; only where there are two or more.
    SetCompat,
}

/// One metric at one cut-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Metric {
    pub kind: MetricKind,
    /// Results looked at; 0 for Set-Compat, which looks at as many as there are gold skills.
    pub k: usize,
}

impl MetricKind {
    const ALL: [MetricKind; 10] = [
        MetricKind::Hit,
        MetricKind::Mrr,
        MetricKind::Ndcg,
        MetricKind::Precision,
        MetricKind::Recall,
        MetricKind::Map,
        MetricKind::FullCoverage,
        MetricKind::Completeness,
        MetricKind::Comp,
        MetricKind::SetCompat,
    ];

    fn word(self) -> &'static str {
        match self {
            MetricKind::Hit => "Hit",
            MetricKind::Mrr => "MRR",
            MetricKind::Ndcg => "nDCG",
            MetricKind::Precision => "Precision",
            MetricKind::Recall => "Recall",
            MetricKind::Map => "MAP",
            MetricKind::FullCoverage => "FullCoverage",
            MetricKind::Completeness => "Completeness",
            MetricKind::Comp => "Comp",
            MetricKind::SetCompat => "Set-Compat",
        }
    }
}

impl Metric {
    pub const HIT_1: Metric = Metric::at(MetricKind::Hit, 1);
    pub const MRR_10: Metric = Metric::at(MetricKind::Mrr, 10);
    pub const NDCG_10: Metric = Metric::at(MetricKind::Ndcg, 10);
    pub const RECALL_10: Metric = Metric::at(MetricKind::Recall, 10);
    pub const FULL_COVERAGE_10: Metric = Metric::at(MetricKind::FullCoverage, 10);
    pub const SET_COMPAT: Metric = Metric::at(MetricKind::SetCompat, 0);

    pub const fn at(kind: MetricKind, k: usize) -> Self {
        Metric { kind, k }
    }

    /// Reads any protocol's spelling, whatever its case: "nDCG@10", "ndcg@10", "set_compat", BEIR's "P@10", and
    /// trec_eval's "ndcg_cut_10", "map_cut_10", "P_10", "recall_10", "success_1".
    pub fn parse(name: &str) -> Option<Self> {
        let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
        let trec = name.rsplit_once('_').filter(|(_, k)| k.starts_with(|c: char| c.is_ascii_digit()));
        let (word, k) = match name.split_once('@').or(trec) {
            Some((word, k)) => (word, k.parse().ok().filter(|&k| k > 0)?),
            None => (name, 0),
        };
        let word = plain(word);
        let kind = match word.as_str() {
            "p" => MetricKind::Precision,
            "ndcgcut" => MetricKind::Ndcg,
            "mapcut" => MetricKind::Map,
            "success" => MetricKind::Hit,
            word => MetricKind::ALL.into_iter().find(|kind| plain(kind.word()) == word)?,
        };
        ((kind == MetricKind::SetCompat) == (k == 0)).then_some(Metric { kind, k })
    }

    /// Its value for a ranking, best first; `None` where it is not defined for the request. `qrels` are restricted to
    /// the pool where the protocol does so. Without gold every other metric is zero.
    pub fn of(self, ranking: &[&str], qrels: &Qrels) -> Option<f64> {
        Judged::new(qrels).value(self, ranking)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            MetricKind::SetCompat => f.write_str(self.kind.word()),
            kind => write!(f, "{}@{}", kind.word(), self.k),
        }
    }
}

/// Values of a protocol's metrics, in its order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricRow {
    metrics: &'static [Metric],
    values: Box<[Option<f64>]>,
}

impl MetricRow {
    /// See [`Metric::of`].
    pub fn of(metrics: &'static [Metric], ranking: &[&str], qrels: &Qrels) -> Self {
        let judged = Judged::new(qrels);
        MetricRow { metrics, values: metrics.iter().map(|&metric| judged.value(metric, ranking)).collect() }
    }

    /// Known values; those not given are undefined.
    pub fn with(metrics: &'static [Metric], value: impl Fn(Metric) -> Option<f64>) -> Self {
        MetricRow { metrics, values: metrics.iter().map(|&metric| value(metric)).collect() }
    }

    pub fn get(&self, metric: Metric) -> Option<f64> {
        let index = self.metrics.iter().position(|&other| other == metric)?;
        self.values.get(index).copied().flatten()
    }

    /// Zero where it is undefined, for ordering and drawing.
    pub fn value(&self, metric: Metric) -> f64 {
        self.get(metric).unwrap_or(0.0)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Metric, Option<f64>)> + '_ {
        self.metrics.iter().copied().zip(self.values.iter().copied())
    }
}

/// Sums behind means. An undefined value counts neither above nor below the line.
#[derive(Debug, Clone, Default)]
pub struct MetricMean {
    metrics: &'static [Metric],
    sums: Vec<(f64, usize)>,
}

impl MetricMean {
    pub fn add(&mut self, row: &MetricRow) {
        if self.sums.is_empty() {
            self.metrics = row.metrics;
            self.sums = vec![(0.0, 0); row.metrics.len()];
        }
        for ((sum, count), value) in self.sums.iter_mut().zip(&row.values) {
            if let Some(value) = value {
                *sum += value;
                *count += 1;
            }
        }
    }

    pub fn mean(&self) -> MetricRow {
        let mean = |&(sum, count): &(f64, usize)| (count > 0).then(|| sum / count as f64);
        MetricRow { metrics: self.metrics, values: self.sums.iter().map(mean).collect() }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
