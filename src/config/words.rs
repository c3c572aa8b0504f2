//! Settings that are one word, read the same way from file, environment and flags.

use serde::{Deserialize, Deserializer};

use crate::library::FieldSet;
use crate::model::{Device, Precision};
use crate::search::Stage1;

/// How many colours to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    /// What the terminal says it has.
    #[default]
    Auto,
    None,
    Ansi16,
    Ansi256,
    True,
}

/// A setting with a closed set of words.
pub trait Word: Sized + Copy {
    /// Every word with its meaning.
    fn words() -> Vec<(&'static str, Self)>;

    fn parse(text: &str) -> Result<Self, String> {
        let words = Self::words();
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("{text:?} is not one of {}", known.join(", "))
        })
    }
}

impl Word for ColorChoice {
    fn words() -> Vec<(&'static str, Self)> {
        vec![
            ("auto", ColorChoice::Auto),
            ("none", ColorChoice::None),
            ("16", ColorChoice::Ansi16),
            ("256", ColorChoice::Ansi256),
            ("true", ColorChoice::True),
        ]
    }
}

impl Word for Stage1 {
    fn words() -> Vec<(&'static str, Self)> {
        Stage1::ALL.iter().map(|&stage1| (stage1.key(), stage1)).collect()
    }
}

impl Word for FieldSet {
    fn words() -> Vec<(&'static str, Self)> {
        FieldSet::ALL.iter().map(|&fields| (fields.key(), fields)).collect()
    }
}

impl Word for Precision {
    fn words() -> Vec<(&'static str, Self)> {
        Precision::ALL.iter().map(|&precision| (precision.label(), precision)).collect()
    }
}

impl Word for bool {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("true", true), ("false", false), ("1", true), ("0", false), ("yes", true), ("no", false)]
    }
}

/// The longest shortlist that may be asked for. Stage 2 costs a forward pass per row; a thousand rows take a minute
/// on two cores, so more is a mistake rather than a wish.
const DEEPEST: usize = 1000;

pub fn depth(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|depth| (1..=DEEPEST).contains(depth))
        .ok_or_else(|| format!("depth is a number from 1 to {DEEPEST}, not {text:?}"))
}

/// A bare word, number or boolean of a TOML file, as its text: `color = 256` and `color = "256"` mean the same.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a word, a number or true/false")]
enum Scalar {
    Text(String),
    Number(i64),
    Bool(bool),
}

fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Text(text) => text,
        Scalar::Number(number) => number.to_string(),
        Scalar::Bool(value) => value.to_string(),
    })
}

/// For `#[serde(deserialize_with)]` on a [`Word`].
pub fn word<'de, D: Deserializer<'de>, T: Word>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::parse(&scalar(deserializer)?).map(Some).map_err(serde::de::Error::custom)
}

/// For `#[serde(deserialize_with)]` on a device.
pub fn device_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Device>, D::Error> {
    Device::parse(&scalar(deserializer)?).map(Some).map_err(serde::de::Error::custom)
}

/// For `#[serde(deserialize_with)]` on a depth.
pub fn depth_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    depth(&scalar(deserializer)?).map(Some).map_err(serde::de::Error::custom)
}
