//! The user's own editor, with the terminal to itself: our input thread is parked, and signals that the terminal sends
//! to everybody in front are the editor's business.

use std::fs;
use std::io::{self, Write};
use std::process::Command;

use super::event::Parking;

/// What is run where neither `VISUAL` nor `EDITOR` is set.
const FALLBACK: &str = "vi";

/// Lets a person edit a text and returns what they saved. `leave` gives the terminal back, after our input thread has
/// stopped reading it: no key may be lost to the wrong reader. The error is a sentence.
pub fn edit(
    text: &str,
    parking: &Parking,
    leave: impl FnOnce(),
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let set = |name: &str| env(name).filter(|value| !value.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| FALLBACK.into());
    let failed = |error: io::Error| format!("the text could not be handed to an editor: {error}");
    let mut file = tempfile::Builder::new().prefix("skillscope-").suffix(".md").tempfile().map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(failed)?;
    if !parking.park() {
        return Err("the keyboard could not be handed to an editor; nothing was changed".into());
    }
    leave();
    // As git does it: the variable may hold arguments, and a shell knows how to cut them.
    let status = Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(file.path()).status();
    parking.release();
    match status {
        Err(error) => Err(failed(error)),
        Ok(status) if !status.success() => Err(format!("the editor ended with {status}; nothing was taken over")),
        // Many editors replace the file, so it is read by its name.
        Ok(_) => fs::read_to_string(file.path()).map_err(|error| format!("the edited text cannot be read: {error}")),
    }
}
