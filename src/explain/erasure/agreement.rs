//! Whether attention and erasure tell the same story: what a heatmap may be believed.

use crate::explain::Attribution;
use crate::library::Field;
use crate::model::Capture;

use super::units::{Pair, Place, Unit};
use super::{Erased, Read};

/// From here on the two agree: what Cohen (1988, table 3.3.1) calls a large correlation.
pub const AGREES: f64 = 0.5;
/// Below it they disagree: not even Cohen's medium correlation.
pub const WEAK: f64 = 0.3;
/// With four units even equal orders come by chance once in 24, twice that in either direction: 0.083, over 0.05. With
/// five it is 0.017.
pub const FEWEST: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Agrees,
    Weak,
    Disagrees,
    /// Fewer units than [`FEWEST`].
    TooFew,
    /// All shares or all changes are equal, so there is no order to compare.
    NoOrder,
}

impl Verdict {
    /// The word used in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Verdict::Agrees => "agrees",
            Verdict::Weak => "weak",
            Verdict::Disagrees => "disagrees",
            Verdict::TooFew => "too few units",
            Verdict::NoOrder => "no order",
        }
    }
}

/// Rank correlation of attention with erasure over the same units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    pub verdict: Verdict,
    /// Spearman's ρ; `None` where the verdict is that it says nothing.
    pub rho: Option<f64>,
    pub units: usize,
}

impl Agreement {
    /// The badge, in words.
    pub fn label(&self) -> String {
        match (self.verdict, self.rho) {
            (Verdict::TooFew, _) => format!("attention against erasure: too few units to say ({})", self.units),
            (Verdict::NoOrder, _) => "attention against erasure: no order to compare".into(),
            (Verdict::Agrees, Some(rho)) => {
                format!("attention agrees with erasure (rho {rho:.2}, {} units)", self.units)
            }
            (Verdict::Weak, Some(rho)) => {
                format!("attention agrees weakly with erasure (rho {rho:.2}, {} units)", self.units)
            }
            (_, rho) => {
                format!("attention disagrees with erasure (rho {:.2}, {} units)", rho.unwrap_or(0.0), self.units)
            }
        }
    }
}

/// Compares the share of attention of each scored unit with how much the score drops without it. A unit that holds the
/// score down counts as the least important: attention, which has no sign, is expected to look at it least.
pub fn agreement(shares: &[f32], erased: &Erased) -> Agreement {
    let (shares, drops): (Vec<f64>, Vec<f64>) = shares
        .iter()
        .zip(&erased.effects)
        .filter_map(|(&share, effect)| Some((f64::from(share), -f64::from((*effect)?.change))))
        .unzip();
    let units = shares.len();
    if units < FEWEST {
        return Agreement { verdict: Verdict::TooFew, rho: None, units };
    }
    let rho = spearman(&shares, &drops);
    let verdict = match rho {
        None => Verdict::NoOrder,
        Some(rho) if rho >= AGREES => Verdict::Agrees,
        Some(rho) if rho >= WEAK => Verdict::Weak,
        Some(_) => Verdict::Disagrees,
    };
    Agreement { verdict, rho, units }
}

/// Spearman's rank correlation: Pearson's of the ranks, equal values having the mean of their ranks. `None` where one
/// side has no order.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&ranks(a), &ranks(b))
}

/// Pearson's correlation; `None` where one side does not vary.
pub(crate) fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mean_x: f64, y: &[f64], mean_y: f64| {
        x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>()
    };
    let spread = (product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b)).sqrt();
    (spread > 0.0).then(|| product(a, mean_a, b, mean_b) / spread)
}

/// Ranks from 1, ties averaged.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 1;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = first as f64 + (equal.len() - 1) as f64 / 2.0;
        equal.iter().for_each(|&at| ranks[at] = mean);
        first += equal.len();
    }
    ranks
}

/// Share of the fields' attention that falls on each unit, a word on a border by its bytes. Zero for the request, which
/// is no part of that scale.
pub fn attention_shares(capture: &Capture, attribution: &Attribution, pair: &Pair, units: &[Unit]) -> Vec<f32> {
    let reads = Field::ALL.map(|field| Read::new(&capture.document, &pair.parts[field as usize], field));
    let share = |unit: &Unit| {
        let Place::Field(field) = unit.place else { return 0.0 };
        let read = &reads[field as usize];
        let place = |at: usize| (read.span.start + at.saturating_sub(read.dropped)).min(read.span.end);
        let bytes = place(unit.bytes.start)..place(unit.bytes.end);
        let words = &attribution.words;
        let first = words.partition_point(|word| word.bytes.end <= bytes.start);
        let of_word = |word: &crate::explain::Word| {
            // White space decides nothing: a unit may end before that of its last word.
            let ink = word.text.for_model().trim_end().len();
            let ink_end = if ink == 0 { word.bytes.end } else { word.bytes.start + ink };
            let overlap = ink_end.min(bytes.end).saturating_sub(word.bytes.start.max(bytes.start));
            word.weight.unwrap_or(0.0) * overlap as f32 / (ink_end - word.bytes.start).max(1) as f32
        };
        words[first..].iter().take_while(|word| word.bytes.start < bytes.end).map(of_word).sum()
    };
    units.iter().map(share).collect()
}
