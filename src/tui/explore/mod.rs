//! The Explore tab: a request, what a router would find, in which order before and after reranking, and why.
//!
//! [`Explore`] is the state; `update.rs` changes it, `view/` draws it and reads only. Cells inside hold what a frame
//! measured (a wrapping, the height of a pane), never anything a person chose.

mod asking;
mod attention;
mod contrast;
mod erasure;
#[cfg(test)]
pub(crate) mod fixture;
pub mod layout;
mod mouse;
mod moving;
mod preview;
mod query;
mod results;
mod retrieval;
mod selection;
mod side;
mod standing;
mod update;
mod view;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use lru::LruCache;
use ratatui::layout::Rect;

use crate::explain::{Grain, Manner, Reading};
use crate::library::{ContentHash, Text};
use crate::tui::widgets::{Page, Symbols};

use attention::{Asked, Explained, Gaze};
use contrast::{AskedContrast, ContrastView};
use erasure::{AskedErasure, ErasedView};
use layout::{Focus, Layout, Wants};
pub use preview::PreviewReady;
use preview::{Inks, Worker};
use query::Query;
use results::Results;
use retrieval::RetrievedView;
use selection::Choice;
use side::Side;
pub(crate) use update::changed;

/// How long the selection rests before anything expensive is done for it (tui.md, practice 4).
const REST: Duration = Duration::from_millis(80);
/// Highlighted previews that are kept (television keeps as many).
const PREVIEWS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(49);

/// What the detail pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum View {
    #[default]
    Preview,
    Attention,
    Erasure,
    /// Against another skill.
    Contrast,
    /// Why stage 1 found it.
    Retrieval,
    Scores,
}

impl View {
    const ALL: [View; 6] =
        [View::Preview, View::Attention, View::Erasure, View::Contrast, View::Retrieval, View::Scores];

    fn title(self) -> &'static str {
        match self {
            View::Preview => "Preview",
            View::Attention => "Attention",
            View::Erasure => "Erasure",
            View::Contrast => "Contrast",
            View::Retrieval => "Stage 1",
            View::Scores => "Scores",
        }
    }

    fn next(self) -> Self {
        View::ALL[(self as usize + 1) % View::ALL.len()]
    }
}

/// Whether the selection has rested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Rest {
    /// Something changed; the clock starts at the next tick.
    Moved,
    Until(Instant),
    #[default]
    Done,
}

pub struct Explore {
    query: Query,
    focus: Focus,
    results: Results,
    choice: Choice,
    /// Id of the pinned skill, "mine". An id, so that it survives a reload.
    mine: Option<String>,
    /// Ids a benchmark says are right for the request it opened here.
    gold: BTreeSet<String>,
    view: View,
    gaze: Gaze,
    /// Whether the last frame had the grid of heads, for the key that turns it.
    grid_shown: Cell<bool>,
    rest: Rest,
    preview: Option<(selection::Selected, Page)>,
    inks: LruCache<ContentHash, Inks>,
    worker: Worker,
    explained: Option<Explained>,
    /// The explanation that was asked for last, with its reading, and why there is none.
    asked: Option<(Asked, Reading)>,
    grain: Grain,
    manner: Manner,
    erased: Option<ErasedView>,
    asked_erasure: Option<AskedErasure>,
    /// Id of the skill that others are compared with; `None` for the one at rank 1.
    opponent: Option<String>,
    contrasted: Option<ContrastView>,
    asked_contrast: Option<AskedContrast>,
    retrieved: Option<RetrievedView>,
    asked_retrieval: Option<Asked>,
    refused: Option<Text>,
    side: Side,
    ascii: bool,
}

impl Explore {
    /// `notify` is called from the preview's thread; what it is given belongs into [`Explore::preview`].
    pub fn new(notify: Box<dyn Fn(PreviewReady) + Send>) -> Self {
        Explore {
            query: Query::default(),
            focus: Focus::default(),
            results: Results::default(),
            choice: Choice::default(),
            mine: None,
            gold: BTreeSet::new(),
            view: View::default(),
            gaze: Gaze::default(),
            grid_shown: Cell::new(false),
            rest: Rest::default(),
            preview: None,
            inks: LruCache::new(PREVIEWS),
            worker: Worker::start(notify),
            explained: None,
            asked: None,
            grain: Grain::default(),
            manner: Manner::default(),
            erased: None,
            asked_erasure: None,
            opponent: None,
            contrasted: None,
            asked_contrast: None,
            retrieved: None,
            asked_retrieval: None,
            refused: None,
            side: Side::default(),
            ascii: false,
        }
    }

    /// True while plain characters go to the query line.
    pub fn text_input(&self) -> bool {
        self.focus == Focus::Query
    }

    /// Where everything is in this area; the same answer for drawing and for the mouse.
    pub fn layout(&self, area: Rect) -> Layout {
        let query_width = area.width.saturating_sub(view::PROMPT);
        let wants = Wants {
            query_rows: self.query.rows(query_width),
            mine: self.mine.is_some(),
            side: self.side.open,
            focus: self.focus,
        };
        layout::layout(area, wants)
    }

    fn symbols(&self) -> &'static Symbols {
        Symbols::of(self.ascii)
    }

    /// What is asked about now: the selected skill, in the newest search.
    fn asking(&self) -> Option<Asked> {
        Some(Asked { id: self.results.newest(), skill: self.selected()?.skill })
    }

    /// The erasure of what is selected now, as far as it has come.
    fn erased(&self) -> Option<&ErasedView> {
        let (asked, grain, manner) = (self.asking()?, self.grain, self.manner);
        self.erased.as_ref().filter(|_| self.asked_erasure == Some(AskedErasure { asked, grain, manner }))
    }

    /// Why stage 1 found what is selected now.
    fn retrieved(&self) -> Option<&RetrievedView> {
        let asked = self.asking()?;
        self.retrieved.as_ref().filter(|_| self.asked_retrieval == Some(asked))
    }

    /// The explanation, if it is of what is selected now.
    fn explained(&self) -> Option<&Explained> {
        let (selected, asking) = (self.selected()?, self.asking()?);
        let current = |explained: &&Explained| {
            explained.asked == asking && std::sync::Arc::ptr_eq(&explained.library, &selected.library)
        };
        self.explained.as_ref().filter(current)
    }
}
