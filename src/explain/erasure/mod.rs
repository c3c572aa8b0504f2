//! Erasure: what becomes of the score, and of the rank in the shortlist, when a piece of the text is taken away
//! (occlusion; for rankers arXiv 2403.01981). Unlike attention it has a sign and is about cause.
//!
//! The edited fields go through the reranker's own way of reading, caps and limit included, so that every number here
//! is what `rerank` gives for the edited skill, to the last bit.

mod agreement;
mod edit;
mod json;
mod lists;
mod rivals;
#[cfg(test)]
mod tests;
mod units;

use std::sync::Arc;

use crate::explain::stage1::cosine;
use crate::explain::{Lens, attribute};
use crate::library::{Field, FieldSet, Skill};
use crate::model::{Embedder, ModelError, Reranker, Role, Stop};
use crate::search::SearchError;
use crate::search::courtesy::{Courtesy, politely};
use crate::text::{Document, Encoding, Segment};

pub(crate) use agreement::pearson;
pub use agreement::{Agreement, Verdict, agreement, attention_shares, spearman};
pub use edit::{Manner, NEUTRAL, without};
pub use lists::{Lists, Relist, Standing};
pub use rivals::Rivals;
pub use units::{Grain, Pair, Place, Unit, WORDS, units};
use units::{Piece, pieces};

/// Pairs scored per step, as many as live search scores before it looks up.
const BATCH: usize = crate::search::pipeline::RERANK_BATCH;

impl Pair {
    pub fn new(request: &str, skill: &Skill, fields: FieldSet) -> Self {
        let parts = Field::ALL.map(|field| skill.field(field).for_model().to_owned());
        Pair { request: request.to_owned(), parts, fields }
    }

    /// What the reranker reads of it.
    fn document(&self, reranker: &Reranker) -> Document {
        reranker.document_of(self.parts(), self.fields)
    }

    fn encode(&self, reranker: &Reranker) -> Encoding {
        reranker.encode(&self.request, &self.document(reranker).text)
    }
}

/// What taking one unit away did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Raw score of the edited pair.
    pub score: f32,
    /// Δscore: `score` minus the score of the whole pair; negative where the unit spoke for the skill.
    pub change: f32,
    /// 1-based rank among the scores of the shortlist, which stay; without a sentence of the request, that of
    /// `standing`. `None` where there is nothing to compare with, and outside the shortlist.
    pub rank: Option<usize>,
    /// Δrank: positive where the skill falls.
    pub rank_change: Option<i64>,
    /// Both ranks for the request without this sentence; `None` for pieces of the skill, and before that list is made.
    pub standing: Option<Standing>,
    /// What the embedder's cosine of request and skill changes by: SkillRet's measure (papers.md 3.5), for sentences of
    /// the request and with an embedder only.
    pub cosine_change: Option<f32>,
}

/// An erasure as far as it has come.
#[derive(Debug, Clone)]
pub struct Erased {
    pub grain: Grain,
    pub manner: Manner,
    /// Units of which the model saw something, in the order of the text; words with the most attention first. Words
    /// are chosen by the first step.
    pub units: Arc<[Unit]>,
    /// Words the model saw that are not among them: there are more than [`WORDS`].
    pub left_out: usize,
    /// Units behind the caps or the limit: taking them away changes nothing.
    pub unseen: usize,
    /// Raw score of the whole pair; `None` before the first step.
    pub base: Option<f32>,
    /// Its rank among the scores of the shortlist.
    pub rank: Option<usize>,
    /// What the ranks of an edited request cost; `None` for pieces of the skill, or where no list can be made.
    pub lists: Option<Lists>,
    /// One for each unit; `None` while it is not scored.
    pub effects: Vec<Option<Effect>>,
}

impl Erased {
    pub fn is_finished(&self) -> bool {
        self.is_scored() && self.lists.is_none_or(|lists| lists.whole.is_some() && self.listed() == self.units.len())
    }

    /// Whether the pair itself is done, whole and without each piece.
    fn is_scored(&self) -> bool {
        self.base.is_some() && self.scored() == self.units.len()
    }

    /// Units scored so far.
    pub fn scored(&self) -> usize {
        self.effects.iter().flatten().count()
    }

    /// Units for which both stages ran again so far.
    pub fn listed(&self) -> usize {
        self.effects.iter().flatten().filter(|effect| effect.standing.is_some()).count()
    }

    /// Which words were chosen, for a line that follows the title; `None` where all pieces are taken in order.
    pub fn choice(&self) -> Option<String> {
        let (chosen, left_out) = (self.units.len(), self.left_out);
        let words = match left_out {
            _ if self.grain != Grain::Words || self.base.is_none() => return None,
            0 => "all that were seen, most attention first".to_owned(),
            _ => format!("the {chosen} with the most attention of {} seen", chosen + left_out),
        };
        Some(words)
    }

    /// Steps of the work that are done, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        let lists = if self.lists.is_some() { self.units.len() } else { 0 };
        (self.scored() + self.listed(), self.units.len() + lists)
    }
}

/// An erasure that is done step by step, so that whoever runs it can do something else in between.
pub struct Run {
    pair: Arc<Pair>,
    rivals: Option<Rivals>,
    nearness: Option<Nearness>,
    relist: Option<Relist>,
    /// Words of which some are to be chosen.
    candidates: Option<Vec<Piece>>,
    report: Erased,
}

impl Run {
    /// Finds the units the model sees; scores nothing yet. The scores of `rivals` are those of the whole request, so
    /// an erasure of the request itself has no rank among them.
    pub fn new(reranker: &Reranker, pair: Pair, rivals: Option<Rivals>, grain: Grain, manner: Manner) -> Self {
        let seen = Seen::new(reranker, &pair);
        let all = pieces(&pair, grain);
        let count = all.len();
        let shown = all.into_iter().filter(|piece| piece.bytes.start < seen.end(piece.place));
        let shown: Vec<Piece> = shown.collect();
        let unseen = count - shown.len();
        let (candidates, pieces) = if grain == Grain::Words { (Some(shown), Vec::new()) } else { (None, shown) };
        let units: Arc<[Unit]> = pieces.into_iter().map(|piece| piece.unit(&pair)).collect();
        let report = Erased {
            grain,
            manner,
            unseen,
            left_out: 0,
            effects: vec![None; units.len()],
            units,
            base: None,
            rank: None,
            lists: None,
        };
        let rivals = rivals.filter(|_| grain != Grain::Request);
        Run { pair: Arc::new(pair), rivals, nearness: None, relist: None, candidates, report }
    }

    /// Sentences of the request are measured by the embedder too, as SkillRet does.
    pub fn with_embedder(mut self, embedder: Option<Arc<Embedder>>) -> Self {
        let wanted = self.report.grain == Grain::Request;
        self.nearness = embedder.filter(|_| wanted).map(|embedder| Nearness { embedder, known: None });
        self
    }

    /// An edited request is searched again for the ranks of the skill; last of all, as it costs a list of pairs each.
    pub fn with_lists(mut self, relist: Option<Relist>) -> Self {
        self.relist = relist.filter(|_| self.report.grain == Grain::Request);
        self.report.lists = self.relist.as_ref().map(Relist::cost);
        self
    }

    pub fn report(&self) -> &Erased {
        &self.report
    }

    pub fn pair(&self) -> &Arc<Pair> {
        &self.pair
    }

    /// Scores the next few units, the whole pair first of all; then makes one list after another. After
    /// [`ModelError::Stopped`] it may be called again and goes on where it was.
    ///
    /// # Errors
    /// As [`Reranker::score`], and as a search.
    pub fn step(&mut self, reranker: &Reranker, stop: Stop) -> Result<(), SearchError> {
        match self.report.is_scored() {
            false => Ok(self.score(reranker, stop)?),
            true => self.list(stop),
        }
    }

    /// Both stages for the whole request, or for the next that is edited.
    fn list(&mut self, stop: Stop) -> Result<(), SearchError> {
        let Erased { units, effects, manner, lists, rank, .. } = &mut self.report;
        let (Some(relist), Some(lists)) = (&self.relist, lists) else { return Ok(()) };
        let Some(whole) = lists.whole else {
            let (standing, _) = relist.stand(&self.pair.request, stop)?;
            (lists.whole, *rank) = (Some(standing), standing.rank);
            return Ok(());
        };
        let open = units.iter().zip(effects.iter_mut()).filter_map(|(unit, effect)| Some((unit, effect.as_mut()?)));
        let Some((unit, effect)) = open.into_iter().find(|(_, effect)| effect.standing.is_none()) else {
            return Ok(());
        };
        let (standing, pairs) = relist.stand(&without(&self.pair, unit, *manner).request, stop)?;
        lists.pairs += pairs;
        effect.standing = Some(standing);
        effect.rank = standing.rank;
        effect.rank_change = standing.rank.zip(whole.rank).map(|(after, before)| after as i64 - before as i64);
        Ok(())
    }

    /// Of many words those that the model looks at most, by the mean of the middle layers.
    fn choose(&mut self, reranker: &Reranker, stop: Stop) -> Result<(), ModelError> {
        let Some(candidates) = &self.candidates else { return Ok(()) };
        let document = self.pair.document(reranker);
        let encoding = reranker.encode_whole(&self.pair.request, &document.text);
        let capture = reranker.capture(document, encoding, stop)?;
        let units: Vec<Unit> = candidates.iter().map(|piece| piece.unit(&self.pair)).collect();
        let shares = attention_shares(&capture, &attribute(&capture, Lens::default()), &self.pair, &units);
        let mut order: Vec<usize> = (0..units.len()).collect();
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
        self.report.left_out = units.len().saturating_sub(WORDS);
        self.report.units = order.into_iter().take(WORDS).map(|at| units[at].clone()).collect();
        self.report.effects = vec![None; self.report.units.len()];
        self.candidates = None;
        Ok(())
    }

    fn score(&mut self, reranker: &Reranker, stop: Stop) -> Result<(), ModelError> {
        self.choose(reranker, stop)?;
        let Erased { units, effects, manner, .. } = &self.report;
        let wants_base = self.report.base.is_none();
        let open = (0..units.len()).filter(|&at| effects[at].is_none()).take(BATCH - usize::from(wants_base));
        let open: Vec<usize> = open.collect();
        let mut pairs = Vec::with_capacity(BATCH);
        pairs.extend(wants_base.then(|| self.pair.encode(reranker)));
        let edited: Vec<Pair> = open.iter().map(|&at| without(&self.pair, &units[at], *manner)).collect();
        pairs.extend(edited.iter().map(|pair| pair.encode(reranker)));
        let mut scores = reranker.score(&pairs, stop)?.into_iter();
        let cosines = match &mut self.nearness {
            Some(nearness) => nearness.changes(&self.pair, &edited, stop)?,
            None => vec![None; edited.len()],
        };
        if wants_base {
            self.report.base = scores.next();
            self.report.rank = self.report.base.and_then(|base| Some(self.rivals.as_ref()?.rank(base)));
        }
        for ((at, score), cosine_change) in open.into_iter().zip(scores).zip(cosines) {
            self.report.effects[at] = self.report.base.map(|base| Effect { cosine_change, ..self.effect(base, score) });
        }
        Ok(())
    }

    fn effect(&self, base: f32, score: f32) -> Effect {
        let rank = self.rivals.as_ref().map(|rivals| rivals.rank(score));
        let rank_change = rank.zip(self.report.rank).map(|(after, before)| after as i64 - before as i64);
        Effect { score, change: score - base, rank, rank_change, standing: None, cosine_change: None }
    }
}

/// The encoder's side of an erased request.
struct Nearness {
    embedder: Arc<Embedder>,
    /// The skill's vector, and its cosine with the whole request.
    known: Option<(Vec<f32>, f32)>,
}

impl Nearness {
    /// What each edited request changes of the cosine.
    fn changes(&mut self, whole: &Pair, edited: &[Pair], stop: Stop) -> Result<Vec<Option<f32>>, ModelError> {
        let embedder = &self.embedder;
        let (document, base) = match self.known.take() {
            Some(known) => known,
            None => {
                let document = embedder.profile().document.render_parts(whole.parts(), whole.fields);
                let encoding = embedder.encode(&document.text, Role::Document);
                let document = embedder.embed(&[encoding], stop)?.pop().unwrap_or_default();
                let request = embedder.embed_queries(&[&whole.request], stop)?.pop().unwrap_or_default();
                let base = cosine(&document, &request);
                (document, base)
            }
        };
        let asked: Vec<&str> = edited.iter().map(|pair| &*pair.request).collect();
        let vectors = embedder.embed_queries(&asked, stop);
        let (document, base) = &*self.known.insert((document, base));
        Ok(vectors?.iter().map(|vector| Some(cosine(document, vector) - base)).collect())
    }
}

/// Runs an erasure to its end; `on_step` is shown it after every step.
///
/// # Errors
/// [`ModelError::Stopped`] when `stop` or `courtesy` says so, or a failure of the model.
pub fn erase(
    reranker: &Reranker,
    mut run: Run,
    courtesy: &dyn Courtesy,
    stop: Stop,
    on_step: &mut dyn FnMut(&Erased),
) -> Result<Erased, SearchError> {
    while !run.report.is_finished() {
        politely(courtesy, stop, |stop| run.step(reranker, stop))?;
        on_step(&run.report);
    }
    Ok(run.report)
}

/// How far the model reads into the request and the raw fields.
struct Seen {
    fields: [usize; 3],
    request: usize,
}

impl Seen {
    fn new(reranker: &Reranker, pair: &Pair) -> Self {
        let document = pair.document(reranker);
        let encoding = reranker.encode(&pair.request, &document.text);
        let fields = Field::ALL.map(|field| {
            let read = Read::new(&document, &pair.parts[field as usize], field);
            encoding.seen_bytes.min(read.span.end).checked_sub(read.span.start).map_or(0, |bytes| read.dropped + bytes)
        });
        let ends = encoding.segments.iter().zip(&encoding.offsets).filter(|(segment, _)| **segment == Segment::Query);
        Seen { fields, request: ends.map(|(_, bytes)| bytes.end).max().unwrap_or(0) }
    }

    fn end(&self, place: Place) -> usize {
        match place {
            Place::Field(field) => self.fields[field as usize],
            Place::Request => self.request,
        }
    }
}

/// Where a raw field stands in a document.
struct Read {
    /// Bytes in the document.
    span: std::ops::Range<usize>,
    /// Bytes the template drops at the field's beginning (white space, in some).
    dropped: usize,
}

impl Read {
    fn new(document: &Document, raw: &str, field: Field) -> Self {
        let span = document.span(field);
        // Only white space is dropped at the beginning, and then what is kept begins with something else.
        let first = document.text[span.clone()].chars().next();
        Read { dropped: first.and_then(|first| raw.find(first)).unwrap_or(0), span }
    }
}
