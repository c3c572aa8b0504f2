//! The Library tab driven by actions, with the worker's real thread.

use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::config::ThemeChoice;
use crate::engine::{Indexing, ModelChoice, ModelState, Request};
use crate::library::{ContentHash, FieldSet, Library, LoadReport, Origin, Root, RootKind, Severity, Text};
use crate::search::Settings;
use crate::search::groups::{Basis, Group, Grouping, Groups};
use crate::tui::theme::{ColorDepth, Themes};

mod groups;
mod marks;

fn skill(id: &str, name: &str, description: &str, body: &str) -> Skill {
    Skill {
        id: Text::line(id),
        name: Text::line(name),
        description: Text::block(description),
        body: Text::block(body),
        extra: vec![(Text::line("license"), Text::line("MIT"))],
        origin: Origin { root: 0, path: "p".into(), shown: Text::line(format!("~/{id}/SKILL.md")), line: None },
        hash: ContentHash::of(name, description, body),
        notes: Vec::new(),
    }
}

fn library(skills: Vec<Skill>, report: Vec<LoadRow>) -> Arc<Library> {
    let root = Root {
        path: "/".into(),
        label: Text::line("~/skills"),
        kind: RootKind::Tree,
        agents: vec!["Claude Code (user)".into()],
        skills: skills.len(),
    };
    Arc::new(Library::new(skills, vec![root], LoadReport { rows: report, seen: 99 }))
}

fn row(severity: Severity, path: &str) -> LoadRow {
    LoadRow { severity, path: Text::line(path), line: Some(7), rule: "no-frontmatter", message: Text::line("why") }
}

struct Rig {
    tab: LibraryTab,
    session: Session,
    notified: Receiver<Event>,
}

impl Rig {
    fn new(library: Arc<Library>) -> Self {
        let (notify, notified) = unbounded();
        let session = Session {
            visiting: false,
            library: None,
            models: ModelState::Loading,
            choice: ModelChoice::default(),
            switching: None,
            indexing: None,
            settings: Settings::default(),
            evaluation: crate::tui::evaluation::Evaluation::default(),
            ascii: false,
        };
        let mut rig = Rig { tab: LibraryTab::new(notify), session, notified };
        rig.load(library);
        rig
    }

    fn load(&mut self, library: Arc<Library>) {
        self.session.library = Some(library.clone());
        self.tab.response(&Response::Library(library), &self.session, &mut Outbox::default());
        self.settle();
    }

    /// Takes listings until the latest wish is met.
    fn settle(&mut self) {
        while self.tab.listing.as_ref().is_none_or(|listing| {
            listing.wish != self.tab.wish || !Arc::ptr_eq(&listing.library, self.session.library.as_ref().unwrap())
        }) {
            match self.notified.recv_timeout(Duration::from_secs(30)).unwrap() {
                Event::Listing(listing) => self.tab.listed(listing),
                Event::Marked(marked) => self.tab.marked(marked, &self.session),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits for lint, trust and duplicates too.
    fn settle_with_marks(&mut self) {
        while !self.tab.listing.as_ref().is_some_and(|listing| listing.has_marks) {
            match self.notified.recv_timeout(Duration::from_secs(30)).unwrap() {
                Event::Listing(listing) => self.tab.listed(listing),
                Event::Marked(marked) => self.tab.marked(marked, &self.session),
                other => panic!("{other:?}"),
            }
        }
    }

    fn act(&mut self, action: Action) -> Outbox {
        let mut out = Outbox::default();
        self.tab.update(action, &self.session, &mut out);
        self.settle();
        out
    }

    fn filter(&mut self, text: &str) {
        self.act(Action::Filter);
        for letter in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            self.tab.key(key, &self.session, &mut Outbox::default());
        }
        self.settle();
    }

    fn listed(&self) -> Vec<&str> {
        let listing = self.tab.listing.as_ref().unwrap();
        listing.rows.iter().map(|&ix| listing.library[ix].id.shown()).collect()
    }

    fn selected(&self) -> &str {
        self.tab.selected_skill().map_or("", |(_, skill)| skill.id.shown())
    }

    fn screen(&self, columns: u16, rows: u16) -> String {
        let (themes, _) = Themes::load(ColorDepth::True, None);
        let (theme, _) = themes.choose(&ThemeChoice::Auto, None);
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| self.tab.draw(frame, frame.area(), &self.session, &theme)).unwrap();
        terminal.backend().to_string()
    }
}

fn small() -> Arc<Library> {
    library(
        vec![
            skill("a/pdf", "PDF Tables", "Extract tables.", "short"),
            skill("b/contract", "contract-audit", "Audit a contract, also as PDF.", &"long ".repeat(100)),
            skill("c/notes", "Zeichnen", "Ümläute und 日本語", "middle middle"),
            skill("d/copy", "PDF Tables", "Extract tables.", "short"),
        ],
        vec![row(Severity::Note, "n"), row(Severity::Skipped, "s"), row(Severity::Limit, "l")],
    )
}

#[test]
fn filter_looks_in_id_name_and_description_in_either_case() {
    let mut rig = Rig::new(small());
    assert_eq!(rig.listed(), ["a/pdf", "b/contract", "c/notes", "d/copy"]);
    rig.filter("pDf");
    assert_eq!(rig.listed(), ["a/pdf", "b/contract", "d/copy"]);
    rig.filter(" audit");
    assert_eq!(rig.listed(), ["b/contract"]);
    assert!(rig.tab.text_input());
    rig.act(Action::Back);
    assert_eq!(rig.listed().len(), 4);
    assert!(!rig.tab.text_input());
    rig.filter("ÜML");
    assert_eq!(rig.listed(), ["c/notes"]);
    rig.filter("nothing like it");
    assert!(rig.screen(80, 24).contains("no skill contains that"));
    assert!(rig.act(Action::Open).explore.is_none());
}

#[test]
fn filtering_agrees_with_the_obvious_slow_way() {
    let words = ["Ab", "aB", "b", "äb", "x", "ba", ""];
    let skills: Vec<Skill> =
        (0..343).map(|n: usize| skill(&n.to_string(), words[n % 7], words[n / 7 % 7], words[n / 49])).collect();
    let library = library(skills, Vec::new());
    for filter in ["ab", "AB", "b x", "ÄB", "9", "", "  "] {
        let listing = Listing::new(library.clone(), None, Wish { filter: filter.into(), sort: Sort::AsLoaded });
        let slow: Vec<SkillIx> = library
            .iter()
            .filter(|(_, skill)| {
                let texts = [&skill.id, &skill.name, &skill.description].map(|text| text.shown().to_lowercase());
                filter.to_lowercase().split_whitespace().all(|word| texts.iter().any(|text| text.contains(word)))
            })
            .map(|(ix, _)| ix)
            .collect();
        assert_eq!(listing.rows, slow, "{filter:?}");
    }
}

#[test]
fn orders_go_round_and_keep_the_selected_skill() {
    let mut rig = Rig::new(small());
    rig.act(Action::Down);
    assert_eq!(rig.selected(), "b/contract");
    rig.act(Action::CycleSort);
    assert_eq!(rig.listed(), ["b/contract", "a/pdf", "d/copy", "c/notes"]);
    rig.act(Action::CycleSort);
    rig.act(Action::CycleSort);
    assert_eq!(rig.listed(), ["b/contract", "c/notes", "a/pdf", "d/copy"]);
    rig.act(Action::CycleSort);
    assert_eq!(rig.listed(), ["a/pdf", "d/copy", "b/contract", "c/notes"]);
    assert_eq!(rig.selected(), "b/contract");
    (0..4).for_each(|_| drop(rig.act(Action::CycleSort)));
    assert_eq!(rig.tab.wish.sort, Sort::AsLoaded);
    assert_eq!(rig.selected(), "b/contract");
}

#[test]
fn a_reload_keeps_the_selected_skill_wherever_it_is_now() {
    let mut rig = Rig::new(small());
    rig.act(Action::Last);
    assert_eq!(rig.selected(), "d/copy");
    rig.load(library(vec![skill("d/copy", "x", "", ""), skill("new", "y", "", "")], Vec::new()));
    assert_eq!(rig.selected(), "d/copy");
    rig.load(library(Vec::new(), Vec::new()));
    assert_eq!(rig.selected(), "");
    assert!(rig.screen(100, 30).contains("no skill was loaded"));
}

#[test]
fn the_report_comes_worst_first_and_says_why() {
    let mut rig = Rig::new(small());
    rig.act(Action::FocusPrevious);
    assert_eq!(rig.tab.focus, Pane::Report);
    assert_eq!(rig.tab.selected_report(&rig.session).unwrap().path.shown(), "s");
    let screen = rig.screen(120, 30);
    for part in
        ["1 not loaded, 1 limit, 1 note", "not loaded: no-frontmatter", "s, line 7", "This is not in the library"]
    {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    // Without room of its own it takes the place of the list.
    assert!(rig.screen(60, 15).contains("Load report"));
    assert_eq!(rig.act(Action::Copy).copy.as_deref(), Some("s"));
}

#[test]
fn marks_are_words_not_colours() {
    let rig = Rig::new(small());
    assert!(rig.screen(200, 30).contains("copies 2, same name 2"));
    let screen = rig.screen(120, 30);
    assert!(screen.contains("2 skills have exactly this content"), "{screen}");
    assert!(screen.contains("license: MIT") && screen.contains("is read by Claude Code (user)"), "{screen}");
}

#[test]
fn enter_tries_the_skills_own_description_in_explore() {
    let mut rig = Rig::new(small());
    rig.act(Action::Down);
    let open = rig.act(Action::Open).explore.unwrap();
    assert_eq!((open.request.as_str(), open.gold), ("Audit a contract, also as PDF.", vec!["b/contract".to_string()]));
    assert_eq!(rig.act(Action::Copy).copy.as_deref(), Some("b/contract"));
}

#[test]
fn pinning_asks_for_the_selected_skill_and_never_for_a_row_of_the_report() {
    let mut rig = Rig::new(small());
    rig.act(Action::Down);
    assert!(rig.tab.available(Action::Pin, &rig.session));
    assert_eq!(rig.act(Action::Pin).pin.as_deref(), Some("b/contract"));
    rig.act(Action::FocusPrevious);
    assert_eq!(rig.tab.focus, Pane::Report);
    assert!(!rig.tab.available(Action::Pin, &rig.session));
    assert_eq!(rig.act(Action::Pin).pin, None);
}

#[test]
fn a_report_without_rows_is_one_quiet_line_that_cannot_be_selected() {
    let mut rig = Rig::new(library(vec![skill("a", "a", "a", "a")], Vec::new()));
    for (columns, rows) in [(80, 21), (120, 37), (200, 57)] {
        let screen = rig.screen(columns, rows);
        assert_eq!(screen.matches("Load report nothing to report").count(), 1, "{screen}");
        let mouse = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: 5,
            row: rows - 1,
            modifiers: KeyModifiers::NONE,
        };
        rig.tab.mouse(mouse, Rect::new(0, 0, columns, rows), &rig.session, &mut Outbox::default());
        assert_eq!(rig.tab.focus, Pane::Skills);
    }
    // With rows but no room for them, the line says how many there are.
    assert!(Rig::new(small()).screen(80, 21).contains("Load report 1 not loaded, 1 limit, 1 note"));
}

#[test]
fn a_click_selects_the_row_it_is_on() {
    let skills = (0..500).map(|n| skill(&format!("id-{n:03}"), &format!("name-{n:03}"), "", "")).collect();
    let mut rig = Rig::new(library(skills, vec![row(Severity::Note, "n")]));
    for presses in [0, 250, 240] {
        (0..presses).for_each(|_| drop(rig.act(Action::Down)));
        let screen = rig.screen(100, 30);
        let (at, line) = screen.lines().enumerate().filter(|(_, line)| line.contains("name-")).nth(4).unwrap();
        let name = &line[line.find("name-").unwrap()..][5..8];
        let mouse = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: 5,
            row: at as u16,
            modifiers: KeyModifiers::NONE,
        };
        rig.tab.mouse(mouse, Rect::new(0, 0, 100, 30), &rig.session, &mut Outbox::default());
        assert_eq!(rig.selected(), format!("id-{name}"));
    }
}

#[test]
fn the_end_of_a_long_body_can_be_reached_and_not_passed() {
    let body = (0..300).map(|n| format!("line {n}\n")).collect::<String>() + "the very end";
    let mut rig = Rig::new(library(vec![skill("a", "a", "a", &body)], Vec::new()));
    rig.act(Action::FocusNext);
    rig.act(Action::Last);
    assert!(rig.screen(80, 24).contains("the very end"));
    rig.act(Action::Up);
    assert!(!rig.screen(80, 24).contains("the very end"));
    // A body of 100 MB is cut, and says so.
    let mut rig = Rig::new(library(vec![skill("a", "a", "a", &"日本 ".repeat(50_000))], Vec::new()));
    rig.act(Action::FocusNext);
    rig.act(Action::Last);
    assert!(rig.screen(80, 24).contains("more bytes are in the file"));
}

#[test]
fn all_sizes_draw_in_all_panes() {
    let mut rig = Rig::new(small());
    for _ in 0..3 {
        for columns in [1, 2, 3, 20, 40, 89, 90, 200] {
            for rows in [1, 2, 3, 4, 10, 23, 24, 60] {
                rig.screen(columns, rows);
            }
        }
        rig.act(Action::FocusNext);
    }
}

/// The interface never waits: with 80,000 skills a frame of 200×60 stays under 5 ms and a key under 1 ms. Both take a
/// fraction of that; drawing every row (55 ms at 100,000) or filtering here would not.
#[test]
fn eighty_thousand_skills_do_not_slow_the_screen() {
    let body = "Some words of a body.\n".repeat(40);
    let skills = (0..80_000).map(|n| {
        skill(&format!("group/skill-{n}"), &format!("skill-{n}"), "Use this skill when there is work.", &body)
    });
    let report = (0..20_000).map(|n| row(Severity::Note, &n.to_string())).collect();
    let mut rig = Rig::new(library(skills.collect(), report));
    let (themes, _) = Themes::load(ColorDepth::True, None);
    let (theme, _) = themes.choose(&ThemeChoice::Auto, None);
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let (mut frames, mut keys) = (Vec::new(), Vec::new());
    for action in [Action::Down, Action::PageDown, Action::Last, Action::PageUp].into_iter().cycle().take(60) {
        rig.tab.update(action, &rig.session, &mut Outbox::default());
        let start = Instant::now();
        terminal.draw(|frame| rig.tab.draw(frame, frame.area(), &rig.session, &theme)).unwrap();
        frames.push(start.elapsed());
        let start = Instant::now();
        rig.tab.paste("w", &rig.session, &mut Outbox::default());
        keys.push(start.elapsed());
    }
    let start = Instant::now();
    Listing::new(rig.session.library.clone().unwrap(), None, Wish { filter: "work there".into(), sort: Sort::Name });
    let listing = start.elapsed();
    frames.sort();
    keys.sort();
    println!(
        "frame p50 {:?} p95 {:?}, key p50 {:?} p95 {:?}, a listing off-thread {listing:?}",
        frames[30], frames[56], keys[30], keys[56]
    );
    // The median: other work on the machine must not fail this.
    assert!(frames[30] < Duration::from_millis(5), "{frames:?}");
    assert!(keys[30] < Duration::from_millis(1), "{keys:?}");
}
