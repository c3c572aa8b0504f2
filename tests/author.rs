//! An author's first ten minutes, key by key, with the real engine and the built-in models: find the own skill, keep
//! the request, edit a scratch copy and watch the rank, look at the diff, save.

mod script;

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyModifiers};

use script::{Script, row};
use skillscope::library::load::Source;
use skillscope::tui::action::Tab;

struct Session {
    script: Script,
    root: tempfile::TempDir,
}

fn write_skill(root: &Path, name: &str, description: &str, body: &str) -> PathBuf {
    let dir = root.join(name);
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!("---\nname: {name}\n# kept\ndescription: {description}\nlicense: MIT\n---\n\n{body}\n");
    std::fs::write(dir.join("SKILL.md"), text).unwrap();
    dir.join("SKILL.md")
}

impl Session {
    fn start(keymap: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        write_skill(root.path(), "sourdough", "Bake sourdough bread", "Feed the starter with rye flour.");
        write_skill(root.path(), "rolls", "Small things from the oven", "A dough of wheat, with butter.");
        for (name, description) in [
            ("pid-tuning", "Tune a PID controller"),
            ("pdf-merge", "Merge PDF files"),
            ("git-bisect", "Find the commit that broke the build"),
        ] {
            write_skill(root.path(), name, description, description);
        }
        let tests = r#"[{"query": "bake bread rolls for breakfast", "should_trigger": true}]"#;
        std::fs::write(root.path().join("rolls/eval_queries.json"), tests).unwrap();
        let script = Script::start(keymap, Source::Paths(vec![root.path().to_path_buf()]));
        Session { script, root }
    }

    fn file(&self) -> PathBuf {
        self.root.path().join("rolls/SKILL.md")
    }

    fn hash(&self) -> blake3::Hash {
        blake3::hash(&std::fs::read(self.file()).unwrap())
    }
}

impl std::ops::Deref for Session {
    type Target = Script;

    fn deref(&self) -> &Script {
        &self.script
    }
}

impl std::ops::DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Script {
        &mut self.script
    }
}

#[test]
fn the_first_ten_minutes_of_an_author() {
    let mut session = Session::start("emacs");
    let before = session.hash();
    session.until("vectors and models", |screen| screen.contains("5 skills") && !screen.contains("loading"));

    // Explore: the request in own words; the own skill is not what is found first.
    session.type_text("warm buns for sunday");
    session.until("an answer", |screen| screen.contains("rolls") && screen.contains("sourdough"));
    session.alt('y');
    session.until("the probe is kept", |screen| screen.contains("kept as a probe"));

    // Author: the list, filtered to the own skill.
    session.alt('3').until("the list", |screen| screen.contains("Which skill?"));
    session.type_text("roll");
    session.press(KeyCode::Enter, KeyModifiers::NONE);
    let bench = session.until("both probes ranked in both stages", |screen| {
        row(screen, "warm buns").matches('=').count() == 2 && row(screen, "bake bread rolls").matches('=').count() == 2
    });
    assert!(bench.contains("as in the file"), "{bench}");

    // The description has the keys: type, and the rank follows.
    session.type_text("Warm buns and bread rolls for sunday breakfast. ");
    let typed = session.until("a change of rank", |screen| {
        let row = row(screen, "warm buns for");
        row.contains("pass") && (row.contains('↑') || row.matches("1 =").count() == 2)
    });
    assert!(typed.contains("scratch copy changed, file not"), "{typed}");
    assert_eq!(session.hash(), before, "the file is not touched while editing");

    // Advice, each row measured; then neighbours.
    session.press(KeyCode::Esc, KeyModifiers::NONE).control('o');
    session.until("advice", |screen| screen.contains("name + description + body") && screen.contains("body only"));
    session.control('o');
    session.until("neighbours", |screen| screen.contains("with, drafted, without"));

    // Diff, copied, then saved.
    session.control('s');
    let diff = session.until("the diff", |screen| screen.contains("+description: Warm buns"));
    assert!(diff.contains("-description: Small things from the oven"), "{diff}");
    assert_eq!(session.hash(), before, "the diff is not a save");
    session.alt('w');
    assert!(session.copied[0].contains("+description: Warm buns"), "{:?}", session.copied);
    session.control('s');
    session.until("saved and read again", |screen| screen.contains("as in the file"));
    let text = std::fs::read_to_string(session.file()).unwrap();
    assert_eq!(
        text,
        "---\nname: rolls\n# kept\ndescription: Warm buns and bread rolls for sunday breakfast. Small things from the \
         oven\nlicense: MIT\n---\n\nA dough of wheat, with butter.\n"
    );
    assert_eq!(session.app.tab(), Tab::Author);

    // The probes leave in the official format.
    session.press(KeyCode::Esc, KeyModifiers::NONE).alt('w');
    let exported: serde_json::Value = serde_json::from_str(session.copied.last().unwrap()).unwrap();
    assert_eq!(exported.as_array().unwrap().len(), 2);
    assert_eq!(exported[1]["should_trigger"], true);
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten_and_edits_can_be_taken_back() {
    let mut session = Session::start("vim");
    session.until("vectors and models", |screen| screen.contains("5 skills") && !screen.contains("loading"));
    session.press(KeyCode::Esc, KeyModifiers::NONE).type_text("3i");
    session.until("the list", |screen| screen.contains("Which skill?"));
    session.type_text("rolls").press(KeyCode::Enter, KeyModifiers::NONE);
    let first = session.until("ranks", |screen| row(screen, "bake bread rolls").matches('=').count() == 2);
    let ranks = row(&first, "bake bread rolls").to_owned();

    // To and fro: every rank is where it was.
    session.type_text("Bread! ");
    session.until("a change", |screen| screen.contains("scratch copy changed"));
    for _ in 0.."Bread! ".len() {
        session.press(KeyCode::Backspace, KeyModifiers::NONE);
    }
    let back = session.until("the old ranks", |screen| {
        screen.contains("as in the file") && row(screen, "bake bread rolls").matches('=').count() == 2
    });
    assert_eq!(row(&back, "bake bread rolls"), ranks);

    session.type_text("Mine. ");
    let theirs = "---\nname: rolls\ndescription: Somebody else wrote this\n---\n\nBody.\n";
    std::fs::write(session.file(), theirs).unwrap();
    // Out of insert mode, where s saves.
    session.press(KeyCode::Esc, KeyModifiers::NONE).type_text("s");
    session.until("the diff", |screen| screen.contains("+description: Mine."));
    session.type_text("s");
    session.until("a refusal", |screen| screen.contains("has changed on disk"));
    assert_eq!(std::fs::read_to_string(session.file()).unwrap(), theirs);
}

/// Real files and broken ones: an edit that changes nothing is the same file to the byte; one that changes something
/// reads back as asked with everything else as it was, or is refused.
#[test]
fn thousands_of_real_files_are_rewritten_exactly_or_refused() {
    use skillscope::library::edit::Base;
    use skillscope::library::{Field, load};

    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/libraries");
    if !shared.exists() {
        println!("skipped: {} is not here", shared.display());
        return;
    }
    for (name, most_refused) in [("community", 0.05), ("malformed", 1.0)] {
        let library = load::load(&Source::Paths(vec![shared.join(name)])).unwrap();
        let (mut opened, mut refused) = (0, Vec::new());
        for skill in library.skills() {
            let Ok(base) = Base::open(&skill.origin) else { continue };
            opened += 1;
            let parts = Field::ALL.map(|field| skill.field(field).for_model());
            match base.rewritten(parts) {
                Ok(text) => assert!(text == base.text(), "{} is not the same file", skill.id),
                Err(error) => refused.push(error.to_string()),
            }
            let changed = ["new-name", "Does: \"this\" # and that,\nin two lines", "# Body\n\n---\nx: y"];
            refused.extend(base.rewritten(changed).err().map(|error| error.to_string()));
        }
        println!("{name}: {opened} files, {} refusals: {:?}", refused.len(), &refused[..refused.len().min(5)]);
        assert!(opened > 10 && refused.len() as f64 <= opened as f64 * most_refused, "{name}: {refused:?}");
    }
}
