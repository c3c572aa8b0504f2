//! Skills under headings: what they are grouped by, and which groups are open.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::engine::Request;
use crate::library::lint::Severity;
use crate::library::marks::Marks;
use crate::library::{FieldSet, Library, SkillIx};
use crate::search::groups::{Group, Grouping, Groups};

use super::listing::Listing;

/// What the tab wants and has of groups. It outlives a reload: groups are known by their names.
#[derive(Debug, Default)]
pub struct Grouped {
    by: Option<Grouping>,
    groups: Option<Arc<Groups>>,
    /// The field set whose vectors were asked for last.
    asked: Option<FieldSet>,
    /// Groups that were opened. Without a filter the groups are what one looks at, so they begin closed.
    open: HashSet<String>,
    /// Groups that were closed under a filter. What a filter finds is what one looks at, so they begin open.
    closed: HashSet<String>,
}

impl Grouped {
    pub fn by(&self) -> Option<Grouping> {
        self.by
    }

    /// None, then each grouping in turn.
    pub fn cycle(&mut self) {
        let at = self.by.and_then(|by| Grouping::ALL.iter().position(|&one| one == by));
        self.by = Grouping::ALL.get(at.map_or(0, |at| at + 1)).copied();
        (self.groups, self.asked) = (None, None);
        self.open.clear();
        self.closed.clear();
    }

    /// What to ask of the engine for the groups of the library as it is now.
    pub fn request(&mut self, fields: FieldSet) -> Option<Request> {
        let by = self.by?;
        self.asked = Some(fields);
        Some(Request::Group { by, fields })
    }

    /// Whether the vectors that decide are others than those that were asked for.
    pub fn is_outdated(&self, fields: FieldSet) -> bool {
        self.by.is_some() && self.asked != Some(fields)
    }

    /// Takes an answer; false if it is to a question that is no longer asked.
    pub fn take(&mut self, groups: &Arc<Groups>) -> bool {
        let wanted = self.by == Some(groups.by);
        if wanted {
            self.groups = Some(groups.clone());
        }
        wanted
    }

    /// The groups of this library, once they are there.
    pub fn of(&self, library: &Arc<Library>) -> Option<&Arc<Groups>> {
        self.groups.as_ref().filter(|groups| Arc::ptr_eq(&groups.library, library))
    }

    fn is_open(&self, name: &str, filtered: bool) -> bool {
        if filtered { !self.closed.contains(name) } else { self.open.contains(name) }
    }

    pub fn set_open(&mut self, name: &str, filtered: bool, open: bool) {
        let (set, add) = if filtered { (&mut self.closed, !open) } else { (&mut self.open, open) };
        match add {
            true => drop(set.insert(name.to_owned())),
            false => drop(set.remove(name)),
        }
    }

    pub fn close_all(&mut self, names: impl Iterator<Item = String>, filtered: bool) {
        match filtered {
            true => self.closed.extend(names),
            false => self.open.clear(),
        }
    }

    pub fn forget_filter(&mut self) {
        self.closed.clear();
    }
}

/// The listed skills of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// `None` for skills that are in no group yet.
    pub group: Option<usize>,
    /// Of [`Listing::rows`].
    pub rows: Range<usize>,
    /// `None` until lint, trust and duplicates are known.
    pub sums: Option<Sums>,
}

/// How many skills have a mark of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub errors: usize,
    pub warnings: usize,
    pub signals: usize,
    pub alike: usize,
}

impl Sums {
    fn of(rows: &[SkillIx], marks: &Marks) -> Self {
        let marks: Vec<_> = rows.iter().filter_map(|&ix| marks.get(ix)).collect();
        let having = |severity| marks.iter().filter(|mark| mark.count(severity) > 0).count();
        Sums {
            errors: having(Severity::Error),
            warnings: having(Severity::Warning),
            signals: marks.iter().filter(|mark| !mark.signals.is_empty()).count(),
            alike: marks.iter().filter(|mark| !mark.alike.is_empty()).count(),
        }
    }
}

impl Listing {
    /// The same rows under headings, each group in the order that was asked for. Groups without a listed skill have no
    /// heading.
    pub fn grouped(mut self, groups: Arc<Groups>, marks: Option<&Marks>) -> Self {
        let place = |ix: &SkillIx| groups.of.get(ix.index()).copied().flatten().map_or(usize::MAX, |at| at as usize);
        self.rows.sort_by_key(place);
        let mut start = 0;
        for rows in self.rows.chunk_by(|a, b| place(a) == place(b)) {
            let group = Some(place(&rows[0])).filter(|&at| at < groups.groups.len());
            let sums = marks.map(|marks| Sums::of(rows, marks));
            self.sections.push(Section { group, rows: start..start + rows.len(), sums });
            start += rows.len();
        }
        self.groups = Some(groups);
        self
    }

    /// The group of a section; `None` for the skills that are in none.
    pub fn group_of(&self, section: usize) -> Option<&Group> {
        self.groups.as_ref()?.groups.get(self.sections.get(section)?.group?)
    }

    /// How a section is called.
    pub fn heading(&self, section: usize) -> &str {
        self.group_of(section).map_or("no vector yet", |group| group.name.shown())
    }
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// Of this section.
    Heading(usize),
    Skill(SkillIx),
}

/// The rows of a listing as they are on screen. Made anew when asked for: there are as many sections as groups.
pub struct Rows<'a> {
    pub listing: &'a Listing,
    /// For each section.
    open: Vec<bool>,
}

impl<'a> Rows<'a> {
    pub fn new(listing: &'a Listing, grouped: &Grouped) -> Self {
        let filtered = listing.is_filtered();
        let open = (0..listing.sections.len()).map(|section| grouped.is_open(listing.heading(section), filtered));
        Rows { listing, open: open.collect() }
    }

    pub fn is_open(&self, section: usize) -> bool {
        self.open.get(section).copied().unwrap_or(true)
    }

    /// Rows of a section, its heading included.
    fn height(&self, section: usize) -> usize {
        1 + if self.is_open(section) { self.listing.sections[section].rows.len() } else { 0 }
    }

    pub fn len(&self) -> usize {
        match self.open.len() {
            0 => self.listing.rows.len(),
            sections => (0..sections).map(|section| self.height(section)).sum(),
        }
    }

    pub fn get(&self, at: usize) -> Option<Row> {
        if self.open.is_empty() {
            return self.listing.rows.get(at).map(|&ix| Row::Skill(ix));
        }
        let mut left = at;
        for section in 0..self.open.len() {
            let height = self.height(section);
            match left {
                0 => return Some(Row::Heading(section)),
                _ if left < height => {
                    let skill = self.listing.sections[section].rows.start + left - 1;
                    return self.listing.rows.get(skill).map(|&ix| Row::Skill(ix));
                }
                _ => left -= height,
            }
        }
        None
    }

    /// The row of a section's heading.
    pub fn heading(&self, section: usize) -> usize {
        (0..section).map(|before| self.height(before)).sum()
    }

    /// The section of a skill.
    pub fn section_of(&self, skill: SkillIx) -> Option<usize> {
        let at = self.listing.position(skill)?;
        self.listing.sections.iter().position(|section| section.rows.contains(&at))
    }

    /// Where a skill is; its heading while its group is closed.
    pub fn position(&self, skill: SkillIx) -> Option<usize> {
        let at = self.listing.position(skill)?;
        let Some(section) = self.section_of(skill) else { return Some(at) };
        let heading = self.heading(section);
        Some(match self.is_open(section) {
            true => heading + 1 + at - self.listing.sections[section].rows.start,
            false => heading,
        })
    }

    /// Where a section of this name is.
    pub fn find(&self, name: &str) -> Option<usize> {
        let section = (0..self.open.len()).find(|&section| self.listing.heading(section) == name)?;
        Some(self.heading(section))
    }
}
