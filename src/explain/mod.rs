//! Why a pair got its score: what can be read from attention, and how far it can be trusted.

pub mod attribution;
mod json;
mod words;

pub use attribution::{Attribution, Band, FieldShare, Lens, Removed, Word, attribute};

#[cfg(test)]
mod tests;
