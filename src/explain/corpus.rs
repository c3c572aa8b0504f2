//! Field shares over a whole benchmark: SkillRouter's figure (appendix C, papers.md 5) for any reranker, with
//! intervals.

use serde_json::{Value, json};

use crate::eval::stats::{Interval, bootstrap, mean};
use crate::library::Field;
use crate::model::Capture;

use super::erasure::pearson;
use super::json::by_field;
use super::{Attribution, Band, FieldShare, Lens, attribute};

/// What is kept of one pair of a request and its gold skill.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Order of [`Field::ALL`], mean over all layers.
    pub fields: [FieldShare; 3],
    pub layers: Vec<[f32; 3]>,
    /// Whether a gold skill was ranked first for this request.
    pub correct: bool,
    /// Whether the limit or a cap cut the skill.
    pub cut: bool,
}

impl Sample {
    pub fn new(capture: &Capture, correct: bool) -> Self {
        let Attribution { fields, layers, cut, seen_tokens, total_tokens, .. } =
            attribute(capture, Lens { band: Band::All, head: None });
        Sample { fields, layers, correct, cut: seen_tokens < total_tokens || cut.iter().any(|&cut| cut > 0) }
    }
}

/// A mean over pairs with a 95 % bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    pub value: f64,
    pub interval: Interval,
}

impl Mean {
    fn of(values: impl Iterator<Item = f32>) -> Option<Mean> {
        let values: Vec<f64> = values.map(f64::from).collect();
        Some(Mean { value: mean(&values), interval: bootstrap(&values)? })
    }

    fn to_json(self) -> Value {
        json!({ "mean": self.value, "low": self.interval.low, "high": self.interval.high })
    }
}

/// Shares of the three fields, order of [`Field::ALL`].
pub type Shares = [Mean; 3];

/// One part of the pairs.
#[derive(Debug, Clone)]
pub struct Part {
    pub pairs: usize,
    /// Mean over layers, as SkillRouter's "overall".
    pub shares: Shares,
    /// Share of the fields' tokens: what each would get if all tokens were alike.
    pub token_shares: Shares,
    /// By layer.
    pub layers: Vec<Shares>,
    /// Early, middle and late layers.
    pub bands: Vec<(Band, Shares)>,
}

/// The report of one benchmark.
#[derive(Debug, Clone)]
pub struct Corpus {
    pub all: Part,
    /// Pairs of requests with a gold skill at rank 1, and the others; `None` where there are none.
    pub correct: Option<Part>,
    pub wrong: Option<Part>,
    /// Pairs whose skill was cut before the model read it.
    pub cut: usize,
    /// Pairs in which the body gets more of the last layer than its share of the tokens (SkillRouter: 69 of 75).
    pub body_above_tokens: usize,
    /// Pearson's correlation of the body's share of the last layer with its tokens (SkillRouter: 0.04).
    pub body_with_length: Option<f64>,
}

impl Part {
    /// `None` without samples, or if they are not of one network.
    fn of(samples: &[&Sample]) -> Option<Part> {
        let layers = samples.first()?.layers.len();
        if samples.iter().any(|sample| sample.layers.len() != layers) {
            return None;
        }
        let shares = |share: &dyn Fn(&Sample, usize) -> f32| -> Option<Shares> {
            let [name, description, body] =
                [0, 1, 2].map(|field| Mean::of(samples.iter().map(|sample| share(sample, field))));
            Some([name?, description?, body?])
        };
        let band = |band: Band| {
            let range = band.layers(layers);
            let count = range.len().max(1) as f32;
            let of_field = |sample: &Sample, field: usize| {
                sample.layers[range.clone()].iter().map(|shares| shares[field]).sum::<f32>() / count
            };
            Some((band, shares(&of_field)?))
        };
        Some(Part {
            pairs: samples.len(),
            shares: shares(&|sample, field| sample.fields[field].share)?,
            token_shares: shares(&|sample, field| sample.fields[field].token_share)?,
            layers: (0..layers)
                .map(|layer| shares(&|sample, field| sample.layers[layer][field]))
                .collect::<Option<_>>()?,
            bands: [Band::Early, Band::Middle, Band::Late].into_iter().map(band).collect::<Option<_>>()?,
        })
    }

    fn to_json(&self) -> Value {
        let shares = |shares: &Shares| by_field(shares, |mean| mean.to_json());
        let bands = self.bands.iter().map(|(band, of)| (band.key().to_owned(), shares(of)));
        json!({
            "pairs": self.pairs,
            "fields": shares(&self.shares),
            "tokens": shares(&self.token_shares),
            "bands": Value::Object(bands.collect()),
            "layers": self.layers.iter().map(shares).collect::<Vec<_>>(),
        })
    }
}

impl Corpus {
    /// `None` without samples.
    pub fn new(samples: &[Sample]) -> Option<Self> {
        let part = |wanted: Option<bool>| {
            let chosen = samples.iter().filter(|sample| wanted.is_none_or(|wanted| sample.correct == wanted));
            Part::of(&chosen.collect::<Vec<_>>())
        };
        let body = Field::Body as usize;
        let last = |sample: &Sample| sample.layers.last().map_or(0.0, |shares| shares[body]);
        let lengths: Vec<f64> = samples.iter().map(|sample| sample.fields[body].tokens as f64).collect();
        let shares: Vec<f64> = samples.iter().map(|sample| f64::from(last(sample))).collect();
        Some(Corpus {
            all: part(None)?,
            correct: part(Some(true)),
            wrong: part(Some(false)),
            cut: samples.iter().filter(|sample| sample.cut).count(),
            body_above_tokens: samples.iter().filter(|sample| last(sample) > sample.fields[body].token_share).count(),
            body_with_length: pearson(&shares, &lengths),
        })
    }

    /// `{"all" | "correct" | "wrong": {"pairs", "fields" | "tokens": {field: {"mean", "low", "high"}}, "bands",
    /// "layers"}, "cut", "body_above_tokens", "body_with_length"}`; a part without pairs is null.
    pub fn to_json(&self) -> Value {
        json!({
            "all": self.all.to_json(),
            "correct": self.correct.as_ref().map(Part::to_json),
            "wrong": self.wrong.as_ref().map(Part::to_json),
            "cut": self.cut,
            "body_above_tokens": self.body_above_tokens,
            "body_with_length": self.body_with_length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(layers: &[[f32; 3]], tokens: [usize; 3], correct: bool) -> Sample {
        let all: usize = tokens.iter().sum();
        let fields = [0, 1, 2].map(|field| FieldShare {
            share: layers.iter().map(|shares| shares[field]).sum::<f32>() / layers.len() as f32,
            tokens: tokens[field],
            token_share: tokens[field] as f32 / all as f32,
            lift: None,
        });
        Sample { fields, layers: layers.to_vec(), correct, cut: !correct }
    }

    /// Three pairs worked out by hand.
    #[test]
    fn means_are_over_pairs_and_layers_each_counting_once() {
        let samples = [
            sample(&[[0.2, 0.2, 0.6], [0.0, 0.0, 1.0]], [1, 1, 8], true),
            sample(&[[0.4, 0.2, 0.4], [0.2, 0.0, 0.8]], [1, 1, 2], true),
            sample(&[[0.0, 0.5, 0.5], [0.1, 0.1, 0.8]], [2, 2, 16], false),
        ];
        let corpus = Corpus::new(&samples).unwrap();
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-6, "{got} {want}");
        near(corpus.all.shares[0].value, (0.1 + 0.3 + 0.05) / 3.0);
        near(corpus.all.layers[0][2].value, 0.5);
        near(corpus.all.token_shares[2].value, (0.8 + 0.5 + 0.8) / 3.0);
        near(corpus.correct.as_ref().unwrap().shares[2].value, (0.8 + 0.6) / 2.0);
        assert_eq!((corpus.correct.unwrap().pairs, corpus.wrong.unwrap().pairs, corpus.cut), (2, 1, 1));
        // Last layer against tokens: 1.0 over 0.8, 0.8 over 0.5, 0.8 not over 0.8.
        assert_eq!(corpus.body_above_tokens, 2);
        // NumPy's corrcoef of (1, 0.8, 0.8) and (8, 2, 16).
        near(corpus.body_with_length.unwrap(), -0.082199493652678);
        let Mean { value, interval } = corpus.all.shares[1];
        assert!(interval.low <= value && value <= interval.high);
        assert!(Corpus::new(&[]).is_none());
        assert!(Corpus::new(&samples[..2]).unwrap().wrong.is_none());
    }
}
