//! The keymap as a user meets it: the shipped sets, their own changes, and what they are told when they err.

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use skillscope::tui::action::{Action, Tab};
use skillscope::tui::keymap::{Chord, Found, KeyLayer, Keymap, Place, table};

fn shipped(name: &str) -> Keymap {
    Keymap::load(name, None, &KeyLayer::default()).unwrap()
}

fn changed(name: &str, changes: &str) -> Keymap {
    Keymap::load(name, None, &KeyLayer::parse_keys_of("config.toml", changes).unwrap()).unwrap()
}

fn keys(text: &str) -> Vec<Chord> {
    Chord::sequence(text).unwrap()
}

fn find(keymap: &Keymap, tab: Tab, typing: bool, text: &str) -> Found {
    keymap.find(Place { tab, typing }, &keys(text))
}

#[test]
fn shipped_sets_have_no_conflicts_and_reach_every_action() {
    for name in ["emacs", "vim"] {
        let keymap = shipped(name);
        assert_eq!(keymap.conflicts(), vec![], "{name}");
        let reached: BTreeSet<Action> = Tab::ALL
            .into_iter()
            .flat_map(|tab| [true, false].map(|typing| Place { tab, typing }))
            .flat_map(|place| keymap.reachable(place).map(|binding| binding.action).collect::<Vec<_>>())
            .collect();
        let modes = [Action::InsertMode, Action::NormalMode];
        for &action in table::ALL.iter().filter(|action| keymap.modal || !modes.contains(action)) {
            assert!(reached.contains(&action), "{name} has no key for {}", table::name(action));
        }
        // Nothing is written down that cannot be reached anywhere.
        for binding in keymap.bindings() {
            let reachable = Tab::ALL.into_iter().any(|tab| {
                [true, false].into_iter().any(|typing| keymap.reachable(Place { tab, typing }).any(|b| b == binding))
            });
            assert!(reachable, "{name}: {} is never reached", binding.shown());
        }
    }
}

#[test]
fn while_typing_every_character_and_editing_key_goes_to_the_field() {
    let editing = ["left", "right", "home", "end", "backspace", "delete", "ctrl-left", "ctrl-backspace"];
    // What a line editor has on ctrl and alt, of which a field has a use too.
    let readline = ["ctrl-a", "ctrl-e", "ctrl-b", "ctrl-f", "ctrl-d", "ctrl-k", "ctrl-u", "ctrl-w", "ctrl-y", "alt-b"];
    for (name, tab) in ["emacs", "vim"].into_iter().flat_map(|name| Tab::ALL.map(|tab| (name, tab))) {
        let keymap = shipped(name);
        for letter in (' '..='~').chain("éß日".chars()) {
            let key = Chord::from(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
            assert_eq!(keymap.find(Place { tab, typing: true }, &[key]), Found::Nothing, "{name} {letter:?}");
        }
        for key in editing.into_iter().chain(readline) {
            assert_eq!(find(&keymap, tab, true, key), Found::Nothing, "{name} {key}");
        }
        // And one can always get away.
        let out = if keymap.modal { Action::NormalMode } else { Action::Back };
        assert_eq!(find(&keymap, tab, true, "esc"), Found::Action(out));
        assert_eq!(find(&keymap, tab, true, "ctrl-c"), Found::Action(Action::Quit));
        assert_eq!(find(&keymap, tab, true, "f1"), Found::Action(Action::Help));
    }
}

#[test]
fn a_tab_comes_before_global_and_sequences_wait() {
    let vim = shipped("vim");
    assert_eq!(find(&vim, Tab::Explore, false, "i"), Found::Action(Action::FocusQuery));
    assert_eq!(find(&vim, Tab::Author, false, "i"), Found::Action(Action::InsertMode));
    assert_eq!(find(&vim, Tab::Library, false, "g"), Found::Prefix);
    assert_eq!(find(&vim, Tab::Library, false, "g g"), Found::Action(Action::First));
    assert_eq!(find(&vim, Tab::Library, false, "g x"), Found::Nothing);
    let place = Place { tab: Tab::Library, typing: false };
    let rest: Vec<_> = vim.continuations(place, &keys("g")).collect();
    assert_eq!(
        rest,
        [("t".to_string(), Action::NextTab), ("T".into(), Action::PreviousTab), ("g".into(), Action::First)]
    );
}

#[test]
fn a_users_keys_cover_the_shipped_ones_key_by_key() {
    let keymap = changed(
        "emacs",
        "[keys.global]\n'ctrl-n' = 'next-tab'\n'ctrl-q' = 'none'\n[keys.explore]\n'f2' = 'pin'\n'x x' = 'pin'\n",
    );
    assert_eq!(find(&keymap, Tab::Explore, true, "ctrl-n"), Found::Action(Action::NextTab));
    assert_eq!(find(&keymap, Tab::Explore, true, "ctrl-p"), Found::Action(Action::Up));
    assert_eq!(find(&keymap, Tab::Explore, false, "ctrl-q"), Found::Nothing);
    assert_eq!(find(&keymap, Tab::Explore, true, "f2"), Found::Action(Action::Pin));
    assert_eq!(find(&keymap, Tab::Library, false, "f2"), Found::Nothing);
    assert!(keymap.keys_for(Action::Pin, Tab::Explore).contains(&"x x".to_string()));
    // Down is left with its other key, and that is what is shown.
    assert_eq!(keymap.key_for(Action::Down, Place { tab: Tab::Explore, typing: true }).unwrap(), "down");
}

#[test]
fn a_key_that_hides_a_sequence_is_reported_by_name() {
    let keymap = changed("vim", "[keys.global]\n'g' = 'first'\n");
    let conflicts: Vec<String> = keymap.conflicts().iter().map(ToString::to_string).collect();
    assert_eq!(conflicts.len(), 3);
    assert!(conflicts[0].contains("[global]: \"g\" (first) hides \"g t\" (next-tab)"), "{}", conflicts[0]);
}

#[test]
fn mistakes_are_named_with_line_and_column() {
    let check = |source: &str, wanted: &str| {
        let error = KeyLayer::parse("keys.toml", source).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}\nis not {wanted}");
    };
    check("[global]\n'ctrl-n' = 'dwon'\n", "keys.toml:2:12: no action \"dwon\"");
    check(
        "[explore]\n'f3' = 'stage1-cycle'\n",
        "keys.toml:2:8: no action \"stage1-cycle\"; did you mean \"cycle-stage1\"?",
    );
    check("[global]\n\n  'ctlr-n' = 'down'\n", "keys.toml:3:3: \"ctlr-n\": \"ctlr\" is no modifier");
    check("[global]\n'ctrl-nn' = 'down'\n", "keys.toml:2:1: \"ctrl-nn\": \"nn\" is no key");
    check("[global]\n'f99' = 'down'\n", "keys.toml:2:1: ");
    check("[global]\n' ' = 'down'\n", "keys.toml:2:1: no key");
    check("[globl]\n'f3' = 'down'\n", "keys.toml:1:2: unknown field `globl`");
    // A terminal sends the same byte for both.
    check("[global]\n'ctrl-i' = 'down'\n", "keys.toml:2:1: \"ctrl-i\" arrives as tab");
    // The same key in two spellings.
    check("[global]\n'shift-tab' = 'up'\n'backtab' = 'down'\n", "keys.toml:");
    let error = Keymap::load("nano", None, &KeyLayer::default()).unwrap_err().to_string();
    assert!(error.contains("\"nano\"") && error.contains("emacs and vim"), "{error}");
}

#[test]
fn a_file_of_the_users_can_build_on_a_shipped_set() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine.toml"), "inherits = 'vim'\n[global]\n'Q' = 'quit'\n").unwrap();
    let keymap = Keymap::load("mine", Some(dir.path()), &KeyLayer::default()).unwrap();
    assert!(keymap.modal);
    assert_eq!(find(&keymap, Tab::Library, false, "Q"), Found::Action(Action::Quit));
    assert_eq!(find(&keymap, Tab::Library, false, "j"), Found::Action(Action::Down));
    // A name does not lead out of the directory.
    assert!(Keymap::load("../mine", Some(&dir.path().join("sub")), &KeyLayer::default()).is_err());
}

#[test]
fn what_a_terminal_sends_is_what_is_written_in_the_file() {
    let check = |code, modifiers, text: &str| {
        let pressed = Chord::from(KeyEvent::new(code, modifiers));
        assert_eq!(keys(text), [pressed], "{text}");
        assert_eq!(pressed.to_string(), text);
    };
    check(KeyCode::Char('n'), KeyModifiers::CONTROL, "ctrl-n");
    check(KeyCode::Char('G'), KeyModifiers::SHIFT, "G");
    check(KeyCode::Char('?'), KeyModifiers::SHIFT, "?");
    check(KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab");
    check(KeyCode::Char('-'), KeyModifiers::ALT, "alt--");
    check(KeyCode::Char(' '), KeyModifiers::CONTROL, "ctrl-space");
    check(KeyCode::F(12), KeyModifiers::NONE, "f12");
    // Alt with a shifted letter arrives with or without the shift bit.
    check(KeyCode::Char('V'), KeyModifiers::ALT | KeyModifiers::SHIFT, "alt-V");
    assert_eq!(keys("alt-shift-v"), keys("alt-V"));
}

#[test]
fn names_are_unique_and_kebab_case() {
    let names: BTreeSet<&str> = table::ALL.iter().map(|&action| table::name(action)).collect();
    assert_eq!(names.len(), table::ALL.len());
    for name in names {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{name}");
        assert_eq!(table::by_name(name).map(table::name), Some(name));
    }
}
