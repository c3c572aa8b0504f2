#!/usr/bin/env python3
"""BM25 by bm25s over the same texts, for a ratio within one run.

    pip install bm25s numpy
    python benches/eval/reference.py WORK.json

WORK.json: {"documents": [text], "requests": [text], "depth": N, "rounds": N}. Prints one JSON object:
{"index_seconds", "search_seconds", "version", "numpy"}, the fastest round of each; searches
one by one and all in one call, whichever is faster.
"""
import json, os, sys, time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import bm25s
import numpy as np

work = json.load(open(sys.argv[1]))


def fastest(run):
    times = []
    for _ in range(work["rounds"]):
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    return min(times), result


def index():
    tokens = bm25s.tokenize(work["documents"], stopwords="en", stemmer=None, show_progress=False)
    retriever = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    retriever.index(tokens, show_progress=False)
    return retriever


def one_by_one():
    for request in work["requests"]:
        tokens = bm25s.tokenize([request], stopwords="en", stemmer=None, show_progress=False)
        retriever.retrieve(tokens, k=work["depth"], show_progress=False, n_threads=0)


def together():
    tokens = bm25s.tokenize(work["requests"], stopwords="en", stemmer=None, show_progress=False)
    retriever.retrieve(tokens, k=work["depth"], show_progress=False, n_threads=0)


index_seconds, retriever = fastest(index)
search_seconds = min(fastest(one_by_one)[0], fastest(together)[0])
print(json.dumps({"index_seconds": index_seconds, "search_seconds": search_seconds, "version": bm25s.__version__, "numpy": np.__version__}))
