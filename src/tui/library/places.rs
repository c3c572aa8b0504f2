//! What was found where: a row for each place, or as many as there is room for and what the others come to.

use crate::library::{Library, Root};

use super::super::widgets::text::{counted, thousands};

/// At most `most` rows, and one at least.
pub fn rows(library: &Library, most: usize) -> Vec<String> {
    let roots = library.roots.as_slice();
    match roots {
        [] => vec!["no place was found where an agent keeps skills".into()],
        _ if roots.len() <= most => roots.iter().map(place).collect(),
        _ if most <= 1 => {
            let first: Vec<String> = roots.iter().map(place).collect();
            vec![format!("{} places: {}", thousands(roots.len()), first.join("; "))]
        }
        _ => {
            let (named, others) = roots.split_at(most - 1);
            let skills = others.iter().map(|root| root.skills).sum();
            let rest = format!("{} in {} more places", counted(skills, "skill"), thousands(others.len()));
            named.iter().map(place).chain([rest]).collect()
        }
    }
}

/// "12 skills in ~/.claude/skills, read by Claude Code (user), Codex".
fn place(root: &Root) -> String {
    let found = format!("{} in {}", counted(root.skills, "skill"), root.label);
    match root.agents.is_empty() {
        // The user named it, so nobody has to be told who reads it.
        true => found,
        false => format!("{found}, read by {}", root.agents.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{LoadReport, RootKind, Text};

    fn library(places: &[(&str, usize, &[&str])]) -> Library {
        let root = |&(label, skills, agents): &(&str, usize, &[&str])| Root {
            path: label.into(),
            label: Text::line(label),
            kind: RootKind::Discovered,
            agents: agents.iter().map(|agent| agent.to_string()).collect(),
            skills,
        };
        Library::new(Vec::new(), places.iter().map(root).collect(), LoadReport::default())
    }

    #[test]
    fn every_place_has_a_row_while_there_is_room() {
        let library = library(&[("~/a", 1234, &["Claude Code (user)", "Codex"]), ("b", 1, &[]), ("c", 5, &["Codex"])]);
        let first = "1,234 skills in ~/a, read by Claude Code (user), Codex";
        assert_eq!(rows(&library, 3), [first, "1 skill in b", "5 skills in c, read by Codex"]);
        assert_eq!(rows(&library, 2), [first, "6 skills in 2 more places"]);
        let one = rows(&library, 1);
        assert_eq!(one.len(), 1);
        assert!(one[0].starts_with("3 places: 1,234 skills in ~/a"), "{one:?}");
        assert_eq!(rows(&library, 0), one);
    }

    #[test]
    fn a_machine_without_skills_is_told_so() {
        assert_eq!(rows(&library(&[]), 4).len(), 1);
    }
}
