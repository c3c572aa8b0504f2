// The Author tab, drawn from hand-made answers.

use std::sync::Arc;

use skillscope::engine::{AuthorEvent, AuthorRequest, Opened, Probe, Request, Response, Standing};
use skillscope::index::Scored;
use skillscope::library::{SkillIx, Text};
use skillscope::search::collisions::Collision;
use skillscope::search::what_if::advice::{Lens, Measured, Reach};
use skillscope::search::what_if::coexistence::Neighbour;
use skillscope::search::{Draft, QueryId, Ranking, Stage1};
use skillscope::tui::author::Author;

use super::*;

struct Authored {
    tab: Author,
    session: Session,
    out: Outbox,
}

fn ranking(stage1: Option<usize>, last: Option<usize>, mine: SkillIx) -> Ranking {
    let list = |rank: Option<usize>| {
        let mut list: Vec<SkillIx> = (0..20).map(SkillIx).filter(|&skill| skill != mine).collect();
        if let Some(rank) = rank {
            list.insert(rank - 1, mine);
        }
        list.truncate(20);
        list
    };
    Ranking {
        ran: Stage1::Fused,
        rank: stage1,
        lexical: stage1.map(|rank| rank + 1),
        dense: Some(stage1.unwrap_or(500)),
        cosine: Some(0.4321),
        shortlist: list(stage1.filter(|&rank| rank <= 20))
            .into_iter()
            .enumerate()
            .map(|(at, skill)| Scored { skill, score: 1.0 - at as f32 / 20.0 })
            .collect(),
        reranked: Some(list(last)),
    }
}

impl Authored {
    fn new() -> Self {
        let mut authored = Authored { tab: Author::new(), session: fixture::session(), out: Outbox::default() };
        let library = authored.session.library.clone().expect("a library");
        authored.answer(Response::Library(library));
        authored
    }

    fn answer(&mut self, response: Response) {
        self.tab.response(&response, &self.session, &mut self.out);
    }

    fn tell(&mut self, event: AuthorEvent) {
        self.answer(Response::Author(event));
    }

    fn act(&mut self, actions: &[Action]) -> &mut Self {
        for action in actions {
            self.tab.update(*action, &self.session, &mut self.out);
        }
        self
    }

    fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            self.tab.key(key, &self.session, &mut self.out);
        }
    }

    /// The id of the draft that was asked about last.
    fn draft(&self) -> QueryId {
        let asked = self.out.requests.iter().rev().find_map(|request| match request {
            Request::Author(request) => request.drafted().map(|drafted| drafted.id),
            _ => None,
        });
        asked.expect("something was asked")
    }

    /// The skill with a hidden character on the bench, three probes of which one fails, edited and ranked.
    fn ranked() -> Self {
        let mut authored = Authored::new();
        let library = authored.session.library.clone().expect("a library");
        let mine = SkillIx(4);
        let probe = |request: &str, should| Probe { request: Text::block(request), should };
        let probes = vec![
            probe("write up yesterday's outage for the team", true),
            probe("who is to blame for the outage", false),
            probe("post\u{202e}mortem", true),
            probe("日本語の文書を校正する", false),
        ];
        authored.tell(AuthorEvent::Opened(Arc::new(Opened {
            library: library.clone(),
            skill: mine,
            base: Err(skillscope::library::edit::EditError::NotAFile { path: "pool.jsonl:5".into() }),
            probes,
            problems: Vec::new(),
        })));
        authored.type_text("Postmortems, outage reviews. ");
        let id = authored.draft();
        let rows = [
            ((Some(12), Some(9)), (Some(3), Some(1))),
            ((Some(2), Some(2)), (Some(2), Some(5))),
            ((None, None), (Some(25), None)),
        ];
        for (probe, ((rank, last), (now_rank, now_last))) in rows.into_iter().enumerate() {
            let standing = Standing { before: ranking(rank, last, mine), now: ranking(now_rank, now_last, mine) };
            let (library, standing) = (library.clone(), Arc::new(standing));
            authored.tell(AuthorEvent::Ranked { id, probe, library, skill: mine, standing });
        }
        authored.act(&[Action::Back]);
        authored
    }

    /// Time passes until the side was asked for.
    fn rest(&mut self) {
        let mut now = Instant::now();
        while let Some(due) = self.tab.tick(now, &self.session, &mut self.out) {
            now = due;
        }
    }

    fn advised() -> Self {
        let mut authored = Authored::ranked();
        authored.act(&[Action::CycleResults]);
        authored.rest();
        let id = authored.draft();
        let asked = authored.out.requests.iter().rev().find_map(|request| match request {
            Request::Author(AuthorRequest::Advise { request, .. }) => Some(request.clone()),
            _ => None,
        });
        let request = asked.expect("advice was asked for");
        let reach = vec![
            Reach { stage: "embedder", read: 1_203, of: 5_400 },
            Reach { stage: "reranker", read: 5_400, of: 5_400 },
        ];
        authored.tell(AuthorEvent::Reach { id, request: request.clone(), reach });
        let mine = SkillIx(4);
        let rows = [
            (Lens::Fields, "name + description + body", Some(3), Some(1), false),
            (Lens::Fields, "body only", None, None, false),
            (Lens::Truncation, "body cut after 250 of 5400 characters", Some(9), Some(4), false),
            (
                Lens::BodyWords,
                "words only in the body, added to the description: yesterday team",
                Some(1),
                Some(1),
                true,
            ),
        ];
        for (at, (lens, what, stage1, last, keeps)) in rows.into_iter().enumerate() {
            let row = Measured {
                lens,
                what: what.into(),
                ranking: ranking(stage1, last, mine),
                draft: keeps.then(Draft::default),
            };
            authored.tell(AuthorEvent::Advice { id, request: request.clone(), at, row: Arc::new(row) });
        }
        authored
    }

    fn compared() -> Self {
        let mut authored = Authored::ranked();
        authored.act(&[Action::CycleResults, Action::CycleResults]);
        authored.rest();
        let id = authored.draft();
        let library = authored.session.library.clone().expect("a library");
        let row = |other, same_name, jaccard, cosine| Collision {
            skill: SkillIx(4),
            other: SkillIx(other),
            same_name,
            copy: false,
            jaccard,
            cosine: Some(cosine),
        };
        let rows = vec![row(9, true, 0.02, 0.31), row(6, false, 0.71, 0.95), row(8, false, 0.1, 0.6)];
        let near =
            |skill, with, drafted, without| Neighbour { skill: SkillIx(skill), cosine: 0.6, with, drafted, without };
        let neighbours = vec![near(6, Some(1), Some(2), Some(1)), near(8, Some(1), Some(1), Some(1))];
        authored.tell(AuthorEvent::Collisions { id, library, rows: Arc::new(rows), neighbours: Arc::new(neighbours) });
        authored
    }

    fn draw(&self, (width, height): (u16, u16), theme: &Theme) -> Buffer {
        draw((width, height), |frame| self.tab.draw(frame, frame.area(), &self.session, theme))
    }

    fn screen(&self, size: (u16, u16)) -> String {
        plain(&self.draw(size, &theme("mono")))
    }
}

#[test]
fn author_at_every_size() {
    for size in SIZES {
        snapshot("author-chooser", size, &Authored::new().screen(size));
        snapshot("author-probes", size, &Authored::ranked().screen(size));
        snapshot("author-editing", size, &Authored::ranked().act(&[Action::FocusPrevious]).screen(size));
        snapshot("author-advice", size, &Authored::advised().screen(size));
        snapshot("author-neighbours", size, &Authored::compared().screen(size));
    }
}

#[test]
fn author_has_its_styles_in_colour_and_without() {
    for name in ["terminal-dark", "beacon-light", "mono"] {
        let buffer = Authored::ranked().draw((120, 40), &theme(name));
        snapshot(&format!("author-styles-{name}"), (120, 40), &format!("{buffer:#?}"));
    }
}

#[test]
fn an_answer_about_an_older_draft_is_dropped() {
    let mut authored = Authored::ranked();
    let (old, before) = (authored.draft(), authored.screen((120, 40)));
    authored.act(&[Action::FocusNext]);
    authored.type_text("x");
    let library = authored.session.library.clone().expect("a library");
    let standing =
        Standing { before: ranking(Some(7), Some(7), SkillIx(4)), now: ranking(Some(7), Some(7), SkillIx(4)) };
    authored.tell(AuthorEvent::Ranked { id: old, probe: 0, library, skill: SkillIx(4), standing: Arc::new(standing) });
    let row = |screen: &str| {
        let line = screen.lines().find(|line| line.contains("write up")).map(|line| line.chars().skip(60));
        line.map(Iterator::collect::<String>)
    };
    assert_eq!(row(&authored.screen((120, 40))), row(&before));
}

#[test]
fn hostile_text_is_shown_harmless_and_ascii_is_ascii() {
    let mut authored = Authored::advised();
    authored.session.ascii = true;
    let screen = authored.screen((200, 60));
    assert!(!screen.contains('\u{202e}'));
    let chrome = screen.lines().filter(|line| !line.contains("日"));
    assert!(chrome.clone().all(|line| line.chars().all(|c| c.is_ascii() || c == '⟦' || c == '⟧')), "{screen}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_size_breaks_the_author_tab(width in 1u16..220, height in 1u16..70, focus in 0usize..5, side in 0usize..5) {
        let theme = theme("mono");
        Authored::new().draw((width, height), &theme);
        for mut authored in [Authored::ranked(), Authored::advised(), Authored::compared()] {
            authored.act(&vec![Action::FocusNext; focus]).act(&vec![Action::CycleResults; side]);
            authored.draw((width, height), &theme);
            authored.act(&[Action::PageDown, Action::Last, Action::AddProbe]);
            authored.draw((width, height), &theme);
        }
    }
}
