//! From the text of a test file to its cases.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Case, Source, as_shown};
use crate::library::Text;
use crate::library::yaml::{self, Entry, YamlError};

const REQUEST: [&str; 3] = ["query", "prompt", "input"];
const WANTED: [&str; 2] = ["should_trigger", "should_match"];
const LISTS: [&str; 2] = ["evals", "queries"];
const SKILL: [&str; 2] = ["skill_name", "skill"];

/// The cases of one file; `around` is the skill whose folder it lies in.
pub(super) fn cases(path: &Path, source: &Source, around: Option<String>, problems: &mut Vec<Text>) -> Vec<Case> {
    let mut file = File { source, around, problems, cases: Vec::new() };
    match std::str::from_utf8(source.content()) {
        Err(error) => {
            let line = 1 + source.content()[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
            file.problem(line, "is not UTF-8; the file is left out");
        }
        Ok(text) if path.extension().is_some_and(|extension| extension == "json") => file.json(text),
        Ok(text) => file.yaml(text),
    }
    file.cases
}

struct File<'a> {
    source: &'a Source,
    around: Option<String>,
    problems: &'a mut Vec<Text>,
    cases: Vec<Case>,
}

impl File<'_> {
    fn problem(&mut self, line: usize, message: impl std::fmt::Display) {
        self.problems.push(self.source.problem(line, message));
    }

    fn json(&mut self, text: &str) {
        match serde_json::from_str::<Value>(text) {
            Err(error) => {
                let message = super::super::source::without_place(&error);
                self.problem(error.line(), format_args!("not JSON: {message} at column {}", error.column()));
            }
            Ok(Value::Array(list)) => self.list(text, list, None),
            Ok(Value::Object(mut object)) => {
                let named = SKILL.iter().find_map(|key| object.get(*key)?.as_str()).map(as_shown);
                match LISTS.iter().find_map(|key| object.remove(*key)) {
                    Some(Value::Array(list)) => self.list(text, list, named),
                    _ => self.problem(1, "has no list \"evals\" or \"queries\""),
                }
            }
            Ok(_) => self.problem(1, "is neither a list of requests nor an object with one"),
        }
    }

    fn list(&mut self, text: &str, list: Vec<Value>, named: Option<String>) {
        let Some(skill) = self.around.clone().or(named) else {
            return self.problem(
                1,
                "lies in no skill's folder and names no skill_name, so nobody can say which skill it is for",
            );
        };
        let mut lines = Lines { text, at: 0, line: 1 };
        for (index, entry) in list.into_iter().enumerate() {
            let number = index + 1;
            let Some((request, wanted)) = entry.as_object().and_then(json_case) else {
                let line = lines.line;
                self.problem(
                    line,
                    format_args!("entry {number} has no \"query\" or \"prompt\", or no true or false; it is left out"),
                );
                continue;
            };
            let line = lines.of(&request);
            self.cases.push(Case { line, skill: skill.clone(), request, wanted });
        }
    }

    fn yaml(&mut self, text: &str) {
        let entries = match yaml::parse(text) {
            Ok(yaml::Value::Map(entries)) => entries,
            Ok(_) => return self.problem(1, "is not a map of queries or of skills"),
            Err(error) => {
                let (line, reason) = said(&error);
                return self.problem(line as usize, format_args!("not YAML as it is read here: {reason}"));
            }
        };
        let named = entries.iter().find(|entry| SKILL.contains(&entry.key.as_str()));
        let named = named.map(|entry| as_shown(&entry.value.flat()));
        let lists = entries.iter().any(|entry| LISTS.contains(&entry.key.as_str()));
        for entry in entries {
            let line = entry.line as usize;
            match entry.value {
                yaml::Value::List(list) if LISTS.contains(&entry.key.as_str()) => {
                    let Some(skill) = self.around.clone().or_else(|| named.clone()) else {
                        self.problem(
                            line,
                            "lies in no skill's folder and names no skill, so nobody can say which it is for",
                        );
                        continue;
                    };
                    self.tests(line, &skill, list);
                }
                yaml::Value::Map(parts) if !lists => self.skill(&as_shown(&entry.key), parts),
                _ if lists => (), // Names, thresholds and other settings.
                _ => {
                    let skill = Text::line(&entry.key);
                    self.problem(line, format_args!("{skill} has neither \"should\" nor \"should-not\" with a list"));
                }
            }
        }
    }

    /// `queries` of a tests.yml.
    fn tests(&mut self, line: usize, skill: &str, list: Vec<yaml::Value>) {
        for (index, item) in list.into_iter().enumerate() {
            let yaml::Value::Map(parts) = item else {
                self.problem(line, format_args!("entry {} is not a map with \"input\"; it is left out", index + 1));
                continue;
            };
            let at = parts.first().map_or(line, |entry| entry.line as usize);
            let value = |keys: &[&str]| parts.iter().find(|part| keys.contains(&part.key.as_str()));
            let request = value(&REQUEST).map(|part| part.value.flat()).filter(|text| !text.trim().is_empty());
            let wanted = value(&WANTED).map_or(Some(true), |part| truth(&part.value.flat()));
            match (request, wanted) {
                (Some(request), Some(wanted)) => {
                    self.cases.push(Case { line: at, skill: skill.to_owned(), request, wanted });
                }
                _ => self.problem(at, "has no \"input\", or its \"should_match\" is not true or false; it is left out"),
            }
        }
    }

    /// One skill of a requests.yml.
    fn skill(&mut self, skill: &str, parts: Vec<Entry>) {
        for Entry { key, value, line } in parts {
            let wanted = match key.as_str() {
                "should" => true,
                "should-not" | "should_not" => false,
                other => {
                    let other = Text::line(other);
                    self.problem(line as usize, format_args!("{other} is not \"should\" or \"should-not\""));
                    continue;
                }
            };
            let items = match value {
                yaml::Value::List(items) => items,
                item => vec![item],
            };
            for (index, item) in items.into_iter().enumerate() {
                match item {
                    yaml::Value::Scalar(request, _) if !request.trim().is_empty() => {
                        self.cases.push(Case { line: line as usize, skill: skill.to_owned(), request, wanted });
                    }
                    _ => self.problem(line as usize, format_args!("entry {} is not a text; it is left out", index + 1)),
                }
            }
        }
    }
}

fn json_case(entry: &Map<String, Value>) -> Option<(String, bool)> {
    let request = REQUEST.iter().find_map(|key| entry.get(*key)?.as_str()).filter(|text| !text.trim().is_empty())?;
    let wanted = WANTED.iter().find_map(|key| entry.get(*key)).map_or(Some(true), Value::as_bool)?;
    Some((request.to_owned(), wanted))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

fn said(error: &YamlError) -> (u64, String) {
    match error {
        YamlError::Syntax { line, reason } => (*line, reason.clone()),
        YamlError::Alias { line } => (*line, "an anchor or alias".into()),
        YamlError::TooDeep { line } => (*line, "too many levels".into()),
        YamlError::TooManyNodes { line } => (*line, "too many entries".into()),
    }
}

/// Finds the lines of strings of a JSON text, in their order: the parser itself tells its place only in errors.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of the next string that is written like this; where it is written with other escapes, that of the last.
    fn of(&mut self, string: &str) -> usize {
        let written = serde_json::to_string(string).unwrap_or_default();
        if let Some(offset) = self.text[self.at..].find(&written) {
            let next = self.at + offset;
            self.line += self.text[self.at..next].matches('\n').count();
            self.at = next;
        }
        self.line
    }
}
