//! The text a model reads: templates, caps, tokens, and which token belongs to which field.

pub mod document;
pub mod tokens;

pub use document::{Caps, Document, DocumentTemplate};
pub use tokens::{Encoding, Segment, TextTokenizer, TokenizerError};
