//! Token ids with their place in the text, and truncation on the right of the content.

use std::ops::Range;

#[derive(Debug, thiserror::Error)]
#[error("{origin}: {reason}")]
pub struct TokenizerError {
    /// The file or model the tokenizer came from.
    pub origin: String,
    pub reason: String,
}

/// Where a token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Segment {
    /// [CLS], [SEP], chat template: nothing a person wrote.
    Special,
    /// The request.
    Query,
    /// The document.
    Document,
}

/// What a network is given, and how to get back from a token to the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encoding {
    /// Token ids, at most the model's limit.
    pub ids: Vec<u32>,
    /// Segment ids (BERT's token types), as long as `ids`.
    pub type_ids: Vec<u32>,
    /// Which text each token comes from, as long as `ids`.
    pub segments: Vec<Segment>,
    /// Byte range in its own text (query or document); empty for special tokens. As long as `ids`.
    pub offsets: Vec<Range<usize>>,
    /// Tokens of the whole input, had nothing been cut.
    pub total: usize,
    /// Bytes of the document (or of the only text) that the model saw.
    pub seen_bytes: usize,
}

/// An immutable tokenizer without truncation or padding: we cut ids ourselves, so that the template is never cut.
#[derive(Debug)]
pub struct TextTokenizer {
    inner: tokenizers::Tokenizer,
}

impl TextTokenizer {
    pub fn from_bytes(json: &[u8], origin: &str) -> Result<Self, TokenizerError> {
        let _ = (json, origin);
        todo!()
    }

    /// One text with the tokenizer's own special tokens, cut on the right to `max_tokens`.
    pub fn encode(&self, text: &str, max_tokens: usize) -> Encoding {
        let _ = (text, max_tokens, &self.inner);
        todo!()
    }

    /// `[CLS] query [SEP] document [SEP]`: the document is cut on the right; the query only where it would leave the
    /// document fewer than half of the tokens.
    pub fn encode_pair(&self, query: &str, document: &str, max_tokens: usize) -> Encoding {
        let _ = (query, document, max_tokens);
        todo!()
    }
}
