//! The tables as types.

use serde::Deserialize;

use super::check::{Check, Hit};
use super::clients::{Client, ClientTable};
use super::{Problem, Subject};
use crate::library::Text;

const RULES: &str = include_str!("../../../assets/lint/rules.toml");
const CLIENTS: &str = include_str!("../../../assets/lint/clients.toml");
/// Characters of a value that a message quotes.
const LONGEST_QUOTE: usize = 60;

/// Worse ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl Severity {
    pub fn key(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A row of `assets/lint/rules.toml`, which says what the columns mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable: people name it in baselines.
    pub id: String,
    pub severity: Severity,
    #[serde(default)]
    pub strict: bool,
    #[serde(default)]
    pub clients: Vec<String>,
    #[serde(default)]
    pub drops: Vec<String>,
    pub(super) check: Check,
    message: String,
    todo: String,
    pub source: String,
    /// When the sources were last compared with the table, year and month.
    #[serde(skip)]
    pub checked: String,
}

impl Rule {
    /// Whether a user of this client wants to hear of it.
    pub fn concerns(&self, client: &str) -> bool {
        let names = |list: &[String]| list.iter().any(|id| id == client);
        names(&self.drops) || self.clients.is_empty() || names(&self.clients)
    }

    /// How bad it is for users of one client: the table's severity is for all of them together.
    pub fn severity_in(&self, client: &str) -> Severity {
        let dropped = self.drops.iter().any(|id| id == client);
        match self.severity {
            _ if dropped => Severity::Error,
            // Some other client drops it.
            Severity::Error if !self.drops.is_empty() => Severity::Warning,
            severity => severity,
        }
    }

    pub(super) fn problem(&'static self, subject: &Subject, hit: Hit) -> Problem {
        let quoted = |text: &str| match text.char_indices().nth(LONGEST_QUOTE) {
            Some((end, _)) if !text.contains(' ') => format!("{}…", &text[..end]),
            _ => text.to_string(),
        };
        let fill = |template: &str| {
            template
                .replace("{found}", &quoted(&hit.found))
                .replace("{limit}", &hit.limit.map_or(String::new(), |limit| limit.to_string()))
                .replace("{key}", &hit.key)
                .replace("{suggestion}", &hit.suggestion)
                .replace("{folder}", subject.folder().unwrap_or("the folder"))
        };
        Problem {
            rule: self,
            line: hit.line,
            column: hit.column,
            message: Text::line(fill(&self.message)),
            todo: Text::line(fill(&self.todo)),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    checked: String,
    rule: Vec<Rule>,
}

#[derive(Debug)]
pub(super) struct Tables {
    pub rules: Vec<Rule>,
    pub clients: Vec<Client>,
}

impl Tables {
    pub fn read() -> Result<Self, toml::de::Error> {
        let RuleTable { checked, rule: mut rules } = toml::from_str(RULES)?;
        rules.iter_mut().for_each(|rule| rule.checked.clone_from(&checked));
        let ClientTable { checked, client: mut clients } = toml::from_str(CLIENTS)?;
        clients.iter_mut().for_each(|client| client.checked.clone_from(&checked));
        Ok(Tables { rules, clients })
    }
}
