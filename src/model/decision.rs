//! What is made of scores: one shortlist of two, the final order, and whether anything fits at all. Chosen on a
//! development set and written in the profile, so that every number can name it.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize};

use crate::library::Field;

/// How much of the first stage is in the final order; 0 leaves it to the reranker.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct PriorWeight(f32);

impl PriorWeight {
    pub fn is_none(&self) -> bool {
        self.0 == 0.0
    }

    /// And `each` for every one of so many.
    pub fn plus(self, each: PriorWeight, count: usize) -> Self {
        PriorWeight(self.0 + each.0 * count as f32)
    }

    fn bits(self) -> u32 {
        self.0.to_bits()
    }
}

impl TryFrom<f32> for PriorWeight {
    type Error = String;

    fn try_from(weight: f32) -> Result<Self, String> {
        match weight {
            // Adding 0 makes one zero of the two, so that equal weights have equal bits.
            weight if weight.is_finite() && weight >= 0.0 => Ok(PriorWeight(weight + 0.0)),
            weight => Err(format!("the weight of stage 1 is {weight}; it must be 0 or more")),
        }
    }
}

impl From<PriorWeight> for f32 {
    fn from(weight: PriorWeight) -> f32 {
        weight.0
    }
}

/// What of the first stage is mixed into the score of the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    /// `score - weight · ln rank`: the log-odds of a prior that falls with the rank r of the shortlist as `r^-weight`.
    Ranks(PriorWeight),
    /// `score + weight · score of stage 1`: where those of all requests mean the same ([`Fusion`]).
    Scores(PriorWeight),
}

impl Default for Prior {
    fn default() -> Self {
        Prior::Ranks(PriorWeight::default())
    }
}

impl Prior {
    pub fn is_none(self) -> bool {
        let (Prior::Ranks(weight) | Prior::Scores(weight)) = self;
        weight.is_none()
    }

    /// What a skill is sorted by, with a 1-based rank and a score in the shortlist.
    pub fn weigh(self, score: f32, rank: usize, stage1: f32) -> f32 {
        match self {
            Prior::Ranks(PriorWeight(weight)) => score - weight * (rank.max(1) as f32).ln(),
            Prior::Scores(PriorWeight(weight)) => score + weight * stage1,
        }
    }

    /// As the protocol badge has it.
    pub fn describe(self) -> String {
        match self {
            Prior::Ranks(PriorWeight(weight)) => format!("score - {weight} ln(rank in the shortlist)"),
            Prior::Scores(PriorWeight(weight)) => format!("score + {weight} · score in the shortlist"),
        }
    }
}

/// What a verdict is drawn from: the skill that stage 1 puts first, beside the request and the library.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Of the request with that skill.
    pub cosine: f32,
    /// Share of the request's words, weighed by their idf, that the skill covers.
    pub covered: f32,
    /// Distinct words of the request: of a long one less is covered.
    pub words: usize,
    /// Skills in the library: among more of them the best is nearer, whether it fits or not.
    pub skills: usize,
}

/// Platt's calibration of [`Evidence`]: the probability that the skill fits is `1 / (1 + e^-x)`, where `x` is
/// `cosine · its cosine + covered · its share + length · ln(1 + words) + library · ln(skills) + offset`; one fits where
/// that is at least `threshold`. A factor that is not said is 0.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    pub cosine: f32,
    #[serde(default)]
    pub covered: f32,
    #[serde(default)]
    pub length: f32,
    #[serde(default)]
    pub library: f32,
    pub offset: f32,
    /// Between 0 and 1.
    pub threshold: f32,
}

impl Fit {
    /// The verdict on a whole library.
    pub fn judge(self, evidence: Evidence) -> Verdict {
        let Evidence { cosine, covered, words, skills } = evidence;
        let sum = self.cosine * cosine
            + self.covered * covered
            + self.length * (words as f32).ln_1p()
            + self.library * (skills as f32).ln()
            + self.offset;
        let confidence = 1.0 / (1.0 + (-sum).exp());
        Verdict { fits: confidence >= self.threshold, confidence }
    }

    /// As the protocol badge has it.
    pub fn describe(self) -> String {
        let named = [
            (self.cosine, "cosine"),
            (self.covered, "share of words covered"),
            (self.length, "ln(1 + words)"),
            (self.library, "ln(skills)"),
        ];
        let terms = named.into_iter().filter(|&(factor, _)| factor != 0.0);
        let sum: Vec<String> = terms.map(|(factor, name)| format!("{factor} {name}")).collect();
        let Fit { offset, threshold, .. } = self;
        format!("one fits from confidence {threshold}, 1 / (1 + e^-({} + {offset}))", sum.join(" + "))
    }

    fn bits(self) -> [u32; 6] {
        [self.cosine, self.covered, self.length, self.library, self.offset, self.threshold].map(f32::to_bits)
    }
}

/// How words and vectors make one shortlist: skills are sorted by `cosine + words · BM25F / the best BM25F`, a
/// combination of scores (Bruch et al. 2023, "An analysis of fusion functions for hybrid retrieval"). Cosines mean the
/// same for every request; BM25F is measured by the best skill of the request, for its scale grows with the request's
/// words.
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

equal_by_bits!(PriorWeight, Fit, Fusion);

/// Whether anything in a library fits the request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    pub fits: bool,
    /// Probability that the first skill fits, as calibrated on the profile's development set.
    pub confidence: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prior_takes_the_logarithm_of_the_rank_or_the_score() {
        let two = PriorWeight::try_from(2.0).unwrap();
        assert_eq!(Prior::Ranks(two).weigh(1.5, 1, 9.0), 1.5);
        assert!((Prior::Ranks(two).weigh(1.5, 8, 9.0) - (1.5 - 2.0 * 2.079_441_5)).abs() < 1e-5);
        assert_eq!(Prior::Scores(two).weigh(1.5, 8, 0.75), 3.0);
        assert_eq!(f32::from(two.plus(PriorWeight::try_from(0.5).unwrap(), 3)), 3.5);
        assert!(Prior::default().is_none() && Prior::default().weigh(0.25, 20, 9.0) == 0.25);
        for wrong in [-0.5, f32::NAN, f32::INFINITY] {
            assert!(PriorWeight::try_from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_verdict_is_the_calibrated_probability_against_the_threshold() {
        let fit: Fit = toml::from_str("cosine = 0.5\noffset = -1.0\nthreshold = 0.6").unwrap();
        let seen = |cosine| Evidence { cosine, covered: 0.5, words: 7, skills: 100 };
        let certain = fit.judge(seen(4.0));
        assert!((certain.confidence - 0.731_058_6).abs() < 1e-6 && certain.fits);
        assert!(!fit.judge(seen(2.0)).fits, "even odds are below the threshold");
        // 4 · 0.5 = 2 for what is covered, ln 8 for seven words, - ln 100 for the library: odds of e^2 · 8 / 100.
        let every = Fit { covered: 4.0, length: 1.0, library: -1.0, ..fit };
        let odds = 2f32.exp() * 0.08;
        assert!((every.judge(seen(2.0)).confidence - odds / (1.0 + odds)).abs() < 1e-6);
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
