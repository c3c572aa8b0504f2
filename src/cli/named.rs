//! The skill a command is about, by id, with help for a slip.

use anyhow::bail;

use crate::library::{Library, SkillIx, Text};

/// The skill with this id; an error names ids that contain what was asked for.
pub fn skill(library: &Library, id: &str) -> anyhow::Result<SkillIx> {
    match library.find(Text::line(id).shown()) {
        Some(skill) => Ok(skill),
        None => bail!("no skill with id {:?}{}", Text::line(id).shown(), suggestion(library, id)),
    }
}

/// Ids that contain what was asked for.
fn suggestion(library: &Library, wanted: &str) -> String {
    let wanted = wanted.rsplit('/').next().unwrap_or(wanted).to_lowercase();
    let near: Vec<&str> = library
        .skills()
        .iter()
        .map(|skill| skill.id.shown())
        .filter(|id| !wanted.is_empty() && id.to_lowercase().contains(&wanted))
        .take(3)
        .collect();
    if near.is_empty() { "; `search` prints ids".into() } else { format!("; did you mean {}?", near.join(", ")) }
}
