//! The table of patterns, compiled once.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

const TABLE: &str = include_str!("../../../assets/trust/patterns.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    checked: String,
    pattern: Vec<Pattern>,
}

/// A row of `assets/trust/patterns.toml`, which says what the columns mean.
#[derive(Debug, Deserialize)]
pub struct Pattern {
    /// Stable: people name it in baselines.
    pub id: String,
    /// Why a reader should look.
    pub about: String,
    pub source: String,
    #[serde(flatten)]
    pub(super) detector: Detector,
    /// When the table was last compared with its sources, year and month.
    #[serde(skip)]
    pub checked: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Detector {
    Hidden {
        #[serde(deserialize_with = "ranges")]
        ranges: Vec<RangeInclusive<u32>>,
    },
    Line {
        any: Vec<String>,
    },
    Payload {
        /// Letters of the encoded run.
        length: usize,
        decoded: String,
    },
}

/// `"202A-202E"` or `"AD"`.
fn ranges<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<RangeInclusive<u32>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let number = |text: &str| {
        u32::from_str_radix(text, 16).map_err(|_| serde::de::Error::custom(format!("{text} is no hexadecimal number")))
    };
    texts
        .iter()
        .map(|text| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            Ok(number(first)?..=number(last)?)
        })
        .collect()
}

/// Why the table cannot be used: it is part of the program, so only a test meets this.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error("assets/trust/patterns.toml: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("assets/trust/patterns.toml: {0}")]
    Expression(#[from] regex::Error),
}

/// The table ready to be used: all line expressions are tried in one pass.
pub(super) struct Scanner {
    pub hidden: Vec<&'static Pattern>,
    pub lines: RegexSet,
    pub expressions: Vec<(&'static Pattern, Regex)>,
    pub payloads: Vec<(&'static Pattern, usize, Regex)>,
}

impl Scanner {
    pub fn new(patterns: &'static [Pattern]) -> Result<Self, TableError> {
        let compile = |text: &str| RegexBuilder::new(text).case_insensitive(true).build();
        let mut scanner =
            Scanner { hidden: Vec::new(), lines: RegexSet::empty(), expressions: Vec::new(), payloads: Vec::new() };
        let mut texts = Vec::new();
        for pattern in patterns {
            match &pattern.detector {
                Detector::Hidden { .. } => scanner.hidden.push(pattern),
                Detector::Line { any } => {
                    for text in any {
                        scanner.expressions.push((pattern, compile(text)?));
                        texts.push(text);
                    }
                }
                Detector::Payload { length, decoded } => scanner.payloads.push((pattern, *length, compile(decoded)?)),
            }
        }
        scanner.lines = RegexSetBuilder::new(texts).case_insensitive(true).build()?;
        Ok(scanner)
    }
}

pub(super) fn read() -> Result<Vec<Pattern>, TableError> {
    let Table { checked, pattern: mut patterns } = toml::from_str(TABLE)?;
    patterns.iter_mut().for_each(|pattern| pattern.checked.clone_from(&checked));
    Ok(patterns)
}

/// All patterns, in the order of the table.
pub fn patterns() -> &'static [Pattern] {
    static PATTERNS: OnceLock<Vec<Pattern>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        read().inspect_err(|error| tracing::error!(%error, "the trust table cannot be read")).unwrap_or_default()
    })
}

pub(super) fn scanner() -> Option<&'static Scanner> {
    static SCANNER: OnceLock<Option<Scanner>> = OnceLock::new();
    SCANNER
        .get_or_init(|| {
            Scanner::new(patterns()).inspect_err(|error| tracing::error!(%error, "the trust table cannot be used")).ok()
        })
        .as_ref()
}
