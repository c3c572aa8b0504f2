//! Metrics under the names SkillRouter's protocol gives them (papers.md 2.2).

use crate::eval::Qrels;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    HitAt1,
    MrrAt10,
    /// Linear gain, log2(rank + 1) discount, ideal from the grades that are in the pool.
    NdcgAt10,
    RecallAt10,
    FullCoverageAt10,
}

impl Metric {
    pub const ALL: [Metric; 5] =
        [Metric::HitAt1, Metric::MrrAt10, Metric::NdcgAt10, Metric::RecallAt10, Metric::FullCoverageAt10];

    /// Its name in tables and JSON, e.g. "nDCG@10".
    pub fn name(self) -> &'static str {
        match self {
            Metric::HitAt1 => "Hit@1",
            Metric::MrrAt10 => "MRR@10",
            Metric::NdcgAt10 => "nDCG@10",
            Metric::RecallAt10 => "Recall@10",
            Metric::FullCoverageAt10 => "FullCoverage@10",
        }
    }
}

/// One value per metric, order of [`Metric::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MetricRow(pub [f64; 5]);

impl MetricRow {
    /// `ranking` best first; `qrels` already restricted to the pool.
    pub fn of(ranking: &[&str], qrels: &Qrels) -> Self {
        let _ = (ranking, qrels);
        todo!()
    }

    pub fn get(&self, metric: Metric) -> f64 {
        self.0[metric as usize]
    }

    pub fn mean<'a>(rows: impl IntoIterator<Item = &'a MetricRow>) -> Self {
        let mut sum = [0.0; 5];
        let mut count = 0.0;
        for row in rows {
            count += 1.0;
            sum.iter_mut().zip(row.0).for_each(|(sum, value)| *sum += value);
        }
        MetricRow(sum.map(|sum| if count > 0.0 { sum / count } else { 0.0 }))
    }
}
