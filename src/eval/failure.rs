//! Why a request did not get what it needs, and what the reranker did to it.

use super::record::{QueryRecord, Scored};

/// The first results that a request's needs must be among.
pub const FIRST: usize = 10;

/// Why a request did not get what it needs in the first ten. Several may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// A gold skill is not in the shortlist: no reranker can bring it back.
    NotInShortlist,
    /// The reranker pushed a gold skill out of the first ten, or a gold skill off rank 1 in favour of another skill.
    Demoted,
    /// In the shortlist, but never in the first ten.
    RankedLow,
    /// A gold skill that is not in the first ten was not read to its end by the last model.
    CutByTruncation,
    /// A near-duplicate of a gold skill stands above it.
    NearDuplicate,
    /// The first result is a skill that nobody has judged for this request.
    UnjudgedWinner,
}

impl Failure {
    pub const ALL: [Failure; 6] = [
        Failure::NotInShortlist,
        Failure::Demoted,
        Failure::RankedLow,
        Failure::CutByTruncation,
        Failure::NearDuplicate,
        Failure::UnjudgedWinner,
    ];

    /// The word used in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Failure::NotInShortlist => "not_in_shortlist",
            Failure::Demoted => "demoted",
            Failure::RankedLow => "ranked_low",
            Failure::CutByTruncation => "cut_by_truncation",
            Failure::NearDuplicate => "near_duplicate",
            Failure::UnjudgedWinner => "unjudged_winner",
        }
    }

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Failure::NotInShortlist => "not in the shortlist",
            Failure::Demoted => "demoted by the reranker",
            Failure::RankedLow => "ranked below ten",
            Failure::CutByTruncation => "gold not read to its end",
            Failure::NearDuplicate => "near-duplicate of gold above it",
            Failure::UnjudgedWinner => "winner never judged",
        }
    }
}

/// SkillRouter's four cells of stages 1 and 2, by whether a gold skill is first (papers.md 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audit {
    BothRight,
    Fixed,
    Degraded,
    BothMissed,
}

impl Audit {
    pub const ALL: [Audit; 4] = [Audit::BothRight, Audit::Fixed, Audit::Degraded, Audit::BothMissed];

    /// Whether a gold skill leads each list.
    pub fn of(before: bool, after: bool) -> Self {
        match (before, after) {
            (true, true) => Audit::BothRight,
            (false, true) => Audit::Fixed,
            (true, false) => Audit::Degraded,
            (false, false) => Audit::BothMissed,
        }
    }

    pub fn key(self) -> &'static str {
        match self {
            Audit::BothRight => "both_right",
            Audit::Fixed => "fixed",
            Audit::Degraded => "degraded",
            Audit::BothMissed => "both_missed",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Audit::BothRight => "both right",
            Audit::Fixed => "fixed by the reranker",
            Audit::Degraded => "degraded by the reranker",
            Audit::BothMissed => "both missed",
        }
    }
}

/// Everything that went wrong with a request, in the order of [`Failure::ALL`]; empty if all gold skills are in the
/// first ten and the reranker took none off rank 1. Both lists are in the protocol's order.
pub fn failures(record: &QueryRecord, before: &[&Scored], after: &[&Scored]) -> Vec<Failure> {
    let is_gold = |id: &str| record.gold.iter().any(|gold| gold == id);
    let first = |list: &[&Scored], gold: &str| list.iter().take(FIRST).any(|scored| scored.id == gold);
    let leads = |list: &[&Scored]| list.first().is_some_and(|scored| is_gold(&scored.id));
    let outside: Vec<&String> = record.gold.iter().filter(|gold| !first(after, gold)).collect();
    let lost_the_top = leads(before) && !leads(after);
    let missing = |gold: &String| !before.iter().any(|scored| scored.id == **gold);
    let holds = |failure: Failure| match failure {
        Failure::NotInShortlist => outside.iter().any(|gold| missing(gold)),
        Failure::Demoted => lost_the_top || outside.iter().any(|gold| first(before, gold)),
        Failure::RankedLow => outside.iter().any(|gold| !missing(gold) && !first(before, gold)),
        Failure::CutByTruncation => outside.iter().any(|gold| record.cut.contains(gold)),
        Failure::NearDuplicate => !record.near_duplicates.is_empty(),
        Failure::UnjudgedWinner => {
            after.first().is_some_and(|winner| !is_gold(&winner.id) && !record.grades.contains_key(&winner.id))
        }
    };
    if outside.is_empty() && !lost_the_top {
        return Vec::new();
    }
    Failure::ALL.into_iter().filter(|&failure| holds(failure)).collect()
}
