//! The Library tab in groups, drawn from hand-made ones.

use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};

use skillscope::library::Text;
use skillscope::search::groups::{Basis, Group, Grouping, Groups};
use skillscope::tui::event::Event;
use skillscope::tui::library::{LibraryTab, Listing};

use super::*;

struct Browsed {
    tab: LibraryTab,
    session: Session,
    out: Outbox,
    notified: Receiver<Event>,
}

impl Browsed {
    fn new() -> Self {
        let (notify, notified) = unbounded();
        let (tab, session) = (LibraryTab::new(notify), fixture::session());
        let mut browsed = Browsed { tab, session, out: Outbox::default(), notified };
        let library = browsed.session.library.clone().expect("a library");
        browsed.answer(Response::Library(library));
        browsed.take(|listing| listing.has_marks);
        browsed
    }

    /// What the tab's workers report, up to such a list: the worker makes one of several wishes that wait.
    fn take(&mut self, wanted: impl Fn(&Listing) -> bool) {
        loop {
            match self.notified.recv_timeout(Duration::from_secs(30)).expect("a worker reports") {
                Event::Listing(listing) => {
                    let done = wanted(&listing);
                    self.tab.listed(listing);
                    if done {
                        return;
                    }
                }
                Event::Marked(marked) => self.tab.marked(marked, &self.session),
                other => panic!("{other:?}"),
            }
        }
    }

    fn answer(&mut self, response: Response) {
        self.tab.response(&response, &self.session, &mut self.out);
    }

    fn act(&mut self, actions: &[Action]) -> &mut Self {
        for action in actions {
            self.tab.update(*action, &self.session, &mut self.out);
        }
        self
    }

    /// The keys that lead to a grouping, and an answer: `of` gives each skill its group.
    fn grouped(by: Grouping, basis: Basis, names: &[(&str, &str)], of: impl Fn(usize) -> Option<u32>) -> Self {
        let mut browsed = Browsed::new();
        let presses = 1 + Grouping::ALL.iter().position(|&one| one == by).expect("one of all");
        browsed.act(&vec![Action::CycleGroup; presses]);
        let library = browsed.session.library.clone().expect("a library");
        let of: Vec<Option<u32>> = (0..library.len()).map(of).collect();
        let group = |(at, &(name, about)): (usize, &(&str, &str))| Group {
            name: Text::line(name),
            about: Text::line(about),
            skills: of.iter().filter(|group| **group == Some(at as u32)).count(),
            central: of.iter().position(|group| *group == Some(at as u32)).map(|skill| SkillIx(skill as u32)),
        };
        let groups = names.iter().enumerate().map(group).collect();
        browsed.answer(Response::Grouped(Arc::new(Groups { library, by, basis, groups, of })));
        browsed.take(|listing| listing.groups.is_some());
        browsed
    }

    fn categories() -> Self {
        let basis = Basis::Labels { own: 0, authors: 0, nearest: 24, embedder: Some("builtin".into()) };
        let names = [
            ("Software Engineering", "building, testing, running and securing software"),
            ("Content Creation", "text and media as the final product"),
            ("Information Retrieval", "finding and fetching content that exists already"),
        ];
        Browsed::grouped(Grouping::Category, basis, &names, |skill| Some([0, 0, 1, 0, 2][skill % 5]))
    }

    /// Two skills have no vector yet.
    fn clusters() -> Self {
        let basis = Basis::Clusters { k: 2, embedder: Some("builtin".into()) };
        let names = [
            ("helm, cluster, deploy", "telling words: helm, cluster"),
            ("notes, meeting, slides", "telling words: notes"),
        ];
        Browsed::grouped(Grouping::Cluster, basis, &names, |skill| (skill < 22).then_some((skill % 2) as u32))
    }

    fn draw(&self, (width, height): (u16, u16), theme: &Theme) -> Buffer {
        draw((width, height), |frame| self.tab.draw(frame, frame.area(), &self.session, theme))
    }

    fn screen(&self, size: (u16, u16)) -> String {
        plain(&self.draw(size, &theme("mono")))
    }
}

#[test]
fn library_groups_at_every_size() {
    for size in SIZES {
        snapshot("library-groups", size, &Browsed::categories().screen(size));
        // The second group, opened.
        let opened = Browsed::categories().act(&[Action::Down, Action::OpenGroup]).screen(size);
        snapshot("library-group-open", size, &opened);
        snapshot("library-clusters", size, &Browsed::clusters().act(&[Action::Open]).screen(size));
    }
}

#[test]
fn library_groups_have_their_styles_in_colour_and_without() {
    for name in ["terminal-dark", "beacon-light", "mono"] {
        let buffer = Browsed::categories().act(&[Action::Down, Action::Open]).draw((80, 24), &theme(name));
        snapshot(&format!("library-groups-styles-{name}"), (80, 24), &format!("{buffer:#?}"));
    }
}

#[test]
fn groups_in_ascii_are_ascii() {
    let mut browsed = Browsed::clusters();
    browsed.session.ascii = true;
    let screen = browsed.act(&[Action::Open]).screen((120, 40));
    let chrome = screen.lines().filter(|line| !line.contains("日"));
    assert!(chrome.clone().all(|line| line.chars().all(|c| c.is_ascii() || c == '⟦' || c == '⟧')), "{screen}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_size_breaks_the_groups(width in 1u16..220, height in 1u16..70, down in 0usize..30) {
        let theme = theme("mono");
        let mut browsed = Browsed::clusters();
        browsed.draw((width, height), &theme);
        browsed.act(&[Action::Open]).act(&vec![Action::Down; down]);
        browsed.draw((width, height), &theme);
        browsed.act(&[Action::CloseGroup, Action::CloseGroup, Action::Last]);
        browsed.draw((width, height), &theme);
    }
}
