//! Lint, trust and duplicates of all skills, on a thread of their own: it reads every file again.

use std::fmt;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::library::Library;
use crate::library::marks::Marks;

use super::Event;

/// The marks of a library.
#[derive(Clone)]
pub struct Marked {
    pub library: Arc<Library>,
    pub marks: Arc<Marks>,
}

impl fmt::Debug for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Marked({} skills)", self.library.len())
    }
}

/// The worker's end on the drawing thread.
pub struct Marker {
    jobs: Sender<Arc<Library>>,
}

impl Marker {
    pub fn new(notify: Sender<Event>) -> Self {
        let (jobs, todo) = unbounded();
        let worker = thread::Builder::new().name("library marks".into());
        // Without a thread the columns stay empty, and say so.
        if let Err(error) = worker.spawn(move || work(&todo, &notify)) {
            tracing::error!(%error, "no thread for the library's marks");
        }
        Marker { jobs }
    }

    pub fn ask(&self, library: Arc<Library>) {
        // The worker ends only when this end does.
        let _ = self.jobs.send(library);
    }
}

fn work(todo: &Receiver<Arc<Library>>, notify: &Sender<Event>) {
    while let Ok(first) = todo.recv() {
        let library = todo.try_iter().last().unwrap_or(first);
        // A newer library waits: nobody wants to know about this one any more.
        let Some(marks) = Marks::of(&library, &|| !todo.is_empty()) else { continue };
        if notify.send(Event::Marked(Marked { library, marks: Arc::new(marks) })).is_err() {
            return;
        }
    }
}
