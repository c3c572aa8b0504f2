//! How the tokens of a call are laid out, and what of them is already known.

use std::ops::Range;

use crate::text::{Encoding, Segment};

/// The rows of a call: tokens that all sequences begin with, then each sequence's own. Before them all, in no row, come
/// tokens whose keys and values an earlier call left.
///
/// A decoder looks back only, so a token's keys and values depend on nothing after it: sequences that begin alike can
/// share them, at the same positions and with the same numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Token of each row.
    pub ids: Vec<u32>,
    /// Leading tokens of every sequence that have no row.
    pub kept: usize,
    /// Tokens after those that every sequence has, and their rows: `0..shared`.
    pub shared: usize,
    /// Rows of each sequence's own tokens; never empty.
    pub own: Vec<Range<usize>>,
}

/// Tokens that are attended to as one piece of a call, all of them by [`Plan`]'s rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub rows: Range<usize>,
    /// Shared rows before them: all, or none if these are the shared ones.
    pub shared: usize,
}

impl Plan {
    /// Nothing shared.
    pub fn apart(sequences: &[&Encoding]) -> Self {
        Plan::with(sequences, 0, 0)
    }

    /// Every token that can be shared is; `known` are the tokens whose keys and values are at hand. No sequence may be
    /// empty.
    pub fn sharing(sequences: &[&Encoding], known: &[u32]) -> Self {
        let common = common(sequences);
        let kept = sequences.first().map_or(0, |first| alike(&first.ids[..common], known));
        Plan::with(sequences, kept, common - kept)
    }

    fn with(sequences: &[&Encoding], kept: usize, shared: usize) -> Self {
        let common = kept + shared;
        let mut ids: Vec<u32> = sequences.first().map_or(&[][..], |first| &first.ids[kept..common]).to_vec();
        let own = sequences.iter().map(|sequence| {
            let start = ids.len();
            ids.extend(&sequence.ids[common..]);
            start..ids.len()
        });
        Plan { own: own.collect(), kept, shared, ids }
    }

    /// What attention goes through one after another.
    pub fn pieces(&self) -> Vec<Piece> {
        let shared = (self.shared > 0).then_some(Piece { rows: 0..self.shared, shared: 0 });
        shared.into_iter().chain((0..self.own.len()).map(|sequence| self.piece(sequence))).collect()
    }

    /// The piece of a sequence's own tokens.
    pub fn piece(&self, sequence: usize) -> Piece {
        Piece { rows: self.own[sequence].clone(), shared: self.shared }
    }

    /// Positions of the rows, in their order.
    pub fn positions(&self) -> impl Iterator<Item = usize> {
        let common = self.kept + self.shared;
        (self.kept..common).chain(self.own.iter().flat_map(move |rows| common..common + rows.len()))
    }

    /// The last row of each sequence.
    pub fn last_rows(&self) -> impl Iterator<Item = usize> {
        self.own.iter().map(|rows| rows.end - 1)
    }

    /// Tokens of the longest sequence.
    pub fn longest(&self) -> usize {
        self.kept + self.shared + self.own.iter().map(Range::len).max().unwrap_or(0)
    }
}

/// How many leading tokens are shared: those that all have. Of a single sequence it is everything before its document,
/// which is what the next one will begin with when candidates of a request come one by one. The last token is never
/// among them, for it is what is asked about.
fn common(sequences: &[&Encoding]) -> usize {
    let Some((first, rest)) = sequences.split_first() else { return 0 };
    let candidates = match rest.is_empty() {
        true => first.segments.iter().position(|segment| *segment == Segment::Document).unwrap_or(0),
        false => rest.iter().map(|other| alike(&first.ids, &other.ids)).min().unwrap_or(0),
    };
    let shortest = sequences.iter().map(|sequence| sequence.ids.len()).min().unwrap_or(0);
    candidates.min(shortest.saturating_sub(1))
}

/// Length of what both begin with.
fn alike(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
