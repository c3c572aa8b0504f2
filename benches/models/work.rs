//! The work that is measured, and the network that does it.

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use skillscope::model::forward::Output;
use skillscope::model::never;
use skillscope::model::qwen3::{Config, Qwen3, Setup};
use skillscope::model::weights::{Bytes, Weights};
use skillscope::text::{Encoding, Segment};

use crate::checkpoint::{HIDDEN, Random};

/// Tokens of instruction and request, which all candidates begin with.
const REQUEST: usize = 300;
/// Tokens of each document, the suffix of the template included.
const DOCUMENT: usize = 600;
const CANDIDATES: usize = 20;
/// Documents per call, as the program reranks.
pub const BATCH: usize = 4;

/// A checkpoint, opened.
pub struct Model {
    pub directory: PathBuf,
    files: Vec<(String, Bytes)>,
    config: Config,
}

impl Model {
    pub fn open(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("config.json");
        let config = Config::parse(&std::fs::read(&path)?, &path.display().to_string())?;
        let path = directory.join("model.safetensors");
        // SAFETY: this program wrote the file and nobody changes it while it runs.
        let bytes = Bytes::Mapped(unsafe { Mmap::map(&File::open(&path)?)? });
        Ok(Model { directory: directory.to_owned(), files: vec![(path.display().to_string(), bytes)], config })
    }

    pub fn load(&self, setup: Setup) -> anyhow::Result<Qwen3> {
        Ok(Qwen3::load(&Weights::parse(&self.files)?, self.config.clone(), setup)?)
    }
}

pub struct Work {
    pub candidates: Vec<Encoding>,
}

impl Work {
    pub fn new() -> Self {
        Work::of(&mut Random(7))
    }

    /// A request and its candidates.
    pub fn of(random: &mut Random) -> Self {
        let request = random.ids(REQUEST);
        let candidate = |document: Vec<u32>| Encoding {
            segments: [vec![Segment::Query; REQUEST], vec![Segment::Document; DOCUMENT]].concat(),
            ids: [&request[..], &document].concat(),
            ..Encoding::default()
        };
        Work { candidates: (0..CANDIDATES).map(|_| candidate(random.ids(DOCUMENT))).collect() }
    }

    pub fn describe(&self) -> String {
        format!("{CANDIDATES} candidates of a {REQUEST}-token request, {DOCUMENT} tokens each, {BATCH} at a time")
    }

    /// The last hidden state of every candidate. Nothing is left of an earlier run: its prefix is another one.
    pub fn run(&self, network: &Qwen3) -> anyhow::Result<Vec<Vec<f32>>> {
        let other = Encoding { ids: vec![1, 2, 3], segments: vec![Segment::Query; 3], ..Encoding::default() };
        network.forward(&[&other], Output::Last, false, &never)?;
        let mut states = Vec::new();
        for batch in self.candidates.chunks(BATCH) {
            let hidden = network.forward(&batch.iter().collect::<Vec<_>>(), Output::Last, false, &never)?;
            states.extend(hidden.values.chunks_exact(HIDDEN).map(<[f32]>::to_vec));
        }
        Ok(states)
    }
}
