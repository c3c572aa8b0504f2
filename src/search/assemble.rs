//! A complete pipeline in one call, for work that has no interface to fill in the meantime: the command line and
//! evaluation.

use std::path::Path;
use std::sync::Arc;

use crate::index::{LexicalIndex, Notice, VectorStore};
use crate::library::{FieldSet, Library};
use crate::model::{Embedder, Reranker};

use super::vectorise::{Event, Progress, dense_index, vector_key, vectorise};
use super::{Courtesy, Pipeline, SearchError, Settings, Stage1};

/// The networks of a pipeline; either may be absent.
#[derive(Clone, Default)]
pub struct Models {
    pub embedder: Option<Arc<Embedder>>,
    pub reranker: Option<Arc<Reranker>>,
}

/// Opens the store of one field set: on disk under `cache`, or in memory. Notices go to `on_event`.
pub fn open_store(
    cache: Option<&Path>,
    embedder: &Embedder,
    fields: FieldSet,
    on_event: &mut dyn FnMut(Event),
) -> VectorStore {
    let key = vector_key(embedder, fields);
    let Some(dir) = cache else { return VectorStore::in_memory(key) };
    let (store, notices) = VectorStore::open(dir, key);
    notices.into_iter().for_each(|notice| on_event(Event::Notice(notice)));
    store
}

/// Builds what `settings` needs and nothing else: vectors only if stage 1 uses them.
pub fn assemble(
    library: Arc<Library>,
    models: Models,
    settings: Settings,
    cache: Option<&Path>,
    courtesy: &dyn Courtesy,
    on_event: &mut dyn FnMut(Event),
) -> Result<(Pipeline, Progress), SearchError> {
    let lexical = Arc::new(LexicalIndex::build(&library));
    let mut pipeline = Pipeline::new(library.clone(), lexical);
    let Models { embedder, reranker } = models;
    pipeline.set_models(embedder.clone(), reranker);
    let mut progress = Progress::default();
    if let Some(embedder) = embedder.as_ref().filter(|_| settings.stage1 != Stage1::Lexical) {
        let mut store = open_store(cache, embedder, settings.fields, on_event);
        progress = vectorise(&library, settings.fields, embedder, &mut store, courtesy, on_event)?;
        let mut dense = dense_index(&store, &library);
        if settings.wants_graph(library.len())
            && let Err(sentence) = dense.build_graph()
        {
            on_event(Event::Notice(Notice(sentence)));
        }
        pipeline.set_dense(settings.fields, Arc::new(dense));
    }
    Ok((pipeline, progress))
}
