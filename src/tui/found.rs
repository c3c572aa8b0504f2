//! What was found where, in one sentence, when nobody named a library.

use crate::library::{Library, Root, RootKind};

/// Places named before the rest is only counted: the status line is one line.
const NAMED: usize = 3;

/// `None` where the user said what to open and so knows.
pub fn sentence(library: &Library) -> Option<String> {
    let kind = library.roots.first()?.kind;
    match kind {
        RootKind::Demo => {
            Some("no skills where agents keep them, so this is the demo library; --library PATH opens yours".into())
        }
        RootKind::Discovered => {
            let places: Vec<String> = library.roots.iter().take(NAMED).map(place).collect();
            let more = library.roots.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more places, see Library") } else { String::new() };
            Some(format!("found {}{more}", places.join(", ")))
        }
        RootKind::Tree | RootKind::Pool => None,
    }
}

fn place(root: &Root) -> String {
    match root.agents.first() {
        Some(agent) => format!("{} in {} ({agent})", root.skills, root.label),
        None => format!("{} in {}", root.skills, root.label),
    }
}
