//! What there is to say about every skill of a library: lint, what clients make of it, trust, duplicates.

use super::lint::{self, Fate, Problem, Severity, Subject};
use super::similarity::{NEAR_DUPLICATE, Trigrams, pairs_above};
use super::trust::{self, Signal};
use super::{Library, SkillIx};

/// About one skill.
#[derive(Debug, Default)]
pub struct Mark {
    pub problems: Vec<Problem>,
    pub fates: Vec<Fate>,
    pub signals: Vec<Signal>,
    /// Other skills of the same name, or with a body whose trigrams are alike (see [`NEAR_DUPLICATE`]).
    pub alike: Vec<SkillIx>,
}

impl Mark {
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.rule.severity == severity).count()
    }
}

/// The marks of a library, in its order.
#[derive(Debug, Default)]
pub struct Marks(Vec<Mark>);

impl Marks {
    /// Reads the skills' files again: seconds for a large library, so never on a thread that draws. `None` if
    /// `is_stopped` says on the way that nobody wants them any more.
    pub fn of(library: &Library, is_stopped: &dyn Fn() -> bool) -> Option<Self> {
        // One skill after the other: the interface and the search need the other cores.
        let mut marks: Vec<Mark> = library
            .skills()
            .iter()
            .map(|skill| {
                if is_stopped() {
                    return None;
                }
                let subject = Subject::of_skill(skill);
                let problems = lint::lint(&subject);
                let (fates, signals) = (lint::fates(&subject, &problems), trust::scan(&subject));
                Some(Mark { problems, fates, signals, alike: Vec::new() })
            })
            .collect::<Option<_>>()?;
        let trigrams: Vec<Trigrams> =
            library.skills().iter().map(|skill| Trigrams::of(skill.body.for_model())).collect();
        if is_stopped() {
            return None;
        }
        for (a, b, _) in pairs_above(&trigrams, NEAR_DUPLICATE) {
            marks[a].alike.push(SkillIx(b as u32));
            marks[b].alike.push(SkillIx(a as u32));
        }
        add_namesakes(library, &mut marks);
        Some(Marks(marks))
    }

    pub fn get(&self, skill: SkillIx) -> Option<&Mark> {
        self.0.get(skill.index())
    }
}

fn add_namesakes(library: &Library, marks: &mut [Mark]) {
    let mut by_name = std::collections::HashMap::<String, Vec<SkillIx>>::new();
    for (ix, skill) in library.iter().filter(|&(ix, _)| library.namesakes(ix) > 1) {
        by_name.entry(skill.name.for_model().to_ascii_lowercase()).or_default().push(ix);
    }
    for group in by_name.values() {
        for &ix in group {
            let alike = &mut marks[ix.index()].alike;
            alike.extend(group.iter().filter(|&&other| other != ix));
            alike.sort_unstable();
            alike.dedup();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::load::{Source, load};

    #[test]
    fn copies_namesakes_and_near_copies_are_found_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let body = (0..60).map(|word| format!("word{word} ")).collect::<String>();
        for (path, name, body) in [
            ("a/one", "one", body.clone()),
            ("b/one", "one", body.clone()),
            ("c/two", "two", format!("{body} and a little more")),
            ("d/three", "three", "Something else altogether, in other words.".to_string()),
        ] {
            let file = folder.path().join(path).join("SKILL.md");
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, format!("---\nname: {name}\ndescription: About {path}.\n---\n{body}\n")).unwrap();
        }
        let library = load(&Source::Paths(vec![folder.path().to_path_buf()])).unwrap();
        let marks = Marks::of(&library, &|| false).unwrap();
        let alike = |id: &str| {
            let mark = marks.get(library.find(id).unwrap()).unwrap();
            mark.alike.iter().map(|&ix| library[ix].id.shown()).collect::<Vec<_>>()
        };
        assert_eq!(alike("a/one"), ["b/one", "c/two"]);
        assert_eq!(alike("c/two"), ["a/one", "b/one"]);
        assert_eq!(alike("d/three"), [""; 0]);
        assert!(Marks::of(&library, &|| true).is_none());
    }
}
