//! Parts of a benchmark that have numbers of their own.

use super::benchmark::{Qrels, Task};
use super::record::Stratum;

/// Words of a description up to which it belongs to a band: SkillRouter's quartiles (papers.md 2.5).
const DESCRIPTION_BANDS: [(usize, &str); 3] = [(19, "to 19 words"), (27, "20 to 27 words"), (35, "28 to 35 words")];
const LONGEST_BAND: &str = "over 35 words";

/// What a request belongs to: what its loader says, how many skills it needs, and how long the description of the one
/// gold skill is where there is one. `qrels` as they are scored.
pub fn strata(task: &Task, qrels: &Qrels, description: Option<&str>) -> Vec<Stratum> {
    let mut strata = Vec::new();
    let single = qrels.gold.len() == 1;
    strata.push(Stratum::new("skills", if single { "single" } else { "multi" }));
    strata.push(Stratum::new("skills needed", qrels.gold.len().to_string()));
    for (group, value) in [("difficulty", &task.difficulty), ("domain", &task.domain)] {
        if !value.shown().is_empty() {
            strata.push(Stratum::new(group, value.shown()));
        }
    }
    strata.extend(task.strata.iter().cloned());
    if let (true, Some(description)) = (single, description) {
        let words = description.split_whitespace().count();
        let band = DESCRIPTION_BANDS.iter().find(|(most, _)| words <= *most).map_or(LONGEST_BAND, |(_, name)| name);
        strata.push(Stratum::new("description", band));
    }
    strata
}
