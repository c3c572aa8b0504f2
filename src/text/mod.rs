//! The text a model reads: templates, caps, tokens, and which token belongs to which field.

pub mod chat;
pub mod document;
pub mod prompt;
pub mod tokens;

pub use document::{Caps, Document, DocumentTemplate, Labels};
pub use prompt::{PairPrompt, PairTemplate, WrittenPrompt};
pub use tokens::{Encoding, Segment, TextTokenizer, TokenizerError};
