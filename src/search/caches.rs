//! What is remembered between requests: vectors of requests and scores of pairs. Typing a character and taking it
//! back costs nothing.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use crate::library::{ContentHash, FieldSet};

/// Pairs remembered; at 60 bytes each, about 4 MB.
const SCORES: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();
/// Request vectors remembered.
const VECTORS: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// Everything a score depends on. The profile's template and limits are in the model's fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScoreKey {
    /// BLAKE3 of the reranker's fingerprint and the request.
    pub asked: [u8; 32],
    pub fields: FieldSet,
    pub document: ContentHash,
}

/// BLAKE3 of a model's fingerprint and a request.
pub fn asked(fingerprint: &str, request: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(fingerprint.as_bytes()).update(b"\0").update(request.as_bytes());
    *hasher.finalize().as_bytes()
}

/// Shared by all threads; each look-up holds the lock for a hash look-up only.
#[derive(Debug)]
pub struct Caches {
    scores: Mutex<LruCache<ScoreKey, f32>>,
    vectors: Mutex<LruCache<[u8; 32], Vec<f32>>>,
}

impl Default for Caches {
    fn default() -> Self {
        Caches { scores: Mutex::new(LruCache::new(SCORES)), vectors: Mutex::new(LruCache::new(VECTORS)) }
    }
}

impl Caches {
    pub fn score(&self, key: &ScoreKey) -> Option<f32> {
        self.scores.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    pub fn remember_score(&self, key: ScoreKey, score: f32) {
        self.scores.lock().unwrap_or_else(PoisonError::into_inner).put(key, score);
    }

    pub fn vector(&self, asked: &[u8; 32]) -> Option<Vec<f32>> {
        self.vectors.lock().unwrap_or_else(PoisonError::into_inner).get(asked).cloned()
    }

    pub fn remember_vector(&self, asked: [u8; 32], vector: Vec<f32>) {
        self.vectors.lock().unwrap_or_else(PoisonError::into_inner).put(asked, vector);
    }
}
