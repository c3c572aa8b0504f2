//! Groups in the list: what is open, and what a reload keeps.

use super::marks::marked;
use super::*;

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
