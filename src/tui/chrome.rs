//! The frame around the tabs: header with the tabs, status line, footer with keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Wrap};

use crate::engine::ModelState;

use super::action::{Action, Tab};
use super::session::Session;
use super::theme::{Role, Theme};
use super::widgets::{Symbols, clip, thousands, width};

/// Below this nothing useful fits.
pub const SMALLEST: (u16, u16) = (40, 12);

/// From this many rows on the status line has a row of its own.
const STATUS_FROM: u16 = 20;

/// Where things are on a screen of some size. A pure function of the size, so that the mouse asks the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub header: Rect,
    pub body: Rect,
    /// Only on screens with rows to spare; otherwise a sentence takes the place of the hints.
    pub status: Option<Rect>,
    /// The status row belongs to the tab, which has more to say there; only a sentence is put over it.
    pub status_of_tab: bool,
    pub hints: Rect,
    pub too_small: bool,
}

pub fn areas(screen: Rect, tab: Tab) -> Areas {
    let status = u16::from(screen.height >= STATUS_FROM);
    let status_of_tab = tab == Tab::Explore;
    let [header, body, status_row, hints] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(status),
        Constraint::Length(1),
    ])
    .areas(screen);
    Areas {
        header,
        body: if status_of_tab { body.union(status_row) } else { body },
        status: (status > 0).then_some(status_row),
        status_of_tab,
        hints,
        too_small: screen.width < SMALLEST.0 || screen.height < SMALLEST.1,
    }
}

pub fn draw_too_small(frame: &mut Frame, theme: &Theme) {
    let (columns, rows) = SMALLEST;
    let text = format!("skillscope needs {columns} columns and {rows} rows; this window is smaller.");
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }).style(theme.style(Role::Text)), frame.area());
}

/// First and last column of each tab's title in the header.
fn titles(header: Rect) -> impl Iterator<Item = (Tab, u16, u16)> {
    let mut left = header.x;
    Tab::ALL.into_iter().map(move |tab| {
        let start = left;
        // " 1 Explore "
        left += 4 + width(tab.title()) as u16;
        (tab, start, left)
    })
}

/// The tab whose title is at a column of the header.
pub fn tab_at(header: Rect, column: u16) -> Option<Tab> {
    titles(header).find(|&(_, start, end)| (start..end).contains(&column)).map(|(tab, ..)| tab)
}

pub fn draw_header(frame: &mut Frame, area: Rect, current: Tab, session: &Session, theme: &Theme) {
    let mut spans = Vec::new();
    for (index, tab) in Tab::ALL.into_iter().enumerate() {
        let role = if tab == current { Role::Selection } else { Role::Muted };
        let number_role = if tab == current { Role::Selection } else { Role::Key };
        spans.push(Span::styled(format!(" {} ", index + 1), theme.style(number_role)));
        spans.push(Span::styled(format!("{} ", tab.title()), theme.style(role)));
    }
    let used: usize = spans.iter().map(|span| width(&span.content)).sum();
    frame.render_widget(Line::from(spans), area);
    let name = "skillscope ";
    let room = usize::from(area.width).saturating_sub(used + 1);
    let library = library_words(session);
    let right = match room {
        room if room > width(&library) + width(name) => format!("{library}  {name}"),
        _ => clip(&library, room, Symbols::of(session.ascii).ellipsis),
    };
    frame.render_widget(Line::styled(right, theme.style(Role::Muted)).right_aligned(), area);
}

fn library_words(session: &Session) -> String {
    match &session.library {
        None => "reading the library".into(),
        Some(library) => match library.roots.as_slice() {
            [root] => format!("{} skills in {}", thousands(library.len()), root.label),
            roots => format!("{} skills in {} places", thousands(library.len()), roots.len()),
        },
    }
}

/// The state of models and vectors.
pub fn draw_status(frame: &mut Frame, area: Rect, session: &Session, theme: &Theme) {
    let (text, role) = state_words(session);
    let text = clip(&text, usize::from(area.width), Symbols::of(session.ascii).ellipsis);
    frame.render_widget(Line::styled(text, theme.style(role)), area);
}

pub fn draw_notice(frame: &mut Frame, area: Rect, notice: &str, session: &Session, theme: &Theme) {
    let mark = if session.ascii { "* " } else { "▸ " };
    let room = usize::from(area.width).saturating_sub(width(mark));
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, theme.style(Role::Text));
    let line = Line::from(vec![
        Span::styled(mark, theme.style(Role::Accent)),
        Span::styled(clip(notice, room, Symbols::of(session.ascii).ellipsis), theme.style(Role::Warning)),
    ]);
    frame.render_widget(line, area);
}

fn state_words(session: &Session) -> (String, Role) {
    let models = match &session.models {
        ModelState::Loading => "models are loading".into(),
        ModelState::Failed(reason) => return (format!("no models: {reason}"), Role::Error),
        ModelState::Ready { embedder, reranker, device, .. } => {
            let reranker = reranker.as_ref().map_or("no reranker", |id| id.name.as_str());
            format!("{} + {reranker} on {}", embedder.name, device.label())
        }
    };
    let vectors = match session.indexing {
        Some(indexing) if indexing.finished => format!(", {} vectors", thousands(indexing.ready)),
        Some(indexing) => format!(
            ", vectors {} of {} ({} tokens/s)",
            thousands(indexing.ready),
            thousands(indexing.of),
            thousands(indexing.tokens_per_second.max(0.0) as usize)
        ),
        None => String::new(),
    };
    (format!("{models}{vectors}"), Role::Muted)
}

/// What the footer offers, most useful first, with the shortest word for each. Common ones come last in the table and
/// so are the first to go when the window is narrow, but help is always there.
pub fn hints(tab: Tab) -> impl Iterator<Item = (Action, &'static str)> {
    const FIRST: &[(Action, &str)] = &[(Action::Help, "help")];
    const LAST: &[(Action, &str)] = &[
        (Action::FocusNext, "next pane"),
        (Action::Back, "back"),
        (Action::NextTab, "next tab"),
        (Action::ChooseModels, "models"),
        (Action::NextTheme, "colours"),
        (Action::Reload, "reload"),
        (Action::Quit, "quit"),
    ];
    let own: &[(Action, &str)] = match tab {
        Tab::Explore => &[
            (Action::NormalMode, "commands"),
            (Action::InsertMode, "type"),
            (Action::FocusQuery, "request"),
            (Action::CycleDetail, "view"),
            (Action::Pin, "pin"),
            (Action::OpenInAuthor, "edit"),
            (Action::AddProbe, "probe"),
            (Action::ToggleEvaluation, "evaluation"),
            (Action::CycleStage1, "stage 1"),
            (Action::CycleFields, "fields"),
            (Action::CycleDepth, "depth"),
            (Action::ToggleRerank, "rerank"),
            (Action::NextBand, "layers"),
            (Action::NextHead, "head"),
            (Action::CycleUnits, "units"),
            (Action::CycleManner, "delete or neutral"),
            (Action::ClearQuery, "clear"),
        ],
        Tab::Evaluate => &[
            (Action::ResumeEvaluation, "resume"),
            (Action::StartEvaluation, "run"),
            (Action::PauseEvaluation, "pause"),
            (Action::CancelEvaluation, "stop"),
            (Action::NextView, "view"),
            (Action::Open, "open"),
            (Action::Filter, "search"),
            (Action::CycleClass, "which"),
            (Action::CycleSort, "sort"),
            (Action::MarkRun, "mark"),
            (Action::CompareRuns, "compare"),
            (Action::ChooseBenchmark, "benchmark"),
            (Action::CycleStage1, "stage 1"),
            (Action::CycleFields, "fields"),
            (Action::CycleDepth, "depth"),
            (Action::ToggleRerank, "rerank"),
        ],
        Tab::Author => &[
            (Action::NormalMode, "commands"),
            (Action::InsertMode, "type"),
            (Action::SaveSkill, "save"),
            (Action::CycleResults, "results"),
            (Action::AddProbe, "probe"),
            (Action::ToggleShould, "should/not"),
            (Action::EditOutside, "$EDITOR"),
            (Action::RevertSkill, "revert"),
            (Action::ChooseSkill, "skill"),
            (Action::RemoveProbe, "remove"),
            (Action::Copy, "copy"),
        ],
        Tab::Library => &[
            (Action::Filter, "filter"),
            (Action::CycleSort, "sort"),
            (Action::CycleGroup, "group"),
            (Action::CloseGroup, "close group"),
            (Action::Open, "open"),
            (Action::Pin, "pin"),
            (Action::OpenInAuthor, "edit"),
            (Action::Copy, "copy id"),
        ],
    };
    FIRST.iter().chain(own).chain(LAST).copied()
}

/// "key word  key word …", as many as fit; `lead` (a mode, or the keys pressed so far) comes first.
pub fn draw_hints(
    frame: &mut Frame,
    area: Rect,
    lead: Option<&str>,
    hints: &[(String, &str)],
    session: &Session,
    theme: &Theme,
) {
    let mut spans = Vec::new();
    let mut room = usize::from(area.width);
    if let Some(lead) = lead {
        let lead = clip(lead, room, Symbols::of(session.ascii).ellipsis);
        room = room.saturating_sub(width(&lead) + 2);
        spans.push(Span::styled(lead, theme.style(Role::Title)));
        spans.push(Span::raw("  "));
    }
    for (keys, word) in hints {
        let needs = width(keys) + 1 + width(word);
        if needs > room {
            break;
        }
        room = room.saturating_sub(needs + 2);
        spans.push(Span::styled(keys.clone(), theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {word}  "), theme.style(Role::Muted)));
    }
    frame.render_widget(Line::from(spans), area);
}
