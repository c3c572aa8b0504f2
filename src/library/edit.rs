//! Writing a SKILL.md: the one place that changes a file of a library, and only when an author asked for it.
//!
//! Only what was changed is written anew. Other keys, comments, line ends and the blank lines around the body stay as
//! they are, and the result is read back before it replaces anything: if it does not say exactly what was asked for,
//! nothing is written.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file::{HARD_LIMIT, open_regular, reason};
use super::frontmatter::{self, lines};
use super::{Origin, Text};

/// A file as it was when it was read: it is only replaced while it still is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The file itself, links followed.
    path: PathBuf,
    shown: String,
    hash: blake3::Hash,
    text: String,
    /// The name of the folder it lies in.
    folder: String,
}

/// Why a file cannot be edited or was not written. The texts are safe to print.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error("{path}: is not a SKILL.md of its own; edit the pool it came from, or copy the diff")]
    NotAFile { path: String },
    #[error("{path}: cannot be read: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{path}: has changed on disk since it was opened; open it again, nothing was written")]
    Changed { path: String },
    #[error("{path}: its front matter cannot be changed safely ({reason}); copy the diff, nothing was written")]
    Unsure { path: String, reason: String },
    #[error("{path}: cannot be written: {reason}; the old file is whole")]
    Unwritable { path: String, reason: String },
}

impl Base {
    /// Reads the file a skill came from.
    pub fn open(origin: &Origin) -> Result<Self, EditError> {
        let shown = origin.shown.shown().to_owned();
        if origin.line.is_some() || !origin.path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("skill.md")) {
            return Err(EditError::NotAFile { path: shown });
        }
        let unreadable = |error: io::Error| EditError::Unreadable { path: shown.clone(), reason: reason(&error) };
        let path = origin.path.canonicalize().map_err(unreadable)?;
        let bytes = read(&path).map_err(unreadable)?;
        let hash = blake3::hash(&bytes);
        let text = String::from_utf8(bytes)
            .map_err(|_| EditError::Unsure { path: shown.clone(), reason: "it is not UTF-8".into() })?;
        // As the loader calls it: by the path it came by, not by where a link leads.
        let folder = origin.path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        Ok(Base { path, shown, hash, text, folder })
    }

    /// The whole text as it is on disk.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path as it may be shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The file's text with this name, description and body (raw, line feeds only) in place of its own.
    pub fn rewritten(&self, parts: [&str; 3]) -> Result<String, EditError> {
        rewritten(&self.text, &self.folder, parts)
            .map_err(|reason| EditError::Unsure { path: self.shown.clone(), reason })
    }

    /// Replaces the file in one step by a file beside it, with the same permissions: whoever reads it, at whatever
    /// moment, sees the old text or the new one.
    pub fn save(&self, text: &str) -> Result<Base, EditError> {
        let unwritable = |error: io::Error| EditError::Unwritable { path: self.shown.clone(), reason: reason(&error) };
        match read(&self.path) {
            Ok(bytes) if blake3::hash(&bytes) == self.hash => {}
            _ => return Err(EditError::Changed { path: self.shown.clone() }),
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".skill-").tempfile_in(folder).map_err(unwritable)?;
        file.write_all(text.as_bytes()).map_err(unwritable)?;
        let permissions = fs::metadata(&self.path).map_err(unwritable)?.permissions();
        file.as_file().set_permissions(permissions).map_err(unwritable)?;
        file.as_file().sync_all().map_err(unwritable)?;
        file.persist(&self.path).map_err(|error| unwritable(error.error))?;
        Ok(Base { hash: blake3::hash(text.as_bytes()), text: text.to_owned(), ..self.clone() })
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(open_regular(path)?, HARD_LIMIT as u64 + 1), &mut bytes)?;
    if bytes.len() > HARD_LIMIT {
        return Err(io::Error::other("too large"));
    }
    Ok(bytes)
}

/// A whole text with this name, description and body, as an editor is given it.
pub fn written([name, description, body]: [&str; 3]) -> String {
    format!("---\nname: {}\ndescription: {}\n---\n\n{body}\n", scalar(name), scalar(description))
}

/// Name, description and body of such a text after it was edited; `name` stands in for one that was taken out. The
/// error is a sentence that may be shown.
pub fn read_back(text: &str, name: &str) -> Result<[String; 3], String> {
    match frontmatter::read(text, name) {
        Ok(draft) => Ok([draft.name, draft.description, draft.body]),
        Err(finding) => Err(format!("the edited text: {}; nothing was taken over", Text::line(&finding.message))),
    }
}

/// See [`Base::rewritten`]; the error is the reason alone.
fn rewritten(text: &str, folder: &str, [name, description, body]: [&str; 3]) -> Result<String, String> {
    let finding = |finding: frontmatter::Finding| Text::line(&finding.message).shown().to_owned();
    let old = frontmatter::read(text, folder).map_err(finding)?;
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    // A file may mix its line ends (pasted from a form, say): a body that nobody edited keeps its own.
    let unedited = body.replace("\r\n", "\n") == old.body.replace("\r\n", "\n");
    let body = if unedited { old.body.clone() } else { body.replace("\r\n", "\n").replace('\n', line_end) };
    let end = text.trim_end().len();
    let start = end.checked_sub(old.body.len()).filter(|&start| text.get(start..end) == Some(old.body.as_str()));
    let start = start.ok_or("the body was not found again")?;
    let mut front = text[..start].to_owned();
    if name != old.name {
        front = with_key(&front, "name", name, line_end);
    }
    if description != old.description {
        front = with_key(&front, "description", description, line_end);
    }
    if old.body.is_empty() && !body.is_empty() {
        front = format!("{}{line_end}{line_end}", front.trim_end());
    }
    let core = if body == old.body { old.body.as_str() } else { body.trim_end() };
    // A body where there was none ends its last line; otherwise the end of the file stays as it is, line end or not.
    let tail = if old.body.is_empty() && !core.is_empty() && text.len() == end { line_end } else { &text[end..] };
    let new = format!("{front}{core}{tail}");

    let again = frontmatter::read(&new, folder).map_err(finding)?;
    let same_body = again.body.replace("\r\n", "\n") == core.trim_start_matches(['\r', '\n']).replace("\r\n", "\n");
    match (again.name == one_line(name), again.description == description.trim(), same_body, again.extra == old.extra) {
        (true, true, true, true) => Ok(new),
        (false, ..) => Err("the name would be read as something else".into()),
        (_, false, ..) => Err("the description would be read as something else".into()),
        (_, _, false, _) => Err("the body would be read as something else".into()),
        _ => Err("another key would change".into()),
    }
}

/// A name as the loader reads it.
fn one_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Front matter with another value for one key: in place of the last line that gives it and those that go on with it,
/// or after the opening line; front matter is made where there is none.
fn with_key(front: &str, key: &str, value: &str, line_end: &str) -> String {
    let entry = format!("{key}: {}{line_end}", scalar(value));
    let Some(opening) = lines(front).find(|line| line.text == "---") else {
        return format!("---{line_end}{entry}---{line_end}{line_end}{front}");
    };
    let inside = || lines(front).filter(|line| line.start >= opening.end).take_while(|line| line.text != "---");
    let is_key = |text: &str| text.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let Some(given) = inside().filter(|line| is_key(line.text)).last() else {
        return format!("{}{entry}{}", &front[..opening.end], &front[opening.end..]);
    };
    let goes_on = |text: &str| text.is_empty() || text.starts_with([' ', '\t']) || text.starts_with("- ");
    let rest = inside().filter(|line| line.start >= given.end).take_while(|line| goes_on(line.text));
    let end = rest.last().map_or(given.end, |line| line.end);
    format!("{}{entry}{}", &front[..given.start], &front[end..])
}

/// A YAML scalar: plain where it can only be a text, else in double quotes, whose escapes are those of JSON.
fn scalar(value: &str) -> String {
    let plain = value.starts_with(char::is_alphabetic)
        && value.trim_end() == value
        && !value.contains(": ")
        && !value.contains(" #")
        && !value.ends_with(':')
        && !value.chars().any(char::is_control)
        && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&value.to_lowercase().as_str());
    if plain { value.to_owned() } else { serde_json::Value::from(value).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "---\n# a comment\nname: old\ndescription: >\n  One,\n  two.\n\nlicense: MIT\nmetadata:\n  a: \"1\"\n---\n\n\n# Title\n\nText.\n\n\n";

    #[test]
    fn only_what_changed_is_written() {
        let same = rewritten(TEXT, "old", ["old", "One, two.", "# Title\n\nText."]).unwrap();
        assert_eq!(same, TEXT);
        let changed = rewritten(TEXT, "old", ["new", "Says: \"it\" # all", "# Title\n\nMore."]).unwrap();
        assert_eq!(
            changed,
            "---\n# a comment\nname: new\ndescription: \"Says: \\\"it\\\" # all\"\nlicense: MIT\nmetadata:\n  a: \"1\"\n---\n\n\n# Title\n\nMore.\n\n\n"
        );
    }

    #[test]
    fn odd_files_are_written_or_refused_but_never_bent() {
        let crlf = "---\r\nname: a\r\ndescription: b\r\n---\r\n\r\nOne\r\nTwo\r\n";
        assert_eq!(
            rewritten(crlf, "a", ["a", "c d", "One\nThree"]).unwrap(),
            "---\r\nname: a\r\ndescription: c d\r\n---\r\n\r\nOne\r\nThree\r\n"
        );
        let bare = "# Only text\n\nA paragraph.\n";
        let made = rewritten(bare, "folder", ["folder", "Described at last.", "# Only text\n\nA paragraph."]).unwrap();
        assert_eq!(made, "---\ndescription: Described at last.\n---\n\n# Only text\n\nA paragraph.\n");
        let empty = "---\nname: a\ndescription: b\n---\n";
        assert_eq!(
            rewritten(empty, "a", ["a", "b", "Now a body."]).unwrap(),
            "---\nname: a\ndescription: b\n---\n\nNow a body.\n"
        );
        // A body that begins like front matter, a name that is a number, a description of two lines.
        for parts in [["7", "x: y", "---\nname: b\n---\nx"], ["true", "one\ntwo", "\ttab"], ["a", "- b", "# c"]] {
            let written = rewritten(TEXT, "old", parts).unwrap();
            let read = frontmatter::read(&written, "old").unwrap();
            assert_eq!([read.name, read.description, read.body], parts.map(str::to_owned));
        }
        assert!(rewritten(TEXT, "old", ["", "One, two.", "x"]).is_err(), "an empty name is read as the folder's");
    }

    #[test]
    fn what_an_editor_gets_reads_back_as_it_was() {
        for parts in [["a", "b: c", "# d\n\ne"], ["x y", "two\nlines", ""], ["true", "- dash", "---\nfront: no\n---"]] {
            assert_eq!(read_back(&written(parts), "other").unwrap(), parts.map(str::to_owned));
        }
        assert!(read_back("", "a").unwrap_err().contains("empty"));
    }

    fn on_disk(text: &str) -> (tempfile::TempDir, Origin) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("old").join("SKILL.md");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let shown = Text::line(path.to_string_lossy());
        (home, Origin { root: 0, path, shown, line: None })
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let (_home, origin) = on_disk(TEXT);
        let base = Base::open(&origin).unwrap();
        fs::write(&origin.path, "---\nname: somebody else\n---\n").unwrap();
        let error = base.save("mine").unwrap_err().to_string();
        assert!(error.contains("has changed on disk"), "{error}");
        assert_eq!(fs::read_to_string(&origin.path).unwrap(), "---\nname: somebody else\n---\n");
        fs::remove_file(&origin.path).unwrap();
        assert!(matches!(base.save("mine"), Err(EditError::Changed { .. })));
    }

    #[test]
    fn a_row_of_a_pool_is_no_file() {
        let (_home, mut origin) = on_disk(TEXT);
        origin.line = Some(3);
        assert!(matches!(Base::open(&origin), Err(EditError::NotAFile { .. })));
    }

    /// A reader never sees half a file, whatever the moment; the mode and a link to the file stay.
    #[cfg(unix)]
    #[test]
    fn saving_is_all_or_nothing() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        use std::sync::atomic::{AtomicBool, Ordering};

        let (home, mut origin) = on_disk(TEXT);
        fs::set_permissions(&origin.path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = home.path().join("SKILL.md");
        symlink(&origin.path, &link).unwrap();
        let real = std::mem::replace(&mut origin.path, link.clone());
        let texts = ["a".repeat(400_000), "b".repeat(300_000)];
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut base = Base::open(&origin).unwrap();
                for turn in 0..40 {
                    base = base.save(&texts[turn % 2]).unwrap();
                }
                done.store(true, Ordering::SeqCst);
            });
            while !done.load(Ordering::SeqCst) {
                let seen = fs::read_to_string(&real).unwrap();
                assert!(seen == TEXT || texts.contains(&seen), "{} bytes", seen.len());
            }
        });
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(real.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }
}
