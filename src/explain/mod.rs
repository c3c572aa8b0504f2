//! Why a pair got its score: what can be read from attention, and how far it can be trusted.

pub mod attribution;

pub use attribution::{Attribution, Band, FieldShare, Lens, Removed, Word, attribute};
