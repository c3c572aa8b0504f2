//! What of a whole library fits into the list of skills that a client puts before its model.
//!
//! A simulation: which skills were used least, which Claude Code drops first, is not known here, so the last ones in
//! the order they were loaded in stand for them; and a token is counted as 4 characters.

use super::Fate;
use super::clients::{Client, Shrink};

/// Characters per token, the usual estimate (domain notes 1.7).
const CHARACTERS_PER_TOKEN: f64 = 4.0;
/// Characters of a list entry besides name and description: "- ", ": " and the line end.
const ENTRY: usize = 5;

/// How much of a skill is in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    Whole,
    /// The description is cut to so many characters.
    Cut(usize),
    NameOnly,
    LeftOut,
}

/// A skill that the client loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Position of the skill in what [`simulate`] was given.
    pub skill: usize,
    pub fit: Fit,
}

/// The list one client makes of a library.
#[derive(Debug)]
pub struct Listing {
    pub client: &'static Client,
    /// Tokens of context assumed or given; `None` where the client's fixed budget holds.
    pub context: Option<u64>,
    /// Characters there is room for, and that would be needed.
    pub room: usize,
    pub needed: usize,
    pub rows: Vec<Listed>,
}

impl Listing {
    pub fn count(&self, is: impl Fn(Fit) -> bool) -> usize {
        self.rows.iter().filter(|row| is(row.fit)).count()
    }
}

/// What fits, from the fates of all skills in one client. `None` for a client whose list has no known limit.
pub fn simulate(client: &'static Client, fates: &[&Fate], context: Option<u64>) -> Option<Listing> {
    let budget = client.budget.as_ref()?;
    let context = context.or(budget.context);
    let room = match (context, budget.characters) {
        (Some(context), _) => (context as f64 * budget.percent / 100.0 * CHARACTERS_PER_TOKEN) as usize,
        (None, characters) => usize::try_from(characters?).unwrap_or(usize::MAX),
    };
    let entries: Vec<Entry> = fates
        .iter()
        .enumerate()
        .filter_map(|(skill, fate)| match fate {
            Fate::Loads { name, visible, .. } => {
                Some(Entry { skill, fixed: name.for_model().chars().count() + ENTRY, description: *visible })
            }
            Fate::Dropped { .. } => None,
        })
        .collect();
    let needed = entries.iter().map(|entry| entry.fixed + entry.description).sum();
    let rows = match budget.shrink {
        _ if needed <= room => entries.iter().map(|entry| Listed { skill: entry.skill, fit: Fit::Whole }).collect(),
        Shrink::DropDescriptions => drop_descriptions(&entries, room),
        Shrink::Shorten => shorten(&entries, room),
    };
    Some(Listing { client, context, room, needed, rows })
}

struct Entry {
    skill: usize,
    /// Characters besides the description.
    fixed: usize,
    description: usize,
}

/// Names always stay; descriptions go, the last first, until the rest fits.
fn drop_descriptions(entries: &[Entry], room: usize) -> Vec<Listed> {
    let mut needed: usize = entries.iter().map(|entry| entry.fixed + entry.description).sum();
    let mut rows: Vec<Listed> = entries
        .iter()
        .rev()
        .map(|entry| {
            let fits = needed <= room || entry.description == 0;
            if !fits {
                needed -= entry.description;
            }
            Listed { skill: entry.skill, fit: if fits { Fit::Whole } else { Fit::NameOnly } }
        })
        .collect();
    rows.reverse();
    rows
}

/// Descriptions are cut to the greatest common length that fits; where not even the names do, the last skills go.
fn shorten(entries: &[Entry], room: usize) -> Vec<Listed> {
    let mut names = 0;
    let kept = entries
        .iter()
        .take_while(|entry| {
            names += entry.fixed;
            names <= room
        })
        .count();
    let names: usize = entries[..kept].iter().map(|entry| entry.fixed).sum();
    let mut lengths: Vec<usize> = entries[..kept].iter().map(|entry| entry.description).collect();
    lengths.sort_unstable();
    let mut rest = room - names;
    let mut cap = usize::MAX;
    for (at, &length) in lengths.iter().enumerate() {
        let share = rest / (lengths.len() - at);
        if length > share {
            cap = share;
            break;
        }
        rest -= length;
    }
    let fit = |(at, entry): (usize, &Entry)| Listed {
        skill: entry.skill,
        fit: match entry.description > cap {
            _ if at >= kept => Fit::LeftOut,
            true if cap == 0 => Fit::NameOnly,
            true => Fit::Cut(cap),
            false => Fit::Whole,
        },
    };
    entries.iter().enumerate().map(fit).collect()
}
