//! The real program on a real pseudo-terminal: whatever ends it, the terminal is as it was.
//!
//! The oracles are outside: what the kernel says about the line discipline, and what a terminal emulator (vt100) makes
//! of the bytes. Tests wait for a condition, never for a time.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use vt100::{MouseProtocolMode, Parser};

/// Long enough for a loaded machine; a test that works never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

const PROGRAM: &str = env!("CARGO_BIN_EXE_skillscope");

struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    /// Held open so that the terminal can still be asked after the program has ended.
    _slave: Box<dyn SlavePty + Send>,
    keys: Box<dyn Write + Send>,
    bytes: Arc<Mutex<Vec<u8>>>,
    /// The line discipline before the program started.
    before: String,
    size: (u16, u16),
    _home: tempfile::TempDir,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { cols: columns, rows, pixel_width: 0, pixel_height: 0 }
}

fn start(environment: &[(&str, &str)]) -> Session {
    let pair = native_pty_system().openpty(size(80, 24)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(PROGRAM);
    command.env_clear();
    for (name, value) in
        [("HOME", home.path().to_str().unwrap()), ("TERM", "xterm-256color"), ("PATH", "/usr/bin:/bin")]
    {
        command.env(name, value);
    }
    for (name, value) in environment {
        command.env(name, value);
    }
    // Nothing to discover here, so the demo library opens.
    command.cwd(home.path());
    let before = discipline(&*pair.master);
    let child = pair.slave.spawn_command(command).unwrap();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let (mut reader, sink) = (pair.master.try_clone_reader().unwrap(), bytes.clone());
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            sink.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
    });
    let keys = pair.master.take_writer().unwrap();
    Session { child, master: pair.master, _slave: pair.slave, keys, bytes, before, size: (80, 24), _home: home }
}

fn discipline(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

impl Session {
    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// What the terminal looks like now.
    fn emulate(&self) -> Parser {
        let rows = std::num::NonZeroU16::new(self.size.1).unwrap();
        let columns = std::num::NonZeroU16::new(self.size.0).unwrap();
        let mut parser = Parser::new(rows, columns, 0);
        parser.process(&self.bytes());
        parser
    }

    fn screen(&self) -> String {
        self.emulate().screen().contents()
    }

    fn wait(&mut self, what: &str, condition: impl Fn(&mut Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !condition(self) {
            assert!(Instant::now() < end, "waited in vain for {what}; the screen:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait_for_text(&mut self, text: &str) {
        self.wait(text, |session| session.screen().contains(text));
    }

    fn wait_until_up(&mut self) {
        self.wait("the first frame", |session| {
            let parser = session.emulate();
            parser.screen().alternate_screen() && parser.screen().contents().contains("1 Explore")
        });
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn signal(&self, number: i32) {
        let pid = self.child.process_id().unwrap() as i32;
        assert_eq!(unsafe { libc::kill(pid, number) }, 0);
    }

    /// Waits for the end and returns the exit status.
    fn end(&mut self) -> u32 {
        self.wait("the end", |session| session.child.try_wait().unwrap().is_some());
        let code = self.child.wait().unwrap().exit_code();
        // Its last bytes may still be on their way.
        self.wait("the restored screen", |session| !session.emulate().screen().alternate_screen());
        code
    }

    fn is_stopped(&self) -> bool {
        let pid = self.child.process_id().unwrap();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    }

    fn is_raw(&self) -> bool {
        discipline(&*self.master) != self.before
    }

    /// Everything that was turned on is off again, in an order that leaves nothing behind.
    fn assert_restored(&self) {
        assert_eq!(discipline(&*self.master), self.before, "the line discipline");
        let parser = self.emulate();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "still in the alternate screen");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse still reports");
        let text = String::from_utf8_lossy(&self.bytes()).into_owned();
        let last = |code: &str| text.rfind(code).unwrap_or_else(|| panic!("{code:?} was never sent"));
        for code in ["\x1b[?1006l", "\x1b[?1002l", "\x1b[?1000l", "\x1b[?2004l"] {
            assert!(last(code) < last("\x1b[?1049l"), "{code:?} after the alternate screen was left");
        }
        assert!(last("\x1b[?1049l") < last("\x1b[?25h"), "the cursor is shown last");
        // An open synchronized update would keep everything after it from being seen.
        assert!(text.matches("\x1b[?2026h").count() <= text.matches("\x1b[?2026l").count());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn a_normal_end_gives_the_terminal_back() {
    let mut session = start(&[]);
    session.wait_until_up();
    assert!(session.is_raw());
    session.press("\x11");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn signals_that_end_programs_give_the_terminal_back() {
    for (number, status) in [(libc::SIGTERM, 143), (libc::SIGHUP, 129), (libc::SIGINT, 130)] {
        let mut session = start(&[]);
        session.wait_until_up();
        session.signal(number);
        assert_eq!(session.end(), status);
        session.assert_restored();
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_then_reported() {
    let mut session = start(&[("SKILLSCOPE_TEST_PANIC", "main")]);
    session.wait("the start", |session| !session.bytes().is_empty());
    let code = {
        session.wait("the end", |session| session.child.try_wait().unwrap().is_some());
        session.child.wait().unwrap().exit_code()
    };
    assert_eq!(code, 101);
    // On the screen the user has afterwards, not in the one that is gone.
    session.wait_for_text("asked for by SKILLSCOPE_TEST_PANIC");
    session.assert_restored();
}

#[test]
fn a_panic_of_another_thread_leaves_the_screen_alone_and_is_told() {
    let mut session = start(&[("SKILLSCOPE_TEST_PANIC", "worker")]);
    session.wait_until_up();
    session.wait_for_text("internal error");
    assert!(session.emulate().screen().alternate_screen() && session.is_raw());
    assert!(!session.screen().contains("panicked at"));
    assert!(!String::from_utf8_lossy(&session.bytes()).contains("written to standard error"));
    // It goes on working.
    session.press("\x1b4");
    session.wait_for_text("order: as loaded");
    session.press("\x11");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let mut session = start(&[]);
    session.wait_until_up();
    for by_key in [true, false] {
        if by_key {
            session.press("\x1a");
        } else {
            session.signal(libc::SIGTSTP);
        }
        session.wait("the stop", |session| session.is_stopped());
        session.wait("the shell's screen", |session| !session.emulate().screen().alternate_screen());
        session.assert_restored();
        session.signal(libc::SIGCONT);
        session.wait_until_up();
        assert!(session.is_raw());
        assert!(session.emulate().screen().bracketed_paste());
    }
    session.press("\x11");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn a_terminal_that_was_changed_while_we_were_stopped_is_taken_again() {
    let mut session = start(&[]);
    session.wait_until_up();
    // No handler runs for this one, and a shell then sets the terminal for itself.
    session.signal(libc::SIGSTOP);
    session.wait("the stop", |session| session.is_stopped());
    let name = session.master.tty_name().unwrap();
    assert!(Command::new("stty").arg("-F").arg(name).args(["icanon", "echo", "isig"]).status().unwrap().success());
    session.signal(libc::SIGCONT);
    session.wait("raw mode", |session| session.bytes().windows(8).filter(|code| code == b"\x1b[?1049h").count() == 2);
    session.wait_until_up();
    session.press("\x11");
    assert_eq!(session.end(), 0);
    assert!(!session.emulate().screen().alternate_screen());
}

#[test]
fn a_window_of_one_cell_is_survived() {
    let mut session = start(&[]);
    session.wait_until_up();
    for (columns, rows) in [(1, 1), (200, 60), (1, 50), (80, 1), (40, 12)] {
        session.size = (columns, rows);
        session.bytes.lock().unwrap().clear();
        session.master.resize(size(columns, rows)).unwrap();
        session.wait("a frame", |session| session.bytes().windows(8).any(|code| code == b"\x1b[?2026l"));
    }
    session.wait_for_text("1 Explore");
    session.press("\x11");
    session.wait("the end", |session| session.child.try_wait().unwrap().is_some());
    assert_eq!(session.child.wait().unwrap().exit_code(), 0);
}

/// All parameters of all colour-and-style sequences.
fn styles(bytes: &[u8]) -> Vec<Vec<u32>> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ';' && letter != ':')?;
        rest[end..].starts_with('m').then(|| rest[..end].split([';', ':']).map(|n| n.parse().unwrap_or(0)).collect())
    });
    sequences.collect()
}

fn is_colour(style: &[u32]) -> bool {
    style.iter().any(|number| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
}

#[test]
fn no_color_means_no_colour_and_something_is_still_selected() {
    let mut session = start(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    session.wait_until_up();
    session.press("\x1b4");
    session.wait_for_text("order: as loaded");
    session.press("\x11");
    assert_eq!(session.end(), 0);
    let styles = styles(&session.bytes());
    assert!(styles.iter().all(|style| !is_colour(style)), "{styles:?}");
    assert!(styles.iter().any(|style| style.contains(&7)), "nothing is reversed");
    session.assert_restored();
}

#[test]
fn our_own_setting_covers_no_color_and_an_empty_one_counts_as_unset() {
    for environment in [&[("NO_COLOR", "1"), ("SKILLSCOPE_COLOR", "256")][..], &[("NO_COLOR", "")]] {
        let mut session = start(environment);
        session.wait_until_up();
        session.press("\x11");
        assert_eq!(session.end(), 0);
        assert!(styles(&session.bytes()).iter().any(|style| is_colour(style)));
    }
}

#[test]
fn the_terminals_answer_about_its_background_chooses_the_theme() {
    let config = "theme = { dark = 'harbor-dark', light = 'harbor-light' }\n";
    for (background, page) in [("ffff/ffff/ffff", "48;2;251;249;244"), ("0000/0000/0000", "48;2;20;24;31")] {
        let foreground = if page.contains("251") { "0000/0000/0000" } else { "ffff/ffff/ffff" };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config).unwrap();
        let path = file.path().to_str().unwrap();
        let mut session = start(&[("COLORTERM", "truecolor"), ("SKILLSCOPE_CONFIG", path)]);
        session.wait("the question", |session| session.bytes().windows(5).any(|code| code == b"\x1b]11;"));
        session.press(&format!("\x1b]10;rgb:{foreground}\x1b\\\x1b]11;rgb:{background}\x1b\\\x1b[?62;22c"));
        session.wait_until_up();
        // The answer was not taken for keys.
        assert!(!session.screen().contains("rgb:"), "{}", session.screen());
        assert!(String::from_utf8_lossy(&session.bytes()).contains(page), "{background}");
        session.press("\x11");
        assert_eq!(session.end(), 0);
    }
}

#[test]
fn what_was_not_turned_on_is_not_turned_off() {
    let mut session = start(&[("SKILLSCOPE_MOUSE", "false")]);
    session.wait_until_up();
    session.press("\x11");
    assert_eq!(session.end(), 0);
    let text = String::from_utf8_lossy(&session.bytes()).into_owned();
    assert!(!text.contains("\x1b[?1000") && !text.contains("\x1b[?1006"));
}

#[test]
fn without_a_terminal_it_says_so_and_writes_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(PROGRAM).env("HOME", home.path()).env("TERM", "xterm").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("not a terminal") && said.contains("search"), "{said}");
    assert!(!said.contains('\x1b'));
}

#[test]
fn a_dumb_terminal_is_told_so_and_gets_no_escape_codes() {
    let mut session = start(&[("TERM", "dumb")]);
    session.wait("the end", |session| session.child.try_wait().unwrap().is_some());
    assert_eq!(session.child.wait().unwrap().exit_code(), 2);
    session.wait_for_text("TERM=dumb");
    assert!(!session.bytes().contains(&0x1b));
}

/// The user's own editor gets the keys and the scratch copy, and the interface comes back with what it saved.
#[test]
fn the_scratch_copy_goes_through_the_users_own_editor() {
    let editor = r#"sh -c 'read -r line; sed -i "s/^description:.*/description: $line/" "$1"' sh"#;
    let mut session = start(&[("EDITOR", editor)]);
    session.wait_until_up();
    session.press("\x1b3");
    session.wait_for_text("Which skill?");
    session.press("pdf-merge\r");
    session.wait_for_text("cannot be saved, only tried");
    session.press("\x1be");
    session.wait("the terminal given back", |session| !session.is_raw());
    // Everything the interface would take for commands; none of it may be lost to it.
    session.press("q1v typed by hand\r");
    session.wait_for_text("q1v typed by hand");
    session.wait("the terminal taken again", |session| session.is_raw());
    session.wait_for_text("scratch copy changed");
    session.press("zebra ");
    session.wait_for_text("zebra q1v typed by hand");
    session.press("\x11");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}
