//! The library inside the binary.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::draft::{self, Batch};
use super::tree::SKILL_FILES;
use super::{Origin, Root, RootKind, Text, file};

static SKILLS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/assets/library");

/// What the demo library is called wherever a path would stand.
const LABEL: &str = "demo library";

/// Reads the demo library as root number `root`.
pub(super) fn read(root: usize) -> (Root, Batch) {
    let mut files = Vec::new();
    collect(&SKILLS, &mut files);
    files.sort_unstable();
    let batch = read_files(&files, root);
    let description = Root {
        path: PathBuf::from(LABEL),
        label: Text::line(LABEL),
        kind: RootKind::Demo,
        agents: Vec::new(),
        // Counted once ids are settled, as for every root.
        skills: 0,
    };
    (description, batch)
}

fn collect<'a>(dir: &'a Dir<'a>, out: &mut Vec<(&'a Path, &'a [u8])>) {
    out.extend(dir.files().map(|file| (file.path(), file.contents())));
    for dir in dir.dirs() {
        collect(dir, out);
    }
}

/// Reads the skills among files given by relative path and content.
fn read_files(files: &[(&Path, &[u8])], root: usize) -> Batch {
    let mut batch = Batch::default();
    for (path, bytes) in files {
        if !path.file_name().is_some_and(|name| SKILL_FILES.iter().any(|file| name == *file)) {
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let id = folder.to_string_lossy().replace('\\', "/");
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let mut notes = Vec::new();
        let text = file::decode(bytes.to_vec(), &mut notes);
        let result = draft::parse(text, notes, &name);
        let path = Path::new(LABEL).join(path);
        let shown = Text::line(path.to_string_lossy());
        batch.push(&id, result, Origin { root, path, shown, line: None });
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_content_is_read_and_other_files_are_left() {
        let files: [(&Path, &[u8]); 3] = [
            (Path::new("web/pdf/SKILL.md"), b"---\nname: pdf\ndescription: d\n---\nbody"),
            (Path::new("web/pdf/notes.md"), b"no skill"),
            (Path::new("empty/SKILL.md"), b""),
        ];
        let batch = read_files(&files, 0);
        assert_eq!(batch.skills.iter().map(|skill| skill.id.shown()).collect::<Vec<_>>(), ["web/pdf"]);
        assert_eq!(batch.skills[0].origin.shown.shown(), "demo library/web/pdf/SKILL.md");
        assert_eq!((batch.seen, batch.rows.len(), batch.rows[0].rule), (2, 1, "empty-file"));
    }
}
