//! What becomes of a skill in a client.

use serde::Deserialize;

use super::{Problem, Subject};
use crate::library::Text;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientTable {
    pub checked: String,
    pub client: Vec<Client>,
}

/// A row of `assets/lint/clients.toml`, which says what the columns mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Client {
    pub id: String,
    pub name: String,
    pub source: String,
    names: Names,
    #[serde(default)]
    replaced: String,
    #[serde(default)]
    one_line: bool,
    #[serde(default)]
    from_body: bool,
    #[serde(default)]
    pub(super) blinded_by: Vec<String>,
    visible: Option<usize>,
    shows: Vec<String>,
    pub(super) budget: Option<Budget>,
    /// When the source was last read, year and month.
    #[serde(skip)]
    pub checked: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Names {
    OwnOrFolder,
    Own,
}

/// What all listed skills may take together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    pub percent: f64,
    pub context: Option<u64>,
    pub characters: Option<u64>,
    pub shrink: Shrink,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shrink {
    DropDescriptions,
    Shorten,
}

/// What a client makes of one skill.
#[derive(Debug, Clone)]
pub enum Fate {
    Loads {
        client: &'static Client,
        name: Text,
        /// Characters of the description that the client lists, and that there are.
        visible: usize,
        of: usize,
    },
    Dropped {
        client: &'static Client,
        /// Ids of the rules, at least one.
        rules: Vec<&'static str>,
    },
}

impl Fate {
    pub fn client(&self) -> &'static Client {
        match self {
            Fate::Loads { client, .. } | Fate::Dropped { client, .. } => client,
        }
    }
}

impl Client {
    pub(super) fn fate(&'static self, subject: &Subject, problems: &[Problem]) -> Fate {
        let dropping = |problem: &&Problem| problem.rule.drops.contains(&self.id);
        let rules: Vec<&'static str> =
            problems.iter().filter(dropping).map(|problem| problem.rule.id.as_str()).collect();
        if !rules.is_empty() {
            return Fate::Dropped { client: self, rules };
        }
        let blind = problems.iter().any(|problem| self.blinded_by.contains(&problem.rule.id));
        let text = |key: &str| subject.text_of(key).filter(|_| !blind).map(|(text, _)| text);
        let of = self.description(subject, &text).chars().count();
        let visible = self.visible.map_or(of, |most| most.min(of));
        Fate::Loads { client: self, name: Text::line(self.called(subject, &text)), visible, of }
    }

    /// `text` reads a key as this client does.
    fn called(&self, subject: &Subject, text: &dyn Fn(&str) -> Option<String>) -> String {
        let own = text("name");
        let folder = || subject.folder().map(str::to_string);
        let name = match self.names {
            Names::OwnOrFolder => own.or_else(folder),
            Names::Own => own,
        };
        let name = name.unwrap_or_else(|| subject.name.for_model().to_string());
        let name = if self.one_line { one_line(&name) } else { name };
        name.chars().map(|c| if self.replaced.contains(c) { '-' } else { c }).collect()
    }

    fn description(&self, subject: &Subject, text: &dyn Fn(&str) -> Option<String>) -> String {
        let texts: Vec<String> = self.shows.iter().filter_map(|key| text(key)).collect();
        let text = match texts.is_empty() && self.from_body {
            true => subject.first_paragraph(),
            false => texts.join(" "),
        };
        if self.one_line { one_line(&text) } else { text }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
