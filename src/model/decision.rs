//! What is made of scores: the final order, and whether anything fits at all. Chosen on a development set and written in
//! the profile, so that every number can name it.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize};

use crate::library::Field;

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

    fn bits(self) -> u32 {
        self.0.to_bits()
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

/// How words and vectors make one shortlist: skills are sorted by `cosine + words · BM25F / the best BM25F`, a combination
/// of scores (Bruch et al. 2023, "An analysis of fusion functions for hybrid retrieval"). Cosines mean the same for
/// every request; BM25F is measured by the best skill of the request, for its scale grows with the request's words.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fusion {
    /// What the best skill by words is given, in units of cosine.
    #[serde(deserialize_with = "above_zero")]
    pub words: f32,
    /// How late repeats of a word stop counting.
    #[serde(deserialize_with = "above_zero")]
    pub k1: f32,
    pub name: FieldWeight,
    pub description: FieldWeight,
    pub body: FieldWeight,
}

/// BM25F's parameters of one field.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldWeight {
    /// What a word of it counts where the field has the average length.
    #[serde(deserialize_with = "above_zero")]
    pub weight: f32,
    /// How much the field's length discounts its words: 0 not at all, 1 in proportion.
    #[serde(deserialize_with = "share")]
    pub b: f32,
}

impl Fusion {
    /// In the order of [`Field::ALL`](crate::library::Field::ALL).
    pub fn fields(self) -> [FieldWeight; 3] {
        [self.name, self.description, self.body]
    }

    /// As the protocol badge has it.
    pub fn describe(self) -> String {
        let Fusion { words, k1, .. } = self;
        let fields = Field::ALL.iter().zip(self.fields());
        let fields: Vec<String> =
            fields.map(|(field, FieldWeight { weight, b })| format!("{} ×{weight} b {b}", field.key())).collect();
        format!("cosine + {words} · BM25F / its best (k1 {k1}, {})", fields.join(", "))
    }

    fn bits(self) -> [u32; 8] {
        let [name, description, body] = self.fields();
        [self.words, self.k1, name.weight, name.b, description.weight, description.b, body.weight, body.b]
            .map(f32::to_bits)
    }
}

fn above_zero<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let number = f32::deserialize(from)?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err(fault(number, "be above 0")) }
}

fn share<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let number = f32::deserialize(from)?;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err(fault(number, "be between 0 and 1")) }
}

fn fault<E: serde::de::Error>(number: f32, must: &str) -> E {
    E::custom(format_args!("{number} must {must}"))
}

/// Profiles are compared and hashed; their numbers are what was written, so equal means equal bits.
macro_rules! equal_by_bits {
    ($($type:ty),+) => {$(
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.bits() == other.bits()
            }
        }

        impl Eq for $type {}

        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.bits().hash(state);
            }
        }
    )+};
}

equal_by_bits!(RankPrior, Fit, Fusion);

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

    #[test]
    fn a_fusion_with_impossible_numbers_is_refused_by_name() {
        let good = "words = 0.5\nk1 = 4.0\nname = { weight = 3.0, b = 0.75 }\n\
                    description = { weight = 3.0, b = 0.75 }\nbody = { weight = 1.0, b = 1.0 }\n";
        let fusion: Fusion = toml::from_str(good).unwrap();
        assert_eq!(fusion.body, FieldWeight { weight: 1.0, b: 1.0 });
        for (from, to, why) in [
            ("words = 0.5", "words = 0.0", "0 must be above 0"),
            ("k1 = 4.0", "k1 = inf", "inf must be above 0"),
            ("b = 1.0", "b = 1.5", "1.5 must be between 0 and 1"),
            ("weight = 1.0", "weight = -1.0", "-1 must be above 0"),
        ] {
            let error = toml::from_str::<Fusion>(&good.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
