//! A pool of SkillRouter's size (78,361 skills) out of a tenth of it, the same on every machine.
//!
//! The real skills stay as they are, so that the requests keep their answers. Each other one takes name and description
//! from one real skill and as many paragraphs as that skill has from skills drawn at random: its length and its words
//! are distributed as in the real pool, its documents are not copies of one another.

use skillscope::index::VectorStore;
use skillscope::library::{ContentHash, FieldSet, Library, LoadReport, Skill, Text};
use skillscope::model::Embedder;
use skillscope::search::vectorise::vector_key;

const SKILLS: usize = 80_000;

/// Steele, Lea and Flood's SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// From -1 to 1.
    fn signed(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

pub fn pool(real: &Library) -> Library {
    let mut random = Random(1);
    let paragraphs: Vec<&str> =
        real.skills().iter().flat_map(|skill| skill.body.for_model().split_inclusive("\n\n")).collect();
    let mut skills = real.skills().to_vec();
    while skills.len() < SKILLS {
        let base = &real.skills()[random.below(real.len())];
        let count = base.body.for_model().split_inclusive("\n\n").count();
        let body: String = (0..count).map(|_| paragraphs[random.below(paragraphs.len())]).collect();
        skills.push(Skill {
            id: Text::line(format!("synthetic/{}", skills.len())),
            hash: ContentHash::of(base.name.for_model(), base.description.for_model(), &body),
            body: Text::block(body),
            ..base.clone()
        });
    }
    Library::new(skills, real.roots.clone(), LoadReport::default())
}

/// An empty store in memory.
pub fn store(embedder: &Embedder) -> VectorStore {
    VectorStore::in_memory(vector_key(embedder, FieldSet::Full))
}

/// A random unit vector for each skill.
pub fn random_vectors(library: &Library, embedder: &Embedder) -> VectorStore {
    let mut random = Random(2);
    let mut store = store(embedder);
    for skills in library.skills().chunks(4096) {
        let vectors: Vec<(ContentHash, Vec<f32>)> = skills
            .iter()
            .map(|skill| {
                let mut vector: Vec<f32> = (0..embedder.dimensions()).map(|_| random.signed()).collect();
                let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
                vector.iter_mut().for_each(|value| *value /= length);
                (skill.hash, vector)
            })
            .collect();
        store.append(&vectors);
    }
    store
}
