//! The two stages over one library: an immutable snapshot that any thread may use.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crate::index::{Coverage, DenseIndex, LexicalIndex, Scored, SearchKind, Weighing};
use crate::library::{Field, FieldSet, Library, LoadError, Skill, SkillIx};
use crate::model::{Badge, Capture, Embedder, Evidence, Fusion, ModelError, Reranker, Role, Stop, Verdict};
use crate::text::Encoding;

use super::caches::{Caches, ScoreKey, asked};
use super::courtesy::{Courtesy, Undisturbed, politely};
use super::fusion::{FUSION_DEPTH, fuse, joined, weighing};
use super::results::{Hit, PinnedStanding, Placed, QueryId, Reranking, Settings, Shortlist, Stage1, Stage1Timings};

/// Pairs scored before a batch is published: about 1,000 tokens of the built-in cross-encoder, so that first scores
/// are on screen and a newer request is noticed within 150 ms on two cores.
pub const RERANK_BATCH: usize = 4;

#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Library(#[from] LoadError),
    #[error("no reranker is loaded: choose one with --reranker, or search without stage 2")]
    NoReranker,
}

/// Vectors of one field set; `None` until someone asked for that set.
type DenseByFields = [Option<Arc<DenseIndex>>; FieldSet::ALL.len()];

/// Everything a request needs. Cloning copies pointers.
#[derive(Clone)]
pub struct Pipeline {
    pub library: Arc<Library>,
    /// As the published baselines weigh words.
    lexical: Arc<LexicalIndex>,
    /// As the embedder's profile weighs them where both sides are fused.
    fused_lexical: Arc<LexicalIndex>,
    dense: DenseByFields,
    embedder: Option<Arc<Embedder>>,
    pub reranker: Option<Arc<Reranker>>,
    pub caches: Arc<Caches>,
    /// How stage 2 behaves beside other work.
    pub courtesy: Arc<dyn Courtesy>,
}

impl Pipeline {
    /// A pipeline that can search by words at once; vectors and models may follow.
    pub fn new(library: Arc<Library>, lexical: Arc<LexicalIndex>) -> Self {
        Pipeline {
            library,
            fused_lexical: lexical.clone(),
            lexical,
            dense: DenseByFields::default(),
            embedder: None,
            reranker: None,
            caches: Arc::default(),
            courtesy: Arc::new(Undisturbed),
        }
    }

    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    pub fn embedder(&self) -> Option<&Arc<Embedder>> {
        self.embedder.as_ref()
    }

    /// The index by words as a stage 1 weighs them: alone as the published baselines do, beside vectors as the profile
    /// of the embedder says.
    pub fn words(&self, stage1: Stage1) -> &Arc<LexicalIndex> {
        match stage1 {
            Stage1::Lexical | Stage1::Dense => &self.lexical,
            Stage1::Fused => &self.fused_lexical,
        }
    }

    /// How both sides are joined; `None`: by reciprocal ranks.
    pub fn fusion(&self) -> Option<Fusion> {
        self.embedder.as_ref().and_then(|embedder| embedder.profile().fusion)
    }

    fn weigh_words(&mut self) {
        self.fused_lexical = match weighing(self.fusion()) {
            Weighing::Bm25 => self.lexical.clone(),
            weighing => Arc::new(self.lexical.weighed(weighing)),
        };
    }

    pub fn dense(&self, fields: FieldSet) -> Option<&Arc<DenseIndex>> {
        self.dense[fields as usize].as_ref()
    }

    pub fn set_dense(&mut self, fields: FieldSet, dense: Arc<DenseIndex>) {
        self.dense[fields as usize] = Some(dense);
    }

    /// Other networks: the vectors of the old embedder mean nothing to the new one.
    pub fn set_models(&mut self, embedder: Option<Arc<Embedder>>, reranker: Option<Arc<Reranker>>) {
        let id = |embedder: &Option<Arc<Embedder>>| embedder.as_ref().map(|embedder| embedder.id().clone());
        if id(&self.embedder) != id(&embedder) {
            self.dense = DenseByFields::default();
        }
        self.embedder = embedder;
        self.reranker = reranker;
        self.weigh_words();
    }

    /// Another library: its vectors are not known yet, the models and caches stay.
    pub fn set_library(&mut self, library: Arc<Library>, lexical: Arc<LexicalIndex>) {
        self.library = library;
        self.lexical = lexical;
        self.dense = DenseByFields::default();
        self.weigh_words();
    }

    /// The protocol badge: what makes a number of this pipeline comparable (design invariant 6).
    pub fn badge(&self, settings: Settings) -> Badge {
        const LEXICAL: &str = "BM25 (lucene, k1 1.5, b 0.75)";
        const COSINE: &str = "exact cosine, f16 vectors";
        let embedder = self.embedder.as_ref().map(|embedder| embedder.badge());
        let (short, long) = match (settings.stage1, embedder) {
            (Stage1::Lexical, _) | (_, None) => ("BM25".to_owned(), LEXICAL.to_owned()),
            (Stage1::Dense, Some(Badge { short, long })) => (short, format!("{long}, {COSINE}")),
            (Stage1::Fused, Some(Badge { short, long })) => {
                let words = self.words(Stage1::Fused).weighing().label();
                let lexical = if self.fusion().is_some() { String::new() } else { format!("{LEXICAL} + ") };
                (format!("{words} + {short}"), format!("{lexical}{long}, {COSINE}, {}", joined(self.fusion())))
            }
        };
        let reranker = self.reranker.as_ref().filter(|_| settings.rerank).map(|reranker| reranker.badge());
        let (after, then) = match reranker {
            Some(Badge { short, long }) => {
                let depth = settings.depth;
                (format!("{short} over {depth}"), format!("{long} over {depth}"))
            }
            None => ("no reranking".to_owned(), "no reranking".to_owned()),
        };
        let fields = settings.fields.key();
        Badge {
            short: format!("{short} · {after} · fields {fields}"),
            long: format!("{long} · {then} · fields {fields}"),
        }
    }

    /// [`Pipeline::badge`] in full.
    pub fn describe(&self, settings: Settings) -> String {
        self.badge(settings).long
    }

    /// Stage 1. `exact` forbids approximate search (evaluation always does). Uses words alone while there is no
    /// embedder or no vector; [`Shortlist::ran`] says so.
    pub fn stage1(
        &self,
        id: QueryId,
        request: &Arc<str>,
        settings: Settings,
        pinned: Option<SkillIx>,
        exact: bool,
    ) -> Result<Shortlist, SearchError> {
        let start = Instant::now();
        let mut timings = Stage1Timings::default();
        let blank = request.trim().is_empty();
        let exact = exact || !settings.wants_graph(self.library.len());
        let dense_index = self.dense(settings.fields).filter(|dense| dense.ready() > 0);
        let side = match (&self.embedder, dense_index, settings.stage1) {
            (Some(embedder), Some(dense), Stage1::Dense | Stage1::Fused) if !blank => Some((embedder, dense)),
            _ => None,
        };
        let ran = if side.is_some() { settings.stage1 } else { Stage1::Lexical };

        let words = self.words(settings.stage1);
        let lexical = if ran == Stage1::Dense {
            Vec::new()
        } else {
            words.search(request, settings.fields, FUSION_DEPTH.max(settings.depth))
        };
        timings.lexical = start.elapsed();

        let mut vector = None;
        let mut dense = Vec::new();
        if let Some((embedder, index)) = side {
            let embedding = self.embed_request(embedder, request)?;
            timings.embed = start.elapsed() - timings.lexical;
            dense = index.search(&embedding, FUSION_DEPTH.max(settings.depth), exact);
            timings.dense = start.elapsed() - timings.lexical - timings.embed;
            vector = Some((embedding, index));
        }

        let list = match ran {
            Stage1::Lexical => lexical.clone(),
            Stage1::Dense => dense.clone(),
            Stage1::Fused => fuse(self.fusion(), &lexical, &dense),
        };
        let ready = self.dense(settings.fields).map_or(0, |dense| dense.ready());
        let verdict = self.judge(request, settings, &list, &dense);
        let hits = place(&list[..list.len().min(settings.depth)], &lexical, &dense, ran);
        let pinned = pinned.map(|skill| {
            let rank = list.iter().position(|scored| scored.skill == skill).map(|index| index + 1);
            let dense = vector.as_ref().and_then(|(vector, index)| index.rank_of(vector, skill));
            PinnedStanding {
                skill,
                lexical: words.rank_of(request, settings.fields, skill).map(placed),
                dense: dense.map(placed),
                rank,
                in_shortlist: rank.is_some_and(|rank| rank <= settings.depth),
            }
        });
        timings.total = start.elapsed();
        Ok(Shortlist {
            id,
            request: request.clone(),
            settings,
            library: self.library.clone(),
            hits,
            ran,
            weighing: words.weighing(),
            fusion: self.fusion().filter(|_| ran == Stage1::Fused),
            vectors: (ready, self.library.len()),
            kind: dense_index.filter(|_| !exact).map_or(SearchKind::Exact, |dense| dense.kind()),
            verdict,
            pinned,
            timings,
        })
    }

    /// Whether what stands first fits. `None` without vectors or a calibration, while a vector is missing, which may be
    /// the one that fits, and on some fields only: calibrations are made on all.
    fn judge(&self, request: &str, settings: Settings, list: &[Scored], dense: &[Scored]) -> Option<Verdict> {
        let fit = self.embedder.as_ref()?.profile().fit?;
        if self.dense(settings.fields)?.ready() < self.library.len() || settings.fields != FieldSet::Full {
            return None;
        }
        let first = list.first()?.skill;
        // One that only words found is beyond the last of the vectors, as in `fuse`.
        let cosine = dense.iter().find(|scored| scored.skill == first).or(dense.last())?.score;
        let Coverage { share, words } = self.words(Stage1::Fused).coverage(request, settings.fields, first);
        Some(fit.judge(Evidence { cosine, covered: share, words, skills: self.library.len() }))
    }

    /// Stage 2: scores the shortlist best first in batches of [`RERANK_BATCH`], calling `on_batch` after each. When
    /// `stop` says so, gives [`ModelError::Stopped`]; what was scored stays in the cache.
    pub fn rerank(
        &self,
        shortlist: &Arc<Shortlist>,
        stop: Stop,
        on_batch: &mut dyn FnMut(&Reranking),
    ) -> Result<Reranking, SearchError> {
        let reranker = self.reranker.as_ref().ok_or(SearchError::NoReranker)?;
        let start = Instant::now();
        let prior = reranker.prior(&shortlist.request, shortlist.fusion);
        let skills: Vec<&Skill> = shortlist.hits.iter().map(|hit| &shortlist.library[hit.skill]).collect();
        let fields = shortlist.settings.fields;
        let (scores, cached) =
            self.score_pairs(reranker, &shortlist.request, fields, &skills, stop, &mut |scores, cached| {
                on_batch(&Reranking::new(shortlist.clone(), scores, prior, cached, start.elapsed()));
            })?;
        Ok(Reranking::new(shortlist.clone(), &scores, prior, cached, start.elapsed()))
    }

    /// Scores of one request with several skills, and how many of them were in the cache. `on_batch` is called after
    /// each batch but the last.
    pub(super) fn score_pairs(
        &self,
        reranker: &Reranker,
        request: &str,
        fields: FieldSet,
        skills: &[&Skill],
        stop: Stop,
        on_batch: &mut dyn FnMut(&[Option<f32>], usize),
    ) -> Result<(Vec<Option<f32>>, usize), SearchError> {
        let asked = asked(&reranker.id().fingerprint, request);
        let key = |row: usize| ScoreKey { asked, fields, document: skills[row].hash };
        let mut scores: Vec<Option<f32>> = (0..skills.len()).map(|row| self.caches.score(&key(row))).collect();
        let cached = scores.iter().flatten().count();
        let open: Vec<usize> = (0..scores.len()).filter(|&row| scores[row].is_none()).collect();
        let encode = |batch: &[usize]| -> Vec<Encoding> {
            let skills = batch.iter().map(|&row| skills[row]);
            skills.map(|skill| reranker.encode(request, &reranker.document(skill, fields).text)).collect()
        };
        let mut batches = open.chunks(RERANK_BATCH).peekable();
        let mut pairs = batches.peek().map_or(Vec::new(), |first| encode(first));
        while let Some(batch) = batches.next() {
            // The next batch is tokenised while this one is scored: on a GPU the processor has nothing else to do.
            let (fresh, next) = std::thread::scope(|scope| {
                let next = batches.peek().map(|&next| scope.spawn(move || encode(next)));
                let fresh = politely(&*self.courtesy, stop, |stop| reranker.score(&pairs, stop));
                (fresh, next.and_then(|next| next.join().ok()))
            });
            for (&row, score) in batch.iter().zip(fresh?) {
                scores[row] = Some(score);
                self.caches.remember_score(key(row), score);
            }
            pairs = next.unwrap_or_default();
            if scores.iter().any(Option::is_none) {
                on_batch(&scores, cached);
            }
        }
        Ok((scores, cached))
    }

    /// Whether the last model that ranks with these settings does not read a skill to its end for this request.
    pub fn cuts(&self, request: &str, skill: &Skill, settings: Settings) -> bool {
        let (document, seen) = match (&self.reranker, &self.embedder) {
            (Some(reranker), _) if settings.rerank => {
                let document = reranker.document(skill, settings.fields);
                let seen = reranker.encode(request, &document.text).seen_bytes;
                (document, seen)
            }
            (_, Some(embedder)) if settings.stage1 != Stage1::Lexical => {
                let document = embedder.document(skill, settings.fields);
                let seen = embedder.encode(&document.text, Role::Document).seen_bytes;
                (document, seen)
            }
            _ => return false,
        };
        seen < document.text.len() || Field::ALL.into_iter().any(|field| document.cut(field) > 0)
    }

    /// The score of one pair with the attention it was made with.
    pub fn capture(&self, request: &str, fields: FieldSet, skill: SkillIx, stop: Stop) -> Result<Capture, SearchError> {
        let reranker = self.reranker.as_ref().ok_or(SearchError::NoReranker)?;
        let document = reranker.document(&self.library[skill], fields);
        let encoding = reranker.encode_whole(request, &document.text);
        Ok(reranker.capture(document, encoding, stop)?)
    }

    pub(super) fn embed_request(&self, embedder: &Embedder, request: &str) -> Result<Vec<f32>, SearchError> {
        let asked = asked(&embedder.id().fingerprint, request);
        if let Some(vector) = self.caches.vector(&asked) {
            return Ok(vector);
        }
        let vector = embedder.embed_queries(&[request], &crate::model::never)?.pop().unwrap_or_default();
        self.caches.remember_vector(asked, vector.clone());
        Ok(vector)
    }
}

fn placed((rank, score): (usize, f32)) -> Placed {
    Placed { rank, score }
}

/// Shortlist rows with their places in both lists.
fn place(top: &[Scored], lexical: &[Scored], dense: &[Scored], ran: Stage1) -> Vec<Hit> {
    let places = |list: &[Scored]| -> HashMap<SkillIx, Placed> {
        list.iter()
            .enumerate()
            .map(|(index, scored)| (scored.skill, Placed { rank: index + 1, score: scored.score }))
            .collect()
    };
    let (lexical, dense) = (places(lexical), places(dense));
    top.iter()
        .enumerate()
        .map(|(index, scored)| Hit {
            skill: scored.skill,
            rank: index + 1,
            lexical: lexical.get(&scored.skill).copied(),
            dense: dense.get(&scored.skill).copied(),
            fused: (ran == Stage1::Fused).then_some(scored.score),
        })
        .collect()
}
