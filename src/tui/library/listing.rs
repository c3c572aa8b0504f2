//! Filtering and sorting, on a thread of their own: the latest wish wins.

use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::library::lint::{Fate, Severity};
use crate::library::marks::{Mark, Marks};
use crate::library::{Library, SkillIx};
use crate::search::groups::Groups;

use super::Event;
use super::groups::Section;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    AsLoaded,
    Name,
    Root,
    LongestBody,
    /// Hidden characters, notes, copies, namesakes.
    MostMarks,
    /// Errors, then warnings, then notes of the lint.
    MostProblems,
    MostSignals,
    /// Skills of the same name or with a body that is alike.
    MostAlike,
}

impl Sort {
    pub fn next(self) -> Self {
        match self {
            Sort::AsLoaded => Sort::Name,
            Sort::Name => Sort::Root,
            Sort::Root => Sort::LongestBody,
            Sort::LongestBody => Sort::MostMarks,
            Sort::MostMarks => Sort::MostProblems,
            Sort::MostProblems => Sort::MostSignals,
            Sort::MostSignals => Sort::MostAlike,
            Sort::MostAlike => Sort::AsLoaded,
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Sort::AsLoaded => "as loaded",
            Sort::Name => "name",
            Sort::Root => "place",
            Sort::LongestBody => "longest body",
            Sort::MostMarks => "most marks",
            Sort::MostProblems => "worst lint",
            Sort::MostSignals => "most trust signals",
            Sort::MostAlike => "most like others",
        }
    }
}

/// What should be listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Every word of it is in the id, the name or the description, upper or lower case; or is one of [`KINDS`].
    pub filter: String,
    pub sort: Sort,
}

/// What a wish came to.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The library that `rows` refers to.
    pub library: Arc<Library>,
    pub rows: Vec<SkillIx>,
    /// The same rows under the headings of `groups`; empty where they are not grouped.
    pub sections: Vec<Section>,
    pub groups: Option<Arc<Groups>>,
    pub wish: Wish,
    /// Whether lint, trust and duplicates were known.
    pub has_marks: bool,
}

impl Listing {
    /// A pass over all skills: tens of milliseconds for 80,000, so never on the thread that draws. `marks` are those of
    /// the library; until they are there, none has any.
    pub fn new(library: Arc<Library>, marks: Option<&Marks>, wish: Wish) -> Self {
        let (kinds, words): (Vec<String>, Vec<String>) =
            wish.filter.split_whitespace().map(str::to_lowercase).partition(|word| kind(word).is_some());
        let kinds: Vec<Kind> = kinds.iter().filter_map(|word| kind(word)).collect();
        let mark = |ix: SkillIx| marks.and_then(|marks| marks.get(ix));
        let mut rows: Vec<SkillIx> = library
            .iter()
            .map(|(ix, _)| ix)
            .filter(|&ix| kinds.iter().all(|is| mark(ix).is_some_and(is)) && matches(&library, ix, &words))
            .collect();
        let most = |ix: SkillIx, count: fn(&Mark) -> [usize; 3]| std::cmp::Reverse(mark(ix).map(count));
        // All sorts are stable, so equal rows stay as they were loaded.
        match wish.sort {
            Sort::AsLoaded => {}
            Sort::Name => rows.sort_by_cached_key(|&ix| library[ix].name.shown().to_lowercase()),
            Sort::Root => rows.sort_by_key(|&ix| library[ix].origin.root),
            Sort::LongestBody => rows.sort_by_key(|&ix| std::cmp::Reverse(library[ix].body.shown().len())),
            Sort::MostMarks => rows.sort_by_key(|&ix| std::cmp::Reverse(oddities(&library, ix))),
            Sort::MostProblems => rows.sort_by_cached_key(|&ix| {
                most(ix, |mark| [Severity::Error, Severity::Warning, Severity::Note].map(|one| mark.count(one)))
            }),
            Sort::MostSignals => rows.sort_by_key(|&ix| most(ix, |mark| [mark.signals.len(), 0, 0])),
            Sort::MostAlike => rows.sort_by_key(|&ix| most(ix, |mark| [mark.alike.len(), 0, 0])),
        }
        Listing { library, rows, sections: Vec::new(), groups: None, wish, has_marks: marks.is_some() }
    }

    pub fn is_filtered(&self) -> bool {
        !self.wish.filter.trim().is_empty()
    }

    /// Where a skill is among the rows.
    pub fn position(&self, skill: SkillIx) -> Option<usize> {
        self.rows.iter().position(|&row| row == skill)
    }
}

type Kind = fn(&Mark) -> bool;

/// Words of a filter that ask for a kind of skill.
pub const KINDS: [(&str, Kind); 5] = [
    ("is:error", |mark| mark.count(Severity::Error) > 0),
    ("is:warning", |mark| mark.count(Severity::Warning) > 0),
    ("is:dropped", |mark| mark.fates.iter().any(|fate| matches!(fate, Fate::Dropped { .. }))),
    ("is:signal", |mark| !mark.signals.is_empty()),
    ("is:alike", |mark| !mark.alike.is_empty()),
];

fn kind(word: &str) -> Option<Kind> {
    KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
}

/// How much there is to say about a skill, hidden characters first: they may be an attack, the rest is housekeeping.
fn oddities(library: &Library, ix: SkillIx) -> (bool, usize) {
    let skill = &library[ix];
    let hidden = skill.hidden_characters();
    let copies = library.copies(ix).saturating_sub(1) + library.namesakes(ix).saturating_sub(1);
    (hidden > 0, hidden as usize + skill.notes.len() + copies as usize)
}

fn matches(library: &Library, ix: SkillIx, words: &[String]) -> bool {
    let skill = &library[ix];
    let texts = [skill.id.shown(), skill.name.shown(), skill.description.shown()];
    words.iter().all(|word| texts.iter().any(|text| contains(text, word)))
}

/// Whether `text` contains `word`, which is in lower case, upper or lower case.
fn contains(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    // No copy of the text: this runs over a whole library at every key. The bytes of an ASCII word never occur inside
    // a longer UTF-8 character.
    text.as_bytes().windows(word.len().max(1)).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
        || word.is_empty()
}

/// What a listing is made from.
struct Job {
    library: Arc<Library>,
    marks: Option<Arc<Marks>>,
    groups: Option<Arc<Groups>>,
    wish: Wish,
}

/// The worker's end on the drawing thread.
pub struct Lister {
    jobs: Sender<Job>,
}

impl Lister {
    pub fn new(notify: Sender<Event>) -> Self {
        let (jobs, todo) = unbounded();
        let worker = thread::Builder::new().name("library list".into());
        // Without a thread the list stays empty; the report and the other tabs go on.
        if let Err(error) = worker.spawn(move || work(&todo, &notify)) {
            tracing::error!(%error, "no thread for the library list");
        }
        Lister { jobs }
    }

    /// `groups` are those of the library; without them the list is flat.
    pub fn ask(&self, library: Arc<Library>, marks: Option<Arc<Marks>>, groups: Option<Arc<Groups>>, wish: Wish) {
        // The worker ends only when this end does.
        let _ = self.jobs.send(Job { library, marks, groups, wish });
    }
}

fn work(todo: &Receiver<Job>, notify: &Sender<Event>) {
    while let Ok(first) = todo.recv() {
        // Only the last of what has piled up is still wanted.
        let Job { library, marks, groups, wish } = todo.try_iter().last().unwrap_or(first);
        let flat = Listing::new(library, marks.as_deref(), wish);
        let listing = match groups {
            Some(groups) => flat.grouped(groups, marks.as_deref()),
            None => flat,
        };
        if notify.send(Event::Listing(listing)).is_err() {
            return;
        }
    }
}
