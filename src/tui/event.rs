//! Everything that can wake the interface, as one closed set, and the threads that bring it.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use crossterm::event::{Event as Input, KeyEvent, KeyEventKind, MouseEvent};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use crate::engine::Response;

use super::explore::PreviewReady;
use super::library::{Listing, Marked};
use super::terminal;

/// One cause of a change of state.
#[derive(Debug)]
pub enum Event {
    /// Pressed or repeated; releases are dropped where they enter.
    Key(KeyEvent),
    Paste(String),
    Mouse(MouseEvent),
    /// Columns and rows.
    Resize(u16, u16),
    Engine(Response),
    /// The engine's channel is closed: nothing will be answered any more.
    EngineGone,
    /// Explore's preview worker has finished.
    Preview(PreviewReady),
    /// The library tab's worker has filtered and sorted.
    Listing(Listing),
    /// What came back from the user's own editor, or a sentence.
    Edited(Result<String, String>),
    /// The library tab's other worker has looked at all skills.
    Marked(Marked),
    /// A moment that was asked for has come.
    Tick,
    Signal(Signal),
    /// A thread panicked; a sentence.
    Panicked(String),
    /// The terminal can no longer be read; a sentence.
    InputFailed(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Leave, with this number.
    End(i32),
    /// Give the terminal back and stop.
    Stop,
    /// Take the terminal again.
    Continue,
}

impl Signal {
    fn of(number: i32) -> Self {
        match number {
            SIGTSTP => Signal::Stop,
            SIGCONT => Signal::Continue,
            other => Signal::End(other),
        }
    }
}

/// How long the loop has to leave after a signal before the signal thread does it for it. The loop leaves within a
/// frame unless it is stuck.
const PATIENCE: Duration = Duration::from_millis(500);

/// Keeps the input thread, and the signals that belong to whoever has the terminal, away while another program has it.
#[derive(Debug, Clone, Default)]
pub struct Parking(Arc<(Mutex<Parked>, Condvar)>);

#[derive(Debug, Default)]
struct Parked {
    wanted: bool,
    there: bool,
}

/// How long the input thread has to get out of its read.
const PARKING: Duration = Duration::from_secs(2);

impl Parking {
    /// Returns when the terminal is no longer read; false if that did not come about.
    pub fn park(&self) -> bool {
        let (lock, changed) = &*self.0;
        let mut parked = lock.lock().unwrap_or_else(PoisonError::into_inner);
        parked.wanted = true;
        // The one thing that gets a thread out of crossterm's read without a key.
        // SAFETY: sending a signal has no memory effects.
        unsafe { libc::kill(libc::getpid(), libc::SIGWINCH) };
        let wait = changed.wait_timeout_while(parked, PARKING, |parked| !parked.there);
        let mut parked = wait.unwrap_or_else(PoisonError::into_inner).0;
        parked.wanted = parked.there;
        parked.there
    }

    pub fn release(&self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).wanted = false;
        self.0.1.notify_all();
    }

    fn is_wanted(&self) -> bool {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).wanted
    }

    /// Where the input thread stays while it is parked.
    fn stay(&self) {
        let (lock, changed) = &*self.0;
        let mut parked = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if parked.wanted {
            parked.there = true;
            changed.notify_all();
            parked = changed.wait_while(parked, |parked| parked.wanted).unwrap_or_else(PoisonError::into_inner);
            parked.there = false;
        }
    }
}

/// Reads the terminal on a thread of its own. The channel is unbounded: a paste of 5,000 characters without bracketed
/// paste is 5,000 events, which the loop takes in one go.
pub fn spawn_input(parking: Parking) -> io::Result<Receiver<Event>> {
    let (send, receive) = unbounded();
    thread::Builder::new().name("input".into()).spawn(move || {
        loop {
            let event = match crossterm::event::read() {
                Ok(input) => translate(input),
                Err(error) => Some(Event::InputFailed(format!("the terminal can no longer be read: {error}"))),
            };
            let last = matches!(event, Some(Event::InputFailed(_)));
            if event.is_some_and(|event| send.send(event).is_err()) || last {
                return;
            }
            parking.stay();
        }
    })?;
    Ok(receive)
}

fn translate(input: Input) -> Option<Event> {
    match input {
        // Windows and the kitty protocol also report releases, which would double every key.
        Input::Key(key) if key.kind == KeyEventKind::Release => None,
        Input::Key(key) => Some(Event::Key(key)),
        Input::Paste(text) => Some(Event::Paste(line_feeds(&text))),
        Input::Mouse(mouse) => Some(Event::Mouse(mouse)),
        Input::Resize(columns, rows) => Some(Event::Resize(columns, rows)),
        Input::FocusGained | Input::FocusLost => None,
    }
}

/// Terminals send pasted line ends as carriage returns, as if Enter had been pressed.
fn line_feeds(pasted: &str) -> String {
    pasted.replace("\r\n", "\n").replace('\r', "\n")
}

/// Turns signals into events. If the loop does not leave after a signal that ends the program, this thread gives the
/// terminal back and leaves.
pub fn spawn_signals(send: Sender<Event>, parking: Parking) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT])?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        for number in signals.forever() {
            // The terminal sends these to the editor too, which knows better what they mean to it.
            if parking.is_wanted() && [SIGINT, SIGQUIT].contains(&number) {
                continue;
            }
            if parking.is_wanted() && number == SIGTSTP {
                // The editor stops itself; with it the shell must see us stopped, or nobody could go on.
                stop(false);
                continue;
            }
            let signal = Signal::of(number);
            let heard = send.send(Event::Signal(signal)).is_ok();
            if let Signal::End(number) = signal {
                if heard {
                    thread::sleep(PATIENCE);
                }
                terminal::restore();
                std::process::exit(exit_code(number));
            }
        }
    })?;
    Ok(())
}

/// The exit status of a program that a signal ended, as shells have it.
pub fn exit_code(signal: i32) -> i32 {
    128 + signal
}

/// Stops this process until SIGCONT; `group` also stops those it was started with (`cargo run`, a wrapper script),
/// which otherwise would sit between us and the shell, waiting.
pub fn stop(group: bool) {
    // SAFETY: sending a signal has no memory effects. SIGSTOP rather than SIGTSTP: the latter is ours to handle.
    unsafe {
        if group {
            libc::kill(0, libc::SIGSTOP);
        } else {
            libc::raise(libc::SIGSTOP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_line_ends_become_line_feeds() {
        for pasted in ["one\rtwo", "one\r\ntwo", "one\ntwo"] {
            let Some(Event::Paste(text)) = translate(Input::Paste(pasted.into())) else { panic!("{pasted:?}") };
            assert_eq!(text, "one\ntwo");
        }
    }
}
