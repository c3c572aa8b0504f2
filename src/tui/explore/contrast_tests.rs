//! Key scripts of the contrast view: who the opponent is, and what is asked when.

use super::*;
use crate::tui::explore::fixture::contrast;

/// The contrasts that were asked for: a skill and its opponent.
fn asked(script: &Script) -> Vec<(SkillIx, SkillIx)> {
    let pair = |request: &Request| match request {
        Request::Contrast { subject, other } => Some((subject.skill, *other)),
        _ => None,
    };
    script.out.requests.iter().filter_map(pair).collect()
}

/// The contrast view of the best row, with the whole list scored.
fn opened() -> (Script, Arc<Shortlist>, Vec<SkillIx>) {
    let mut script = Script::typed("a");
    script.act(&[Action::Open]);
    script.found(8);
    script.act(&[Action::Contrast]).rest();
    assert_eq!(asked(&script), [], "another skill may still come to rank 1");
    let (list, order) = script.found(20);
    script.rest();
    (script, list, order.rows.iter().map(|row| row.skill).collect())
}

#[test]
fn a_skill_is_compared_with_rank_1_and_rank_1_with_rank_2() {
    let (mut script, _, order) = opened();
    assert_eq!(asked(&script), [(order[0], order[1])]);
    script.rest();
    script.act(&[Action::Down, Action::Down]).rest();
    assert_eq!(asked(&script)[1..], [(order[2], order[0])], "once each");
}

#[test]
fn a_chosen_opponent_stays_until_it_is_chosen_again() {
    let (mut script, _, order) = opened();
    script.act(&[Action::Down, Action::Down, Action::ChooseOpponent]).rest();
    assert!(script.out.status.as_ref().is_some_and(|status| status.starts_with("Skills are compared with ")));
    assert_eq!(asked(&script).last(), Some(&(order[2], order[0])), "it is not compared with itself");
    script.act(&[Action::Down]).rest();
    assert_eq!(asked(&script).last(), Some(&(order[3], order[2])));
    script.act(&[Action::Up, Action::ChooseOpponent, Action::Down]).rest();
    assert_eq!(asked(&script).last(), Some(&(order[3], order[0])));
}

#[test]
fn an_answer_is_shown_for_what_was_asked_and_for_nothing_else() {
    let (mut script, list, order) = opened();
    let answer = |skill, other, contrast: Option<Arc<crate::explain::Contrast>>| Response::Contrasted {
        id: list.id,
        skill,
        other,
        library: list.library.clone(),
        progress: (6, 28),
        contrast,
    };
    script.answer(answer(order[0], order[5], Some(contrast(&list.library, order[5]))));
    assert!(script.tab.contrasted().is_none(), "another opponent");
    script.answer(answer(order[0], order[1], None));
    assert!(script.tab.contrasted().is_some_and(|view| view.contrast.is_none() && view.progress == (6, 28)));
    script.answer(answer(order[0], order[1], Some(contrast(&list.library, order[1]))));
    let text = script.tab.contrasted().expect("an answer").page.text().text().to_owned();
    assert!(!text.contains('\u{202e}') && text.contains("helm"), "hostile words are made visible: {text}");
    let at = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle} is not in {text}"));
    let (mine, other) = (at("Words that do more for deploy-kubernetes"), at("Words that do more for "));
    assert!(mine >= other && at("+1.50  kubernetes") > mine && at("-3.25") > at("+1.50"));
    script.act(&[Action::Down]);
    assert!(script.tab.contrasted().is_none(), "another skill's contrast is not shown");
    script.answer(Response::Failed { id: list.id, message: "the network broke".into() });
    assert!(script.tab.refused.is_some() && script.tab.results.failed().is_none());
}
