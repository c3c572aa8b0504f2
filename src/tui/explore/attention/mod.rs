//! The attention of one pair as it is looked at now: captures, and what the gaze makes of them.

pub mod gaze;
mod heat;

use std::sync::Arc;

use crate::engine::{Beside, Request, Subject};
use crate::explain::{Attribution, Calibrated, HeadGrid, Reading, Span, SpanKind, Target, attribute, calibrate, spans};
use crate::library::{Library, SkillIx};
use crate::model::Capture;
use crate::search::{QueryId, Shortlist};
use crate::tui::widgets::{Page, Symbols, clip};

pub use gaze::{Gaze, Wanted, next_band, next_head};
pub use heat::cuts;

/// Pieces that are named with their share, and the columns each may take.
const NAMED: usize = 5;
const NAMED_COLUMNS: usize = 24;
/// A line or a section stands on a row of its own.
const ROW_COLUMNS: usize = 60;

/// What was asked about which skill of which search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub id: QueryId,
    pub skill: SkillIx,
}

impl Asked {
    pub fn request(self, shortlist: &Shortlist, reading: Reading) -> Request {
        Request::Explain { subject: self.subject(shortlist), reading }
    }

    pub fn subject(self, shortlist: &Shortlist) -> Subject {
        Subject {
            id: self.id,
            text: shortlist.request.clone(),
            settings: shortlist.settings,
            library: shortlist.library.clone(),
            skill: self.skill,
        }
    }
}

/// A piece of the document that is named.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    pub label: String,
    pub weight: f32,
    /// Tokens of the fields in it, and of all there are.
    pub tokens: (usize, usize),
    target: Target,
}

/// The numbers of the shown reading that the scored position's own do not hold.
enum Shown {
    Scored,
    Request(Attribution),
    /// The same skill's for the empty request.
    Calibrated {
        free: Attribution,
        change: Calibrated,
    },
}

/// A pair's captures, and what the present gaze makes of them.
pub struct Explained {
    pub asked: Asked,
    pub library: Arc<Library>,
    pub capture: Arc<Capture>,
    from_request: Option<Arc<Capture>>,
    content_free: Option<Arc<Capture>>,
    /// Known once it was asked for: the request cannot look at the document.
    pub causal: bool,
    /// Of the scored position, whatever is shown: what erasure is compared with.
    pub attribution: Attribution,
    shown: Shown,
    /// The pieces with the most attention, or that gain the most; and those that lose the most. Found once per gaze and
    /// not once per frame.
    pub most: Vec<Named>,
    pub least: Vec<Named>,
    pub page: Page,
    /// What the heads are asked about, and what that is called.
    target: Target,
    pub target_label: String,
    pub grid: HeadGrid,
}

impl Explained {
    pub fn new(asked: Asked, library: Arc<Library>, capture: Arc<Capture>, gaze: &Gaze, symbols: &Symbols) -> Self {
        let attribution = attribute(&capture, gaze.heads(&capture.attention));
        let grid = HeadGrid::new(&capture, &Target::Fields);
        let mut explained = Explained {
            asked,
            library,
            capture,
            from_request: None,
            content_free: None,
            causal: false,
            attribution,
            shown: Shown::Scored,
            most: Vec::new(),
            least: Vec::new(),
            page: Page::default(),
            target: Target::Fields,
            target_label: String::new(),
            grid,
        };
        explained.show(gaze, symbols);
        explained.aim(gaze);
        explained
    }

    /// What a reading needed besides.
    pub fn take(&mut self, beside: &Beside) {
        match beside {
            Beside::FromRequest(None) => self.causal = true,
            Beside::FromRequest(Some(capture)) => self.from_request = Some(capture.clone()),
            Beside::ContentFree(capture) => self.content_free = Some(capture.clone()),
        }
    }

    /// Whether all that this reading needs is there.
    pub fn has(&self, reading: Reading) -> bool {
        match reading {
            Reading::Scored => true,
            Reading::Request => self.from_request.is_some(),
            Reading::Calibrated => self.content_free.is_some(),
        }
    }

    /// Looks in another way; the heads are still asked about the same.
    pub fn look(&mut self, gaze: &Gaze, symbols: &Symbols) {
        self.attribution = attribute(&self.capture, gaze.heads(&self.capture.attention));
        self.show(gaze, symbols);
        self.count_heads();
    }

    /// Asks the heads about what is wanted, in the pieces that are shown.
    pub fn aim(&mut self, gaze: &Gaze) {
        (self.target, self.target_label) = match gaze.wanted {
            Wanted::Field(field) => (Target::Field(field), field.key().to_owned()),
            Wanted::Heaviest(at) => match self.most.get(at.min(self.most.len().saturating_sub(1))) {
                Some(named) => (named.target.clone(), format!("{} {}", gaze.kind.key(), named.label)),
                None => (Target::Fields, "any field".to_owned()),
            },
            Wanted::Fields => (Target::Fields, "any field".to_owned()),
        };
        self.count_heads();
    }

    /// The reading whose numbers are shown: the plain one until what the wanted one needs is there.
    pub fn reading(&self) -> Reading {
        match self.shown {
            Shown::Scored => Reading::Scored,
            Shown::Request(_) => Reading::Request,
            Shown::Calibrated { .. } => Reading::Calibrated,
        }
    }

    /// Shares of the shown reading; of a calibrated one those it started from.
    pub fn numbers(&self) -> &Attribution {
        match &self.shown {
            Shown::Request(attribution) => attribution,
            Shown::Scored | Shown::Calibrated { .. } => &self.attribution,
        }
    }

    /// The shares for the empty request, and what this one adds to them.
    pub fn change(&self) -> Option<(&Attribution, &Calibrated)> {
        match &self.shown {
            Shown::Calibrated { free, change } => Some((free, change)),
            Shown::Scored | Shown::Request(_) => None,
        }
    }

    fn show(&mut self, gaze: &Gaze, symbols: &Symbols) {
        let heads = gaze.heads(&self.capture.attention);
        let own = &*self.capture;
        let (shown, spans) = match (gaze.reading, &self.from_request, &self.content_free) {
            (Reading::Request, Some(capture), _) => {
                let attribution = attribute(capture, heads);
                let spans = spans(capture, &attribution, gaze.kind);
                (Shown::Request(attribution), spans)
            }
            (Reading::Calibrated, _, Some(capture)) => {
                let free = attribute(capture, heads);
                let change = calibrate(&self.attribution, &free);
                let spans = change.spans((own, &self.attribution), (capture, &free), gaze.kind);
                (Shown::Calibrated { free, change }, spans)
            }
            _ => (Shown::Scored, spans(own, &self.attribution, gaze.kind)),
        };
        self.shown = shown;
        let signed = self.change().is_some();
        self.page.set(heat::heat_text(&self.capture, self.numbers(), &spans, gaze.kind, signed, symbols));
        (self.most, self.least) = self.named(&spans, gaze.kind, symbols);
    }

    /// The heaviest pieces, and those below nothing; a blob without a space is a word too, so they are cut.
    fn named(&self, spans: &[Span], kind: SpanKind, symbols: &Symbols) -> (Vec<Named>, Vec<Named>) {
        let tokens = self.numbers().fields.iter().map(|field| field.tokens).sum();
        let named = |(span, weight): &(&Span, f32)| Named {
            label: clip(span.label(&self.capture.document).shown(), columns(kind), symbols.ellipsis),
            weight: *weight,
            tokens: (span.tokens, tokens),
            target: Target::Span(span.bytes.clone()),
        };
        let weighed = || spans.iter().filter(|span| span.field.is_some()).filter_map(|span| Some((span, span.weight?)));
        let most = ends(weighed().filter(|(_, weight)| *weight > 0.0).collect(), |weight| -weight);
        let least = ends(weighed().filter(|(_, weight)| *weight < 0.0).collect(), |weight| weight);
        (most.iter().map(named).collect(), least.iter().map(named).collect())
    }

    fn count_heads(&mut self) {
        let grid = |capture: &Capture| HeadGrid::new(capture, &self.target);
        self.grid = match (&self.shown, &self.from_request, &self.content_free) {
            (Shown::Request(_), Some(capture), _) => grid(capture),
            (Shown::Calibrated { .. }, _, Some(free)) => grid(&self.capture).minus(&grid(free)),
            _ => grid(&self.capture),
        };
    }
}

fn columns(kind: SpanKind) -> usize {
    match kind {
        SpanKind::Word | SpanKind::Token => NAMED_COLUMNS,
        SpanKind::Line | SpanKind::Section => ROW_COLUMNS,
    }
}

/// The first few in the order of a key.
fn ends<T: Copy>(mut all: Vec<(T, f32)>, key: fn(f32) -> f32) -> Vec<(T, f32)> {
    let by_key = |a: &(T, f32), b: &(T, f32)| key(a.1).total_cmp(&key(b.1));
    if NAMED < all.len() {
        all.select_nth_unstable_by(NAMED, by_key);
        all.truncate(NAMED);
    }
    all.sort_by(by_key);
    all
}
