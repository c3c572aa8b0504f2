//! Token ids with their place in the text, and truncation on the right of the content.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::ops::Range;

use tokenizers::tokenizer::{PostProcessor, Tokenizer};
use tokenizers::utils::truncation::TruncationDirection;

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
    /// Tokens of the whole input, special ones included, had nothing been cut. Misses the tokens of `unread` bytes, and
    /// those of a query that [`TextTokenizer::encode_pair_head`] did not read to its end.
    pub total: usize,
    /// Bytes at the end of the document (or of the only text) that were not tokenised, because they could change
    /// neither ids nor truncation. [`TextTokenizer::complete`] counts them.
    pub unread: usize,
    /// Bytes of the document (or of the only text) that the model saw: the end of its last token, or all of it if no
    /// token was cut.
    pub seen_bytes: usize,
}

impl Encoding {
    /// Adds a token of segment 0.
    pub(super) fn push(&mut self, id: u32, segment: Segment, bytes: Range<usize>) {
        self.ids.push(id);
        self.type_ids.push(0);
        self.segments.push(segment);
        self.offsets.push(bytes);
    }

    pub(super) fn push_special(&mut self, ids: &[u32]) {
        ids.iter().for_each(|&id| self.push(id, Segment::Special, 0..0));
    }
}

/// An immutable tokenizer without truncation or padding: we cut ids ourselves, so that the template is never cut.
#[derive(Debug)]
pub struct TextTokenizer {
    inner: Tokenizer,
    origin: String,
}

/// Bytes read for two wanted tokens, before looking whether they were enough. Among 6,703 skills a WordPiece token has
/// 4.0 bytes in the median, 5.3 at the 95th percentile and 5.8 at the 99th; these two first looks read a quarter less
/// than one of 16 did (`training/pool.py` makes the pool). What is still too short grows fourfold.
const LOOKS: [usize; 2] = [11, 16];
/// Tokens at the end of a head that are not trusted: a pre-tokenizer may join what the cut parted (a run of blank
/// lines, punctuation before a line break).
const MARGIN: usize = 8;

/// How much of a text to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// Enough for this many tokens.
    Head(usize),
}

/// The content tokens of one text, special ones left out.
pub(super) struct Content {
    pub(super) tokens: tokenizers::Encoding,
    /// Bytes at the end of the text.
    pub(super) unread: usize,
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.tokens.get_ids().len()
    }

    /// Tokens Hugging Face's tokenizers (0.23) have in hand when they truncate a pair: from the first word that reaches
    /// `max_tokens` on they read no more. It decides who keeps an odd token when both texts are that long.
    fn in_hand(&self, max_tokens: usize) -> usize {
        let words = self.tokens.get_word_ids();
        let boundary = |&at: &usize| at == words.len() || words[at] != words[at - 1];
        (max_tokens.max(1)..=words.len()).find(boundary).unwrap_or(words.len())
    }

    /// Keeps the first `limit` tokens and says how many bytes of `text` they cover.
    pub(super) fn cut(&mut self, text: &str, limit: usize) -> usize {
        if self.unread == 0 && self.len() <= limit {
            return text.len();
        }
        self.tokens.truncate(limit, 0, TruncationDirection::Right);
        self.tokens.get_offsets().last().map_or(0, |&(_, end)| end)
    }
}

impl TextTokenizer {
    /// Reads a `tokenizer.json`; whatever truncation and padding it asks for is dropped.
    ///
    /// # Errors
    /// If the JSON is not a tokenizer, or one that cannot encode every text (no unknown token).
    pub fn from_bytes(json: &[u8], origin: &str) -> Result<Self, TokenizerError> {
        let fail = |reason: String| TokenizerError { origin: origin.to_owned(), reason };
        let mut inner = Tokenizer::from_bytes(json).map_err(|error| fail(format!("not a tokenizer.json: {error}")))?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| fail(error.to_string()))?;
        // A vocabulary without its unknown token fails on the first odd character: find out now.
        inner.encode("\u{1F680}\u{A94}\u{10FFFD} probe", true).map_err(|error| fail(error.to_string()))?;
        Ok(TextTokenizer { inner, origin: origin.to_owned() })
    }

    /// The id of a token of the vocabulary, added tokens included.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// Whether an added token, which no other token can join, stands at the beginning of `text`.
    pub fn begins_with_added_token(&self, text: &str) -> bool {
        let added = self.inner.get_added_tokens_decoder();
        added.values().any(|token| !token.lstrip && !token.single_word && text.starts_with(&token.content))
    }

    /// Bytes at the beginning of `text` that its first `tokens` tokens cover; all of it if it has no more.
    pub fn head_of(&self, text: &str, tokens: usize) -> usize {
        let mut content = self.content(text, Extent::Head(tokens));
        content.cut(text, tokens)
    }

    /// Entries of the vocabulary, added tokens included.
    pub fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// One text with the tokenizer's own special tokens, cut on the right to `max_tokens`.
    pub fn encode(&self, text: &str, max_tokens: usize) -> Encoding {
        self.one("", text, max_tokens, Extent::Whole)
    }

    /// The ids of `prefix` and `text` together, of which a long text is read only as far as needed. The prefix counts
    /// as special: offsets and `seen_bytes` are those of `text`.
    pub fn encode_head(&self, prefix: &str, text: &str, max_tokens: usize) -> Encoding {
        self.one(prefix, text, max_tokens, Extent::Head(max_tokens))
    }

    /// The same of a text that may be too long for one of `max_tokens`: in as few parts of about equal length as it
    /// takes, `most` at most; what is behind these is cut. The prefix stands before the first.
    pub fn encode_parts(&self, prefix: &str, text: &str, max_tokens: usize, most: NonZeroUsize) -> Vec<Encoding> {
        let whole = self.encode_head(prefix, text, max_tokens);
        if most == NonZeroUsize::MIN || whole.total <= max_tokens {
            return vec![whole];
        }
        let room = max_tokens.saturating_sub(self.added(false)).max(1);
        let wanted = room.saturating_mul(most.get());
        let mut content = self.content(&format!("{prefix}{text}"), Extent::Head(wanted));
        let length = content.len().min(wanted);
        let count = length.div_ceil(room).max(1);
        content.tokens.truncate(wanted, 0, TruncationDirection::Right);
        content.tokens.take_overflowing();
        content.tokens.truncate(length.div_ceil(count), 0, TruncationDirection::Right);
        let rest = content.tokens.take_overflowing();
        let framed = |tokens| assemble(&self.framed(tokens, None), 0);
        std::iter::once(content.tokens).chain(rest).map(framed).collect()
    }

    /// `[CLS] query [SEP] document [SEP]`, cut to `max_tokens` as Hugging Face's `longest_first` does: tokens are
    /// taken from the right of the longer text until it fits, so the query loses some only where it has more than
    /// half.
    pub fn encode_pair(&self, query: &str, document: &str, max_tokens: usize) -> Encoding {
        self.pair(query, document, max_tokens, Extent::Whole)
    }

    /// The same ids, but long texts are read only as far as needed; `total` then misses what was not read of either.
    pub fn encode_pair_head(&self, query: &str, document: &str, max_tokens: usize) -> Encoding {
        self.pair(query, document, max_tokens, Extent::Head(max_tokens))
    }

    /// Counts what was left unread of the document (or only text) that `encoding` is of.
    pub fn complete(&self, encoding: &mut Encoding, document: &str) {
        let rest = document.len().checked_sub(encoding.unread).and_then(|read| document.get(read..));
        if let (1.., Some(rest)) = (encoding.unread, rest) {
            encoding.total += self.content(rest, Extent::Whole).len();
            encoding.unread = 0;
        }
    }

    fn one(&self, prefix: &str, text: &str, max_tokens: usize, extent: Extent) -> Encoding {
        let whole = if prefix.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{prefix}{text}")) };
        let mut content = self.content(&whole, extent);
        let added = self.added(false);
        let (total, unread) = (content.len() + added, content.unread);
        let seen = content.cut(&whole, max_tokens.saturating_sub(added));
        let mut encoding = assemble(&self.framed(content.tokens, None), 0);
        for (segment, bytes) in encoding.segments.iter_mut().zip(&mut encoding.offsets) {
            if bytes.start < prefix.len() {
                *segment = Segment::Special;
            }
            *bytes = bytes.start.saturating_sub(prefix.len())..bytes.end.saturating_sub(prefix.len());
        }
        Encoding { total, unread, seen_bytes: seen.saturating_sub(prefix.len()), ..encoding }
    }

    fn pair(&self, query: &str, document: &str, max_tokens: usize, extent: Extent) -> Encoding {
        let mut first = self.content(query, extent);
        let mut second = self.content(document, extent);
        let added = self.added(true);
        let total = first.len() + second.len() + added;
        let lengths = [&first, &second].map(|content| content.in_hand(max_tokens));
        let keep = longest_first(lengths, max_tokens.saturating_sub(added));
        first.cut(query, keep[0]);
        let seen_bytes = second.cut(document, keep[1]);
        let queries = first.len();
        let encoding = assemble(&self.framed(first.tokens, Some(second.tokens)), queries);
        Encoding { total, unread: second.unread, seen_bytes, ..encoding }
    }

    /// Special tokens that the template adds.
    pub(super) fn added(&self, pair: bool) -> usize {
        self.inner.get_post_processor().map_or(0, |processor| processor.added_tokens(pair))
    }

    pub(super) fn content(&self, text: &str, extent: Extent) -> Content {
        let Extent::Head(wanted) = extent else {
            return Content { tokens: self.tokens_of(text), unread: 0 };
        };
        let enough = wanted.saturating_add(MARGIN);
        let mut looks = LOOKS.into_iter();
        let mut bytes = 0usize;
        loop {
            bytes = looks.next().map_or(bytes.saturating_mul(4), |two| enough.saturating_mul(two) / 2);
            let head = head(text, bytes);
            let (tokens, unread) = (self.tokens_of(head), text.len() - head.len());
            if unread == 0 || tokens.get_ids().len() >= enough {
                return Content { tokens, unread };
            }
        }
    }

    pub(super) fn tokens_of(&self, text: &str) -> tokenizers::Encoding {
        self.inner.encode(text, false).unwrap_or_else(|error| {
            // The probe of `from_bytes` leaves no way here for the tokenizers we know; an empty text is the honest
            // answer of one we do not.
            tracing::error!(tokenizer = %self.origin, %error, "text could not be tokenised");
            tokenizers::Encoding::default()
        })
    }

    pub(super) fn framed(
        &self,
        first: tokenizers::Encoding,
        second: Option<tokenizers::Encoding>,
    ) -> tokenizers::Encoding {
        self.inner.post_process(first, second, true).unwrap_or_else(|error| {
            tracing::error!(tokenizer = %self.origin, %error, "special tokens could not be added");
            tokenizers::Encoding::default()
        })
    }
}

/// The longest beginning of `text` of about `bytes` bytes that ends where white space begins, so that no word is
/// parted and no white space is left at its end; all of it where there is no such place.
fn head(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let start = (bytes..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    match text[start..].find(char::is_whitespace) {
        Some(space) => text[..start + space].trim_end(),
        None => text,
    }
}

/// How many tokens of each text stay when together they may be `limit`: the longer loses first; when both must lose,
/// they end up equal, an odd token going to the one that was longer (the second if they were equal).
fn longest_first(lengths: [usize; 2], limit: usize) -> [usize; 2] {
    let [query, document] = lengths;
    if query + document <= limit {
        return lengths;
    }
    let half = limit / 2;
    match (query > document, query.min(document) <= half) {
        (true, true) => [limit - document, document],
        (false, true) => [query, limit - query],
        (true, false) => [limit - half, half],
        (false, false) => [half, limit - half],
    }
}

/// Ids, types, segments and offsets; the totals are left to the caller. The first `queries` tokens that the template
/// did not add are the query's. The library's own numbers of the sequences would not do: a text that was not cut comes
/// with the number 0 from being tokenised alone, and as the second of a pair it then takes the first one's place.
fn assemble(framed: &tokenizers::Encoding, queries: usize) -> Encoding {
    let added = framed.get_special_tokens_mask();
    let offset = |(&added, &(start, end)): (&u32, &(usize, usize))| if added == 0 { start..end } else { 0..0 };
    let mut content = 0..;
    let segment = |&added: &u32| match added {
        0 if content.next().is_some_and(|at| at < queries) => Segment::Query,
        0 => Segment::Document,
        _ => Segment::Special,
    };
    Encoding {
        ids: framed.get_ids().to_vec(),
        type_ids: framed.get_type_ids().to_vec(),
        segments: added.iter().map(segment).collect(),
        offsets: added.iter().zip(framed.get_offsets()).map(offset).collect(),
        ..Encoding::default()
    }
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
