//! How each metric is computed.

use std::collections::HashSet;

use super::{Metric, MetricKind};
use crate::eval::Qrels;

/// The judgements of one request, made ready once for all its metrics.
pub(super) struct Judged<'a> {
    qrels: &'a Qrels,
    gold: HashSet<&'a str>,
    /// Grades of the best possible ranking.
    ideal: Vec<u32>,
}

impl<'a> Judged<'a> {
    pub fn new(qrels: &'a Qrels) -> Self {
        let gold: HashSet<&str> = qrels.gold.iter().map(String::as_str).collect();
        let mut ideal = match qrels.grades.is_empty() {
            true => vec![1; gold.len()],
            false => qrels.grades.values().copied().collect(),
        };
        ideal.sort_unstable_by(|a, b| b.cmp(a));
        Judged { qrels, gold, ideal }
    }

    /// Grades count wherever they are given, gold or not. Without any, each gold id gains one.
    fn grade(&self, id: &str) -> u32 {
        match self.qrels.grades.is_empty() {
            true => u32::from(self.gold.contains(id)),
            false => self.qrels.grades.get(id).copied().unwrap_or(0),
        }
    }

    /// An id that stands twice in a ranking is found once, but counts twice in Precision and gains twice in nDCG: so
    /// does SkillRouter's code. Our own rankings have no such ids.
    pub fn value(&self, metric: Metric, ranking: &[&str]) -> Option<f64> {
        let gold = &self.gold;
        let k = metric.k;
        let top = &ranking[..ranking.len().min(k)];
        let hits = || top.iter().filter(|id| gold.contains(*id));
        let found = || hits().collect::<HashSet<_>>().len();
        let share = |found: usize, of: usize| if of == 0 { 0.0 } else { found as f64 / of as f64 };
        let indicator = |holds: bool| f64::from(u8::from(holds));
        Some(match metric.kind {
            MetricKind::Hit => indicator(hits().next().is_some()),
            MetricKind::Mrr => {
                top.iter().position(|id| gold.contains(id)).map_or(0.0, |index| 1.0 / (index + 1) as f64)
            }
            MetricKind::Ndcg => self.ndcg(top, k),
            MetricKind::Precision => share(hits().count(), k),
            MetricKind::Recall => share(found(), gold.len()),
            MetricKind::Comp => share(found(), gold.len().min(k)),
            MetricKind::Map => self.average_precision(top),
            MetricKind::FullCoverage | MetricKind::Completeness => indicator(!gold.is_empty() && found() == gold.len()),
            MetricKind::SetCompat if gold.len() < 2 => return None,
            MetricKind::SetCompat => {
                let first: HashSet<&str> = ranking.iter().take(gold.len()).copied().collect();
                indicator(first == *gold)
            }
        })
    }

    fn ndcg(&self, top: &[&str], k: usize) -> f64 {
        let best = dcg(self.ideal.iter().copied().take(k));
        if best > 0.0 { dcg(top.iter().map(|id| self.grade(id))) / best } else { 0.0 }
    }

    fn average_precision(&self, top: &[&str]) -> f64 {
        let mut found = HashSet::new();
        let mut sum = 0.0;
        for (index, id) in top.iter().enumerate() {
            if self.gold.contains(id) && found.insert(id) {
                sum += found.len() as f64 / (index + 1) as f64;
            }
        }
        if self.gold.is_empty() { 0.0 } else { sum / self.gold.len() as f64 }
    }
}

/// Discounted cumulative gain.
fn dcg(grades: impl Iterator<Item = u32>) -> f64 {
    grades.enumerate().map(|(index, grade)| f64::from(grade) / ((index + 2) as f64).log2()).sum()
}
