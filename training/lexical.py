"""BM25F over a pool as the program has it (src/index/weighing.rs), with the program's words (src/index/tokenise.rs, bm25s): for
the shortlists that are looked at and trained on."""

import collections

import bm25s
import numpy
import scipy.sparse

# As in assets/profiles/builtin.toml: (weight, b) of each field, and what the best skill by words is worth in units of cosine.
FIELDS = {"name": (3.0, 0.75), "description": (3.0, 0.75), "body": (1.0, 1.0)}
K1, WORDS = 4.0, 0.5


def tokens(texts):
    return bm25s.tokenize(texts, stopwords="en", show_progress=False, return_ids=False)


class Lexical:
    def __init__(self, skills):
        """`skills`: {id: skill}, in the order of the pool."""
        self.order = list(skills)
        texts = {field: tokens([skills[i][field] for i in self.order]) for field in FIELDS}
        self.known = {word: n for n, word in enumerate(sorted({w for rows in texts.values() for row in rows for w in row}))}
        frequency, having = 0, 0
        for field, (weight, b) in FIELDS.items():
            counts = self.counts(texts[field])
            length = numpy.asarray(counts.sum(1)).ravel()
            # Where the field is empty nothing occurs in it, and with b = 1 it would be 1 / 0.
            scale = numpy.where(length > 0, weight / numpy.maximum(1 - b + b * length / length.mean(), 1e-9), 0)
            frequency = frequency + scipy.sparse.diags(scale) @ counts
            having = having + counts
        frequency = frequency.tocsr()
        frequency.data /= frequency.data + K1
        df = numpy.asarray((having > 0).sum(0)).ravel()
        idf = numpy.log(1 + (len(self.order) - df + 0.5) / (df + 0.5))
        self.weights = (scipy.sparse.diags(idf) @ frequency.T).tocsr()

    def counts(self, rows):
        """[texts, words] of texts as lists of words; unknown ones are nothing."""
        counted = [collections.Counter(self.known[word] for word in row if word in self.known) for row in rows]
        starts = numpy.cumsum([0] + [len(row) for row in counted])
        columns = [word for row in counted for word in row]
        values = [float(count) for row in counted for count in row.values()]
        return scipy.sparse.csr_matrix((values, columns, starts), (len(rows), len(self.known)))

    def scores(self, requests):
        """[requests, skills] in f32; a word that a request repeats counts as often."""
        return (self.counts(tokens(requests)) @ self.weights).toarray().astype(numpy.float32)

    def rank(self, request, k):
        """The best k skills by words alone; those without a word of the request are not among them."""
        scores = self.scores([request])[0]
        return [self.order[row] for row in numpy.argsort(-scores, kind="stable")[:k] if scores[row] > 0]


def fused(cosines, scores, words=WORDS):
    """What the program's shortlist is sorted by (src/search/fusion.rs): both [requests, skills]."""
    return cosines + words * scores / numpy.maximum(scores.max(axis=1, keepdims=True), 1e-9)
