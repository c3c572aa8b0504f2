"""BM25 over a pool, by bm25s with the program's words (src/index/tokenise.rs): for the shortlists that are looked at and trained on."""

import bm25s


class Lexical:
    def __init__(self, order, texts):
        self.order = order
        self.index = bm25s.BM25()
        self.index.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)

    def rank(self, requests, k=50):
        tokens = bm25s.tokenize(requests, stopwords="en", show_progress=False, return_ids=False)
        found = []
        for words in tokens:
            known = [word for word in words if word in self.index.vocab_dict]
            if not known:
                found.append([])
                continue
            rows, scores = self.index.retrieve([known], k=min(k, len(self.order)), show_progress=False)
            found.append([self.order[row] for row, score in zip(rows[0], scores[0]) if score > 0])
        return found
