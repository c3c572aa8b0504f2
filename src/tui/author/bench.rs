//! The skill on the bench: its draft, its file, and where it stands.

use std::sync::Arc;

use crate::engine::{Drafted, Opened, Probe, Standing};
use crate::library::edit::Base;
use crate::library::{Field, Library, SkillIx, Text};
use crate::search::collisions::Collision;
use crate::search::what_if::advice::{Measured, Reach};
use crate::search::what_if::coexistence::Neighbour;
use crate::search::{Draft, QueryId, Settings};

use super::editor::FieldEditor;

/// One request beside the draft.
pub struct Row {
    pub probe: Probe,
    pub standing: Option<Arc<Standing>>,
}

/// What saving would do, for one draft.
pub struct Diff {
    pub of: QueryId,
    /// Kept line by line, as it is shown.
    pub lines: Vec<String>,
    pub text: Arc<str>,
}

/// The skill among the others.
pub struct Compared {
    /// What the rows refer to.
    pub library: Arc<Library>,
    pub collisions: Arc<Vec<Collision>>,
    pub neighbours: Arc<Vec<Neighbour>>,
}

impl Compared {
    pub fn rows(&self) -> usize {
        self.collisions.len() + self.neighbours.len()
    }
}

pub struct Bench {
    pub id: String,
    pub library: Arc<Library>,
    pub skill: SkillIx,
    pub base: Result<Arc<Base>, String>,
    pub fields: [FieldEditor; 3],
    /// Generation of the draft: results of another one are dropped.
    pub draft_id: QueryId,
    pub rows: Vec<Row>,
    pub problems: Vec<Text>,
    /// Results for [`Bench::draft_id`].
    pub reach: Vec<Reach>,
    pub advice: Vec<Arc<Measured>>,
    /// The request the advice is about.
    pub advised: Option<Text>,
    pub compared: Option<Compared>,
    pub diff: Option<Diff>,
    pub failed: Option<Text>,
}

impl Bench {
    /// `draft_id` is newer than any before.
    pub fn new(opened: &Opened, draft_id: QueryId) -> Self {
        let skill = &opened.library[opened.skill];
        Bench {
            id: skill.id.shown().to_owned(),
            library: opened.library.clone(),
            skill: opened.skill,
            base: opened.base.as_ref().map(Arc::clone).map_err(ToString::to_string),
            fields: Field::ALL.map(|field| FieldEditor::new(skill.field(field).for_model())),
            draft_id,
            rows: opened.probes.iter().map(|probe| Row { probe: probe.clone(), standing: None }).collect(),
            problems: opened.problems.clone(),
            reach: Vec::new(),
            advice: Vec::new(),
            advised: None,
            compared: None,
            diff: None,
            failed: None,
        }
    }

    /// The draft as the loader would read it from a file: white space around fields means nothing.
    pub fn draft(&self) -> Draft {
        let [name, description, body] = [0, 1, 2].map(|field| self.fields[field].text());
        Draft {
            name: name.split_whitespace().collect::<Vec<_>>().join(" "),
            description: description.trim().to_owned(),
            body: body.trim_start_matches(['\r', '\n']).trim_end().to_owned(),
        }
    }

    pub fn is_changed(&self) -> bool {
        let own = Draft::of(&self.library[self.skill]);
        let draft = self.draft();
        let line_feeds = |text: &str| text.replace("\r\n", "\n");
        draft.name != own.name
            || draft.description != own.description
            || line_feeds(&draft.body) != line_feeds(&own.body)
    }

    pub fn drafted(&self, settings: Settings) -> Drafted {
        Drafted { id: self.draft_id, skill: self.id.clone(), draft: Arc::new(self.draft()), settings }
    }

    pub fn set(&mut self, draft: &Draft) {
        self.fields = draft.parts().map(FieldEditor::new);
    }

    /// Everything that was about an older draft is no longer true.
    pub fn forget(&mut self, draft_id: QueryId) {
        self.draft_id = draft_id;
        self.reach.clear();
        self.advice.clear();
        (self.advised, self.compared, self.diff, self.failed) = (None, None, None, None);
    }

    pub fn is_advised(&self, request: &str) -> bool {
        self.advised.as_ref().is_some_and(|advised| advised.for_model() == request)
    }

    /// False if it is there already.
    pub fn add(&mut self, probe: Probe) -> bool {
        let new = !self.rows.iter().any(|row| row.probe.request == probe.request);
        if new {
            self.rows.push(Row { probe, standing: None });
        }
        new
    }
}
