//! What changes the draft, and where it goes: typing, the user's own editor, copying, saving.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::engine::{AuthorRequest, Request};
use crate::library::Text;
use crate::library::edit::read_back;
use crate::search::Draft;
use crate::tui::session::{Outbox, Session};

use super::bench::Bench;
use super::{Author, Focus, Rest, Side};

/// Longest probe that can be typed or pasted here.
const LONGEST_PROBE: usize = 8 * 1024;

impl Author {
    pub(super) fn copy(&mut self, out: &mut Outbox) {
        let Some(bench) = &self.bench else { return };
        out.copy = match self.side {
            Side::Probes => Some(exported(bench)),
            Side::Advice => bench.advice.get(self.selected).map(|row| Text::line(&row.what).shown().to_owned()),
            Side::Neighbours => None,
            Side::Diff => bench.diff.as_ref().map(|diff| diff.lines.join("\n") + "\n"),
        };
    }

    /// First the diff, then, while it is what is shown, the file.
    pub(super) fn save(&mut self, session: &Session, out: &mut Outbox) {
        let Some(bench) = &self.bench else { return };
        let base = match &bench.base {
            Ok(base) => base.clone(),
            Err(reason) => {
                out.status = Some(reason.clone());
                return;
            }
        };
        match bench.diff.as_ref().filter(|diff| self.side == Side::Diff && diff.of == bench.draft_id) {
            Some(diff) if diff.lines.is_empty() => out.status = Some("nothing would change".into()),
            Some(diff) => {
                let text = diff.text.clone();
                out.requests.push(Request::Author(AuthorRequest::Save { base, text }));
            }
            None => {
                self.show(Side::Diff);
                self.rest = Rest::Done;
                self.ask_side(session, out);
                out.status = Some("this would be written: the same key again saves it, copy takes the diff".into());
            }
        }
    }

    pub(super) fn revert(&mut self, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        bench.set(&Draft::of(&bench.library[bench.skill]));
        out.status = Some("the draft is the file's text again".into());
        // The file may be another one than when it was opened.
        let id = bench.id.clone();
        self.reopen(&id, session, out);
    }

    /// What came back from the user's own editor.
    pub fn edited(&mut self, edited: Result<String, String>, session: &Session, out: &mut Outbox) {
        let Some(bench) = &mut self.bench else { return };
        let before = bench.draft();
        match edited.and_then(|text| read_back(&text, &before.name)) {
            Ok([name, description, body]) => {
                bench.set(&Draft { name, description, body });
                if bench.draft() != before {
                    self.changed(session, out);
                }
            }
            Err(reason) => out.status = Some(reason),
        }
    }

    pub(super) fn typed(&mut self, key: KeyEvent, session: &Session, out: &mut Outbox) {
        if self.is_choosing() {
            let mut filter = self.chooser.filter().to_owned();
            if edit_line(&mut filter, key) {
                self.chooser.set_filter(filter);
            }
            return;
        }
        match (self.focus.field(), &mut self.bench) {
            (Some(field), Some(bench)) => {
                if bench.fields[field].key(key) {
                    self.changed(session, out);
                } else if bench.fields[field].is_long() && matches!(key.code, KeyCode::Char(_)) {
                    out.status = Some("this text is too long to edit here; edit the file, it is read again".into());
                }
            }
            (None, _) if self.focus == Focus::Probe && self.entry.len() < LONGEST_PROBE => {
                edit_line(&mut self.entry, key);
            }
            _ => {}
        }
    }

    pub(super) fn pasted(&mut self, text: &str, session: &Session, out: &mut Outbox) {
        if self.is_choosing() {
            let line: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
            return self.chooser.set_filter(format!("{}{}", self.chooser.filter(), Text::line(line)));
        }
        match (self.focus.field(), &mut self.bench) {
            (Some(field), Some(bench)) => {
                if bench.fields[field].paste(text) {
                    self.changed(session, out);
                } else {
                    out.status = Some("this text is too long to edit here".into());
                }
            }
            _ => {
                (self.focus, self.side) = (Focus::Probe, Side::Probes);
                let line = text.lines().collect::<Vec<_>>().join(" ");
                let (kept, _) = crate::tui::widgets::text::bounded(&line, LONGEST_PROBE);
                self.entry.push_str(Text::line(kept).shown());
            }
        }
    }

    /// The draft is another one now.
    pub(super) fn changed(&mut self, session: &Session, out: &mut Outbox) {
        self.rank(session, out);
        if self.side != Side::Probes {
            self.rest = Rest::Moved;
        }
    }
}

/// One key in a field of one line; whether it meant anything.
fn edit_line(line: &mut String, key: KeyEvent) -> bool {
    match (key.code, key.modifiers) {
        (KeyCode::Char(letter), KeyModifiers::NONE | KeyModifiers::SHIFT) => {
            line.push_str(Text::line(letter.encode_utf8(&mut [0; 4])).shown());
        }
        (KeyCode::Char('u'), KeyModifiers::CONTROL) => line.clear(),
        (KeyCode::Char('w'), KeyModifiers::CONTROL) => {
            let end = line.trim_end().rfind(' ').map_or(0, |space| space + 1);
            line.truncate(end);
        }
        (KeyCode::Backspace, _) => {
            line.pop();
        }
        _ => return false,
    }
    true
}

/// The probes as an `eval_queries.json` (agentskills.io; domain.md 2.3).
fn exported(bench: &Bench) -> String {
    let rows = bench
        .rows
        .iter()
        .map(|row| serde_json::json!({ "query": row.probe.request.shown(), "should_trigger": row.probe.should }));
    serde_json::to_string_pretty(&rows.collect::<Vec<_>>()).unwrap_or_default() + "\n"
}
