//! Key scripts of the attention view: readings, marked heads, what the heads are asked.

use super::*;
use crate::engine::Beside;
use crate::explain::{Heads, Reading, SpanKind, attribute, calibrate};
use crate::model::Capture;
use crate::tui::explore::attention::Wanted;
use crate::tui::explore::fixture::other_capture;

/// An explained skill in the attention view, with all that was asked for answered.
fn attended() -> (Script, Arc<Shortlist>, SkillIx) {
    let mut script = Script::typed("a");
    script.act(&[Action::CycleDetail, Action::Open]);
    let (list, _) = script.found(20);
    script.rest();
    let skill = SkillIx(script.selected());
    let mut script = (script, list, skill);
    attend(&mut script, attribution().0, None);
    script
}

fn attend(
    (script, list, skill): &mut (Script, Arc<Shortlist>, SkillIx),
    capture: Arc<Capture>,
    beside: Option<Beside>,
) {
    let library = list.library.clone();
    script.answer(Response::Explained { id: list.id, skill: *skill, library, capture, beside });
}

#[test]
fn each_reading_is_asked_for_once_and_shown_when_it_is_there() {
    let mut attended = attended();
    let capture = attended.0.tab.explained().expect("attention").capture.clone();
    let asked = |script: &Script| {
        script.out.requests.iter().rev().find_map(|request| match request {
            Request::Explain { reading, .. } => Some(*reading),
            _ => None,
        })
    };
    let shown = |script: &Script| script.tab.explained().map(|explained| explained.reading());
    attended.0.act(&[Action::CycleReading]).rest();
    assert_eq!((asked(&attended.0), attended.0.explained()), (Some(Reading::Request), 2));
    assert_eq!(shown(&attended.0), Some(Reading::Scored), "until it is there");
    attend(&mut attended, capture.clone(), Some(Beside::FromRequest(Some(other_capture()))));
    assert_eq!(shown(&attended.0), Some(Reading::Request));
    let plain = attended.0.tab.explained().map(|explained| explained.attribution.fields);
    let fields = attended.0.tab.explained().map(|explained| explained.numbers().fields);
    assert_ne!(plain, fields);

    attended.0.act(&[Action::CycleReading]).rest();
    attend(&mut attended, capture.clone(), Some(Beside::ContentFree(other_capture())));
    let explained = attended.0.tab.explained().expect("attention");
    let (_, change) = explained.change().expect("a calibrated reading");
    let (free, own) = (attribute(&other_capture(), Lens::default()), attribute(&capture, Lens::default()));
    assert_eq!(*change, calibrate(&own, &free));
    assert!(!explained.least.is_empty() && explained.least.iter().all(|named| named.weight < 0.0));
    // Round again: all is known.
    attended.0.act(&[Action::CycleReading, Action::CycleReading]).rest();
    assert_eq!((shown(&attended.0), attended.0.explained()), (Some(Reading::Request), 3));
}

#[test]
fn a_causal_network_has_no_view_from_the_request_and_a_failure_keeps_the_plain_one() {
    let mut attended = attended();
    let capture = attended.0.tab.explained().expect("attention").capture.clone();
    attended.0.act(&[Action::CycleReading]).rest();
    attend(&mut attended, capture, Some(Beside::FromRequest(None)));
    assert_eq!(attended.0.tab.gaze.reading, Reading::Calibrated, "passed over");
    assert!(attended.0.out.status.as_ref().is_some_and(|status| status.contains("calibrated attention instead")));
    attended.0.rest();
    assert_eq!(attended.0.explained(), 3);
    let id = attended.1.id;
    attended.0.answer(Response::Failed { id, message: "the network broke".into() });
    let script = &mut attended.0;
    assert!(
        script.tab.refused.is_some()
            && script.tab.explained().is_some_and(|explained| explained.reading() == Reading::Scored)
    );
    script.act(&[Action::CycleReading, Action::CycleReading]);
    assert_eq!(script.tab.gaze.reading, Reading::Calibrated, "the request is left out from now on");
}

#[test]
fn marked_heads_are_averaged_until_the_lens_moves_and_the_heads_answer_what_is_asked() {
    let (mut script, ..) = attended();
    let heads = |script: &Script| script.tab.explained().map(|explained| explained.numbers().heads.clone());
    script.act(&[Action::NextHead, Action::MarkHeads, Action::NextHead, Action::MarkHeads, Action::ToggleMarked]);
    let Some(Heads::Marked(set)) = heads(&script) else { panic!("marked heads") };
    assert_eq!(set.len(), 8, "two heads of four middle layers");
    script.act(&[Action::NextHead]);
    assert_eq!(heads(&script), Some(script.tab.gaze.lens.into()));

    let body = script.tab.explained().map(|explained| explained.grid.clone());
    script.act(&[
        Action::CycleUnits,
        Action::CycleUnits,
        Action::CycleTarget,
        Action::CycleTarget,
        Action::CycleTarget,
    ]);
    let explained = script.tab.explained().expect("attention");
    let first = &explained.most[0].label;
    assert_eq!((explained.target_label.as_str(), script.tab.gaze.kind), (&*format!("line {first}"), SpanKind::Line));
    assert_ne!(Some(&explained.grid), body.as_ref());
    script.act(&[Action::NextBand, Action::NextBand]);
    assert_eq!(script.tab.gaze.wanted, Wanted::Heaviest(0), "the question stays while the lens moves");
}
