//! Filtering and sorting, on a thread of their own: the latest wish wins.

use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::library::{Library, SkillIx};

use super::Event;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    AsLoaded,
    Name,
    Root,
    LongestBody,
    /// Hidden characters, notes, copies, namesakes.
    MostMarks,
}

impl Sort {
    pub fn next(self) -> Self {
        match self {
            Sort::AsLoaded => Sort::Name,
            Sort::Name => Sort::Root,
            Sort::Root => Sort::LongestBody,
            Sort::LongestBody => Sort::MostMarks,
            Sort::MostMarks => Sort::AsLoaded,
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Sort::AsLoaded => "as loaded",
            Sort::Name => "name",
            Sort::Root => "place",
            Sort::LongestBody => "longest body",
            Sort::MostMarks => "most marks",
        }
    }
}

/// What should be listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Every word of it is in the id, the name or the description, upper or lower case.
    pub filter: String,
    pub sort: Sort,
}

/// What a wish came to.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The library that `rows` refers to.
    pub library: Arc<Library>,
    pub rows: Vec<SkillIx>,
    pub wish: Wish,
}

impl Listing {
    /// A pass over all skills: tens of milliseconds for 80,000, so never on the thread that draws.
    pub fn new(library: Arc<Library>, wish: Wish) -> Self {
        let words: Vec<String> = wish.filter.split_whitespace().map(str::to_lowercase).collect();
        let mut rows: Vec<SkillIx> =
            library.iter().map(|(ix, _)| ix).filter(|&ix| matches(&library, ix, &words)).collect();
        // All sorts are stable, so equal rows stay as they were loaded.
        match wish.sort {
            Sort::AsLoaded => {}
            Sort::Name => rows.sort_by_cached_key(|&ix| library[ix].name.shown().to_lowercase()),
            Sort::Root => rows.sort_by_key(|&ix| library[ix].origin.root),
            Sort::LongestBody => rows.sort_by_key(|&ix| std::cmp::Reverse(library[ix].body.shown().len())),
            Sort::MostMarks => rows.sort_by_key(|&ix| std::cmp::Reverse(marks(&library, ix))),
        }
        Listing { library, rows, wish }
    }

    /// Where a skill is in the list.
    pub fn position(&self, skill: SkillIx) -> Option<usize> {
        self.rows.iter().position(|&row| row == skill)
    }
}

/// How much there is to say about a skill, hidden characters first: they may be an attack, the rest is housekeeping.
fn marks(library: &Library, ix: SkillIx) -> (bool, usize) {
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

/// The worker's end on the drawing thread.
pub struct Lister {
    jobs: Sender<(Arc<Library>, Wish)>,
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

    pub fn ask(&self, library: Arc<Library>, wish: Wish) {
        // The worker ends only when this end does.
        let _ = self.jobs.send((library, wish));
    }
}

fn work(todo: &Receiver<(Arc<Library>, Wish)>, notify: &Sender<Event>) {
    while let Ok(first) = todo.recv() {
        // Only the last of what has piled up is still wanted.
        let (library, wish) = todo.try_iter().last().unwrap_or(first);
        if notify.send(Event::Listing(Listing::new(library, wish))).is_err() {
            return;
        }
    }
}
