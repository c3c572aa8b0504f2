//! How each metric is computed.

use std::collections::{BTreeMap, HashSet};

use super::{Metric, MetricKind};
use crate::eval::Qrels;

pub(super) fn value(metric: Metric, ranking: &[&str], qrels: &Qrels) -> Option<f64> {
    let gold: HashSet<&str> = qrels.gold.iter().map(String::as_str).collect();
    let k = metric.k;
    let top = &ranking[..ranking.len().min(k)];
    // An id that stands twice in a ranking is found once.
    let found = || top.iter().filter(|id| gold.contains(*id)).collect::<HashSet<_>>().len() as f64;
    let over = |count: usize| if count == 0 { 0.0 } else { found() / count as f64 };
    Some(match metric.kind {
        MetricKind::Hit => f64::from(u8::from(top.iter().any(|id| gold.contains(id)))),
        MetricKind::Mrr => top.iter().position(|id| gold.contains(id)).map_or(0.0, |index| 1.0 / (index + 1) as f64),
        MetricKind::Ndcg => ndcg(top, k, qrels),
        MetricKind::Precision => over(k),
        MetricKind::Recall => over(gold.len()),
        MetricKind::Comp => over(gold.len().min(k)),
        MetricKind::Map => average_precision(top, &gold),
        MetricKind::FullCoverage | MetricKind::Completeness => {
            f64::from(u8::from(!gold.is_empty() && found() as usize == gold.len()))
        }
        MetricKind::SetCompat if gold.len() < 2 => return None,
        MetricKind::SetCompat => {
            let first: HashSet<&str> = ranking.iter().take(gold.len()).copied().collect();
            f64::from(u8::from(first == gold))
        }
    })
}

/// Grades count wherever they are given, gold or not. Without any, each gold id gains one. An id that stands twice gains
/// twice, as in SkillRouter's code; our own rankings have no such ids.
fn ndcg(top: &[&str], k: usize, qrels: &Qrels) -> f64 {
    let binary: BTreeMap<String, u32>;
    let grades = if qrels.grades.is_empty() {
        binary = qrels.gold.iter().map(|id| (id.clone(), 1)).collect();
        &binary
    } else {
        &qrels.grades
    };
    let mut ideal: Vec<u32> = grades.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = dcg(ideal.into_iter().take(k));
    if best > 0.0 { dcg(top.iter().map(|&id| grades.get(id).copied().unwrap_or(0))) / best } else { 0.0 }
}

/// Discounted cumulative gain.
fn dcg(grades: impl Iterator<Item = u32>) -> f64 {
    grades.enumerate().map(|(index, grade)| f64::from(grade) / ((index + 2) as f64).log2()).sum()
}

fn average_precision(top: &[&str], gold: &HashSet<&str>) -> f64 {
    let mut found = HashSet::new();
    let mut sum = 0.0;
    for (index, id) in top.iter().enumerate() {
        if gold.contains(id) && found.insert(id) {
            sum += found.len() as f64 / (index + 1) as f64;
        }
    }
    if gold.is_empty() { 0.0 } else { sum / gold.len() as f64 }
}
