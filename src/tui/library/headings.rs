//! How a group looks: its heading in the list, and what there is to say about it beside the list.

use std::borrow::Cow;

use crate::library::categories::Taxonomy;
use crate::search::groups::Basis;

use super::super::theme::Role;
use super::super::widgets::text::counted;
use super::super::widgets::{percent, thousands};
use super::detail::Lines;
use super::groups::{Rows, Sums};

/// "123  16.1 %": the skills that are listed, and their share of the library.
pub fn amount(skills: usize, of: usize) -> String {
    format!("{} {:>7}", thousands(skills), percent(skills as f32 / of.max(1) as f32))
}

/// Cells of the columns lint, trust and alike: how many skills have such a mark.
pub fn cells(sums: Option<Sums>, unknown: &str) -> [(String, Role); 3] {
    let Some(sums) = sums else { return std::array::from_fn(|_| (unknown.to_owned(), Role::Muted)) };
    let count = |count: usize| match count {
        0 => ("-".to_owned(), Role::Muted),
        _ => (count.to_string(), Role::Badge),
    };
    let lint = match (sums.errors, sums.warnings) {
        (0, 0) => ("-".to_owned(), Role::Muted),
        (0, warnings) => (short(warnings, "warn"), Role::Warning),
        (errors, _) => (short(errors, "err"), Role::Error),
    };
    [lint, count(sums.signals), count(sums.alike)]
}

/// A count with its word, or with the first letter of it where a column has no more room.
fn short(count: usize, word: &str) -> String {
    const COLUMN: usize = 6;
    let whole = format!("{count} {word}");
    if whole.len() <= COLUMN { whole } else { format!("{count} {}", &word[..1]) }
}

/// Everything about the group of a section, as lines with roles.
pub fn detail(rows: &Rows<'_>, section: usize) -> Lines<'static> {
    let listing = rows.listing;
    let listed = &listing.sections[section];
    let library = &listing.library;
    let mut lines: Lines<'static> = Vec::new();
    let mut add = |role, text: String| lines.push((role, Cow::Owned(text)));
    add(Role::Title, listing.heading(section).to_owned());
    let share = percent(listed.rows.len() as f32 / library.len().max(1) as f32);
    add(Role::Muted, format!("{} listed, {share} of the library", counted(listed.rows.len(), "skill")));
    let group = listing.group_of(section);
    if let Some(group) = group {
        if group.skills != listed.rows.len() {
            add(Role::Muted, format!("{} without the filter", counted(group.skills, "skill")));
        }
        if !group.about.shown().is_empty() {
            add(Role::Text, String::new());
            add(Role::Text, group.about.shown().to_owned());
        }
        if let Some(central) = group.central.filter(|central| central.index() < library.len()) {
            let central = &library[central];
            add(Role::Text, String::new());
            add(Role::FieldName, "most central skill".into());
            add(Role::Text, format!("{} ({})", central.name, central.id));
            add(Role::Muted, central.description.shown().lines().next().unwrap_or_default().to_owned());
        }
    }
    add(Role::Text, String::new());
    match listed.sums {
        None => add(Role::Muted, "lint, trust and duplicates: looking".into()),
        Some(sums) => {
            for (count, what) in [
                (sums.errors, "with a lint error"),
                (sums.warnings, "with a lint warning"),
                (sums.signals, "with a trust signal"),
                (sums.alike, "with the name or nearly the body of another"),
            ] {
                add(Role::Text, format!("{} {what}", counted(count, "skill")));
            }
        }
    }
    if let Some(groups) = &listing.groups {
        add(Role::Text, String::new());
        add(Role::FieldName, "where the groups come from".into());
        add(Role::Text, groups.sentence());
        if let Basis::Labels { nearest, embedder: Some(embedder), .. } = &groups.basis
            && *nearest > 0
            && let Some(measured) = Taxonomy::get().measured_for(embedder)
        {
            add(Role::Muted, measured.sentence());
        }
    }
    lines
}
