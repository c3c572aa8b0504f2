//! Key scripts: actions and responses in, requests and state out. No terminal, no clock, no engine.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyModifiers};

use super::*;
use crate::engine::{EraseRequest, Request, SearchRequest};
use crate::explain::{Erased, Grain, Lens, Manner};
use crate::library::SkillIx;
use crate::search::{QueryId, Reranking, Shortlist};
use crate::tui::explore::fixture::{attribution, erased, id, library, pair, reranking, retrieval, session, shortlist};
use crate::tui::widgets::Ink;

#[path = "attention_tests.rs"]
mod attention;
#[path = "contrast_tests.rs"]
mod contrast;

/// A tab, what it reads, and all it has asked for.
struct Script {
    tab: Explore,
    session: Session,
    out: Outbox,
    now: Instant,
}

impl Script {
    fn new() -> Self {
        Script { tab: Explore::new(Box::new(|_| ())), session: session(), out: Outbox::default(), now: Instant::now() }
    }

    fn typed(text: &str) -> Self {
        let mut script = Script::new();
        text.chars().for_each(|c| script.key(KeyCode::Char(c)));
        script
    }

    fn key(&mut self, code: KeyCode) {
        self.tab.key(KeyEvent::new(code, KeyModifiers::NONE), &self.session, &mut self.out);
    }

    fn act(&mut self, actions: &[Action]) -> &mut Self {
        for action in actions {
            self.tab.update(*action, &self.session, &mut self.out);
            if let Some(settings) = self.out.settings.take() {
                self.session.settings = settings;
            }
        }
        self
    }

    fn erasures(&self) -> Vec<&EraseRequest> {
        let mut erasures = Vec::new();
        for request in &self.out.requests {
            if let Request::Erase(erase) = request {
                erasures.push(erase);
            }
        }
        erasures
    }

    fn answer(&mut self, response: Response) {
        self.tab.response(&response, &self.session, &mut self.out);
    }

    fn newest(&self) -> QueryId {
        self.tab.results.newest()
    }

    /// Both stages of the newest request, `scored` rows scored.
    fn found(&mut self, scored: usize) -> (Arc<Shortlist>, Arc<Reranking>) {
        let library = self.session.library.clone().expect("a library");
        let list = shortlist(&library, self.newest(), self.session.settings);
        let order = reranking(&list, scored);
        self.answer(Response::Stage1(list.clone()));
        self.answer(Response::Stage2(order.clone()));
        (list, order)
    }

    /// Lets time pass until nothing is due.
    fn rest(&mut self) {
        while let Some(due) = self.tab.tick(self.now, &self.session, &mut self.out) {
            self.now = due;
        }
    }

    fn searches(&self) -> Vec<&SearchRequest> {
        self.out
            .requests
            .iter()
            .filter_map(|request| if let Request::Search(search) = request { Some(search) } else { None })
            .collect()
    }

    fn explained(&self) -> usize {
        self.out.requests.iter().filter(|request| matches!(request, Request::Explain { .. })).count()
    }

    fn selected(&self) -> u32 {
        self.tab.selected().expect("a selection").skill.0
    }
}

#[test]
fn every_change_searches_at_once_and_only_a_change_does() {
    let mut script = Script::typed("ab");
    script.key(KeyCode::Left);
    let asked: Vec<_> = script.searches().iter().map(|search| (search.id.0, search.text.to_string())).collect();
    assert_eq!(asked, [(1, "a".into()), (2, "ab".into())]);
    assert!(script.searches().iter().all(|search| search.rerank_delay == RERANK_DELAY));
}

#[test]
fn a_paste_and_enter_do_not_wait_for_stage_2() {
    let mut script = Script::new();
    script.tab.paste(&"word ".repeat(1000), &script.session, &mut script.out);
    assert_eq!(
        script.searches().last().map(|search| (search.text.len(), search.rerank_delay)),
        Some((5000, Duration::ZERO))
    );

    let mut script = Script::typed("a");
    script.act(&[Action::Open]);
    assert_eq!(script.searches().last().map(|search| (search.id.0, search.rerank_delay)), Some((2, Duration::ZERO)));
    script.found(20);
    script.act(&[Action::FocusQuery, Action::Open]);
    assert_eq!(script.searches().len(), 2, "what is scored is not asked again");
}

#[test]
fn stale_results_are_dropped() {
    let mut script = Script::typed("a");
    let (old, old_order) = script.found(0);
    script.key(KeyCode::Char('b'));
    let (new, _) = script.found(5);
    script.answer(Response::Stage1(old));
    script.answer(Response::Stage2(old_order));
    assert_eq!(script.tab.results.shortlist().map(|list| list.id), Some(new.id));
    assert_eq!(script.tab.results.scored(), Some((5, 20)));
    script.act(&[Action::ClearQuery]);
    script.answer(Response::Stage1(new));
    assert!(script.tab.results.shortlist().is_none(), "nothing is shown for an empty request");
}

#[test]
fn one_selection_is_followed_through_both_columns() {
    let mut script = Script::typed("a");
    script.act(&[Action::Open]);
    let (_, order) = script.found(20);
    assert_eq!(script.selected(), order.rows[0].skill.0, "the best row, until a person chooses");
    script.act(&[Action::Down, Action::Down]);
    assert_eq!(script.selected(), order.rows[2].skill.0);
    let chosen = script.selected();
    script.act(&[Action::FocusPrevious, Action::Down]);
    assert_eq!(script.selected(), chosen + 1, "the shortlist is walked in its own order");
    script.act(&[Action::First]);
    assert_eq!(script.selected(), 0);
}

#[test]
fn a_chosen_skill_stays_selected_while_rows_move() {
    let mut script = Script::typed("a");
    script.act(&[Action::Open]);
    script.found(0);
    script.act(&[Action::Down]);
    let chosen = script.selected();
    let library = script.session.library.clone().expect("a library");
    let list = shortlist(&library, script.newest(), script.session.settings);
    script.answer(Response::Stage2(reranking(&list, 20)));
    assert_eq!(script.selected(), chosen);
    script.act(&[Action::FocusQuery]);
    script.key(KeyCode::Char('b'));
    assert_eq!(script.tab.choice, Choice::Best, "a new request starts at its best row");
}

#[test]
fn mine_is_an_id_that_survives_reloads_and_can_be_selected_outside_the_lists() {
    let mut script = Script::typed("a");
    script.found(20);
    let mine = id(&script.session.library.clone().expect("a library"), 23);
    script.tab.mine = Some(mine.clone());
    script.act(&[Action::Open, Action::Last]);
    assert_eq!(script.selected(), 23);
    script.session.library = Some(library());
    script.answer(Response::Library(library()));
    assert_eq!(script.searches().last().and_then(|search| search.pinned.clone()), Some(mine));
    script.found(20);
    assert_eq!(script.selected(), 23);
    script.act(&[Action::Pin]);
    assert_eq!(script.tab.mine, None);
}

#[test]
fn settings_change_the_search_and_nothing_else() {
    let mut script = Script::typed("a");
    script.act(&[Action::CycleDepth, Action::CycleStage1, Action::ToggleRerank]);
    let last = script.searches().last().map(|search| (search.settings, search.text.to_string()));
    let expected = Settings { depth: 50, stage1: Stage1::Lexical, rerank: false, ..Settings::default() };
    assert_eq!(last, Some((expected, "a".into())));
    assert_eq!(script.session.settings, expected);
}

#[test]
fn attention_is_asked_for_once_when_the_selection_rests_on_a_scored_skill() {
    let mut script = Script::typed("a");
    script.act(&[Action::CycleDetail, Action::Open]);
    script.found(0);
    script.rest();
    assert_eq!(script.explained(), 0, "stage 2 comes first");
    let (list, _) = script.found(20);
    script.act(&[Action::Down, Action::Down]);
    assert_eq!(script.explained(), 0, "nothing is asked while the selection moves");
    script.rest();
    script.rest();
    assert_eq!(script.explained(), 1);
    let (capture, _) = attribution();
    let skill = SkillIx(script.selected());
    let explained = |skill| Response::Explained {
        id: list.id,
        skill,
        library: list.library.clone(),
        capture: capture.clone(),
        beside: None,
    };
    script.answer(explained(SkillIx(99)));
    assert!(script.tab.explained().is_none(), "an answer about another skill");
    script.answer(explained(skill));
    assert!(script.tab.explained().is_some());
    script.act(&[Action::NextBand, Action::NextHead]);
    let lens = script.tab.gaze.lens;
    assert_eq!(script.tab.explained().map(|shown| shown.attribution.heads.clone()), Some(lens.into()));
    assert_ne!(lens, Lens::default());
    script.act(&[Action::Up]);
    assert!(script.tab.explained().is_none(), "another skill's heat is not shown");
}

#[test]
fn an_erasure_is_asked_for_when_the_list_is_done_and_streams_in() {
    let mut script = Script::typed("a");
    script.act(&[Action::CycleDetail, Action::CycleDetail, Action::Open]);
    script.found(8);
    script.rest();
    assert_eq!(script.erasures().len(), 0, "ranks need the others' scores");
    let (list, _) = script.found(20);
    let skill = script.tab.selected().expect("a selection").skill;
    script.rest();
    script.rest();
    let asked = script.erasures();
    assert_eq!((asked.len(), asked[0].grain, script.explained()), (1, Grain::Sentences, 1), "once, with attention");
    assert!(asked[0].rivals.as_ref().is_some_and(|rivals| rivals.rank(f32::NEG_INFINITY) == 20), "19 rivals");
    let step = |erased| Response::Erased {
        id: list.id,
        skill,
        library: list.library.clone(),
        pair: pair(&list.library),
        erased,
    };
    script.answer(step(erased(1)));
    assert_eq!(script.tab.erased().map(|view| view.erased.scored()), Some(1));
    let other = Erased { grain: Grain::Fields, ..(*erased(3)).clone() };
    script.answer(step(Arc::new(other)));
    assert_eq!(script.tab.erased().map(|view| view.erased.scored()), Some(1), "an answer to another question");
    script.answer(step(erased(3)));
    let view = script.tab.erased().expect("an erasure");
    assert!(view.erased.is_finished() && view.agreement.is_none(), "no badge without attention");
    let (capture, _) = attribution();
    script.answer(Response::Explained { id: list.id, skill, library: list.library.clone(), capture, beside: None });
    let badge = script.tab.erased().and_then(|view| view.agreement).expect("a badge");
    assert_eq!((badge.units, badge.rho), (3, None), "three units are too few");

    script.act(&[Action::CycleUnits, Action::CycleUnits, Action::CycleUnits, Action::CycleManner]);
    assert!(script.tab.erased().is_none(), "other pieces are another question");
    script.rest();
    let asked = script.erasures();
    assert_eq!((asked[1].grain, asked[1].manner), (Grain::Request, Manner::Neutral));
}

#[test]
fn stage_1_is_explained_in_two_steps_and_a_failure_stays_in_its_pane() {
    let mut script = Script::typed("a");
    script.act(&[Action::CycleDetail; 4]);
    let (list, _) = script.found(20);
    script.rest();
    let asked = |script: &Script| {
        script.out.requests.iter().filter(|request| matches!(request, Request::ExplainRetrieval(_))).count()
    };
    assert_eq!(asked(&script), 1);
    script.answer(Response::Failed { id: list.id, message: "the network broke".into() });
    assert!(script.tab.results.failed().is_none() && script.tab.refused.is_some());
    let skill = script.tab.selected().expect("a selection").skill;
    let library = list.library.clone();
    script.answer(Response::Retrieved {
        id: list.id,
        skill: SkillIx(99),
        library: library.clone(),
        retrieval: retrieval(),
    });
    assert!(script.tab.retrieved().is_none(), "an answer about another skill");
    script.answer(Response::Retrieved { id: list.id, skill, library, retrieval: retrieval() });
    let text = script.tab.retrieved().expect("an answer").page.text().text().to_owned();
    assert!(
        text.contains("roll") && text.contains("not in the skill: new, version") && text.contains("0.710"),
        "{text}"
    );
}

#[test]
fn highlighting_changes_the_looks_of_what_is_shown_and_of_nothing_else() {
    let mut script = Script::typed("a");
    script.found(20);
    let ink = |script: &Script, of: &str| {
        let (_, page) = script.tab.preview.as_ref().expect("a preview");
        let at = page.text().text().find(of).expect("text");
        page.text().runs(at..at + 1).next().expect("run").1
    };
    let selected = script.tab.selected().expect("a selection");
    let skill = &selected.library[selected.skill];
    let before = script.tab.preview.as_ref().map(|(_, page)| page.text().text().to_owned());
    assert_eq!(ink(&script, "# "), Ink::Plain, "plain at once");
    let other = selected.library.skills().iter().find(|other| other.hash != skill.hash).expect("another skill");
    script.tab.preview(PreviewReady { hash: other.hash, inks: [(2, Ink::Warning)].into() });
    assert_eq!(ink(&script, "# "), Ink::Plain, "another skill's inks");
    // Ends beyond the body and inside a character are no reason to panic.
    script.tab.preview(PreviewReady { hash: skill.hash, inks: [(4, Ink::Heading), (99_999, Ink::Code)].into() });
    assert_eq!(ink(&script, "# "), Ink::Heading);
    assert_eq!(before, script.tab.preview.as_ref().map(|(_, page)| page.text().text().to_owned()));
}

#[test]
fn a_request_of_a_benchmark_is_searched_to_the_letter_with_gold_pinned() {
    let mut script = Script::new();
    let gold = id(&library(), 23);
    let request = OpenInExplore { request: "two\u{7}lines".into(), gold: vec![gold.clone()] };
    script.tab.open(request, &script.session, &mut script.out);
    let search = script.searches()[0];
    assert_eq!((&*search.text, search.pinned.as_ref()), ("two\u{7}lines", Some(&gold)));
    script.found(20);
    assert_eq!(script.selected(), 23);
}

#[test]
fn nothing_is_asked_for_an_empty_request() {
    let mut script = Script::typed("  ");
    script.act(&[Action::Open, Action::CycleFields]);
    script.answer(Response::Library(library()));
    assert!(script.searches().is_empty());
}

#[test]
fn a_megabyte_of_request_does_not_make_typing_slow() {
    let mut script = Script::new();
    let started = Instant::now();
    script.tab.paste(&"many words ".repeat(95_000), &script.session, &mut script.out);
    (0..100).for_each(|_| script.key(KeyCode::Char('x')));
    // The editor alone wraps for more than 10 ms per key at this size.
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(script.searches().len(), 1);
    assert!(script.out.status.as_ref().is_some_and(|status| status.contains("too long to edit")));
}

mod standing {
    use super::*;
    use crate::tui::explore::standing::{Pieces, short_standing, standing};
    use crate::tui::widgets::symbols::UNICODE;

    fn words(pieces: Pieces) -> String {
        pieces.into_iter().map(|(text, _)| text).collect()
    }

    fn of(skill: usize, scored: usize) -> (String, String) {
        let library = library();
        let list = shortlist(&library, QueryId(1), Settings::default());
        let order = reranking(&list, scored);
        let (ranks, above) = standing(&id(&library, skill), &library, Some((&list, Some(&order))), &UNICODE);
        (words(ranks), words(above))
    }

    #[test]
    fn the_stage_that_lost_it_is_named_and_what_beat_it() {
        let (ranks, above) = of(23, 0);
        assert_eq!(ranks, "mine-own-skill: not in the shortlist of 20: fused rank 47 (BM25 112, dense 31)");
        assert_eq!(above, "beaten by deploy-kubernetes, helm-charts, docker-images and 17 more");
        let (ranks, above) = of(0, 20);
        assert_eq!(ranks, "deploy-kubernetes: shortlist 1 (BM25 2, dense 1), ↓19 demoted 1 → 20 by the reranker");
        assert!(above.starts_with("above it: ") && above.ends_with("and 16 more"), "{above}");
        assert!(of(3, 1).0.ends_with("not scored yet (1/20)"));
    }

    #[test]
    fn a_narrow_screen_still_has_both_ranks() {
        let library = library();
        let list = shortlist(&library, QueryId(1), Settings::default());
        let order = reranking(&list, 20);
        let short =
            |skill| words(short_standing(&id(&library, skill), &library, Some((&list, Some(&order))), &UNICODE));
        assert_eq!(short(0), "1 → 20 ↓19 deploy-kubernetes");
        assert_eq!(short(23), "rank 47, not in the 20 mine-own-skill");
    }

    #[test]
    fn a_skill_that_left_the_library_is_not_forgotten() {
        let (ranks, _) = standing("gone", &library(), None, &UNICODE);
        assert_eq!(words(ranks), "gone is not in this library");
    }
}
