//! The list a skill is chosen from.

use std::sync::Arc;

use crate::library::{Library, SkillIx};

#[derive(Default)]
pub struct Chooser {
    filter: String,
    library: Option<Arc<Library>>,
    /// Skills whose id or name contains the filter, case folded, in library order.
    pub rows: Vec<SkillIx>,
    pub selected: usize,
}

impl Chooser {
    pub fn filter(&self) -> &str {
        &self.filter
    }

    pub fn library(&self) -> Option<&Arc<Library>> {
        self.library.as_ref()
    }

    pub fn set_library(&mut self, library: Arc<Library>) {
        self.library = Some(library);
        self.find();
    }

    pub fn set_filter(&mut self, filter: String) {
        if self.filter != filter {
            self.filter = filter;
            self.selected = 0;
            self.find();
        }
    }

    /// A pass over all ids: 80,000 take a few milliseconds, once per key.
    fn find(&mut self) {
        let Some(library) = &self.library else { return };
        let wanted = self.filter.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let rows = library.iter().filter(|(_, skill)| has(skill.id.shown()) || has(skill.name.shown()));
        self.rows = rows.map(|(ix, _)| ix).collect();
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
    }

    pub fn chosen(&self) -> Option<String> {
        let ix = *self.rows.get(self.selected)?;
        Some(self.library.as_ref()?[ix].id.shown().to_owned())
    }
}
