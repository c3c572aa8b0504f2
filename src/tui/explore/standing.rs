//! Where "mine" stands in both stages, or the stage that lost it and what beat it: in words and numbers.

use crate::library::Library;
use crate::search::{Hit, PinnedStanding, Placed, Reranking, Shortlist, Stage1};
use crate::tui::theme::Role;
use crate::tui::widgets::{RankChange, Symbols, clip};

/// How many of those above are named.
const NAMED: usize = 3;
/// Columns of a name.
const NAME: usize = 40;

/// Pieces of one line and what they mean.
pub type Pieces = Vec<(String, Role)>;

/// Two lines: the ranks, and what stands above.
pub fn standing(
    id: &str,
    library: &Library,
    results: Option<(&Shortlist, Option<&Reranking>)>,
    symbols: &Symbols,
) -> (Pieces, Pieces) {
    let Some(skill) = library.find(id) else {
        return (
            vec![(format!("{} is not in this library", clip(id, NAME, symbols.ellipsis)), Role::Warning)],
            Vec::new(),
        );
    };
    let name = (clip(library[skill].name.shown(), NAME, symbols.ellipsis), Role::Pinned);
    let Some((shortlist, reranking)) = results else {
        return (vec![name, (": a request will show where it stands".into(), Role::Muted)], Vec::new());
    };
    let (mut ranks, above) = match shortlist.hit(skill) {
        Some(hit) => listed(hit, shortlist, reranking, symbols),
        None => lost(shortlist.pinned.filter(|pinned| pinned.skill == skill), shortlist, reranking, symbols),
    };
    ranks.splice(0..0, [name, (": ".into(), Role::Text)]);
    (ranks, above)
}

/// The same in one short line: the change, or the rank that was not enough; then the name.
pub fn short_standing(
    id: &str,
    library: &Library,
    results: Option<(&Shortlist, Option<&Reranking>)>,
    symbols: &Symbols,
) -> Pieces {
    let Some(skill) = library.find(id) else {
        return vec![(format!("{} is not in this library", clip(id, NAME, symbols.ellipsis)), Role::Warning)];
    };
    let name = (format!(" {}", clip(library[skill].name.shown(), NAME, symbols.ellipsis)), Role::Pinned);
    let Some((shortlist, reranking)) = results else {
        return vec![name];
    };
    let ranks = match (shortlist.hit(skill), reranking.and_then(|list| list.row(skill))) {
        (Some(_), Some(row)) if row.score.is_some() => {
            let change = RankChange::of(row);
            let label = change.label(symbols);
            (format!("{} {} {} {label}", row.before, symbols.arrow, row.after), change.role())
        }
        (Some(hit), _) => (format!("shortlist {}", hit.rank), Role::Text),
        (None, _) => {
            let rank = shortlist.pinned.filter(|pinned| pinned.skill == skill).and_then(|pinned| pinned.rank);
            let rank = rank.map_or("no rank".into(), |rank| format!("rank {rank}"));
            (format!("{rank}, not in the {}", shortlist.settings.depth), Role::Demoted)
        }
    };
    vec![ranks, name]
}

fn listed(hit: &Hit, shortlist: &Shortlist, reranking: Option<&Reranking>, symbols: &Symbols) -> (Pieces, Pieces) {
    let sides = sides(hit.lexical, hit.dense, shortlist);
    let mut ranks = vec![(format!("shortlist {}{sides}", hit.rank), Role::Text)];
    let Some((reranking, row)) = reranking.and_then(|list| Some((list, list.row(hit.skill)?))) else {
        ranks.push((format!(", {} not reranked", symbols.dot), Role::Muted));
        let ahead = shortlist.hits.iter().take(hit.rank - 1).map(|hit| hit.skill);
        return (ranks, beaten_by("above it: ", ahead, shortlist, symbols));
    };
    let change = RankChange::of(row);
    if change == RankChange::Unscored {
        let so_far = format!(", not scored yet ({}/{})", reranking.scored, reranking.rows.len());
        ranks.push((so_far, Role::Muted));
    } else {
        let verb = match change {
            RankChange::Promoted(_) => "promoted",
            RankChange::Demoted(_) => "demoted",
            _ => "kept",
        };
        let move_ = format!("{} {verb} {} {} {}", change.label(symbols), row.before, symbols.arrow, row.after);
        ranks.push((", ".into(), Role::Text));
        ranks.push((move_, change.role()));
        ranks.push((" by the reranker".into(), Role::Text));
    }
    let ahead = reranking.rows.iter().take(row.after - 1).map(|row| row.skill);
    (ranks, beaten_by("above it: ", ahead, shortlist, symbols))
}

fn lost(
    pinned: Option<PinnedStanding>,
    shortlist: &Shortlist,
    reranking: Option<&Reranking>,
    symbols: &Symbols,
) -> (Pieces, Pieces) {
    let mut ranks = vec![(format!("not in the shortlist of {}", shortlist.settings.depth), Role::Demoted)];
    let why = match pinned {
        None => ": where it stands comes with the next search".into(),
        Some(PinnedStanding { rank: Some(rank), lexical, dense, .. }) => {
            format!(": {} rank {rank}{}", ran(shortlist), sides(lexical, dense, shortlist))
        }
        Some(_) if shortlist.ran == Stage1::Lexical => ": no word of the request is in it".into(),
        Some(_) => ": stage 1 did not find it at all".into(),
    };
    ranks.push((why, Role::Text));
    let above = match reranking {
        Some(reranking) => {
            let ahead: Vec<_> = reranking.rows.iter().map(|row| row.skill).collect();
            beaten_by("beaten by ", ahead.into_iter(), shortlist, symbols)
        }
        None => beaten_by("beaten by ", shortlist.hits.iter().map(|hit| hit.skill), shortlist, symbols),
    };
    (ranks, above)
}

fn ran(shortlist: &Shortlist) -> &'static str {
    match shortlist.ran {
        Stage1::Lexical => shortlist.weighing.label(),
        Stage1::Dense => "dense",
        Stage1::Fused => "fused",
    }
}

/// " (BM25 112, dense 31)" where both sides ran.
fn sides(lexical: Option<Placed>, dense: Option<Placed>, shortlist: &Shortlist) -> String {
    if shortlist.ran != Stage1::Fused {
        return String::new();
    }
    let rank = |placed: Option<Placed>| placed.map_or("none".into(), |placed| placed.rank.to_string());
    format!(" ({} {}, dense {})", shortlist.weighing.label(), rank(lexical), rank(dense))
}

fn beaten_by(
    words: &str,
    skills: impl ExactSizeIterator<Item = crate::library::SkillIx>,
    shortlist: &Shortlist,
    symbols: &Symbols,
) -> Pieces {
    let more = skills.len().saturating_sub(NAMED);
    let name = |skill| clip(shortlist.library[skill].name.shown(), NAME, symbols.ellipsis);
    let names: Vec<String> = skills.take(NAMED).map(name).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    vec![(words.into(), Role::Muted), (format!("{}{more}", names.join(", ")), Role::Text)]
}
