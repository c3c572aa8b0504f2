//! How alike two texts are, for near-duplicates.

use std::cmp::Ordering;
use std::collections::HashMap;

use rayon::prelude::*;

use super::Skill;

/// Bodies more alike than this are near-duplicates: SkillRouter's filter of false negatives (papers.md 2.5).
pub const NEAR_DUPLICATE: f64 = 0.6;

/// The trigrams of a text: three words that follow one another, case and punctuation aside. SkillRouter does not say
/// whether its trigrams are of words or of characters; with characters, texts that only share a language come out
/// alike.
///
/// Kept sorted and each once, so that two of them are compared in one walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigrams(Box<[u64]>);

impl Trigrams {
    pub fn of(text: &str) -> Self {
        let words: Vec<u64> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| hash(word.chars().flat_map(char::to_lowercase)))
            .collect();
        let mut trigrams: Vec<u64> =
            words.windows(3).map(|three| three.iter().fold(0, |sum, &word| mix(sum ^ word))).collect();
        trigrams.sort_unstable();
        trigrams.dedup();
        Trigrams(trigrams.into_boxed_slice())
    }

    /// Jaccard similarity: shared over all; 0 if both are empty, because nothing shows that such texts are alike.
    pub fn jaccard(&self, other: &Trigrams) -> f64 {
        let shared = shared(&self.0, &other.0);
        let all = self.0.len() + other.0.len() - shared;
        if all == 0 { 0.0 } else { shared as f64 / all as f64 }
    }
}

/// All pairs of texts with a Jaccard similarity above `least` (over 0), exactly, the first of each pair earlier.
///
/// Texts that are so alike share one of their rarest trigrams: with n trigrams, one of the n - ⌈least · n⌉ + 1 that are
/// rarest in the whole collection (prefix filter; Chaudhuri, Ganti, Kaushik, ICDE 2006). Only such pairs are compared.
pub fn pairs_above(texts: &[Trigrams], least: f64) -> Vec<(usize, usize, f64)> {
    let mut frequencies: HashMap<u64, u32> = HashMap::new();
    texts.iter().flat_map(|text| &text.0).for_each(|&trigram| *frequencies.entry(trigram).or_default() += 1);
    let rarest = |text: &Trigrams| {
        let kept = text.0.len() - ((least * text.0.len() as f64).ceil() as usize).min(text.0.len()) + 1;
        let mut ranked: Vec<(u32, u64)> = text.0.iter().map(|trigram| (frequencies[trigram], *trigram)).collect();
        ranked.sort_unstable();
        ranked.truncate(kept);
        // What no other text has leads nowhere.
        ranked.retain(|&(frequency, _)| frequency > 1);
        ranked
    };
    let prefixes: Vec<Vec<(u32, u64)>> = texts.par_iter().map(rarest).collect();
    let mut having: HashMap<u64, Vec<usize>> = HashMap::new();
    for (text, prefix) in prefixes.iter().enumerate() {
        prefix.iter().for_each(|&(_, trigram)| having.entry(trigram).or_default().push(text));
    }
    let alike = |(first, prefix): (usize, &Vec<(u32, u64)>)| {
        let mut others: Vec<usize> = prefix.iter().flat_map(|(_, trigram)| &having[trigram]).copied().collect();
        others.retain(|&other| other > first);
        others.sort_unstable();
        others.dedup();
        let own = texts[first].0.len() as f64;
        // Neither can be shorter than this share of the other.
        others.retain(|&other| {
            let length = texts[other].0.len() as f64;
            length.min(own) > least * length.max(own)
        });
        let compared = others.into_iter().map(move |other| (first, other, texts[first].jaccard(&texts[other])));
        compared.filter(|&(.., jaccard)| jaccard > least).collect::<Vec<_>>()
    };
    prefixes.par_iter().enumerate().flat_map_iter(alike).collect()
}

/// Numbers that stand in both of two sorted lists.
fn shared(mut a: &[u64], mut b: &[u64]) -> usize {
    let mut count = 0;
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        match x.cmp(y) {
            Ordering::Less => a = rest_a,
            Ordering::Greater => b = rest_b,
            Ordering::Equal => {
                (a, b) = (rest_a, rest_b);
                count += 1;
            }
        }
    }
    count
}

/// FNV-1a over the characters (Fowler, Noll, Vo; 64 bits).
fn hash(characters: impl Iterator<Item = char>) -> u64 {
    characters.fold(0xcbf2_9ce4_8422_2325, |sum, c| (sum ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3))
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): word order must change the result.
fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Same name, or bodies with a trigram Jaccard over [`NEAR_DUPLICATE`] (papers.md 2.5, rules 1 and 2).
pub fn near_duplicates(a: &Skill, b: &Skill) -> bool {
    a.name.for_model() == b.name.for_model()
        || Trigrams::of(a.body.for_model()).jaccard(&Trigrams::of(b.body.for_model())) > NEAR_DUPLICATE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_over_all() {
        let jaccard = |a, b| Trigrams::of(a).jaccard(&Trigrams::of(b));
        assert_eq!(jaccard("Merge the PDF files", "merge the pdf-files!"), 1.0);
        // "a b c", "b c d" against "b c d", "c d e": one of three.
        assert_eq!(jaccard("a b c d", "b c d e"), 1.0 / 3.0);
        assert_eq!(jaccard("a b c", "c b a"), 0.0, "order counts");
        assert_eq!(jaccard("", "two words"), 0.0, "too short to say");
    }

    #[test]
    fn all_pairs_are_those_that_comparing_each_with_each_finds() {
        let texts: Vec<Trigrams> = (0..60usize)
            .map(|text| {
                // Runs of a common text with a few words of their own: some alike, most not.
                let words: Vec<String> = (0..40)
                    .map(|word| match (text * 7 + word) % 11 {
                        own if own < text % 5 => format!("own{text}"),
                        _ => format!("w{}", word + text % 3),
                    })
                    .collect();
                Trigrams::of(&words.join(" "))
            })
            .chain([Trigrams::of(""), Trigrams::of("")])
            .collect();
        for least in [0.3, NEAR_DUPLICATE, 0.9] {
            let mut expected = Vec::new();
            for first in 0..texts.len() {
                for second in first + 1..texts.len() {
                    let jaccard = texts[first].jaccard(&texts[second]);
                    if jaccard > least {
                        expected.push((first, second, jaccard));
                    }
                }
            }
            assert!(!expected.is_empty());
            assert_eq!(pairs_above(&texts, least), expected, "{least}");
        }
    }
}
