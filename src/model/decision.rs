//! What is made of scores: the final order, and whether anything fits at all. Chosen on a development set and written in
//! the profile, so that every number can name it.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// How much the first stage's order counts in the final one: a skill at rank r of the shortlist is sorted by
/// `score - weight * ln r`, the log-odds of a prior that falls with the rank as `r^-weight`. 0 leaves the order to the
/// reranker.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct RankPrior(f32);

impl RankPrior {
    pub fn is_none(&self) -> bool {
        self.0 == 0.0
    }

    pub fn weight(self) -> f32 {
        self.0
    }

    /// What a score at a 1-based rank of the shortlist is sorted by.
    pub fn weigh(self, score: f32, rank: usize) -> f32 {
        score - self.0 * (rank.max(1) as f32).ln()
    }
}

impl TryFrom<f32> for RankPrior {
    type Error = String;

    fn try_from(weight: f32) -> Result<Self, String> {
        match weight {
            // Adding 0 makes one zero of the two, so that equal weights have equal bits.
            weight if weight.is_finite() && weight >= 0.0 => Ok(RankPrior(weight + 0.0)),
            weight => Err(format!("rank_prior is {weight}; it must be 0 or more")),
        }
    }
}

impl From<RankPrior> for f32 {
    fn from(prior: RankPrior) -> f32 {
        prior.0
    }
}

impl PartialEq for RankPrior {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for RankPrior {}

impl Hash for RankPrior {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// Platt's calibration of the best cosine of a request with any skill: the probability that one fits is
/// `1 / (1 + e^-(slope * cosine + offset))`, and one fits where that is at least `threshold`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    pub slope: f32,
    pub offset: f32,
    /// Between 0 and 1.
    pub threshold: f32,
}

impl Fit {
    /// The verdict on the best cosine of a whole library.
    pub fn judge(self, best: f32) -> Verdict {
        let confidence = 1.0 / (1.0 + (-(self.slope * best + self.offset)).exp());
        Verdict { fits: confidence >= self.threshold, confidence }
    }

    /// As the protocol badge has it.
    pub fn describe(self) -> String {
        let Fit { slope, offset, threshold } = self;
        format!("one fits from confidence {threshold}, 1 / (1 + e^-({slope} cosine + {offset}))")
    }

    fn bits(self) -> [u32; 3] {
        [self.slope, self.offset, self.threshold].map(f32::to_bits)
    }
}

impl PartialEq for Fit {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Fit {}

impl Hash for Fit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

/// Whether anything in a library fits the request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    pub fits: bool,
    /// Probability that the best skill fits, as calibrated on the profile's development set.
    pub confidence: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prior_takes_the_logarithm_of_the_rank() {
        let prior = RankPrior::try_from(2.0).unwrap();
        assert_eq!(prior.weigh(1.5, 1), 1.5);
        assert!((prior.weigh(1.5, 8) - (1.5 - 2.0 * 2.079_441_5)).abs() < 1e-5);
        assert!(RankPrior::default().is_none() && RankPrior::default().weigh(0.25, 20) == 0.25);
        for wrong in [-0.5, f32::NAN, f32::INFINITY] {
            assert!(RankPrior::try_from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_verdict_is_the_calibrated_probability_against_the_threshold() {
        let fit = Fit { slope: 0.5, offset: -1.0, threshold: 0.6 };
        let certain = fit.judge(4.0);
        assert!((certain.confidence - 0.731_058_6).abs() < 1e-6 && certain.fits);
        assert!(!fit.judge(2.0).fits, "even odds are below the threshold");
    }
}
