//! The one guard of the terminal (design invariant 10), and the only place that writes escape codes.
//!
//! What was turned on is recorded as it is turned on, and exactly that is undone, last first: mouse and paste reports
//! off while still raw, pending input thrown away (or the shell would get mouse reports as commands), the alternate
//! screen left, raw mode off, the cursor shown, and only then may anyone print. Undoing happens from `Drop`, from the
//! panic hook and from the signal thread; whoever comes first does it, because the record is taken out as it is undone.
//!
//! The record is a static: a panic hook and a signal thread cannot borrow the guard.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Stdout, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::{Print, force_color_output};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// Button and wheel reports (1000), drags (1002), in the SGR encoding that has no column limit (1006). Not 1003, every
/// movement of the mouse: nothing hovers here, and a slow link would carry a report for every cell crossed.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// How long the terminal may take to name its background. Local ones answer within a few milliseconds; a link so slow
/// that it needs more should not delay the first screen.
const PROBE: Duration = Duration::from_millis(150);

#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    #[error(
        "standard output is not a terminal, so there is nothing to draw on; use a subcommand such as `skillscope \
         search \"REQUEST\" --json`, or see `skillscope --help`"
    )]
    NotATerminal,
    #[error("TERM=dumb cannot show a full screen; use a subcommand such as `skillscope search \"REQUEST\"`")]
    Dumb,
    #[error("the terminal cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// Something that was turned on and has to be undone.
#[derive(Debug)]
enum Mode {
    /// Standard error goes elsewhere; here is where it went before.
    Stderr(OwnedFd),
    Cursor,
    Raw,
    AlternateScreen,
    Paste,
    Mouse,
}

/// What is turned on now, in the order in which it was.
static MODES: Mutex<Vec<Mode>> = Mutex::new(Vec::new());

/// A synchronized update has begun: its end has to be written before anything else can be seen.
static IN_FRAME: AtomicBool = AtomicBool::new(false);

/// Undoes everything that is turned on. May be called from any thread, at any time, any number of times.
pub fn restore() {
    // A thread that panicked while it held the record left it in order: every change is one push or pop.
    let mut modes = MODES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut out = io::stdout();
    if IN_FRAME.swap(false, Ordering::SeqCst) {
        let _ = queue!(out, EndSynchronizedUpdate);
    }
    while let Some(mode) = modes.pop() {
        // Each step is tried whatever became of the others: half a terminal is better than none.
        let _ = undo(mode, &mut out);
    }
    let _ = out.flush();
}

/// Whether the guard has the terminal.
pub fn is_active() -> bool {
    !MODES.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).is_empty()
}

fn undo(mode: Mode, out: &mut Stdout) -> io::Result<()> {
    match mode {
        Mode::Mouse => execute!(out, Print(MOUSE_OFF)),
        Mode::Paste => execute!(out, DisableBracketedPaste),
        Mode::AlternateScreen => {
            drain();
            execute!(out, LeaveAlternateScreen)
        }
        Mode::Raw => disable_raw_mode(),
        Mode::Cursor => execute!(out, cursor::Show),
        Mode::Stderr(before) => {
            // SAFETY: both descriptors are open; `dup2` takes no ownership.
            unsafe { libc::dup2(before.as_raw_fd(), libc::STDERR_FILENO) };
            Ok(())
        }
    }
}

/// Throws away input that nobody read: mouse reports and late answers of the terminal.
fn drain() {
    // SAFETY: flushing the input queue of a terminal has no memory effects; standard output is one, see `check`.
    unsafe { libc::tcflush(libc::STDOUT_FILENO, libc::TCIFLUSH) };
}

/// What the guard turns on.
#[derive(Debug, Clone, Default)]
pub struct TerminalOptions {
    pub mouse: bool,
    /// Where standard error goes while the screen is up, since whatever is written to it would be drawn over: the log,
    /// or nowhere. Only if it is a terminal.
    pub stderr: Option<std::path::PathBuf>,
}

/// Holds the terminal; dropping it gives the terminal back.
#[derive(Debug)]
pub struct Guard {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    options: TerminalOptions,
}

impl Guard {
    /// Says in a sentence why there is no terminal to take, before anything is written to it.
    pub fn check(env: &dyn Fn(&str) -> Option<String>) -> Result<(), TerminalError> {
        if !io::stdout().is_terminal() {
            return Err(TerminalError::NotATerminal);
        }
        if env("TERM").is_some_and(|term| term == "dumb") {
            return Err(TerminalError::Dumb);
        }
        Ok(())
    }

    /// Takes the terminal. On an error everything is undone again.
    pub fn enter(options: TerminalOptions) -> Result<Self, TerminalError> {
        // Colours are decided by the theme; crossterm's own NO_COLOR would also erase bold and reversed.
        force_color_output(true);
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let mut guard = Guard { terminal, options };
        guard.turn_on().inspect_err(|_| restore())?;
        Ok(guard)
    }

    fn turn_on(&mut self) -> io::Result<()> {
        let mut modes = MODES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut out = io::stdout();
        // Recorded first: a mode that is only half on still has to be turned off.
        if io::stderr().is_terminal() {
            modes.extend(divert_stderr(self.options.stderr.as_deref()).map(Mode::Stderr));
        }
        modes.push(Mode::Cursor);
        modes.push(Mode::Raw);
        enable_raw_mode()?;
        modes.push(Mode::AlternateScreen);
        execute!(out, EnterAlternateScreen, cursor::Hide)?;
        modes.push(Mode::Paste);
        execute!(out, EnableBracketedPaste)?;
        if self.options.mouse {
            modes.push(Mode::Mouse);
            execute!(out, Print(MOUSE_ON))?;
        }
        Ok(())
    }

    /// Turns mouse reports on or off; off lets the terminal select text.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        let mut modes = MODES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        self.options.mouse = on;
        modes.retain(|mode| !matches!(mode, Mode::Mouse));
        if on {
            modes.push(Mode::Mouse);
        }
        execute!(io::stdout(), Print(if on { MOUSE_ON } else { MOUSE_OFF }))
    }

    /// Gives the terminal back for a while.
    pub fn leave(&mut self) {
        restore();
    }

    /// Takes the terminal again, whatever state it is in, and forgets what was on the screen.
    pub fn take_again(&mut self) -> io::Result<()> {
        // Someone else may have set the terminal while we were stopped, which crossterm's idea of it does not know.
        restore();
        self.turn_on().inspect_err(|_| restore())?;
        // Not `Terminal::clear`: it asks the terminal where the cursor is, and the input thread would take the answer.
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        execute!(io::stdout(), Clear(ClearType::All))
    }

    /// One frame, shown at once or not at all.
    pub fn draw(&mut self, render: impl FnOnce(&mut ratatui::Frame)) -> io::Result<()> {
        let _frame = SyncedFrame::begin()?;
        self.terminal.draw(render).map(drop)
    }

    /// Sends text to the terminal's clipboard (OSC 52), which also works over ssh.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        crossterm::terminal::size()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// A synchronized update that ends on every way out, a panic in drawing included.
struct SyncedFrame;

impl SyncedFrame {
    fn begin() -> io::Result<Self> {
        IN_FRAME.store(true, Ordering::SeqCst);
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        Ok(SyncedFrame)
    }
}

impl Drop for SyncedFrame {
    fn drop(&mut self) {
        // Not if `restore` has ended it: the screen is no longer ours.
        if IN_FRAME.swap(false, Ordering::SeqCst) {
            let _ = execute!(io::stdout(), EndSynchronizedUpdate);
        }
    }
}

/// Points standard error at `log`, or at nothing, and returns where it went before.
fn divert_stderr(log: Option<&std::path::Path>) -> Option<OwnedFd> {
    let open = |path: &std::path::Path| OpenOptions::new().append(true).create(true).open(path);
    let target = log.and_then(|path| open(path).ok()).or_else(|| open("/dev/null".as_ref()).ok())?;
    // SAFETY: `dup` gives a new descriptor that nobody else owns, or -1, which is checked.
    let before = unsafe {
        let copy = libc::dup(libc::STDERR_FILENO);
        (copy >= 0).then(|| OwnedFd::from_raw_fd(copy))
    }?;
    // SAFETY: both descriptors are open; `dup2` takes no ownership.
    (unsafe { libc::dup2(target.as_raw_fd(), libc::STDERR_FILENO) } >= 0).then_some(before)
}

/// Whether the background is light, if the terminal says so in time. Before anything else reads input: the answer
/// comes on standard input.
pub fn probe_light() -> Option<bool> {
    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = PROBE;
    match terminal_colorsaurus::theme_mode(options) {
        Ok(mode) => Some(mode == terminal_colorsaurus::ThemeMode::Light),
        Err(error) => {
            tracing::debug!(%error, "the terminal did not say its background");
            None
        }
    }
}

/// Installs the panic hook: a panic of this thread gives the terminal back and is then reported as before; a panic of
/// another thread must not touch the terminal, because this one goes on drawing, so it goes to the log and to `told`.
pub fn install_panic_hook(told: impl Fn(String) + Send + Sync + 'static) {
    let main = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == main || !is_active() {
            restore();
            before(info);
            return;
        }
        let thread = std::thread::current().name().unwrap_or("unnamed").to_string();
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let payload = info.payload();
        let reason = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        let reason = reason.unwrap_or("no message").to_string();
        tracing::error!(thread, place, reason, backtrace = %std::backtrace::Backtrace::force_capture(), "panic");
        told(format!("an internal error stopped some work in \"{thread}\" ({reason}); the log has the details"));
    }));
}
