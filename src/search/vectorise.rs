//! Fills a [`VectorStore`] with the vectors a library still lacks.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use crate::index::{DenseIndex, Notice, Rounding, VectorKey, VectorStore};
use crate::library::{ContentHash, FieldSet, Library};
use crate::model::{Embedder, ModelError, Role, Similarity, never};
use crate::text::Encoding;

use super::courtesy::{Courtesy, politely};

/// Skills embedded per step: about 2,000 tokens of the built-in model, so that stopping takes a fraction of a second.
const STEP: usize = 8;
/// Vectors per durable segment: what a kill can cost at most, a few seconds of work.
const SEGMENT: usize = 256;
/// The longest a finished vector waits to become visible to search.
const PUBLISH_EVERY: Duration = Duration::from_secs(2);

/// The store's key for one model and field set.
pub fn vector_key(embedder: &Embedder, fields: FieldSet) -> VectorKey {
    VectorKey {
        fingerprint: format!("{}-{}", embedder.id().fingerprint, fields.key()),
        dimensions: embedder.dimensions(),
        rounding: match embedder.profile().similarity {
            Similarity::F32 => Rounding::None,
            Similarity::Bf16 => Rounding::Bf16,
        },
    }
}

/// The vectors a library has so far.
pub fn dense_index(store: &VectorStore, library: &Library) -> DenseIndex {
    DenseIndex::new(store, library.skills().iter().map(|skill| skill.hash))
}

/// How far it has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Distinct contents with a vector, of how many.
    pub ready: usize,
    pub of: usize,
    /// Tokens embedded in this call.
    pub tokens: usize,
    pub elapsed: Duration,
}

impl Progress {
    pub fn tokens_per_second(&self) -> f64 {
        self.tokens as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// What [`vectorise`] reports while it works.
pub enum Event<'a> {
    /// New vectors are in the store; a new [`DenseIndex`] would see them.
    Stored(&'a VectorStore, Progress),
    Notice(Notice),
}

/// Embeds every skill whose content has no vector yet, equal contents once. Tokenising runs beside the network.
/// Returns [`ModelError::Stopped`] when `courtesy` says so; what was stored stays.
pub fn vectorise(
    library: &Library,
    fields: FieldSet,
    embedder: &Embedder,
    store: &mut VectorStore,
    courtesy: &dyn Courtesy,
    on_event: &mut dyn FnMut(Event),
) -> Result<Progress, ModelError> {
    let start = Instant::now();
    let mut wanted = HashSet::new();
    let skills: Vec<_> = library.skills().iter().filter(|skill| wanted.insert(skill.hash)).collect();
    let open: Vec<_> = skills.iter().filter(|skill| !store.contains(&skill.hash)).collect();
    let mut progress = Progress { ready: skills.len() - open.len(), of: skills.len(), ..Progress::default() };

    // Depth 2: the next steps are tokenised while this one is embedded, and no more is held than that.
    let (sender, steps) = bounded::<Vec<(ContentHash, Encoding)>>(2);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for step in open.chunks(STEP) {
                let encoded = step
                    .iter()
                    .map(|skill| (skill.hash, embedder.encode(&embedder.document(skill, fields).text, Role::Document)))
                    .collect();
                if sender.send(encoded).is_err() {
                    return;
                }
            }
        });
        // Moved in so that it is dropped, and the tokeniser ends, however this closure is left.
        let steps = steps;
        let mut fresh: Vec<(ContentHash, Vec<f32>)> = Vec::with_capacity(SEGMENT);
        let mut published = Instant::now();
        let mut outcome = Ok(());
        for step in &steps {
            let (hashes, encodings): (Vec<_>, Vec<_>) = step.into_iter().unzip();
            match politely(courtesy, &never, |stop| embedder.embed(&encodings, stop)) {
                Ok(vectors) => fresh.extend(hashes.into_iter().zip(vectors)),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
            progress.tokens += encodings.iter().map(|encoding| encoding.ids.len()).sum::<usize>();
            if fresh.len() >= SEGMENT || published.elapsed() >= PUBLISH_EVERY {
                flush(&mut fresh, store, &mut progress, start, on_event);
                published = Instant::now();
            }
        }
        if !fresh.is_empty() {
            flush(&mut fresh, store, &mut progress, start, on_event);
        }
        progress.elapsed = start.elapsed();
        outcome.map(|()| progress)
    })
}

fn flush(
    fresh: &mut Vec<(ContentHash, Vec<f32>)>,
    store: &mut VectorStore,
    progress: &mut Progress,
    start: Instant,
    on_event: &mut dyn FnMut(Event),
) {
    if let Some(notice) = store.append(fresh) {
        on_event(Event::Notice(notice));
    }
    progress.ready += fresh.len();
    progress.elapsed = start.elapsed();
    fresh.clear();
    on_event(Event::Stored(store, *progress));
}
