//! The app driven by events, with a screen in memory.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;

#[path = "evaluation_tests.rs"]
mod evaluation_tests;

use crate::config::ThemeChoice;
use crate::engine::Indexing;
use crate::engine::Request;
use crate::library::Library;
use crate::tui::keymap::KeyLayer;
use crate::tui::theme::ColorDepth;

struct Rig {
    app: App,
    /// Where the tabs' workers report.
    notified: Receiver<Event>,
}

fn rig(keymap: &str, depth: ColorDepth, size: (u16, u16)) -> Rig {
    let (notify, notified) = unbounded();
    let (themes, _) = Themes::load(depth, None);
    let (theme, _) = themes.choose(&ThemeChoice::Auto, None);
    let keymap = Keymap::load(keymap, None, &KeyLayer::default()).unwrap();
    let options = AppOptions {
        settings: Settings::default(),
        choice: ModelChoice::default(),
        keymap,
        themes,
        theme,
        ascii: false,
        mouse: true,
        size,
    };
    Rig { app: App::new(options, &notify), notified }
}

impl Rig {
    fn key(&mut self, text: &str) -> Effects {
        let mut last = Effects::default();
        for word in text.split(' ') {
            let (code, modifiers) = match word {
                "esc" => (KeyCode::Esc, KeyModifiers::NONE),
                "enter" => (KeyCode::Enter, KeyModifiers::NONE),
                "down" => (KeyCode::Down, KeyModifiers::NONE),
                "tab" => (KeyCode::Tab, KeyModifiers::NONE),
                "up" => (KeyCode::Up, KeyModifiers::NONE),
                "left" => (KeyCode::Left, KeyModifiers::NONE),
                "end" => (KeyCode::End, KeyModifiers::NONE),
                "space" => (KeyCode::Char(' '), KeyModifiers::NONE),
                "f1" => (KeyCode::F(1), KeyModifiers::NONE),
                _ if word.starts_with("alt-") => (KeyCode::Char(word.as_bytes()[4].into()), KeyModifiers::ALT),
                _ if word.starts_with("ctrl-") => (KeyCode::Char(word.as_bytes()[5].into()), KeyModifiers::CONTROL),
                _ => (KeyCode::Char(word.chars().next().unwrap()), KeyModifiers::NONE),
            };
            last = self.app.handle(Event::Key(KeyEvent::new(code, modifiers)));
        }
        last
    }

    fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            self.app.handle(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        }
    }

    fn screen(&self) -> String {
        let (columns, rows) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| self.app.draw(frame)).unwrap();
        terminal.backend().to_string()
    }
}

#[test]
fn every_size_draws_and_small_ones_say_so() {
    for keymap in ["emacs", "vim"] {
        let mut rig = rig(keymap, ColorDepth::True, (80, 24));
        rig.app
            .notice("a sentence that is longer than the narrow windows are wide, so that it has to be cut somewhere");
        for tab in Tab::ALL {
            let mut effects = Effects::default();
            rig.app.run(Action::GoTo(tab), &mut effects);
            for help in [false, true] {
                if help {
                    rig.app.run(Action::Help, &mut effects);
                }
                for columns in [1, 2, 3, 10, 39, 40, 80, 200] {
                    for rows in [1, 2, 3, 11, 12, 19, 20, 60] {
                        rig.app.handle(Event::Resize(columns, rows));
                        rig.screen();
                    }
                }
                rig.app.popup = None;
            }
        }
    }
    let mut rig = rig("emacs", ColorDepth::True, (39, 12));
    assert!(rig.screen().contains("needs 40 columns"));
    rig.app.handle(Event::Resize(40, 12));
    assert!(rig.screen().contains("Explore") && rig.screen().contains("f1 help"));
}

#[test]
fn in_the_default_keys_characters_are_typed_and_ctrl_commands_work() {
    let mut rig = rig("emacs", ColorDepth::True, (80, 24));
    let effects = rig.key("q");
    assert_eq!(effects.exit, None);
    assert_eq!(effects.redraw, Redraw::Now);
    assert!(matches!(effects.requests.as_slice(), [Request::Search(search)] if &*search.text == "q"));
    assert_eq!(rig.key("ctrl-q").exit, Some(Exit::Quit));
    rig.key("alt-4");
    assert_eq!(rig.app.tab(), Tab::Library);
    // No text field has the keys here.
    assert_eq!(rig.key("q").exit, Some(Exit::Quit));
}

#[test]
fn in_vim_keys_escape_ends_typing_and_i_starts_it() {
    let mut rig = rig("vim", ColorDepth::True, (80, 24));
    assert!(rig.screen().contains("INSERT"));
    assert!(matches!(rig.key("j").requests.as_slice(), [Request::Search(_)]));
    rig.key("esc");
    assert!(rig.screen().contains("NORMAL"));
    assert!(rig.key("j").requests.is_empty());
    rig.key("g");
    let screen = rig.screen();
    assert!(screen.contains("t next-tab") && screen.contains("g first"), "{screen}");
    rig.key("t");
    assert_eq!(rig.app.tab(), Tab::Evaluate);
    rig.key("1 i");
    assert!(matches!(rig.key("q").requests.as_slice(), [Request::Search(_)]));
    // A sequence that means nothing says so, and does not stick.
    rig.key("esc g x");
    assert!(rig.screen().contains("no action on g x"));
    rig.key("g esc 4");
    assert_eq!(rig.app.tab(), Tab::Library);
}

#[test]
fn help_finds_an_action_by_words_and_enter_does_it() {
    let mut rig = rig("emacs", ColorDepth::True, (100, 30));
    rig.key("f1");
    assert!(rig.screen().contains("stage 2 on or off"));
    rig.type_text("go library");
    let screen = rig.screen();
    assert!(screen.contains("go to Library") && !screen.contains("go to Author"), "{screen}");
    rig.key("enter");
    assert_eq!(rig.app.tab(), Tab::Library);
    assert!(rig.app.popup.is_none());
    // What cannot be done now is not done.
    rig.key("f1");
    rig.type_text("go library");
    assert!(rig.screen().contains("(not now)"));
    // No row is left, and moving and choosing still work.
    rig.type_text("zzz");
    rig.key("ctrl-n ctrl-n enter");
    rig.key("f1 esc");
    assert!(rig.app.popup.is_none());
    assert_eq!(rig.key("f1 ctrl-c").exit, Some(Exit::Quit));
}

/// The same road in both keymaps: to the library, grouped by place, the group opened, a skill in it, and back.
#[test]
fn keys_group_the_library_and_open_a_group() {
    for (keymap, group, close) in [("emacs", "g", "left"), ("vim", "b", "h")] {
        let mut rig = rig(keymap, ColorDepth::True, (120, 40));
        let library = Arc::new(crate::library::load::load(&crate::library::load::Source::Demo).unwrap());
        rig.app.handle(Event::Engine(Response::Library(library.clone())));
        rig.key(if keymap == "vim" { "esc 4" } else { "alt-4" });
        let effects = rig.key(group);
        let Some(Request::Group { by, fields }) = effects.requests.last() else { panic!("{:?}", effects.requests) };
        let lexical = Arc::new(crate::index::LexicalIndex::build(&library));
        let pipeline = crate::search::Pipeline::new(library.clone(), lexical);
        let groups = crate::search::groups::group(&pipeline, *fields, *by, &crate::model::never).unwrap();
        rig.app.handle(Event::Engine(Response::Grouped(Arc::new(groups))));
        let heading = "demo library";
        // The worker makes a list at each of these steps; the last one has the heading.
        while !rig.screen().lines().any(|line| line.contains(heading) && line.contains("100.0 %")) {
            let event = rig.notified.recv_timeout(Duration::from_secs(30)).unwrap();
            rig.app.handle(event);
        }
        let first = library.skills()[0].name.shown();
        assert!(!rig.screen().contains(&format!("  {first} ")), "{}", rig.screen());
        rig.key("enter");
        assert!(rig.screen().contains(&format!("  {first} ")), "{}", rig.screen());
        rig.key("down");
        rig.key(close);
        assert!(!rig.screen().contains(&format!("  {first} ")), "{}", rig.screen());
    }
}

/// From the list of all skills to the line in Explore that follows one of them, and to the engine, which has to look
/// for it behind the shortlist.
#[test]
fn a_skill_pinned_in_the_library_is_followed_in_explore() {
    let mut rig = rig("emacs", ColorDepth::True, (120, 40));
    let library = Arc::new(crate::library::load::load(&crate::library::load::Source::Demo).unwrap());
    let second = library.skills()[1].clone();
    let (id, name) = (second.id.shown(), second.name.shown());
    rig.type_text("words");
    rig.app.handle(Event::Engine(Response::Library(library)));
    let Ok(listing) = rig.notified.recv_timeout(Duration::from_secs(30)) else { panic!("no listing") };
    rig.app.handle(listing);
    // The sentence about the demo library has been read.
    let (_, due) = rig.app.tick(Instant::now());
    rig.app.tick(due.unwrap());
    rig.key("alt-4 down");
    let effects = rig.key("p");
    let Some(Request::Search(search)) = effects.requests.last() else { panic!("{:?}", effects.requests) };
    assert_eq!(search.pinned.as_deref(), Some(id));
    assert!(rig.screen().contains(&format!("{name} is pinned")), "{}", rig.screen());
    assert_eq!(rig.app.tab(), Tab::Library);
    rig.key("alt-1");
    let line = format!("{name}: a request will show where it stands");
    assert!(rig.screen().contains(&line), "{}", rig.screen());
    // The same key lets it go.
    rig.key("alt-4 p alt-1");
    assert!(!rig.screen().contains(&line), "{}", rig.screen());
}

#[test]
fn help_says_what_the_users_own_keys_are() {
    let (themes, _) = Themes::load(ColorDepth::True, None);
    let changes = KeyLayer::parse_keys_of("c", "[keys.global]\n'f1' = 'none'\n'f2' = 'help'\n").unwrap();
    let mut rig = rig("emacs", ColorDepth::True, (100, 30));
    rig.app.keymap = Keymap::load("emacs", None, &changes).unwrap();
    assert!(rig.screen().contains("f2 help") && !rig.screen().contains("f1"));
    assert!(rig.app.help_rows("").iter().any(|row| row.action == Action::Help && row.keys == "?, f2"));
    drop(themes);
}

#[test]
fn a_click_on_a_title_goes_there() {
    let mut rig = rig("emacs", ColorDepth::True, (80, 24));
    let row = rig.screen().lines().next().unwrap().trim_matches('"').to_string();
    let column = row.find("Author").unwrap() as u16;
    let mouse =
        MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column, row: 0, modifiers: KeyModifiers::NONE };
    rig.app.handle(Event::Mouse(mouse));
    assert_eq!(rig.app.tab(), Tab::Author);
    // The mouse is no longer theirs once it is turned off.
    let mut effects = Effects::default();
    rig.app.run(Action::ToggleMouse, &mut effects);
    assert_eq!(effects.mouse, Some(false));
}

#[test]
fn sentences_stay_long_enough_to_be_read_and_then_go() {
    let mut rig = rig("emacs", ColorDepth::True, (80, 24));
    let start = Instant::now();
    rig.app.handle(Event::Engine(Response::Notice("first".into())));
    rig.app.handle(Event::Engine(Response::Notice("second".into())));
    let (_, wake) = rig.app.tick(start);
    assert!(rig.screen().contains("first"));
    let wake = wake.unwrap();
    let (effects, _) = rig.app.tick(wake);
    assert_eq!(effects.redraw, Redraw::Soon);
    assert!(rig.screen().contains("second"));
    let (_, wake) = rig.app.tick(start + Duration::from_secs(60));
    assert!(!rig.screen().contains("second"));
    // Nothing is due, so nothing wakes the loop.
    assert_eq!(wake, None);
    // A flood does not queue for minutes.
    for index in 0..1000 {
        rig.app.notice(format!("sentence {index}"));
    }
    assert!(rig.app.notices.texts().count() <= 8 && rig.app.notices.texts().last().unwrap().ends_with("999"));
}

#[test]
fn the_session_follows_the_engine() {
    let mut rig = rig("emacs", ColorDepth::True, (80, 24));
    rig.key("alt-4");
    let indexing = Indexing { ready: 1234, of: 5000, tokens_per_second: 9876.5, finished: false };
    rig.app.handle(Event::Engine(Response::Indexing(indexing)));
    assert!(rig.screen().contains("vectors 1,234 of 5,000 (9,876 tokens/s)"));
    let effects = rig.app.handle(Event::Engine(Response::Library(Arc::new(Library::default()))));
    assert_eq!(effects.redraw, Redraw::Soon);
    assert_eq!(rig.app.session().indexing, None);
    rig.app.handle(Event::EngineGone);
    assert!(rig.screen().contains("engine has stopped"));
}

#[test]
fn without_colours_there_are_none_on_screen() {
    let rig = rig("emacs", ColorDepth::None, (80, 24));
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| rig.app.draw(frame)).unwrap();
    for cell in &terminal.backend().buffer().content {
        assert_eq!((cell.fg, cell.bg), (ratatui::style::Color::Reset, ratatui::style::Color::Reset));
    }
}

#[test]
fn signals_and_suspension_are_effects() {
    let mut rig = rig("emacs", ColorDepth::True, (80, 24));
    assert_eq!(rig.key("ctrl-z").stop, Some(true));
    assert_eq!(rig.app.handle(Event::Signal(Signal::Stop)).stop, Some(false));
    assert!(rig.app.handle(Event::Signal(Signal::Continue)).resume);
    assert_eq!(rig.app.handle(Event::Signal(Signal::End(15))).exit, Some(Exit::Signal(15)));
}

#[test]
fn the_model_picker_asks_what_is_there_and_loads_what_is_chosen() {
    use crate::model::catalogue::{Entry, Presence};

    let mut rig = rig("emacs", ColorDepth::True, (100, 30));
    assert!(matches!(rig.key("alt-m").requests.as_slice(), [Request::ListModels]));
    assert!(rig.screen().contains("looking what is there"));
    let entry = |name: &str, reranker| Entry {
        name: name.into(),
        about: format!("about {name}"),
        embedder: Presence::Here,
        reranker,
    };
    let list =
        vec![entry("builtin", Presence::Here), entry("minilm", Presence::Without), entry("r3", Presence::Absent)];
    rig.app.handle(Event::Engine(Response::ModelList(Arc::new(list))));
    let screen = rig.screen();
    assert!(screen.contains("builtin  serves") && screen.contains("about minilm"), "{screen}");

    let effects = rig.key("down enter");
    let wanted = ModelChoice { embedder: "minilm".into(), ..ModelChoice::default() };
    assert!(matches!(effects.requests.as_slice(), [Request::UseModels(choice)] if *choice == wanted));
    rig.app.handle(Event::Engine(Response::Switching(Switching::Started(wanted.clone()))));
    assert!(rig.screen().contains("loading minilm + builtin; what serves goes on"));
    assert_eq!(rig.app.session().choice, ModelChoice::default(), "the old ones serve");
    rig.app.handle(Event::Engine(Response::Models(ModelState::Loading)));
    assert_eq!(rig.app.session().choice, wanted);

    // The reranker's list has those that rerank, says what is missing, and "none".
    rig.key("alt-m tab");
    let list = vec![entry("minilm", Presence::Without), entry("r3", Presence::Absent)];
    rig.app.handle(Event::Engine(Response::ModelList(Arc::new(list))));
    let screen = rig.screen();
    assert!(!screen.contains("about minilm") && screen.contains("not here"), "{screen}");
    let effects = rig.key("n o n e enter");
    assert!(matches!(effects.requests.as_slice(), [Request::UseModels(choice)] if choice.reranker.is_none()));

    rig.app.handle(Event::Engine(Response::Switching(Switching::Failed("no such file".into()))));
    assert!(rig.app.session().switching.is_none());
}
