//! The chat prompt in which a causal language model reads a request and a document, and its tokens.
//!
//! Prefix, content and suffix are tokenised apart and only the content is cut, as all published code does: the suffix
//! is where the answer is read (papers.md 2.3, 3.2).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::document::{core, stripped};
use super::tokens::{Content, Encoding, Extent, Segment, TextTokenizer};

/// A prompt as profiles write it. The content is
/// `instruct_label instruction separator query_label REQUEST separator document_label DOCUMENT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenPrompt {
    pub prefix: String,
    #[serde(default = "instruct")]
    pub instruct_label: String,
    pub instruction: String,
    pub separator: String,
    #[serde(default = "query")]
    pub query_label: String,
    #[serde(default = "document")]
    pub document_label: String,
    pub suffix: String,
}

// Qwen3-Reranker's labels, which all its descendants keep.
fn instruct() -> String {
    "<Instruct>: ".into()
}
fn query() -> String {
    "<Query>: ".into()
}
fn document() -> String {
    "<Document>: ".into()
}

impl WrittenPrompt {
    pub fn template(&self) -> PairTemplate {
        let WrittenPrompt { instruct_label, instruction, separator, query_label, document_label, .. } = self;
        PairTemplate {
            prefix: self.prefix.clone(),
            before: format!("{instruct_label}{instruction}{separator}{query_label}"),
            between: format!("{separator}{document_label}"),
            suffix: self.suffix.clone(),
            trims: false,
            framed: true,
        }
    }
}

/// The fixed texts around a request and a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct PairTemplate {
    /// Tokenised apart.
    pub prefix: String,
    pub before: String,
    pub between: String,
    /// Tokenised apart, never cut.
    pub suffix: String,
    /// Request and document lose the white space at their ends.
    pub trims: bool,
    /// The content gets what the tokenizer's post-processor adds to every text (nothing in Qwen3-Reranker's).
    pub framed: bool,
}

impl PairTemplate {
    /// The whole prompt, before any cut.
    pub fn render(&self, query: &str, document: &str) -> String {
        let content = self.content(query, document);
        format!("{}{}{}", self.prefix, content.text, self.suffix)
    }

    fn content(&self, query: &str, document: &str) -> Rendered {
        let kept = |text: &str| if self.trims { stripped(text) } else { 0..text.len() };
        let (kept_query, kept_document) = (kept(query), kept(document));
        let size = self.before.len() + kept_query.len() + self.between.len() + kept_document.len();
        let mut text = String::with_capacity(size);
        let mut push = |part: &str| {
            let start = text.len();
            text.push_str(part);
            start..text.len()
        };
        push(&self.before);
        let query = Part { place: push(&query[kept_query.clone()]), dropped: kept_query.start };
        push(&self.between);
        let document = Part { place: push(&document[kept_document.clone()]), dropped: kept_document.start };
        Rendered { text, query, document }
    }
}

/// The content of one prompt.
struct Rendered {
    text: String,
    query: Part,
    document: Part,
}

/// Where a text stands in the content.
struct Part {
    place: Range<usize>,
    /// Bytes left out at its beginning.
    dropped: usize,
}

impl Part {
    /// The bytes of the part's own text that a token is made of, if they are all of the token but white space. A token
    /// across the border of the template belongs to it only through its white space: ` pdf` of `<Document>: pdf` is the
    /// document's.
    fn of(&self, text: &str, token: Range<usize>) -> Option<Range<usize>> {
        let core = core(text.get(token.clone())?, token.start);
        if core.is_empty() || core.start < self.place.start || core.end > self.place.end {
            return None;
        }
        let clipped = token.start.max(self.place.start)..token.end.min(self.place.end);
        let own = |at: usize| at - self.place.start + self.dropped;
        Some(own(clipped.start)..own(clipped.end))
    }
}

/// A template with the ids of what never changes.
#[derive(Debug)]
pub struct PairPrompt {
    template: PairTemplate,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
}

impl PairPrompt {
    pub fn new(template: PairTemplate, tokenizer: &TextTokenizer) -> Self {
        let ids = |text: &str| tokenizer.tokens_of(text).get_ids().to_vec();
        PairPrompt { prefix: ids(&template.prefix), suffix: ids(&template.suffix), template }
    }

    pub fn template(&self) -> &PairTemplate {
        &self.template
    }

    /// The whole prompt in at most `max_tokens` tokens, the content cut on the right.
    pub fn encode(&self, tokenizer: &TextTokenizer, query: &str, document: &str, max_tokens: usize) -> Encoding {
        self.assemble(tokenizer, query, document, max_tokens, Extent::Whole)
    }

    /// The same ids, but a long content is read only as far as needed; `total` misses what was not read.
    pub fn encode_head(&self, tokenizer: &TextTokenizer, query: &str, document: &str, max_tokens: usize) -> Encoding {
        self.assemble(tokenizer, query, document, max_tokens, Extent::Head(max_tokens))
    }

    fn assemble(
        &self,
        tokenizer: &TextTokenizer,
        query: &str,
        document: &str,
        max_tokens: usize,
        extent: Extent,
    ) -> Encoding {
        let rendered = self.template.content(query, document);
        let added = if self.template.framed { tokenizer.added(false) } else { 0 };
        let fixed = self.prefix.len() + self.suffix.len() + added;
        let mut content = tokenizer.content(&rendered.text, extent);
        let (total, unread) = (content.len() + fixed, content.unread);
        let seen = content.cut(&rendered.text, max_tokens.saturating_sub(fixed));
        let mut encoding = Encoding { total, ..Encoding::default() };
        encoding.push_special(&self.prefix);
        self.push_content(&mut encoding, tokenizer, content, &rendered);
        encoding.push_special(&self.suffix);
        let whole = document.len();
        let part = &rendered.document;
        // White space dropped at the end counts as read: there is nothing in it.
        encoding.unread = if unread == 0 { 0 } else { (unread + whole - part.dropped - part.place.len()).min(whole) };
        encoding.seen_bytes = match seen {
            seen if seen >= part.place.end => whole,
            seen => seen.checked_sub(part.place.start).map_or(0, |bytes| bytes + part.dropped),
        };
        encoding
    }

    fn push_content(&self, out: &mut Encoding, tokenizer: &TextTokenizer, content: Content, rendered: &Rendered) {
        let tokens = if self.template.framed { tokenizer.framed(content.tokens, None) } else { content.tokens };
        let sequences = tokens.get_sequence_ids();
        for (index, (&id, &(start, end))) in tokens.get_ids().iter().zip(tokens.get_offsets()).enumerate() {
            let own = !self.template.framed || sequences[index].is_some();
            let of = |part: &Part| part.of(&rendered.text, start..end).filter(|_| own);
            let (segment, bytes) = match (of(&rendered.query), of(&rendered.document)) {
                (Some(bytes), _) => (Segment::Query, bytes),
                (None, Some(bytes)) => (Segment::Document, bytes),
                (None, None) => (Segment::Special, 0..0),
            };
            out.push(id, segment, bytes);
        }
    }
}

#[cfg(test)]
#[path = "prompt_tests.rs"]
mod tests;
