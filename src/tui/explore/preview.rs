//! The text of a skill as a person reads it: plain at once, highlighted when the worker is done.
//!
//! syntect only finds out what a piece of text *is*; looks come from the theme. So there is no second theme to match,
//! no background to fight, and the colourless theme needs nothing of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use syntect::parsing::{ParseState, ScopeStack, SyntaxSet};

use crate::library::{ContentHash, Library, Skill, SkillIx, Text};
use crate::tui::widgets::text::bounded;
use crate::tui::widgets::{Ink, RunText, thousands};

/// What of a body is shown: wrapping is linear, and 256 KiB wrap in about 2 ms. The 99th percentile of real bodies is
/// about 30 KB (domain.md, finding 10).
pub const SHOWN_BYTES: usize = 256 * 1024;
/// Lines that are highlighted; 575 lines take a third of a second (tui.md, c).
const HIGHLIGHTED_LINES: usize = 2_000;
/// Longer lines stay plain: regular expressions are not linear in them (yazi uses the same bound).
const LONGEST_LINE: usize = 5_000;
/// Highlighting stops here and the rest stays plain.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Inks of the head of a body: end of each run in bytes.
pub type Inks = Arc<[(usize, Ink)]>;

/// A highlighted body, as the worker hands it back.
#[derive(Debug, Clone)]
pub struct PreviewReady {
    pub hash: ContentHash,
    pub inks: Inks,
}

struct Job {
    number: u64,
    hash: ContentHash,
    body: Text,
}

/// One thread that highlights the newest body it was given.
pub struct Worker {
    jobs: Option<Sender<Job>>,
    newest: Arc<AtomicU64>,
}

impl Worker {
    /// Without a thread there are only plain previews.
    pub fn start(notify: Box<dyn Fn(PreviewReady) + Send>) -> Self {
        let (jobs, received) = unbounded();
        let newest = Arc::new(AtomicU64::new(0));
        let seen = newest.clone();
        let thread = std::thread::Builder::new().name("preview".into()).spawn(move || work(&received, &seen, &*notify));
        Worker { jobs: thread.is_ok().then_some(jobs), newest }
    }

    /// Drops what is under way and starts this one.
    pub fn highlight(&self, skill: &Skill) {
        let number = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(jobs) = &self.jobs {
            // A dead worker means plain previews, nothing worse.
            let _ = jobs.send(Job { number, hash: skill.hash, body: skill.body.clone() });
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.newest.store(u64::MAX, Ordering::Relaxed);
    }
}

fn work(jobs: &Receiver<Job>, newest: &AtomicU64, notify: &dyn Fn(PreviewReady)) {
    let syntaxes = two_face::syntax::extra_newlines();
    while let Ok(job) = jobs.recv() {
        let stale = || newest.load(Ordering::Relaxed) != job.number;
        // A regular expression of some syntax may panic on hostile text; that body stays plain.
        let highlighted = std::panic::catch_unwind(|| highlight(job.body.shown(), &syntaxes, &stale));
        if let Ok(Some(inks)) = highlighted {
            notify(PreviewReady { hash: job.hash, inks });
        }
    }
}

/// `None` if it became stale.
fn highlight(body: &str, syntaxes: &SyntaxSet, stale: &dyn Fn() -> bool) -> Option<Inks> {
    let (body, _) = bounded(body, SHOWN_BYTES);
    let syntax = syntaxes.find_syntax_by_extension("md").unwrap_or_else(|| syntaxes.find_syntax_plain_text());
    let (mut state, mut scopes) = (ParseState::new(syntax), ScopeStack::new());
    let (mut runs, mut end) = (Vec::new(), 0);
    let started = Instant::now();
    for line in body.split_inclusive('\n').take(HIGHLIGHTED_LINES) {
        if stale() {
            return None;
        }
        if started.elapsed() > TIME_LIMIT {
            break;
        }
        let operations = match line.len() > LONGEST_LINE {
            true => Vec::new(),
            false => state.parse_line(line, syntaxes).unwrap_or_default(),
        };
        let mut at = 0;
        for (next, operation) in operations {
            push(&mut runs, end + next, at < next, ink_of(&scopes));
            at = next;
            if scopes.apply(&operation).is_err() {
                return Some(runs.into());
            }
        }
        push(&mut runs, end + line.len(), at < line.len(), ink_of(&scopes));
        end += line.len();
    }
    Some(runs.into())
}

fn push(runs: &mut Vec<(usize, Ink)>, end: usize, some: bool, ink: Ink) {
    match runs.last_mut() {
        _ if !some => {}
        Some((last, before)) if *before == ink => *last = end,
        _ => runs.push((end, ink)),
    }
}

/// TextMate scopes by their beginning; the innermost that is listed wins.
const SCOPES: [(&str, Ink); 20] = [
    ("markup.heading", Ink::Heading),
    ("entity.name.section", Ink::Heading),
    ("markup.bold", Ink::Strong),
    ("markup.italic", Ink::Emphasis),
    ("markup.raw.inline", Ink::Code),
    ("markup.underline.link", Ink::Link),
    ("markup.quote", Ink::Muted),
    ("punctuation.definition.list_item", Ink::Mark),
    ("punctuation.definition.raw", Ink::Muted),
    ("punctuation.section.block", Ink::Muted),
    ("comment", Ink::Muted),
    ("string", Ink::Code),
    ("constant", Ink::Code),
    ("keyword", Ink::Keyword),
    ("storage", Ink::Keyword),
    ("entity.name.function", Ink::Strong),
    ("entity.name.tag", Ink::Keyword),
    ("meta.separator", Ink::Muted),
    ("meta.link.reference", Ink::Link),
    ("text.html.markdown", Ink::Plain),
];

fn ink_of(scopes: &ScopeStack) -> Ink {
    thread_local! {
        // Scopes compare as two numbers once they are parsed.
        static TABLE: Vec<(syntect::parsing::Scope, Ink)> = SCOPES
            .iter()
            .filter_map(|(name, ink)| Some((syntect::parsing::Scope::new(name).ok()?, *ink)))
            .collect();
    }
    TABLE.with(|table| {
        let listed = |scope| table.iter().find(|(prefix, _)| prefix.is_prefix_of(scope)).map(|(_, ink)| *ink);
        scopes.as_slice().iter().rev().find_map(|scope| listed(*scope)).unwrap_or(Ink::Plain)
    })
}

/// The whole preview: what the front matter says, then the body with the inks there are.
pub fn compose(library: &Library, skill: SkillIx, inks: Option<&Inks>) -> RunText {
    let mut text = RunText::default();
    head(&mut text, library, skill);
    let (body, cut) = bounded(library[skill].body.shown(), SHOWN_BYTES);
    let mut at = 0;
    for &(end, ink) in inks.into_iter().flat_map(|inks| inks.iter()) {
        if let Some(part) = body.get(at..end) {
            text.push(part, ink);
            at = end;
        }
    }
    text.push(&body[at..], Ink::Plain);
    if body.is_empty() {
        text.push("(no body)", Ink::Muted);
    }
    if cut > 0 {
        text.push(&format!("\n({} more bytes are not shown here)", thousands(cut)), Ink::Warning);
    }
    text
}

fn head(text: &mut RunText, library: &Library, skill: SkillIx) {
    let own = &library[skill];
    text.push(own.name.shown(), Ink::Heading);
    text.push("\n", Ink::Plain);
    for badge in badges(library, skill) {
        text.push(&badge, Ink::Badge);
        text.push("\n", Ink::Plain);
    }
    text.push(bounded(own.description.shown(), SHOWN_BYTES).0, Ink::Plain);
    text.push("\n", Ink::Plain);
    for (key, value) in &own.extra {
        text.push(&format!("{key}: "), Ink::Muted);
        text.push(&format!("{value}\n"), Ink::Plain);
    }
    let line = own.origin.line.map_or(String::new(), |line| format!(":{line}"));
    text.push(&format!("{}{line}\n", own.origin.shown), Ink::Muted);
    for note in &own.notes {
        text.push(&format!("{note}\n"), Ink::Warning);
    }
    text.push("\n", Ink::Plain);
}

/// What a person should know before trusting a row, in words.
pub fn badges(library: &Library, skill: SkillIx) -> Vec<String> {
    let others = |count: u32| if count == 2 { "1 other skill".into() } else { format!("{} other skills", count - 1) };
    let hidden = library[skill].hidden_characters();
    let (copies, namesakes) = (library.copies(skill), library.namesakes(skill));
    let mut badges = Vec::new();
    if hidden > 0 {
        badges.push(format!("hidden characters: {hidden}, made visible below"));
    }
    if copies > 1 {
        badges.push(format!("copy: {} with exactly this content", others(copies)));
    }
    if namesakes > copies {
        badges.push(format!("same name: {} called this", others(namesakes)));
    }
    badges
}

/// The same as letters, for a list row: h(idden), c(opy), n(ame).
pub fn badge_letters(library: &Library, skill: SkillIx) -> String {
    let (copies, namesakes) = (library.copies(skill), library.namesakes(skill));
    let flags = [('h', library[skill].hidden_characters() > 0), ('c', copies > 1), ('n', namesakes > copies)];
    flags.into_iter().filter(|(_, is)| *is).map(|(letter, _)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inked(body: &str) -> RunText {
        let inks = highlight(body, &two_face::syntax::extra_newlines(), &|| false).expect("not stale");
        let mut text = RunText::default();
        let mut at = 0;
        for &(end, ink) in inks.iter() {
            text.push(&body[at..end], ink);
            at = end;
        }
        assert_eq!(text.text(), body, "inks cover the body");
        text
    }

    fn ink_at(text: &RunText, needle: &str) -> Ink {
        let at = text.text().find(needle).expect("needle");
        text.runs(at..at + needle.len()).next().expect("run").1
    }

    #[test]
    fn markdown_and_fenced_code_are_told_apart() {
        let text = inked(
            "# Title\n\nSome *soft* and **hard** `code`.\n\n- item\n\n```python\ndef f(): return 'x'\n```\nend\n",
        );
        for (needle, ink) in [
            ("Title", Ink::Heading),
            ("Some", Ink::Plain),
            ("soft", Ink::Emphasis),
            ("hard", Ink::Strong),
            ("code", Ink::Code),
            ("def", Ink::Keyword),
            ("'x'", Ink::Code),
            ("end", Ink::Plain),
        ] {
            assert_eq!(ink_at(&text, needle), ink, "{needle}");
        }
    }

    #[test]
    fn a_stale_job_gives_nothing_and_a_monster_line_stays_plain() {
        assert!(highlight("# a", &two_face::syntax::extra_newlines(), &|| true).is_none());
        let text = inked(&format!("{}\n# Title\n", "*a".repeat(LONGEST_LINE)));
        assert_eq!(ink_at(&text, "Title"), Ink::Heading);
    }

    #[test]
    fn the_worker_answers_the_newest_job() {
        let (ready, answers) = unbounded();
        let worker = Worker::start(Box::new(move |answer| {
            let _ = ready.send(answer.hash);
        }));
        let library = crate::tui::explore::fixture::library();
        for skill in library.skills() {
            worker.highlight(skill);
        }
        let last = library.skills().last().map(|skill| skill.hash);
        while let Ok(hash) = answers.recv_timeout(Duration::from_secs(20)) {
            if Some(hash) == last {
                return;
            }
        }
        panic!("the newest job was never answered");
    }
}
